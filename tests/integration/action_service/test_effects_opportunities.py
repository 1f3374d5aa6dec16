"""Opportunities: created and moved by steps, from handler to event, on real servers."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from action_service.domain.plan import Json
from tests.support.effects import events, outcomes, run, two_engines
from tests.support.engine import Bench, Seeded, Step
from tests.support.sales import add_opportunity, add_pipeline
from tests.support.sales_steps import ABSENT, result, workflow


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines and the executors."""
    async with two_engines(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def home(world: Bench) -> Seeded:
    """An account with a contact."""
    return await world.seed([])


async def opportunities(world: Bench) -> list[tuple[object, ...]]:
    """Every opportunity: id, pipeline, stage, status, and whether it is closed."""
    return await world.rows(
        "SELECT id::text, pipeline_id::text, stage_id::text, status, closed_at IS NOT NULL"
        " FROM opportunities ORDER BY created_at, id"
    )


async def test_create_opportunity_action(world: Bench, home: Seeded) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    config: dict[str, Json] = {
        "pipeline_id": pipeline.id.upper(),
        "stage_id": pipeline.stage_ids[1],
        "name": "{{ contact.first_name }}: annual plan",
        "value": "1234.565",
        "currency": "EUR",
    }
    created = await result(world, home, Step("create_opportunity", config))
    assert created.status == "completed"
    opportunity_id = created.output["opportunity_id"]
    assert created.output == {
        "opportunity_id": opportunity_id,
        "pipeline_id": pipeline.id,
        "stage_id": pipeline.stage_ids[1],
        "value": 1234.56,
        "currency": "EUR",
    }
    assert await world.rows(
        "SELECT o.id::text, o.contact_id::text, o.stage_id::text, o.name, o.value::text,"
        " o.currency, o.status, o.closed_at, x.workflow_execution_id::text"
        " FROM opportunities o JOIN workflow_action_executions x ON x.id = o.action_execution_id"
    ) == [
        (
            opportunity_id,
            home.contact_ids[0],
            pipeline.stage_ids[1],
            "Ada: annual plan",
            "1234.56",
            "EUR",
            "open",
            None,
            created.execution_id,
        )
    ]
    (heard,) = await events(world)
    assert (heard.type, heard.contact_id) == ("opportunity_created", home.contact_ids[0])
    assert heard.data == created.output
    assert heard.origin == (created.execution_id,)


async def test_an_opportunity_with_nothing_but_a_name(world: Bench, home: Seeded) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    await world.execute("UPDATE accounts SET currency = 'CHF'")
    config: dict[str, Json] = {"pipeline_id": pipeline.id, "name": "Deal"}
    created = await result(world, home, Step("create_opportunity", config))
    assert created.output["stage_id"] == pipeline.stage_ids[0]
    assert created.output["currency"] == "CHF"
    assert "value" not in created.output
    assert await world.rows("SELECT value, currency FROM opportunities") == [(None, "CHF")]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (0, "0.00"),
        (99.995, "100.00"),
        (0.125, "0.12"),
        (10**12, "1000000000000.00"),
        (" 7 ", "7.00"),
    ],
)
async def test_values(world: Bench, home: Seeded, value: Json, stored: str) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    config: dict[str, Json] = {"pipeline_id": pipeline.id, "name": "Deal", "value": value}
    assert (await result(world, home, Step("create_opportunity", config))).status == "completed"
    assert await world.rows("SELECT value::text FROM opportunities") == [(stored,)]


