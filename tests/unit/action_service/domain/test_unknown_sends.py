"""What may be decided about unknown sends, and when their providers are asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import orjson
import pytest

from action_service.domain.progress import Accepted, Completed, Failed, SendAgain
from action_service.domain.retry import ErrorClass
from action_service.domain.unknown_sends import (
    LOOK_CAP,
    TRANSITIONS,
    Candidate,
    Finding,
    Look,
    Looked,
    LookPolicy,
    Resolution,
    SendEvent,
    SendState,
    Sent,
    UnknownSend,
    Verdict,
    can_decide,
    explain,
    judge,
    outcome_of,
)

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
POLICY = LookPolicy(base=timedelta(seconds=30), limit=6)
SMS = Sent("sms", "+14155550100", "+14155550199", body="Hello")
FOUND = Looked(Finding.FOUND, "Twilio listed 2 messages", (Candidate("SM1"), Candidate("SM2")))
SEND = UnknownSend(
    *(UUID(int=number) for number in range(1, 6)),
    action_type="send_sms",
    contact_id=UUID(int=6),
    delivery_id=None,
    provider="twilio",
    sent=SMS,
    claimed_at=NOON,
    unknown_at=NOON,
    reason="Twilio did not answer (read timeout)",
    state=SendState.OPEN,
    lookups=(),
    next_look_at=NOON + timedelta(minutes=5),
    verdict=None,
    resolved_at=None,
    revision=1,
)


@pytest.mark.parametrize(("state", "event"), list(product(SendState, SendEvent)))
def test_it_is_decided_once_and_settled_for_good(state: SendState, event: SendEvent) -> None:
    expected = {
        (SendState.OPEN, SendEvent.DECIDE): SendState.DECIDED,
        (SendState.OPEN, SendEvent.SETTLE): SendState.SETTLED,
        (SendState.DECIDED, SendEvent.SETTLE): SendState.SETTLED,
    }
    assert TRANSITIONS.get((state, event)) == expected.get((state, event))
    assert can_decide(state) is (state is SendState.OPEN)


def test_a_provider_is_asked_ever_more_rarely_and_not_for_ever() -> None:
    now, looks, pauses = NOON, 0, list[timedelta]()
    plan = POLICY.plan(looks, unknown_at=NOON, now=now)
    assert (plan.look, plan.looks, plan.due_at) == (False, 0, NOON + POLICY.base)
    due_at = plan.due_at
    while due_at is not None:
        pauses.append(due_at - now)
        now = due_at
        plan = POLICY.plan(looks, unknown_at=NOON, now=now)
        assert plan.look
        looks, due_at = plan.looks, plan.due_at
    assert looks == POLICY.limit
    seconds = [pause.total_seconds() for pause in pauses]
    assert seconds == [30, 90, 270, 810, 2430, LOOK_CAP.total_seconds()]


def test_nobody_is_asked_where_nobody_may_be() -> None:
    plan = LookPolicy(limit=0).plan(0, unknown_at=NOON, now=NOON)
    assert (plan.look, plan.due_at) == (False, None)


def test_after_the_last_look_there_is_no_other() -> None:
    plan = POLICY.plan(POLICY.limit, unknown_at=NOON, now=NOON + timedelta(days=1))
    assert (plan.look, plan.looks, plan.due_at) == (False, POLICY.limit, None)


@pytest.mark.parametrize(
    ("taken", "reference"), [((), "SM1"), (("SM1",), "SM2"), (("SM1", "SM2"), None)]
)
def test_a_message_of_another_attempt_is_not_taken(
    taken: tuple[str, ...], reference: str | None
) -> None:
    judged = judge(FOUND, SendState.OPEN, taken)
    if reference is None:
        assert (judged.finding, judged.verdict) == (Finding.NOT_FOUND, None)
        assert "other attempts" in judged.note
    else:
        assert judged.verdict is not None
        assert judged.verdict.resolution is Resolution.SENT
        assert (judged.verdict.reference, judged.verdict.resolved_by) == (reference, "lookup")


@pytest.mark.parametrize(
    ("taken", "rivals", "decided"),
    [((), 0, True), ((), 1, True), ((), 2, False), (("SM1",), 0, True), (("SM1",), 1, False)],
)
def test_what_a_rival_may_have_sent_decides_nothing(
    taken: tuple[str, ...], rivals: int, decided: bool
) -> None:
    judged = judge(FOUND, SendState.OPEN, taken, rivals)
    assert (judged.verdict is not None) is decided
    assert judged.finding is (Finding.FOUND if decided else Finding.CANNOT_TELL)


@pytest.mark.parametrize("state", SendState)
@pytest.mark.parametrize("finding", [Finding.NOT_FOUND, Finding.CANNOT_TELL])
def test_what_is_not_found_decides_nothing(state: SendState, finding: Finding) -> None:
    judged = judge(Looked(finding, "no"), state, ())
    assert (judged.finding, judged.note, judged.verdict) == (finding, "no", None)


@pytest.mark.parametrize("state", [SendState.DECIDED, SendState.SETTLED])
def test_what_is_found_too_late_decides_nothing(state: SendState) -> None:
    assert judge(FOUND, state, ()).verdict is None


def test_what_was_sent_completes_the_step_as_an_answer_would() -> None:
    said = Verdict(Resolution.SENT, "lookup", "", "SM1", {"message_id": "SM1", "segments": 2})
    outcome = outcome_of(said, SMS, NOON)
    assert isinstance(outcome, Completed)
    assert outcome.provider_reference == "SM1"
    assert orjson.loads(outcome.output_json) == said.output
    unsaid = outcome_of(replace(said, output=None), SMS, NOON)
    assert isinstance(unsaid, Completed)
    assert orjson.loads(unsaid.output_json) == {
        "message_id": "SM1",
        "to": "+14155550100",
        "body": "Hello",
    }
    nameless = outcome_of(Verdict(Resolution.SENT, "user:1", "seen"), Sent(subject="Hi"), NOON)
    assert isinstance(nameless, Completed)
    assert nameless.provider_reference is None
    assert orjson.loads(nameless.output_json) == {"message_id": "", "to": "", "subject": "Hi"}


def test_a_call_that_was_placed_is_followed() -> None:
    call = Sent("call", "+14155550100", "+14155550199")
    placed = Verdict(Resolution.SENT, "callback", "ringing", "CA1")
    assert outcome_of(placed, call, NOON) == Accepted("CA1", NOON, "the call was placed")
    # Nobody can say which one it was, so there is nothing to follow.
    assert isinstance(outcome_of(replace(placed, reference=None), call, NOON), Completed)


def test_what_was_not_sent_is_sent_again_or_fails() -> None:
    again = outcome_of(Verdict(Resolution.RETRY, "user:1", "not there"), SMS, NOON)
    assert again == SendAgain("not there")
    failed = outcome_of(Verdict(Resolution.FAIL, "user:1", "too late"), SMS, NOON)
    assert failed == Failed(ErrorClass.REJECTED, "the message was not sent: too late")


def test_an_open_one_is_explained_with_what_can_be_done() -> None:
    words = explain(SEND)
    assert words.startswith("It is not known whether Twilio has taken the message: Twilio did not")
    assert "Twilio has not been asked yet." in words
    assert "asked again at 2026-01-26 12:05 UTC" in words
    assert str(SEND.id) in words
    looked_for = replace(
        SEND, lookups=(Look(NOON, Finding.NOT_FOUND, "Twilio listed none"),), next_look_at=None
    )
    words = explain(looked_for)
    assert "2026-01-26 12:00 UTC: Twilio listed none. Twilio is not asked again." in words


@pytest.mark.parametrize(
    ("by", "who"),
    [
        ("lookup", "Twilio was asked"),
        ("callback", "Twilio told of the message"),
        ("result", "the last word on the attempt came"),
        ("user:7", "user:7 decided"),
    ],
)
@pytest.mark.parametrize("resolution", Resolution)
def test_a_settled_one_is_explained_with_who_and_why(
    resolution: Resolution, by: str, who: str
) -> None:
    verdict = Verdict(resolution, by, "seen in the log")
    words = explain(replace(SEND, verdict=verdict, resolved_at=NOON))
    assert f"until {who} at 2026-01-26 12:00 UTC: " in words
    assert words.endswith(": seen in the log.")
