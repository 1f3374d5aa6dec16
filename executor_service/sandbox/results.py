"""What comes of a run, and what it took."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from executor_service.domain.outcome import JsonValue


class Limit(StrEnum):
    """What a script went over."""

    TIME = "time"
    MEMORY = "memory"
    # What it returned.
    OUTPUT = "output"
    # Calls of `fetch`, and the size of one.
    FETCHES = "fetches"
    REQUEST = "request"


class Phase(StrEnum):
    """What went wrong: reading the script, running it, or making JSON of what it returned."""

    SYNTAX = "syntax"
    RUN = "run"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the script: both count from 1; a line of 0 says that it is not known."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Returned:
    """The script came to its end; `text` is the JSON of what it returned, as the script says."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Threw:
    """The script failed. `network` says that it is the error of a `fetch` that got no answer."""

    phase: Phase
    name: str
    message: str
    place: Place
    network: bool = False


@dataclass(frozen=True, slots=True)
class LimitHit:
    """The script was ended. `fetching` says that it waited for an answer just then."""

    limit: Limit
    place: Place = Place()
    fetching: bool = False


@dataclass(frozen=True, slots=True)
class Stuck:
    """The script waits for a promise that nothing will ever settle."""


@dataclass(frozen=True, slots=True)
class NoModules:
    """The engine that runs here cannot import any."""


@dataclass(frozen=True, slots=True)
class Died:
    """The run's process ended otherwise: `status` as in `Popen.returncode`."""

    status: int
    # It did what no script can do: a forbidden system call, or bytes that are no frames.
    violation: str = ""


Ending: TypeAlias = Returned | Threw | LimitHit | Stuck | NoModules | Died


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One call of the console."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a run's process: what was in memory when it began and at most, and its time."""

    base_kb: int
    peak_kb: int
    cpu_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of a run."""

    ending: Ending
    console: tuple[ConsoleLine, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be run: the body of an async function, its data, its modules by name."""

    code: str
    context: dict[str, JsonValue]
    modules: dict[str, str]
    timeout_ms: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """A call of `fetch`, the how-manieth of its run; names of headers as the script wrote them."""

    number: int
    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: str | None


@dataclass(frozen=True, slots=True)
class FetchAnswer:
    """An answer; names of headers in lower case."""

    status: int
    status_text: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """No answer; `network` says that the other side could not be reached or did not answer."""

    error: str
    network: bool = False


class SandboxUnavailableError(Exception):
    """There is no fork server, and none can be had; the message tells operators why."""
