"""The executor's hold on its fork server: the process, the socket to it, the runs under way."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson

from executor_service.sandbox.results import SandboxUnavailableError, Usage

_START_S: Final = 20.0
_MAX_MESSAGE_BYTES: Final = 4096
# Isolated from the environment, without site: the path is the executor's own, and nothing else.
_FLAGS: Final = ("-I", "-S", "-B")
_BOOT: Final = (
    "import sys; sys.path[:] = sys.argv[3:];"
    " from executor_service.sandbox.inside.boot import boot; boot(int(sys.argv[1]), sys.argv[2])"
)


@dataclass(frozen=True, slots=True)
class Isolated:
    """What a fork server says of itself: the isolation, why it is no stronger, Landlock's version.

    Version 0: the kernel has no Landlock.
    """

    isolation: str
    problem: str
    landlock: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run's process ended; `late` when it was killed at its deadline."""

    status: int
    late: bool
    usage: Usage


class Link:
    """One fork server. When it is gone, every run under way is told, and `dead` is set."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        control: socket.socket,
        isolated: Isolated,
    ) -> None:
        self.isolated = isolated
        self.dead = False
        self._process = process
        self._control = control
        self._ending: dict[int, asyncio.Future[Ended]] = {}
        self._last = 0
        asyncio.get_running_loop().add_reader(control, self._hear)

    @property
    def pid(self) -> int:
        """Of the fork server."""
        return self._process.pid

    @classmethod
    async def start(cls, engine: str) -> Self:
        """A new fork server, ready. Raises SandboxUnavailableError."""
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.settimeout(0)
        with theirs:
            path = [each or os.curdir for each in sys.path]
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *_FLAGS,
                "-c",
                _BOOT,
                str(theirs.fileno()),
                engine,
                *path,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                env={},
                pass_fds=(theirs.fileno(),),
            )
        try:
            said = await _first_word(control)
        except BaseException:
            await _end(process, control)
            raise
        if "isolation" not in said:
            await _end(process, control)
            raise SandboxUnavailableError(said.get("refused", "the fork server does not start"))
        return cls(process, control, Isolated(said["isolation"], said["problem"], said["landlock"]))

    def begin(self, theirs: socket.socket, timeout_ms: int, memory_mb: int) -> "RunHandle":
        """Has a run begun over the socket; raises SandboxUnavailableError."""
        self._last += 1
        number = self._last
        message = {"run": number, "timeout_ms": timeout_ms, "memory_mb": memory_mb}
        try:
            socket.send_fds(self._control, [orjson.dumps(message)], [theirs.fileno()])
        except OSError as error:
            # Also when the server reads nothing any more and its socket is full.
            self.abandon()
            raise SandboxUnavailableError("the fork server does not answer") from error
        ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._ending[number] = ended
        return RunHandle(ended, lambda: self._kill(number))

    def abandon(self) -> None:
        """Ends the server, and with it every run, at once."""
        if not self.dead:
            self.dead = True
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
            with suppress(ProcessLookupError):
                self._process.kill()
            for ended in self._ending.values():
                if not ended.done():
                    ended.set_exception(SandboxUnavailableError("the fork server is gone"))
                    # Whoever has been cancelled meanwhile does not ask.
                    ended.exception()
            self._ending.clear()

    async def aclose(self) -> None:
        """The same, and waits for the process."""
        self.abandon()
        await self._process.wait()

    def _hear(self) -> None:
        while not self.dead:
            try:
                data = self._control.recv(_MAX_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.abandon()
                return
            told = orjson.loads(data)
            ended = self._ending.pop(told["run"], None)
            if ended is not None and not ended.done():
                usage = Usage(told["base_kb"], told["peak_kb"], told["cpu_ms"])
                ended.set_result(Ended(told["status"], told["late"], usage))

    def _kill(self, number: int) -> None:
        if number in self._ending:
            try:
                self._control.send(orjson.dumps({"kill": number}))
            except OSError:
                self.abandon()


@dataclass(frozen=True, slots=True)
class RunHandle:
    """A run's process: its end, and how to bring that about."""

    ended: asyncio.Future[Ended]
    kill: Callable[[], None]


async def _first_word(control: socket.socket) -> dict[str, Any]:
    """What the server says of itself; empty when it went without a word."""
    try:
        async with asyncio.timeout(_START_S):
            data = await asyncio.get_running_loop().sock_recv(control, _MAX_MESSAGE_BYTES)
    except TimeoutError:
        raise SandboxUnavailableError(f"the fork server is not up after {_START_S:g} s") from None
    except OSError:
        return {}
    return orjson.loads(data) if data else {}


async def _end(process: asyncio.subprocess.Process, control: socket.socket) -> None:
    control.close()
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
