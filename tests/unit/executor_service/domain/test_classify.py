"""Error classes: every kind of failed call, for senders that can and cannot be repeated."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor_service.domain.classify import (
    MAX_RETRY_AFTER,
    CallError,
    CredentialsMissingError,
    DeclinedError,
    NoAnswerError,
    NotSentError,
    RefusedError,
    classify,
    error_class_of,
    parse_retry_after,
)
from executor_service.domain.outcome import ErrorClass

NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "claimed", "expected"),
    [
        (NotSentError("no connection"), True, ErrorClass.NETWORK_TIMEOUT),
        (NotSentError("no connection"), False, ErrorClass.NETWORK_TIMEOUT),
        (NoAnswerError("read timeout"), True, ErrorClass.UNKNOWN_OUTCOME),
        (NoAnswerError("read timeout"), False, ErrorClass.NETWORK_TIMEOUT),
        (CredentialsMissingError("X is not set"), True, ErrorClass.AUTHENTICATION),
        (RefusedError(401), True, ErrorClass.AUTHENTICATION),
        (RefusedError(403), False, ErrorClass.AUTHENTICATION),
        (RefusedError(429), True, ErrorClass.RATE_LIMIT),
        (RefusedError(500), True, ErrorClass.SERVICE_UNAVAILABLE),
        (RefusedError(503), True, ErrorClass.SERVICE_UNAVAILABLE),
        (RefusedError(599), False, ErrorClass.SERVICE_UNAVAILABLE),
        (RefusedError(408), False, ErrorClass.NETWORK_TIMEOUT),
        (RefusedError(400), True, ErrorClass.REJECTED),
        (RefusedError(422), False, ErrorClass.REJECTED),
        (RefusedError(302), False, ErrorClass.REJECTED),
        # What its code says goes before what the status does.
        (RefusedError(400, error_class=ErrorClass.RATE_LIMIT), False, ErrorClass.RATE_LIMIT),
        (DeclinedError("there is no card"), False, ErrorClass.REJECTED),
        (DeclinedError("there is no card"), True, ErrorClass.REJECTED),
    ],
)
def test_classes(error: CallError, *, claimed: bool, expected: ErrorClass) -> None:
    failed = classify(error, peer="Twilio", claimed=claimed, now=NOW)
    assert failed.error_class is expected
    assert "Twilio" in failed.message


@given(st.integers(300, 599))
def test_an_answer_is_never_an_unknown_outcome(status: int) -> None:
    assert error_class_of(status) is not ErrorClass.UNKNOWN_OUTCOME


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("0", timedelta(0)),
        (" 120 ", timedelta(seconds=120)),
        ("9" * 400, MAX_RETRY_AFTER),
        ("Wed, 04 Mar 2026 11:01:30 GMT", timedelta(seconds=90)),
        ("Wed, 04 Mar 2026 12:01:30 +0100", timedelta(seconds=90)),
        ("Wed, 04 Mar 2026 10:00:00 GMT", timedelta(0)),
        ("Fri, 04 Mar 2050 10:00:00 GMT", MAX_RETRY_AFTER),
    ],
)
def test_retry_after(value: str | None, expected: timedelta | None) -> None:
    assert parse_retry_after(value, now=NOW) == expected


@given(st.text())
def test_retry_after_is_a_wait_or_nothing_whatever_was_sent(value: str) -> None:
    wait = parse_retry_after(value, now=NOW)
    assert wait is None or timedelta(0) <= wait <= MAX_RETRY_AFTER


def test_retry_after_counts_only_where_waiting_helps() -> None:
    refused = RefusedError(400, retry_after="5")
    assert classify(refused, peer="x", claimed=False, now=NOW).retry_after is None
    limited = RefusedError(429, retry_after="5")
    assert classify(limited, peer="x", claimed=False, now=NOW).retry_after == timedelta(seconds=5)


def test_detail_is_one_short_line() -> None:
    refused = RefusedError(400, detail="bad\n number" + "!" * 1000)
    message = classify(refused, peer="Twilio", claimed=True, now=NOW).message
    assert message.startswith("Twilio answered 400 Bad Request: bad number!")
    assert "\n" not in message
    assert len(message) < 400
