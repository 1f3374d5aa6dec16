"""Every reason for which an execution is where it is: in data, and word for word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from action_service.domain.explanation import reasons, words
from action_service.domain.explanation.answer import Explanation, Reason, TimeoutOutcome
from action_service.domain.explanation.reasons import explain
from action_service.domain.explanation.rules import rule_of
from action_service.domain.explanation.words import sentences
from action_service.domain.holds import ClockChange, Hold, HoldCause, ZoneSource
from action_service.domain.plan import Json, Plan, PlanStep
from action_service.domain.states import ActionStatus
from tests.unit.action_service.domain.explanation_cases import (
    BRANCH,
    CASES,
    ID,
    INSIDE,
    LATER,
    NEW_YORK,
    NOW,
    NUDGE,
    OFFER,
    REACHED,
    SMS,
    facts,
    planned,
    wait_for,
)


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str) -> None:
    given, reason, said = CASES[name]
    explained = explain(given)
    assert explained.reason is reason
    assert list(sentences(explained)) == said


def test_every_reason_has_a_case_and_words() -> None:
    assert {reason for _, reason, _ in CASES.values()} == set(Reason)
    assert set(words._WORDS) == set(Reason)  # pyright: ignore[reportPrivateUsage]
    assert set(reasons._HOLDS) == set(HoldCause) - {HoldCause.CLOCK, HoldCause.OPERATOR}  # pyright: ignore[reportPrivateUsage]


def test_a_wait_until_the_calendar_ends_is_explained() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    waiting = facts(planned(1, "wait_until_date"), ActionStatus.WAITING, due=last)
    explained = explain(waiting)
    assert (explained.reason, explained.goes_on_at) == (Reason.WAITING_FOR_DATE, last)
    assert not explained.is_overdue


def answer(name: str) -> Explanation:
    return explain(CASES[name][0])


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("completed", NOW),
        ("retrying", NOW - timedelta(minutes=1)),
        ("unknown outcome", NOW),
        ("attempt under way", NOW),
        ("waiting for time", REACHED),
    ],
)
def test_since_when_it_is_so(name: str, since: datetime) -> None:
    assert answer(name).since == since


def test_the_data_of_a_wait() -> None:
    explained = answer("waiting for an event")
    event = explained.event
    assert event is not None
    assert (event.event_type, event.timeout_outcome) == ("email_opened", TimeoutOutcome.BRANCH)
    assert (event.timeout_branch_id, event.timeout_branch_name) == (BRANCH, "Silent")
    assert event.related is not None
    assert event.related.action_id == OFFER.id
    assert event.following is not None
    assert event.following.action_id == INSIDE.id
    assert explained.goes_on_at == event.timeout_at == LATER
    assert not explained.is_overdue


AT = "If that has not come by 2026-03-02 14:00:00 UTC, "


@pytest.mark.parametrize(
    ("config", "others", "then"),
    [
        ({}, [NUDGE], 'the run goes on with step 3, "Nudge" (send_sms).'),
        ({}, [], "the run ends, as no step follows."),
        ({}, [replace(NUDGE, is_enabled=False)], "the run ends, as no step follows."),
        ({"timeout_action": "end"}, [NUDGE], "the run ends."),
        (
            {"timeout_action": "branch", "timeout_branch_id": BRANCH},
            [NUDGE],
            'the run takes the branch "Silent", which is empty, and so ends.',
        ),
    ],
    ids=["on", "last", "nothing-enabled", "end", "empty-branch"],
)
def test_which_way_a_timeout_takes(
    config: dict[str, Json], others: list[PlanStep], then: str
) -> None:
    given = facts(wait_for(**config), ActionStatus.WAITING, others=others, due=LATER)
    assert sentences(explain(given))[-1] == AT + then


def test_a_wait_that_is_overdue_says_that_the_scheduler_is_not_heard_of() -> None:
    late = NOW - timedelta(seconds=6)
    given = facts(planned(2, "wait_time"), ActionStatus.WAITING, due=late, said="waits 2 days")
    explained = explain(given)
    assert explained.is_overdue
    assert sentences(explained)[1:] == (
        "It waits until 2026-03-02 11:59:54 UTC (waits 2 days).",
        "That has passed, and the scheduler, which keeps the time, has not been heard of: it may be"
        " down or late. The engine hands the step to it once more, and nothing is lost.",
    )
    in_time = facts(planned(2, "wait_time"), ActionStatus.WAITING, due=NOW - timedelta(seconds=4))
    assert not explain(in_time).is_overdue


def test_a_paused_workflow_is_told_beside_what_is_waited_for() -> None:
    explained = explain(replace(CASES["waiting for time"][0], workflow_paused=True))
    assert explained.reason is Reason.WAITING_FOR_TIME
    assert sentences(explained)[-1] == (
        'Its workflow "Renewals" is paused: what becomes due is held until somebody resumes it.'
    )


def test_a_run_without_a_step_has_come_to_its_end() -> None:
    given = replace(CASES["completed"][0], step=None)
    assert sentences(explain(given)) == ("The run completed at 2026-03-02 12:00:00 UTC.",)


def test_a_step_that_the_version_does_not_have_is_named_by_its_type() -> None:
    given = replace(CASES["put off"][0], plan=Plan(str(ID), "Renewals", 1))
    assert sentences(explain(given))[0].startswith("The run has stood at a step (send_sms) since")


def test_a_message_that_was_given_up_is_named() -> None:
    explained = explain(replace(CASES["failed for good"][0], dead_letter_id=ID))
    assert (explained.reason, explained.dead_letter_id) == (Reason.FAILED, ID)
    assert sentences(explained)[-1] == (
        "A message of the step was given up, and is kept: once its cause is mended, somebody who"
        f" may can replay or discard it (dead letter {ID})."
    )


def test_no_message_nor_its_recipient_is_told() -> None:
    told = " ".join(sentences(answer("unknown outcome")))
    assert "a secret" not in told
    assert "+4915" not in told


def date(**config: Json) -> PlanStep:
    return planned(2, "wait_until_date", config=config)


CLOCK = Hold(HoldCause.CLOCK)


@pytest.mark.parametrize(
    ("hold", "step", "rule"),
    [
        (None, date(), ""),
        (CLOCK, date(date_value="2026-12-24"), "the configured date 2026-12-24"),
        (CLOCK, date(field_name="birthday"), "the contact's birthday"),
        (
            CLOCK,
            date(offset_value=-1, offset_unit="months", field_name="birthday"),
            "1 month before the contact's birthday",
        ),
        (CLOCK, date(offset_value=3), "3 days after the moment the step was reached"),
        (
            CLOCK,
            planned(2, "wait_time", config={"duration": 1, "unit": "calendar_days"}),
            "1 calendar day after the moment the step was reached",
        ),
        (
            Hold(HoldCause.OPERATOR),
            date(field_name="birthday"),
            "the instant that an operator has set",
        ),
        (CLOCK, wait_for(), "the timeout of 30 days after the moment the step was reached"),
        (
            Hold(HoldCause.CLOCK, ("Europe/Berlin",), ZoneSource.ACCOUNT, ClockChange.GAP),
            date(date_value="2026-03-02"),
            "15:00 on 2026-03-02 in Europe/Berlin, from the account's zone; a clock change skips"
            " the configured time on that day, so the first moment after it counts: the configured"
            " date 2026-03-02",
        ),
        (Hold(HoldCause.CLOCK, ("Mars/Olympus",)), None, "in Mars/Olympus"),
        (
            Hold(
                HoldCause.QUIET_HOURS,
                ("A/1", "A/2", "A/3", "A/4", "A/5"),
                ZoneSource.PHONE_NUMBER,
                hours="21:00-08:00",
            ),
            SMS,
            "in A/1, A/2, A/3 and 2 more zones, from what the contact's phone number allows: the"
            " end of the quiet hours (21:00-08:00)",
        ),
    ],
    ids=[
        "none", "date", "field", "before", "after-reached", "calendar", "operator",
        "timeout", "gap", "unknown", "phone",
    ],
)  # fmt: skip
def test_the_rule_of_an_instant(hold: Hold | None, step: PlanStep | None, rule: str) -> None:
    assert rule_of(LATER, hold, step) == rule


@pytest.mark.parametrize(
    "hold",
    [
        CLOCK,
        Hold(HoldCause.CLOCK, NEW_YORK, ZoneSource.CONTACT, ClockChange.OVERLAP),
        Hold(HoldCause.RATE_LIMIT, peer="twilio", per_second=3),
        Hold(HoldCause.QUIET_HOURS, hours="21:00-08:00"),
    ],
    ids=["clock", "zone", "limit", "hours"],
)
def test_a_hold_survives_its_storage(hold: Hold) -> None:
    assert Hold.from_json(hold.to_json()) == hold
