"""Decides what becomes of a message after it was accepted.

As told over `/outcomes`, per provider or per recipient, the narrower first; else as the recipient's
address says; else it arrives and is read. Addresses that say it: `bounce@simulator.test`,
`bounce+anything@simulator.test` and so on, and the numbers in `NUMBERS`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devstack.simulator.call import JsonObject

EMAIL_DOMAIN = "@simulator.test"


class Outcome(StrEnum):
    """What becomes of a message or a payment."""

    # It arrives, and is opened and clicked where that is tracked.
    READ = "read"
    DELIVERED = "delivered"
    # Accepted, and never heard of again.
    SILENT = "silent"
    # SMS; of a Messenger message an answer too.
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    REPLY = "reply"
    STOP = "stop"
    HELP = "help"
    # Email.
    BOUNCE = "bounce"
    BLOCKED = "blocked"
    DROPPED = "dropped"
    DEFERRED = "deferred"
    SPAM = "spam"
    UNSUBSCRIBE = "unsubscribe"
    # Calls: who answers, or why nobody does; FAILED is one of these too. MACHINE is of email too:
    # programs alone open it and follow its links.
    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"
    # Payments.
    DISPUTE = "dispute"


_ANY = frozenset({Outcome.READ, Outcome.DELIVERED, Outcome.SILENT})
_OF = {
    "twilio": _ANY
    | {Outcome.UNDELIVERED, Outcome.FAILED, Outcome.REPLY, Outcome.STOP, Outcome.HELP},
    "twilio_voice": _ANY
    | {Outcome.HUMAN, Outcome.MACHINE, Outcome.FAX}
    | {Outcome.BUSY, Outcome.NO_ANSWER, Outcome.CANCELED, Outcome.FAILED},
    "sendgrid": _ANY
    | {Outcome.BOUNCE, Outcome.BLOCKED, Outcome.DROPPED, Outcome.DEFERRED}
    | {Outcome.SPAM, Outcome.UNSUBSCRIBE, Outcome.MACHINE},
    "messenger": _ANY | {Outcome.REPLY},
    "stripe": _ANY | {Outcome.DISPUTE},
}

# Beside Twilio's own magic numbers, which are refused at once.
NUMBERS = {
    "+15005559001": Outcome.UNDELIVERED,
    "+15005559002": Outcome.FAILED,
    "+15005559003": Outcome.STOP,
    "+15005559004": Outcome.HELP,
    "+15005559005": Outcome.REPLY,
    "+15005559006": Outcome.SILENT,
    "+15005559011": Outcome.BUSY,
    "+15005559012": Outcome.NO_ANSWER,
    "+15005559013": Outcome.HUMAN,
    "+15005559014": Outcome.MACHINE,
    "+15005559015": Outcome.FAX,
    "+15005559016": Outcome.CANCELED,
}


class Wish(BaseModel):
    """Body of `POST /outcomes`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["sendgrid", "twilio", "twilio_voice", "messenger", "stripe"]
    outcome: Outcome
    to: str | None = Field(default=None, min_length=1, max_length=320)
    count: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _is_the_providers(self) -> "Wish":
        if self.outcome not in _OF[self.provider]:
            names = ", ".join(sorted(_OF[self.provider]))
            raise ValueError(f"outcome of {self.provider} must be one of: {names}")
        return self


@dataclass(slots=True)
class _Standing:
    wish: Wish
    remaining: int | None


class Outcomes:
    """The outcomes that were asked for."""

    def __init__(self) -> None:
        self._wishes: dict[tuple[str, str | None], _Standing] = {}

    def set(self, wish: Wish) -> None:
        """Ask for one."""
        to = wish.to.lower() if wish.to is not None else None
        self._wishes[(wish.provider, to)] = _Standing(wish, wish.count)

    def clear(self) -> None:
        """Everything arrives again."""
        self._wishes.clear()

    def describe(self) -> list[JsonObject]:
        """The wishes; one with nothing `remaining` is spent."""
        return [
            {**standing.wish.model_dump(mode="json"), "remaining": standing.remaining}
            for standing in self._wishes.values()
        ]

    def take(self, provider: str, to: str) -> Outcome:
        """What becomes of one message; counts it against the wish."""
        for key in ((provider, to.lower()), (provider, None)):
            standing = self._wishes.get(key)
            if standing is None or standing.remaining == 0:
                continue
            if standing.remaining is not None:
                standing.remaining -= 1
            return standing.wish.outcome
        return by_address(provider, to)


def by_address(provider: str, to: str) -> Outcome:
    """What the address says, when nobody has asked for an outcome."""
    said = NUMBERS.get(to, Outcome.READ)
    local, domain, _ = to.lower().partition(EMAIL_DOMAIN)
    if domain and (name := local.partition("+")[0]) in _OF.get(provider, ()):
        said = Outcome(name)
    return said if said in _OF.get(provider, ()) else Outcome.READ
