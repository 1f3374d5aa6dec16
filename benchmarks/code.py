"""Scripts of custom_code in the sandbox alone: what isolation costs, without a stack around it."""

import asyncio
import os
import time
from datetime import timedelta

from benchmarks.measure import percentile
from benchmarks.report import Line
from common.egress import EgressPolicy, GuardedClient
from executor_service.sandbox.fetching import Fetcher
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.isolation import Isolation
from executor_service.sandbox.results import Returned, Script

_WARM_UP = 20


async def code(runs: int) -> Line:
    """`return 1`, one run after another: from the call to the end of the run's process.

    Everything, executor, fork server and runs, shares one core.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    sandbox = Sandbox(engine="jsbox", accepted=Isolation.NAMESPACES, at_once=1)
    client = GuardedClient(EgressPolicy())
    try:
        isolated = await sandbox.start()
        await _series(sandbox, client, _WARM_UP)
        started = time.perf_counter()
        seconds = await _series(sandbox, client, runs)
        whole = time.perf_counter() - started
    finally:
        os.sched_setaffinity(0, cores)
        await sandbox.aclose()
        await client.aclose()
    return {
        "workload": "code",
        "runs": runs,
        "isolation": isolated.isolation,
        "median_ms": round(percentile(seconds, 50) * 1000, 1),
        "p99_ms": round(percentile(seconds, 99) * 1000, 1),
        "runs_per_s": round(runs / whole),
        "ok": len(seconds) == runs,
    }


async def _series(sandbox: Sandbox, client: GuardedClient, runs: int) -> list[float]:
    """The time of each run that returned."""
    fetch = Fetcher(client, "benchmark", timedelta(seconds=1))
    script = Script("return 1", {}, {}, timeout_ms=5000, memory_mb=128)
    seconds: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        report = await sandbox.run(script, fetch)
        if isinstance(report.ending, Returned):
            seconds.append(time.perf_counter() - started)
        await asyncio.sleep(0)
    return seconds
