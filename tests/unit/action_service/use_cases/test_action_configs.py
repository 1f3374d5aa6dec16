"""Configurations: what may be stored."""

import pytest

from action_service.use_cases.action_configs import (
    redacted,
    spec_of,
    storing_violations,
)
from action_service.use_cases.checks import below, check_etag, text_violations
from common.catalogue import catalogue
from common.errors import ErrorReason, TreadleError


def test_what_may_be_stored() -> None:
    spec = catalogue().get("send_sms")
    config = {"message": "{{ contact.first_name"}
    strict = storing_violations(spec, config, allow_incomplete=False)
    assert {v.field for v in strict} == {"config.message", "config.from_number"}
    lenient = storing_violations(spec, config, allow_incomplete=True)
    assert {v.field for v in lenient} == {"config.message"}


def test_an_unknown_type_is_told_what_it_could_be() -> None:
    with pytest.raises(TreadleError, match="send_email") as refused:
        spec_of("send_emial")
    assert refused.value.reason is ErrorReason.VALIDATION_FAILED
    assert redacted("send_emial", {"password": "x"}) == {}


@pytest.mark.parametrize(
    ("path", "field", "expected"),
    [
        ("config", "", "config"),
        ("config", "subject", "config.subject"),
        ("config", '["a b"]', 'config["a b"]'),
    ],
)
def test_paths(path: str, field: str, expected: str) -> None:
    assert below(path, field) == expected


def test_etags() -> None:
    check_etag("action", "x", 3, "")
    check_etag("action", "x", 3, "r3")
    for stale in ("r2", "3", "*", "r33"):
        with pytest.raises(TreadleError) as refused:
            check_etag("action", "x", 3, stale)
        assert refused.value.reason is ErrorReason.STALE_ETAG


@pytest.mark.parametrize(
    ("value", "is_wrong"),
    [("x", False), ("", True), (" ", True), ("x" * 11, True), ("a\nb", True), ("a\0", True)],
)
def test_texts(value: str, is_wrong: bool) -> None:
    found = list(text_violations("name", value, max_length=10, required=True))
    assert bool(found) is is_wrong
