"""What befalls NATS and Postgres."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault

_STORE_BYTES: Final = 256 * 1024 * 1024
_PIECE: Final = bytes(1024 * 1024)


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
    if not os.path.ismount(store(world)):
        world.notes.append(f"left out, NATS has no small disk of its own here: {fault}")
        yield
        return
    filler = store(world) / "filler"
    _fill(filler)
    try:
        yield
    finally:
        filler.unlink()
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


def store(world: World) -> Path:
    """Where NATS keeps its streams."""
    return world.stack.data.nats / "store"


@contextmanager
def small_disk(folder: Path) -> Generator[str | None]:
    """A disk of its own for a folder, if the machine lets us; else says why not."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as mounted:
        reason = _mount(folder)
        if reason is None:
            mounted.callback(_unmount, folder)
        yield reason


def _mount(folder: Path) -> str | None:
    if os.geteuid() != 0:
        return "mounting a small disk takes root"
    options = f"size={_STORE_BYTES},mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "treadle-chaos", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip() or None if done.returncode else None


def _unmount(folder: Path) -> None:
    # Lazily: a server that is still ending may hold a file.
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def _fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as out:
        while True:
            out.write(_PIECE)
