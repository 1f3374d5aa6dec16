"""Workflows of single steps that enrol contacts or move deals, and what becomes of them."""

from dataclasses import replace

from action_service.domain.plan import Json
from tests.support.effects import Outcome, run
from tests.support.engine import Bench, Seeded, Step
from tests.support.sales import Campaign

# No id of anything.
ABSENT = "550e8400-e29b-41d4-a716-446655440000"
TAG = Step("add_tag", {"tag_name": "seen"})
# Parked until somebody ends it: no scheduler listens.
WAIT = Step("wait_time", {"duration": 1, "unit": "days"})


async def workflow(world: Bench, home: Seeded, *steps: Step) -> Seeded:
    """One more workflow in the account of `home`, for its contacts."""
    seeded = await world.seed(steps, contacts=0, account_id=home.account_id)
    return replace(seeded, contact_ids=home.contact_ids)


async def result(world: Bench, home: Seeded, only: Step) -> Outcome:
    """What the only step of a workflow comes to, for the account's first contact."""
    flow = await workflow(world, home, only)
    (outcome,) = await run(world, replace(flow, contact_ids=home.contact_ids[:1]))
    return outcome


def entering(campaign: Campaign, **config: Json) -> Step:
    """A step that enrols."""
    return Step("add_to_campaign", {"campaign_id": campaign.id, **config})


def leaving(campaign: Campaign, **config: Json) -> Step:
    """A step that takes out."""
    return Step("remove_from_campaign", {"campaign_id": campaign.id, **config})


async def enrollments(world: Bench) -> list[tuple[object, ...]]:
    """Every enrolment: id, status, reason and run, oldest first."""
    return await world.rows(
        "SELECT id::text, status, end_reason, execution_id::text FROM campaign_enrollments"
        " ORDER BY id"
    )


async def state(world: Bench, execution_id: Json) -> tuple[object, ...]:
    """State and reason of an execution."""
    (found,) = await world.rows(
        "SELECT state, reason FROM workflow_executions WHERE id = :id", id=execution_id
    )
    return found
