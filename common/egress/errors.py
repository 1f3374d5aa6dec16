"""How a guarded call fails, told apart by whether the other side may have acted on it.

No message names an address: what a name resolves to inside our network is not the user's to learn.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a call was not made at all."""

    MALFORMED_URL = "malformed_url"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    HOST = "host"
    PORT = "port"
    ADDRESS = "address"
    METHOD = "method"
    HEADER = "header"


class Phase(StrEnum):
    """How far a call had come. In `CONNECT`, nothing of the request has been sent."""

    CONNECT = "connect"
    READ = "read"


class EgressError(Exception):
    """A guarded call did not bring an answer."""


class EgressRefused(EgressError):  # noqa: N818 - says what happened; the guard's word is no defect
    """The policy forbids the call; the message, fit for the user, says what would be allowed."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EgressTimeout(EgressError):  # noqa: N818 - the established name for this condition
    """The deadline passed. After `Phase.READ` the other side may have acted."""

    def __init__(self, phase: Phase) -> None:
        super().__init__(f"timed out in phase {phase}")
        self.phase = phase


class EgressConnectError(EgressError):
    """No connection: not resolved, refused, unreachable, or no valid TLS. Nothing was sent."""


class EgressResponseError(EgressError):
    """The request was sent, wholly or in part, and no readable answer came back."""


class ResponseTooLarge(EgressError):  # noqa: N818 - the answer came, and is no error of ours
    """The answer came, but its body exceeds the limit. The other side has acted."""

    def __init__(self, status: int, max_bytes: int) -> None:
        super().__init__(f"the response is larger than {max_bytes} bytes")
        self.status = status
        self.max_bytes = max_bytes
