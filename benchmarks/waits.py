"""Workloads of waits: many that end at one instant, and very many that do not end yet."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from benchmarks.measure import cpu_ms_per_action, percentile, rss_mb
from benchmarks.report import Line, line
from benchmarks.subject import Subject
from devstack.processes import Service, ServiceSpec
from treadle.catalog.v1.wait_time_pb2 import WaitUnit
from treadle.catalog.v1.wait_until_date_pb2 import DateType, TimezoneMode
from treadle.workflow.v1 import action_pb2

_LEAD: Final = timedelta(seconds=20)
# What is parked in a second on the slowest machine that the workload is to be of use on.
_PARKED_PER_S: Final = 1_000
_CROWD: Final = 100_000
_PROBES: Final = 100


async def w3(subject: Subject, executions: int) -> Line:
    """Executions that all wait for one instant, each of them parked before it."""
    return await _one_instant("W3", subject, executions)


async def w3_kill(subject: Subject, executions: int) -> Line:
    """The same with two schedulers, one of which is killed when half of the timers are gone."""
    second = _second_scheduler(subject)
    second.start()
    try:
        second.wait_ready()
        return await _one_instant("W3-kill", subject, executions, victim=second)
    finally:
        second.stop()


async def _one_instant(
    name: str, subject: Subject, executions: int, *, victim: Service | None = None
) -> Line:
    people = await subject.people(executions)
    instant = await subject.now() + _LEAD + timedelta(seconds=executions / _PARKED_PER_S)
    workflow = await subject.workflow([_until(instant)])
    before = subject.usage()
    began = await subject.now()
    await subject.start(workflow, people)
    await subject.reached(workflow, "state = 'waiting'", executions, within=_left(instant))
    parked_at = await subject.now()
    rate = executions / await _stored_within(subject.database, began)
    killed = asyncio.create_task(_kill_half_way(subject, executions, victim)) if victim else None
    await subject.ended(workflow, executions, within=_left(instant) + 30 + executions / 200)
    after = subject.usage()
    left = await killed if killed is not None else None
    seen = await _ends(subject, workflow, instant)
    early, doubled = seen["early"], max(seen["steps"], seen["attempts"]) - executions
    return line(
        {
            "workload": name,
            "executions": executions,
            "actions": executions,
            "ok": parked_at < instant
            and not early
            and await subject.exactly_once(workflow, executions, 1)
            and (left is None or 0 < left < executions),
            "cpu_ms_per_action": cpu_ms_per_action(before, after, executions),
            "parked_per_s": round(rate),
            "drain_s": round(seen["drain_s"], 3),
            "p99_lag_s": round(seen["p99_lag_s"], 3),
            "early": early,
            "lost": executions - seen["ended"],
            "doubled": doubled,
            "killed_with": left,
            "rss_mb": rss_mb(after),
            "scheduler_rss_mb": [_megabytes(of["scheduler"].rss) for of in (before, after)],
        }
    )


async def parked(subject: Subject, executions: int) -> Line:
    """Executions parked for a month, and what one that is due now notices of them."""
    people = await subject.people(min(executions, _CROWD))
    others = await _timers(subject.database)
    before = subject.usage()
    began = await subject.now()
    for start in range(0, executions, _CROWD):
        workflow = await subject.workflow([_for_time(30, WaitUnit.WAIT_UNIT_DAYS)])
        await subject.start(workflow, people[: executions - start])
    await subject.until(
        lambda: _timers(subject.database), others + executions, within=30 + executions / 200
    )
    rate = executions / await _stored_within(subject.database, began)
    after = subject.usage()
    lags = await _probe(subject, people)
    stored = await _timers(subject.database) - others
    return line(
        {
            "workload": "parked",
            "executions": executions,
            "actions": executions,
            "ok": stored == executions and min(lags) >= 0,
            "parked_per_s": round(rate),
            "p50_ms": round(percentile(lags, 50) * 1_000, 1),
            "p99_ms": round(percentile(lags, 99) * 1_000, 1),
            "early": sum(lag < 0 for lag in lags),
            "rss_mb": rss_mb(after),
            "scheduler_rss_mb": [
                _megabytes(of["scheduler"].rss) for of in (before, after, subject.usage())
            ],
        }
    )


async def _probe(subject: Subject, people: Sequence[str]) -> list[float]:
    """How late waits of a second end, in seconds, one started after the other."""
    workflow = await subject.workflow([_for_time(1, WaitUnit.WAIT_UNIT_SECONDS)])
    probes = people[:_PROBES]
    for contact in probes:
        await subject.start(workflow, [contact])
        await asyncio.sleep(0.03)
    await subject.ended(workflow, len(probes), within=60)
    rows = await subject.database.fetch(
        "SELECT extract(epoch FROM e.ended_at - a.created_at)::float8 - 1 AS lag"
        " FROM treadle.workflow_executions e"
        " JOIN treadle.workflow_action_executions a ON a.workflow_execution_id = e.id"
        " WHERE e.workflow_id = $1",
        workflow,
    )
    return [row["lag"] for row in rows]


async def _ends(subject: Subject, workflow: str, instant: datetime) -> dict[str, float]:
    """When the waits ended and their runs went on, by the database's clock."""
    row = await subject.database.fetchrow(
        """
        SELECT count(e.ended_at) AS ended, count(*) AS steps,
               count(*) FILTER (WHERE least(a.completed_at, e.ended_at) < $2) AS early,
               extract(epoch FROM max(e.ended_at) - $2)::float8 AS drain_s,
               extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY e.ended_at) - $2)
                   ::float8 AS p99_lag_s,
               (SELECT count(*) FROM treadle.workflow_action_attempts t
                JOIN treadle.workflow_action_executions x ON x.id = t.action_execution_id
                JOIN treadle.workflow_executions y ON y.id = x.workflow_execution_id
                WHERE y.workflow_id = $1) AS attempts
        FROM treadle.workflow_executions e
        JOIN treadle.workflow_action_executions a ON a.workflow_execution_id = e.id
        WHERE e.workflow_id = $1
        """,
        workflow,
        instant,
    )
    assert row is not None, "an aggregate has a row"
    return dict(row)


