"""The executor's half of a run: gives the job, answers calls of `fetch`, hears how it ended.

Whatever comes from the child may have been made up by whoever wrote the script: it is bounded,
checked, and can say nothing that a script may not say.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, cast

import orjson

from executor_service.sandbox.inside.frames import HEADER_BYTES, Kind, encode
from executor_service.sandbox.limits import (
    FETCHES_AT_ONCE,
    LEVELS,
    MAX_CONSOLE_BYTES,
    MAX_CONSOLE_LINES,
    MAX_FETCHES,
    MAX_HEADERS,
    MAX_LINE_LENGTH,
    MAX_PLACE,
    MAX_REQUEST_BYTES,
    MAX_RESULT_BYTES,
)
from executor_service.sandbox.results import (
    ConsoleLine,
    Ending,
    FetchAnswer,
    FetchFailure,
    FetchRequest,
    Limit,
    LimitHit,
    NoModules,
    Phase,
    Place,
    Returned,
    Script,
    Stuck,
    Threw,
)

# Of what a frame says. A line of the console, and a failure, are short even where every character
# of theirs is escaped: what is longer would only be work to read.
_MAX_PAYLOAD_BYTES: Final[dict[int, int]] = {
    Kind.CONSOLE: 32 * MAX_LINE_LENGTH,
    Kind.FETCH: MAX_REQUEST_BYTES,
    Kind.RETURNED: MAX_RESULT_BYTES,
    Kind.FAILED: 32 * MAX_LINE_LENGTH,
}
MAX_FRAME_BYTES: Final = max(_MAX_PAYLOAD_BYTES.values()) + 1

# Never raises: what goes wrong is an answer too.
Fetch = Callable[[FetchRequest], Awaitable[FetchAnswer | FetchFailure]]


class ProtocolViolation(Exception):  # noqa: N818 - what the child did, not what failed here
    """The child sent what no child sends that only runs a script."""


class Conversation:
    """With the process of one run."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fetch: Fetch
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._fetch = fetch
        self._turns = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._calls: set[asyncio.Task[None]] = set()
        self._called: set[int] = set()
        self._console: list[ConsoleLine] = []
        self._console_bytes = 0

    @property
    def console(self) -> tuple[ConsoleLine, ...]:
        """What was said so far."""
        return tuple(self._console)

    @property
    def fetching(self) -> bool:
        """Whether an answer is still waited for."""
        return bool(self._calls)

    def give(self, script: Script) -> None:
        """Says what is to be run; does not wait until it is heard."""
        job = {"code": script.code, "context": script.context, "modules": script.modules}
        self._writer.write(encode(Kind.JOB, orjson.dumps(job)))

    async def hold(self) -> Ending | None:
        """Hears the run out; None when the child went without a last word.

        Raises ProtocolViolation.
        """
        try:
            await self._writer.drain()
            while True:
                kind, payload = await self._frame()
                ending = self._take(kind, payload)
                if ending is not None:
                    return ending
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def close(self) -> None:
        """Ends what is still under way; a child that has said its last word goes then."""
        for call in self._calls:
            call.cancel()
        self._writer.transport.abort()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _frame(self) -> tuple[int, bytes]:
        length = int.from_bytes(await self._reader.readexactly(HEADER_BYTES), "big")
        if not 1 <= length <= MAX_FRAME_BYTES:
            raise ProtocolViolation("a frame of a length that is not allowed")
        kind = (await self._reader.readexactly(1))[0]
        if length - 1 > _MAX_PAYLOAD_BYTES.get(kind, 0):
            raise ProtocolViolation("a frame longer than any of its kind")
        return kind, await self._reader.readexactly(length - 1)

    def _take(self, kind: int, payload: bytes) -> Ending | None:
        match kind:
            case Kind.CONSOLE:
                self._hear_console(_object(payload))
            case Kind.FETCH:
                self._begin_call(_request(_object(payload)))
            case Kind.RETURNED:
                return Returned(payload)
            case Kind.FAILED:
                return _failure(_object(payload))
            case _:
                raise ProtocolViolation("a frame of a kind that is not the child's")
        return None

    def _hear_console(self, said: dict[str, Any]) -> None:
        line = ConsoleLine(_word(said, "level", LEVELS), _text(said, "text", MAX_LINE_LENGTH))
        self._console_bytes += len(line.text)
        if len(self._console) >= MAX_CONSOLE_LINES or self._console_bytes > MAX_CONSOLE_BYTES:
            raise ProtocolViolation("more on the console than is allowed")
        self._console.append(line)

    def _begin_call(self, request: FetchRequest) -> None:
        if request.number in self._called:
            raise ProtocolViolation("two calls of one number")
        self._called.add(request.number)
        call = asyncio.create_task(self._answer(request))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _answer(self, request: FetchRequest) -> None:
        # The turn ends when the answer is taken: of one that does not read, few are kept here.
        async with self._turns:
            answer = await self._fetch(request)
            told = {"id": request.number, **asdict(answer)}
            self._writer.write(encode(Kind.ANSWER, orjson.dumps(told)))
            with suppress(OSError):
                # Gone; whoever reads its frames notices.
                await self._writer.drain()


