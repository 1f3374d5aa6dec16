"""An explanation in plain English: the one place where its words are made."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from action_service.domain.event_waits import WAIT_FOR_EVENT
from action_service.domain.execution import Pause
from action_service.domain.explanation.answer import (
    AwaitedEvent,
    ExplainedStep,
    Explanation,
    Reason,
    StepName,
    TimeoutOutcome,
)
from action_service.domain.peers import label_of
from action_service.domain.unknown_sends import explain as explain_unknown

_FREE: Final = "This spends no attempt."


def sentences(explained: Explanation) -> tuple[str, ...]:
    """The explanation, in the order in which it is read."""
    return tuple(_sentences(explained))


def _sentences(explained: Explanation) -> Iterator[str]:
    if explained.step is not None and not explained.execution.has_ended:
        yield _place(explained.step)
    yield from _WORDS[explained.reason](explained)
    if explained.is_overdue:
        yield _overdue(explained)
    yield from _failures(explained)
    if explained.dead_letter_id is not None:
        yield (
            "A message of the step was given up, and is kept: once its cause is mended, somebody"
            f" who may can replay or discard it (dead letter {explained.dead_letter_id})."
        )
    pause = explained.execution.pause
    if pause is not None and explained.reason is not Reason.PAUSED:
        yield f"{_paused_by(pause)}: what becomes due is held until somebody resumes it."
    paused = explained.is_workflow_paused and not explained.execution.has_ended
    if paused and explained.reason is not Reason.WORKFLOW_PAUSED:
        yield (
            f"Its workflow {_quoted(explained.workflow_name)} is paused: what becomes due is held"
            " until somebody resumes it."
        )


def _place(step: ExplainedStep) -> str:
    return f"The run has stood at {_step(step.named)} since {_instant(step.reached_at)}."


def _completed(explained: Explanation) -> Iterator[str]:
    last = _last(explained, "its last step was")
    yield f"The run completed at {_instant(explained.since)}{last}."
    if explained.ended_by_timeout:
        yield (
            "The event that the step waited for did not come in time, and the step is configured"
            " to end the run then."
        )


def _failed(explained: Explanation) -> Iterator[str]:
    yield f"The run failed at {_instant(explained.since)}{_last(explained, 'it failed at')}."
    if explained.last_error is None and explained.execution.reason:
        yield f"The reason: {_closed(explained.execution.reason)}"
    yield "It does not go on by itself."


def _cancelled(explained: Explanation) -> Iterator[str]:
    why = explained.execution.reason
    because = f": {_open(why)}" if why and why != "cancelled" else ""
    yield f"The run was cancelled at {_instant(explained.since)}{because}."
    if explained.step is not None:
        yield f"It stood at {_step(explained.step.named)} by then."


def _workflow_paused(explained: Explanation) -> Iterator[str]:
    yield (
        f"Its workflow {_quoted(explained.workflow_name)} is paused. The run goes on as soon as"
        " somebody resumes the workflow."
    )


def _paused(explained: Explanation) -> Iterator[str]:
    pause = explained.execution.pause
    if pause is not None:
        yield f"{_paused_by(pause)}."
    step = "it goes on" if explained.step is None else f"{_step(explained.step.named)} is run"
    yield f"When somebody resumes it, {step} within seconds."


def _paused_by(pause: Pause) -> str:
    why = f" ({_open(pause.reason)})" if pause.reason else ""
    return f"{pause.by} paused the run at {_instant(pause.at)}{why}"


def _waiting(explained: Explanation) -> Iterator[str]:
    yield f"It waits until {_due(explained)}{_by(explained)}."


def _waiting_for_event(explained: Explanation) -> Iterator[str]:
    event = explained.event
    if event is None:
        yield f"It waits for an event, until {_due(explained)} at most."
        return
    about = "" if event.related is None else f" about the message of {_step(event.related)}"
    yield f"It waits for the event {event.event_type} of the contact{about}."
    if event.ignores_automatic:
        yield _automatic(event)
    yield (f"If that has not come by {_due(explained)}{_by(explained)}, {_after_timeout(event)}.")


def _automatic(event: AwaitedEvent) -> str:
    rule = "Opens and clicks that programs make by themselves do not count"
    number, last_at = event.ignored.number, event.ignored.last_at
    if not number or last_at is None:
        return f"{rule}."
    came = "one has come" if number == 1 else f"{number} have come"
    return f"{rule}: {came}, {'' if number == 1 else 'the last one '}at {_instant(last_at)}."


def _after_timeout(event: AwaitedEvent) -> str:
    if event.timeout_outcome is TimeoutOutcome.END:
        return "the run ends"
    where = "" if event.following is None else f" with {_step(event.following)}"
    if event.timeout_outcome is TimeoutOutcome.BRANCH:
        branch = _quoted(event.timeout_branch_name or event.timeout_branch_id or "")
        if event.following is None:
            return f"the run takes the branch {branch}, which is empty, and so ends"
        return f"the run takes the branch {branch}"
    return f"the run goes on{where}" if where else "the run ends, as no step follows"


def _retrying(explained: Explanation) -> Iterator[str]:
    step = explained.step
    number = "The next attempt" if step is None else f"Attempt {step.attempt_number}"
    yield f"{number} is made at {_due(explained)}."


def _quiet_hours(explained: Explanation) -> Iterator[str]:
    yield f"Nobody may be reached now: it waits until {_due(explained)}{_by(explained)}. {_FREE}"


def _rate_limited(explained: Explanation) -> Iterator[str]:
    yield (
        f"The account makes as many calls to {_peer(explained)} as it may: it is tried again at"
        f" {_due(explained)}{_by(explained)}. {_FREE}"
    )


def _circuit_open(explained: Explanation) -> Iterator[str]:
    yield (
        f"Calls to {_peer(explained)} have failed so often that they are stopped for a while: it is"
        f" tried again at {_due(explained)}. {_FREE}"
    )


def _provider_paused(explained: Explanation) -> Iterator[str]:
    yield (
        f"{_peer(explained)} has asked for fewer calls: it is tried again at {_due(explained)}."
        f" {_FREE}"
    )


def _provider_slow(explained: Explanation) -> Iterator[str]:
    yield (
        f"{_peer(explained)} is slow, and as many calls to it are under way as may be: it is tried"
        f" again at {_due(explained)}. {_FREE}"
    )


def _service_away(explained: Explanation) -> Iterator[str]:
    yield f"A part of Treadle that the step needs did not answer{_said(explained)}."
    yield f"It is tried again at {_due(explained)}. {_FREE}"


def _put_off(explained: Explanation) -> Iterator[str]:
    yield f"It is put off until {_due(explained)}{_by(explained)}."


def _waiting_for_provider(explained: Explanation) -> Iterator[str]:
    yield (
        f"The provider has taken it and is not done yet{_said(explained)}. The run goes on when the"
        f" provider tells how it ended; if it has not by {_due(explained)}, it is asked."
    )


def _unknown_outcome(explained: Explanation) -> Iterator[str]:
    if explained.unknown_send is not None:
        yield explain_unknown(explained.unknown_send)
    else:
        yield "It is not known whether the provider has acted."


def _attempt_under_way(explained: Explanation) -> Iterator[str]:
    step = explained.step
    if step is None:
        return
    whom = "the scheduler" if step.named.action_type in _SCHEDULED else "an executor"
    yield f"Attempt {step.attempt_number} is handed out to {whom}, whose answer is awaited."
    if step.claimed_at is not None:
        yield f"It was given the right to call the provider at {_instant(step.claimed_at)}."
    if step.rings:
        yield f"It has been handed out again {_times(step.rings)}, as no answer had come."
    if step.lease_until is not None:
        yield f"Without an answer by {_instant(step.lease_until)} it is handed out once more."


def _waiting_for_turn(explained: Explanation) -> Iterator[str]:
    yield (
        "Many steps of its kind are queued already. It waits for its turn, which the accounts take"
        " one after the other."
    )


def _not_dispatched(explained: Explanation) -> Iterator[str]:
    step = explained.step
    number = "An attempt" if step is None else f"Attempt {step.attempt_number}"
    if step is not None and step.lease_until is not None:
        yield f"No answer has come by {_instant(step.lease_until)}."
    yield (
        f"{number} is to be handed out, which an engine does within seconds; if this lasts, no"
        " engine is running."
    )


def _overdue(explained: Explanation) -> str:
    if explained.reason is Reason.WAITING_FOR_PROVIDER:
        return "That has passed, and no word of it has come: the scheduler may be down or late."
    return (
        "That has passed, and the scheduler, which keeps the time, has not been heard of: it may be"
        " down or late. The engine hands the step to it once more, and nothing is lost."
    )


def _failures(explained: Explanation) -> Iterator[str]:
    error, retries = explained.last_error, explained.retries
    if error is None or explained.reason is Reason.UNKNOWN_OUTCOME:
        return
    what = f"{error.error_class}: {_closed(error.message)}"
    yield f"Attempt {error.attempt_number} failed with {what}"
    if retries is None:
        return
    if not retries.allowed:
        yield "Such an error is not retried."
        return
    yield (
        f"{retries.made} of {retries.allowed} retries"
        f" {'are made' if explained.execution.has_ended else 'are made or planned'},"
        f" {retries.left or 'none'} left."
    )
    if retries.next_backoff is not None and not explained.execution.has_ended:
        pause = _length(retries.next_backoff)
        yield f"After one more such error the next attempt comes within {pause}."


_SCHEDULED: Final = frozenset({"wait_time", "wait_until_date", WAIT_FOR_EVENT})
_WORDS: Final[Mapping[Reason, Callable[[Explanation], Iterator[str]]]] = MappingProxyType(
    {
        Reason.COMPLETED: _completed,
        Reason.FAILED: _failed,
        Reason.CANCELLED: _cancelled,
        Reason.WORKFLOW_PAUSED: _workflow_paused,
        Reason.PAUSED: _paused,
        Reason.WAITING_FOR_TIME: _waiting,
        Reason.WAITING_FOR_DATE: _waiting,
        Reason.WAITING_FOR_EVENT: _waiting_for_event,
        Reason.RETRYING: _retrying,
        Reason.QUIET_HOURS: _quiet_hours,
        Reason.RATE_LIMITED: _rate_limited,
        Reason.CIRCUIT_OPEN: _circuit_open,
        Reason.PROVIDER_PAUSED: _provider_paused,
        Reason.PROVIDER_SLOW: _provider_slow,
        Reason.SERVICE_AWAY: _service_away,
        Reason.PUT_OFF: _put_off,
        Reason.WAITING_FOR_PROVIDER: _waiting_for_provider,
        Reason.UNKNOWN_OUTCOME: _unknown_outcome,
        Reason.ATTEMPT_UNDER_WAY: _attempt_under_way,
        Reason.NOT_DISPATCHED: _not_dispatched,
        Reason.WAITING_FOR_TURN: _waiting_for_turn,
    }
)


def _last(explained: Explanation, what: str) -> str:
    return "" if explained.step is None else f"; {what} {_step(explained.step.named)}"


def _due(explained: Explanation) -> str:
    return (
        "an instant that the scheduler is working out anew"
        if explained.goes_on_at is None
        else _instant(explained.goes_on_at)
    )


def _by(explained: Explanation) -> str:
    """The rule that gave the instant."""
    return f", which is {explained.rule}" if explained.rule else _said(explained)


def _said(explained: Explanation) -> str:
    said = None if explained.step is None else explained.step.said
    return f" ({_open(said)})" if said else ""


def _peer(explained: Explanation) -> str:
    peer = "" if explained.hold is None else explained.hold.peer
    return label_of(peer) if peer else "the provider"


def _step(step: StepName) -> str:
    number = f"step {step.position}" if step.position else "a step"
    named = f"{number}, {_quoted(step.name)}" if step.name else number
    branch = "" if step.branch_id is None else f" of the branch {_quoted(step.branch_name or '?')}"
    return f"{named} ({step.action_type}){branch}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _length(duration: timedelta) -> str:
    seconds = duration.total_seconds()
    if seconds < 120:
        return f"{seconds:g} seconds"
    return f"{seconds / 60:g} minutes"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _open(text: str) -> str:
    """Without the full stop, to go into a sentence."""
    return text.rstrip(". ")


def _closed(text: str) -> str:
    return f"{_open(text)}."
