"""Delivers everything said on a subject again and again, as a network that retries would."""

import asyncio
import threading
from types import TracebackType
from typing import Self

import nats
from nats.aio.msg import Msg

from devstack.stack import Stack

_MARK = "test-copy"


class Duplicator:
    """Publishes every message of a subject `copies` times more. A context manager."""

    def __init__(self, stack: Stack, subject: str, *, copies: int) -> None:
        self._url = stack.nats.url
        self._subject = subject
        self._copies = copies
        self._stop = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.published = 0

    def __enter__(self) -> Self:
        """Returns when it listens."""
        self._thread.start()
        assert self._listening.wait(60)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        nc = await nats.connect(self._url)

        async def copy(message: Msg) -> None:
            if message.headers and _MARK in message.headers:
                return
            for _ in range(self._copies):
                # Without the id by which the server would know it again.
                await nc.publish(message.subject, message.data, headers={_MARK: "1"})
                self.published += 1

        await nc.subscribe(self._subject, cb=copy)
        await nc.flush()
        self._listening.set()
        await asyncio.to_thread(self._stop.wait)
        await nc.close()
