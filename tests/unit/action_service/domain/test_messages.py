"""What becomes of a message: the same whatever the order, and never back."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_service.domain.deliveries import Channel
from action_service.domain.event_types import EVENT_TYPES
from action_service.domain.messages import (
    CALL_OVER,
    CHANNEL_OF,
    EVENT_OF,
    PROVIDER_OF,
    VOICEMAIL_LEFT,
    DeliveryState,
    Fact,
    Progress,
    events_of,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LADDER = list(DeliveryState)
BESIDE = (Fact.COMPLAINED, Fact.UNSUBSCRIBED, Fact.MACHINE_OPENED, Fact.MACHINE_CLICKED)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def standing(state: DeliveryState) -> Progress:
    return Progress().after(Fact(state.value), START)


def test_a_message_begins_queued() -> None:
    assert Progress().state is DeliveryState.QUEUED


@pytest.mark.parametrize(("state", "fact"), list(product(DeliveryState, Fact)))
def test_every_fact_in_every_state(state: DeliveryState, fact: Fact) -> None:
    after = standing(state).after(fact, at(1))
    if fact in BESIDE:
        assert after.state is state
        assert after.times[fact] == at(1)
    else:
        reached = DeliveryState(fact.value)
        assert after.state is max(state, reached, key=LADDER.index)
    again = after.after(fact, at(2))
    assert again == after


def test_the_ladder() -> None:
    below = "queued sent undelivered delivered"
    calls = "ringing answered canceled failed no_answer busy completed"
    assert " ".join(LADDER) == f"{below} bounced opened read clicked replied {calls}"


def test_a_call_that_was_held_is_over_whatever_else_is_told() -> None:
    life = [Fact.QUEUED, Fact.RINGING, Fact.ANSWERED, Fact.COMPLETED]
    for order in permutations(life):
        progress = Progress()
        for fact in order:
            progress = progress.after(fact, START)
        assert progress.state is DeliveryState.COMPLETED
    assert {
        state for state in CALL_OVER if LADDER.index(state) < LADDER.index(DeliveryState.ANSWERED)
    } == set()


@pytest.mark.parametrize(
    ("action_type", "fact", "answered_by", "heard"),
    [
        ("send_voicemail", Fact.COMPLETED, "machine_end_beep", ("call_completed", VOICEMAIL_LEFT)),
        ("send_voicemail", Fact.COMPLETED, "human", ("call_completed",)),
        ("send_voicemail", Fact.COMPLETED, "", ("call_completed",)),
        ("send_voicemail", Fact.ANSWERED, "machine_end_beep", ("call_answered",)),
        ("make_call", Fact.COMPLETED, "machine_end_beep", ("call_completed",)),
        ("make_call", Fact.BUSY, "", ("call_failed",)),
        ("make_call", Fact.RINGING, "", ()),
    ],
)
def test_what_workflows_hear_of_calls(
    action_type: str, fact: Fact, answered_by: str, heard: tuple[str, ...]
) -> None:
    detail = {"answered_by": answered_by}
    assert events_of(Channel.CALL, fact, action_type, detail) == heard
    assert set(heard) <= set(EVENT_TYPES)


def test_every_order_of_a_life_comes_to_the_same() -> None:
    life = [Fact.SENT, Fact.DELIVERED, Fact.OPENED, Fact.CLICKED, Fact.UNSUBSCRIBED, Fact.BOUNCED]
    known = list(zip(life, (at(number) for number in range(len(life))), strict=True))
    for order in permutations(known):
        progress = Progress()
        for fact, when in order:
            progress = progress.after(fact, when)
        assert progress.state is DeliveryState.CLICKED
        assert dict(progress.times) == dict(known)


@given(st.lists(st.tuples(st.sampled_from(Fact), st.integers(0, 5)), max_size=12), st.randoms())
def test_order_and_repetition_do_not_matter(facts: list[tuple[Fact, int]], chance: Random) -> None:
    shuffled = [*facts, *facts]
    chance.shuffle(shuffled)
    one, other = Progress(), Progress()
    states: list[int] = []
    for fact, when in facts:
        one = one.after(fact, at(when))
        states.append(LADDER.index(one.state))
    for fact, when in shuffled:
        other = other.after(fact, at(when))
    assert one == other
    assert states == sorted(states)


def test_each_click_and_answer_is_news_and_everything_else_once() -> None:
    repeatable = {Fact.CLICKED, Fact.MACHINE_CLICKED, Fact.REPLIED}
    for fact in Fact:
        known = Progress().after(fact, START)
        assert Progress().is_news(fact)
        assert known.is_news(fact) == (fact in repeatable)


def test_what_workflows_hear_has_a_type() -> None:
    assert set(EVENT_OF.values()) <= set(EVENT_TYPES)
    assert {channel for channel, _ in EVENT_OF} == set(PROVIDER_OF)
    assert set(CHANNEL_OF.values()) <= set(PROVIDER_OF)
