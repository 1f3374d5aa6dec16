"""Lists of a large account are read from the index that fits, whichever filters are given."""

import re
from collections.abc import AsyncGenerator, Mapping
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters import contacts, executions, waits
from action_service.adapters.database import PostgresDatabase
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.sql import Listing
from tests.support.action_api import Api

MANY = 10_000
PEOPLE = """
    INSERT INTO contacts (account_id, id, email)
    SELECT :account, gen_random_uuid(), 'Person-' || n || '@example.com'
    FROM generate_series(1, :many) n
    """
RUNS = """
    INSERT INTO workflow_executions (
        id, account_id, workflow_id, version_id, contact_id, state, ended_at
    )
    SELECT gen_random_uuid(), v.account_id, v.workflow_id, v.id, p.id,
           CASE WHEN p.n % 500 = 0 THEN 'failed' ELSE 'completed' END, now()
    FROM (SELECT *, row_number() OVER () AS number FROM workflow_versions) v
    JOIN (SELECT *, row_number() OVER () AS n FROM contacts) p
      ON p.account_id = v.account_id AND p.n % 2 = v.number % 2
    """
WAITS = """
    INSERT INTO workflow_action_executions (
        id, account_id, workflow_execution_id, action_id, contact_id, action_type, status,
        attempt_id, scheduled_at
    )
    SELECT gen_random_uuid(), e.account_id, e.id, s.id, e.contact_id, 'wait_time', 'waiting',
           gen_random_uuid(), now() + random() * interval '1 day'
    FROM workflow_executions e JOIN workflow_actions s ON s.workflow_id = e.workflow_id
    """
SOME_ID = "'01940000-0000-7000-8000-000000000000'"
LAST_ID = "'ffffffff-ffff-ffff-ffff-ffffffffffff'"


@pytest.fixture(scope="module")
async def large(shared_api: Api) -> UUID:
    """An account with many records, beside another one."""
    accounts = [await shared_api.client() for _ in range(2)]
    for each in accounts:
        for _ in range(2):
            workflow = await each.workflow()
            await each.add(workflow.id)
            await each.activate(workflow.id)
        await shared_api.execute(PEOPLE, account=each.account_id, many=MANY)
    await shared_api.execute(RUNS)
    await shared_api.execute(WAITS)
    await shared_api.execute("ANALYZE")
    return accounts[0].account_id


@pytest.fixture
async def connection(shared_api: Api, large: UUID) -> AsyncGenerator[AsyncConnection]:
    """As calls of the large account have it, with plans that serve any values."""
    async with PostgresDatabase(shared_api.db, PlanCache()).reading(large) as tx:
        await tx.connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        yield tx.connection


async def plan_of(
    connection: AsyncConnection, listing: Listing, account_id: UUID, given: Mapping[str, str]
) -> str:
    """How Postgres carries out the list by these filters, given as SQL literals."""
    statement, values = listing.by(given)
    known = {**values, "account": f"'{account_id}'", "limit": "51"}
    names = list(dict.fromkeys(re.findall(r"(?<!:):(\w+)", statement.text)))
    query = re.sub(r"(?<!:):(\w+)", lambda found: f"${names.index(found[1]) + 1}", statement.text)
    await connection.exec_driver_sql(f"PREPARE listing AS {query}")
    values_given = ", ".join(str(known[name]) for name in names)
    rows = await connection.exec_driver_sql(f"EXPLAIN EXECUTE listing({values_given})")
    plan = "\n".join(rows.scalars())
    await connection.exec_driver_sql("DEALLOCATE listing")
    return plan


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({"workflow": SOME_ID}, "idx_executions_workflow"),
        ({"workflow": SOME_ID, "before": LAST_ID}, "idx_executions_workflow"),
        ({"workflow": SOME_ID, "state": "'failed'"}, "idx_executions_workflow"),
        ({"contact": SOME_ID}, "idx_executions_contact"),
        ({"contact": SOME_ID, "state": "'failed'", "before": LAST_ID}, "idx_executions_contact"),
        ({"contact": SOME_ID, "workflow": SOME_ID}, "idx_executions_contact"),
    ],
)
async def test_executions(
    connection: AsyncConnection, large: UUID, given: dict[str, str], index: str
) -> None:
    plan = await plan_of(connection, executions.PAGE, large, given)
    assert index in plan


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, "contacts_account_id_id_key"),
        ({"before": LAST_ID}, "contacts_account_id_id_key"),
        ({"email": "'PERSON-17@example.com'"}, "idx_contacts_email"),
    ],
)
async def test_contacts(
    connection: AsyncConnection, large: UUID, given: dict[str, str], index: str
) -> None:
    plan = await plan_of(connection, contacts.PAGE, large, given)
    assert index in plan


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, "idx_action_executions_waits"),
        ({"due_before": "'2026-01-01Z'"}, "idx_action_executions_waits"),
        ({"contact": SOME_ID}, "idx_executions_contact"),
    ],
)
async def test_waits(
    connection: AsyncConnection, large: UUID, given: dict[str, str], index: str
) -> None:
    plan = await plan_of(connection, waits.PAGE, large, given)
    assert index in plan
