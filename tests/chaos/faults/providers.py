"""What befalls those whom the executors call."""

from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import Final

from tests.chaos.faults.world import World
from tests.chaos.plans import standing_refusals
from tests.chaos.schedule import Fault

_CUTS: Final = ("reset", "hang", "accept_then_reset", "accept_then_hang", "truncated")


@contextmanager
def slow(world: World, fault: Fault) -> Generator[None]:
    """Every answer takes `strength` seconds."""
    with _misbehaving(world, fault, "slow", delay_ms=round(fault.strength * 1000)):
        yield


@contextmanager
def failing(world: World, fault: Fault) -> Generator[None]:
    """A share of the calls is refused: too many, or an error of the provider's."""
    mode = Random(fault.number).choice(("429", "500", "503"))
    with _misbehaving(world, fault, mode, rate=fault.strength):
        yield


@contextmanager
def cut_off(world: World, fault: Fault) -> Generator[None]:
    """A share of the calls gets no answer, or half of one; some of these had been carried out."""
    # Of webhooks the status alone is an answer: whoever says 200 has taken them.
    modes = _CUTS if fault.target == "sink" else (*_CUTS, "garbage")
    mode = Random(fault.number).choice(modes)
    with _misbehaving(world, fault, mode, rate=fault.strength):
        yield


@contextmanager
def _misbehaving(world: World, fault: Fault, mode: str, **how: float) -> Generator[None]:
    world.providers.misbehave(fault.target, mode, **how)
    try:
        yield
    finally:
        world.providers.misbehave(fault.target, "ok")
        # That took away what a provider refuses always, too.
        standing_refusals(world.providers)
