"""How many calls an account may make to a provider, and whether it makes sense to make any.

Two machines in one state. A rate limit in the form of GCRA (ITU-T I.371): one instant, up to which
the calls granted so far would last at the limit's pace; it may lie ahead by a burst. And a circuit
breaker:

    closed --too many calls failed--> open --its time is over--> half open --probes passed--> closed
                                        ^------------a probe failed-----------'

An *epoch* is a stay in one of these. Permits carry it, and what becomes of calls counts in it only:
an answer that comes minutes late says nothing of how the provider is now.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

NO_TIME: Final = timedelta(0)
# For how long permits are good: as long as a change takes to reach every executor.
LEASE: Final = timedelta(seconds=1)
# When a provider wants fewer calls and does not say for how long, and the longest it may ask for.
SHORT_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
# Held back calls of a key without a limit come back at this distance.
_SPACING: Final = timedelta(milliseconds=5)
# Who would have to wait longer than this beyond the first instant is not put at the end of the row.
_LONGEST_ROW: Final = timedelta(minutes=10)
_SECOND: Final = timedelta(seconds=1)


class CircuitState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class HoldReason(StrEnum):
    """Why calls have to wait."""

    FAILING = "failing"
    PROBING = "probing"
    PAUSED = "paused"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls a second, 0 for any number, and how many may be made at once."""

    per_second: int
    burst: int

    @property
    def interval(self) -> timedelta:
        """Between two calls at the limit's pace."""
        return _SECOND / self.per_second


