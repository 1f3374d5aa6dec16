"""What the readers of providers' events share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

import orjson

from action_service.domain.plan import Json
from common.errors import TreadleError, malformed

JsonObject = Mapping[str, Json]


def no_event(why: str) -> TreadleError:
    """The refusal of a body that cannot be what the provider posts."""
    return malformed("body", why)


def parse(body: bytes) -> Json:
    """The JSON of a body, without NUL characters, which Postgres cannot hold.

    Raises TreadleError when it is none.
    """
    try:
        given = cast("Json", orjson.loads(body))
    except orjson.JSONDecodeError:
        raise no_event("must be JSON") from None
    return _without_nul(given) if b"\\u0000" in body else given


def _without_nul(value: Json) -> Json:
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {name.replace("\0", ""): _without_nul(item) for name, item in value.items()}
        case _:
            return value


def members(value: object) -> JsonObject:
    """The value when it is an object, else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def objects(value: object) -> list[JsonObject]:
    """The objects of the value when it is a list, else none."""
    return [members(item) for item in cast("list[Json]", value)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The value when it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def instant(value: object, now: datetime, *, per_second: int = 1) -> datetime:
    """A Unix time; `now` for none, and for one that is later or absurd: clocks differ."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return now
    try:
        return min(now, datetime.fromtimestamp(value / per_second, UTC))
    except (OverflowError, ValueError, OSError):
        return now


def digest(value: Json) -> str:
    """An id made of what an event says, for those that have none."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
