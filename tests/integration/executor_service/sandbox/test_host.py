"""The executor's side: it outlives its fork server, and takes no weaker isolation unasked."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from executor_service.sandbox import host, link
from executor_service.sandbox.conversation import Conversation
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.isolation import Isolation
from executor_service.sandbox.results import (
    ConsoleLine,
    Ending,
    FetchAnswer,
    FetchFailure,
    FetchRequest,
    Limit,
    LimitHit,
    Returned,
    SandboxUnavailableError,
)
from tests.support.sandbox import run, sandbox, script

# A fork server that has no way to make namespaces, as in a container that forbids them.
WITHOUT_NAMESPACES = (
    "import sys; sys.path[:] = sys.argv[3:];"
    " from executor_service.sandbox.inside import kernel;"
    " kernel.unshare = lambda flags: (_ for _ in ()).throw(OSError(1, 'not permitted'));"
    " from executor_service.sandbox.inside.boot import boot; boot(int(sys.argv[1]), sys.argv[2])"
)


async def test_a_lost_fork_server_is_replaced() -> None:
    async with sandbox() as box:
        before = box.server_pid
        under_way = asyncio.create_task(run(box, "for (;;);", timeout_ms=20_000))
        assert isinstance((await run(box, "return 1")).ending, Returned)
        os.kill(before, signal.SIGKILL)
        with pytest.raises(SandboxUnavailableError, match="gone"):
            await under_way

        report = await run(box, "return 2")

        assert isinstance(report.ending, Returned)
        assert box.server_pid != before


async def test_a_fork_server_that_does_nothing_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "_PATIENCE_S", 0.1)
    async with sandbox() as box:
        before = box.server_pid
        os.kill(before, signal.SIGSTOP)
        with pytest.raises(SandboxUnavailableError, match="gone"):
            await run(box, "return 1", timeout_ms=50)
        monkeypatch.undo()

        assert isinstance((await run(box, "return 2")).ending, Returned)
        assert box.server_pid != before


def chosen(pid: int) -> str:
    """How likely the kernel ends the process for want of memory."""
    return Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii")


async def test_where_memory_is_short_runs_go_before_the_executor() -> None:
    async with sandbox() as box:
        assert chosen(box.server_pid) == "1000\n"


async def test_a_run_that_is_not_heard_in_time_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def held_up(self: Conversation) -> None:
        await hold(self)
        raise TimeoutError

    hold = Conversation.hold
    async with sandbox() as box:
        begun = asyncio.Event()
        may_end = asyncio.Event()

        async def fetch(_request: FetchRequest) -> FetchAnswer | FetchFailure:
            begun.set()
            await may_end.wait()
            return FetchFailure("no")

        job = script("await fetch('x').catch(() => 0); return 1", timeout_ms=20_000)
        other = asyncio.create_task(box.run(job, fetch))
        await begun.wait()
        monkeypatch.setattr(Conversation, "hold", held_up)
        with pytest.raises(SandboxUnavailableError, match="busy"):
            await run(box, "return 1")
        may_end.set()

        assert isinstance((await other).ending, Returned)


async def test_a_run_does_not_wait_for_an_executor_that_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def late(self: Conversation) -> Ending | None:
        (handle,) = handles
        await asyncio.wait((handle.ended,))
        return await hold(self)

    def noted(self: link.Link, theirs: socket.socket, time: int, memory: int) -> link.RunHandle:
        handles.append(begin(self, theirs, time, memory))
        return handles[-1]

    handles: list[link.RunHandle] = []
    begin, hold = link.Link.begin, Conversation.hold
    monkeypatch.setattr(link.Link, "begin", noted)
    monkeypatch.setattr(Conversation, "hold", late)
    async with sandbox() as box:
        report = await run(box, "return 1", timeout_ms=3000)

    assert report.ending == Returned(b"1")


async def test_what_cannot_be_begun_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(*_arguments: object) -> link.RunHandle:
        raise SandboxUnavailableError("the fork server does not answer")

    monkeypatch.setattr(link.Link, "begin", begin)
    async with sandbox() as box:
        # One that is left open is warned of, which fails the test.
        with pytest.raises(SandboxUnavailableError, match="answer"):
            await run(box, "return 1")


async def test_a_run_that_is_cancelled_is_killed() -> None:
    async with sandbox(at_once=1) as box:
        begun = asyncio.Event()

        async def fetch(_request: FetchRequest) -> FetchAnswer | FetchFailure:
            begun.set()
            return FetchFailure("no")

        code = "await fetch('x').catch(() => 0); for (;;);"
        under_way = asyncio.create_task(box.run(script(code, timeout_ms=60_000), fetch))
        await begun.wait()
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way

        assert isinstance((await run(box, "return 1")).ending, Returned)


async def test_a_run_that_waits_for_an_answer_ends_in_time_and_keeps_its_console() -> None:
    async def fetch(_request: FetchRequest) -> FetchAnswer | FetchFailure:
        await asyncio.Event().wait()
        return FetchFailure("no")

    # Enough to come to its call on a busy machine; it computes nothing.
    job = script("console.log('begun'); await fetch('x');", timeout_ms=3000)
    async with sandbox() as box:
        report = await box.run(job, fetch)

    assert report.ending == LimitHit(Limit.TIME, fetching=True)
    assert report.console == (ConsoleLine("info", "begun"),)


async def test_runs_of_many_at_once_do_not_meet() -> None:
    async with sandbox(at_once=4) as box:
        codes = [f"globalThis.mine ??= {n}; await null; return mine;" for n in range(20)]
        reports = await asyncio.gather(*(run(box, code) for code in codes))

    values: list[Any] = []
    for report in reports:
        assert isinstance(report.ending, Returned)
        values.append(orjson.loads(report.ending.text))
    assert values == list(range(20))


async def test_weaker_isolation_is_refused_unless_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_BOOT", WITHOUT_NAMESPACES)
    strict = Sandbox(engine="jsbox", accepted=Isolation.NAMESPACES, at_once=1)
    with pytest.raises(SandboxUnavailableError, match=r"namespaces.*\(errno 1\)"):
        await strict.start()

    lenient = Sandbox(engine="jsbox", accepted=Isolation.SECCOMP, at_once=1)
    try:
        isolated = await lenient.start()
        assert isolated.isolation == Isolation.SECCOMP
        assert isinstance((await run(lenient, "return 1")).ending, Returned)
    finally:
        await lenient.aclose()


async def test_a_later_server_is_no_weaker_than_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = Sandbox(engine="jsbox", accepted=Isolation.SECCOMP, at_once=1)
    try:
        isolated = await lenient.start()
        assert isolated.isolation == Isolation.NAMESPACES
        under_way = asyncio.create_task(run(lenient, "for (;;);", timeout_ms=20_000))
        os.kill(lenient.server_pid, signal.SIGKILL)
        with pytest.raises(SandboxUnavailableError, match="fork server"):
            await under_way

        monkeypatch.setattr(link, "_BOOT", WITHOUT_NAMESPACES)
        with pytest.raises(SandboxUnavailableError, match="namespaces"):
            await run(lenient, "return 1")
    finally:
        await lenient.aclose()


async def test_an_engine_that_is_not_there_is_said() -> None:
    box = Sandbox(engine="spidermonkey", accepted=Isolation.NAMESPACES, at_once=1)
    with pytest.raises(SandboxUnavailableError, match="spidermonkey"):
        await box.start()


async def test_an_answer_that_comes_too_late_takes_no_last_word_with_it() -> None:
    """The script is over before its call is answered, and nobody has heard that yet."""

    async def slow(_: FetchRequest) -> FetchFailure:
        time.sleep(0.5)  # noqa: ASYNC251 - the whole executor is held up
        return FetchFailure("too late")

    async with sandbox() as box:
        code = "fetch('http://a/'); for (const at = Date.now(); Date.now() < at + 50;); return 7"
        report = await box.run(script(code), slow)
    assert report.ending == Returned(b"7")
