"""Every kind of effect on the same few records, by two engines: nobody waits in a circle."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.effects import add_team, add_users, run, two_engines
from tests.support.engine import Bench, Step
from tests.support.sales import add_campaign, add_opportunity, add_pipeline
from tests.support.work import add_course

CONTACTS = 6
TIMES = 12


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    """Two engines; every result comes twice."""
    async with two_engines(database_url, nats_url, copies=2) as surroundings:
        yield surroundings


async def _steps(world: Bench, account: str, contact_ids: list[str]) -> list[Step]:
    """One or more steps of each kind; all are about the same few records."""
    users = await add_users(world, account, "Ann", "Bea", "Cem")
    team = await add_team(world, account, users)
    pipeline = await add_pipeline(world, account)
    for contact_id in contact_ids:
        await add_opportunity(world, account, contact_id, pipeline)
    course = await add_course(world, account)
    backing = await world.seed(
        [Step("add_tag", {"tag_name": "in"})], contacts=0, account_id=account
    )
    plain = await add_campaign(world, account)
    backed = await add_campaign(world, account, workflow_id=backing.workflow_id)
    configs: list[tuple[str, dict[str, Any]]] = [
        ("add_tag", {"tag_name": "seen"}),
        ("add_tag", {"tag_name": "{{ execution.id }}"}),
        ("remove_tag", {"tag_name": "seen"}),
        (
            "update_contact",
            {
                "field_updates": [{"field": "custom_fields.n", "value": 1}],
                "update_mode": "increment",
            },
        ),
        (
            "create_contact",
            {
                "email": "{{ contact.email }}",
                "last_name": "{{ execution.id }}",
                "duplicate_handling": "update",
            },
        ),
        ("assign_to_user", {"assignment_type": "round_robin", "team_id": team}),
        ("assign_to_user", {"assignment_type": "least_busy"}),
        ("create_task", {"title": "Call"}),
        ("add_note", {"content": "Hello"}),
        (
            "send_notification",
            {
                "recipient_type": "team",
                "team_id": team,
                "channels": ["in_app"],
                "title": "A",
                "message": "B",
            },
        ),
        ("create_opportunity", {"pipeline_id": pipeline.id, "name": "Deal", "value": 1}),
        *(
            ("move_pipeline_stage", {"pipeline_id": pipeline.id, "stage_id": stage_id})
            for stage_id in pipeline.stage_ids[:2]
        ),
        *(
            ("add_to_campaign", {"campaign_id": each.id, "skip_if_enrolled": skip})
            for each in (plain, backed)
            for skip in (True, False)
        ),
        *(("remove_from_campaign", {"campaign_id": each.id}) for each in (plain, backed)),
        ("grant_course_access", {"course_id": course}),
        ("revoke_course_access", {"course_id": course}),
    ]
    return [Step(kind, config) for kind, config in configs]


async def test_all_kinds_on_the_same_records_get_along(world: Bench) -> None:
    home = await world.seed([Step("add_tag", {"tag_name": "home"})], contacts=CONTACTS)
    await world.execute("UPDATE contacts SET email = id || '@example.com'")
    flows = [
        replace(
            await world.seed([step], contacts=0, account_id=home.account_id),
            contact_ids=home.contact_ids,
        )
        for step in await _steps(world, home.account_id, home.contact_ids)
    ]
    found = await asyncio.gather(*(run(world, flow, times=TIMES) for flow in flows))
    statuses = Counter((each.status, each.message) for of_one in found for each in of_one)
    assert statuses == {("completed", None): len(flows) * CONTACTS * TIMES}
    (deadlocks,) = await world.rows(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert deadlocks == (0,)
