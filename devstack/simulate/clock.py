"""Time that passes when it is told to."""

from datetime import datetime, timedelta


class VirtualClock:
    """A `Clock` that stands still between two calls of `advance_to`."""

    def __init__(self, start: datetime) -> None:
        """`start` is an aware instant in UTC."""
        self._now = start

    def now(self) -> datetime:
        """The virtual instant, aware, in UTC."""
        return self._now

    def advance_to(self, instant: datetime) -> None:
        """Goes on to `instant`; never back."""
        self._now = max(self._now, instant)

    def tick(self) -> None:
        """The least that passes between two things of which one comes after the other."""
        self._now += timedelta(microseconds=1)
