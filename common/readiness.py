"""Whether a process can serve just now: what it needs is looked at again and again.

A process that has lost its database or NATS lives on and recovers by itself, so nobody should
restart it; but nobody should send it work either. What it finds goes to its health endpoint, from
where load balancers, other services' channels and operators have it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from prometheus_client import Gauge

from common.telemetry import get_logger

# Returns when that part is as it should be; raises what is wrong with it.
Check: TypeAlias = Callable[[], Awaitable[None]]

_INTERVAL: Final = timedelta(seconds=0.5)
# As long as a call would wait for a connection: who gets none by then could serve nobody.
_PATIENCE: Final = timedelta(seconds=10)

_UP = Gauge("treadle_dependency_up", "Whether this process can use what it needs.", ("dependency",))

_log = get_logger(__name__)


class NotReadyError(Exception):
    """What is needed cannot be used just now; says why."""


class Health(Protocol):
    """What is told whether the process can serve (`common.grpc.server.GrpcServer`)."""

    async def set_serving(self, serving: bool) -> None:  # noqa: FBT001 - the name says it
        """Reports it."""
        ...


class Readiness:
    """Looks at every dependency of a process and tells its health endpoint."""

    def __init__(
        self, health: Health, checks: Mapping[str, Check], *, patience: timedelta = _PATIENCE
    ) -> None:
        """`checks` by the name of what they look at; `patience` bounds each."""
        self._health = health
        self._checks = checks
        self._patience = patience.total_seconds()
        self._down: Mapping[str, str] = {}
        self._down_since = 0.0

    async def look(self) -> bool:
        """Looks at everything once, side by side; returns whether the process can serve."""
        found = await asyncio.gather(*(self._problem(check) for check in self._checks.values()))
        down = {name: problem for name, problem in zip(self._checks, found, strict=True) if problem}
        for name in self._checks:
            _UP.labels(name).set(name not in down)
        await self._tell(down)
        return not down

    @asynccontextmanager
    async def reported(self, *, interval: timedelta = _INTERVAL) -> AsyncGenerator[None]:
        """Looks once, and then every `interval` during the block."""
        await self.look()
        looking = asyncio.create_task(self._look_on(interval.total_seconds()), name="readiness")
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait((looking,))

    async def _look_on(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self.look()

    async def _problem(self, check: Check) -> str:
        """What is wrong; empty when nothing is."""
        try:
            async with asyncio.timeout(self._patience):
                await check()
        except TimeoutError:
            return f"no answer within {self._patience:g} s"
        except NotReadyError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it cannot be used
            return type(error).__name__
        return ""

    async def _tell(self, down: Mapping[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        was_down, self._down = self._down, down
        if down.keys() != was_down.keys():
            if down:
                _log.warning("not_ready", **down)
                self._down_since = self._down_since if was_down else now
            else:
                _log.info("ready_again", after_s=round(now - self._down_since, 2))
        await self._health.set_serving(not down)
