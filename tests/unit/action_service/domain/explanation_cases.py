"""Executions for each reason to be where they are, and what is said of them, word for word."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from action_service.domain.execution import ActionExecution, Attempt, Execution, Pause
from action_service.domain.explanation.answer import Reason
from action_service.domain.explanation.facts import Facts, Ignored, StepFacts
from action_service.domain.holds import Hold, HoldCause, ZoneSource
from action_service.domain.plan import Json, Plan, PlanStep
from action_service.domain.retry import RetryTiming
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.turns import UNRUNG
from action_service.domain.unknown_sends import SendState, Sent, UnknownSend

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
REACHED = NOW - timedelta(hours=1)
LATER = NOW + timedelta(hours=2)
ID = UUID(int=7)
BRANCH = str(UUID(int=8))
NEW_YORK = ("America/New_York",)


def planned(number: int, kind: str, name: str | None = None, **more: object) -> PlanStep:
    config: dict[str, Json] = more.pop("config", {})  # type: ignore[assignment]
    return PlanStep(str(UUID(int=number)), kind, name, config, number, **more)  # type: ignore[arg-type]


def execution(state: ExecutionState, reason: str | None = None) -> Execution:
    ended = NOW if state in {"completed", "failed", "cancelled"} else None
    return Execution(ID, ID, 1, ID, state, None, REACHED, ended, reason, None)


def failure(number: int, error_class: str, message: str) -> Attempt:
    return Attempt(ID, number, REACHED, NOW - timedelta(minutes=1), error_class, message, None)


def facts(
    step: PlanStep,
    status: ActionStatus,
    *,
    state: ExecutionState = ExecutionState.RUNNING,
    others: Iterable[PlanStep] = (),
    due: datetime | None = None,
    hold: Hold | None = None,
    said: str | None = None,
    why: str | None = None,
    attempts: tuple[Attempt, ...] = (),
    retries: int = 0,
    pending_error: str | None = None,
    outcome: str | None = None,
    result: dict[str, Json] | None = None,
    lease: datetime | None = None,
    rings: int = 0,
    claimed: datetime | None = None,
) -> Facts:
    run = ActionExecution(
        id=ID,
        execution_id=ID,
        version_id=ID,
        action_id=UUID(step.id),
        contact_id=ID,
        action_type=step.action_type,
        status=status,
        outcome=outcome,
        created_at=REACHED,
        scheduled_at=due,
        started_at=None,
        completed_at=None,
        result=result or {},
        error_class=pending_error,
        error_message=None,
        reason=said,
        retry_count=retries,
        attempts=attempts,
    )
    return Facts(
        now=NOW,
        execution=execution(state, why),
        workflow_name="Renewals",
        workflow_paused=False,
        plan=Plan(str(ID), "Renewals", 1, (step, *others)),
        timing=RetryTiming(),
        step=StepFacts(run, ID, retries + 1, lease, rings, hold, claimed),
        branch_names={BRANCH: "Silent"},
    )


OFFER = planned(1, "send_email", "Offer")
NUDGE = planned(3, "send_sms", "Nudge")
INSIDE = planned(4, "add_tag", branch_id=BRANCH)
SMS = planned(2, "send_sms", "Reminder")
PLACE = 'The run has stood at step 2, "Reminder" (send_sms) since 2026-03-02 11:00:00 UTC.'
FREE = "This spends no attempt."


def wait_for(**config: Json) -> PlanStep:
    return planned(2, "wait_for_event", config={"event_type": "email_open", **config})


def held(hold: Hold | None, said: str = "away") -> Facts:
    return facts(SMS, ActionStatus.SCHEDULED, due=LATER, hold=hold, said=said)


def paused() -> Facts:
    given = facts(SMS, ActionStatus.PENDING, state=ExecutionState.PAUSED)
    return replace(given, workflow_paused=True)


def paused_by(given: Facts, why: str | None = None) -> Facts:
    pause = Pause(NOW - timedelta(minutes=5), "user:7", why)
    return replace(
        given, execution=replace(given.execution, state=ExecutionState.PAUSED, pause=pause)
    )


def unknown() -> Facts:
    given = facts(SMS, ActionStatus.RUNNING, outcome="unknown")
    sent = Sent("sms", "+4915112345678", "+4930", body="a secret")
    send = UnknownSend(
        ID, ID, ID, ID, ID, "send_sms", ID, None, "twilio", sent, REACHED, NOW, "no answer came",
        SendState.OPEN, (), LATER, None, None, 1,
    )  # fmt: skip
    return replace(given, unknown_send=send)


CASES: dict[str, tuple[Facts, Reason, list[str]]] = {
    "completed": (
        facts(SMS, ActionStatus.COMPLETED, state=ExecutionState.COMPLETED),
        Reason.COMPLETED,
        [
            "The run completed at 2026-03-02 12:00:00 UTC; its last step was step 2,"
            ' "Reminder" (send_sms).'
        ],
    ),
    "completed by a timeout": (
        facts(
            wait_for(timeout_action="end"),
            ActionStatus.COMPLETED,
            state=ExecutionState.COMPLETED,
            result={"ended_by": "timeout"},
        ),
        Reason.COMPLETED,
        [
            "The run completed at 2026-03-02 12:00:00 UTC; its last step was step 2"
            " (wait_for_event).",
            "The event that the step waited for did not come in time, and the step is configured"
            " to end the run then.",
        ],
    ),
    "failed": (
        facts(
            SMS,
            ActionStatus.FAILED,
            state=ExecutionState.FAILED,
            why="Twilio answered 500",
            attempts=tuple(failure(n, "service_unavailable", "Twilio answered 500") for n in
                           (1, 2, 3, 4)),
            retries=3,
        ),
        Reason.FAILED,
        [
            'The run failed at 2026-03-02 12:00:00 UTC; it failed at step 2, "Reminder"'
            " (send_sms).",
            "It does not go on by itself.",
            "Attempt 4 failed with service_unavailable: Twilio answered 500.",
            "3 of 3 retries are made, none left.",
        ],
    ),
    "failed for good": (
        facts(
            SMS,
            ActionStatus.FAILED,
            state=ExecutionState.FAILED,
            attempts=(failure(1, "invalid_config", "the contact has no phone number"),),
        ),
        Reason.FAILED,
        [
            'The run failed at 2026-03-02 12:00:00 UTC; it failed at step 2, "Reminder"'
            " (send_sms).",
            "It does not go on by itself.",
            "Attempt 1 failed with invalid_config: the contact has no phone number.",
            "Such an error is not retried.",
        ],
    ),
    "cancelled": (
        facts(
            SMS, ActionStatus.CANCELLED, state=ExecutionState.CANCELLED, why="sent by mistake"
        ),
        Reason.CANCELLED,
        [
            "The run was cancelled at 2026-03-02 12:00:00 UTC: sent by mistake.",
            'It stood at step 2, "Reminder" (send_sms) by then.',
        ],
    ),
    "workflow paused": (
        paused(),
        Reason.WORKFLOW_PAUSED,
        [
            PLACE,
            'Its workflow "Renewals" is paused. The run goes on as soon as somebody resumes the'
            " workflow.",
        ],
    ),
    "paused": (
        paused_by(facts(SMS, ActionStatus.PENDING), "the customer called"),
        Reason.PAUSED,
        [
            PLACE,
            "user:7 paused the run at 2026-03-02 11:55:00 UTC (the customer called).",
            'When somebody resumes it, step 2, "Reminder" (send_sms) is run within seconds.',
        ],
    ),
    "paused while it waits": (
        paused_by(
            facts(
                planned(2, "wait_time", config={"duration": 2, "unit": "hours"}),
                ActionStatus.WAITING,
                due=LATER,
            )
        ),
        Reason.WAITING_FOR_TIME,
        [
            "The run has stood at step 2 (wait_time) since 2026-03-02 11:00:00 UTC.",
            "It waits until 2026-03-02 14:00:00 UTC.",
            "user:7 paused the run at 2026-03-02 11:55:00 UTC: what becomes due is held until"
            " somebody resumes it.",
        ],
    ),
    "waiting for time": (
        facts(
            planned(2, "wait_time", config={"duration": 2, "unit": "hours"}),
            ActionStatus.WAITING,
            due=LATER,
            hold=Hold(HoldCause.CLOCK),
        ),
        Reason.WAITING_FOR_TIME,
        [
            "The run has stood at step 2 (wait_time) since 2026-03-02 11:00:00 UTC.",
            "It waits until 2026-03-02 14:00:00 UTC, which is 2 hours after the moment the step was"
            " reached.",
        ],
    ),
    "waiting for a date": (
        facts(
            planned(
                2,
                "wait_until_date",
                config={
                    "date_type": "calculated",
                    "field_name": "custom_fields.renewal_date",
                    "offset_value": 2,
                    "time_of_day": "09:00",
                },
            ),
            ActionStatus.WAITING,
            due=LATER,
            hold=Hold(HoldCause.CLOCK, NEW_YORK, ZoneSource.CONTACT),
        ),
        Reason.WAITING_FOR_DATE,
        [
            "The run has stood at step 2 (wait_until_date) since 2026-03-02 11:00:00 UTC.",
            "It waits until 2026-03-02 14:00:00 UTC, which is 09:00 on 2026-03-02 in"
            " America/New_York, from the contact's zone: 2 days after the contact's"
            " custom_fields.renewal_date, at 09:00.",
        ],
    ),
    "waiting for an event": (
        replace(
            facts(
                wait_for(
                    related_action_id=OFFER.id,
                    timeout_duration=2,
                    timeout_action="branch",
                    timeout_branch_id=BRANCH,
                ),
                ActionStatus.WAITING,
                others=(OFFER, INSIDE),
                due=LATER,
                hold=Hold(HoldCause.CLOCK),
            ),
            ignored=Ignored(1, NOW),
        ),
        Reason.WAITING_FOR_EVENT,
        [
            "The run has stood at step 2 (wait_for_event) since 2026-03-02 11:00:00 UTC.",
            'It waits for the event email_opened of the contact about the message of step 1,'
            ' "Offer" (send_email).',
            "Opens and clicks that programs make by themselves do not count: one has come, at"
            " 2026-03-02 12:00:00 UTC.",
            "If that has not come by 2026-03-02 14:00:00 UTC, which is the timeout of 2 hours after"
            ' the moment the step was reached, the run takes the branch "Silent".',
        ],
    ),
    "retrying": (
        facts(
            SMS,
            ActionStatus.SCHEDULED,
            due=LATER,
            attempts=(failure(1, "rate_limit", "Twilio answered 429"),),
            retries=1,
            pending_error="rate_limit",
        ),
        Reason.RETRYING,
        [
            PLACE,
            "Attempt 2 is made at 2026-03-02 14:00:00 UTC.",
            "Attempt 1 failed with rate_limit: Twilio answered 429.",
            "1 of 5 retries are made or planned, 4 left.",
            "After one more such error the next attempt comes within 4 seconds.",
        ],
    ),
    "quiet hours": (
        held(Hold(HoldCause.QUIET_HOURS, NEW_YORK, ZoneSource.CONTACT, hours="21:00-09:00")),
        Reason.QUIET_HOURS,
        [
            PLACE,
            "Nobody may be reached now: it waits until 2026-03-02 14:00:00 UTC, which is 09:00 on"
            " 2026-03-02 in America/New_York, from the contact's zone: the end of the quiet hours"
            f" (21:00-09:00). {FREE}",
        ],
    ),
    "rate limited": (
        held(Hold(HoldCause.RATE_LIMIT, peer="twilio", per_second=10)),
        Reason.RATE_LIMITED,
        [
            PLACE,
            "The account makes as many calls to Twilio as it may: it is tried again at 2026-03-02"
            " 14:00:00 UTC, which is when the limit of 10 calls a second to Twilio has room for it."
            f" {FREE}",
        ],
    ),
    "circuit open": (
        held(Hold(HoldCause.CIRCUIT_OPEN, peer="webhook:crm.example")),
        Reason.CIRCUIT_OPEN,
        [
            PLACE,
            "Calls to crm.example have failed so often that they are stopped for a while: it is"
            f" tried again at 2026-03-02 14:00:00 UTC. {FREE}",
        ],
    ),
    "provider paused": (
        held(Hold(HoldCause.PROVIDER_PAUSE, peer="sendgrid")),
        Reason.PROVIDER_PAUSED,
        [
            PLACE,
            "SendGrid has asked for fewer calls: it is tried again at 2026-03-02 14:00:00 UTC."
            f" {FREE}",
        ],
    ),
    "provider slow": (
        held(Hold(HoldCause.PROVIDER_SLOW, peer="sendgrid")),
        Reason.PROVIDER_SLOW,
        [
            PLACE,
            "SendGrid is slow, and as many calls to it are under way as may be: it is tried again"
            f" at 2026-03-02 14:00:00 UTC. {FREE}",
        ],
    ),
    "service away": (
        held(Hold(HoldCause.SERVICE_AWAY), said="the record of sends could not be reached"),
        Reason.SERVICE_AWAY,
        [
            PLACE,
            "A part of Treadle that the step needs did not answer (the record of sends could not be"
            " reached).",
            f"It is tried again at 2026-03-02 14:00:00 UTC. {FREE}",
        ],
    ),
    "put off": (
        held(None, said="quiet hours 21:00-08:00"),
        Reason.PUT_OFF,
        [PLACE, "It is put off until 2026-03-02 14:00:00 UTC (quiet hours 21:00-08:00)."],
    ),
    "waiting for the provider": (
        facts(
            planned(2, "make_call"),
            ActionStatus.WAITING,
            due=LATER,
            said="the call is ringing; waiting for its end",
        ),
        Reason.WAITING_FOR_PROVIDER,
        [
            "The run has stood at step 2 (make_call) since 2026-03-02 11:00:00 UTC.",
            "The provider has taken it and is not done yet (the call is ringing; waiting for its"
            " end). The run goes on when the provider tells how it ended; if it has not by"
            " 2026-03-02 14:00:00 UTC, it is asked.",
        ],
    ),
    "unknown outcome": (
        unknown(),
        Reason.UNKNOWN_OUTCOME,
        [
            PLACE,
            "It is not known whether Twilio has taken the message: no answer came. Twilio has not"
            " been asked yet. Twilio is asked again at 2026-03-02 14:00 UTC. Somebody who may"
            " resolve it can say that it was sent, have it sent once more, or have it fail (unknown"
            f" send {ID}).",
        ],
    ),
    "attempt under way": (
        facts(SMS, ActionStatus.RUNNING, lease=LATER, rings=2, claimed=NOW),
        Reason.ATTEMPT_UNDER_WAY,
        [
            PLACE,
            "Attempt 1 is handed out to an executor, whose answer is awaited.",
            "It was given the right to call the provider at 2026-03-02 12:00:00 UTC.",
            "It has been handed out again 2 times, as no answer had come.",
            "Without an answer by 2026-03-02 14:00:00 UTC it is handed out once more.",
        ],
    ),
    "not dispatched": (
        facts(SMS, ActionStatus.PENDING, lease=REACHED),
        Reason.NOT_DISPATCHED,
        [
            PLACE,
            "No answer has come by 2026-03-02 11:00:00 UTC.",
            "Attempt 1 is to be handed out, which an engine does within seconds; if this lasts, no"
            " engine is running.",
        ],
    ),
    "waiting for its turn": (
        facts(SMS, ActionStatus.PENDING, lease=UNRUNG),
        Reason.WAITING_FOR_TURN,
        [
            PLACE,
            "Many steps of its kind are queued already. It waits for its turn, which the accounts"
            " take one after the other.",
        ],
    ),
}  # fmt: skip
