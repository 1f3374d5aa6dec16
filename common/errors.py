"""The one error that use cases raise to refuse a call, whatever protocol the call came by.

Adapters at the edge (gRPC, REST) translate it. Plain Python on purpose: code that raises it needs
to know nothing of status codes or wire formats.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID


class ErrorReason(StrEnum):
    """Names of `treadle.errors.v1.ErrorReason` without the prefix; documented there one by one."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    WORKFLOW_NOT_EDITABLE = "WORKFLOW_NOT_EDITABLE"
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION"
    STALE_ETAG = "STALE_ETAG"
    ACTION_LIMIT_REACHED = "ACTION_LIMIT_REACHED"
    REFERENCED = "REFERENCED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    WORKFLOW_NOT_VALID = "WORKFLOW_NOT_VALID"
    OVERLOADED = "OVERLOADED"
    DEPENDENCY_UNAVAILABLE = "DEPENDENCY_UNAVAILABLE"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    INTERNAL = "INTERNAL"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field; `field` is a path such as `config.field_updates[0].value`."""

    field: str
    description: str


class TreadleError(Exception):
    """A call refused for a reason the caller may know.

    Everything in it is shown to the caller: no secret, SQL or text of a foreign exception belongs
    here.
    `retry_after` says how long to wait before the same call may succeed.
    """

    def __init__(
        self,
        reason: ErrorReason,
        message: str,
        *,
        violations: Iterable[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"TreadleError({self.reason.value}, {self.message!r})"


def malformed(field: str, description: str) -> TreadleError:
    """Refuse a request of the wrong shape: a UUID that is none, a page token of another list."""
    return TreadleError(
        ErrorReason.MALFORMED_REQUEST,
        f"{field}: {description}",
        violations=[FieldViolation(field, description)],
    )


def invalid(violations: Iterable[FieldViolation], message: str | None = None) -> TreadleError:
    """Refuse a well-formed request for what it asks, listing every violation at once."""
    found = tuple(violations)
    summary = message or "; ".join(f"{v.field}: {v.description}" for v in found[:3])
    if message is None and len(found) > 3:
        summary += f"; and {len(found) - 3} more"
    return TreadleError(ErrorReason.VALIDATION_FAILED, summary, violations=found)


def unauthenticated(message: str) -> TreadleError:
    """Refuse a caller who has not shown who they are."""
    return TreadleError(ErrorReason.UNAUTHENTICATED, message)


def permission_denied(permission: str) -> TreadleError:
    """Refuse a caller whose roles do not include `permission`."""
    return TreadleError(
        ErrorReason.PERMISSION_DENIED,
        f"this call needs the permission {permission}",
        metadata={"permission": permission},
    )


def not_found(entity: str, entity_id: UUID | str) -> TreadleError:
    """Report a record that the caller's account does not have; also for one of another account."""
    return TreadleError(
        ErrorReason.NOT_FOUND,
        f"no {entity} {entity_id}",
        metadata={"entity": entity, "id": str(entity_id)},
    )


def already_exists(entity: str, field: str, description: str) -> TreadleError:
    """Refuse a second record with a unique value that is taken."""
    return TreadleError(
        ErrorReason.ALREADY_EXISTS,
        f"{entity}: {description}",
        violations=[FieldViolation(field, description)],
        metadata={"entity": entity},
    )


def stale_etag(entity: str, entity_id: UUID | str) -> TreadleError:
    """Refuse a change of a record that somebody else has changed since it was read."""
    return TreadleError(
        ErrorReason.STALE_ETAG,
        f"{entity} {entity_id} has changed since its etag was read; read it again",
        metadata={"entity": entity, "id": str(entity_id)},
    )


def request_id_reused(request_id: str) -> TreadleError:
    """Refuse a `request_id` that came before with a different request, or from somebody else."""
    return TreadleError(
        ErrorReason.REQUEST_ID_REUSED,
        "this request_id was used before, with a different request or by somebody else",
        metadata={"request_id": request_id},
    )


def failed_precondition(
    reason: ErrorReason, message: str, *, violations: Iterable[FieldViolation] = (), **metadata: str
) -> TreadleError:
    """Refuse what the state of a record forbids; `message` says the way out."""
    return TreadleError(reason, message, violations=violations, metadata=metadata)


def overloaded(message: str, retry_after: timedelta) -> TreadleError:
    """Turn a call away because there is more than the service takes at present."""
    return TreadleError(ErrorReason.OVERLOADED, message, retry_after=retry_after)


def dependency_unavailable(dependency: str, retry_after: timedelta) -> TreadleError:
    """Report that a part the service needs is out of reach."""
    return TreadleError(
        ErrorReason.DEPENDENCY_UNAVAILABLE,
        f"{dependency} is out of reach",
        metadata={"dependency": dependency},
        retry_after=retry_after,
    )
