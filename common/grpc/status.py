"""`TreadleError` to and from `google.rpc.Status`, the form in which errors cross the wire.

A refusal that lists many violations makes a large trailer. Our channels accept it; a foreign
C-core or Java client that keeps its default limit of 8 KiB on metadata gets RESOURCE_EXHAUSTED in
its place.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, cast

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from common.errors import ErrorReason, FieldViolation, TreadleError

DOMAIN: Final = "treadle"
STATUS_METADATA_KEY: Final = "grpc-status-details-bin"

MAX_METADATA_BYTES: Final = 512 * 1024

# Leaves room for the other details and for base64. Holds the violations of the largest batch.
_MAX_VIOLATION_BYTES: Final = 256 * 1024
_MAX_MESSAGE_LENGTH: Final = 2_000
_RETRY_AFTER: Final = timedelta(seconds=1)

CODES: Final[Mapping[ErrorReason, grpc.StatusCode]] = MappingProxyType(
    {
        ErrorReason.MALFORMED_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
        ErrorReason.VALIDATION_FAILED: grpc.StatusCode.INVALID_ARGUMENT,
        ErrorReason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
        ErrorReason.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
        ErrorReason.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
        ErrorReason.WORKFLOW_NOT_EDITABLE: grpc.StatusCode.FAILED_PRECONDITION,
        ErrorReason.ILLEGAL_TRANSITION: grpc.StatusCode.FAILED_PRECONDITION,
        ErrorReason.STALE_ETAG: grpc.StatusCode.ABORTED,
        ErrorReason.ACTION_LIMIT_REACHED: grpc.StatusCode.FAILED_PRECONDITION,
        ErrorReason.REFERENCED: grpc.StatusCode.FAILED_PRECONDITION,
        ErrorReason.ALREADY_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
        ErrorReason.REQUEST_ID_REUSED: grpc.StatusCode.INVALID_ARGUMENT,
        ErrorReason.WORKFLOW_NOT_VALID: grpc.StatusCode.FAILED_PRECONDITION,
        ErrorReason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
        ErrorReason.DEPENDENCY_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
        ErrorReason.REQUEST_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
        ErrorReason.INTERNAL: grpc.StatusCode.INTERNAL,
        ErrorReason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)

# For errors without details: raised by the gRPC runtime itself, or by something that is not ours.
_REASONS: Final[Mapping[grpc.StatusCode, ErrorReason]] = MappingProxyType(
    {
        grpc.StatusCode.UNAUTHENTICATED: ErrorReason.UNAUTHENTICATED,
        grpc.StatusCode.RESOURCE_EXHAUSTED: ErrorReason.OVERLOADED,
        grpc.StatusCode.UNAVAILABLE: ErrorReason.DEPENDENCY_UNAVAILABLE,
        grpc.StatusCode.CANCELLED: ErrorReason.DEPENDENCY_UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED: ErrorReason.DEADLINE_EXCEEDED,
    }
)
_RETRIABLE: Final = frozenset({ErrorReason.OVERLOADED, ErrorReason.DEPENDENCY_UNAVAILABLE})


def to_status(error: TreadleError, *, request_id: str = "") -> status_pb2.Status:
    """Put `error` on the wire: ErrorInfo, and BadRequest and RetryInfo if they have content."""
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            domain=DOMAIN, reason=error.reason.value, metadata=error.metadata
        )
    ]
    if error.violations:
        details.append(_bad_request(error.violations))
    if error.retry_after is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=error.retry_after))
    if request_id:
        details.append(error_details_pb2.RequestInfo(request_id=request_id))
    return status_pb2.Status(
        code=code_pb2.Code.Value(CODES[error.reason].name),
        message=error.message[:_MAX_MESSAGE_LENGTH],
        details=[_packed(detail) for detail in details],
    )


def from_rpc_error(error: grpc.RpcError) -> TreadleError:
    """Return what the server refused the call with, for any failed call of a channel of ours.

    Errors without our details get the nearest reason and a message that tells nothing of the
    server's inside.
    """
    status = _status_of(error)
    decoded = _decoded(status) if status is not None else None
    if decoded is not None:
        return decoded
    code = error.code()
    reason = _REASONS.get(code, ErrorReason.INTERNAL)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or ""):
        reason = ErrorReason.REQUEST_TOO_LARGE
    return TreadleError(
        reason,
        f"the call failed with {code.name}",
        retry_after=_RETRY_AFTER if reason in _RETRIABLE else None,
    )


def _decoded(status: status_pb2.Status) -> TreadleError | None:
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_after: timedelta | None = None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta()
        elif not detail.Unpack(info):
            detail.Unpack(bad_request)
    if info.domain != DOMAIN or info.reason not in ErrorReason.__members__:
        return None
    return TreadleError(
        ErrorReason[info.reason],
        status.message,
        violations=[FieldViolation(v.field, v.description) for v in bad_request.field_violations],
        metadata=info.metadata,
        retry_after=retry_after,
    )


def _status_of(error: grpc.RpcError) -> status_pb2.Status | None:
    for key, value in cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ()):
        if key == STATUS_METADATA_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None


def _bad_request(violations: tuple[FieldViolation, ...]) -> error_details_pb2.BadRequest:
    bad_request = error_details_pb2.BadRequest()
    room = _MAX_VIOLATION_BYTES
    for violation in violations:
        listed = error_details_pb2.BadRequest.FieldViolation(
            field=violation.field, description=violation.description
        )
        room -= listed.ByteSize()
        if room < 0:
            break
        bad_request.field_violations.append(listed)
    return bad_request


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