def _failure(said: dict[str, Any]) -> Ending:
    place = Place(_number(said, "line", MAX_PLACE), _number(said, "column", MAX_PLACE))
    phase = said.get("phase")
    name = _text(said, "name", MAX_LINE_LENGTH)
    match phase:
        case "syntax" | "run" | "result":
            message = _text(said, "message", MAX_LINE_LENGTH)
            return Threw(Phase(phase), name, message, place, said.get("network") is True)
        case "limit":
            return LimitHit(Limit(_word(said, "name", frozenset(Limit))), place)
        case "stuck":
            return Stuck()
        case "modules":
            return NoModules()
        case "engine":
            return Threw(Phase.RUN, "", _text(said, "message", MAX_LINE_LENGTH), place)
        case _:
            raise ProtocolViolation("a failure of a phase that is not known")


def _request(said: dict[str, Any]) -> FetchRequest:
    headers: object = said.get("headers")
    if not isinstance(headers, list):
        raise ProtocolViolation("headers that are no list")
    pairs = cast("list[object]", headers)
    if len(pairs) > MAX_HEADERS:
        raise ProtocolViolation("more headers than are allowed")
    return FetchRequest(
        number=_number(said, "id", MAX_FETCHES, least=1),
        url=_text(said, "url", MAX_REQUEST_BYTES),
        method=_text(said, "method", MAX_REQUEST_BYTES),
        headers=tuple(_header(pair) for pair in pairs),
        body=None if said.get("body") is None else _text(said, "body", MAX_REQUEST_BYTES),
    )


def _header(pair: object) -> tuple[str, str]:
    match pair:
        case [str(name), str(value)]:
            return name, value
        case _:
            raise ProtocolViolation("a header that is no pair of texts")


def _object(payload: bytes) -> dict[str, Any]:
    try:
        said: object = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise ProtocolViolation("a payload that is no JSON") from None
    if not isinstance(said, dict):
        raise ProtocolViolation("a payload that is no object")
    return cast("dict[str, Any]", said)


def _text(said: dict[str, Any], name: str, limit: int) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise ProtocolViolation(f"a {name} that is no text, or too long")
    # Postgres takes no NUL.
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _word(said: dict[str, Any], name: str, words: frozenset[str]) -> str:
    value = said.get(name)
    if not isinstance(value, str) or value not in words:
        raise ProtocolViolation(f"a {name} that is not known")
    return value


def _number(said: dict[str, Any], name: str, limit: int, *, least: int = 0) -> int:
    value = said.get(name)
    if type(value) is not int or not least <= value <= limit:
        raise ProtocolViolation(f"a {name} that is no number, or out of range")
    return value
