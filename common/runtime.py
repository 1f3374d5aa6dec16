"""How a process lives: a fast event loop, a polite end on SIGTERM, and an end in any case."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import uvloop

from common.telemetry import get_logger

T = TypeVar("T")
Main = Callable[[asyncio.Event], Awaitable[None]]

# What has not ended by then is cut off, well before operators' tools kill.
_GRACE = timedelta(seconds=9)
_LAST_RESORT = timedelta(seconds=5)

_log = get_logger(__name__)


class CannotStartError(Exception):
    """Something that the process needs is not there; the message tells operators what."""


class StoppedWhileStartingError(Exception):
    """The process was told to stop before it had begun anything."""


def run(main: Main, *, grace: timedelta = _GRACE) -> None:
    """Run `main` until it returns, then exit: 0 when it ended by itself or as asked, else 1.

    `main` gets an event that the first SIGTERM or SIGINT sets; it should then finish what it has
    begun and return. After `grace`, or at a second signal, it is cancelled.
    """
    _calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        clean = runner.run(_supervise(main, grace))
    if not clean:
        sys.exit(1)


async def unless_stopped(stop: asyncio.Event, start: Awaitable[T]) -> T:
    """What `start` returns; raises StoppedWhileStartingError when `stop` is set before that."""
    work = asyncio.ensure_future(start)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise StoppedWhileStartingError
        return work.result()
    finally:
        stopped.cancel()
        if not work.done():
            work.cancel()
            await asyncio.wait((work,))


def _calm_collector() -> None:
    """Keep the cyclic collector out of the hot paths.

    They make thousands of short-lived objects in batches and next to no cycles. With the default
    thresholds the collector walks all modules again and again; it cost the engine a quarter of its
    CPU time. What is loaded by now stays for good and is not looked at any more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _supervise(main: Main, grace: timedelta) -> bool:
    stop, kill = asyncio.Event(), asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        _log.info("stopping", signal=number.name, again=stop.is_set())
        (kill if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)

    work = asyncio.ensure_future(main(stop))
    reaper = asyncio.create_task(_cancel_late(work, stop, kill, grace))
    try:
        await work
    except StoppedWhileStartingError:
        pass
    except CannotStartError as error:
        _log.error("cannot_start", reason=str(error))
        return False
    except asyncio.CancelledError:
        _log.error("killed", grace_s=grace.total_seconds())
        return False
    except Exception:  # noqa: BLE001 - the log has it, and the exit status
        _log.exception("crashed")
        return False
    finally:
        reaper.cancel()
    _log.info("stopped")
    return True


async def _cancel_late(
    work: asyncio.Future[None], stop: asyncio.Event, kill: asyncio.Event, grace: timedelta
) -> None:
    await stop.wait()
    try:
        async with asyncio.timeout(grace.total_seconds()):
            await kill.wait()
    except TimeoutError:
        pass
    work.cancel()
    await asyncio.sleep(_LAST_RESORT.total_seconds())
    _log.critical("work ignores its cancellation")
    os._exit(1)
