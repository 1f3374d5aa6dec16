"""Campaigns: contacts enrolled and taken out by steps, from handler to audit, on real servers."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from action_service.domain.plan import Json
from tests.support.effects import outcomes, two_engines
from tests.support.engine import Bench, Seeded, Step
from tests.support.sales import Campaign, add_campaign
from tests.support.sales_steps import (
    ABSENT,
    TAG,
    WAIT,
    enrollments,
    entering,
    leaving,
    result,
    state,
    workflow,
)


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines and the executors."""
    async with two_engines(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def home(world: Bench) -> Seeded:
    """An account with a contact."""
    return await world.seed([])


async def test_add_to_campaign_action(world: Bench, home: Seeded) -> None:
    campaign = await add_campaign(world, home.account_id)
    entered = await result(world, home, entering(campaign))
    assert entered.status == "completed"
    enrollment_id = entered.output["enrollment_id"]
    assert entered.output == {
        "enrollment_id": enrollment_id,
        "campaign_id": campaign.id,
        "enrolled": True,
    }
    assert await world.rows(
        "SELECT n.id::text, n.campaign_id::text, n.contact_id::text, n.step_id, n.status,"
        " n.execution_id, n.ended_at, x.workflow_execution_id::text FROM campaign_enrollments n"
        " JOIN workflow_action_executions x ON x.id = n.action_execution_id"
    ) == [
        (
            enrollment_id,
            campaign.id,
            home.contact_ids[0],
            None,
            "active",
            None,
            None,
            entered.execution_id,
        )
    ]


@pytest.mark.parametrize(
    ("start_position", "at_step"), [(None, False), ("beginning", False), ("specific_step", True)]
)
async def test_start_positions(
    world: Bench, home: Seeded, start_position: Json, *, at_step: bool
) -> None:
    campaign = await add_campaign(world, home.account_id, steps=(None, None))
    config: dict[str, Json] = {"step_id": campaign.step_ids[1].upper()}
    if start_position:
        config["start_position"] = start_position
    assert (await result(world, home, entering(campaign, **config))).output["enrolled"] is True
    expected = campaign.step_ids[1] if at_step else None
    assert await world.rows("SELECT step_id::text FROM campaign_enrollments") == [(expected,)]


@pytest.mark.parametrize("config", [{}, {"skip_if_enrolled": True}])
async def test_who_is_enrolled_stays(world: Bench, home: Seeded, config: dict[str, Json]) -> None:
    campaign = await add_campaign(world, home.account_id, limit=1)
    first = await result(world, home, entering(campaign))
    again = await result(world, home, entering(campaign, **config))
    assert again.status == "completed"
    assert again.output == first.output | {"enrolled": False}
    assert len(await enrollments(world)) == 1


async def test_who_is_enrolled_starts_anew(world: Bench, home: Seeded) -> None:
    campaign = await add_campaign(world, home.account_id, limit=1)
    first = await result(world, home, entering(campaign))
    again = await result(world, home, entering(campaign, skip_if_enrolled=False))
    assert again.output["enrolled"] is True
    assert await enrollments(world) == [
        (first.output["enrollment_id"], "removed", "enrolled anew by a workflow", None),
        (again.output["enrollment_id"], "active", None, None),
    ]
    assert await world.rows(
        "SELECT actor, operation, entity_type, entity_id::text, before, after FROM audit_log"
    ) == [
        (
            f"execution:{again.execution_id}",
            "campaign_enrollment.removed",
            "campaign_enrollment",
            first.output["enrollment_id"],
            {"status": "active"},
            {"status": "removed", "end_reason": "enrolled anew by a workflow"},
        )
    ]


async def test_enrolling_starts_the_run_of_the_campaign(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, TAG, WAIT)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
    entered = await result(world, home, entering(campaign))
    run_id = entered.output["execution_id"]
    await world.until("SELECT count(*) FROM contact_tags", 1)
    assert await world.rows(
        "SELECT workflow_id::text, version_id::text, contact_id::text, enrollment_id::text,"
        " origin_execution_ids::text[] FROM workflow_executions WHERE id = :id",
        id=run_id,
    ) == [
        (
            flow.workflow_id,
            flow.version_id,
            home.contact_ids[0],
            entered.output["enrollment_id"],
            [entered.execution_id],
        )
    ]
    assert await enrollments(world) == [
        (entered.output["enrollment_id"], "active", None, run_id),
    ]
    again = await result(world, home, entering(campaign))
    assert again.output == entered.output | {"enrolled": False}


async def test_a_run_begins_at_the_action_of_the_step(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, TAG, replace(TAG, is_enabled=False), WAIT)
    campaign = await add_campaign(
        world, home.account_id, workflow_id=flow.workflow_id, steps=(None, flow.action_ids[1])
    )
    config: dict[str, Json] = {"start_position": "specific_step", "step_id": campaign.step_ids[1]}
    entered = await result(world, home, entering(campaign, **config))
    found = await outcomes(world, [str(entered.output["execution_id"])])
    # A disabled action is passed over, as in any run.
    assert [(each.action_type, each.status) for each in found] == [
        ("add_tag", "skipped"),
        ("wait_time", "pending"),
    ]


async def test_an_enrolment_is_completed_with_its_run(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, TAG)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id, limit=1)
    entered = await result(world, home, entering(campaign))
    await world.until("SELECT status FROM campaign_enrollments", "completed")
    assert await state(world, entered.output["execution_id"]) == ("completed", None)
    # Its place is free again.
    again = await result(world, home, entering(campaign))
    assert again.output["enrolled"] is True


