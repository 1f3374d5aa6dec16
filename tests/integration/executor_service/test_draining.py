"""How an executor ends: politely on SIGTERM, within a bounded time, losing and doubling nothing."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from common.nats import action_consumer
from common.nats.streams import ensure_consumer
from tests.integration.executor_service.world import SMS, World, until
from treadle.execution.v1.execution_pb2 import ErrorClass


@asynccontextmanager
async def process(
    around: World, categories: str, **changes: str
) -> AsyncGenerator[tuple[Process, dict[str, Any]]]:
    """An executor as an operator starts it, and its ready line."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TREADLE_")}
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "executor_service",
        "--categories",
        categories,
        env=inherited | around.environment(**changes),
        stdout=PIPE,
    )
    assert started.stdout is not None
    try:
        async with asyncio.timeout(60):
            while True:
                line = json.loads(await started.stdout.readline())
                if line["event"] == "ready":
                    break
        yield started, line
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def ended(executor: Process) -> int:
    """Its status, once it has ended."""
    async with asyncio.timeout(60):
        await executor.communicate()
    assert executor.returncode is not None
    return executor.returncode


async def test_process_serves_health_and_reflection(around: World) -> None:
    async with (
        process(around, "crm,internal") as (executor, line),
        aio.insecure_channel(line["listen"]) as channel,
    ):
        assert line["categories"] == "crm,internal"
        # The stubs of these two services are typed for blocking channels.
        health: Any = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        blocking = cast("grpc.Channel", channel)
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(blocking)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for response in reflection.ServerReflectionInfo(iter([request])):
            names = {service.name for service in response.list_services_response.service}
            assert "grpc.health.v1.Health" in names
        executor.send_signal(signal.SIGTERM)
        assert await ended(executor) == 0
        with pytest.raises(grpc.RpcError):
            await health.Check(health_pb2.HealthCheckRequest(), timeout=1)


async def test_sigterm_finishes_what_was_begun_and_leaves_the_rest(around: World) -> None:
    around.tell("twilio", "slow", delay_ms=700)
    tasks = [around.task("send_sms", SMS) for _ in range(8)]
    async with process(around, "communication", TREADLE_EXECUTOR_CONCURRENCY="2") as (executor, _):
        await around.ring(tasks)
        async with asyncio.timeout(60):
            await around.ledger.called.wait()
        executor.send_signal(signal.SIGTERM)
        assert await ended(executor) == 0
    await around.have_results(2)
    begun = len(around.results)
    assert begun < len(tasks)
    assert await around.tasks_left() == len(tasks) - begun
    around.tell("twilio", "ok")
    async with around.executor("communication"):
        results = await around.have_results(len(tasks))
        await around.no_tasks_left()
    assert Counter(r.WhichOneof("outcome") for r in results) == {"completed": len(tasks)}
    keys = Counter(message["step_key"] for message in around.sent("twilio"))
    assert keys == {task.action_execution_id: 1 for task in tasks}


async def test_sigterm_does_not_wait_for_a_provider_that_hangs(around: World) -> None:
    around.tell("twilio", "accept_then_hang")
    patience = {"TREADLE_EXECUTOR_PROVIDER_TIMEOUT_SECONDS": "300"}
    async with process(around, "communication", **patience) as (executor, _):
        await around.ring([around.task("send_sms", SMS)])
        await around.sent_some("twilio", 1)
        executor.send_signal(signal.SIGTERM)
        # Long before the provider's time is over.
        assert await ended(executor) == 0
    # Whoever gets the task next knows that it may have been sent.
    async with around.executor("communication"):
        (result,) = await around.have_results(1)
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
    assert len(around.sent("twilio")) == 1


async def test_kill_loses_and_doubles_nothing(around: World) -> None:
    tasks = [around.task("add_tag", {"tag_name": "a"}) for _ in range(3_000)]
    async with process(around, "crm") as (executor, _):
        await around.ring(tasks)
        await around.have_results(1)
        executor.kill()
        await ended(executor)
    async with around.executor("crm"):
        # What was in the killed process's hands comes again after the ack wait; not in 30 s here.
        spec = replace(action_consumer("executor-crm", "crm"), ack_wait=timedelta(seconds=1))
        await ensure_consumer(around.js, spec)
        await until(lambda: len({result.attempt_id for result in around.results}) == len(tasks))
        await around.no_tasks_left()
    # A task whose ack was lost has two results, of which the engine takes the first.
    assert {result.attempt_id for result in around.results} == {t.attempt_id for t in tasks}


async def test_wrong_command_line_and_settings_say_what_is_wrong(around: World) -> None:
    async def run(categories: str, environment: dict[str, str]) -> tuple[int | None, str]:
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "executor_service", "--categories", categories),
            env=environment,
            stderr=PIPE,
            stdout=PIPE,
        )
        _, said = await started.communicate()
        return started.returncode, said.decode()

    environment = around.environment()
    status, said = await run("crm,timing", environment)
    assert status == 2
    assert "communication, crm, internal" in said
    status, said = await run("crm", environment | {"TREADLE_EXECUTOR_CONCURENCY": "1"})
    assert status == 1
    assert "TREADLE_EXECUTOR_CONCURENCY: unknown variable" in said
    status, said = await run("crm", environment | {"TREADLE_JWT_SECRET": "short"})
    assert status == 1
    assert "TREADLE_JWT_SECRET" in said
    assert "short" not in said.replace("should", "")
