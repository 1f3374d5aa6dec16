"""The sandbox as the executor sees it: `start` once, then `run` scripts, a few at a time."""

import asyncio
import signal
import socket
from typing import Final

from common.telemetry import get_logger
from executor_service.sandbox.conversation import Conversation, Fetch, ProtocolViolation
from executor_service.sandbox.isolation import Isolation
from executor_service.sandbox.link import Ended, Isolated, Link, RunHandle
from executor_service.sandbox.results import (
    Died,
    Ending,
    Limit,
    LimitHit,
    Phase,
    Report,
    SandboxUnavailableError,
    Script,
    Stuck,
    Threw,
)

# What a child that has said its last word needs to end.
_FAREWELL_S: Final = 0.1
# What the fork server needs to kill and to tell; after that it is no use any more.
_PATIENCE_S: Final = 1.0

_log = get_logger(__name__)


class Sandbox:
    """Keeps a fork server and has scripts run by it, each in a process of its own.

    `accepted` is the weakest isolation that will do. At most `at_once` runs are under way; others
    wait for their turn, and their time begins with it.
    """

    def __init__(self, *, engine: str, accepted: Isolation, at_once: int) -> None:
        self._engine = engine
        self._accepted = accepted
        self._turns = asyncio.Semaphore(at_once)
        self._starting = asyncio.Lock()
        self._link: Link | None = None

    @property
    def server_pid(self) -> int:
        """Of the fork server; 0 when there is none."""
        return 0 if self._link is None else self._link.pid

    async def start(self) -> Isolated:
        """Starts the fork server; returns how its runs are isolated.

        Raises SandboxUnavailableError when it cannot be had, or is weaker than accepted.
        """
        return (await self._server()).isolated

    async def aclose(self) -> None:
        """Ends the fork server and all runs."""
        if self._link is not None:
            await self._link.aclose()

    async def run(self, script: Script, fetch: Fetch) -> Report:
        """Runs the script; when this returns its process is gone.

        Raises SandboxUnavailableError; what the script does is in the report.
        """
        async with self._turns:
            link = await self._server()
            ours, theirs = socket.socketpair()
            ours.settimeout(0)
            with theirs:
                # What comes may be read in pieces of any size; a frame's own limit bounds them.
                reader, writer = await asyncio.open_unix_connection(sock=ours)
                conversation = Conversation(reader, writer, fetch)
                try:
                    # Before there is a process: its time is not for waiting for a busy executor.
                    conversation.give(script)
                    handle = link.begin(theirs, script.timeout_ms, script.memory_mb)
                except SandboxUnavailableError:
                    await conversation.close()
                    raise
            try:
                return await self._hear_out(link, handle, conversation, script)
            finally:
                handle.kill()
                await conversation.close()

    async def _hear_out(
        self, link: Link, handle: RunHandle, conversation: Conversation, script: Script
    ) -> Report:
        ending: Ending | None = None
        violation = ""
        fetching = unheard = False
        try:
            async with asyncio.timeout(script.timeout_ms / 1000 + _PATIENCE_S):
                ending = await conversation.hold()
                fetching = conversation.fetching
        except ProtocolViolation as error:
            violation = str(error)
        except TimeoutError:
            # That of this process too, when it was held up itself: no reason to end other runs.
            unheard = True
        if ending is None:
            handle.kill()
        else:
            await conversation.close()
        ended = await self._end_of(link, handle)
        if unheard and not ended.late:
            raise SandboxUnavailableError("the executor was too busy to hear the run out")
        return Report(
            ending=_settled(ending, ended, violation, script, fetching=fetching),
            console=conversation.console,
            usage=ended.usage,
        )

    async def _end_of(self, link: Link, handle: RunHandle) -> Ended:
        for patience in (_FAREWELL_S, _PATIENCE_S):
            ended, _ = await asyncio.wait((handle.ended,), timeout=patience)
            if ended:
                return handle.ended.result()
            handle.kill()
        link.abandon()
        return await handle.ended

    async def _server(self) -> Link:
        async with self._starting:
            if self._link is None or self._link.dead:
                if self._link is not None:
                    _log.warning("fork_server_lost", pid=self._link.pid)
                    await self._link.aclose()
                    self._link = None
                self._link = await self._start_server()
                # Health has said it for good: a later server may not have less.
                self._accepted = Isolation(self._link.isolated.isolation)
            return self._link

    async def _start_server(self) -> Link:
        link = await Link.start(self._engine)
        isolated = link.isolated
        if isolated.isolation != Isolation.NAMESPACES and self._accepted is Isolation.NAMESPACES:
            await link.aclose()
            raise SandboxUnavailableError(
                f"the kernel gives scripts no namespaces of their own: {isolated.problem}"
            )
        return link


def _settled(
    ending: Ending | None, ended: Ended, violation: str, script: Script, *, fetching: bool
) -> Ending:
    """How the run ended, from what it said itself and from the end of its process."""
    if violation:
        return Died(ended.status, violation)
    if ending is not None:
        starved = _is_silent(ending) and _near_limit(ended, script)
        return LimitHit(Limit.MEMORY) if starved else ending
    if ended.late or ended.status == -signal.SIGXCPU:
        return LimitHit(Limit.TIME, fetching=fetching)
    if ended.status == -signal.SIGSYS:
        return Died(ended.status, "a system call that is not allowed")
    if _near_limit(ended, script):
        return LimitHit(Limit.MEMORY)
    return Died(ended.status)


def _is_silent(ending: Ending) -> bool:
    """Whether it looks like that of an engine that had no memory left to say what was wrong."""
    match ending:
        case Threw(phase=Phase.RUN, name="", message="null") | Stuck():
            return True
        case _:
            return False


def _near_limit(ended: Ended, script: Script) -> bool:
    """Whether the process had taken more than half of what it may, when it ended."""
    return ended.usage.peak_kb - ended.usage.base_kb > script.memory_mb * 512
