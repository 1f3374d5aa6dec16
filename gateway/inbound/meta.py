"""Meta's webhooks: HMAC-SHA256 over the raw bytes, and the handshake that subscribes us.

Source: Meta's "Webhooks: getting started" (verification requests, validating payloads).
"""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from gateway.inbound.signature import SignatureError, require_same

SIGNATURE: Final = "X-Hub-Signature-256"
# What is sent back is never more than what Meta sends.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")


def check(body: bytes, *, signature: str, app_secret: str) -> None:
    """Raises SignatureError unless Meta signed `body` for the app."""
    made = hmac.new(app_secret.encode(), body, sha256).hexdigest()
    require_same(f"sha256={made}", signature)


def answer(query: Mapping[str, str], *, verify_token: str) -> str:
    """What the subscription's GET is answered with. Raises SignatureError for a stranger's."""
    if query.get("hub.mode") != "subscribe":
        raise SignatureError("the request is no subscription")
    require_same(verify_token, query.get("hub.verify_token", ""))
    challenge = query.get("hub.challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise SignatureError("the challenge is missing or odd")
    return challenge
