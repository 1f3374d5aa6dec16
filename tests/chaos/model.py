"""What a run of the suite is about: the workflows that are run, and what is known to have happened.

Plain values without behaviour, so that the checker can be tested with histories made by hand.
Instants are seconds since 1970, by the clock of whoever wrote them down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A step of a workflow and what it does to its contact's counters each time it completes."""

    name: str
    action_type: str
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    effects: Mapping[str, int] = field(default_factory=dict[str, int])
    provider: str = ""
    """Whom it calls, as the simulator names them; nobody when empty."""
    on_error: str = "stop"
    fallback: str = ""
    """The step to go on with after a failure, with `on_error` `fallback`."""
    branch: tuple["PlanStep", ...] = ()
    """What is run in place of all that follows when a wait's time is up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A workflow."""

    name: str
    steps: tuple[PlanStep, ...]
    started_by_tag: str = ""
    """The tag that starts it when a contact gets it."""
    started_by_payment: bool = False
    """Whether each payment of a contact starts it."""

    @property
    def started_by_event(self) -> bool:
        """Whether events start it; customers start the others."""
        return self.started_by_payment or self.started_by_tag != ""


class Fate(StrEnum):
    """What a customer knows of a request to start runs."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """It may have been carried out, and was not asked again until that was known."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to start a run for each of some contacts, however often it was made."""

    id: str
    plan: str
    contacts: tuple[str, ...]
    fate: Fate
    runs: tuple[str, ...] = ()
    """As answered."""


@dataclass(frozen=True, slots=True)
class Run:
    """An execution as the database has it."""

    id: str
    plan: str
    contact: str
    state: str
    request: str | None
    """The request that started it; None for one that an event started."""
    started: float
    ended: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An action execution as the database has it."""

    id: str
    run: str
    name: str
    status: str
    created: float
    started: float | None
    ended: float | None
    attempt_number: int = 1
    retries: int = 0
    outcome: str | None = None
    error_class: str | None = None
    ended_by: str | None = None
    """Of a wait: `event` or `timeout`."""
    call_outcome: str | None = None
    """What became of its telephone call."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A finished attempt as the database has it."""

    id: str
    step: str
    number: int
    error_class: str | None = None
    reference: str | None = None
    """The provider's id of what it has accepted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a step's attempt in the ledger."""

    attempt: str
    step: str
    at: float


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider has accepted, as it says itself; `key` is a step's id, or a delivery's."""

    provider: str
    key: str
    attempt: str | None
    at: float
    id: str = ""
    """The provider's own."""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that a step brought about beside its own work."""

    id: str
    step: str
    channel: str
    status: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A send that is listed as of unknown outcome, or was; `key` as of a call."""

    key: str
    state: str
    resolution: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is known of a run of the suite once it has come to rest."""

    plans: tuple[Plan, ...]
    requests: tuple[Request, ...] = ()
    cancelled: frozenset[str] = frozenset()
    """The runs that customers have asked to cancel."""
    runs: tuple[Run, ...] = ()
    steps: tuple[Step, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    claims: tuple[Claim, ...] = ()
    calls: tuple[Call, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """Of each contact: numbers in custom fields, and how many notes it has."""
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Of each contact."""
    busy: frozenset[str] = frozenset()
    """The telephone numbers that are busy whenever they are called."""
    broken: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Rules about rows that do not hold, and the rows: `tests.support.e2e_books`."""
    left: Mapping[str, int] = field(default_factory=dict[str, int])
    """What is left to do: messages by stream, timers, events and deliveries that wait."""
    misbehaved: tuple[str, ...] = ()
    """Services that ended by themselves, or did not end when asked to."""


def customer_of(contact: str) -> str:
    """The id of a contact at Stripe."""
    return f"cus_{contact}"
