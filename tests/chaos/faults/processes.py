"""What befalls a service's process."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault
from tests.chaos.site import resume, suspend
from tests.chaos.skewed import write_offset

_STOP_WITHIN: Final = timedelta(seconds=10)


@contextmanager
def killed(world: World, fault: Fault) -> Generator[None]:
    """`kill -9`, and a start when the fault is over."""
    world.stack.take_down(fault.target)
    world.stack.services[fault.target].kill()
    try:
        yield
    finally:
        world.stack.bring_up(fault.target)


@contextmanager
def frozen(world: World, fault: Fault) -> Generator[None]:
    """SIGSTOP, then SIGCONT: it wakes up with all that it had in hand, as if no time had passed."""
    service = world.stack.services[fault.target]
    suspend(service)
    try:
        yield
    finally:
        resume(service)


@contextmanager
def terminated(world: World, fault: Fault) -> Generator[None]:
    """SIGTERM, as a rolling restart sends it; it has ten seconds to go in peace."""
    service = world.stack.services[fault.target]
    world.stack.take_down(fault.target)
    service.ask_to_stop()
    try:
        yield
    finally:
        if not service.stop(_STOP_WITHIN - timedelta(seconds=min(fault.lasts, 5.0))):
            world.slow_stops.append(f"{fault.target} ({fault})")
        world.stack.bring_up(fault.target)


@contextmanager
def off_time(world: World, fault: Fault) -> Generator[None]:
    """The process's clock jumps by `strength` seconds, and back."""
    file = world.stack.clock(fault.target)
    write_offset(file, fault.strength)
    try:
        yield
    finally:
        write_offset(file, 0)
