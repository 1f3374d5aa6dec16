"""Pausing, resuming and moving executions to a new version, with a real engine at work."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tests.support.action_api import Api, Client, tag
from tests.support.engine import Bench, HandExecutor, HandScheduler, bench, result_for, tagged
from tests.support.story import Story, claimed
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2
from treadle.ledger.v1 import ledger_service_pb2 as ledger
from treadle.workflow.v1 import workflow_pb2
from treadle.workflow.v1 import workflow_service_pb2 as workflows

MIGRATE = workflow_pb2.IN_FLIGHT_MIGRATE


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await surroundings.start_engine()
        yield surroundings


@pytest.fixture
async def crm(world: Bench) -> AsyncGenerator[HandExecutor]:
    executor = HandExecutor(world)
    await executor.start()
    yield executor
    await executor.stop()


@pytest.fixture
def story(api: Api, client: Client, world: Bench) -> Story:
    return Story(api, client, world)


def parked(task: ActionTask) -> ActionResult:
    result = result_for(task)
    result.waiting.resume_at.FromDatetime(datetime.now(UTC) + timedelta(days=30))
    return result


async def test_due_work_is_held_and_goes_on(story: Story, crm: HandExecutor) -> None:
    await story.begin("a", "b")
    await story.run(3)
    tasks = await crm.take(3)
    await story.pause()
    await crm.answer(*(tagged(task) for task in tasks))
    await story.settled("paused", 3)
    assert await crm.nothing()
    assert (await story.resume()).version == 1
    following = await crm.take(3)
    assert {task.config.add_tag.tag_name for task in following} == {"b"}
    await crm.answer(*(tagged(task) for task in following))
    await story.settled("completed", 3)


async def test_a_task_that_is_lost_during_a_long_pause_is_rung_for_when_it_is_over(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a")
    await story.run()
    (lost,) = await crm.take(1)
    await story.pause()
    # As after hours of rings that nobody has answered.
    await story.world.execute(
        "UPDATE workflow_action_executions SET rings = 10, lease_until = now()"
    )
    await story.settled("paused")
    await story.resume()
    # NATS drops the copy of a task that it has seen a moment ago; the lease shows the ring.
    await story.world.until(
        "SELECT count(*) FROM workflow_action_executions WHERE rings = 1"
        " AND lease_until < now() + interval '1 hour'",
        1,
    )
    await crm.answer(tagged(lost))
    await story.settled("completed")


async def test_a_retry_whose_instant_nobody_told_of_is_held_like_one_that_is_due(
    story: Story, crm: HandExecutor
) -> None:
    scheduler = HandScheduler(story.world)
    await scheduler.start()
    await story.begin("a")
    await story.run()
    (task,) = await crm.take(1)
    refused = result_for(task)
    refused.failed.error_class = execution_pb2.ERROR_CLASS_NETWORK_TIMEOUT
    await crm.answer(refused)
    delayed = await scheduler.take()
    await story.pause()
    await story.world.execute("UPDATE workflow_action_executions SET lease_until = now()")
    await story.settled("paused")
    assert await crm.nothing()
    await story.resume()
    (again,) = await crm.take(1)
    assert (again.attempt_id, again.attempt_number) == (delayed.task.attempt_id, 2)
    await crm.answer(tagged(again))
    await story.settled("completed")
    await scheduler.stop()


async def test_kept_executions_finish_on_the_version_they_started_on(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause()
    await crm.answer(tagged(task))
    await story.settled("paused")
    await story.delete("b")
    await story.add("c")
    assert (await story.resume()).version == 2
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "b"
    await crm.answer(tagged(task))
    await story.settled("completed")
    assert (await story.execution(execution_id)).workflow_version == 1
    assert await story.log(execution_id) == [("a", "a", "completed"), ("b", "b", "completed")]


async def test_a_held_execution_whose_action_is_gone_goes_on_at_the_next_survivor(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b", "c", "d")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause()
    await crm.answer(tagged(task))
    await story.settled("paused")
    await story.delete("b")
    await story.delete("c")
    await story.change("d", config=tag("changed"))
    await story.change("a", config=tag("a-new"))
    assert (await story.resume(MIGRATE)).version == 2
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "changed"
    assert task.action_id == story.actions["d"]
    await crm.answer(tagged(task))
    await story.settled("completed")
    assert (await story.execution(execution_id)).workflow_version == 2
    # Each step shows the configuration it ran with, whatever version the execution is on now.
    assert await story.log(execution_id) == [
        ("a", "a", "completed"),
        ("b", "b", "skipped"),
        ("d", "changed", "completed"),
    ]


async def test_a_held_execution_whose_action_survives_runs_its_new_configuration(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause()
    await crm.answer(tagged(task))
    await story.settled("paused")
    await story.change("b", config=tag("b-new"))
    await story.resume(MIGRATE)
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "b-new"
    await crm.answer(tagged(task))
    await story.settled("completed")
    assert await story.log(execution_id) == [("a", "a", "completed"), ("b", "b-new", "completed")]


async def test_the_result_of_an_action_that_is_gone_comes_to_nothing(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (late,) = await crm.take(1)
    await story.pause()
    await story.delete("a")
    await story.resume(MIGRATE)
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "b"
    assert task.attempt_id != late.attempt_id
    await crm.answer(tagged(late))
    assert await crm.nothing()
    await crm.answer(tagged(task))
    await story.settled("completed")
    tags = await story.api.rows("SELECT t.name FROM contact_tags c JOIN tags t ON t.id = c.tag_id")
    assert tags == [("b",)]
    assert [status for _, _, status in await story.log(execution_id)] == ["skipped", "completed"]


async def test_an_attempt_under_way_whose_action_survives_is_not_disturbed(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    await story.pause()
    await story.delete("b")
    await story.add("c")
    await story.resume(MIGRATE)
    await crm.answer(tagged(task))
    (following,) = await crm.take(1)
    assert following.config.add_tag.tag_name == "c"
    await crm.answer(tagged(following))
    await story.settled("completed")
    assert [name for name, _, _ in await story.log(execution_id)] == ["a", "c"]


async def test_a_task_on_its_way_does_not_run_what_the_log_calls_new(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (late,) = await crm.take(1)
    await story.pause()
    await story.change("a", config=tag("a-new"))
    await story.resume(MIGRATE)
    (task,) = await crm.take(1)
    assert task.config.add_tag.tag_name == "a-new"
    assert task.action_execution_id == late.action_execution_id
    await crm.answer(tagged(late))
    assert await crm.nothing()
    await crm.answer(tagged(task))
    (following,) = await crm.take(1)
    await crm.answer(tagged(following))
    await story.settled("completed")
    tags = await story.api.rows("SELECT t.name FROM contact_tags c JOIN tags t ON t.id = c.tag_id")
    assert sorted(tags) == [("a-new",), ("b",)]
    assert await story.log(execution_id) == [("a", "a-new", "completed"), ("b", "b", "completed")]


async def test_what_has_begun_keeps_the_version_it_began_with(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    assert await claimed(story, task) == [ledger.CLAIM_DECISION_GRANTED]
    await story.pause()
    await story.change("a", config=tag("a-new"))
    await story.resume(MIGRATE)
    assert await crm.nothing()
    await crm.answer(tagged(task))
    (following,) = await crm.take(1)
    await crm.answer(tagged(following))
    await story.settled("completed")
    assert await story.log(execution_id) == [("a", "a", "completed"), ("b", "b", "completed")]


async def test_a_step_that_is_tried_again_shows_the_version_that_it_is_tried_with(
    story: Story, crm: HandExecutor
) -> None:
    scheduler = HandScheduler(story.world)
    await scheduler.start()
    await story.begin("a")
    (execution_id,) = await story.run()
    (task,) = await crm.take(1)
    assert await claimed(story, task) == [ledger.CLAIM_DECISION_GRANTED]
    await story.pause()
    await story.change("a", config=tag("a-new"))
    await story.resume(MIGRATE)
    refused = result_for(task)
    refused.claimant = True
    refused.failed.error_class = execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE
    await crm.answer(refused)
    due = result_for((await scheduler.take()).task)
    due.due.SetInParent()
    await crm.answer(due)
    (again,) = await crm.take(1)
    assert again.config.add_tag.tag_name == "a-new"
    assert await story.log(execution_id) == [("a", "a-new", "pending")]
    await scheduler.stop()


async def test_a_run_reads_earlier_steps_by_the_names_of_its_own_version(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b", "{{ steps.a.tag_name }}")
    await story.run()
    (first,) = await crm.take(1)
    await story.pause()
    await story.change("a", name="was a")
    await story.change("b", name="a")
    await crm.answer(tagged(first, "from a"))
    await story.settled("paused")
    await story.resume()
    (second,) = await crm.take(1)
    await crm.answer(tagged(second, "from b"))
    (third,) = await crm.take(1)
    outputs = {
        name: output["tag_name"]
        for name, output in orjson.loads(third.context_json)["steps"].items()
    }
    assert outputs == {
        story.actions["a"]: "from a",
        story.actions["b"]: "from b",
        "a": "from a",
        "b": "from b",
    }


async def test_a_wait_goes_by_the_version_that_its_run_has_moved_to(
    story: Story, world: Bench
) -> None:
    timing = HandExecutor(world, "timing")
    await timing.start()
    await story.begin_with({"wait_for_event": {"event_type": "email_open"}})
    (execution_id,) = await story.run()
    (task,) = await timing.take(1)
    await timing.answer(parked(task))
    await story.settled("waiting")
    await story.pause()
    await story.change("wait", config={"wait_for_event": {"event_type": "sms_reply"}})
    await story.resume(MIGRATE)

    (anew,) = await timing.take(1)
    assert anew.config.wait_for_event.event_type == "sms_reply"
    assert anew.attempt_id != task.attempt_id
    assert (anew.action_execution_id, anew.ready_at) == (task.action_execution_id, task.ready_at)
    await timing.answer(parked(anew))
    await story.world.until("SELECT scheduled_at IS NOT NULL FROM workflow_action_executions", True)
    told = await story.explained(execution_id)
    assert (told.event.event_type, told.step.attempt_id) == ("sms_reply", anew.attempt_id)
    # The timer of before is for nobody any more.
    late = result_for(task)
    late.completed.output_json = b"{}"
    await timing.answer(late)
    await story.settled("waiting")
    await timing.stop()


async def test_a_claim_that_meets_a_pause_is_held_and_rung_for_again(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a")
    await story.run()
    (task,) = await crm.take(1)
    await story.pause()
    assert await claimed(story, task) == [ledger.CLAIM_DECISION_STALE]
    await story.settled("paused")
    assert await crm.nothing()
    await story.resume()
    # At once, although NATS has seen this step's task a moment ago.
    (again,) = await crm.take(1)
    assert again.action_execution_id == task.action_execution_id
    assert await claimed(story, task) == [ledger.CLAIM_DECISION_STALE]
    assert await claimed(story, again) == [ledger.CLAIM_DECISION_GRANTED]
    await crm.answer(tagged(again))
    await story.settled("completed")


async def test_disabled_steps_are_passed_over_and_nothing_left_is_the_end(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b", "c", "d")
    first, second = await story.run(2)
    tasks = {task.execution_id: task for task in await crm.take(2)}
    await crm.answer(tagged(tasks[second]))
    (at_b,) = await crm.take(1)
    await story.pause()
    await crm.answer(tagged(at_b))
    await story.settled("paused")
    # One execution is held at c, the other under way at a.
    await story.change("c", is_enabled=False)
    await story.delete("d")
    await story.delete("a")
    await story.resume(MIGRATE)
    await story.settled("completed")
    assert [entry[::2] for entry in await story.log(second)] == [
        ("a", "completed"),
        ("b", "completed"),
        ("c", "skipped"),
    ]
    (task,) = await crm.take(1)
    assert (task.execution_id, task.action_id) == (first, story.actions["b"])
    await crm.answer(tagged(task))
    await story.settled("completed", 2)
    assert [entry[::2] for entry in await story.log(first)] == [
        ("a", "skipped"),
        ("b", "completed"),
        ("c", "skipped"),
    ]


async def test_an_archived_workflow_lets_what_was_held_finish(
    story: Story, crm: HandExecutor
) -> None:
    await story.begin("a", "b")
    await story.run()
    (task,) = await crm.take(1)
    await story.pause()
    await crm.answer(result_for(task), tagged(task))
    await story.settled("paused")
    request = workflows.ArchiveWorkflowRequest(workflow_id=story.workflow_id)
    await story.client.workflows.ArchiveWorkflow(request)
    (task,) = await crm.take(1)
    await crm.answer(tagged(task))
    await story.settled("completed")


async def test_migrating_many_at_once(story: Story, crm: HandExecutor) -> None:
    await story.begin("a", "b", "c")
    await story.run(300)
    tasks = await crm.take(300)
    await story.pause()
    await crm.answer(*(tagged(task) for task in tasks[:150]))
    await story.settled("paused", 150)
    await story.delete("b")
    await story.resume(MIGRATE)
    moved = await crm.take(150)
    assert {task.config.add_tag.tag_name for task in moved} == {"c"}
    await crm.answer(*(tagged(task) for task in [*moved, *tasks[150:]]))
    rest = await crm.take(150)
    await crm.answer(*(tagged(task) for task in rest))
    await story.settled("completed", 300)
