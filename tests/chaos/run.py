"""One run of the suite: start, load, break, heal, wait for rest, check."""

import shutil
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Final

from tests.chaos.books import Violation
from tests.chaos.checker import check
from tests.chaos.faults import FAULTS
from tests.chaos.faults.servers import nats_disk, postgres_disk
from tests.chaos.faults.world import World
from tests.chaos.founding import settle
from tests.chaos.history import Witness
from tests.chaos.load import Customers
from tests.chaos.model import History
from tests.chaos.plans import LOAD, called_by
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import Fault, Kind, Schedule, draw
from tests.chaos.site import REPLICAS, ChaosStack
from tests.support.e2e_simulator import Providers

_TICK: Final = 0.05
_LOOK_EVERY: Final = 0.5
_TELL_EVERY: Final = 5.0
Progress = Callable[[str], None]
# Who has a disk of its own where it is to fill up.
_SMALL_DISKS: Final = {Kind.NATS_DISK_FULL: nats_disk, Kind.POSTGRES_DISK_FULL: postgres_disk}


@dataclass(frozen=True, slots=True)
class Options:
    """What to run. `folder` is made, and left behind when something is wrong."""

    seed: int
    seconds: float
    folder: Path
    kinds: Sequence[Kind] = tuple(Kind)
    gap: float = 3.5
    longest: float = inf
    """Seconds that no fault outlasts."""
    load: Sequence[str] = LOAD
    """The workflows that customers start and events bring about, by name."""
    replicas: Sequence[str] = REPLICAS
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """More TREADLE_ variables for every service."""
    rest_within: float = 300.0
    """Seconds in which everything has to come to rest after the load and the last fault."""


@dataclass(frozen=True, slots=True)
class Suffered:
    """A fault as it was: instants are seconds since 1970."""

    fault: Fault
    began: float
    ended: float


@dataclass
class Outcome:
    """What came of a run."""

    schedule: Schedule
    history: History
    violations: list[Violation]
    suffered: list[Suffered]
    probes: list[tuple[float, float]]
    """When each probe began and ended, in the order of their ends."""
    rest: float
    """Seconds from the end of the load to the rest of everything."""
    notes: list[str] = field(default_factory=list[str])


def run(options: Options, say: Progress) -> Outcome:
    """Runs a schedule to its end. Must be called in the main thread, which starts processes."""
    with _world(options, say) as world:
        outcome = _suffer(options, world, say)
    if not outcome.violations:
        shutil.rmtree(options.folder, ignore_errors=True)
    return outcome


@contextmanager
def _world(options: Options, say: Progress) -> Generator[World]:
    with ExitStack() as resources:
        options.folder.mkdir(parents=True, exist_ok=True)
        options.folder.chmod(0o711)
        for kind, small_disk in _SMALL_DISKS.items():
            if kind in options.kinds:
                reason = resources.enter_context(small_disk(options.folder))
                if reason is not None:
                    say(f"no small disk, so no {kind}: {reason}")
        proxy = resources.enter_context(Proxy())
        stack = resources.enter_context(
            ChaosStack(options.folder, proxy, options.replicas, options.env)
        )
        providers = resources.enter_context(Providers(stack.simulator_url))
        yield World(stack, proxy, providers)


def _suffer(options: Options, world: World, say: Progress) -> Outcome:
    flows, site = settle(world.stack, world.providers, options.load)
    schedule = draw(
        options.seed,
        options.seconds,
        replace(world.stack.parts, providers=called_by(flows)),
        kinds=options.kinds,
        gap=options.gap,
        longest=options.longest,
    )
    say(str(schedule))
    witness = Witness(world.stack, world.providers, flows)
    with Customers(site, flows, options.seed) as customers:
        suffered = _inject(world, schedule, say)
        over = time.monotonic()
        customers.close()
        while customers.busy():
            _supervise_until(world, time.monotonic() + _TICK)
    _until_rest(world, witness, options.rest_within, say)
    rest = time.monotonic() - over
    misbehaved = [*world.stack.ended, *(f"did not stop in time: {x}" for x in world.slow_stops)]
    told = customers.told
    history = witness.history(told, misbehaved)
    violations = check(history)
    violations += [Violation("refused", text) for text in told.refusals]
    return Outcome(
        schedule,
        history,
        violations,
        suffered,
        witness.recoveries(),
        rest,
        world.notes,
    )


def _inject(world: World, schedule: Schedule, say: Progress) -> list[Suffered]:
    """Begins and ends each fault when its time has come; returns once the load's time is up."""
    start = time.monotonic()
    under_way: dict[int, tuple[float, AbstractContextManager[None]]] = {}
    suffered: list[Suffered] = []
    try:
        for at, begins, fault in schedule.moments():
            _supervise_until(world, start + at)
            if begins:
                say(f"{time.monotonic() - start:7.2f} s  begins  {fault.kind} {fault.target}")
                breaking = FAULTS[fault.kind](world, fault)
                under_way[fault.number] = (time.time(), breaking)
                breaking.__enter__()
            else:
                began, breaking = under_way.pop(fault.number)
                breaking.__exit__(None, None, None)
                suffered.append(Suffered(fault, began, time.time()))
                say(f"{time.monotonic() - start:7.2f} s  over    {fault.kind} {fault.target}")
        _supervise_until(world, start + schedule.seconds)
    finally:
        for _, breaking in under_way.values():
            breaking.__exit__(None, None, None)
    return suffered


def _supervise_until(world: World, instant: float) -> None:
    while (now := time.monotonic()) < instant:
        world.stack.supervise()
        time.sleep(min(_TICK, instant - now))


def _until_rest(world: World, witness: Witness, within: float, say: Progress) -> None:
    """Returns when nothing is left to do, or when time is up: the checker tells the difference."""
    start = time.monotonic()
    tell_at = 0.0
    while (waited := time.monotonic() - start) < within:
        world.stack.supervise()
        left = witness.left()
        if left is not None and not any(left.values()):
            return
        if waited >= tell_at:
            tell_at += _TELL_EVERY
            open_ = ", ".join(f"{count} {what}" for what, count in (left or {}).items() if count)
            say(f"{waited:7.2f} s  left to do: {open_ or 'nobody can tell'}")
        time.sleep(_LOOK_EVERY)
