"""Whom accounts' steps call: providers by their names, and the hosts of webhooks."""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Final

from action_service.domain.traffic import Hold, HoldReason, Limit

WEBHOOK: Final = "webhook"
# The names of providers for people.
PROVIDERS: Final[Mapping[str, str]] = {
    "sendgrid": "SendGrid",
    "twilio": "Twilio",
    "twilio_voice": "Twilio Voice",
    "facebook": "Messenger",
    "stripe": "Stripe",
}
MAX_PEER: Final = 262

_HOST: Final = re.compile(r"[a-z0-9._:-]{1,253}")


def is_peer(peer: str) -> bool:
    """Whether it is the name of a provider, or `webhook:` and a host."""
    kind, _, host = peer.partition(":")
    return peer in PROVIDERS or (kind == WEBHOOK and _HOST.fullmatch(host) is not None)


def kind_of(peer: str) -> str:
    """The provider, or `webhook` for any host: whose default limit holds."""
    return peer.partition(":")[0]


def label_of(peer: str) -> str:
    """The peer's name for people."""
    return PROVIDERS.get(peer) or peer.partition(":")[2]


def words(peer: str, hold: Hold, limit: Limit) -> str:
    """Why a step waits, for those who look at it."""
    label = label_of(peer)
    until = f"{hold.not_before.astimezone(UTC):%H:%M:%S} UTC"
    match hold.reason:
        case HoldReason.FAILING:
            return f"{label} is failing: calls are paused until {until}"
        case HoldReason.PROBING:
            return f"{label} was failing: a few calls are made to see whether it works again"
        case HoldReason.PAUSED:
            return f"{label} has asked for fewer calls: they are paused until {until}"
        case HoldReason.LIMITED:
            return f"limit of {limit.per_second} calls a second to {label} for this account"
