"""What befalls a line between a service and what it talks to."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import Final

from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault

_RESETS_A_SECOND: Final = 2.0


@contextmanager
def delayed(world: World, fault: Fault) -> Generator[None]:
    """Each piece of what is said takes `strength` seconds longer."""
    line = world.proxy.lines[fault.target]
    line.delay(fault.strength)
    try:
        yield
    finally:
        line.delay(0)


@contextmanager
def throttled(world: World, fault: Fault) -> Generator[None]:
    """`strength` bytes a second for each connection, and no more."""
    line = world.proxy.lines[fault.target]
    line.throttle(fault.strength)
    try:
        yield
    finally:
        line.throttle(0)


@contextmanager
def reset(world: World, fault: Fault) -> Generator[None]:
    """All connections are reset, again and again."""
    line = world.proxy.lines[fault.target]
    over = threading.Event()
    rng = Random(fault.number)

    def again_and_again() -> None:
        while True:
            line.reset()
            if over.wait(rng.expovariate(_RESETS_A_SECOND)):
                return

    thread = threading.Thread(target=again_and_again, name=f"reset {fault.target}")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def parted(world: World, fault: Fault) -> Generator[None]:
    """Nothing gets through, either way, and nobody is told."""
    with _blocked(world, fault, there=True, back=True):
        yield


@contextmanager
def deaf(world: World, fault: Fault) -> Generator[None]:
    """The service is heard and does not hear: what it asked for is done, and it never learns."""
    with _blocked(world, fault, there=False, back=True):
        yield


@contextmanager
def mute(world: World, fault: Fault) -> Generator[None]:
    """The service hears and is not heard."""
    with _blocked(world, fault, there=True, back=False):
        yield


@contextmanager
def _blocked(world: World, fault: Fault, *, there: bool, back: bool) -> Generator[None]:
    line = world.proxy.lines[fault.target]
    line.block(there=there, back=back)
    try:
        yield
    finally:
        line.block(there=False, back=False)