@dataclass(frozen=True, slots=True)
class CircuitRules:
    """When a circuit opens and closes."""

    # Failures count for this long, give or take half of it.
    window: timedelta = timedelta(seconds=30)
    # Fewer calls than these say nothing.
    min_calls: int = 20
    failure_ratio: float = 0.5
    # The first time; each time in a row twice as long.
    open_for: timedelta = timedelta(seconds=10)
    longest_open: timedelta = timedelta(minutes=5)
    # Calls in the half-open state at a time; as many have to be answered.
    probes: int = 3
    # A probe that has not been answered by then was lost with its executor.
    probe_timeout: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Where an account's calls to one provider stand. Counts are of the window's two halves."""

    state: CircuitState = CircuitState.CLOSED
    epoch: int = 0
    changed_at: datetime | None = None
    open_until: datetime | None = None
    trips: int = 0
    window_at: datetime | None = None
    successes: int = 0
    failures: int = 0
    earlier_successes: int = 0
    earlier_failures: int = 0
    last_error: str = ""
    probes_out: int = 0
    probes_passed: int = 0
    probes_until: datetime | None = None
    paused_until: datetime | None = None
    # The calls granted so far last until then at the limit's pace.
    spent_until: datetime | None = None
    # Calls that were held back come back until then.
    row_until: datetime | None = None

    def counts(self, rules: CircuitRules, now: datetime) -> tuple[int, int]:
        """Answered and failed calls of the window that ends now."""
        rolled = _rolled(self, rules, now)
        return (
            rolled.successes + rolled.earlier_successes,
            rolled.failures + rolled.earlier_failures,
        )


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of calls that were made in one epoch."""

    epoch: int
    successes: int = 0
    failures: int = 0
    last_error: str = ""
    throttled: int = 0
    retry_after: timedelta | None = None
    unused: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """Calls that wait for a permit, and calls that are expected within the lease."""

    waiting: int
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Why and until when calls wait: the first until `not_before`, each next `spacing` longer."""

    reason: HoldReason
    not_before: datetime
    spacing: timedelta


@dataclass(frozen=True, slots=True)
class Answer:
    """Permits for so many calls; a hold when there are fewer than calls that wait."""

    granted: int
    epoch: int
    hold: Hold | None = None


def report(traffic: Traffic, outcomes: Outcomes, rules: CircuitRules, now: datetime) -> Traffic:
    """The state after so much is known of calls."""
    if outcomes.throttled:
        pause = min(outcomes.retry_after or SHORT_PAUSE, LONGEST_PAUSE)
        traffic = replace(traffic, paused_until=_later(traffic.paused_until, now + pause))
    if outcomes.epoch != traffic.epoch:
        return traffic
    match traffic.state:
        case CircuitState.CLOSED:
            return _report_closed(traffic, outcomes, rules, now)
        case CircuitState.HALF_OPEN:
            return _report_probes(traffic, outcomes, rules, now)
        case CircuitState.OPEN:
            return traffic


def acquire(
    traffic: Traffic, wish: Wish, limit: Limit, rules: CircuitRules, now: datetime
) -> tuple[Traffic, Answer]:
    """The state after a wish is answered, and the answer."""
    traffic = _half_opened(traffic, now)
    free, _, _ = _free(traffic, limit, rules, now)
    granted = min(wish.waiting, free)
    if traffic.state is CircuitState.CLOSED:
        # No executor gets all that is left for calls that have yet to come.
        spare = free - granted
        granted += min(wish.ahead, spare // 2 if limit.per_second else spare)
    traffic = _granted(traffic, granted, limit, rules, now)
    left = wish.waiting - granted
    if left <= 0:
        return traffic, Answer(granted, traffic.epoch)
    _, reason, earliest = _free(traffic, limit, rules, now)
    traffic, hold = _held(traffic, left, reason, max(earliest, now), limit)
    return traffic, Answer(granted, traffic.epoch, hold)


def reset(traffic: Traffic, now: datetime) -> Traffic:
    """Closed, and nothing is held against the provider any more."""
    return Traffic(epoch=traffic.epoch + 1, changed_at=now, spent_until=traffic.spent_until)


def _report_closed(
    traffic: Traffic, outcomes: Outcomes, rules: CircuitRules, now: datetime
) -> Traffic:
    traffic = _rolled(traffic, rules, now)
    traffic = replace(
        traffic,
        successes=traffic.successes + outcomes.successes,
        failures=traffic.failures + outcomes.failures,
        last_error=outcomes.last_error or traffic.last_error,
    )
    successes, failures = traffic.counts(rules, now)
    calls = successes + failures
    if not outcomes.failures or calls < rules.min_calls or failures < rules.failure_ratio * calls:
        return traffic
    in_a_row = traffic.changed_at is not None and now - traffic.changed_at < rules.longest_open
    return _opened(traffic, traffic.trips + 1 if in_a_row else 1, outcomes, rules, now)


def _report_probes(
    traffic: Traffic, outcomes: Outcomes, rules: CircuitRules, now: datetime
) -> Traffic:
    if outcomes.failures:
        failed = replace(traffic, last_error=outcomes.last_error)
        return _opened(failed, traffic.trips + 1, outcomes, rules, now)
    passed = traffic.probes_passed + outcomes.successes
    if passed >= rules.probes:
        return replace(
            _in_new_epoch(traffic, CircuitState.CLOSED, now),
            # It may come back at once who has waited for this.
            row_until=None,
        )
    back = outcomes.successes + outcomes.throttled + outcomes.unused
    return replace(traffic, probes_passed=passed, probes_out=max(0, traffic.probes_out - back))


def _opened(
    traffic: Traffic, trips: int, outcomes: Outcomes, rules: CircuitRules, now: datetime
) -> Traffic:
    stay = min(rules.open_for * 2 ** min(trips - 1, 16), rules.longest_open)
    if outcomes.retry_after is not None:
        stay = max(stay, min(outcomes.retry_after, LONGEST_PAUSE))
    return replace(
        _in_new_epoch(traffic, CircuitState.OPEN, now), trips=trips, open_until=now + stay
    )


def _half_opened(traffic: Traffic, now: datetime) -> Traffic:
    """Half open when the time of an open circuit is over."""
    is_open = traffic.state is CircuitState.OPEN
    if not is_open or (traffic.open_until is not None and now < traffic.open_until):
        return traffic
    return _in_new_epoch(traffic, CircuitState.HALF_OPEN, now)


def _in_new_epoch(traffic: Traffic, state: CircuitState, now: datetime) -> Traffic:
    return replace(
        traffic,
        state=state,
        epoch=traffic.epoch + 1,
        changed_at=now,
        open_until=None,
        window_at=None,
        successes=0,
        failures=0,
        earlier_successes=0,
        earlier_failures=0,
        probes_out=0,
        probes_passed=0,
        probes_until=None,
    )


def _free(
    traffic: Traffic, limit: Limit, rules: CircuitRules, now: datetime
) -> tuple[int, HoldReason, datetime]:
    """How many calls may be made now; why no more, and the earliest instant for the next."""
    if traffic.state is CircuitState.OPEN and traffic.open_until is not None:
        return 0, HoldReason.FAILING, traffic.open_until
    if traffic.paused_until is not None and now < traffic.paused_until:
        return 0, HoldReason.PAUSED, traffic.paused_until
    within_limit, next_at = _within_limit(traffic, limit, now)
    if traffic.state is CircuitState.HALF_OPEN:
        lost = traffic.probes_until is not None and now >= traffic.probes_until
        out = 0 if lost else traffic.probes_out
        probes = max(0, rules.probes - traffic.probes_passed - out)
        if probes <= within_limit:
            return probes, HoldReason.PROBING, now + _SECOND
    return within_limit, HoldReason.LIMITED, next_at


def _within_limit(traffic: Traffic, limit: Limit, now: datetime) -> tuple[int, datetime]:
    if not limit.per_second:
        return 2**31 - 1, now
    spent_until = _later(traffic.spent_until, now)
    room = now + limit.interval * limit.burst - spent_until
    free = max(0, room // limit.interval)
    return free, spent_until - limit.interval * (limit.burst - 1)


def _granted(
    traffic: Traffic, number: int, limit: Limit, rules: CircuitRules, now: datetime
) -> Traffic:
    if not number:
        return traffic
    if limit.per_second:
        spent_until = _later(traffic.spent_until, now) + limit.interval * number
        traffic = replace(traffic, spent_until=spent_until)
    if traffic.state is CircuitState.HALF_OPEN:
        lost = traffic.probes_until is not None and now >= traffic.probes_until
        traffic = replace(
            traffic,
            probes_out=number + (0 if lost else traffic.probes_out),
            probes_until=now + rules.probe_timeout,
        )
    return traffic


def _held(
    traffic: Traffic, number: int, reason: HoldReason, earliest: datetime, limit: Limit
) -> tuple[Traffic, Hold]:
    """Puts calls at the end of the row of those that come back."""
    spacing = max(limit.interval, _SPACING) if limit.per_second else _SPACING
    first = _later(traffic.row_until, earliest)
    if first > earliest + _LONGEST_ROW:
        first = earliest
    return replace(traffic, row_until=first + spacing * number), Hold(reason, first, spacing)


def _rolled(traffic: Traffic, rules: CircuitRules, now: datetime) -> Traffic:
    """The counts with those left out that are too old."""
    half = rules.window / 2
    if traffic.window_at is None or now - traffic.window_at >= 2 * half:
        return replace(
            traffic,
            window_at=now,
            successes=0,
            failures=0,
            earlier_successes=0,
            earlier_failures=0,
        )
    if now - traffic.window_at < half:
        return traffic
    return replace(
        traffic,
        window_at=traffic.window_at + half,
        successes=0,
        failures=0,
        earlier_successes=traffic.successes,
        earlier_failures=traffic.failures,
    )


def _later(known: datetime | None, other: datetime) -> datetime:
    return other if known is None else max(known, other)
