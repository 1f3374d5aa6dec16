"""The one way to call a URL that a user supplied, without being turned against our own network.

A webhook's URL is chosen by a stranger: it may name a loopback service, a cloud's metadata address,
a name that resolves to one of these, or to a public address first and an inner one a moment later.
`GuardedClient` resolves a name once, judges every address it got, and connects to a judged address
only. It follows no redirects, reads no proxy settings, and bounds time and size of the whole call.
"""

from common.egress.client import EgressPolicy, GuardedClient
from common.egress.connection import EgressResponse
from common.egress.errors import (
    EgressConnectError,
    EgressError,
    EgressRefused,
    EgressResponseError,
    EgressTimeout,
    Phase,
    Refusal,
    ResponseTooLarge,
)

__all__ = [
    "EgressConnectError",
    "EgressError",
    "EgressPolicy",
    "EgressRefused",
    "EgressResponse",
    "EgressResponseError",
    "EgressTimeout",
    "GuardedClient",
    "Phase",
    "Refusal",
    "ResponseTooLarge",
]
