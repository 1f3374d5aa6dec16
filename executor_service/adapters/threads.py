"""Threads for blocking calls, which must not keep the process from ending.

The standard pool joins its threads when the interpreter exits, so one provider that hangs would
hold up a drain for the length of its timeout. These are daemons: what they were doing when the
process ends is settled by the ledger, as it is after a crash.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class _Job(Generic[T]):
    """One call, and the future in its caller's event loop."""

    __slots__ = ("_call", "_future", "_loop")

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[T] = self._loop.create_future()

    async def wait(self) -> T:
        return await self._future

    def run(self) -> None:
        if self._future.cancelled():
            return
        try:
            value = self._call()
        except BaseException as error:  # noqa: BLE001 - handed to the waiting caller
            self._post(self._fail, error)
        else:
            self._post(self._succeed, value)

    def _post(self, settle: Callable[..., None], argument: object) -> None:
        # The loop may have been closed while the call ran: nobody is waiting then.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(settle, argument)

    def _succeed(self, value: T) -> None:
        if not self._future.done():
            self._future.set_result(value)

    def _fail(self, error: BaseException) -> None:
        if not self._future.done():
            self._future.set_exception(error)


class DaemonThreads:
    """Runs blocking calls on at most `size` threads, started as they are needed."""

    def __init__(self, size: int, *, name: str) -> None:
        self._size = size
        self._name = name
        self._jobs: queue.SimpleQueue[_Job[object]] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0

    async def run(self, call: Callable[[], T]) -> T:
        """The call's value, or its exception."""
        self._busy += 1
        try:
            if self._busy > self._started < self._size:
                self._start_one()
            job = _Job(call)
            self._jobs.put(job)  # pyright: ignore[reportArgumentType] - the queue holds any job
            return await job.wait()
        finally:
            self._busy -= 1

    def _start_one(self) -> None:
        self._started += 1
        name = f"{self._name}-{self._started}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while True:
            self._jobs.get().run()
