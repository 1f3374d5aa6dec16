"""How long it takes to be at work again after a fault, with nobody's help.

A trickle of executions is started all the time, by a caller who tries again when refused. Then
something is broken and mended. Counted from the moment it is mended: until each service says that
it is ready, and until an execution that was started after that moment has completed.
"""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import grpc
from grpc import aio
from grpc_health.v1 import health_pb2

from benchmarks.subject import Subject, tag_configs
from devstack.stack import Stack
from treadle.execution.v1 import execution_service_pb2

_HEALTH: Final = "/grpc.health.v1.Health/Check"
# Others, such as other processes' health, set no event.
_POLL_S: Final = 0.02
_PER_SECOND: Final = 20
_BOUND_S: Final = 120.0
# Each of them answers on its gRPC health endpoint.
_WATCHED: Final = (
    "api",
    "engine",
    "scheduler",
    "executor-communication",
    "executor-crm",
    "executor-internal",
)


@dataclass
class _Trickle:
    """Executions of one action each, one contact after the other."""

    subject: Subject
    workflow: str
    people: list[str]
    # When each was accepted, by id, by the monotonic clock.
    accepted: dict[str, float] = field(default_factory=dict[str, float])
    refused: int = 0

    async def run(self) -> None:
        for contact in self.people:
            await self._start(contact)
            await asyncio.sleep(1 / _PER_SECOND)

    async def _start(self, contact: str) -> None:
        request = execution_service_pb2.StartExecutionRequest(
            workflow_id=self.workflow, contact_id=contact
        )
        while True:
            try:
                started = await self.subject.executions.StartExecution(request, timeout=5)
            except aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.ALREADY_EXISTS:
                    return
                self.refused += 1
                await asyncio.sleep(_POLL_S)
            else:
                self.accepted[started.execution.id] = time.monotonic()
                return


async def _ended(stack: Stack, workflow: str) -> set[str]:
    connection: asyncpg.Connection = await asyncpg.connect(stack.postgres.url())
    try:
        rows = await connection.fetch(
            "SELECT id::text FROM treadle.workflow_executions"
            " WHERE workflow_id = $1 AND state = 'completed'",
            workflow,
        )
    finally:
        await connection.close()
    return {row[0] for row in rows}


async def _serving(address: str) -> bool:
    async with aio.insecure_channel(address) as channel:
        check = channel.unary_unary(
            _HEALTH,
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        with suppress(aio.AioRpcError):
            answer = await check(health_pb2.HealthCheckRequest(), timeout=1)
            return answer.status == health_pb2.HealthCheckResponse.SERVING
    return False


async def _ready_after(stack: Stack, mended: float) -> dict[str, float]:
    """Seconds until each said that it is ready."""

    async def wait(name: str) -> float:
        address = stack.services[name].address
        while not await _serving(address):  # noqa: ASYNC110 - see there
            await asyncio.sleep(_POLL_S)
        return round(time.monotonic() - mended, 2)

    waits = [wait(name) for name in _WATCHED]
    return dict(zip(_WATCHED, await asyncio.gather(*waits), strict=True))


async def _consuming_after(stack: Stack, trickle: _Trickle, mended: float) -> float:
    """Seconds until one that was accepted after `mended` has completed."""
    while True:
        later = {name for name, at in trickle.accepted.items() if at > mended}
        with suppress(OSError, asyncpg.PostgresError):
            if later & await _ended(stack, trickle.workflow):
                return round(time.monotonic() - mended, 2)
        await asyncio.sleep(_POLL_S)


async def _restart_nats(stack: Stack) -> None:
    stack.nats.kill()
    await asyncio.sleep(1)
    stack.nats.start()


async def _lose_nats(stack: Stack) -> None:
    stack.nats.kill()
    shutil.rmtree(stack.data.nats / "store")
    await asyncio.sleep(1)
    stack.nats.start()


async def _restart_postgres(stack: Stack) -> None:
    stack.postgres.stop()
    await asyncio.sleep(1)
    stack.postgres.start()


async def _kill_postgres(stack: Stack) -> None:
    # Commits are under way at any moment.
    stack.postgres.kill()
    stack.postgres.start()


async def _exhaust_postgres(stack: Stack) -> None:
    """All connections end, and none are to be had for a while."""
    stack.postgres.query("alter role treadle connection limit 0")
    stack.postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'treadle'"
    )
    await asyncio.sleep(2)
    stack.postgres.query("alter role treadle connection limit -1")


Fault = Callable[[Stack], Awaitable[None]]
FAULTS: Final[Mapping[str, Fault]] = {
    "nats_restarted": _restart_nats,
    "nats_store_deleted": _lose_nats,
    "postgres_restarted": _restart_postgres,
    "postgres_killed": _kill_postgres,
    "postgres_connections_exhausted": _exhaust_postgres,
}


async def recover(subject: Subject, fault: str) -> dict[str, object]:
    """Breaks and mends; the line to print."""
    stack = subject.stack
    workflow = await subject.workflow(tag_configs(1))
    trickle = _Trickle(subject, workflow, await subject.people(_PER_SECOND * 60))
    async with asyncio.timeout(_BOUND_S):
        running = asyncio.create_task(trickle.run())
        while len(trickle.accepted) < _PER_SECOND:  # noqa: ASYNC110 - see there
            await asyncio.sleep(_POLL_S)
        await FAULTS[fault](stack)
        mended = time.monotonic()
        ready, consuming = await asyncio.gather(
            _ready_after(stack, mended), _consuming_after(stack, trickle, mended)
        )
        running.cancel()
        # What was on its way when it broke comes back when its lease has run out.
        while not await _ended(stack, workflow) >= trickle.accepted.keys():  # noqa: ASYNC110 - see there
            await asyncio.sleep(_POLL_S)
    return {
        "workload": "recovery",
        "fault": fault,
        "ok": True,
        "ready_s": ready,
        "consuming_s": consuming,
        "all_done_s": round(time.monotonic() - mended, 2),
        "refused": trickle.refused,
    }
