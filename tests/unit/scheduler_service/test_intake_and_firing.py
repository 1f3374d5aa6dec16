"""The use cases on stores and streams that note what is asked of them and fail on demand."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from google.protobuf import json_format

from scheduler_service.domain.timer import DueTimer, HeldTimer, NewTimer, TimerKind
from scheduler_service.use_cases.envelopes import RESULTS_PER_MESSAGE, completed
from scheduler_service.use_cases.fire_due import Fired, FireDue
from scheduler_service.use_cases.intake import distinct
from scheduler_service.use_cases.ports import Message, NextDue, NotPublishedError
from scheduler_service.use_cases.take_delayed import TakeDelayed
from scheduler_service.use_cases.take_waits import TakeWaits
from treadle.catalog.v1.add_tag_pb2 import AddTagConfig
from treadle.catalog.v1.wait_time_pb2 import WaitTimeConfig, WaitTimeOutput, WaitUnit
from treadle.catalog.v1.wait_until_date_pb2 import DateType, WaitUntilDateConfig
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask
from treadle.execution.v1.execution_pb2 import ErrorClass
from treadle.execution.v1.hold_pb2 import Hold, HoldCause, ZoneSource
from treadle.workflow.v1.action_pb2 import ActionConfig

READY = datetime(2026, 1, 26, 10, 0, 0, 123456, tzinfo=UTC)
RESULTS = "treadle.results"


@dataclass
class NotingStreams:
    """A `Publisher`."""

    log: list[str]
    sent: list[Message] = field(default_factory=list[Message])
    refused: Collection[int] = ()
    """Which messages of each call are refused, by their place."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        self.log.append("send")
        outcomes = [
            ConnectionError() if at in self.refused else None for at in range(len(messages))
        ]
        self.sent += [m for m, outcome in zip(messages, outcomes, strict=True) if not outcome]
        return outcomes

    def results(self) -> list[ActionResult]:
        return [
            result
            for message in self.sent
            if message.subject == RESULTS
            for result in ActionResultBatch.FromString(message.payload).results
        ]


@dataclass
class NotingClaim:
    """A `Claim`."""

    timers: Sequence[DueTimer]
    claimed_at: datetime
    delivered: set[UUID] = field(default_factory=set[UUID])
    failed: set[UUID] = field(default_factory=set[UUID])

    async def settle(self, delivered: Collection[UUID], failed: Collection[UUID]) -> None:
        self.delivered, self.failed = set(delivered), set(failed)


@dataclass
class NotingStore:
    """A `TimerStore`."""

    log: list[str]
    due: list[DueTimer] = field(default_factory=list[DueTimer])
    held: dict[UUID, HeldTimer] = field(default_factory=dict[UUID, HeldTimer])
    added: list[NewTimer] = field(default_factory=list[NewTimer])
    forgotten: list[UUID] = field(default_factory=list[UUID])
    settled: NotingClaim | None = None

    async def add(self, timers: Sequence[NewTimer]) -> Mapping[UUID, HeldTimer]:
        self.log.append("add")
        self.added += timers
        return self.held

    async def forget(self, attempt_ids: Sequence[UUID]) -> None:
        self.log.append("forget")
        self.forgotten += attempt_ids

    def claim(self, limit: int) -> AbstractAsyncContextManager[NotingClaim]:
        return self._claim(limit)

    def claim_in_turn(self, limit: int) -> AbstractAsyncContextManager[NotingClaim]:
        self.log.append("in turn")
        return self._claim(limit)

    @asynccontextmanager
    async def _claim(self, limit: int) -> AsyncGenerator[NotingClaim]:
        claim = NotingClaim(self.due[:limit], READY + timedelta(hours=1))
        yield claim
        self.settled = claim

    async def next_due(self) -> NextDue | None:
        return None


def wait_task(duration: int = 2, unit: WaitUnit = WaitUnit.WAIT_UNIT_HOURS) -> ActionTask:
    return ActionTask(
        attempt_id=str(uuid4()),
        action_execution_id=str(uuid4()),
        execution_id=str(uuid4()),
        account_id=str(uuid4()),
        config=ActionConfig(wait_time=WaitTimeConfig(duration=duration, unit=unit)),
        ready_at=READY,
    )


def delayed_task() -> DelayedTask:
    task = wait_task()
    task.ClearField("config")
    task.ClearField("ready_at")
    return DelayedTask(task=task, not_before=READY)


