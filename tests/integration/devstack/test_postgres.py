"""The embedded Postgres comes up whatever the machine's state."""

import os
import shutil
import socket
import stat
from collections.abc import Generator
from pathlib import Path

import pytest

from devstack import postgres as module
from devstack.pghome import PostgresHome, PostgresHomeError
from devstack.ports import LOOPBACK, free_port
from devstack.postgres import Postgres, PostgresError, installed_binaries

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def server(session_folder: Path, request: pytest.FixtureRequest) -> Generator[Postgres]:
    folder = session_folder / request.node.name
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def taken() -> Generator[int]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def test_keeps_data_over_stop_and_kill(server: Postgres) -> None:
    server.start()
    url = server.url()
    server.query("create table kept (id int)", "treadle")
    server.query("insert into kept values (1)", "treadle")
    server.stop()
    assert not server.healthy()

    server.start()
    assert server.url() == url
    server.query("insert into kept values (2)", "treadle")
    server.kill()

    # The killed server's lock file is still there, and may name a zombie.
    server.start()
    assert server.query("select id from kept order by id", "treadle") == "1\n2"
    assert server.healthy()


def test_a_port_that_was_taken_meanwhile_is_no_obstacle(
    server: Postgres, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([taken, free_port()])
    monkeypatch.setattr(module, "free_port", lambda: next(ports))
    server.start()
    assert server.healthy()
    assert f":{taken}/" not in server.url()


def test_a_given_port_that_is_taken_is_refused(session_folder: Path, taken: int) -> None:
    server = Postgres(session_folder / "taken", port=taken)
    with pytest.raises(PostgresError, match="could not bind"):
        server.start()
    assert not server.alive()


def test_secrets_are_private(server: Postgres) -> None:
    server.start()
    path = server.log.with_name("passwords.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ValueError, match="not a database name"):
        server.create_database("x; drop database treadle")


def test_half_made_data_is_made_again(server: Postgres) -> None:
    folder = server.log.parent
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("16\n", encoding="ascii")
    server.start()
    assert server.healthy()


def test_data_of_another_version_is_left_alone(server: Postgres) -> None:
    data = server.log.parent / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n", encoding="ascii")
    with pytest.raises(PostgresHomeError, match="was made by Postgres 15"):
        server.start()
    assert (data / "PG_VERSION").exists()


@AS_ROOT
def test_binaries_in_a_private_place_are_copied(session_folder: Path) -> None:
    private = session_folder / "private"
    private.mkdir(mode=0o700)
    wheel = installed_binaries().parent
    hidden = private / wheel.name / "pginstall"
    hidden.parent.mkdir()
    hidden.symlink_to(installed_binaries())
    home = PostgresHome(session_folder / "copied", hidden)
    home.prepare()
    assert home.account is not None
    assert not home.binary("postgres").is_relative_to(private)
    assert home.account.can_run([home.binary("postgres"), home.binary("initdb")])


@AS_ROOT
def test_data_in_a_private_place_moves_out(session_folder: Path) -> None:
    private = session_folder / "home"
    private.mkdir(mode=0o700)
    server = Postgres(private / "postgres")
    link = private / "postgres" / "state"
    try:
        server.start()
        assert server.healthy()
        assert link.is_symlink()
        assert (link / "data" / "PG_VERSION").exists()
    finally:
        server.stop()
        shutil.rmtree(link.resolve(), ignore_errors=True)
