"""By what rule a step does not go on before an instant: of whoever has put it off, in data.

The scheduler says it of waits, executors of what they hold back. It is kept beside the instant, so
that an execution can be explained while none of them can be asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from action_service.domain.plan import Json


class HoldCause(StrEnum):
    """Why a step does not go on before an instant."""

    CLOCK = "clock"
    QUIET_HOURS = "quiet_hours"
    RATE_LIMIT = "rate_limit"
    CIRCUIT_OPEN = "circuit_open"
    PROVIDER_PAUSE = "provider_pause"
    PROVIDER_SLOW = "provider_slow"
    SERVICE_AWAY = "service_away"
    OPERATOR = "operator"


class ZoneSource(StrEnum):
    """Whose time zone counts."""

    CONTACT = "contact"
    ACCOUNT = "account"
    CONFIGURED = "configured"
    PHONE_NUMBER = "phone_number"
    DEFAULT = "default"


class ClockChange(StrEnum):
    """What a change of the clock did to a wall time."""

    GAP = "gap"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Hold:
    """The rule.

    `zones` are IANA names. `hours` are quiet hours, as `HH:MM-HH:MM` or as the law's rule in words.
    """

    cause: HoldCause
    zones: tuple[str, ...] = ()
    zone_source: ZoneSource | None = None
    clock_change: ClockChange | None = None
    peer: str = ""
    hours: str = ""
    per_second: int = 0

    def to_json(self) -> dict[str, Json]:
        """As stored; what is not said is left out."""
        stored: dict[str, Json] = {
            "cause": self.cause.value,
            "zones": list(self.zones),
            "zone_source": self.zone_source,
            "clock_change": self.clock_change,
            "peer": self.peer,
            "hours": self.hours,
            "per_second": self.per_second,
        }
        return {name: value for name, value in stored.items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Hold":
        """What `to_json` made."""
        source, change = stored.get("zone_source"), stored.get("clock_change")
        return cls(
            cause=HoldCause(cast("str", stored["cause"])),
            zones=tuple(cast("list[str]", stored.get("zones", []))),
            zone_source=None if source is None else ZoneSource(cast("str", source)),
            clock_change=None if change is None else ClockChange(cast("str", change)),
            peer=cast("str", stored.get("peer", "")),
            hours=cast("str", stored.get("hours", "")),
            per_second=cast("int", stored.get("per_second", 0)),
        )