@dataclass
class Scheduler:
    """The use cases with their surroundings."""

    log: list[str]
    store: NotingStore
    streams: NotingStreams

    async def take(self, *tasks: ActionTask | bytes) -> None:
        data = [t if isinstance(t, bytes) else t.SerializeToString() for t in tasks]
        await TakeWaits(self.store, self.streams, results_subject=RESULTS)(data)

    async def hold_back(self, *tasks: DelayedTask | bytes) -> None:
        data = [t if isinstance(t, bytes) else t.SerializeToString() for t in tasks]
        await TakeDelayed(self.store, self.streams, results_subject=RESULTS)(data)

    async def fire(self, limit: int = 1_000) -> Fired:
        firing = FireDue(self.store, self.streams, results_subject=RESULTS, limit=limit)
        return await firing.longest_due()


@pytest.fixture
def scheduler() -> Scheduler:
    log: list[str] = []
    return Scheduler(log, NotingStore(log), NotingStreams(log))


async def test_a_wait_is_stored_before_anybody_hears_of_it(scheduler: Scheduler) -> None:
    task = wait_task()
    await scheduler.take(task)
    assert scheduler.log == ["add", "send"]
    (timer,) = scheduler.store.added
    assert (timer.due_at, timer.kind) == (READY + timedelta(hours=2), TimerKind.WAIT)
    assert str(timer.account_id) == task.account_id
    (result,) = scheduler.streams.results()
    assert result.waiting.resume_at.ToDatetime(UTC) == timer.due_at
    assert result.waiting.reason == "waits 2 hours from 2026-01-26 10:00:00 UTC"
    assert result.waiting.hold == Hold(cause=HoldCause.HOLD_CAUSE_CLOCK)


async def test_tasks_come_again_when_the_engine_could_not_be_told(scheduler: Scheduler) -> None:
    scheduler.streams.refused = [0]
    with pytest.raises(NotPublishedError):
        await scheduler.take(wait_task())


async def test_a_timer_that_was_there_is_told_as_it_is(scheduler: Scheduler) -> None:
    task, earlier = wait_task(), READY + timedelta(minutes=5)
    scheduler.store.held = {UUID(task.attempt_id): HeldTimer(earlier, READY)}
    await scheduler.take(task)
    (result,) = scheduler.streams.results()
    assert result.waiting.resume_at.ToDatetime(UTC) == earlier


def dated_task(ids: ActionTask, days: int, *, read_at: datetime) -> ActionTask:
    """The same attempt, whose date has come to be so many days later."""
    task = ActionTask()
    task.CopyFrom(ids)
    config = WaitUntilDateConfig(
        date_type=DateType.DATE_TYPE_CONTACT_FIELD, field_name="custom_fields.renewal"
    )
    task.config.CopyFrom(ActionConfig(wait_until_date=config))
    renewal = (READY + timedelta(days=days)).date().isoformat()
    task.context_json = orjson.dumps({"contact": {"custom_fields": {"renewal": renewal}}})
    task.context_at.FromDatetime(read_at)
    return task


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
async def test_only_the_plan_that_is_kept_is_told(scheduler: Scheduler, together: bool) -> None:
    ids = wait_task()
    earlier = dated_task(ids, 10, read_at=READY + timedelta(seconds=1))
    later = dated_task(ids, 20, read_at=READY + timedelta(seconds=2))
    if together:
        await scheduler.take(earlier, later)
    else:
        await scheduler.take(later)
        (timer,) = scheduler.store.added
        scheduler.store.held = {timer.attempt_id: HeldTimer(timer.due_at, timer.planned_at)}
        await scheduler.take(earlier)
    (told,) = scheduler.streams.results()
    assert told.waiting.resume_at.ToDatetime(UTC) == datetime(2026, 2, 15, tzinfo=UTC)
    assert "2026-02-15" in told.waiting.reason


async def test_the_context_gives_the_zone(scheduler: Scheduler) -> None:
    task = wait_task(2, WaitUnit.WAIT_UNIT_CALENDAR_DAYS)
    task.ready_at.FromDatetime(datetime(2026, 3, 28, 12, tzinfo=UTC))
    task.context_json = orjson.dumps(
        {"contact": {"timezone": None}, "account": {"timezone": "Europe/Berlin"}}
    )
    await scheduler.take(task)
    (timer,) = scheduler.store.added
    assert timer.due_at == datetime(2026, 3, 30, 11, tzinfo=UTC)
    (result,) = scheduler.streams.results()
    assert result.waiting.hold == Hold(
        cause=HoldCause.HOLD_CAUSE_CLOCK,
        zones=["Europe/Berlin"],
        zone_source=ZoneSource.ZONE_SOURCE_ACCOUNT,
    )


