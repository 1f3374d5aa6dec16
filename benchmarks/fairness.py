"""What another account's flood does to an account that runs a few executions."""

import asyncio
import time
from uuid import uuid4

from benchmarks.measure import percentile, rss_mb
from benchmarks.report import Line, line
from benchmarks.subject import Subject, subject, tag_configs
from treadle.execution.v1 import execution_service_pb2

STEPS = 10
_ROUNDS = 100


async def fairness(crowd: Subject, executions: int) -> Line:
    """One execution at a time of ten add_tag actions, while another account has so many of them.

    `p50_ms` and `p99_ms` are of an action of the few, as in W2; `actions_per_s` is the flood's.
    """
    async with subject(crowd.stack, account=uuid4()) as few:
        workflow = await few.workflow(tag_configs(STEPS))
        flood = await crowd.workflow(tag_configs(STEPS))
        return await _measure(few, crowd, workflow, flood, executions)


async def _measure(
    few: Subject, crowd: Subject, workflow: str, flood: str, executions: int
) -> Line:
    contacts = await few.people(_ROUNDS)
    people = await crowd.people(executions)
    actions = executions * STEPS
    await crowd.start(flood, people)
    done = asyncio.create_task(crowd.ended(flood, executions, within=30 + actions / 200))
    spans: list[float] = []
    for contact in contacts:
        if done.done():
            break
        began = time.perf_counter()
        started = await few.executions.StartExecution(
            execution_service_pb2.StartExecutionRequest(workflow_id=workflow, contact_id=contact)
        )
        await few.execution_ended(started.execution.id)
        spans.append((time.perf_counter() - began) * 1000 / STEPS)
    await done
    seconds = await crowd.span(flood)
    return line(
        {
            "workload": "fairness",
            "executions": executions,
            "actions": actions,
            "ok": await crowd.exactly_once(flood, executions, STEPS)
            and await crowd.exactly_once(workflow, len(spans), STEPS),
            "actions_per_s": round(actions / seconds),
            "p50_ms": round(percentile(spans, 50), 2),
            "p99_ms": round(percentile(spans, 99), 2),
            "rss_mb": rss_mb(crowd.usage()),
        }
    )
