"""What an executor counts."""

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
            "From taking a task up to its outcome.",
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
        # `labels` locks and looks up on every call; this runs for every task.
        self._children: dict[tuple[str, type[Outcome]], tuple[Counter, Histogram]] = {}

    def finished(self, action_type: str, outcome: Outcome, took: timedelta) -> None:
        """Counts a task."""
        key = (action_type, type(outcome))
        children = self._children.get(key)
        if children is None:
            children = (
                self._tasks.labels(action_type, type(outcome).__name__.lower()),
                self._seconds.labels(action_type),
            )
            self._children[key] = children
        children[0].inc()
        children[1].observe(took.total_seconds())

    def in_hand(self, category: str, number: int) -> None:
        """Says how many tasks of a category are being run."""
        self._in_hand.labels(category).set(number)

    def dead_letter(self, category: str) -> None:
        """Counts a task that was given up."""
        self._dead.labels(category).inc()
