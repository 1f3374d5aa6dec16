"""How often the same thing may be asked for where nobody has to log in."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Final

_REMEMBERED: Final = 10_000


class RateLimit:
    """So many requests of one key within a window that begins with the first of them.

    Each gateway counts for itself. Of keys without end the latest are remembered.
    """

    def __init__(
        self, most: int, window: timedelta, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._window = window.total_seconds()
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def takes(self, key: str) -> bool:
        """Counts a request; False when it is one too many."""
        now = self._clock()
        began, count = self._seen.pop(key, (now, 0))
        if now - began >= self._window:
            began, count = now, 0
        self._seen[key] = (began, count + 1)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return count < self._most
