"""The gate before calls: permits, and no more calls to one provider than there may be."""

from datetime import timedelta

import pytest

from common.ids import new_id
from executor_service.domain.health import NOT_CALLED, WELL, Health, Verdict
from executor_service.domain.outcome import Completed, Deferred, ErrorClass, Failed
from executor_service.gate import Gate, Passage
from tests.support.permits import MemoryPermits
from tests.unit.executor_service.handlers.harness import NOON, FixedClock

ACCOUNT = str(new_id())
AT_NIGHT = Deferred(NOON + timedelta(hours=1), "SendGrid is failing")


@pytest.fixture
def permits() -> MemoryPermits:
    return MemoryPermits()


@pytest.fixture
def gate(permits: MemoryPermits) -> Gate:
    return Gate(permits, FixedClock(), at_a_time=2)


async def entered(gate: Gate, peer: str) -> Passage:
    passage = await gate.enter(ACCOUNT, peer)
    assert isinstance(passage, Passage)
    return passage


async def test_what_came_of_the_call_is_told(gate: Gate, permits: MemoryPermits) -> None:
    with await entered(gate, "twilio") as passage:
        passage.made(Completed())
    with await entered(gate, "sendgrid") as passage:
        passage.made(Failed(ErrorClass.SERVICE_UNAVAILABLE, "x"))
    assert permits.asked == [(ACCOUNT, "twilio"), (ACCOUNT, "sendgrid")]
    assert permits.settled == [
        ("twilio", WELL),
        ("sendgrid", Verdict(Health.UNWELL, "service_unavailable")),
    ]


async def test_a_permit_that_was_not_used_goes_back(gate: Gate, permits: MemoryPermits) -> None:
    with await entered(gate, "twilio"):
        pass
    with pytest.raises(RuntimeError), await entered(gate, "twilio"):
        raise RuntimeError("a bug")
    assert permits.settled == [("twilio", NOT_CALLED)] * 2


async def test_who_is_held_is_told_until_when(gate: Gate, permits: MemoryPermits) -> None:
    permits.hold = AT_NIGHT
    assert [await gate.enter(ACCOUNT, "sendgrid") for _ in range(5)] == [AT_NIGHT] * 5
    permits.hold = None
    await entered(gate, "sendgrid")


async def test_a_provider_that_is_slow_holds_up_nobody_else(
    gate: Gate, permits: MemoryPermits
) -> None:
    hanging = [await entered(gate, "sendgrid") for _ in range(2)]
    held = await gate.enter(ACCOUNT, "sendgrid")
    assert isinstance(held, Deferred)
    assert held.not_before == NOON + timedelta(seconds=12.5)
    assert held.reason == "2 calls to sendgrid are under way: it is slow"
    # No permit was spent on it, and the others go on.
    assert len(permits.asked) == 2
    await entered(gate, "twilio")
    with hanging[0]:
        pass
    await entered(gate, "sendgrid")


async def test_those_held_back_do_not_come_back_together(gate: Gate) -> None:
    _ = [await entered(gate, "sendgrid") for _ in range(2)]
    held = [await gate.enter(ACCOUNT, "sendgrid") for _ in range(20)]
    waits = [each.not_before - NOON for each in held if isinstance(each, Deferred)]
    assert waits[:3] == [timedelta(seconds=seconds) for seconds in (12.5, 20, 27.5)]
    # The row has an end, where it begins anew.
    assert max(waits) < timedelta(seconds=130)
    assert waits[16] == waits[0]


async def test_what_goes_to_nobody_outside_passes(gate: Gate, permits: MemoryPermits) -> None:
    for _ in range(5):
        await entered(gate, "")
    assert permits.asked == []