async def test_starting_anew_cancels_the_run(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, WAIT)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
    first = await result(world, home, entering(campaign))
    again = await result(world, home, entering(campaign, skip_if_enrolled=False))
    assert await state(world, first.output["execution_id"]) == (
        "cancelled",
        "the contact has left the campaign: enrolled anew by a workflow",
    )
    assert await state(world, again.output["execution_id"]) == ("running", None)
    assert [each[1] for each in await enrollments(world)] == ["removed", "active"]


async def test_a_campaign_does_not_start_itself_for_ever(world: Bench, home: Seeded) -> None:
    campaign = await add_campaign(world, home.account_id)
    flow = await workflow(world, home, entering(campaign, skip_if_enrolled=False))
    await world.execute("UPDATE campaigns SET workflow_id = :id", id=flow.workflow_id)
    await world.start(flow)
    await world.until("SELECT count(*) FROM workflow_executions WHERE state = 'failed'", 1)
    # Started by hand, it starts itself anew until it occurs five times in the chain.
    assert await world.states() == {"completed": 4, "failed": 1}
    assert await world.rows(
        "SELECT error_class FROM workflow_action_executions WHERE status = 'failed'"
    ) == [("rejected",)]


async def test_remove_from_campaign_action(world: Bench, home: Seeded) -> None:
    campaign = await add_campaign(world, home.account_id)
    other = await add_campaign(world, home.account_id)
    entered = await result(world, home, entering(campaign))
    stays = await result(world, home, entering(other))
    removed = await result(
        world, home, leaving(campaign, reason="{{ contact.first_name }} has bought")
    )
    enrollment_id = entered.output["enrollment_id"]
    assert removed.status == "completed"
    assert removed.output == {"removed": True, "enrollment_id": enrollment_id}
    assert [each[:3] for each in await enrollments(world)] == [
        (enrollment_id, "removed", "Ada has bought"),
        (stays.output["enrollment_id"], "active", None),
    ]
    assert await world.rows(
        "SELECT ended_at IS NOT NULL FROM campaign_enrollments ORDER BY id"
    ) == [(True,), (False,)]
    assert await world.rows("SELECT actor, entity_id::text, before, after FROM audit_log") == [
        (
            f"execution:{removed.execution_id}",
            enrollment_id,
            {"status": "active"},
            {"status": "removed", "end_reason": "Ada has bought"},
        )
    ]
    assert (await result(world, home, entering(campaign))).output["enrolled"] is True


@pytest.mark.parametrize("config", [{}, {"reason": ""}, {"reason": "{% if false %}x{% endif %}"}])
async def test_removal_without_a_reason(
    world: Bench, home: Seeded, config: dict[str, Json]
) -> None:
    campaign = await add_campaign(world, home.account_id)
    await result(world, home, entering(campaign))
    await result(world, home, leaving(campaign, **config))
    assert [each[1:3] for each in await enrollments(world)] == [
        ("removed", "removed by a workflow")
    ]


async def test_removing_cancels_what_is_pending(world: Bench, home: Seeded) -> None:
    flow = await workflow(world, home, WAIT, TAG)
    campaign = await add_campaign(world, home.account_id, workflow_id=flow.workflow_id)
    entered = await result(world, home, entering(campaign))
    removed = await result(world, home, leaving(campaign, reason="bought"))
    run_id = entered.output["execution_id"]
    assert removed.output["cancelled_execution_id"] == run_id
    why = "the contact has left the campaign: bought"
    assert await state(world, run_id) == ("cancelled", why)
    assert await world.rows(
        "SELECT action_type, status, reason, lease_until FROM workflow_action_executions"
        " WHERE workflow_execution_id = :id",
        id=run_id,
    ) == [("wait_time", "cancelled", why, None)]


