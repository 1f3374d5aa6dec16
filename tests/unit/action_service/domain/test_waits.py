"""What operators may do to a step, whichever way it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from action_service.domain.event_waits import heard_types, moves_instant
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Json, PlanStep
from action_service.domain.progress import Completed, Due, Skipped
from action_service.domain.reopening import Failure, check_reopening, nothing_done
from action_service.domain.retry import ErrorClass
from action_service.domain.states import ActionStatus
from action_service.domain.waits import (
    HELD_BACK,
    PLANNED,
    SteeringError,
    StepState,
    WaitKind,
    check_rearm,
    ended_words,
    fired,
    passed_over,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP = StepState(
    id=uuid4(),
    execution_id=uuid4(),
    attempt_id=uuid4(),
    action_type="send_sms",
    status=ActionStatus.PENDING,
    is_unknown=False,
    has_failed_before=False,
    completed_at=None,
    reason=None,
    is_current=True,
    is_handed_out=True,
)


@pytest.mark.parametrize(
    ("action_type", "status", "has_failed", "kind"),
    [
        ("wait_time", ActionStatus.WAITING, False, WaitKind.TIME),
        ("wait_until_date", ActionStatus.WAITING, False, WaitKind.DATE),
        ("wait_for_event", ActionStatus.WAITING, False, WaitKind.EVENT),
        ("make_call", ActionStatus.WAITING, False, WaitKind.CALL),
        ("send_sms", ActionStatus.SCHEDULED, True, WaitKind.RETRY),
        ("send_sms", ActionStatus.SCHEDULED, False, WaitKind.DEFERRAL),
        ("wait_time", ActionStatus.PENDING, False, None),
        ("send_sms", ActionStatus.RUNNING, False, None),
        ("wait_time", ActionStatus.COMPLETED, False, None),
    ],
)
def test_what_a_step_waits_for(
    action_type: str, status: ActionStatus, has_failed: bool, kind: WaitKind | None
) -> None:
    step = replace(STEP, action_type=action_type, status=status, has_failed_before=has_failed)
    assert step.kind is kind
    assert replace(step, is_current=False).kind is None


@pytest.mark.parametrize("kind", list(WaitKind))
def test_firing(kind: WaitKind) -> None:
    if kind in PLANNED:
        assert fired(kind, NOW) == Completed('{"waited_until": "2026-03-01T12:00:00Z"}')
    else:
        assert fired(kind, NOW) == Due()


@pytest.mark.parametrize("kind", list(WaitKind))
def test_arming_anew(kind: WaitKind) -> None:
    for due_at in (None, NOW, NOW + timedelta(seconds=1)):
        is_refused = (
            kind is WaitKind.CALL
            or (due_at is None and kind in HELD_BACK)
            or (due_at is not None and due_at <= NOW)
        )
        if is_refused:
            with pytest.raises(SteeringError, match="fire the wait"):
                check_rearm(kind, due_at, NOW)
        else:
            check_rearm(kind, due_at, NOW)


def test_a_wait_is_not_moved_to_the_end_of_time() -> None:
    with pytest.raises(SteeringError, match="more than 100 years ahead"):
        check_rearm(WaitKind.TIME, NOW.replace(year=9999), NOW)


@pytest.mark.parametrize(
    ("changes", "may_be_under_way", "words"),
    [
        ({}, False, None),
        ({}, True, "its call may be on its way"),
        ({"is_handed_out": False}, True, None),
        ({"status": ActionStatus.SCHEDULED}, True, None),
        ({"status": ActionStatus.WAITING, "action_type": "wait_time"}, False, None),
        ({"status": ActionStatus.WAITING}, False, "its call is under way"),
        ({"status": ActionStatus.RUNNING}, False, "its message is just being handed"),
        ({"status": ActionStatus.RUNNING, "is_unknown": True}, False, None),
    ],
    ids=["pending", "keyed", "held", "retry", "wait", "call", "claimed", "unknown"],
)
def test_passing_over(
    changes: dict[str, object], may_be_under_way: bool, words: str | None
) -> None:
    step = replace(STEP, **changes)  # type: ignore[arg-type]
    if words is not None:
        with pytest.raises(SteeringError, match=words):
            passed_over(step, may_be_under_way=may_be_under_way, reason="why")
        return
    outcome = passed_over(step, may_be_under_way=may_be_under_way, reason="why")
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "why"
    assert (outcome.error is not None) == step.is_unknown


@pytest.mark.parametrize("status", list(ActionStatus))
def test_what_is_no_wait_says_how_it_stands(status: ActionStatus) -> None:
    assert ended_words(replace(STEP, status=status, completed_at=NOW))


FAILURE = Failure(
    step=replace(STEP, status=ActionStatus.FAILED),
    action_id=uuid4(),
    version_id=uuid4(),
    contact_id=uuid4(),
    workflow_status=WorkflowStatus.ACTIVE,
    error_classes=[ErrorClass.NETWORK_TIMEOUT, ErrorClass.REJECTED],
    first_attempt_at=NOW - timedelta(hours=1),
    has_open_unknown_send=False,
    may_have_sent=False,
    is_enrolled_again=False,
    is_campaign_full=False,
    has_entered_again=False,
    now=NOW,
)


@pytest.mark.parametrize(
    ("changes", "moves_money", "words"),
    [
        ({}, True, None),
        ({"workflow_status": WorkflowStatus.PAUSED}, False, None),
        ({"workflow_status": WorkflowStatus.ARCHIVED}, False, "its workflow is archived"),
        ({"contact_id": None}, False, "its contact was erased"),
        ({"has_open_unknown_send": True}, False, "resolve that first"),
        ({"may_have_sent": True}, False, "after its message may have been sent"),
        ({"is_enrolled_again": True}, False, "enrolled in the campaign again"),
        ({"is_campaign_full": True}, False, "raise its enrollment limit"),
        ({"has_entered_again": True}, False, "entered the workflow again"),
        ({"first_attempt_at": NOW - timedelta(days=1)}, True, "has moved money"),
        ({"first_attempt_at": NOW - timedelta(days=1)}, False, None),
        (
            {
                "first_attempt_at": NOW - timedelta(days=1),
                "error_classes": [ErrorClass.RATE_LIMIT, ErrorClass.REJECTED],
            },
            True,
            None,
        ),
    ],
)
def test_opening_again(changes: dict[str, object], moves_money: bool, words: str | None) -> None:
    failure = replace(FAILURE, **changes)  # type: ignore[arg-type]
    if words is None:
        check_reopening(failure, moves_money=moves_money)
        return
    with pytest.raises(SteeringError, match=words):
        check_reopening(failure, moves_money=moves_money)


@pytest.mark.parametrize("error_class", list(ErrorClass))
def test_what_may_have_been_done_keeps_its_key(error_class: ErrorClass) -> None:
    sure = {
        ErrorClass.REJECTED,
        ErrorClass.RATE_LIMIT,
        ErrorClass.AUTHENTICATION,
        ErrorClass.INVALID_CONFIG,
    }
    assert nothing_done([error_class]) is (error_class in sure)
    assert nothing_done([ErrorClass.REJECTED, error_class]) is (error_class in sure)


def wait(action_type: str, **config: Json) -> PlanStep:
    return PlanStep("a", action_type, None, config, 1)


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        (wait("wait_time", duration=2, unit="days"), set[str]()),
        (wait("wait_time", duration=2, unit="calendar_days"), {"timezone"}),
        (wait("wait_until_date", timezone_mode="utc"), set[str]()),
        (wait("wait_until_date"), {"timezone"}),
        (wait("wait_until_date", timezone_mode="utc", field_name="birthday"), {"birthday"}),
        (wait("wait_for_event", event_type="sms_reply"), set[str]()),
        (wait("add_tag", tag_name="x"), set[str]()),
    ],
)
def test_which_changes_of_the_contact_move_a_wait(step: PlanStep, fields: set[str]) -> None:
    for field in ("timezone", "birthday", "first_name"):
        assert moves_instant(step, [field]) is (field in fields)
    assert ("contact_updated" in heard_types([step])) is bool(fields)
