"""The time as a dependency, so that every rule about time can be tested at any instant."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the current instant."""

    def now(self) -> datetime:
        """Return the current instant as an aware UTC datetime."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current instant as an aware UTC datetime."""
        return datetime.fromtimestamp(time.time(), UTC)


SYSTEM_CLOCK = SystemClock()


def rfc3339(instant: datetime) -> str:
    """An aware instant as JSON holds it, in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
