"""From a seed to a list of timed faults: the same seed always gives the same schedule.

Kinds are dealt like cards: no kind comes a second time before every other one has come once, so
that a run of two minutes sees all of them. Two faults never meddle with the same thing at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from random import Random
from typing import Final

# All that there are, as the simulator names them.
PROVIDERS: Final = ("twilio", "sendgrid", "sink", "stripe", "twilio_voice", "messenger")


class Kind(StrEnum):
    """What befalls a part of the stack."""

    KILL = "kill"
    FREEZE = "freeze"
    LONG_FREEZE = "long-freeze"
    TERMINATE = "terminate"
    CLOCK = "clock"
    NATS_RESTART = "nats-restart"
    NATS_KILL = "nats-kill"
    NATS_WIPE = "nats-wipe"
    NATS_DISK_FULL = "nats-disk-full"
    POSTGRES_RESTART = "postgres-restart"
    POSTGRES_KILL = "postgres-kill"
    POSTGRES_CROWDED = "postgres-crowded"
    POSTGRES_DISK_FULL = "postgres-disk-full"
    DELAY = "delay"
    THROTTLE = "throttle"
    RESET = "reset"
    PARTITION = "partition"
    DEAF = "deaf"
    MUTE = "mute"
    COPIES = "copies"
    SNATCH = "snatch"
    PROVIDER_SLOW = "provider-slow"
    PROVIDER_FAILING = "provider-failing"
    PROVIDER_CUT_OFF = "provider-cut-off"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Times are seconds from the start of the load."""

    number: int
    kind: Kind
    target: str
    """A service, `nats`, `postgres`, a provider, a stream, or a line as `engine>postgres`."""
    at: float
    lasts: float
    strength: float
    """Seconds of delay or of a clock's offset, bytes a second, or a share of calls or messages."""

    @property
    def until(self) -> float:
        """When it ends."""
        return self.at + self.lasts

    def __str__(self) -> str:
        """A line of the printed schedule."""
        return (
            f"{self.number:>3}  {self.at:7.2f} s  {self.lasts:5.2f} s  "
            f"{self.kind:<16}  {self.target:<38}  {self.strength:g}"
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What there is to break."""

    services: Sequence[str]
    lines: Sequence[str]
    providers: Sequence[str] = PROVIDERS
    streams: Sequence[str] = ("TREADLE_ACTIONS", "TREADLE_RESULTS", "TREADLE_DELAY")


@dataclass(frozen=True, slots=True)
class _Rule:
    """How long a kind lasts, in seconds, and how strong it is."""

    shortest: float
    longest: float
    weakest: float = 0.0
    strongest: float = 0.0


# NATS waits 30 s for an answer to what it has delivered: a long freeze lasts past that, so that
# somebody else has done the work by the time the frozen process wakes up with it in its hands.
_RULES: Final[dict[Kind, _Rule]] = {
    Kind.KILL: _Rule(0.2, 4),
    Kind.FREEZE: _Rule(1, 8),
    Kind.LONG_FREEZE: _Rule(33, 40),
    Kind.TERMINATE: _Rule(0.2, 2),
    Kind.CLOCK: _Rule(5, 15, -90, 90),
    Kind.NATS_RESTART: _Rule(0.2, 3),
    Kind.NATS_KILL: _Rule(0.2, 3),
    Kind.NATS_WIPE: _Rule(0.2, 3),
    Kind.NATS_DISK_FULL: _Rule(1, 4),
    Kind.POSTGRES_RESTART: _Rule(0.2, 3),
    Kind.POSTGRES_KILL: _Rule(0.2, 3),
    Kind.POSTGRES_CROWDED: _Rule(2, 6),
    Kind.POSTGRES_DISK_FULL: _Rule(1, 4),
    Kind.DELAY: _Rule(3, 8, 0.01, 0.3),
    Kind.THROTTLE: _Rule(3, 8, 20_000, 200_000),
    Kind.RESET: _Rule(1, 4),
    Kind.PARTITION: _Rule(1, 15),
    Kind.DEAF: _Rule(1, 15),
    Kind.MUTE: _Rule(1, 15),
    Kind.COPIES: _Rule(3, 8, 1, 3),
    Kind.SNATCH: _Rule(2, 5, 0.2, 1),
    Kind.PROVIDER_SLOW: _Rule(3, 8, 0.1, 2),
    Kind.PROVIDER_FAILING: _Rule(2, 6, 0.2, 0.8),
    Kind.PROVIDER_CUT_OFF: _Rule(2, 6, 0.1, 0.5),
}

# A deck for a short run. Without what only a lease brings back, half a minute later: NATS forgets
# nothing that it has taken.
SHORT: Final = (
    *(Kind.KILL,) * 4,
    Kind.NATS_KILL,
    Kind.POSTGRES_KILL,
    Kind.RESET,
    Kind.COPIES,
    Kind.CLOCK,
    Kind.PROVIDER_FAILING,
)

_WARM_UP: Final = 2.0
_AT_A_TIME: Final = 3
_SHORT: Final = 0.5
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Schedule:
    """The faults of one run, in the order in which they begin."""

    seed: int
    seconds: float
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        """As printed before a run and beside a violation."""
        head = f"seed {self.seed}, {self.seconds:g} s of load, {len(self.faults)} faults"
        return "\n".join((head, *map(str, self.faults)))

    def moments(self) -> list[tuple[float, bool, Fault]]:
        """Beginnings (True) and ends (False) in the order of time."""
        found = [(fault.at, True, fault) for fault in self.faults]
        found += [(fault.until, False, fault) for fault in self.faults]
        return sorted(found, key=lambda moment: (moment[0], moment[2].number))


def draw(
    seed: int,
    seconds: float,
    parts: Parts,
    *,
    kinds: Sequence[Kind] = tuple(Kind),
    gap: float = 3.5,
    longest: float = inf,
) -> Schedule:
    """Draws a schedule of `seconds` with a fault every `gap` seconds on average.

    A kind that `kinds` has more than once comes as much more often. No fault is longer than
    `longest`. Everything is over when the time is up, so that what fits no
    more is left out.
    """
    rng = Random(seed)
    faults: list[Fault] = []
    at = min(_WARM_UP, seconds / 8)
    for kind in _dealt(rng, kinds):
        if at >= seconds:
            break
        fault = _fitting(rng, kind, at, min(seconds - at, longest), parts, faults)
        if fault is not None:
            faults.append(fault)
        at += rng.uniform(0.5, 1.5) * gap
    return Schedule(seed, seconds, tuple(faults))


def _dealt(rng: Random, kinds: Sequence[Kind]) -> Iterator[Kind]:
    """All kinds in some order, again and again; those that are there twice twice."""
    while True:
        deck = sorted(kinds)
        rng.shuffle(deck)
        yield from deck


def _fitting(
    rng: Random, kind: Kind, at: float, longest: float, parts: Parts, so_far: Sequence[Fault]
) -> Fault | None:
    """A fault that meets no other on the same thing; None when there is none."""
    rule = _RULES[kind]
    under_way = [fault for fault in so_far if fault.until > at]
    if longest < min(rule.shortest, _SHORT) or len(under_way) >= _AT_A_TIME:
        return None
    if kind is Kind.LONG_FREEZE and longest < rule.shortest:
        return None
    taken = {_thing(fault.kind, fault.target) for fault in under_way}
    for _ in range(_TRIES):
        target = rng.choice(_targets(kind, parts))
        lasts = rng.uniform(min(rule.shortest, longest), min(rule.longest, longest))
        strength = rng.uniform(rule.weakest, rule.strongest)
        if _thing(kind, target) not in taken:
            number, rounded = len(so_far) + 1, float(f"{strength:.3g}")
            return Fault(number, kind, target, round(at, 2), round(lasts, 2), rounded)
    return None


def _targets(kind: Kind, parts: Parts) -> Sequence[str]:
    match kind:
        case Kind.KILL | Kind.FREEZE | Kind.LONG_FREEZE | Kind.TERMINATE | Kind.CLOCK:
            return parts.services
        case Kind.NATS_RESTART | Kind.NATS_KILL | Kind.NATS_WIPE | Kind.NATS_DISK_FULL:
            return ("nats",)
        case (
            Kind.POSTGRES_RESTART
            | Kind.POSTGRES_KILL
            | Kind.POSTGRES_CROWDED
            | Kind.POSTGRES_DISK_FULL
        ):
            return ("postgres",)
        case Kind.DELAY | Kind.THROTTLE | Kind.RESET | Kind.PARTITION | Kind.DEAF | Kind.MUTE:
            return parts.lines
        case Kind.COPIES | Kind.SNATCH:
            return parts.streams
        case Kind.PROVIDER_SLOW | Kind.PROVIDER_FAILING | Kind.PROVIDER_CUT_OFF:
            return parts.providers


def _thing(kind: Kind, target: str) -> str:
    """What a fault has for itself: a clock is another thing than its service's life."""
    return f"{kind}:{target}" if kind in {Kind.CLOCK, Kind.COPIES, Kind.SNATCH} else target
