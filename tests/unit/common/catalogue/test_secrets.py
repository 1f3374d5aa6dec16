"""Secrets of configurations never leave."""

from typing import Any

from common.catalogue import SECRET_MASK, catalogue
from tests.unit.common.catalogue.cases import VALID

SPEC = catalogue().get("webhook_call")
STORED: dict[str, Any] = VALID["webhook_call"] | {
    "auth_type": "basic",
    "auth_config": {"username": "ann", "password": "hunter2"},
}


def test_secrets_are_known() -> None:
    assert SPEC.secrets == ("auth_config.password", "auth_config.token", "auth_config.key")
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


def test_a_mask_of_nothing_is_refused() -> None:
    update = STORED | {
        "auth_type": "bearer",
        "auth_config": {"token": SECRET_MASK},
    }
    whole = SPEC.restore_secrets(update, STORED)
    assert [v.field for v in SPEC.validate(whole).violations] == ["auth_config.token"]
