from datetime import timedelta

from common.errors import (
    ErrorReason,
    FieldViolation,
    TreadleError,
    dependency_unavailable,
    invalid,
    malformed,
    not_found,
)
from treadle.errors.v1 import error_reason_pb2


def test_reasons_are_exactly_those_of_the_contract() -> None:
    names = [value.name for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values]
    declared = {name.removeprefix("ERROR_REASON_") for name in names} - {"UNSPECIFIED"}
    assert {reason.value for reason in ErrorReason} == declared
    assert all(reason.name == reason.value for reason in ErrorReason)


def test_a_record_of_another_account_and_a_missing_one_read_the_same() -> None:
    error = not_found("workflow", "0190")
    assert (error.reason, error.message) == (ErrorReason.NOT_FOUND, "no workflow 0190")
    assert error.metadata == {"entity": "workflow", "id": "0190"}


def test_all_violations_are_kept_and_the_first_few_are_in_the_message() -> None:
    error = invalid(FieldViolation(f"config.f{n}", "is wrong") for n in range(5))
    assert error.reason is ErrorReason.VALIDATION_FAILED
    assert [v.field for v in error.violations] == [f"config.f{n}" for n in range(5)]
    assert str(error) == (
        "config.f0: is wrong; config.f1: is wrong; config.f2: is wrong; and 2 more"
    )


def test_a_malformed_field_is_named() -> None:
    error = malformed("workflow_id", "is not a UUID")
    assert error.violations == (FieldViolation("workflow_id", "is not a UUID"),)
    assert repr(error) == "TreadleError(MALFORMED_REQUEST, 'workflow_id: is not a UUID')"


def test_passing_trouble_says_when_to_come_back() -> None:
    error: TreadleError = dependency_unavailable("the database", timedelta(seconds=2))
    assert error.retry_after == timedelta(seconds=2)
    assert error.metadata == {"dependency": "the database"}
