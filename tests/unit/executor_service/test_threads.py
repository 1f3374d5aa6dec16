"""Threads for blocking calls: values, errors, bounds, and an end that waits for nobody."""

import asyncio
import subprocess
import sys
import threading

import pytest

from executor_service.adapters.threads import DaemonThreads


async def test_value_and_error_come_back() -> None:
    threads = DaemonThreads(2, name="t")
    assert await threads.run(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_no_more_threads_than_asked_for() -> None:
    threads = DaemonThreads(3, name="bound")
    # Lets pass three at a time, so that each has a thread of its own.
    gate = threading.Barrier(3, timeout=60)

    def call() -> str:
        gate.wait()
        return threading.current_thread().name

    names = await asyncio.gather(*(threads.run(call) for _ in range(30)))
    assert len(set(names)) == 3
    assert sum(thread.name.startswith("bound-") for thread in threading.enumerate()) == 3


async def test_cancelled_call_leaves_its_thread_usable() -> None:
    threads = DaemonThreads(1, name="c")
    blocked = threading.Event()
    waiting = asyncio.ensure_future(threads.run(blocked.wait))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    blocked.set()
    assert await threads.run(lambda: "next") == "next"


def test_process_ends_while_a_call_hangs() -> None:
    program = (
        "import asyncio, time\n"
        "from executor_service.adapters.threads import DaemonThreads\n"
        "async def main():\n"
        "    threads = DaemonThreads(1, name='t')\n"
        "    hanging = asyncio.create_task(threads.run(lambda: time.sleep(600)))\n"
        "    await asyncio.sleep(0.05)\n"
        "    hanging.cancel()\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=120, check=False)
    assert done.returncode == 0
