"""What an attempt came to, as plain values.

Handlers answer with one of these; how they look on the wire is `executor_service.wire`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonScalar: TypeAlias = bool | int | float | str | None


class ErrorClass(StrEnum):
    """Why an attempt failed; the engine's retry policy is keyed by it (SPEC-WFL-003 R7.2)."""

    NETWORK_TIMEOUT = "network_timeout"
    RATE_LIMIT = "rate_limit"
    SERVICE_UNAVAILABLE = "service_unavailable"
    AUTHENTICATION = "authentication"
    INVALID_CONFIG = "invalid_config"
    REJECTED = "rejected"
    UNKNOWN_OUTCOME = "unknown_outcome"
    INTERNAL = "internal"
    LINE_BUSY = "line_busy"


class UpdateMode(StrEnum):
    """How a change meets the value that is there."""

    SET = "set"
    APPEND = "append"
    INCREMENT = "increment"


@dataclass(frozen=True, slots=True)
class AddTag:
    """Give the contact a tag; the tag is created, with the colour, when the account lacks it."""

    contact_id: str
    tag_name: str
    tag_color: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a contact (a built-in one or `custom_fields.<name>`) and its operand."""

    field: str
    value: JsonScalar


@dataclass(frozen=True, slots=True)
class UpdateContact:
    """Change fields of the contact, all in the same mode."""

    contact_id: str
    mode: UpdateMode
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class RecordChange:
    """Do what the action's configuration says, now that it is rendered."""

    action_type: str
    # The message of the action's configuration.
    config: object


Effect: TypeAlias = AddTag | UpdateContact | RecordChange


def _no_output() -> dict[str, JsonValue]:
    return {}


@dataclass(frozen=True, slots=True)
class Completed:
    """Done. The effects are committed by the engine together with the step."""

    output: Mapping[str, JsonValue] = field(default_factory=_no_output)
    effects: tuple[Effect, ...] = ()
    provider_reference: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Did not work. `message` is for users: no secret, no stack, nothing of another account."""

    error_class: ErrorClass
    message: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rightly not done, and the run goes on."""

    reason: str
    # The number that the provider sends nothing to, as it has answered STOP.
    opted_out: str = ""


class HoldCause(StrEnum):
    """Why a step is held back."""

    QUIET_HOURS = "quiet_hours"
    RATE_LIMIT = "rate_limit"
    CIRCUIT_OPEN = "circuit_open"
    PROVIDER_PAUSE = "provider_pause"
    PROVIDER_SLOW = "provider_slow"
    SERVICE_AWAY = "service_away"


class ZoneSource(StrEnum):
    """Whose time zone counts."""

    CONTACT = "contact"
    ACCOUNT = "account"
    PHONE_NUMBER = "phone_number"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds a step back, for programs.

    `zones` are IANA names; `hours` are quiet hours as `HH:MM-HH:MM`, or the law's in words.
    """

    cause: HoldCause
    peer: str = ""
    zones: tuple[str, ...] = ()
    zone_source: ZoneSource | None = None
    hours: str = ""
    per_second: int = 0


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now, but from `not_before` (aware) on; the attempt is not spent."""

    not_before: datetime
    reason: str
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken it and is not done; to be looked after at `look_again_at` (aware)."""

    provider_reference: str
    look_again_at: datetime
    reason: str


class Finding(StrEnum):
    """What a provider says of a message that may have been sent."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Found:
    """A message that the provider has, and what the action that sent it would have put out."""

    reference: str
    output: Mapping[str, JsonValue] = field(default_factory=_no_output)


@dataclass(frozen=True, slots=True)
class Looked:
    """A provider was asked for the message of `attempt_id`; likeliest messages first."""

    attempt_id: str
    finding: Finding
    note: str
    found: tuple[Found, ...] = ()


Outcome: TypeAlias = Completed | Failed | Skipped | Deferred | Accepted | Looked
