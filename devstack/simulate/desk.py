"""In the providers' place: writes down what would be handed over, or fails as the scenario says."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from action_service.domain.plan import Json, PlanStep
from devstack.loading import FileError
from devstack.simulate.scenario import AnswerEntry, FailureEntry, ProviderError, duration
from devstack.simulate.timeline import Doing, Timeline
from executor_service.domain.classify import CallError, NoAnswerError, NotSentError, RefusedError

_SIMULATED: Final = "as the scenario has it"
_ERRORS: Final[Mapping[ProviderError, Callable[[str | None], CallError]]] = {
    "network_timeout": lambda _: NotSentError(_SIMULATED),
    "rate_limit": lambda after: RefusedError(429, retry_after=after, detail=_SIMULATED),
    "service_unavailable": lambda after: RefusedError(503, retry_after=after, detail=_SIMULATED),
    "authentication": lambda _: RefusedError(401, detail=_SIMULATED),
    "rejected": lambda _: RefusedError(400, detail=_SIMULATED),
    "unknown_outcome": lambda _: NoAnswerError(_SIMULATED),
}


class Desk:
    """Where every call to another system ends."""

    def __init__(
        self,
        timeline: Timeline,
        step_of: Callable[[str], PlanStep],
        failures: Sequence[FailureEntry],
        answers: Mapping[str, AnswerEntry],
    ) -> None:
        """`step_of` knows the step of an action execution."""
        self._timeline = timeline
        self._step_of = step_of
        self._failures = [_Failing(entry) for entry in failures]
        self._answers = answers
        self._handed_over = 0
        # The action execution whose step is being run.
        self.current = ""

    def hand_over(self, doing: Doing) -> str:
        """Takes what a step does; the id that it gets there. Raises CallError."""
        failing = self._failing(busy=False)
        if failing is not None:
            raise failing.error()
        self._timeline.does(self.current, doing)
        self._handed_over += 1
        return f"simulated-{self._handed_over}"

    def is_busy(self) -> bool:
        """Whether the line of a call is busy."""
        return self._failing(busy=True) is not None

    def answer(self) -> AnswerEntry:
        """What the other side of a webhook answers."""
        step = self._step_of(self.current)
        return self._answers.get(step.name or "") or AnswerEntry()

    def unused(self) -> list[str]:
        """Failures of the scenario that no call has met."""
        return [failing.words() for failing in self._failures if failing.left]

    def _failing(self, *, busy: bool) -> "_Failing | None":
        step = self._step_of(self.current)
        for failing in self._failures:
            if failing.hits(step, busy=busy):
                failing.left -= 1
                return failing
        return None


class _Failing:
    """A failure of the scenario, and how often it is still to happen."""

    def __init__(self, entry: FailureEntry) -> None:
        self._entry = entry
        self.left = entry.times

    def hits(self, step: PlanStep, *, busy: bool) -> bool:
        """Whether it is a call of this step that fails so."""
        is_busy = self._entry.error == "line_busy"
        meant = self._entry.step in (step.name, step.action_type)
        return bool(self.left) and meant and busy is is_busy

    def error(self) -> CallError:
        """What the call raises."""
        after = self._entry.retry_after
        seconds = None if after is None else str(round(_seconds(after)))
        return _ERRORS[self._entry.error](seconds)

    def words(self) -> str:
        """For people."""
        return f"{self.left} x {self._entry.error} of {self._entry.step}"


def check_failure(entry: FailureEntry, place: str) -> None:
    """Raises FileError for what cannot be meant."""
    if entry.retry_after is None:
        return
    if duration(entry.retry_after, f"{place}.retry_after") > timedelta(days=1):
        raise FileError(f"{place}.retry_after: no provider is waited for longer than a day")


def _seconds(text: str) -> float:
    return duration(text, "retry_after").total_seconds()


def message(summary: str, **details: Json) -> Doing:
    """A message, a call or a payment; what is empty is left out."""
    return Doing(summary, {name: value for name, value in details.items() if value})
