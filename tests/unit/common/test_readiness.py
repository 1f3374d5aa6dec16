"""What a process says of itself while something that it needs is away."""

import asyncio
from datetime import timedelta

from prometheus_client import REGISTRY

from common.readiness import NotReadyError, Readiness
from tests.support.waiting import until


class Health:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.serving: bool | None = None

    async def set_serving(self, serving: bool) -> None:
        self.serving = serving


class Part:
    """Something that a process needs."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.hangs = False

    async def check(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault


def up(name: str) -> float | None:
    return REGISTRY.get_sample_value("treadle_dependency_up", {"dependency": name})


async def test_a_process_serves_while_all_that_it_needs_is_there() -> None:
    health, database, stream = Health(), Part(), Part()
    readiness = Readiness(health, {"database": database.check, "stream": stream.check})
    assert await readiness.look()
    assert health.serving
    database.fault = ConnectionRefusedError()
    stream.fault = NotReadyError("not connected")
    assert not await readiness.look()
    assert health.serving is False
    assert (up("database"), up("stream")) == (0, 0)
    database.fault = None
    assert not await readiness.look()
    assert (up("database"), up("stream")) == (1, 0)
    stream.fault = None
    assert await readiness.look()
    assert health.serving


async def test_what_does_not_answer_is_not_there() -> None:
    health, part = Health(), Part()
    readiness = Readiness(health, {"part": part.check}, patience=timedelta(seconds=0.05))
    part.hangs = True
    assert not await readiness.look()
    assert health.serving is False


async def test_it_is_looked_at_again_and_again() -> None:
    health, part = Health(), Part()
    part.fault = OSError()
    readiness = Readiness(health, {"part": part.check})
    async with readiness.reported(interval=timedelta(seconds=0.01)):
        assert health.serving is False
        part.fault = None
        await until(lambda: health.serving is True)
