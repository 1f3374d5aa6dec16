"""Fixtures for every test; `tests/support/__init__.py` lists them."""

import os
import secrets
import shutil
import signal
import tempfile
from base64 import b64encode
from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from devstack.nats import NatsServer
from devstack.postgres import DATABASE, Postgres
from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.migrations import migrate
from tests.support.stacks import CopiedStack, StackMaker, copy_server

JWT_SECRET = "test-secret-" + secrets.token_hex(24)
MASTER_KEY = b64encode(secrets.token_bytes(32)).decode("ascii")
LINK_KEY = b64encode(secrets.token_bytes(32)).decode("ascii")
_MEMORY = Path("/dev/shm")
_ONE_STACK = "tests/e2e/kills/"
_ROOM = 8 * 2**30


class _FilesOrPackages(LoadFileScheduling):
    """Deals out test files, and all files at once of a package that has one stack for them all."""

    def _split_scope(self, nodeid: str) -> str:
        return (
            nodeid.partition("/test_")[0]
            if nodeid.startswith(_ONE_STACK)
            else super()._split_scope(nodeid)
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """How `--dist loadfile` deals out tests."""
    return _FilesOrPackages(config, log) if config.option.dist == "loadfile" else None


# Half of the library's own number; --hypothesis-profile=default has them all. How long an example
# takes says how busy the machine is, and nothing of what is under test.
settings.register_profile(
    "treadle", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("treadle")


def pytest_configure() -> None:
    """Let Ctrl-C be tested, and show exceptions in logs as Python does.

    A shell has SIGINT ignored by what it runs in the background, and so by all that this starts.
    With all values in all frames a traceback takes 10 s.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


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
def pristine(session_folder: Path) -> Path:
    """The folder of a stopped Postgres 16 with every migration applied, to copy."""
    server = Postgres(session_folder / "pristine")
    server.start()
    try:
        migrate(_shared_env(server.url(), "nats://127.0.0.1:1"))
    finally:
        server.stop()
    return session_folder / "pristine"


@pytest.fixture(scope="session")
def postgres_server(pristine: Path, session_folder: Path) -> Generator[Postgres]:
    """The session's Postgres 16."""
    copy_server(pristine, session_folder / "postgres")
    server = Postgres(session_folder / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres_server: Postgres) -> Generator[str]:
    """A migrated database of this test alone."""
    name = f"test_{secrets.token_hex(8)}"
    postgres_server.create_database(name, template=DATABASE)
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
def make_stack(pristine: Path) -> StackMaker:
    """Makes stacks of a test's own; they are started as context managers."""
    return partial(CopiedStack, pristine)


@pytest.fixture(scope="session")
def stack(make_stack: StackMaker, session_folder: Path) -> Generator[Stack]:
    """Every service as a process, shared by the session."""
    with make_stack(StackOptions(session_folder / "stack")) as running:
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
