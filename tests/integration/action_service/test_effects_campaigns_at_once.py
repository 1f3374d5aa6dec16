"""Campaigns entered and left by many at once, on two engines."""

from collections import Counter
from collections.abc import AsyncGenerator

import pytest

from tests.support.effects import RecordHandlers, outcomes, run, two_engines
from tests.support.engine import Bench, HandExecutor, Seeded, bench
from tests.support.sales import add_campaign
from tests.support.sales_steps import (
    TAG,
    WAIT,
    enrollments,
    entering,
    leaving,
    result,
    state,
    workflow,
)
from treadle.dispatch.v1.result_pb2 import ActionResult


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines and the executors."""
    async with two_engines(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def home(world: Bench) -> Seeded:
    """An account with a contact."""
    return await world.seed([])


async def test_removal_waits_for_who_works_on_the_run(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, WAIT)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
    entered = await result(world, home, entering(campaign))
    removing = await workflow(world, home, leaving(campaign))
    async with world.pool.acquire() as connection, connection.transaction():
        # As the other engine does while it works on a result of the run.
        await connection.execute(
            "SELECT FROM workflow_executions WHERE id = $1 FOR NO KEY UPDATE",
            entered.output["execution_id"],
        )
        (removal_id,) = await world.start(removing)
        # The removal is put off, and nothing else is.
        await result(world, home, TAG)
        assert await state(world, removal_id) == ("running", None)
        assert [each[1] for each in await enrollments(world)] == ["active"]
    await world.until(
        "SELECT state FROM workflow_executions WHERE id = :id", "completed", id=removal_id
    )
    assert [each[1] for each in await enrollments(world)] == ["removed"]
    assert (await state(world, entered.output["execution_id"]))[0] == "cancelled"


@pytest.mark.parametrize("anew", [True, False])
async def test_nobody_waits_for_an_enrolment(world: Bench, home: Seeded, anew: bool) -> None:
    """One engine may hold it and want one that the other holds: both would wait for ever."""
    campaign = await add_campaign(world, home.account_id)
    await result(world, home, entering(campaign))
    ending = entering(campaign, skip_if_enrolled=False) if anew else leaving(campaign)
    flow = await workflow(world, home, ending)
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM campaign_enrollments FOR NO KEY UPDATE")
        (execution_id,) = await world.start(flow)
        await result(world, home, TAG)
        assert await world.rows("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]
        assert await state(world, execution_id) == ("running", None)
    await world.until(
        "SELECT state FROM workflow_executions WHERE id = :id", "completed", id=execution_id
    )
    assert [each[1] for each in await enrollments(world)] == ["removed", *["active"] * anew]


async def test_enrolling_waits_for_who_changes_the_workflow(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, WAIT)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
    entry = await workflow(world, home, entering(campaign))
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE workflows SET status = 'paused' WHERE id = $1", flow.workflow_id
        )
        (entry_id,) = await world.start(entry)
        await result(world, home, TAG)
        assert await state(world, entry_id) == ("running", None)
    await world.until("SELECT state FROM workflow_executions WHERE id = :id", "failed", id=entry_id)
    (outcome,) = await outcomes(world, [entry_id])
    assert outcome.error_class == "rejected"
    assert f"behind the campaign Campaign {campaign.id} is paused" in str(outcome.message)


async def test_a_limit_holds_when_a_hundred_enter_at_once(world: Bench) -> None:
    home = await world.seed([], contacts=100)
    campaign = await add_campaign(world, home.account_id, limit=10)
    found = await run(world, await workflow(world, home, entering(campaign)))
    assert Counter((each.status, each.error_class) for each in found) == {
        ("completed", None): 10,
        ("failed", "rejected"): 90,
    }
    why = {each.message for each in found if each.status == "failed"}
    assert why == {
        f"the campaign Campaign {campaign.id} is full: it takes 10 at a time; raise its limit or"
        " remove contacts from it"
    }
    assert Counter(each[1] for each in await enrollments(world)) == {"active": 10}


async def test_a_contact_that_enters_many_times_at_once_is_enrolled_once(
    world: Bench, home: Seeded
) -> None:
    flow = await workflow(world, home, WAIT)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
    entry = await workflow(world, home, entering(campaign))
    started = [(await world.start(entry))[0] for _ in range(30)]
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 30)
    found = await outcomes(world, started)
    assert Counter(bool(each.output["enrolled"]) for each in found) == {True: 1, False: 29}
    assert len({str(each.output["enrollment_id"]) for each in found}) == 1
    assert len(await enrollments(world)) == 1
    assert await world.states() == {"completed": 30, "running": 1}


async def test_entering_anew_and_leaving_at_once(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, TAG, WAIT)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id, limit=1)
    entry = await workflow(world, home, entering(campaign, skip_if_enrolled=False))
    exit_ = await workflow(world, home, leaving(campaign))
    started: list[str] = []
    for each in [entry, exit_] * 20:
        started += await world.start(each)
    await world.until(
        "SELECT count(*) FROM workflow_executions WHERE id = ANY(CAST(:ids AS uuid[]))"
        " AND state = 'completed'",
        len(started),
        ids=started,
    )
    found = await outcomes(world, started)
    assert sum(each.output.get("enrolled") is True for each in found) == 20
    removals = sum(each.output.get("removed") is True for each in found)
    kept = await enrollments(world)
    assert len(kept) == 20
    active = [each for each in kept if each[1] == "active"]
    assert len(active) <= 1
    # Every end is written down once, with its reason.
    reasons = Counter(each[2] for each in kept if each[1] == "removed")
    assert reasons["removed by a workflow"] == removals
    assert await world.rows("SELECT count(*) FROM audit_log") == [(20 - len(active),)]
    # An active enrolment has a run that is under way, the others have none.
    assert await world.rows(
        "SELECT count(*) FROM campaign_enrollments n JOIN workflow_executions e"
        " ON e.id = n.execution_id WHERE (n.status = 'active') <> (e.state = 'running')"
    ) == [(0,)]


async def test_results_that_come_ten_times_count_once(database_url: str, nats_url: str) -> None:
    async with two_engines(database_url, nats_url, copies=10) as world:
        home = await world.seed([], contacts=20)
        flow = await workflow(world, home, WAIT)
        campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
        steps = [
            entering(campaign, skip_if_enrolled=False),
            entering(campaign, skip_if_enrolled=False),
            leaving(campaign),
        ]
        await run(world, await workflow(world, home, *steps))
        assert Counter(each[2] for each in await enrollments(world)) == {
            "enrolled anew by a workflow": 20,
            "removed by a workflow": 20,
        }
        assert await world.rows("SELECT count(*) FROM audit_log") == [(40,)]
        assert await world.states() == {"completed": 20, "cancelled": 40}


async def test_a_batch_in_which_a_contact_enters_enters_anew_and_leaves(
    database_url: str, nats_url: str
) -> None:
    """What an effect of the batch has made, a later one ends, with a run that is yet to begin."""
    async with bench(database_url, nats_url) as world:
        await world.start_engine()
        executor, handlers = HandExecutor(world), RecordHandlers()
        await executor.start()
        home = await world.seed([])
        flow = await workflow(world, home, WAIT)
        campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id, limit=1)
        answers: list[ActionResult] = []
        for step in (
            entering(campaign),
            entering(campaign),
            entering(campaign, skip_if_enrolled=False),
            leaving(campaign),
            leaving(campaign),
        ):
            await world.start(await workflow(world, home, step))
            answers += [handlers.answer(task) for task in await executor.take(1)]
        await executor.answer(*answers)
        await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 5)
        found = [
            each.output for each in await outcomes(world, [one.execution_id for one in answers])
        ]
        first, second = await enrollments(world)
        assert first[1:3] == ("removed", "enrolled anew by a workflow")
        assert second[1:3] == ("removed", "removed by a workflow")
        assert [each.get("enrolled") for each in found] == [True, False, True, None, None]
        assert [each.get("removed") for each in found] == [None, None, None, True, False]
        assert found[1]["enrollment_id"] == first[0]
        assert found[3]["cancelled_execution_id"] == second[3]
        assert await world.states() == {"completed": 5, "cancelled": 2}
        await executor.stop()
