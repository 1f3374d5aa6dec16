"""What a planned wait is: its instant, and the rule that gave it."""

from dataclasses import dataclass
from datetime import datetime


class WaitError(ValueError):
    """The step cannot wait as it is configured; the message is for the workflow's editor."""


@dataclass(frozen=True, slots=True)
class Wait:
    """When a step goes on (aware UTC), and why then, in words."""

    due_at: datetime
    reason: str
