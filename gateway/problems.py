"""Every error that leaves the gateway, made in one place: RFC 9457 problem documents.

Services refuse with a `TreadleError` (decoded from google.rpc details); FastAPI refuses bodies and
parameters; Starlette refuses routes and methods. All become `application/problem+json` here. What
is not known to be meant for the caller is never shown: an unexpected failure says only its request
id.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from common.errors import ErrorReason, TreadleError
from common.telemetry import current_request_id
from gateway.pointers import NO_BODY, BodyFields, Token, pointer

MEDIA_TYPE: Final = "application/problem+json"

METHOD_NOT_ALLOWED: Final = "METHOD_NOT_ALLOWED"
UNSUPPORTED_MEDIA_TYPE: Final = "UNSUPPORTED_MEDIA_TYPE"
REQUEST_TIMEOUT: Final = "REQUEST_TIMEOUT"

_KINDS: Final[Mapping[str, tuple[int, str]]] = {
    ErrorReason.MALFORMED_REQUEST: (400, "The request is malformed"),
    ErrorReason.UNAUTHENTICATED: (401, "Authentication is required"),
    ErrorReason.PERMISSION_DENIED: (403, "The caller lacks a permission"),
    ErrorReason.NOT_FOUND: (404, "Not found"),
    METHOD_NOT_ALLOWED: (405, "The method is not allowed here"),
    REQUEST_TIMEOUT: (408, "The request took too long to arrive"),
    ErrorReason.WORKFLOW_NOT_EDITABLE: (409, "The workflow cannot be edited now"),
    ErrorReason.ILLEGAL_TRANSITION: (409, "The status does not allow this"),
    ErrorReason.REFERENCED: (409, "Others refer to it"),
    ErrorReason.ALREADY_EXISTS: (409, "It exists already"),
    ErrorReason.STALE_ETAG: (412, "It has changed since it was read"),
    ErrorReason.REQUEST_TOO_LARGE: (413, "The request is too large"),
    UNSUPPORTED_MEDIA_TYPE: (415, "The body is of another type"),
    ErrorReason.VALIDATION_FAILED: (422, "The request is not valid"),
    ErrorReason.ACTION_LIMIT_REACHED: (422, "The workflow is full"),
    ErrorReason.REQUEST_ID_REUSED: (422, "The idempotency key was used before"),
    ErrorReason.WORKFLOW_NOT_VALID: (422, "The workflow is not valid"),
    ErrorReason.OVERLOADED: (429, "Too many requests"),
    ErrorReason.INTERNAL: (500, "Internal error"),
    ErrorReason.DEPENDENCY_UNAVAILABLE: (503, "A service is out of reach"),
    ErrorReason.DEADLINE_EXCEEDED: (504, "The service took too long"),
}
_BY_STATUS: Final[Mapping[int, str]] = {
    400: ErrorReason.MALFORMED_REQUEST,
    404: ErrorReason.NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    408: REQUEST_TIMEOUT,
    413: ErrorReason.REQUEST_TOO_LARGE,
    415: UNSUPPORTED_MEDIA_TYPE,
    429: ErrorReason.OVERLOADED,
}
_RETRY_LATER: Final = frozenset({ErrorReason.OVERLOADED, ErrorReason.DEPENDENCY_UNAVAILABLE})
_INTERNAL_DETAIL: Final = "Something went wrong on our side; the log has the request's id."


class FieldProblem(BaseModel):
    """What is wrong with one value, and where that value is: exactly one of the places is given."""

    pointer: str | None = Field(
        default=None,
        description="JSON Pointer (RFC 6901) into the request body.",
        examples=["/action_config/subject"],
    )
    parameter: str | None = Field(
        default=None, description="Name of the path, query or header parameter."
    )
    field: str | None = Field(
        default=None, description="Path of a stored value that stands in the way."
    )
    detail: str = Field(examples=["is required"])


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:treadle:error:validation-failed"])
    title: str = Field(examples=["The request is not valid"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["subject: is required"])
    instance: str = Field(
        description="The request's id, also in X-Request-Id.",
        examples=["urn:treadle:request:0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"],
    )
    reason: str = Field(
        description="Stable name of the cause, for programs.", examples=["VALIDATION_FAILED"]
    )
    errors: list[FieldProblem] = Field(
        default_factory=list[FieldProblem],
        description="Every violation, when the cause lies in single values.",
    )
    metadata: dict[str, str] = Field(
        default_factory=dict[str, str], description="Details of the cause, such as `limit`."
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """One violation on its way into a problem document."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    field: str | None = None

    def json(self) -> dict[str, str]:
        """As a member of `errors`."""
        members = {
            "pointer": self.pointer,
            "parameter": self.parameter,
            "field": self.field,
            "detail": self.detail,
        }
        return {name: value for name, value in members.items() if value is not None}

    def place(self) -> str:
        """The place in words, for the summary."""
        return self.pointer or self.parameter or self.field or "body"


