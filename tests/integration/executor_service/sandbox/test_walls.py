"""The walls around a run, each for itself: what native code in a run's process would get to."""

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WALLS = Path(__file__).parents[3] / "support" / "walls.py"
KILLED = -signal.SIGSYS


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What came of every attempt."""
    found = subprocess.run(
        [sys.executable, "-I", "-S", str(WALLS), *sys.path],
        env={},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return json.loads(found.stdout)


def test_the_kernel_isolates(told: dict[str, Any]) -> None:
    assert told["isolation"] == "namespaces"
    assert told["landlock"] in range(20)


NOTHING_THERE = f"errno {errno.ENOENT}"
FORBIDDEN = f"errno {errno.EACCES}"
NOT_ALLOWED = f"errno {errno.EPERM}"


@pytest.mark.parametrize(
    ("attempt", "answers"),
    {
        "read a file": {NOTHING_THERE, FORBIDDEN},
        "read the environment": {NOTHING_THERE, FORBIDDEN},
        "list the root": {FORBIDDEN},
        "make a file": {f"errno {errno.EROFS}", FORBIDDEN},
        "run a program": {NOTHING_THERE, FORBIDDEN},
        "connect": {f"errno {errno.ENETUNREACH}", FORBIDDEN},
        "connect to an abstract socket": {f"errno {errno.ECONNREFUSED}", NOT_ALLOWED},
        "kill the parent": {f"errno {errno.ESRCH}"},
        "who am I": {65534},
        "whose child am I": {0},
    }.items(),
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_namespaces_and_landlock_hold_without_seccomp(
    told: dict[str, Any], attempt: str, answers: set[object]
) -> None:
    assert told["behind namespaces"][attempt] in answers


@pytest.mark.parametrize(
    "attempt",
    [
        "read a file",
        "read the environment",
        "list the root",
        "make a file",
        "run a program",
        "connect",
        "connect to an abstract socket",
        "kill the parent",
        "fork",
        "executable memory",
        "memory far away",
        "memory moved far away",
        "mount",
    ],
)
def test_seccomp_ends_the_process(told: dict[str, Any], attempt: str) -> None:
    assert told["behind everything"][attempt] == KILLED


def test_no_other_call_is_listened_to(told: dict[str, Any]) -> None:
    assert len(told["calls"]) > 30
    assert {name: came for name, came in told["calls"].items() if came != KILLED} == {}


def test_the_socket_alone_is_open(told: dict[str, Any]) -> None:
    assert told["behind everything"]["what is open"] == [0]


def test_nothing_of_the_host_is_there(told: dict[str, Any]) -> None:
    # Python itself says what the C locale stands for.
    assert set(told["behind everything"]["what is my environment"]) <= {"LC_CTYPE"}


def test_memory_is_bounded(told: dict[str, Any]) -> None:
    assert told["behind everything"]["memory within the limit"] == 40 * 1024 * 1024
    assert told["behind everything"]["memory over the limit"] == "MemoryError"
