"""SPEC-WFL-003 R7.1 and R7.2 for each type of action: how often it is tried, and what follows."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from action_service.domain.plan import OnError, Plan, PlanStep
from action_service.domain.progress import Decision, Failed, Position, decide
from action_service.domain.retry import ErrorClass, RetryTiming
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.engine.writing import retry_limit
from common.catalogue import catalogue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Of those that are retried at all, unless the action's own configuration says otherwise.
RETRIES = {
    ErrorClass.NETWORK_TIMEOUT: 3,
    ErrorClass.RATE_LIMIT: 5,
    ErrorClass.SERVICE_UNAVAILABLE: 3,
}
# The scheduler either can plan a wait or never will.
WAITS = {"wait_time", "wait_until_date", "wait_for_event"}
# Its max_retries is 3 by default, for whatever it is that may be retried.
OWN_LIMIT = {"webhook_call": 3}
TYPES = sorted(catalogue().types)
CLASSES = [each for each in ErrorClass if each is not ErrorClass.UNKNOWN_OUTCOME]


def expected_retries(action_type: str, error_class: ErrorClass) -> int:
    if action_type in WAITS or error_class not in RETRIES:
        return 0
    return OWN_LIMIT.get(action_type, RETRIES[error_class])


def plan_of(action_type: str, on_error: OnError) -> Plan:
    """The step under test, one after it and one to fall back on."""

    def step(name: str, position: int, kind: str, does: OnError = OnError.STOP) -> PlanStep:
        config = catalogue().get(kind).defaults()
        fallback = "fallback" if does is OnError.FALLBACK else None
        return PlanStep(name, kind, None, config, position, None, True, does, fallback)

    return Plan(
        "w",
        "Welcome",
        1,
        (
            step("it", 1, action_type, on_error),
            step("next", 2, "add_tag"),
            step("fallback", 3, "add_note"),
        ),
    )


def fail(plan: Plan, failed: Failed, retries: int) -> Decision:
    at = Position(
        plan,
        "it",
        ActionStatus.PENDING,
        ExecutionState.RUNNING,
        attempt_number=retries + 1,
        retry_count=retries,
        workflow_paused=False,
        max_retries=retry_limit(plan, "it", failed.error_class),
    )
    return decide(at, failed, now=NOW, timing=RetryTiming(), rng=Random(1))


@pytest.mark.parametrize("on_error", list(OnError))
@pytest.mark.parametrize("action_type", TYPES)
def test_each_failure_is_retried_as_often_as_the_table_says_and_then_ends_as_it_is_told(
    action_type: str, on_error: OnError
) -> None:
    plan = plan_of(action_type, on_error)
    for error_class in CLASSES:
        failed = Failed(error_class, "no")
        expected = expected_retries(action_type, error_class)
        for retries in range(expected):
            again = fail(plan, failed, retries)
            # An attempt that is logged with its error, and another one.
            assert (again.status, again.ends_attempt, again.error, again.spends_retry) == (
                ActionStatus.SCHEDULED,
                True,
                failed,
                True,
            ), error_class
            assert again.again_at is not None
            assert again.next_step is None
        end = fail(plan, failed, expected)
        assert (end.status, end.ends_attempt, end.error, end.again_at) == (
            ActionStatus.FAILED,
            True,
            failed,
            None,
        ), error_class
        following = {
            OnError.STOP: (ExecutionState.FAILED, None, "no"),
            OnError.CONTINUE: (ExecutionState.RUNNING, plan.by_id["next"], None),
            OnError.FALLBACK: (ExecutionState.RUNNING, plan.by_id["fallback"], None),
        }[on_error]
        assert (end.state, end.next_step, end.execution_reason) == following, error_class


@pytest.mark.parametrize("action_type", TYPES)
def test_an_ambiguous_outcome_is_tried_again_by_no_action(action_type: str) -> None:
    for on_error in OnError:
        plan = plan_of(action_type, on_error)
        decision = fail(plan, Failed(ErrorClass.UNKNOWN_OUTCOME, "no answer"), 0)
        assert decision.unknown
        assert (decision.again_at, decision.next_step) == (None, None)
        assert decision.state is ExecutionState.RUNNING


def test_retries_of_a_line_that_is_busy_are_the_configurations() -> None:
    plan = plan_of("send_voicemail", OnError.STOP)
    busy = Failed(ErrorClass.LINE_BUSY, "busy")
    plan.by_id["it"].config.update(retry_on_busy=True, max_retries=2)
    assert [fail(plan, busy, retries).again_at for retries in range(3)] == [
        NOW + timedelta(minutes=5),
        NOW + timedelta(minutes=5),
        None,
    ]


def test_a_webhook_is_tried_again_as_its_configuration_says() -> None:
    plan = plan_of("webhook_call", OnError.STOP)
    limited = Failed(ErrorClass.RATE_LIMIT, "slow down", retry_after=timedelta(minutes=20))
    config = plan.by_id["it"].config
    config.update(max_retries=1)
    # Retry-After is waited for, however much longer than our own delays.
    assert [fail(plan, limited, retries).again_at for retries in range(2)] == [
        NOW + timedelta(minutes=20),
        None,
    ]
    config.update(retry_on_failure=False)
    assert fail(plan, limited, 0).again_at is None