async def test_an_opportunity_that_begins_at_its_end(world: Bench, home: Seeded) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    config: dict[str, Json] = {
        "pipeline_id": pipeline.id,
        "stage_id": pipeline.stage_ids[2],
        "name": "Deal",
    }
    await result(world, home, Step("create_opportunity", config))
    ((_, _, _, status, closed),) = await opportunities(world)
    assert (status, closed) == ("won", True)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [({}, 0), ({"opportunity_selector": "first"}, 0), ({"opportunity_selector": "latest"}, 2)],
)
async def test_move_pipeline_stage_action(
    world: Bench, home: Seeded, selector: dict[str, Json], expected: int
) -> None:
    account, (contact,) = home.account_id, home.contact_ids
    (other,) = (await world.seed([], account_id=account)).contact_ids
    pipeline = await add_pipeline(world, account)
    elsewhere = await add_pipeline(world, account)
    await add_opportunity(world, account, contact, elsewhere, age=9)
    await add_opportunity(world, account, other, pipeline, age=9)
    ids = [await add_opportunity(world, account, contact, pipeline, age=age) for age in (3, 2, 1)]
    config: dict[str, Json] = {"pipeline_id": pipeline.id, "stage_id": pipeline.stage_ids[2]}
    moved = await result(world, home, Step("move_pipeline_stage", config | selector))
    assert moved.output == {
        "opportunity_id": ids[expected],
        "stage_id": pipeline.stage_ids[2],
        "previous_stage_id": pipeline.stage_ids[0],
        "moved": True,
    }
    assert await world.rows(
        "SELECT id::text, status, closed_at IS NOT NULL, stage_changed_at = updated_at, revision"
        " FROM opportunities WHERE stage_id = :stage",
        stage=pipeline.stage_ids[2],
    ) == [(ids[expected], "won", True, True, 2)]
    (heard,) = await events(world)
    assert (heard.type, heard.contact_id) == ("stage_changed", contact)
    assert heard.data == {
        "opportunity_id": ids[expected],
        "pipeline_id": pipeline.id,
        "previous_stage_id": pipeline.stage_ids[0],
        "stage_id": pipeline.stage_ids[2],
        "status": "won",
    }
    assert heard.origin == (moved.execution_id,)
    assert await world.rows(
        "SELECT actor, operation, entity_type, entity_id::text, before, after FROM audit_log"
    ) == [
        (
            f"execution:{moved.execution_id}",
            "opportunity.moved",
            "opportunity",
            ids[expected],
            {"pipeline_id": pipeline.id, "stage_id": pipeline.stage_ids[0], "status": "open"},
            {"pipeline_id": pipeline.id, "stage_id": pipeline.stage_ids[2], "status": "won"},
        )
    ]


async def test_a_specific_opportunity_comes_from_anywhere(world: Bench, home: Seeded) -> None:
    account, contact = home.account_id, home.contact_ids[0]
    won, open_again = await add_pipeline(world, account), await add_pipeline(world, account)
    mine = await add_opportunity(world, account, contact, won, stage=2)
    await world.execute("UPDATE opportunities SET status = 'won', closed_at = now()")
    await add_opportunity(world, account, contact, open_again)
    await world.execute(
        "UPDATE contacts SET custom_fields = jsonb_build_object('deal', CAST(:deal AS text))"
        " WHERE id = :id",
        deal=mine.upper(),
        id=contact,
    )
    config: dict[str, Json] = {
        "pipeline_id": open_again.id,
        "stage_id": open_again.stage_ids[1],
        "opportunity_selector": "specific",
        "opportunity_id": "{{ contact.custom_fields.deal }}",
    }
    moved = await result(world, home, Step("move_pipeline_stage", config))
    assert moved.output["opportunity_id"] == mine
    assert (mine, open_again.id, open_again.stage_ids[1], "open", False) in await opportunities(
        world
    )


async def test_an_opportunity_that_is_there_already(world: Bench, home: Seeded) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    mine = await add_opportunity(world, home.account_id, home.contact_ids[0], pipeline)
    config: dict[str, Json] = {"pipeline_id": pipeline.id, "stage_id": pipeline.stage_ids[0]}
    stayed = await result(world, home, Step("move_pipeline_stage", config))
    assert (stayed.status, stayed.output["moved"]) == ("completed", False)
    assert stayed.output["opportunity_id"] == mine
    assert stayed.output["previous_stage_id"] == stayed.output["stage_id"]
    assert await events(world) == []
    assert await world.rows("SELECT revision FROM opportunities") == [(1,)]
    assert await world.rows("SELECT count(*) FROM audit_log") == [(0,)]


async def test_moves_of_one_opportunity_follow_one_another(world: Bench, home: Seeded) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    await add_opportunity(world, home.account_id, home.contact_ids[0], pipeline)
    started: list[str] = []
    for stage_id in pipeline.stage_ids:
        config: dict[str, Json] = {"pipeline_id": pipeline.id, "stage_id": stage_id}
        seeded = await workflow(world, home, Step("move_pipeline_stage", config))
        for _ in range(10):
            started += await world.start(seeded)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'completed'", 40)
    steps = await outcomes(world, started)
    moves = [each.output for each in steps if each.output["moved"]]
    heard = await events(world)
    assert len(heard) == len(moves)
    # Each move leaves the stage that another one came to, so that they make one path.
    assert await world.rows(
        "SELECT count(*) FROM audit_log WHERE before->>'stage_id' <> after->>'stage_id'"
    ) == [(len(moves),)]
    left = [str(move["previous_stage_id"]) for move in moves]
    reached = [str(move["stage_id"]) for move in moves]
    ((_, _, stage_id, _, _),) = await opportunities(world)
    assert sorted([*left, str(stage_id)]) == sorted([*reached, pipeline.stage_ids[0]])


