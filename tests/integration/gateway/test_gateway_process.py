"""`python -m gateway` as a process: its ready line, its end, its answer to a wrong environment."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.support.gateway import Script, client
from treadle.workflow.v1 import workflow_service_pb2


@asynccontextmanager
async def process(**variables: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("TREADLE_")} | variables
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def ready_line(running: asyncio.subprocess.Process) -> dict[str, str]:
    assert running.stdout is not None
    async for line in running.stdout:
        event = json.loads(line)
        if event["event"] == "ready":
            return event
    raise AssertionError("ended before it was ready")


async def test_it_serves_and_finishes_what_is_under_way(services: str, script: Script) -> None:
    entered = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(_request: object, _context: object) -> object:
        entered.set()
        await go_on.wait()
        return workflow_service_pb2.ListWorkflowsResponse()

    script.answers["ListWorkflows"] = slow
    async with (
        asyncio.timeout(30),
        process(
            TREADLE_GATEWAY_LISTEN="127.0.0.1:0",
            TREADLE_GATEWAY_METRICS_LISTEN="127.0.0.1:0",
            TREADLE_GATEWAY_API_TARGET=services,
            TREADLE_GATEWAY_SCHEDULER_TARGET=services,
        ) as running,
    ):
        ready = await ready_line(running)
        assert ready["service"] == "gateway"
        async with client(f"http://{ready['listen']}", "viewer") as http:
            under_way = asyncio.create_task(http.get("/api/v1/workflows"))
            await entered.wait()
            running.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            go_on.set()
            assert (await under_way).status_code == 200
        assert await running.wait() == 0


async def test_metrics_name_routes_and_not_paths(services: str, script: Script) -> None:
    script.on("GetWorkflow", workflow_service_pb2.GetWorkflowResponse())
    workflow = "880e8400-e29b-41d4-a716-446655440000"
    async with (
        asyncio.timeout(30),
        process(
            TREADLE_GATEWAY_LISTEN="127.0.0.1:0",
            TREADLE_GATEWAY_METRICS_LISTEN="127.0.0.1:0",
            TREADLE_GATEWAY_API_TARGET=services,
            TREADLE_GATEWAY_SCHEDULER_TARGET=services,
        ) as running,
    ):
        ready = await ready_line(running)
        async with client(f"http://{ready['listen']}", "viewer") as http:
            await http.get(f"/api/v1/workflows/{workflow}")
            await http.get("/made-up-path")
            metrics = (await http.get(f"http://{ready['metrics']}/metrics")).text

    assert 'route="/api/v1/workflows/{workflow_id}"' in metrics
    assert workflow not in metrics
    assert "made-up-path" not in metrics


async def test_a_wrong_environment_is_named() -> None:
    async with (
        asyncio.timeout(30),
        process(
            TREADLE_GATEWAY_LISTENS="127.0.0.1:0", TREADLE_GATEWAY_MAX_IN_FLIGHT="many"
        ) as running,
    ):
        _, errors = await running.communicate()

    assert running.returncode == 1
    assert b"TREADLE_GATEWAY_LISTENS: unknown variable" in errors
    assert b"TREADLE_GATEWAY_MAX_IN_FLIGHT" in errors
    assert b"many" not in errors
    assert b"Traceback" not in errors
