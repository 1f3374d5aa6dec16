"""The signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com), symmetric scheme.

A receiver takes a message when any of the signatures is right, so that a secret can be changed
while both are in use.
"""

import binascii
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what secrets begin with
SHORTEST_KEY: Final = 24
LONGEST_KEY: Final = 64

_NEW_KEY_BYTES: Final = 32
_SYMMETRIC: Final = "v1"


def new_secret() -> str:
    """A secret that nobody has seen, as `whsec_…`."""
    return SECRET_PREFIX + b64encode(os.urandom(_NEW_KEY_BYTES)).decode("ascii")


def key_of(secret: str) -> bytes:
    """The bytes that a secret stands for. Raises ValueError when it is none."""
    wanted = f"must be {SECRET_PREFIX} and {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64"
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(wanted)
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(wanted) from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(wanted)
    return key


def signed_headers(
    secrets: Sequence[str], message_id: str, at: datetime, body: bytes
) -> dict[str, str]:
    """The headers that go with `body`; `secrets` are one, or two while the secret is changed.

    `message_id` is the same however often the message is sent, `at` is when it is.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode("ascii"), body))
    signatures = (
        b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode("ascii")
        for secret in secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"{_SYMMETRIC},{each}" for each in signatures),
    }
