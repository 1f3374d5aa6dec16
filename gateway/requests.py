"""Reads request bodies: JSON as RFC 8259 has it, and nothing that could not be stored exactly.

The framework's parser takes NaN and Infinity and ignores what Postgres and protobuf cannot hold.
Here such values are refused with their place, before anything else looks at them.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from email.message import Message
from itertools import islice
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import JsonValue
from starlette.responses import Response

from common.errors import ErrorReason
from gateway.pointers import Token
from gateway.problems import UNSUPPORTED_MEDIA_TYPE, Fault, InvalidRequestError, body_fault

# Protobuf parsers stop at 100 nested messages, and a JSON object in a Struct costs three.
MAX_DEPTH: Final = 24
# Numbers in a Struct are doubles.
_MAX_EXACT_INTEGER: Final = 2**53 - 1
_MANY: Final = 100

Handler = Callable[..., Awaitable[Any]]


class StrictRequest(Request):
    """A request whose body must be strict JSON."""

    async def json(self) -> Any:
        """The body; raises JSONDecodeError, or InvalidRequestError for what cannot be stored."""
        if not hasattr(self, "_strict"):
            self._strict: JsonValue = orjson.loads(await self.body())
            faults = list(islice(_unstorable(self._strict), _MANY))
            if faults:
                raise InvalidRequestError(faults)
        return self._strict


class StrictRoute(APIRoute):
    """A route that takes its body as JSON, declared as such."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handling of a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            if _has_body(request) and not _is_json(request.headers.get("content-type", "")):
                raise InvalidRequestError(
                    [Fault("must be application/json", parameter="Content-Type")],
                    reason=UNSUPPORTED_MEDIA_TYPE,
                )
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def typed(handler: Handler, **types: Any) -> Handler:
    """Give parameters of a route's handler the types that only a table knows."""
    handler.__annotations__ |= types
    return handler


async def read_object(request: Request) -> dict[str, JsonValue]:
    """The request's body, which must be a JSON object."""
    if not await request.body():
        raise InvalidRequestError(
            [Fault("is required", pointer="")], reason=ErrorReason.MALFORMED_REQUEST
        )
    try:
        body: JsonValue = await request.json()
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(
            [Fault(f"is not JSON: {error.msg}", pointer="")], reason=ErrorReason.MALFORMED_REQUEST
        ) from None
    if not isinstance(body, dict):
        raise InvalidRequestError([Fault("must be an object", pointer="")])
    return body


def _has_body(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    kind = message.get_content_type()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _unstorable(body: JsonValue) -> Iterator[Fault]:
    """Find values that cannot be kept: NUL in text, integers beyond 2^53, nesting without end."""
    pending: list[tuple[tuple[Token, ...], JsonValue]] = [((), body)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                yield body_fault("must not contain the character U+0000", *place)
        elif isinstance(value, int):
            if abs(value) > _MAX_EXACT_INTEGER:
                yield body_fault("is too large to be kept exactly", *place)
        elif isinstance(value, dict | list):
            if len(place) >= MAX_DEPTH:
                yield body_fault(f"is nested more than {MAX_DEPTH} levels deep", *place)
                continue
            if isinstance(value, dict):
                if any("\0" in name for name in value):
                    yield body_fault("has a name with the character U+0000", *place)
                pending += [((*place, name), member) for name, member in value.items()]
            else:
                pending += [((*place, at), item) for at, item in enumerate(value)]
