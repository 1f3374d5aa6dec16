"""Says in plain words, and with the place, what pydantic found wrong with a request."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from common.errors import ErrorReason
from gateway.pointers import Token
from gateway.problems import Fault, InvalidRequestError, body_fault

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def from_pydantic(
    errors: Iterable[ErrorDetails], *, body: type[BaseModel] | None = None
) -> list[Fault]:
    """The faults of a request body, from the errors of validating it as a `body`."""
    return [body_fault(_describe(error, body), *error["loc"]) for error in errors]


def from_fastapi(error: RequestValidationError) -> InvalidRequestError:
    """The same for what FastAPI found, which may concern parameters too.

    A body that is no JSON, and any wrong parameter, make the whole request malformed (400); a body
    with wrong values is not valid (422).
    """
    faults: list[Fault] = []
    malformed = False
    found: Sequence[Any] = error.errors()
    for each in found:
        where, *rest = each["loc"]
        if each["type"] == "json_invalid":
            malformed = True
            faults.append(Fault(f"is not JSON: {each['ctx']['error']}", pointer=""))
        elif where != "body":
            malformed = True
            faults.append(Fault(_describe(each, None), parameter=".".join(map(str, rest))))
        elif not rest:
            malformed = malformed or each["type"] == "missing"
            faults.append(Fault(_describe(each, None), pointer=""))
        else:
            faults.append(body_fault(_describe(each, None), *rest))
    reason = ErrorReason.MALFORMED_REQUEST if malformed else ErrorReason.VALIDATION_FAILED
    return InvalidRequestError(faults, reason=reason)


def closest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that `name` may have meant; empty when none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _describe(error: ErrorDetails, body: type[BaseModel] | None) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        last: Token = error["loc"][-1]
        known = body.model_fields if body and len(error["loc"]) == 1 else ()
        return "is not a field of this request" + closest(str(last), known)
    if kind == "literal_error":
        return f"must be one of {error['ctx']['expected']}" if "ctx" in error else error["msg"]
    words = _WORDS.get(kind)
    if words is not None:
        return words
    message = error["msg"]
    return (
        message.removeprefix("Value error, ")
        .replace("Input should", "must")
        .replace("String should", "must")
    )