class RefusedError(Exception):
    """A service's refusal, with the knowledge of where its fields are in the caller's body."""

    def __init__(self, error: TreadleError, fields: BodyFields = NO_BODY) -> None:
        super().__init__(error.message)
        self.error = error
        self.fields = fields


class InvalidRequestError(HTTPException):
    """A request that the gateway itself refuses, with every fault found.

    An HTTPException, because that is what the framework lets through while it reads a body.
    """

    def __init__(
        self, faults: Sequence[Fault], *, reason: str = ErrorReason.VALIDATION_FAILED
    ) -> None:
        super().__init__(_KINDS[reason][0], reason)
        self.faults = tuple(faults)
        self.reason = reason


def problem(
    reason: str,
    detail: str,
    *,
    faults: Iterable[Fault] = (),
    metadata: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response for `reason`; its status and title come from the table above."""
    status, title = _KINDS[reason]
    document: dict[str, Any] = {
        "type": "urn:treadle:error:" + reason.lower().replace("_", "-"),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:treadle:request:{current_request_id()}",
        "reason": reason,
    }
    errors = [fault.json() for fault in faults]
    if errors:
        document["errors"] = errors
    if metadata:
        document["metadata"] = dict(metadata)
    return Response(
        orjson.dumps(document),
        status_code=status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def from_treadle_error(error: TreadleError, fields: BodyFields = NO_BODY) -> Response:
    """The response for a service's refusal."""
    headers: dict[str, str] = {}
    if error.reason in _RETRY_LATER:
        after = error.retry_after.total_seconds() if error.retry_after else 0
        headers["Retry-After"] = str(max(1, math.ceil(after)))
    if error.reason is ErrorReason.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="treadle"'
    if error.reason is ErrorReason.INTERNAL:
        return problem(error.reason, _INTERNAL_DETAIL)
    faults = [_fault(v.field, v.description, fields) for v in error.violations]
    return problem(
        error.reason, error.message, faults=faults, metadata=error.metadata, headers=headers
    )


def from_invalid_request(error: InvalidRequestError) -> Response:
    """The response for a request that the gateway refused."""
    return problem(error.reason, _summary(error.faults), faults=error.faults)


def from_http_exception(error: HTTPException) -> Response:
    """The response for what the web framework refused: unknown routes, wrong methods."""
    reason = _BY_STATUS.get(error.status_code)
    if reason is None:
        reason = ErrorReason.MALFORMED_REQUEST if error.status_code < 500 else ErrorReason.INTERNAL
    phrase = HTTPStatus(error.status_code).phrase
    return problem(reason, error.detail or phrase, headers=error.headers)


def unexpected() -> Response:
    """The response for a fault of the gateway's own."""
    return problem(ErrorReason.INTERNAL, _INTERNAL_DETAIL)


def body_fault(detail: str, *tokens: Token) -> Fault:
    """A fault of the value at `tokens` in the body."""
    return Fault(detail, pointer=pointer(tokens))


def _fault(field: str, description: str, fields: BodyFields) -> Fault:
    place = fields.locate(field)
    if place is not None:
        return Fault(description, pointer=place)
    # Without a body, what a service complains about came in the path or the query.
    return Fault(description, field=field) if fields.names else Fault(description, parameter=field)


def _summary(faults: Sequence[Fault]) -> str:
    text = "; ".join(f"{fault.place()}: {fault.detail}" for fault in faults[:3])
    return text + (f"; and {len(faults) - 3} more" if len(faults) > 3 else "")
