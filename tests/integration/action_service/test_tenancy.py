"""Accounts are kept apart by the database itself, not only by what the statements say."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from action_service.adapters.database import PostgresDatabase
from action_service.adapters.plan_cache import PlanCache
from common.auth import Principal
from tests.support.action_api import Api, Client

TABLES = (
    "accounts",
    "users",
    "workflows",
    "workflow_versions",
    "workflow_branches",
    "workflow_actions",
    "workflow_executions",
    "workflow_action_executions",
    "email_templates",
    "contacts",
    "tags",
    "contact_tags",
    "audit_log",
    "request_log",
    "account_data_keys",
    "credentials",
    "provider_limits",
    "provider_circuits",
)


@pytest.fixture
def database(api: Api) -> PostgresDatabase:
    return PostgresDatabase(api.db, PlanCache())


async def test_a_statement_without_any_condition_finds_one_account_only(
    api: Api, client: Client, database: PostgresDatabase
) -> None:
    stranger = await api.client()
    for each in (client, stranger):
        workflow = await each.workflow()
        await each.add(workflow.id)
        await each.contact(email="same@example.com")
    assert await api.rows("SELECT count(*) FROM workflow_actions") == [(2,)]
    async with database.reading(client.account_id) as tx:
        for table in TABLES:
            column = "id" if table == "accounts" else "account_id"
            found = await tx.connection.execute(text(f"SELECT DISTINCT {column} FROM {table}"))
            assert set(found.scalars()) <= {client.account_id}, table
        actions = await tx.connection.execute(text("SELECT count(*) FROM workflow_actions"))
        assert actions.scalar_one() == 1


async def test_every_table_of_an_account_has_row_level_security(api: Api) -> None:
    unguarded = await api.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'treadle'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND a.attname = 'account_id' AND NOT c.relrowsecurity"
    )
    assert unguarded == []


async def test_changes_of_other_accounts_touch_nothing_and_inserts_are_refused(
    api: Api, client: Client, database: PostgresDatabase
) -> None:
    stranger = await api.client()
    theirs = await stranger.workflow()
    mine = Principal(client.subject, client.account_id, frozenset(), frozenset())
    async with database.writing(mine) as tx:
        changed = await tx.connection.execute(text("UPDATE workflows SET name = 'stolen'"))
        assert changed.rowcount == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.writing(mine) as tx:
            await tx.connection.execute(
                text(
                    "INSERT INTO workflows (id, account_id, name)"
                    " VALUES (gen_random_uuid(), :account, 'planted')"
                ),
                {"account": stranger.account_id},
            )
    assert await stranger.get(theirs.id) == theirs


async def test_a_reader_cannot_write(client: Client, database: PostgresDatabase) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with database.reading(client.account_id) as tx:
            await tx.connection.execute(text("DELETE FROM workflows"))


async def test_no_trace_of_a_tenant_stays_on_a_pooled_connection(
    api: Api, client: Client, database: PostgresDatabase
) -> None:
    async with database.reading(client.account_id):
        pass
    assert await api.rows("SELECT current_user = session_user") == [(True,)]
    found = await api.rows("SELECT current_setting('treadle.account_id', true)")
    assert found in ([("",)], [(None,)])
