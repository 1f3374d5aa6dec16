"""Scripts that mean harm: each ends in time and in its memory, reaches nothing, and leaves nothing.

In every run each script has little time and 32 MiB; TREADLE_TEST_SANDBOX=full gives it 5 s and
128 MiB, and takes some minutes.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import pytest

from common.egress import EgressPolicy, GuardedClient
from executor_service.domain.outcome import JsonValue
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.results import Report, Returned
from tests.integration.executor_service.sandbox.hostile import (
    FULL,
    MEMORY_MB,
    Hostile,
    hostile_scripts,
    name_of,
)
from tests.support.egress import FixedDialer, FixedResolver, respond, serve
from tests.support.sandbox import ENGINES, fetcher, sandbox, script

SCRIPTS = hostile_scripts()
# A run has to be over so long after its deadline.
GRACE_S = 0.25

REFUSING = "93.184.216.35"
HANGING = "93.184.216.36"
NAMES = {
    "public.example.com": [["93.184.216.34"]],
    "hanging.example.com": [[HANGING]],
    "metadata.example.com": [["169.254.169.254"]],
    "inside.example.com": [["10.1.2.3"]],
    "both.example.com": [["93.184.216.34", "127.0.0.1"]],
    "turning.example.com": [[REFUSING], ["127.0.0.1"]],
    "localhost": [["127.0.0.1"]],
}

# Another tenant's script, in the next process: all is as the language has it.
CLEAN = """
  const own = Object.keys(Object.prototype).length + Object.keys(Array.prototype).length;
  const response = await fetch("http://10.0.0.1/").catch((error) => error.name);
  console.log("clean");
  return [contact.name, own, typeof leftBehind, [1, 2].map((x) => x * 2), response, steps];
"""
CLEAN_CONTEXT: dict[str, JsonValue] = {"contact": {"name": "Bob"}, "steps": {}}
CLEAN_RESULT: list[JsonValue] = ["Bob", 0, "undefined", [2, 4], "TypeError", {}]


@dataclass(frozen=True)
class Done:
    """A hostile run, how long it took, and the run of another tenant after it."""

    report: Report
    seconds: float
    clean: Report


@dataclass(frozen=True)
class Doings:
    """All that was done by one engine's scripts, and whom they reached."""

    by_script: dict[Hostile, Done]
    # What was asked of the server on loopback that nobody may reach.
    heard: list[bytes]
    dialed: set[str]
    # Fork servers: the same from beginning to end.
    servers: set[int]


@asynccontextmanager
async def _world(port: int) -> AsyncGenerator[tuple[GuardedClient, FixedDialer]]:
    dialer = FixedDialer(port, refusing={REFUSING}, hanging=True)
    async with GuardedClient(
        EgressPolicy(), resolver=FixedResolver(NAMES), dialer=dialer
    ) as client:
        yield client, dialer


async def _do(box: Sandbox, client: GuardedClient, hostile: Hostile, port: int) -> Done:
    code = hostile.code.replace("CANARY", str(port))
    fetch = fetcher(client)
    job = script(code, timeout_ms=hostile.timeout_ms, memory_mb=MEMORY_MB)
    loop = asyncio.get_running_loop()
    started = loop.time()
    report = await box.run(job, fetch)
    seconds = loop.time() - started
    clean = await box.run(script(CLEAN, context=CLEAN_CONTEXT), fetch)
    return Done(report, seconds, clean)


@pytest.fixture(scope="module", params=ENGINES)
async def doings(request: pytest.FixtureRequest) -> Doings:
    """Runs every script once, a few at a time."""
    heard: list[bytes] = []
    by_script: dict[Hostile, Done] = {}
    servers: set[int] = set()
    waiting = iter(SCRIPTS)
    at_once = 2

    async with (
        serve(respond(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", heard)) as port,
        _world(port) as (client, dialer),
        sandbox(request.param, at_once=at_once) as box,
    ):

        async def work() -> None:
            for hostile in waiting:
                by_script[hostile] = await _do(box, client, hostile, port)
                servers.add(box.server_pid)

        await asyncio.gather(*(work() for _ in range(at_once)))
        return Doings(by_script, heard, {address for address, _ in dialer.dialed}, servers)


@pytest.mark.parametrize("hostile", SCRIPTS, ids=lambda each: f"{each.group}: {each.name}")
def test_a_hostile_script_gets_nowhere(doings: Doings, hostile: Hostile) -> None:
    done = doings.by_script[hostile]
    report = done.report

    assert hostile.is_right(report), (name_of(report.ending), report)
    assert report.usage.peak_kb - report.usage.base_kb < MEMORY_MB * 1024
    if FULL:
        assert done.seconds < hostile.timeout_ms / 1000 + GRACE_S
    assert isinstance(done.clean.ending, Returned), done.clean
    assert orjson.loads(done.clean.ending.text) == CLEAN_RESULT
    assert [line.text for line in done.clean.console] == ["clean"]


def test_nobody_inside_was_reached_and_the_fork_server_lives(doings: Doings) -> None:
    assert doings.heard == []
    assert doings.dialed <= {REFUSING, HANGING}
    assert len(doings.servers) == 1


def test_there_are_enough_scripts() -> None:
    assert len(SCRIPTS) >= 100
    assert len({(each.group, each.name) for each in SCRIPTS}) == len(SCRIPTS)
