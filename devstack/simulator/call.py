"""What a simulated provider sees of a request and says in return, free of any web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast

import orjson

JsonObject = dict[str, object]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read to its end. Names of `headers` are in lower case."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `accepted` is the number of messages that this call put into the inbox."""

    status: int
    body: bytes = b""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    accepted: int = 0


class Provider(Protocol):
    """One simulated service."""

    @property
    def name(self) -> str:
        """The name used by the inbox and by the failure control."""
        ...

    @property
    def max_body(self) -> int:
        """Largest request body in bytes; a larger one is answered 413."""
        ...

    def recipients(self, call: Call) -> frozenset[str]:
        """Whom the call addresses, as far as can be told without judging it."""
        ...

    def handle(self, call: Call) -> Answer:
        """Judge the call as the provider documents, record what is accepted, answer."""
        ...

    def failure(self, status: int) -> Answer:
        """The provider's own error body for a status, for failures made on purpose."""
        ...


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, orjson.dumps(body), headers=headers or {})


def as_object(value: object) -> JsonObject | None:
    """The value when it is a JSON object, else None."""
    return cast(JsonObject, value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """The value when it is a JSON array, else None."""
    return cast(list[object], value) if isinstance(value, list) else None


def as_text(value: object) -> str:
    """The value when it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def treadle_ids(headers: Mapping[str, str]) -> dict[str, str]:
    """Ids a caller put into headers: `X-Treadle-Attempt-Id` is `attempt_id`, and so on."""
    ids = {
        name.removeprefix("x-treadle-").replace("-", "_"): value
        for name, value in headers.items()
        if name.startswith("x-treadle-")
    }
    if key := headers.get("idempotency-key"):
        ids["idempotency_key"] = key
    return ids
