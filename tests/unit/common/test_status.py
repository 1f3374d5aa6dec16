from datetime import timedelta

import grpc
import pytest
from google.rpc import code_pb2
from grpc import aio

from common.errors import ErrorReason, FieldViolation, TreadleError
from common.grpc.status import CODES, STATUS_METADATA_KEY, from_rpc_error, to_status


def _sent(error: TreadleError) -> aio.AioRpcError:
    status = to_status(error, request_id="r-1")
    trailer = aio.Metadata((STATUS_METADATA_KEY, status.SerializeToString()))
    return aio.AioRpcError(CODES[error.reason], aio.Metadata(), trailer, status.message)


def _failed(code: grpc.StatusCode, details: str = "", *trailer: tuple[str, bytes]) -> TreadleError:
    return from_rpc_error(aio.AioRpcError(code, aio.Metadata(), aio.Metadata(*trailer), details))


def test_every_reason_has_a_code() -> None:
    assert set(CODES) == set(ErrorReason)


@pytest.mark.parametrize("reason", ErrorReason)
def test_an_error_survives_the_wire(reason: ErrorReason) -> None:
    error = TreadleError(
        reason,
        "no, für 東京",
        violations=[FieldViolation("a.b[0]", "is wrong"), FieldViolation("c", "is missing")],
        metadata={"limit": "50"},
        retry_after=timedelta(seconds=1.5),
    )
    received = from_rpc_error(_sent(error))
    assert vars(received) == vars(error)


def test_details_are_present_only_with_content() -> None:
    status = to_status(TreadleError(ErrorReason.NOT_FOUND, "no workflow 1"))
    assert status.code == code_pb2.NOT_FOUND
    assert [detail.TypeName() for detail in status.details] == ["google.rpc.ErrorInfo"]
    assert to_status(TreadleError(ErrorReason.NOT_FOUND, "x"), request_id="r").details[
        1
    ].TypeName() == ("google.rpc.RequestInfo")


def test_a_thousand_violations_fit_and_ever_more_are_cut() -> None:
    few = [FieldViolation(f"contact_ids[{n}]", f"no contact {n:036}") for n in range(1_000)]
    many = [FieldViolation(f"f[{n}]", "x" * 1_000) for n in range(10_000)]
    kept = from_rpc_error(_sent(TreadleError(ErrorReason.VALIDATION_FAILED, "m", violations=few)))
    cut = to_status(TreadleError(ErrorReason.VALIDATION_FAILED, "m" * 9_000, violations=many))
    assert list(kept.violations) == few
    assert cut.ByteSize() < 300 * 1024
    assert len(cut.message) == 2_000


@pytest.mark.parametrize(
    ("code", "details", "reason", "retries"),
    [
        (grpc.StatusCode.UNAVAILABLE, "refused", ErrorReason.DEPENDENCY_UNAVAILABLE, True),
        (grpc.StatusCode.CANCELLED, "", ErrorReason.DEPENDENCY_UNAVAILABLE, True),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", ErrorReason.DEADLINE_EXCEEDED, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", ErrorReason.OVERLOADED, True),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "SERVER: Received message larger than max (5 vs. 4)",
            ErrorReason.REQUEST_TOO_LARGE,
            False,
        ),
        (grpc.StatusCode.UNKNOWN, "psycopg: secret", ErrorReason.INTERNAL, False),
        (grpc.StatusCode.UNIMPLEMENTED, "", ErrorReason.INTERNAL, False),
    ],
)
def test_an_error_without_our_details_gets_the_nearest_reason(
    code: grpc.StatusCode, details: str, reason: ErrorReason, retries: bool
) -> None:
    error = _failed(code, details)
    assert error.reason is reason
    assert (error.retry_after is not None) is retries
    assert error.message == f"the call failed with {code.name}"


def test_details_that_are_not_ours_or_not_readable_are_left_aside() -> None:
    foreign = to_status(TreadleError(ErrorReason.NOT_FOUND, "x"))
    foreign.details[0].value = foreign.details[0].value.replace(b"treadle", b"another")
    for value in (b"\xff\xff", foreign.SerializeToString()):
        error = _failed(grpc.StatusCode.UNKNOWN, "x", (STATUS_METADATA_KEY, value))
        assert error.reason is ErrorReason.INTERNAL
