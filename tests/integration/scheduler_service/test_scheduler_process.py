"""The scheduler as a process: what it owes the engine, also when it is killed."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta
from uuid import uuid4

import orjson
from nats.aio.client import Client

from common.nats import ACTIONS, DEAD, DELAY, ConsumerSpec, PullConsumer
from common.nats.streams import ensure_consumer
from devstack.nats import NatsServer
from devstack.postgres import Postgres
from scheduler_service.bootstrap import DELAYED_TASKS, WAITS
from tests.support.scheduler import Engine, delayed_task, run_replica, wait_task
from treadle.catalog.v1.wait_time_pb2 import WaitUnit
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.execution.v1.execution_pb2 import ErrorClass

SECOND = timedelta(seconds=1)


def attempts(results: list[ActionResult]) -> set[str]:
    return {result.attempt_id for result in results}


async def test_a_wait_is_parked_and_completed_at_its_instant(
    other_side: Engine, service_env: dict[str, str]
) -> None:
    async with run_replica(service_env) as replica:
        ready_at = await other_side.now()
        task = wait_task(1, ready_at=ready_at)
        await other_side.ring_waits([task])
        await other_side.until(lambda: bool(other_side.of("completed")))
        assert await replica.stop() == 0
    (waiting,), (completed,) = other_side.of("waiting"), other_side.of("completed")
    for result in (waiting, completed):
        assert (
            result.attempt_id,
            result.execution_id,
            result.action_execution_id,
            result.account_id,
        ) == (task.attempt_id, task.execution_id, task.action_execution_id, task.account_id)
        assert result.started_at.ToDatetime(UTC) == ready_at
    due_at = ready_at + SECOND
    assert waiting.waiting.resume_at.ToDatetime(UTC) == due_at
    assert waiting.waiting.reason.startswith("waits 1 second from ")
    output = orjson.loads(completed.completed.output_json)
    assert output == {"waited_until": due_at.isoformat().replace("+00:00", "Z")}
    assert completed.finished_at.ToDatetime(UTC) >= due_at
    assert await other_side.timers() == 0


async def test_a_delayed_task_is_told_of_at_its_instant(
    other_side: Engine, service_env: dict[str, str]
) -> None:
    async with run_replica(service_env):
        not_before = await other_side.now() + SECOND
        delayed = delayed_task(not_before)
        await other_side.hold_back([delayed])
        await other_side.until(lambda: bool(other_side.results))
    (result,) = other_side.of("due")
    task = delayed.task
    assert (result.attempt_id, result.execution_id) == (task.attempt_id, task.execution_id)
    assert other_side.heard_at[task.attempt_id] >= not_before


async def test_an_earlier_timer_wakes_the_scheduler(
    other_side: Engine, service_env: dict[str, str]
) -> None:
    async with run_replica(service_env):
        ready_at = await other_side.now()
        await other_side.ring_waits([wait_task(3_600, ready_at=ready_at)])
        await other_side.until(lambda: bool(other_side.of("waiting")))
        await other_side.ring_waits([wait_task(3_599, ready_at=ready_at - timedelta(hours=2))])
        await other_side.until(lambda: bool(other_side.of("completed")))
        await other_side.until_timers(1)


async def test_a_task_that_comes_twice_is_stored_once(
    other_side: Engine, service_env: dict[str, str], nc: Client
) -> None:
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    task = wait_task(3_600, ready_at=await other_side.now())
    delayed = delayed_task(await other_side.now() + timedelta(hours=1))
    async with run_replica(service_env):
        for _ in range(2):
            await other_side.ring_waits([task, task])
            await other_side.hold_back([delayed, delayed])
            # What has been stored and answered leaves its stream.
            async with asyncio.timeout(60):
                for stream in (ACTIONS, DELAY):
                    while (await js.stream_info(stream.name)).state.messages:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
        await other_side.until(lambda: len(other_side.of("waiting")) >= 2)
        assert attempts(other_side.of("waiting")) == {task.attempt_id}
        assert await other_side.timers() == 2


async def test_what_cannot_be_a_timer_is_told_and_kept(
    other_side: Engine, service_env: dict[str, str], nc: Client
) -> None:
    endless = wait_task(1_000_000, ready_at=await other_side.now())
    endless.config.wait_time.unit = WaitUnit.WAIT_UNIT_WEEKS
    timeless = wait_task(1, ready_at=await other_side.now())
    timeless.ClearField("ready_at")
    undated = delayed_task(await other_side.now())
    undated.ClearField("not_before")
    good = wait_task(1, ready_at=await other_side.now())
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    dead = PullConsumer(nc, js, ConsumerSpec(DEAD, "test", "treadle.dead.>"))
    await dead.start()
    async with run_replica(service_env):
        await other_side.publish("treadle.actions.timing.wait_time", b"\xff not protobuf")
        await other_side.publish("treadle.scheduler.delay", b"\xff not protobuf")
        await other_side.ring_waits([endless, timeless, good])
        await other_side.hold_back([undated])
        await other_side.until(
            lambda: len(other_side.of("failed")) == 3 and bool(other_side.of("completed"))
        )
    failed = {result.attempt_id: result.failed for result in other_side.of("failed")}
    assert failed[endless.attempt_id].error_class == ErrorClass.ERROR_CLASS_INVALID_CONFIG
    assert "9999" in failed[endless.attempt_id].message
    for task in (timeless, undated.task):
        assert failed[task.attempt_id].error_class == ErrorClass.ERROR_CLASS_INTERNAL
    assert attempts(other_side.of("completed")) == {good.attempt_id}
    letters = set[tuple[str, bytes]]()
    reasons = set[str]()
    async with asyncio.timeout(60):
        while len(letters) < 4:
            batch = await dead.next_batch(10)
            letters |= {(letter.subject, letter.data) for letter in batch}
            reasons |= {(letter.headers or {})["Treadle-Reason"] for letter in batch}
    await dead.stop()
    assert "not an ActionTask" in reasons
    assert letters == {
        ("treadle.dead.timing", b"\xff not protobuf"),
        ("treadle.dead.scheduler", b"\xff not protobuf"),
        ("treadle.dead.timing", timeless.SerializeToString()),
        ("treadle.dead.scheduler", undated.SerializeToString()),
    }


async def shorten_ack_wait(nc: Client, *specs: ConsumerSpec) -> None:
    """Brings what killed processes had taken again soon."""
    js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    for spec in specs:
        await ensure_consumer(js, replace(spec, ack_wait=SECOND))


async def test_timers_survive_a_kill(other_side: Engine, service_env: dict[str, str]) -> None:
    ready_at = await other_side.now()
    waits = [wait_task(3_600, ready_at=ready_at) for _ in range(300)]
    delayed = [delayed_task(ready_at + 3_600 * SECOND) for _ in range(300)]
    async with run_replica(service_env) as replica:
        await other_side.ring_waits(waits)
        await other_side.hold_back(delayed)
        await other_side.until(lambda: len(attempts(other_side.of("waiting"))) == 300)
        await other_side.until_timers(600)
        await replica.kill()
    due_at = await other_side.bring_forward()
    async with run_replica(service_env):
        await other_side.until(
            lambda: (
                len(attempts(other_side.of("completed"))) == 300
                and len(attempts(other_side.of("due"))) == 300
            )
        )
    assert attempts(other_side.of("completed")) == {task.attempt_id for task in waits}
    assert attempts(other_side.of("due")) == {each.task.attempt_id for each in delayed}
    for result in other_side.of("completed"):
        assert result.finished_at.ToDatetime(UTC) >= due_at
    for each in delayed:
        assert other_side.heard_at[each.task.attempt_id] >= due_at


async def test_nothing_is_lost_when_it_is_killed_again_and_again(
    other_side: Engine, service_env: dict[str, str], nc: Client
) -> None:
    ready_at = await other_side.now()
    waits = [wait_task(1 + number % 5, ready_at=ready_at) for number in range(4_000)]
    delayed = [delayed_task(ready_at + (1 + number % 5) * SECOND) for number in range(1_000)]
    await other_side.ring_waits(waits)
    await other_side.hold_back(delayed)
    wanted = {task.attempt_id for task in waits} | {each.task.attempt_id for each in delayed}

    def done() -> set[str]:
        return attempts(other_side.of("completed")) | attempts(other_side.of("due"))

    for pause in (0.05, 0.2, 0.4, 0.6, 0.8):
        async with run_replica(service_env, fire_batch="100", intake_batch="100") as replica:
            await asyncio.sleep(pause)
            await replica.kill()
    async with run_replica(service_env):
        await shorten_ack_wait(nc, WAITS, DELAYED_TASKS)
        await other_side.until(lambda: done() == wanted, seconds=120)
    due_at = {task.attempt_id: ready_at + task.config.wait_time.duration * SECOND for task in waits}
    for result in other_side.of("completed"):
        assert result.finished_at.ToDatetime(UTC) >= due_at[result.attempt_id]


async def test_two_replicas_share_the_work(other_side: Engine, service_env: dict[str, str]) -> None:
    async with run_replica(service_env) as one, run_replica(service_env) as two:
        ready_at = await other_side.now()
        waits = [wait_task(3, ready_at=ready_at) for _ in range(5_000)]
        delayed = [delayed_task(ready_at + 3 * SECOND) for _ in range(2_000)]
        await other_side.ring_waits(waits)
        await other_side.hold_back(delayed)
        await other_side.until(
            lambda: len(other_side.of("completed")) >= 5_000 and len(other_side.of("due")) >= 2_000
        )
        assert await one.stop() == 0
        assert await two.stop() == 0
    assert attempts(other_side.of("completed")) == {task.attempt_id for task in waits}
    # Without a crash, each timer fires once.
    assert len(other_side.of("completed")) == 5_000
    assert len(other_side.of("due")) == 2_000
    assert await other_side.timers() == 0
    for result in other_side.of("completed"):
        assert result.finished_at.ToDatetime(UTC) >= ready_at + 3 * SECOND


async def test_a_survivor_fires_what_a_dead_replica_stored(
    other_side: Engine, service_env: dict[str, str]
) -> None:
    ready_at = await other_side.now()
    waits = [wait_task(2, ready_at=ready_at) for _ in range(1_000)]
    async with run_replica(service_env) as one, run_replica(service_env):
        await other_side.ring_waits(waits)
        await other_side.until(lambda: len(attempts(other_side.of("waiting"))) == 1_000)
        await one.kill()
        await other_side.until(lambda: len(attempts(other_side.of("completed"))) == 1_000)


async def test_five_thousand_due_at_once(other_side: Engine, service_env: dict[str, str]) -> None:
    ready_at = await other_side.now()
    waits = [wait_task(4, ready_at=ready_at, account=uuid4()) for _ in range(5_000)]
    async with run_replica(service_env):
        await other_side.ring_waits(waits)
        await other_side.until(lambda: len(attempts(other_side.of("completed"))) == 5_000)
    for result in other_side.of("completed"):
        assert result.finished_at.ToDatetime(UTC) >= ready_at + 4 * SECOND


async def test_it_gets_over_lost_connections_to_postgres(
    other_side: Engine, service_env: dict[str, str], postgres_server: Postgres
) -> None:
    ready_at = await other_side.now()
    async with run_replica(service_env):
        await other_side.ring_waits([wait_task(3_600, ready_at=ready_at) for _ in range(50)])
        await other_side.until(lambda: len(attempts(other_side.of("waiting"))) == 50)
        await other_side.database.dispose()
        database = service_env["TREADLE_DATABASE_URL"].rpartition("/")[2]
        postgres_server.query(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
        )
        await other_side.ring_waits([wait_task(3_600, ready_at=ready_at) for _ in range(50)])
        await other_side.until_timers(100)
        await other_side.bring_forward()
        await other_side.until(lambda: len(attempts(other_side.of("completed"))) == 100)
        await other_side.until_timers(0)


async def test_timers_wait_for_nats_to_come_back(
    other_side: Engine, service_env: dict[str, str], nats_server: NatsServer
) -> None:
    ready_at = await other_side.now()
    async with run_replica(service_env) as replica:
        await other_side.ring_waits([wait_task(3_600, ready_at=ready_at) for _ in range(50)])
        await other_side.until(lambda: len(attempts(other_side.of("waiting"))) == 50)
        nats_server.kill()
        await other_side.bring_forward()
        await other_side.until(
            lambda: any(line["event"] == "timers_not_delivered" for line in replica.lines)
        )
        assert await other_side.timers() == 50
        nats_server.start()
        await other_side.until(lambda: len(attempts(other_side.of("completed"))) == 50)
        await other_side.until_timers(0)
