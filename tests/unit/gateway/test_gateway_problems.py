"""Every reason has its status, and the contract says the same."""

import re
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from starlette.exceptions import HTTPException

from common.errors import ErrorReason, FieldViolation, TreadleError
from gateway.pointers import BodyFields
from gateway.problems import (
    from_http_exception,
    from_treadle_error,
    problem,
    unexpected,
)

CONTRACT = Path("protos/treadle/errors/v1/error_reason.proto")


def documented_statuses() -> dict[str, int]:
    """Reason and HTTP status of each value, from the comments of the contract."""
    found: dict[str, int] = {}
    comment = ""
    for line in CONTRACT.read_text().splitlines():
        if line.strip().startswith("//"):
            comment += line
        elif match := re.match(r"\s*ERROR_REASON_(\w+) = [1-9]", line):
            found[match[1]] = int(re.findall(r"HTTP\s*(?://\s*)?(\d{3})", comment)[-1])
            comment = ""
        else:
            comment = ""
    return found


@pytest.mark.parametrize("reason", list(ErrorReason))
def test_statuses_are_those_of_the_contract(reason: ErrorReason) -> None:
    answer = from_treadle_error(TreadleError(reason, "why"))

    assert answer.status_code == documented_statuses()[reason]
    assert answer.media_type == "application/problem+json"
    document = orjson.loads(answer.body)
    assert document["status"] == answer.status_code
    assert document["reason"] == reason
    assert document["type"] == f"urn:treadle:error:{reason.lower().replace('_', '-')}"


@pytest.mark.parametrize(
    ("after", "header"),
    [
        (None, "1"),
        (timedelta(0), "1"),
        (timedelta(seconds=1.2), "2"),
        (timedelta(minutes=2), "120"),
    ],
)
@pytest.mark.parametrize("reason", [ErrorReason.OVERLOADED, ErrorReason.DEPENDENCY_UNAVAILABLE])
def test_retry_after_is_whole_seconds(
    reason: ErrorReason, after: timedelta | None, header: str
) -> None:
    answer = from_treadle_error(TreadleError(reason, "later", retry_after=after))

    assert answer.headers["retry-after"] == header


def test_internal_errors_tell_nothing() -> None:
    violations = [FieldViolation("password", "hunter2")]
    error = TreadleError(
        ErrorReason.INTERNAL, "KeyError: 'x'", violations=violations, metadata={"sql": "SELECT"}
    )

    for answer in (from_treadle_error(error), unexpected()):
        text = bytes(answer.body).decode()
        assert answer.status_code == 500
        assert "KeyError" not in text
        assert "hunter2" not in text
        assert "SELECT" not in text


def test_violations_are_pointers_parameters_or_stored_fields() -> None:
    violations = [FieldViolation("name", "is taken"), FieldViolation("actions[x]", "is bad")]
    error = TreadleError(ErrorReason.VALIDATION_FAILED, "no", violations=violations)

    in_body = orjson.loads(from_treadle_error(error, BodyFields(frozenset({"name"}))).body)
    without = orjson.loads(from_treadle_error(error).body)

    assert in_body["errors"] == [
        {"pointer": "/name", "detail": "is taken"},
        {"field": "actions[x]", "detail": "is bad"},
    ]
    assert [set(e) for e in without["errors"]] == [{"parameter", "detail"}] * 2


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "NOT_FOUND"), (418, "MALFORMED_REQUEST"), (502, "INTERNAL")]
)
def test_what_the_framework_refuses(status: int, reason: str) -> None:
    assert orjson.loads(from_http_exception(HTTPException(status)).body)["reason"] == reason


def test_unknown_reasons_are_a_mistake() -> None:
    with pytest.raises(KeyError):
        problem("NO_SUCH_REASON", "x")