async def test_who_is_not_in_the_campaign_cannot_leave_it(world: Bench, home: Seeded) -> None:
    campaign = await add_campaign(world, home.account_id)
    removed = await result(world, home, leaving(campaign))
    assert (removed.status, removed.output) == ("completed", {"removed": False})
    await result(world, home, entering(campaign))
    await result(world, home, leaving(campaign))
    again = await result(world, home, leaving(campaign))
    assert again.output == {"removed": False}
    assert await world.rows("SELECT count(*) FROM audit_log") == [(1,)]


async def test_a_workflow_takes_the_contact_out_of_its_own_campaign(
    world: Bench, home: Seeded
) -> None:
    campaign = await add_campaign(world, home.account_id)
    flow = await workflow(world, home, leaving(campaign, reason="done"), TAG)
    await world.execute("UPDATE campaigns SET workflow_id = :id", id=flow.workflow_id)
    entered = await result(world, home, entering(campaign))
    run_id = str(entered.output["execution_id"])
    await world.until("SELECT status FROM campaign_enrollments", "removed")
    assert await state(world, run_id) == ("cancelled", "the contact has left the campaign: done")
    # The step that did it counts; what would have come next does not begin.
    found = await outcomes(world, [run_id])
    assert [(each.action_type, each.status) for each in found] == [
        ("remove_from_campaign", "completed"),
        ("add_tag", "cancelled"),
    ]
    assert found[0].output["cancelled_execution_id"] == run_id
    assert await world.rows("SELECT count(*) FROM contact_tags") == [(0,)]


async def refusals(world: Bench, home: Seeded) -> list[tuple[Step, str, str]]:
    """Steps that cannot be carried out, with the class of the failure and a part of its text."""
    account = home.account_id
    foreign = await world.seed([])
    off = replace(TAG, is_enabled=False)
    flow = await workflow(world, home, TAG, off)
    asleep = await workflow(world, home, TAG)
    await world.execute(
        "UPDATE workflows SET status = 'paused' WHERE id = :id", id=asleep.workflow_id
    )
    plain = await add_campaign(world, account)
    strange = await add_campaign(world, foreign.account_id)
    inactive = await add_campaign(world, account, active=False)
    paused = await add_campaign(world, account, workflow_id=asleep.workflow_id)
    backed = await add_campaign(
        world,
        account,
        workflow_id=flow.workflow_id,
        # No action, one of another workflow, and one after which nothing is enabled.
        steps=(None, asleep.action_ids[0], flow.action_ids[1]),
    )

    def at(campaign: Campaign, step_id: str) -> Step:
        return entering(campaign, start_position="specific_step", step_id=step_id)

    gone = Campaign(ABSENT, ())
    return [
        (entering(gone), "invalid_config", f"campaign_id: there is no campaign {ABSENT}"),
        (entering(strange), "invalid_config", "campaign_id: there is no campaign"),
        (
            at(plain, ABSENT),
            "invalid_config",
            f"step_id: there is no step {ABSENT} in the campaign",
        ),
        (at(plain, backed.step_ids[0]), "invalid_config", "step_id: there is no step"),
        (entering(inactive), "rejected", f"Campaign {inactive.id} is not active; activate it"),
        (entering(paused), "rejected", f"behind the campaign Campaign {paused.id} is paused"),
        (at(backed, backed.step_ids[0]), "invalid_config", "begins at no action of the workflow"),
        (at(backed, backed.step_ids[1]), "invalid_config", "begins at no action of the workflow"),
        (at(backed, backed.step_ids[2]), "invalid_config", "has no enabled action from there on"),
        (leaving(gone), "invalid_config", f"campaign_id: there is no campaign {ABSENT}"),
        (leaving(strange), "invalid_config", "campaign_id: there is no campaign"),
        (
            leaving(plain, reason="{{ contact.last_name }}"),
            "invalid_config",
            "reason: contact.last_name has no value",
        ),
    ]


async def test_what_cannot_be_done_fails_its_own_step_only(world: Bench, home: Seeded) -> None:
    expected: list[tuple[Any, ...]] = list(await refusals(world, home))
    good = await add_campaign(world, home.account_id)
    started: list[str] = []
    for only, _, _ in [*expected, (entering(good), "", "")]:
        started += await world.start(await workflow(world, home, only))
    await world.until(
        "SELECT count(*) FROM workflow_executions WHERE state IN ('completed', 'failed')",
        len(started),
    )
    found = {each.execution_id: each for each in await outcomes(world, started)}
    for execution_id, (only, error_class, message) in zip(started, expected, strict=False):
        outcome = found[execution_id]
        assert (outcome.status, outcome.error_class) == ("failed", error_class), only
        assert message in str(outcome.message), only
    assert found[started[-1]].status == "completed"
    assert await world.rows("SELECT campaign_id::text FROM campaign_enrollments") == [(good.id,)]
