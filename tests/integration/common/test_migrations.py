"""Migrations by logins of various rights, and what a process says that comes before them."""

import asyncio
import secrets
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from action_service.adapters import migrations as action
from common.db import create_engine
from common.migrations import MigrationError, require_schema
from common.runtime import CannotStartError
from devstack.postgres import Postgres
from scheduler_service.adapters import migrations as scheduler

ROLES = ("treadle_tenant", "treadle_scheduler_tenant")
UPGRADES = (action.upgrade, scheduler.upgrade)


class Cluster:
    """A server of this module alone: roles belong to all databases of one."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def admin(self, sql: str, database: str = "postgres") -> str:
        """What the administrator does."""
        return self._server.query(sql, database)

    def login(self, rights: str = "") -> tuple[str, str]:
        """A new login and the URL of a new database that it owns."""
        name, password = f"login_{secrets.token_hex(4)}", secrets.token_hex(8)
        self.admin(f"CREATE ROLE {name} LOGIN {rights} PASSWORD '{password}'")
        self._server.create_database(f"db_{name}")
        self.admin(f"ALTER DATABASE db_{name} OWNER TO {name}")
        address = self._server.url().partition("@")[2].partition("/")[0]
        return name, f"postgresql://{name}:{password}@{address}/db_{name}"

    def drop_roles(self) -> None:
        """As in a cluster that never saw a migration."""
        databases = self.admin("SELECT datname FROM pg_database WHERE datname ^@ 'db_'")
        for database in databases.splitlines():
            self._server.drop_database(database)
        for role in ROLES:
            self.admin(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture(scope="module")
def server(session_folder: Path) -> Generator[Postgres]:
    running = Postgres(session_folder / "postgres-of-logins")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def cluster(server: Postgres) -> Cluster:
    new = Cluster(server)
    new.drop_roles()
    return new


def upgrade(url: str) -> None:
    for each in UPGRADES:
        each(url)


def grant(cluster: Cluster, login: str, options: str = "") -> None:
    for role in ROLES:
        cluster.admin(f"CREATE ROLE {role} NOLOGIN")
        cluster.admin(f"GRANT {role} TO {login} {options}")


def acts_as_tenant(url: str) -> bool:
    async def ask() -> bool:
        connection = await asyncpg.connect(url)
        try:
            for role in ROLES:
                await connection.execute(f"SET ROLE {role}")
            await connection.execute("RESET ROLE")
        finally:
            await connection.close()
        return True

    return asyncio.run(ask())


def test_a_login_that_may_create_roles_needs_no_help(cluster: Cluster) -> None:
    _, url = cluster.login("CREATEROLE")
    upgrade(url)
    upgrade(url)
    assert acts_as_tenant(url)


def test_a_login_without_rights_uses_the_roles_that_it_was_granted(cluster: Cluster) -> None:
    login, url = cluster.login()
    grant(cluster, login)
    upgrade(url)
    assert acts_as_tenant(url)


def test_a_second_login_may_use_the_roles_that_the_first_one_made(cluster: Cluster) -> None:
    _, first = cluster.login("CREATEROLE")
    upgrade(first)
    login, second = cluster.login("CREATEROLE")
    for role in ROLES:
        cluster.admin(f"GRANT {role} TO {login}")
    upgrade(second)
    assert acts_as_tenant(second)


def test_a_login_that_only_administers_the_roles_grants_them_to_itself(cluster: Cluster) -> None:
    login, url = cluster.login()
    grant(cluster, login, "WITH ADMIN TRUE, INHERIT TRUE, SET FALSE")
    upgrade(url)
    assert acts_as_tenant(url)


def _without_anything(cluster: Cluster) -> tuple[str, str]:
    return cluster.login()


def _with_somebody_elses_roles(cluster: Cluster) -> tuple[str, str]:
    _, first = cluster.login("CREATEROLE")
    upgrade(first)
    return cluster.login("CREATEROLE")


def _with_rights_that_are_only_inherited(cluster: Cluster) -> tuple[str, str]:
    login, url = cluster.login()
    grant(cluster, login, "WITH INHERIT TRUE, SET FALSE")
    return login, url


@pytest.mark.parametrize(
    ("given", "creates"),
    [
        (_without_anything, True),
        (_with_somebody_elses_roles, False),
        (_with_rights_that_are_only_inherited, False),
    ],
)
def test_who_may_do_neither_is_told_what_an_administrator_must_run(
    cluster: Cluster, given: Callable[[Cluster], tuple[str, str]], creates: bool
) -> None:
    login, url = given(cluster)
    for each, role in zip(UPGRADES, ROLES, strict=True):
        with pytest.raises(MigrationError) as refused:
            each(url)
        message = str(refused.value)
        assert f'GRANT {role} TO "{login}" WITH SET TRUE;' in message
        assert (f"CREATE ROLE {role} NOLOGIN;" in message) is creates
        assert url not in message
        # What it says is what helps.
        for line in message.splitlines():
            if line.endswith(";"):
                cluster.admin(line)
        each(url)
    assert acts_as_tenant(url)


def test_a_schema_made_beforehand_needs_no_right_to_make_schemas(cluster: Cluster) -> None:
    login, url = cluster.login("CREATEROLE")
    database = f"db_{login}"
    cluster.admin(f"ALTER DATABASE {database} OWNER TO postgres")
    for schema in (action.SCHEMA, scheduler.SCHEMA):
        cluster.admin(f"CREATE SCHEMA {schema} AUTHORIZATION {login}", database)
    upgrade(url)
    assert acts_as_tenant(url)


def test_many_migrate_at_once_in_databases_of_one_cluster(cluster: Cluster) -> None:
    login, url = cluster.login("CREATEROLE")
    urls = [url]
    for number in range(2):
        cluster.admin(f"CREATE DATABASE db_{login}_{number} OWNER {login}")
        urls.append(f"{url}_{number}")

    # Processes, for Alembic has global state.
    async def migrating(module: str, url: str) -> int:
        code = f"from {module} import upgrade; upgrade({url!r})"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        return await asyncio.wait_for(process.wait(), 60)

    async def at_once() -> list[int]:
        modules = (action.__name__, scheduler.__name__)
        return await asyncio.gather(*(migrating(module, url) for module in modules for url in urls))

    assert asyncio.run(at_once()) == [0] * 6
    assert all(acts_as_tenant(url) for url in urls)


async def _constraint(url: str) -> tuple[int, str]:
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(
            "SELECT oid::int, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conname = 'valid_action_type'"
        )
    finally:
        await connection.close()
    assert row is not None
    return row[0], row[1]


async def test_the_check_on_action_types_is_replaced_only_when_it_differs(
    database_url: str,
) -> None:
    before = await _constraint(database_url)
    await asyncio.to_thread(action.upgrade, database_url)
    assert await _constraint(database_url) == before
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "ALTER TABLE treadle.workflow_actions DROP CONSTRAINT valid_action_type,"
        " ADD CONSTRAINT valid_action_type CHECK (action_type IN ('add_tag', 'gone')) NOT VALID"
    )
    await connection.close()
    await asyncio.to_thread(action.upgrade, database_url)
    assert (await _constraint(database_url))[1] == before[1]


async def test_a_migration_in_its_place_waits_for_no_reader(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM treadle.workflow_actions")
            async with asyncio.timeout(60):
                await asyncio.to_thread(action.upgrade, database_url)
    finally:
        await connection.close()


async def test_a_lock_that_is_not_to_be_had_ends_the_migration_in_words(
    empty_database_url: str,
) -> None:
    await asyncio.to_thread(scheduler.upgrade, empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK scheduler.alembic_version IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(MigrationError, match="run it again"):
                await asyncio.to_thread(scheduler.upgrade, empty_database_url)
    finally:
        await connection.close()


async def test_a_process_before_the_migration_names_the_command(empty_database_url: str) -> None:
    for module, service in ((action, "action_service"), (scheduler, "scheduler_service")):
        with pytest.raises(CannotStartError, match=f"not there; run: python -m {service} migrate"):
            await module.require(empty_database_url)
        await asyncio.to_thread(module.upgrade, empty_database_url)
        await module.require(empty_database_url)


async def test_an_older_schema_is_refused_and_a_newer_one_is_not(
    database_url: str, tmp_path: Path
) -> None:
    engine = create_engine(database_url, search_path="treadle")
    async with engine.connect() as connection:
        present = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    versions = tmp_path / "versions"
    versions.mkdir()
    for revision, down in ((present, None), ("next", present)):
        (versions / f"{revision}.py").write_text(
            f"revision = {revision!r}\ndown_revision = {down!r}"
        )

    async def require() -> None:
        await require_schema(
            database_url, schema="treadle", scripts=tmp_path, migrate="the command"
        )

    with pytest.raises(CannotStartError, match="older than this release; run: the command"):
        await require()
    for revision in ("next", "one_more"):
        async with engine.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE alembic_version SET version_num = '{revision}'"
            )
        await require()
    await engine.dispose()
