"""A message that cannot be taken in holds up nobody, and its step ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from common.nats.lane import MAX_DELIVERIES
from scheduler_service.domain.timer import HeldTimer, NewTimer
from scheduler_service.use_cases.ports import StoreUnavailableError
from scheduler_service.use_cases.take_delayed import TakeDelayed
from scheduler_service.use_cases.take_waits import TakeWaits
from scheduler_service.worker import Alarm, IntakeLoop
from tests.support.poison import MemoryTrials, Stream
from tests.unit.scheduler_service.test_intake_and_firing import (
    READY,
    RESULTS,
    NotingStore,
    NotingStreams,
    delayed_task,
    wait_task,
)
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask
from treadle.execution.v1.execution_pb2 import ErrorClass


@dataclass
class FussyStore(NotingStore):
    """Refuses batches with one attempt in them, and everything for a while."""

    refused: UUID | None = None
    away: int = 0

    async def add(self, timers: Sequence[NewTimer]) -> Mapping[UUID, HeldTimer]:
        if self.away:
            self.away -= 1
            raise StoreUnavailableError("gone")
        if any(timer.attempt_id == self.refused for timer in timers):
            raise ValueError("cannot be stored")
        return await super().add(timers)


def tasks(kind: str, count: int) -> list[ActionTask]:
    if kind == "wait":
        return [wait_task() for _ in range(count)]
    return [delayed_task().task for _ in range(count)]


def message(kind: str, task: ActionTask) -> bytes:
    if kind == "wait":
        return task.SerializeToString()
    return DelayedTask(task=task, not_before=READY).SerializeToString()


async def take_in(kind: str, stream: Stream, store: FussyStore, streams: NotingStreams) -> None:
    use_case = TakeWaits if kind == "wait" else TakeDelayed
    take = use_case(store, streams, results_subject=RESULTS)
    await IntakeLoop(kind, stream, take, Alarm(), MemoryTrials(), batch=500).run()


@pytest.mark.parametrize(
    ("kind", "dead"),
    [("wait", "treadle.dead.timing"), ("delayed_task", "treadle.dead.scheduler")],
)
async def test_neighbours_are_stored_and_poison_becomes_a_dead_letter(kind: str, dead: str) -> None:
    poison, *others = tasks(kind, 5)
    store, streams = FussyStore([], refused=UUID(poison.attempt_id)), NotingStreams([])
    stream = Stream(*(message(kind, each) for each in (*others[:2], poison, *others[2:])))
    await take_in(kind, stream, store, streams)
    assert {str(timer.attempt_id) for timer in store.added} == {t.attempt_id for t in others}
    assert len(stream.acked) == len(others)
    assert stream.ended == [message(kind, poison)]
    assert stream.delays == [2.0**n for n in range(MAX_DELIVERIES - 1)]
    (letter,) = [each for each in streams.sent if each.subject == dead]
    assert (letter.payload, letter.reason) == (message(kind, poison), "could not be processed")
    (failure,) = [each for each in streams.results() if each.HasField("failed")]
    assert failure.attempt_id == poison.attempt_id
    assert failure.failed.error_class == ErrorClass.ERROR_CLASS_INTERNAL
    assert failure.failed.message == "given up by the scheduler: could not be processed"


@pytest.mark.parametrize("kind", ["wait", "delayed_task"])
async def test_a_store_that_is_away_makes_no_dead_letters(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.nats.lane._PAUSE_S", 0.0)
    store, streams = FussyStore([], away=3 * MAX_DELIVERIES), NotingStreams([])
    stream = Stream(*(message(kind, each) for each in tasks(kind, 3)))
    await take_in(kind, stream, store, streams)
    assert len(store.added) == len(stream.acked) == 3
    assert not [each for each in streams.sent if each.subject != RESULTS]


async def test_what_names_no_step_is_kept_all_the_same() -> None:
    streams = NotingStreams([])
    for use_case in (TakeWaits, TakeDelayed):
        take = use_case(NotingStore([]), streams, results_subject=RESULTS)
        await take.give_up(b"\xff", "processes die of it")
    assert [each.subject for each in streams.sent] == [
        "treadle.dead.timing",
        "treadle.dead.scheduler",
    ]
    assert streams.results() == []
