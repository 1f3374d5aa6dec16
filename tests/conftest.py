"""Fixtures for every test; `tests/support/__init__.py` lists them."""

import os
import secrets
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Generator
from pathlib import Path

import pytest

from devstack.nats import NatsServer
from devstack.postgres import Postgres
from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.migrations import migrate

JWT_SECRET = "test-secret-" + secrets.token_hex(24)
MASTER_KEY = b64encode(secrets.token_bytes(32)).decode("ascii")
LINK_KEY = b64encode(secrets.token_bytes(32)).decode("ascii")
_TEMPLATE = "treadle_template"
_MEMORY = Path("/dev/shm")
_ROOM = 8 * 2**30


@pytest.fixture(scope="session")
def session_folder() -> Generator[Path]:
    """A folder that other users may pass through; pytest's own are private to this one.

    In memory where there is one with room: a database is hundreds of files, and on a disk it takes
    longer to make and drop one than most tests do.
    """
    folder = Path(tempfile.mkdtemp(prefix="treadle-tests-", dir=_MEMORY if _has_room() else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _has_room() -> bool:
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return False
    # The server's own programs may have to be copied there.
    runs_programs = not found.f_flag & os.ST_NOEXEC
    return (
        runs_programs and found.f_bavail * found.f_frsize >= _ROOM and os.access(_MEMORY, os.W_OK)
    )


@pytest.fixture(scope="session")
def postgres_server(session_folder: Path) -> Generator[Postgres]:
    """The session's Postgres 16."""
    server = Postgres(session_folder / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_server: Postgres) -> str:
    """A database with every migration applied, to copy; nothing may stay connected to it."""
    postgres_server.create_database(_TEMPLATE)
    migrate(_shared_env(postgres_server.url(_TEMPLATE), "nats://127.0.0.1:1"))
    return _TEMPLATE


@pytest.fixture
def database_url(postgres_server: Postgres, template_database: str) -> Generator[str]:
    """A migrated database of this test alone."""
    name = f"test_{secrets.token_hex(8)}"
    postgres_server.create_database(name, template=template_database)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def empty_database_url(postgres_server: Postgres) -> Generator[str]:
    """A database of this test alone without any schema."""
    name = f"test_{secrets.token_hex(8)}"
    postgres_server.create_database(name)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def nats_server(session_folder: Path) -> Generator[NatsServer]:
    """A nats-server of this test alone."""
    folder = session_folder / f"nats-{secrets.token_hex(8)}"
    server = NatsServer(folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nats_url(nats_server: NatsServer) -> str:
    """The URL of this test's nats-server."""
    return nats_server.url


@pytest.fixture
def service_env(database_url: str, nats_url: str) -> dict[str, str]:
    """The shared variables of a service process on this test's servers."""
    return _shared_env(database_url, nats_url)


@pytest.fixture(scope="session")
def stack(session_folder: Path) -> Generator[Stack]:
    """Every service as a process, shared by the session."""
    with Stack(StackOptions(session_folder / "stack")) as running:
        yield running
        running.check()


@pytest.fixture
def account(stack: Stack) -> Generator[Account]:
    """A new account in the shared stack."""
    with Account(stack) as new:
        yield new


def _shared_env(database_url: str, nats_url: str) -> dict[str, str]:
    return {
        "TREADLE_DATABASE_URL": database_url,
        "TREADLE_NATS_URL": nats_url,
        "TREADLE_JWT_SECRET": JWT_SECRET,
        "TREADLE_ACTION_MASTER_KEY": MASTER_KEY,
        "TREADLE_LINK_KEY": LINK_KEY,
    }
