"""What the executor makes of bytes from a run's process, whoever wrote them."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import orjson
import pytest

from executor_service.sandbox.conversation import (
    MAX_FRAME_BYTES,
    Conversation,
    ProtocolViolation,
)
from executor_service.sandbox.inside.frames import Channel, FrameError, Kind, encode
from executor_service.sandbox.limits import (
    FETCHES_AT_ONCE,
    MAX_ANSWER_BYTES,
    MAX_CONSOLE_LINES,
    MAX_FETCHES,
    MAX_HEADERS,
    MAX_LINE_LENGTH,
    MAX_RESULT_BYTES,
)
from executor_service.sandbox.results import (
    Ending,
    FetchAnswer,
    FetchFailure,
    FetchRequest,
    Limit,
    LimitHit,
    Place,
    Returned,
)
from tests.support.sandbox import script

FAILED = {"phase": "limit", "name": "memory", "message": "", "line": 1, "column": 2}
CONSOLE = {"level": "info", "text": "x"}
FETCH = {"id": 1, "url": "u", "method": "GET", "headers": [["a", "b"]], "body": None}


def frame(kind: int, payload: object) -> bytes:
    """A frame with the payload as JSON."""
    data = orjson.dumps(payload)
    return (len(data) + 1).to_bytes(4, "big") + bytes((kind,)) + data


def console(text: object = "x", level: object = "info") -> bytes:
    return frame(Kind.CONSOLE, {"level": level, "text": text})


def failed(**changes: object) -> bytes:
    return frame(Kind.FAILED, {**FAILED, **changes})


def fetch(**changes: object) -> bytes:
    return frame(Kind.FETCH, {**FETCH, **changes})


async def no_answer(_request: FetchRequest) -> FetchAnswer | FetchFailure:
    return FetchFailure("no")


@asynccontextmanager
async def told(data: bytes) -> AsyncGenerator[Conversation]:
    """A conversation with a process that says just this, and is gone."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    conversation = Conversation(reader, writer, no_answer)
    conversation.give(script(""))
    with theirs:
        theirs.settimeout(0)
        await asyncio.get_running_loop().sock_sendall(theirs, data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            yield conversation
        finally:
            await conversation.close()


async def hold(data: bytes) -> Ending | None:
    async with told(data) as conversation:
        return await conversation.hold()


VIOLATIONS = {
    "no frame": b"\0\0\0\0",
    "a length over the limit": (MAX_FRAME_BYTES + 1).to_bytes(4, "big") + b"\5",
    "a length of everything": b"\xff\xff\xff\xff",
    "text instead of frames": b'{"result": 1}\n',
    "an unknown kind": frame(99, {}),
    "a kind of the executor's": frame(Kind.JOB, {}),
    "an answer": frame(Kind.ANSWER, {"id": 1}),
    "no JSON": (3).to_bytes(4, "big") + bytes((Kind.CONSOLE,)) + b"{x",
    "no object": frame(Kind.CONSOLE, [1]),
    "a console without a text": frame(Kind.CONSOLE, {"level": "info"}),
    "a console with a number": console(text=1),
    "a console of another level": console(level="fatal"),
    "a line too long": console(text="x" * (MAX_LINE_LENGTH + 1)),
    "a line with much besides": frame(Kind.CONSOLE, {**CONSOLE, "more": [["x"]] * 20_000}),
    "a failure with much besides": failed(more=[["x"]] * 20_000),
    "too many lines": console() * (MAX_CONSOLE_LINES + 1),
    "too much text": console(text="x" * MAX_LINE_LENGTH) * 100,
    "a result over the limit": frame(Kind.RETURNED, "x" * MAX_RESULT_BYTES),
    "a failure of another phase": failed(phase="victory"),
    "a limit of its own": failed(name="patience"),
    "a negative line": failed(line=-1),
    "a huge line": failed(line=10**15),
    "a line that is true": failed(line=True),
    "a line that is a text": failed(line="1"),
    "a call without a number": fetch(id=None),
    "a call of number nothing": fetch(id=0),
    "a call over the limit": fetch(id=MAX_FETCHES + 1),
    "one call twice": fetch() * 2,
    "a call of an object": fetch(url={"a": 1}),
    "headers that are no pairs": fetch(headers=[["a", "b", "c"]]),
    "headers without end": fetch(headers=[["a", "b"]] * (MAX_HEADERS + 1)),
    "headers of numbers": fetch(headers=[[1, 2]]),
    "headers that are an object": fetch(headers={"a": "b"}),
    "a body that is a list": fetch(body=[1]),
}


@pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS)
async def test_what_is_no_protocol_ends_the_run(data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        await hold(data)


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\0\5\5", console()])
async def test_who_goes_without_a_last_word_has_said_nothing(data: bytes) -> None:
    assert await hold(data) is None


async def test_of_one_that_does_not_read_few_answers_are_kept() -> None:
    called: list[int] = []

    async def large(request: FetchRequest) -> FetchAnswer | FetchFailure:
        called.append(request.number)
        return FetchAnswer(200, "OK", "u", (), "x" * MAX_ANSWER_BYTES)

    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    conversation = Conversation(reader, writer, large)
    with theirs:
        calls = b"".join(fetch(id=number) for number in range(1, MAX_FETCHES + 1))
        theirs.sendall(calls + frame(Kind.RETURNED, None))
        try:
            await conversation.hold()
            for _ in range(MAX_FETCHES):
                await asyncio.sleep(0)
            assert called == list(range(1, FETCHES_AT_ONCE + 1))
        finally:
            await conversation.close()


async def test_the_first_last_word_counts() -> None:
    assert await hold(frame(Kind.RETURNED, 1) + frame(Kind.RETURNED, 2)) == Returned(b"1")


async def test_a_limit_is_told_with_its_place() -> None:
    assert await hold(failed()) == LimitHit(Limit.MEMORY, Place(1, 2))


async def test_what_was_said_is_kept_without_nul() -> None:
    async with told(console(text="a\0b") + frame(Kind.RETURNED, None)) as conversation:
        await conversation.hold()

        assert [line.text for line in conversation.console] == ["a\N{REPLACEMENT CHARACTER}b"]


def test_a_channel_sends_and_receives() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(encode(Kind.JOB, b"{}"))
        assert Channel(other.fileno()).receive() == (Kind.JOB, b"{}")
        Channel(other.fileno()).send(Kind.RETURNED, b"1")
        assert Channel(one.fileno()).receive() == (Kind.RETURNED, b"1")
        one.shutdown(socket.SHUT_WR)
        with pytest.raises(FrameError):
            Channel(other.fileno()).receive()