async def _kill_half_way(subject: Subject, executions: int, victim: Service) -> int:
    """Kills the scheduler when half of the timers are gone; returns how many were left."""
    # The subject's own connection is busy with waiting for the end.
    database = await asyncpg.connect(subject.stack.postgres.url())
    try:
        while (left := await _timers(database)) > executions / 2:  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.005)
        victim.kill()
    finally:
        await database.close()
    return left


async def _timers(database: asyncpg.Connection) -> int:
    count: int = await database.fetchval("SELECT count(*) FROM scheduler.timers")
    return count


async def _stored_within(database: asyncpg.Connection, began: datetime) -> float:
    """Seconds from `began` until the last timer was stored."""
    seconds: float = await database.fetchval(
        "SELECT extract(epoch FROM max(created_at) - $1)::float8 FROM scheduler.timers", began
    )
    return seconds


def _second_scheduler(subject: Subject) -> Service:
    spec = ServiceSpec(
        "scheduler-2",
        ["-m", "scheduler_service"],
        subject.stack.shared_env(),
        "TREADLE_SCHEDULER_LISTEN",
    )
    return Service(spec, subject.stack.data.logs)


def _until(instant: datetime) -> action_pb2.ActionConfig:
    config = action_pb2.ActionConfig()
    until = config.wait_until_date
    until.date_type = DateType.DATE_TYPE_SPECIFIC
    until.date_value = instant.astimezone(UTC).isoformat()
    until.timezone_mode = TimezoneMode.TIMEZONE_MODE_UTC
    return config


def _for_time(duration: int, unit: WaitUnit) -> action_pb2.ActionConfig:
    config = action_pb2.ActionConfig()
    config.wait_time.duration = duration
    config.wait_time.unit = unit
    return config


def _left(instant: datetime) -> float:
    return max(0.0, (instant - datetime.now(UTC)).total_seconds())


def _megabytes(size: int) -> int:
    return round(size / 1_000_000)
