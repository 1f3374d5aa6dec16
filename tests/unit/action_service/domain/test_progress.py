"""What a result does to an execution."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from action_service.domain.plan import OnError, Plan, PlanStep
from action_service.domain.progress import (
    Completed,
    Decision,
    Deferred,
    Due,
    Failed,
    Outcome,
    Position,
    SendAgain,
    Skipped,
    Waiting,
    decide,
    lease_for,
    steps_from,
)
from action_service.domain.retry import ErrorClass, RetryTiming
from action_service.domain.states import ActionStatus, ExecutionState, IllegalTransitionError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def step(
    name: str,
    position: int,
    *,
    on_error: OnError = OnError.STOP,
    fallback: str | None = None,
    enabled: bool = True,
    branch: str | None = None,
) -> PlanStep:
    return PlanStep(
        id=name,
        action_type="add_tag",
        name=None,
        config={},
        position=position,
        branch_id=branch,
        is_enabled=enabled,
        on_error=on_error,
        fallback_action_id=fallback,
    )


def plan(*steps: PlanStep) -> Plan:
    return Plan("w", "Welcome", 1, steps)


def after(
    steps: Plan,
    at: str,
    outcome: Outcome,
    *,
    state: ExecutionState = ExecutionState.RUNNING,
    status: ActionStatus = ActionStatus.PENDING,
    retries: int = 0,
    paused: bool = False,
    max_retries: int | None = None,
) -> Decision:
    position = Position(steps, at, status, state, retries + 1, retries, paused, max_retries)
    return decide(position, outcome, now=NOW, timing=RetryTiming(), rng=Random(7))


LINE = plan(step("a", 1), step("b", 2), step("c", 3))


def test_a_completed_step_leads_to_the_next() -> None:
    decision = after(LINE, "a", Completed('{"x":1}', "SM1"))
    assert decision.status is ActionStatus.COMPLETED
    assert decision.state is ExecutionState.RUNNING
    assert decision.next_step == LINE.by_id["b"]
    assert (decision.output_json, decision.provider_reference) == ('{"x":1}', "SM1")


def test_the_last_step_completes_the_execution() -> None:
    decision = after(LINE, "c", Completed())
    assert decision.state is ExecutionState.COMPLETED
    assert decision.next_step is None


def test_a_skipped_step_keeps_its_reason_and_goes_on() -> None:
    decision = after(LINE, "a", Skipped("unsubscribed"))
    assert (decision.status, decision.reason) == (ActionStatus.SKIPPED, "unsubscribed")
    assert decision.next_step == LINE.by_id["b"]


def test_disabled_steps_are_passed_over_each_by_name() -> None:
    steps = plan(step("a", 1), step("b", 2, enabled=False), step("c", 3, enabled=False))
    decision = after(steps, "a", Completed())
    assert [s.id for s in decision.skipped] == ["b", "c"]
    assert decision.state is ExecutionState.COMPLETED


def test_the_first_step_may_be_disabled_or_missing() -> None:
    skipped, first = steps_from(plan(step("a", 1, enabled=False), step("b", 2)))
    assert ([s.id for s in skipped], first and first.id) == (["a"], "b")
    assert steps_from(plan(step("x", 1, branch="elsewhere"))) == ((), None)


def test_a_branch_ends_the_execution_at_its_end() -> None:
    steps = plan(step("a", 1), step("b", 2), step("x", 1, branch="other"))
    decision = after(steps, "x", Completed())
    assert decision.state is ExecutionState.COMPLETED


def test_a_wait_parks_the_execution_and_completes_later() -> None:
    until = NOW + timedelta(days=2)
    parked = after(LINE, "a", Waiting(until, "2 days"))
    assert (parked.status, parked.state) == (ActionStatus.WAITING, ExecutionState.WAITING)
    assert (parked.waits_until, parked.ends_attempt) == (until, False)
    due = after(LINE, "a", Completed(), state=ExecutionState.WAITING, status=ActionStatus.WAITING)
    assert (due.state, due.next_step) == (ExecutionState.RUNNING, LINE.by_id["b"])


def test_a_retryable_failure_is_put_off_and_logged() -> None:
    decision = after(LINE, "a", Failed(ErrorClass.RATE_LIMIT, "slow down"))
    assert decision.status is ActionStatus.SCHEDULED
    assert decision.again_at == NOW + timedelta(seconds=2)
    assert decision.spends_retry
    assert decision.ends_attempt
    assert decision.error == Failed(ErrorClass.RATE_LIMIT, "slow down")


def test_a_failure_after_the_last_retry_stops_the_execution_and_says_why() -> None:
    decision = after(LINE, "a", Failed(ErrorClass.RATE_LIMIT, "slow down"), retries=5)
    assert (decision.status, decision.state) == (ActionStatus.FAILED, ExecutionState.FAILED)
    assert decision.execution_reason == "slow down"
    assert decision.next_step is None


def test_an_actions_own_retry_limit_counts() -> None:
    failed = Failed(ErrorClass.SERVICE_UNAVAILABLE, "503")
    assert after(LINE, "a", failed, max_retries=0).status is ActionStatus.FAILED
    assert after(LINE, "a", failed, retries=3, max_retries=4).status is ActionStatus.SCHEDULED


def test_a_deferral_spends_no_retry() -> None:
    until = NOW + timedelta(hours=8)
    decision = after(LINE, "a", Deferred(until, "quiet hours until 09:00"))
    assert decision.status is ActionStatus.SCHEDULED
    assert (decision.again_at, decision.spends_retry, decision.ends_attempt) == (
        until,
        False,
        False,
    )
    assert decision.reason == "quiet hours until 09:00"


def test_on_error_continue_goes_on_with_the_next_step() -> None:
    steps = plan(step("a", 1, on_error=OnError.CONTINUE), step("b", 2))
    decision = after(steps, "a", Failed(ErrorClass.REJECTED, "no"))
    assert (decision.status, decision.state) == (ActionStatus.FAILED, ExecutionState.RUNNING)
    assert decision.next_step == steps.by_id["b"]


def test_on_error_fallback_jumps() -> None:
    steps = plan(step("a", 1, on_error=OnError.FALLBACK, fallback="c"), step("b", 2), step("c", 3))
    decision = after(steps, "a", Failed(ErrorClass.REJECTED, "no"))
    assert decision.next_step == steps.by_id["c"]


def test_an_ambiguous_outcome_is_kept_as_unknown_and_nothing_moves() -> None:
    decision = after(
        LINE, "a", Failed(ErrorClass.UNKNOWN_OUTCOME, "?"), status=ActionStatus.RUNNING
    )
    assert decision.unknown
    assert decision.status is ActionStatus.RUNNING
    assert decision.state is ExecutionState.RUNNING
    assert (decision.next_step, decision.again_at) == (None, None)


def test_a_paused_workflow_holds_the_next_step_but_records_the_result() -> None:
    decision = after(LINE, "a", Completed(), paused=True)
    assert decision.status is ActionStatus.COMPLETED
    assert (decision.state, decision.held) == (ExecutionState.PAUSED, True)
    assert decision.next_step == LINE.by_id["b"]
    last = after(LINE, "c", Completed(), paused=True)
    assert (last.state, last.held) == (ExecutionState.COMPLETED, False)


PAUSED = ExecutionState.PAUSED


@pytest.mark.parametrize(
    ("outcome", "status", "held"),
    [
        (Completed(), ActionStatus.COMPLETED, True),
        (Skipped("x"), ActionStatus.SKIPPED, True),
        (Waiting(NOW, "x"), ActionStatus.WAITING, False),
        (Deferred(NOW, "x"), ActionStatus.SCHEDULED, False),
        (Failed(ErrorClass.RATE_LIMIT, "x"), ActionStatus.SCHEDULED, False),
        (SendAgain("x"), ActionStatus.SCHEDULED, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Outcome) else None,
)
def test_what_a_paused_run_answers_is_recorded_and_lets_nothing_begin(
    outcome: Outcome, status: ActionStatus, *, held: bool
) -> None:
    decision = after(LINE, "a", outcome, state=PAUSED)
    assert (decision.status, decision.state, decision.held) == (status, PAUSED, held)
    assert not decision.dispatches


def test_a_paused_run_ends_with_the_answer_to_its_last_step() -> None:
    assert after(LINE, "c", Completed(), state=PAUSED).state is ExecutionState.COMPLETED
    failed = after(LINE, "a", Failed(ErrorClass.REJECTED, "no"), state=PAUSED)
    assert (failed.state, failed.execution_reason) == (ExecutionState.FAILED, "no")


def test_what_comes_due_in_a_paused_run_is_held_and_what_has_begun_is_looked_after() -> None:
    due = after(LINE, "a", Due(), state=PAUSED, status=ActionStatus.SCHEDULED)
    assert (due.status, due.state, due.held) == (ActionStatus.PENDING, PAUSED, True)
    assert not due.dispatches
    looked = after(LINE, "a", Due(), state=PAUSED, status=ActionStatus.WAITING)
    assert (looked.status, looked.state, looked.dispatches) == (ActionStatus.WAITING, PAUSED, True)


@pytest.mark.parametrize(
    "outcome",
    [
        Completed(),
        Failed(ErrorClass.INTERNAL, "x"),
        Failed(ErrorClass.RATE_LIMIT, "x"),
        Failed(ErrorClass.UNKNOWN_OUTCOME, "x"),
        Skipped("x"),
        Waiting(NOW, "x"),
        Deferred(NOW, "x"),
    ],
)
@pytest.mark.parametrize(
    "status",
    [ActionStatus.COMPLETED, ActionStatus.FAILED, ActionStatus.SKIPPED, ActionStatus.CANCELLED],
)
def test_nothing_changes_an_ended_step(status: ActionStatus, outcome: Outcome) -> None:
    with pytest.raises(IllegalTransitionError):
        after(LINE, "a", outcome, status=status)


def test_a_lease_covers_the_actions_own_timeout() -> None:
    assert lease_for(300) - lease_for(0) == timedelta(seconds=300)


def test_the_step_of_a_held_run_is_passed_over_and_the_run_stays_held() -> None:
    for paused in (True, False):
        decision = after(LINE, "a", Skipped("no need"), state=ExecutionState.PAUSED, paused=paused)
        assert decision.status is ActionStatus.SKIPPED
        assert decision.state is ExecutionState.PAUSED
        assert decision.next_step == LINE.by_id["b"]
        assert decision.held
