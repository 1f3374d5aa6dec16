"""What a planned wait is: its instant, and the rule that gave it."""

from dataclasses import dataclass
from datetime import datetime

from scheduler_service.domain.zones import Adjustment, ChosenZone


class WaitError(ValueError):
    """The step cannot wait as it is configured; the message is for the workflow's editor."""


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock that a wait goes by: its zone, and what a change of it did to the wall time."""

    chosen: ChosenZone
    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class Wait:
    """When a step goes on (aware UTC), and why then, in words.

    `clock` is None where the instant is exact in whatever zone. `set_by_operator` says that it
    comes in place of what the step's rule gives.
    """

    due_at: datetime
    reason: str
    clock: WallClock | None = None
    set_by_operator: bool = False
