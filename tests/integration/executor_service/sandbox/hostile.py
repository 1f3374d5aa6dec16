"""The hostile scripts of hostile.yaml, and what is right to come of them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from executor_service.sandbox.results import (
    Died,
    Ending,
    LimitHit,
    NoModules,
    Phase,
    Report,
    Returned,
    Stuck,
    Threw,
)

# With TREADLE_TEST_SANDBOX=full scripts get all that a step may have.
FULL: Final = os.environ.get("TREADLE_TEST_SANDBOX") == "full"
MEMORY_MB: Final = 128 if FULL else 32

_LONG_MS: Final = 5000 if FULL else 20_000
_SHORT_MS: Final = 5000 if FULL else 60
_ANY: Final = object()


@dataclass(frozen=True, eq=False)
class Hostile:
    """A script, the names of the endings that are right, and what it may return."""

    group: str
    name: str
    code: str
    ends: tuple[str, ...]
    returns: Any = _ANY

    @property
    def timeout_ms(self) -> int:
        """Short for those that would take for ever."""
        return _SHORT_MS if "time" in self.ends else _LONG_MS

    def is_right(self, report: Report) -> bool:
        """Whether it came as it should."""
        ending = report.ending
        if FULL and "memory" in self.ends and name_of(ending) == "time":
            # On a busy machine 5 s may be over before 128 MiB are taken.
            return True
        if name_of(ending) not in self.ends:
            return False
        if isinstance(ending, Returned) and self.returns is not _ANY:
            return orjson.loads(ending.text) == self.returns
        return True


def name_of(ending: Ending) -> str:
    """The name of an ending in hostile.yaml."""
    match ending:
        case Returned():
            return "returned"
        case Threw(phase=phase):
            return "threw" if phase is Phase.RUN else phase
        case LimitHit(limit=limit):
            return limit
        case Stuck():
            return "stuck"
        case NoModules():
            return "modules"
        case Died(violation=violation):
            return "violation" if violation else "died"


def hostile_scripts() -> list[Hostile]:
    """All of them."""
    text = (Path(__file__).parent / "hostile.yaml").read_text(encoding="utf-8")
    groups: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return [
        Hostile(
            group=group,
            name=each["name"],
            code=each["code"],
            ends=tuple(each["ends"]),
            returns=each.get("returns", _ANY),
        )
        for group, scripts in groups.items()
        for each in scripts
    ]
