"""The workloads. Each returns the line that `python -m benchmarks` prints."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import httpx

from benchmarks.fairness import fairness
from benchmarks.measure import cpu_ms_per_action, percentile, rss_mb
from benchmarks.mixed import provider_configs, record_configs
from benchmarks.report import Line, line
from benchmarks.subject import Subject, tag_configs
from benchmarks.waits import parked, w3, w3_kill
from treadle.execution.v1 import execution_service_pb2
from treadle.workflow.v1 import action_pb2

Workload: TypeAlias = Callable[[Subject, int], Awaitable[Line]]

_STEPS = 10


async def w1(subject: Subject, executions: int) -> Line:
    """Executions of ten sequential add_tag actions, started as fast as possible."""
    return await _rush("W1", subject, executions, tag_configs(_STEPS))


async def w4(subject: Subject, executions: int) -> Line:
    """Executions of a mixed workflow: six changes of records, a webhook, an SMS, an email."""
    configs = [*record_configs(), *await provider_configs(subject)]
    return await _rush("W4", subject, executions, configs)


async def w4_records(subject: Subject, executions: int) -> Line:
    """The part of W4 that changes our own records."""
    return await _rush("W4-records", subject, executions, record_configs())


async def w6(subject: Subject, executions: int) -> Line:
    """W1 with so many executions that most are open at once."""
    return await _rush("W6", subject, executions, tag_configs(_STEPS))


async def _rush(
    name: str, subject: Subject, executions: int, configs: Sequence[action_pb2.ActionConfig]
) -> Line:
    """Executions started as fast as possible, until the last one has ended."""
    workflow = await subject.workflow(configs)
    people = await subject.people(executions)
    actions = executions * len(configs)
    before = subject.usage()
    await subject.start(workflow, people)
    await subject.ended(workflow, executions, within=30 + actions / 200)
    after = subject.usage()
    seconds = await subject.span(workflow)
    return line(
        {
            "workload": name,
            "executions": executions,
            "actions": actions,
            "ok": await subject.exactly_once(workflow, executions, len(configs)),
            "actions_per_s": round(actions / seconds),
            "cpu_ms_per_action": cpu_ms_per_action(before, after, actions),
            "rss_mb": rss_mb(after),
        }
    )


async def w2(subject: Subject, executions: int) -> Line:
    """One execution at a time: what a single action takes from end to end."""
    workflow = await subject.workflow(tag_configs(_STEPS))
    people = await subject.people(executions + 5)
    # The first few fill caches, as they would be in a process that has been up for a minute.
    for contact in people[:5]:
        await _run_one(subject, workflow, contact)
    before = subject.usage()
    began = time.perf_counter()
    for contact in people[5:]:
        await _run_one(subject, workflow, contact)
    elapsed = time.perf_counter() - began
    after = subject.usage()
    rows = await subject.database.fetch(
        "SELECT extract(epoch FROM ended_at - started_at)::float8 AS s"
        " FROM treadle.workflow_executions WHERE workflow_id = $1 ORDER BY id OFFSET 5",
        workflow,
    )
    per_action = [row["s"] * 1000 / _STEPS for row in rows]
    actions = executions * _STEPS
    return line(
        {
            "workload": "W2",
            "executions": executions,
            "actions": actions,
            "ok": await subject.exactly_once(workflow, executions + 5, _STEPS),
            "actions_per_s": round(actions / elapsed),
            "cpu_ms_per_action": cpu_ms_per_action(before, after, actions),
            "p50_ms": round(percentile(per_action, 50), 2),
            "p99_ms": round(percentile(per_action, 99), 2),
            "rss_mb": rss_mb(after),
        }
    )


async def _run_one(subject: Subject, workflow: str, contact: str) -> None:
    started = await subject.executions.StartExecution(
        execution_service_pb2.StartExecutionRequest(workflow_id=workflow, contact_id=contact)
    )
    await subject.execution_ended(started.execution.id)


async def w5(subject: Subject, executions: int) -> Line:
    """Adding actions over REST at 50 a second while W1 runs at full rate."""
    workflow = await subject.workflow(tag_configs(_STEPS))
    people = await subject.people(executions)
    load = asyncio.create_task(_keep_busy(subject, workflow, people))
    async with httpx.AsyncClient(
        base_url=subject.stack.gateway_url,
        headers={"authorization": f"Bearer {subject.stack.token()}"},
        timeout=10,
    ) as client:
        latencies, refused = await _add_actions(client, rate=50, load=load)
    actions = await load
    return line(
        {
            "workload": "W5",
            "executions": executions,
            "actions": actions,
            "ok": refused == 0,
            "p50_ms": round(percentile(latencies, 50), 2),
            "p99_ms": round(percentile(latencies, 99), 2),
            "rss_mb": rss_mb(subject.usage()),
        }
    )


async def _keep_busy(subject: Subject, workflow: str, people: list[str]) -> int:
    await subject.start(workflow, people)
    await subject.ended(workflow, len(people), within=30 + len(people) * _STEPS / 200)
    return len(people) * _STEPS


async def _add_actions(
    client: httpx.AsyncClient, *, rate: int, load: asyncio.Task[int]
) -> tuple[list[float], int]:
    """Latencies in ms of adds at a steady rate until `load` is done; and how many failed."""
    latencies: list[float] = []
    refused = 0

    async def add(workflow_id: str) -> None:
        nonlocal refused
        began = time.perf_counter()
        response = await client.post(
            f"/api/v1/workflows/{workflow_id}/actions",
            json={"action_type": "add_tag", "action_config": {"tag_name": "vip"}},
        )
        latencies.append((time.perf_counter() - began) * 1000)
        refused += response.status_code != 201

    pending: set[asyncio.Task[None]] = set()
    count = 0
    workflow_id = ""
    began = time.perf_counter()
    while not load.done() or count < 2 * rate:
        if count % 50 == 0:
            created = await client.post("/api/v1/workflows", json={"name": f"W5 {count}"})
            workflow_id = created.json()["id"]
        task = asyncio.create_task(add(workflow_id))
        pending.add(task)
        task.add_done_callback(pending.discard)
        count += 1
        await asyncio.sleep(max(0.0, began + count / rate - time.perf_counter()))
    await asyncio.gather(*pending)
    return latencies, refused


WORKLOADS: Mapping[str, tuple[Workload, tuple[int, ...]]] = {
    "W1": (w1, (500, 5_000)),
    "W2": (w2, (100,)),
    "W3": (w3, (10_000, 100_000)),
    "W3-kill": (w3_kill, (10_000, 100_000)),
    "W4": (w4, (1_000,)),
    "W4-records": (w4_records, (5_000,)),
    "W5": (w5, (5_000,)),
    "W6": (w6, (10_000, 100_000)),
    "parked": (parked, (1_000_000,)),
    "fairness": (fairness, (20_000,)),
}
