"""Configurations: what they point to, and what may be stored."""

from uuid import UUID

import pytest

from action_service.use_cases.action_configs import (
    Reference,
    redacted,
    references,
    spec_of,
    storing_violations,
)
from action_service.use_cases.checks import below, check_etag, text_violations
from common.catalogue import catalogue
from common.errors import ErrorReason, TreadleError

TEMPLATE = "550e8400-e29b-41d4-a716-446655440000"


def test_references_are_found_by_what_the_contract_says() -> None:
    spec = catalogue().get("send_email")
    assert references(spec, {"template_id": TEMPLATE, "subject": TEMPLATE}) == (
        Reference("template_id", "email_template", UUID(TEMPLATE)),
    )
    assert references(spec, {"template_id": "nonsense"}) == ()
    assert references(spec, {}) == ()
    assert references(catalogue().get("add_tag"), {"tag_name": TEMPLATE}) == ()


def test_every_kind_of_reference_in_the_catalogue_is_checked() -> None:
    kinds = {
        field.reference
        for spec in catalogue().types.values()
        for field in spec.config.fields.values()
        if field.reference is not None
    }
    assert kinds <= {"email_template", "workflow_action", "workflow_branch"}


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