@pytest.mark.parametrize("context", [b"", b"[]", b'{"contact": 1}', b'{"contact": {}}'])
async def test_without_a_zone_it_is_utc(scheduler: Scheduler, context: bytes) -> None:
    task = wait_task(1, WaitUnit.WAIT_UNIT_CALENDAR_DAYS)
    task.context_json = context
    await scheduler.take(task)
    assert scheduler.store.added[0].due_at == READY + timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"duration": 0}, "duration must be at least 1"),
        ({"unit": WaitUnit.WAIT_UNIT_UNSPECIFIED}, "unit is missing"),
        ({"duration": 1_000_000, "unit": WaitUnit.WAIT_UNIT_WEEKS}, "after the year 9999"),
    ],
)
async def test_a_wait_that_cannot_be_fails_alone(
    scheduler: Scheduler, changes: dict[str, int], words: str
) -> None:
    bad, good = wait_task(), wait_task()
    for name, value in changes.items():
        setattr(bad.config.wait_time, name, value)
    await scheduler.take(bad, good)
    assert [str(timer.attempt_id) for timer in scheduler.store.added] == [good.attempt_id]
    told = {result.attempt_id: result for result in scheduler.streams.results()}
    assert told[bad.attempt_id].failed.error_class == ErrorClass.ERROR_CLASS_INVALID_CONFIG
    assert words in told[bad.attempt_id].failed.message
    assert told[good.attempt_id].HasField("waiting")


async def test_what_is_no_task_becomes_a_dead_letter(scheduler: Scheduler) -> None:
    nobodys = wait_task()
    nobodys.attempt_id = "no id"
    await scheduler.take(b"\xff", nobodys)
    assert not scheduler.store.added
    assert not scheduler.streams.results()
    letters = [(message.subject, message.payload) for message in scheduler.streams.sent]
    assert letters == [
        ("treadle.dead.timing", b"\xff"),
        ("treadle.dead.timing", nobodys.SerializeToString()),
    ]


def _spoil_type(task: ActionTask) -> None:
    task.config.CopyFrom(ActionConfig(add_tag=AddTagConfig(tag_name="x")))


def _spoil_config(task: ActionTask) -> None:
    task.ClearField("config")


def _spoil_ready_at(task: ActionTask) -> None:
    task.ready_at.seconds = 2**60


@pytest.mark.parametrize("spoil", [_spoil_type, _spoil_config, _spoil_ready_at])
async def test_a_task_that_cannot_be_used_fails_and_is_kept(
    scheduler: Scheduler, spoil: Callable[[ActionTask], None]
) -> None:
    task = wait_task()
    spoil(task)
    await scheduler.take(task)
    (result,) = scheduler.streams.results()
    assert (result.attempt_id, result.failed.error_class) == (
        task.attempt_id,
        ErrorClass.ERROR_CLASS_INTERNAL,
    )
    assert [m.subject for m in scheduler.streams.sent] == [RESULTS, "treadle.dead.timing"]


async def test_many_results_share_a_message(scheduler: Scheduler) -> None:
    await scheduler.take(*(wait_task() for _ in range(2 * RESULTS_PER_MESSAGE + 1)))
    assert len(scheduler.streams.sent) == 3
    assert len(scheduler.streams.results()) == 2 * RESULTS_PER_MESSAGE + 1


async def test_a_delayed_task_is_stored_with_whom_to_tell(scheduler: Scheduler) -> None:
    delayed = delayed_task()
    await scheduler.hold_back(delayed)
    assert scheduler.log == ["add"]
    (timer,) = scheduler.store.added
    assert (timer.kind, timer.due_at) == (TimerKind.DELAYED_TASK, READY)
    scheduler.store.due = [DueTimer(timer.attempt_id, timer.kind, READY, timer.payload)]
    await scheduler.fire()
    (result,) = scheduler.streams.results()
    assert result.WhichOneof("outcome") == "due"
    task = delayed.task
    assert (result.attempt_id, result.execution_id, result.action_execution_id) == (
        task.attempt_id,
        task.execution_id,
        task.action_execution_id,
    )


async def test_timers_of_spent_attempts_are_forgotten_after_all_is_stored(
    scheduler: Scheduler,
) -> None:
    spent, delayed = uuid4(), delayed_task()
    word = DelayedTask(spent_attempt_ids=[str(spent), delayed.task.attempt_id])
    await scheduler.hold_back(word, delayed)
    assert scheduler.log == ["add", "forget"]
    assert [str(each) for each in scheduler.store.forgotten] == list(word.spent_attempt_ids)
    await scheduler.hold_back(DelayedTask(spent_attempt_ids=["x"]))
    (dead,) = scheduler.streams.sent
    assert dead.reason == "the ids of spent attempts are none"


async def test_an_instant_that_is_set_goes_before_the_configuration(scheduler: Scheduler) -> None:
    task = wait_task()
    task.resume_at.FromDatetime(READY + timedelta(days=3))
    await scheduler.take(task)
    (timer,) = scheduler.store.added
    assert timer.due_at == READY + timedelta(days=3)
    (result,) = scheduler.streams.results()
    assert result.waiting.reason == "waits until the instant that an operator has set"


