"""What befalls NATS and Postgres."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from devstack.postgres import Postgres, PostgresError
from tests.chaos.faults.disks import is_small, no_room, small_disk
from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault

_SEGMENTS: Final = 64
"""More than the server keeps for later."""


@contextmanager
def nats_restarted(world: World, fault: Fault) -> Generator[None]:
    """A stop in order, and a start."""
    world.stack.nats.stop()
    try:
        yield
    finally:
        world.stack.nats.start()


@contextmanager
def nats_killed(world: World, fault: Fault) -> Generator[None]:
    """As by a power cut."""
    world.stack.nats.kill()
    try:
        yield
    finally:
        world.stack.nats.start()


@contextmanager
def nats_wiped(world: World, fault: Fault) -> Generator[None]:
    """As if its disk had gone: streams, consumers and messages are no more."""
    world.stack.nats.kill()
    try:
        yield
    finally:
        # What is mounted stays; what is in it goes.
        for entry in store(world).iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        world.stack.nats.start()


@contextmanager
def nats_disk_full(world: World, fault: Fault) -> Generator[None]:
    """Nothing can be stored any more; the server switches JetStream off until it is restarted."""
    if not is_small(store(world)):
        _leave_out(world, fault)
        yield
        return
    try:
        with no_room(store(world)):
            yield
    finally:
        world.stack.nats.stop()
        world.stack.nats.start()


@contextmanager
def postgres_restarted(world: World, fault: Fault) -> Generator[None]:
    """A stop in order, which ends all connections, and a start."""
    world.stack.postgres.stop()
    try:
        yield
    finally:
        world.stack.postgres.start()


@contextmanager
def postgres_killed(world: World, fault: Fault) -> Generator[None]:
    """As by a power cut, in the middle of whatever it was committing."""
    world.stack.postgres.kill()
    try:
        yield
    finally:
        world.stack.postgres.start()


@contextmanager
def postgres_crowded(world: World, fault: Fault) -> Generator[None]:
    """Every connection of the services is ended, and next to none is to be had for a while."""
    postgres = world.stack.postgres
    limit = "alter role treadle connection limit"
    postgres.query(f"{limit} 3")
    postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'treadle'"
    )
    try:
        yield
    finally:
        postgres.query(f"{limit} -1")


@contextmanager
def postgres_disk_full(world: World, fault: Fault) -> Generator[None]:
    """No table grows, and the log has no room for another segment, of which the server dies."""
    home = world.stack.data.postgres
    if not is_small(home) or not (home / "data").exists():
        _leave_out(world, fault)
        yield
        return
    postgres = world.stack.postgres
    try:
        with no_room(home):
            _use_up_log(postgres)
            yield
    finally:
        # It may still be trying.
        postgres.kill()
        postgres.start()


@contextmanager
def nats_disk(folder: Path) -> Generator[str | None]:
    """A small disk for the streams of a stack that will live in `folder`; as `small_disk`."""
    with small_disk(folder / "nats" / "store") as reason:
        yield reason


@contextmanager
def postgres_disk(folder: Path) -> Generator[str | None]:
    """The same for all that Postgres has, but for what it says when there is no room."""
    with small_disk(folder / "postgres") as reason:
        if reason is None:
            log = folder / "logs" / "postgres.log"
            log.parent.mkdir(exist_ok=True)
            (folder / "postgres" / log.name).symlink_to(log)
        yield reason


def store(world: World) -> Path:
    """Where NATS keeps its streams."""
    return world.stack.data.nats / "store"


def _use_up_log(postgres: Postgres) -> None:
    """Fills the segments that the server keeps for its log; it dies of the first that it lacks."""
    with suppress(PostgresError):
        for _ in range(_SEGMENTS):
            postgres.query("select txid_current(), pg_switch_wal()")


def _leave_out(world: World, fault: Fault) -> None:
    world.notes.append(f"left out, there is no small disk here: {fault}")
