"""Secrets of configurations never leave."""

from typing import Any

import pytest

from common.catalogue import SECRET_MASK, catalogue, is_credential_header
from tests.unit.common.catalogue.cases import VALID

SPEC = catalogue().get("webhook_call")
STORED: dict[str, Any] = VALID["webhook_call"] | {
    "auth_type": "basic",
    "auth_config": {"username": "ann", "password": "hunter2"},
}


def test_secrets_are_known() -> None:
    assert SPEC.secrets == (
        "headers[]",
        "auth_config.password",
        "auth_config.token",
        "auth_config.key",
    )
    assert catalogue().get("send_email").secrets == ()


def test_secrets_are_masked() -> None:
    shown = SPEC.redact(STORED)
    assert shown["auth_config"] == {"username": "ann", "password": SECRET_MASK}
    assert STORED["auth_config"]["password"] == "hunter2", "the original is left alone"
    assert SPEC.redact(VALID["webhook_call"]) == VALID["webhook_call"]
    assert SPEC.redact({"auth_config": "not an object"}) == {"auth_config": "not an object"}


def test_the_mask_keeps_what_is_stored() -> None:
    update = SPEC.redact(STORED) | {"timeout_seconds": 5}
    assert SPEC.restore_secrets(update, STORED) == STORED | {"timeout_seconds": 5}


def test_a_new_secret_replaces_the_stored_one() -> None:
    update = STORED | {"auth_config": {"username": "bob", "password": "new"}}
    assert SPEC.restore_secrets(update, STORED) == update


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Cookie",
        "X-API-Key",
        "apikey",
        "Api_Key",
        "X-Auth-Token",
        "X-Auth",
        "X-Shopify-Access-Token",
        "Ocp-Apim-Subscription-Key",
        "x-functions-key",
        "X-Client-Secret",
        "X-Hub-Signature-256",
    ],
)
def test_headers_that_carry_credentials(name: str) -> None:
    stored = STORED | {"headers": {name: "s3cret", "X-Plan": "gold"}}
    assert sorted(SPEC.secret_values(stored)) == ["hunter2", "s3cret"]
    shown = SPEC.redact(stored)
    assert shown["headers"] == {name: SECRET_MASK, "X-Plan": "gold"}
    assert SPEC.restore_secrets(shown, stored) == stored
    # Names of headers are the same in any case (RFC 9110 section 5.1).
    shown["headers"] = {name.swapcase(): SECRET_MASK}
    assert SPEC.restore_secrets(shown, stored)["headers"] == {name.swapcase(): "s3cret"}


@pytest.mark.parametrize(
    "name", ["Content-Type", "Idempotency-Key", "X-Request-Id", "X-Author", "Accept", "X-Plan-Key"]
)
def test_headers_that_do_not(name: str) -> None:
    assert not is_credential_header(name)


def test_what_has_merge_fields_is_no_secret() -> None:
    stored = STORED | {"headers": {"Authorization": "Bearer {{ contact.custom_fields.token }}"}}
    assert SPEC.redact(stored)["headers"] == stored["headers"]


@pytest.mark.parametrize(
    ("old", "new", "is_kept"),
    [
        ("https://a.example/x", "https://A.example/y?z={{ contact.id }}", True),
        ("https://a.example/x", "https://b.example/x", False),
        ("https://a.example/x", "http://a.example/x", False),
        ("https://a.example/x", "https://a.example:8443/x", False),
        ("https://a.example/x", "https://a.example.evil.example/x", False),
        ("https://a.example/x", "https://a.example{{ contact.id }}/x", False),
        ("https://a.example/x", "https://a.example\\@evil.example/x", False),
        ("https://a.example/x", "{{ contact.custom_fields.url }}", False),
        ("https://a.example/x", None, False),
        (
            "https://{{ contact.id | slice: '/' }}.a.example/x",
            "https://{{ contact.id | slice: '/",
            False,
        ),
        ("https://{{ contact.id }}.a.example/x", "https://{{ contact.id }}.a.example/x", True),
        (None, "https://a.example/x", True),
    ],
)
def test_a_secret_stays_with_the_host_it_was_set_for(
    old: str | None, new: str | None, *, is_kept: bool
) -> None:
    secrets = {"auth_config": {"token": "s3cret"}, "headers": {"Cookie": "s3cret"}}
    stored = {**secrets, "url": old}
    given = {**SPEC.redact(stored), "url": new}
    whole = SPEC.restore_secrets(given, stored)
    assert whole == ({**secrets, "url": new} if is_kept else given)


def test_blank_is_no_secret() -> None:
    stored = STORED | {"auth_config": {"username": "ann", "password": " "}}
    assert SPEC.redact(stored) == stored
    assert SPEC.secret_values(stored) == []


def test_a_mask_of_nothing_is_refused() -> None:
    update = STORED | {
        "auth_type": "bearer",
        "auth_config": {"token": SECRET_MASK},
    }
    whole = SPEC.restore_secrets(update, STORED)
    assert [v.field for v in SPEC.validate(whole).violations] == ["auth_config.token"]
    assert [
        v.field for v in SPEC.validate(STORED | {"headers": {"Cookie": SECRET_MASK}}).violations
    ] == ["headers.Cookie"]
