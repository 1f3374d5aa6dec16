"""Envelope encryption: what is sealed opens again, in its place, with the right keys, untouched."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_service.adapters.vault import Vault
from action_service.domain.credentials import UnreadableSecretError, binding, hint_of

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
ACCOUNT = uuid4()
PLACE = binding(ACCOUNT, "sendgrid", "default")
SECRET = b"SG.a-secret-of-some-length"


@given(st.binary(max_size=2_000))
def test_what_is_sealed_opens_again(secret: bytes) -> None:
    vault = Vault([OLD])
    key = vault.new_data_key(ACCOUNT, 1)
    sealed = vault.seal(key, secret, PLACE)
    assert vault.open(key, sealed, PLACE) == secret
    assert not secret or secret not in sealed.ciphertext or len(secret) < 8


def test_no_two_encryptions_are_alike() -> None:
    vault = Vault([OLD])
    key = vault.new_data_key(ACCOUNT, 1)
    sealed = [vault.seal(key, SECRET, PLACE) for _ in range(100)]
    assert len({each.nonce for each in sealed}) == len({each.ciphertext for each in sealed}) == 100
    assert vault.new_data_key(ACCOUNT, 1).wrapped != vault.new_data_key(ACCOUNT, 1).wrapped


@pytest.mark.parametrize(
    "place",
    [
        binding(uuid4(), "sendgrid", "default"),
        binding(ACCOUNT, "twilio", "default"),
        binding(ACCOUNT, "sendgrid", "other"),
        b"",
    ],
    ids=["another account", "another provider", "another name", "none"],
)
def test_moved_to_another_place_it_does_not_open(place: bytes) -> None:
    vault = Vault([OLD])
    key = vault.new_data_key(ACCOUNT, 1)
    with pytest.raises(UnreadableSecretError):
        vault.open(key, vault.seal(key, SECRET, PLACE), place)


def test_every_single_bit_counts() -> None:
    vault = Vault([OLD])
    key = vault.new_data_key(ACCOUNT, 1)
    sealed = vault.seal(key, SECRET, PLACE)
    for changed in flipped(sealed.ciphertext):
        with pytest.raises(UnreadableSecretError):
            vault.open(key, replace(sealed, ciphertext=changed), PLACE)
    for changed in flipped(sealed.nonce):
        with pytest.raises(UnreadableSecretError):
            vault.open(key, replace(sealed, nonce=changed), PLACE)
    for changed in flipped(key.wrapped):
        with pytest.raises(UnreadableSecretError):
            vault.open(replace(key, wrapped=changed), sealed, PLACE)


def flipped(data: bytes) -> list[bytes]:
    """Every text that differs in one bit."""
    number = int.from_bytes(data)
    return [(number ^ (1 << bit)).to_bytes(len(data)) for bit in range(8 * len(data))]


def test_a_data_key_belongs_to_its_account_and_version() -> None:
    vault = Vault([OLD])
    key = vault.new_data_key(ACCOUNT, 1)
    for stolen in (replace(key, account_id=uuid4()), replace(key, version=2)):
        with pytest.raises(UnreadableSecretError):
            vault.seal(stolen, SECRET, PLACE)


def test_rotation() -> None:
    before = Vault([OLD])
    key = before.new_data_key(ACCOUNT, 1)
    sealed = before.seal(key, SECRET, PLACE)

    during = Vault([NEW, OLD])
    assert during.open(key, sealed, PLACE) == SECRET
    rewrapped = during.rewrap(key)

    after = Vault([NEW])
    assert rewrapped.master_key_id == after.master_key_id != before.master_key_id
    assert after.open(rewrapped, sealed, PLACE) == SECRET
    with pytest.raises(UnreadableSecretError, match=key.master_key_id):
        after.open(key, sealed, PLACE)
    with pytest.raises(UnreadableSecretError):
        after.rewrap(key)


def test_the_name_of_a_master_key_tells_nothing_of_it() -> None:
    name = Vault([OLD]).master_key_id
    assert bytes.fromhex(name) not in OLD
    assert name == Vault([OLD, NEW]).master_key_id


def test_nothing_that_is_kept_shows_keys_or_secrets() -> None:
    vault = Vault([OLD])
    key = vault.new_data_key(ACCOUNT, 1)
    shown = repr((key, vault.seal(key, SECRET, PLACE)))
    assert "wrapped=" not in shown
    assert "ciphertext=" not in shown


@pytest.mark.parametrize(
    ("secret", "hint"), [("", ""), ("short", ""), ("x" * 15, ""), ("x" * 12 + "abcd", "abcd")]
)
def test_hints(secret: str, hint: str) -> None:
    assert hint_of(secret) == hint
