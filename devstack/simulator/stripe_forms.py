"""Stripe's form bodies, and which parameters its API documents for what is simulated here.

Bodies are `application/x-www-form-urlencoded` with brackets for what is nested: `items[0][price]`,
`metadata[order]`. Source of names and messages: Stripe's API reference, and its error codes.
"""

import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import parse_qsl

from devstack.simulator.call import JsonObject, as_object

MAX_METADATA = 50
MAX_METADATA_NAME = 40
MAX_METADATA_VALUE = 500

_PART = re.compile(r"[^\[\]]+")
_NESTED = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")


class Refusal(Exception):  # noqa: N818 - what Stripe answers, raised where it is found out
    """An error answer: `{"error": {"type", "code", "message", "param", …}}`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's name for it
        code: str = "",
        param: str = "",
        decline_code: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.decline_code = decline_code
        # What there is all the same: a payment that was declined.
        self.made: JsonObject | None = None

    def describe(self) -> JsonObject:
        """The body."""
        page = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        fields = {
            "code": self.code,
            "decline_code": self.decline_code,
            "doc_url": page if self.code else "",
            "message": self.message,
            "param": self.param,
            "type": self.type,
        }
        return {"error": {name: value for name, value in fields.items() if value}}


class Form:
    """The parameters of one request; reading one that does not fit raises Refusal."""

    def __init__(self, encoded: str) -> None:
        self._values: JsonObject = {}
        for name, value in parse_qsl(encoded, keep_blank_values=True):
            if _NESTED.fullmatch(name) is None:
                raise Refusal(400, f"Invalid parameter name: {name}", param=name)
            _put(self._values, cast("list[str]", _PART.findall(name)), value)

    @property
    def values(self) -> JsonObject:
        """Everything, nested: lists are objects by index."""
        return self._values

    def allow(self, names: frozenset[str]) -> None:
        """Refuses parameters that the endpoint does not document."""
        for name in self._values:
            if name not in names:
                raise Refusal(
                    400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
                )

    def text(self, name: str) -> str:
        """A text; empty when it is not there."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise Refusal(400, f"Invalid string: {name}", param=name)
        return value

    def required(self, name: str) -> str:
        """A text that has to be there."""
        value = self.text(name)
        if not value:
            message = f"Missing required param: {name}."
            raise Refusal(400, message, code="parameter_missing", param=name)
        return value

    def number(self, name: str) -> int | None:
        """A whole number; None when it is not there."""
        return whole(self.text(name), name) if name in self._values else None

    def flag(self, name: str) -> bool:
        """True or false; false when it is not there."""
        value = self.text(name)
        if value not in {"", "true", "false"}:
            raise Refusal(
                400, f"Invalid boolean: {value}", code="parameter_invalid_boolean", param=name
            )
        return value == "true"

    def nested(self, name: str) -> Mapping[str, object]:
        """A hash; empty when it is not there."""
        value = self._values.get(name, {})
        found = as_object(value)
        if found is None:
            raise Refusal(400, "Invalid object", param=name)
        return found

    def metadata(self) -> dict[str, str]:
        """The metadata, within Stripe's limits."""
        given = {name: str(value) for name, value in self.nested("metadata").items()}
        if len(given) > MAX_METADATA:
            raise Refusal(400, f"You can have at most {MAX_METADATA} keys.", param="metadata")
        for name, value in given.items():
            if len(name) > MAX_METADATA_NAME or len(value) > MAX_METADATA_VALUE:
                raise Refusal(
                    400,
                    f"Metadata keys can have up to {MAX_METADATA_NAME} characters and values up "
                    f"to {MAX_METADATA_VALUE}.",
                    param="metadata",
                )
        return given


def whole(value: object, name: str) -> int:
    """A whole number, not below zero."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise Refusal(
            400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=name
        )
    return int(value[:18])


def _put(values: JsonObject, path: list[str], value: str) -> None:
    for part in path[:-1]:
        below = values.setdefault(part, {})
        if not isinstance(below, dict):
            raise Refusal(400, "Invalid object", param=part)
        values = cast("JsonObject", below)
    values[path[-1]] = value
