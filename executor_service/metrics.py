"""What an executor counts."""

from collections import defaultdict
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from executor_service.domain.outcome import Outcome

_SECONDS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Tasks by outcome, their time, and what is in hand."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tasks = Counter(
            "treadle_executor_tasks",
            "Tasks that came to an outcome.",
            ("action_type", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "treadle_executor_task_seconds",
            "From taking up a task that calls another system to its outcome.",
            ("action_type",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_hand = Gauge(
            "treadle_executor_in_hand",
            "Tasks being run that call another system.",
            ("category",),
            registry=registry,
        )
        self._dead = Counter(
            "treadle_executor_dead_letters",
            "Tasks given up.",
            ("category",),
            registry=registry,
        )
        self._isolation = Gauge(
            "treadle_executor_code_isolation",
            "1 for how scripts of custom_code are isolated.",
            ("isolation",),
            registry=registry,
        )
        # Counted here first: the library's counters cost more than the rest of a small task.
        self._counts: defaultdict[tuple[str, type[Outcome]], int] = defaultdict(int)

    def finished(self, action_type: str, outcome: Outcome) -> None:
        """Counts a task; shown after `flush`."""
        self._counts[action_type, type(outcome)] += 1

    def flush(self) -> None:
        """Makes visible what was counted."""
        for (action_type, outcome), number in self._counts.items():
            self._tasks.labels(action_type, outcome.__name__.lower()).inc(number)
        self._counts.clear()

    def took(self, action_type: str, duration: timedelta) -> None:
        """Records how long a task that calls another system took."""
        self._seconds.labels(action_type).observe(duration.total_seconds())

    def in_hand(self, category: str, number: int) -> None:
        """Says how many tasks of a category are being run."""
        self._in_hand.labels(category).set(number)

    def isolated(self, isolation: str) -> None:
        """Says how scripts are isolated."""
        self._isolation.labels(isolation).set(1)

    def dead_letter(self, category: str) -> None:
        """Counts a task that was given up."""
        self._dead.labels(category).inc()