async def test_a_delayed_task_without_an_instant_fails_and_is_kept(scheduler: Scheduler) -> None:
    timeless = delayed_task()
    timeless.ClearField("not_before")
    await scheduler.hold_back(timeless, b"\xff")
    assert [result.attempt_id for result in scheduler.streams.results()] == [
        timeless.task.attempt_id
    ]
    assert [m.subject for m in scheduler.streams.sent][1:] == 2 * ["treadle.dead.scheduler"]


def due(kind: TimerKind, payload: bytes = b"") -> DueTimer:
    return DueTimer(uuid4(), kind, READY, payload)


async def test_firing_delivers_before_it_removes(scheduler: Scheduler) -> None:
    waits = [due(TimerKind.WAIT) for _ in range(RESULTS_PER_MESSAGE + 1)]
    tasks = [due(TimerKind.DELAYED_TASK) for _ in range(3)]
    scheduler.store.due = waits + tasks
    fired = await scheduler.fire()
    assert (fired.claimed, fired.delivered) == (260, 260)
    assert fired.lag == timedelta(hours=1)
    assert scheduler.store.settled is not None
    assert scheduler.store.settled.delivered == {timer.attempt_id for timer in scheduler.store.due}
    assert len(scheduler.streams.sent) == 2
    outcomes = [result.WhichOneof("outcome") for result in scheduler.streams.results()]
    assert outcomes == len(waits) * ["completed"] + len(tasks) * ["due"]


async def test_a_batch_in_turn_is_fired_as_any_other(scheduler: Scheduler) -> None:
    scheduler.store.due = [due(TimerKind.WAIT) for _ in range(3)]
    firing = FireDue(scheduler.store, scheduler.streams, results_subject=RESULTS, limit=2)
    fired = await firing.in_turn()
    assert scheduler.log == ["in turn", "send"]
    assert (fired.claimed, fired.delivered) == (2, 2)


async def test_a_message_that_is_refused_does_not_hold_up_the_rest(scheduler: Scheduler) -> None:
    scheduler.store.due = [due(TimerKind.WAIT) for _ in range(RESULTS_PER_MESSAGE + 2)]
    scheduler.streams.refused = [1]
    fired = await scheduler.fire()
    assert (fired.claimed, fired.delivered) == (RESULTS_PER_MESSAGE + 2, RESULTS_PER_MESSAGE)
    assert scheduler.store.settled is not None
    late = {timer.attempt_id for timer in scheduler.store.due[RESULTS_PER_MESSAGE:]}
    assert scheduler.store.settled.failed == late


async def test_when_the_stream_takes_nothing_everything_is_given_back(
    scheduler: Scheduler,
) -> None:
    scheduler.store.due = [due(TimerKind.WAIT), due(TimerKind.DELAYED_TASK)]
    scheduler.streams.refused = [0]
    with pytest.raises(NotPublishedError):
        await scheduler.fire()
    assert scheduler.store.settled is None


async def test_a_timer_that_cannot_be_read_back_is_put_off_alone(scheduler: Scheduler) -> None:
    broken, good = due(TimerKind.WAIT, payload=b"\xff"), due(TimerKind.WAIT)
    scheduler.store.due = [broken, good]
    await scheduler.fire()
    assert scheduler.store.settled is not None
    assert scheduler.store.settled.failed == {broken.attempt_id}
    assert scheduler.store.settled.delivered == {good.attempt_id}


@pytest.mark.parametrize("instant", [READY, READY.replace(microsecond=0)])
def test_the_output_is_what_its_message_declares(instant: datetime) -> None:
    output = completed(b"", instant, instant).completed.output_json
    message = json_format.Parse(output, WaitTimeOutput())
    assert message == WaitTimeOutput(waited_until=instant)
    assert set(orjson.loads(output)) == set(WaitTimeOutput.DESCRIPTOR.fields_by_name)


def test_of_one_attempt_the_timer_planned_last_is_stored_in_a_fixed_order() -> None:
    ids = sorted(uuid4() for _ in range(3))

    def timer(attempt: UUID, minutes: int) -> NewTimer:
        at = READY + timedelta(minutes=minutes)
        return NewTimer(attempt, attempt, TimerKind.WAIT, attempt, attempt, READY, at, b"")

    timers = [timer(ids[2], 1), timer(ids[0], 1), timer(ids[2], 3), timer(ids[1], 1)]
    timers.append(timer(ids[2], 2))
    assert distinct(timers) == [timers[1], timers[3], timers[2]]
