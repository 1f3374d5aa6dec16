"""What happens around a run: what a scenario file says, and what the command line says of it.

docs/simulate.md describes both for those who write one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from devstack.loading import FileError
from devstack.seeds.document import Contact

ProviderError: TypeAlias = Literal[
    "network_timeout",
    "rate_limit",
    "service_unavailable",
    "authentication",
    "rejected",
    "unknown_outcome",
    "line_busy",
]

_UNITS: Final[Mapping[str, timedelta]] = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_DURATION: Final = re.compile(r"(?:[0-9]{1,6}[wdhms])+")
_PART: Final = re.compile(r"([0-9]+)([wdhms])")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactEntry(Contact):
    """Whom the workflow is walked for: a contact as seeds have it, perhaps without an email."""

    email: str = ""


class AccountEntry(_Strict):
    """The account's settings, as far as steps depend on them."""

    name: str = "Example"
    timezone: str = "UTC"
    currency: str = "USD"
    postal_address: str = ""
    explicit_consent_channels: tuple[Literal["email", "sms", "voice", "messenger"], ...] = ()


class EventEntry(_Strict):
    """Something that the contact does, or another system tells of."""

    when: str
    type: str
    of: str | None = None
    data: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class ChangeEntry(_Strict):
    """Fields of the contact that somebody changes, by the names that update_contact has."""

    when: str
    set: dict[str, JsonValue] = Field(min_length=1)


class FailureEntry(_Strict):
    """Calls of a step, or of all steps of a type, that go wrong before others go well."""

    step: str
    error: ProviderError
    times: int = Field(default=1, ge=1, le=1000)
    retry_after: str | None = None


class AnswerEntry(_Strict):
    """What the other side of a webhook answers."""

    status: int = Field(default=200, ge=200, le=599)
    body: JsonValue = None


class Scenario(_Strict):
    """A scenario file."""

    start: str | None = None
    until: str | None = None
    seed: int = 1
    contact: ContactEntry | None = None
    account: AccountEntry = AccountEntry()
    # What templates read as `event`, of a run that an event has started.
    event: dict[str, JsonValue] | None = None
    event_types: tuple[str, ...] = ()
    events: tuple[EventEntry, ...] = ()
    changes: tuple[ChangeEntry, ...] = ()
    failures: tuple[FailureEntry, ...] = ()
    answers: dict[str, AnswerEntry] = Field(default_factory=dict[str, AnswerEntry])
    outputs: dict[str, dict[str, JsonValue]] = Field(
        default_factory=dict[str, dict[str, JsonValue]]
    )


@dataclass(frozen=True, slots=True)
class When:
    """An instant, or so long after the start or after a step; `place` says where that stands."""

    place: str
    at: datetime | None = None
    step: str | None = None
    delay: timedelta = timedelta()

    def after(self, start: datetime, steps: Mapping[str, datetime]) -> datetime | None:
        """The instant; None while its step has not been there yet."""
        if self.at is not None:
            return self.at
        base = start if self.step is None else steps.get(self.step)
        return None if base is None else base + self.delay


def read_when(text: str, place: str) -> When:
    """`2d`, `1h30m`, `offer+2h`, or an instant of ISO 8601 with its offset. Raises FileError."""
    step, plus, delay = text.rpartition("+")
    if _DURATION.fullmatch(delay.strip()) and not (plus and not step.strip()):
        return When(place, step=step.strip() or None, delay=duration(delay, place))
    return When(place, at=instant(text, place))


def duration(text: str, place: str) -> timedelta:
    """So long: numbers with w, d, h, m or s. Raises FileError."""
    if _DURATION.fullmatch(text.strip()) is None:
        raise FileError(f"{place}: {text!r} is no duration such as 2d, 90s or 1h30m")
    parts = ((int(count), _UNITS[unit]) for count, unit in _PART.findall(text))
    return sum((count * unit for count, unit in parts), timedelta())


def instant(text: str, place: str) -> datetime:
    """An instant of ISO 8601, in UTC. Raises FileError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise FileError(
            f"{place}: {text!r} is neither a duration such as 2d, nor one after a step such as"
            " offer+2h, nor an instant such as 2026-03-07T18:00:00Z"
        ) from None
    if found.tzinfo is None:
        raise FileError(
            f"{place}: {text!r} does not say in which zone; add Z or an offset such as -05:00"
        )
    return found.astimezone(UTC)