async def refusals(world: Bench, home: Seeded) -> list[tuple[str, dict[str, Any], str, str]]:
    """Steps that cannot be carried out, with the class of the failure and a part of its text."""
    account, (contact,) = home.account_id, home.contact_ids
    (other,) = (await world.seed([], account_id=account)).contact_ids
    foreign = await world.seed([], contacts=1)
    pipeline = await add_pipeline(world, account)
    empty = await add_pipeline(world, account)
    strange = await add_pipeline(world, foreign.account_id)
    await add_opportunity(world, account, contact, pipeline)
    others = await add_opportunity(world, account, other, pipeline)
    to = {"pipeline_id": pipeline.id, "stage_id": pipeline.stage_ids[1]}
    specific = to | {"opportunity_selector": "specific"}
    deal = {"pipeline_id": pipeline.id, "name": "Deal"}
    none = "there is no"
    return [
        (
            "create_opportunity",
            deal | {"pipeline_id": ABSENT},
            "invalid_config",
            f"pipeline_id: {none} pipeline",
        ),
        (
            "create_opportunity",
            deal | {"pipeline_id": strange.id},
            "invalid_config",
            f"pipeline_id: {none} pipeline",
        ),
        (
            "create_opportunity",
            deal | {"stage_id": empty.stage_ids[0]},
            "invalid_config",
            f"stage_id: {none} stage",
        ),
        (
            "create_opportunity",
            deal | {"value": "{{ contact.first_name }}"},
            "invalid_config",
            "value: must be a number",
        ),
        (
            "move_pipeline_stage",
            to | {"pipeline_id": ABSENT},
            "invalid_config",
            f"pipeline_id: {none} pipeline",
        ),
        (
            "move_pipeline_stage",
            to | {"pipeline_id": strange.id},
            "invalid_config",
            f"pipeline_id: {none} pipeline",
        ),
        (
            "move_pipeline_stage",
            to | {"stage_id": empty.stage_ids[0]},
            "invalid_config",
            f"stage_id: {none} stage",
        ),
        (
            "move_pipeline_stage",
            {"pipeline_id": empty.id, "stage_id": empty.stage_ids[0]},
            "rejected",
            f"has no opportunity in the pipeline Pipeline {empty.id}",
        ),
        (
            "move_pipeline_stage",
            specific | {"opportunity_id": ABSENT},
            "rejected",
            f"has no opportunity {ABSENT}",
        ),
        (
            "move_pipeline_stage",
            specific | {"opportunity_id": others},
            "rejected",
            f"has no opportunity {others}",
        ),
        (
            "move_pipeline_stage",
            specific | {"opportunity_id": "{{ contact.first_name }}"},
            "invalid_config",
            "opportunity_id: must be a UUID",
        ),
    ]


async def test_what_cannot_be_done_fails_its_own_step_only(world: Bench, home: Seeded) -> None:
    pipeline = await add_pipeline(world, home.account_id)
    expected = await refusals(world, home)
    before = await opportunities(world)
    started: list[str] = []
    for action_type, config, _, _ in expected:
        started += await world.start(await workflow(world, home, Step(action_type, config)))
    good: dict[str, Json] = {"pipeline_id": pipeline.id, "name": "Good"}
    started += await world.start(await workflow(world, home, Step("create_opportunity", good)))
    await world.until(
        "SELECT count(*) FROM workflow_executions WHERE state IN ('completed', 'failed')",
        len(started),
    )
    found = {each.execution_id: each for each in await outcomes(world, started)}
    for execution_id, (action_type, config, error_class, message) in zip(
        started, expected, strict=False
    ):
        outcome = found[execution_id]
        assert outcome.action_type == action_type
        assert (outcome.status, outcome.error_class) == ("failed", error_class), config
        assert message in (outcome.message or ""), config
    assert found[started[-1]].status == "completed"
    after = await opportunities(world)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
    assert [each.type for each in await events(world)] == ["opportunity_created"]


async def test_results_that_come_ten_times_count_once(database_url: str, nats_url: str) -> None:
    async with two_engines(database_url, nats_url, copies=10) as world:
        home = await world.seed([], contacts=20)
        pipeline = await add_pipeline(world, home.account_id)
        to: dict[str, Json] = {"pipeline_id": pipeline.id, "stage_id": pipeline.stage_ids[1]}
        flow = await workflow(
            world,
            home,
            Step("create_opportunity", {"pipeline_id": pipeline.id, "name": "Deal"}),
            Step("move_pipeline_stage", to),
        )
        await run(world, flow)
        assert await world.rows(
            "SELECT count(*), count(DISTINCT contact_id), min(revision), max(revision)"
            " FROM opportunities"
        ) == [(20, 20, 2, 2)]
        assert len(await events(world)) == 40
        assert await world.rows("SELECT count(*) FROM audit_log") == [(20,)]
