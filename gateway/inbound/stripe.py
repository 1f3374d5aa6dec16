"""Stripe's `Stripe-Signature`: HMAC-SHA256 over the timestamp and the raw bytes.

Source: Stripe's "Verify webhook signatures manually". Unlike its SDK, a signature from the future
is refused as well: a clock that far off makes the tolerance mean nothing.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from gateway.inbound.signature import SignatureError

SIGNATURE: Final = "Stripe-Signature"
TOLERANCE: Final = timedelta(minutes=5)
_SCHEME: Final = "v1"
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


def check(body: bytes, *, signature: str, secret: str, now: datetime) -> None:
    """Raises SignatureError unless Stripe signed `body`, no more than TOLERANCE from `now`.

    While a secret is rolled there is a signature with each; one that is good is enough.
    """
    items = [item.partition("=") for item in signature.split(",")]
    times = [value for name, _, value in items if name == "t"]
    given = [value for name, _, value in items if name == _SCHEME]
    whole = all(name and value for name, _, value in items)
    if not whole or len(times) != 1 or not _SECONDS.fullmatch(times[0]) or not given:
        raise SignatureError("the header has not one time and a signature")
    made = hmac.new(secret.encode(), times[0].encode() + b"." + body, sha256).hexdigest()
    same = [hmac.compare_digest(made.encode(), each.encode()) for each in given]
    if not any(same):
        raise SignatureError("the signature is another one")
    if abs(now - datetime.fromtimestamp(int(times[0]), UTC)) > TOLERANCE:
        raise SignatureError("the signature is too far from now")
