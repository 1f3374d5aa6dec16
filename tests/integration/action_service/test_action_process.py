"""The action service as a process: its command line, roles, readiness, and its end."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2
from pydantic import SecretStr

from common.auth import issue_token
from common.errors import ErrorReason
from common.grpc.client import ServiceTokens, connect
from devstack.postgres import Postgres
from tests.support.action_api import Client, refused
from tests.support.commands import refused_command
from treadle.credential.v1.credential_pb2 import PROVIDER_SENDGRID, Secret, SendgridSecret
from treadle.credential.v1.credential_service_pb2 import (
    ResolveCredentialRequest,
    SetCredentialRequest,
)
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceStub

SET = SetCredentialRequest(secret=Secret(sendgrid=SendgridSecret(api_key="SG.kept")))

API_SERVICES = (
    "treadle.catalog.v1.CatalogService",
    "treadle.workflow.v1.WorkflowService",
    "treadle.workflow.v1.ActionService",
    "treadle.contact.v1.ContactService",
    "treadle.credential.v1.CredentialService",
    "treadle.execution.v1.ExecutionService",
    "treadle.ledger.v1.LedgerService",
)


def environment(env: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
    return kept | {"TREADLE_ACTION_LISTEN": "127.0.0.1:0"} | env


async def ended(*arguments: str, env: dict[str, str]) -> tuple[int, str]:
    """Exit status and everything printed by a process that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "action_service",
        *arguments,
        env=environment(env),
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, output.decode()


@asynccontextmanager
async def serving(
    env: dict[str, str], *arguments: str
) -> AsyncGenerator[tuple[Process, dict[str, Any]]]:
    """A process that is ready, and the line that said so; killed in the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "action_service", *arguments, env=environment(env), stdout=PIPE
    )
    assert process.stdout is not None
    try:
        while True:
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line, "ended before it was ready"
            said = json.loads(line)
            if said["event"] == "ready":
                break
        yield process, said
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def health(address: str, service: str) -> int | None:
    async with aio.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=service))
        except aio.AioRpcError as error:
            assert error.code() is StatusCode.NOT_FOUND
            return None
        return answer.status


def caller(env: dict[str, str], address: str) -> tuple[aio.Channel, Client]:
    account, user = uuid4(), uuid4()
    token = issue_token(
        SecretStr(env["TREADLE_JWT_SECRET"]),
        subject=user,
        account_id=account,
        roles=("admin",),
        ttl=timedelta(minutes=5),
    )
    channel = connect(address, token=lambda: token)
    return channel, Client(channel, account, str(user))


async def test_both_roles_by_default_and_a_clean_end(service_env: dict[str, str]) -> None:
    async with serving(service_env) as (process, ready):
        assert ready["roles"] == "api,engine"
        for service in ("", *API_SERVICES):
            assert await health(ready["listen"], service) == health_pb2.HealthCheckResponse.SERVING
        channel, client = caller(service_env, ready["listen"])
        async with channel:
            workflow = await client.workflow()
            await client.add(workflow.id)
            await client.activate(workflow.id)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_an_engine_alone_serves_health_only(service_env: dict[str, str]) -> None:
    async with serving(service_env, "--roles", "engine") as (process, ready):
        assert ready["roles"] == "engine"
        assert await health(ready["listen"], "") == health_pb2.HealthCheckResponse.SERVING
        assert await health(ready["listen"], API_SERVICES[0]) is None
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_an_api_alone_rides_out_a_restart_of_the_database(
    service_env: dict[str, str], postgres_server: Postgres
) -> None:
    async with serving(service_env, "--roles", "api") as (_, ready):
        channel, client = caller(service_env, ready["listen"])
        async with channel:
            workflow = await client.workflow()
            # Every pooled connection dies; the next call makes a new one and does not notice.
            postgres_server.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname LIKE 'test_%' AND pid <> pg_backend_pid()"
            )
            assert await client.get(workflow.id) == workflow
            await client.add(workflow.id)


async def test_a_database_that_is_away_is_unavailable_not_a_fault(
    service_env: dict[str, str],
) -> None:
    url = urlsplit(service_env["TREADLE_DATABASE_URL"])
    async with passed_on_to(url.hostname, url.port) as (port, cut):
        near = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{port}").geturl()
        env = service_env | {"TREADLE_DATABASE_URL": near}
        async with serving(env, "--roles", "api") as (_, ready):
            channel, client = caller(service_env, ready["listen"])
            async with channel:
                await client.workflow()
                cut()
                error = await refused(client.workflow(), ErrorReason.DEPENDENCY_UNAVAILABLE)
                assert error.retry_after is not None


@asynccontextmanager
async def passed_on_to(
    host: str | None, port: int | None
) -> AsyncGenerator[tuple[int, Callable[[], None]]]:
    """A port that leads there until it is cut off."""
    open_ends: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up = await asyncio.open_connection(host, port)
        open_ends.extend((writer, up))
        await asyncio.gather(copy(reader, up), copy(up_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)

    def cut() -> None:
        server.close()
        for writer in open_ends:
            writer.transport.abort()

    try:
        yield server.sockets[0].getsockname()[1], cut
    finally:
        cut()


async def test_without_a_migrated_database_it_names_the_command(
    empty_database_url: str, service_env: dict[str, str]
) -> None:
    for role in ("api", "engine"):
        env = service_env | {"TREADLE_DATABASE_URL": empty_database_url}
        status, output = await ended("--roles", role, env=env)
        assert status == 1
        assert "run: python -m action_service migrate" in output
        assert "ready" not in output
        assert "Traceback" not in output


@pytest.mark.parametrize(
    ("away", "nowhere", "says"),
    [
        ("TREADLE_NATS_URL", "nats://127.0.0.1:1", b"nats_error"),
        ("TREADLE_DATABASE_URL", "postgresql://u:x@127.0.0.1:1/none", b"database_not_up_yet"),
    ],
)
async def test_told_to_stop_while_it_waits_for_its_servers_it_ends_at_once(
    service_env: dict[str, str], away: str, nowhere: str, says: bytes
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "action_service"),
        env=environment(service_env | {away: nowhere}),
        stdout=PIPE,
    )
    assert process.stdout is not None
    assert says in await asyncio.wait_for(process.stdout.readline(), 60)
    process.send_signal(signal.SIGTERM)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert b'"event":"stopped"' in output


async def test_migrating_twice_changes_nothing(
    empty_database_url: str, service_env: dict[str, str]
) -> None:
    env = service_env | {"TREADLE_DATABASE_URL": empty_database_url}
    for _ in range(2):
        status, output = await ended("migrate", env=env)
        assert status == 0, output
    async with serving(env, "--roles", "api") as (_, ready):
        channel, client = caller(env, ready["listen"])
        async with channel:
            await client.workflow()


@pytest.mark.parametrize("arguments", [(), ("--roles", "api")], ids=["all", "api"])
def test_the_api_demands_a_master_key(
    arguments: tuple[str, ...],
    service_env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    env = {k: v for k, v in service_env.items() if k != "TREADLE_ACTION_MASTER_KEY"}
    command = ("action_service", *arguments)
    status, said = refused_command(command, env, monkeypatch, capsys)
    assert status == 1
    assert said.splitlines()[-1].strip() == "TREADLE_ACTION_MASTER_KEY: Field required"


async def test_the_engine_demands_no_master_key_and_who_encrypts_anew_does(
    service_env: dict[str, str],
) -> None:
    env = {k: v for k, v in service_env.items() if k != "TREADLE_ACTION_MASTER_KEY"}
    status, output = await ended("rewrap", env=env)
    assert status == 1
    assert output.splitlines()[-1].strip() == "TREADLE_ACTION_MASTER_KEY: Field required"
    async with serving(env, "--roles", "engine") as (_, ready):
        assert ready["roles"] == "engine"


async def test_the_master_key_is_changed(service_env: dict[str, str]) -> None:
    old = service_env["TREADLE_ACTION_MASTER_KEY"]
    new = b64encode(bytes(range(32))).decode()
    async with serving(service_env, "--roles", "api") as (_, ready):
        channel, client = caller(service_env, ready["listen"])
        async with channel:
            await client.credentials.SetCredential(SET)
    service_env |= {"TREADLE_ACTION_MASTER_KEY": new}
    status, output = await ended("rewrap", env=service_env)
    assert status == 1
    assert "which is not among those given" in output
    assert "Traceback" not in output
    both = service_env | {"TREADLE_ACTION_PREVIOUS_MASTER_KEYS": json.dumps([old])}
    for count in (1, 0):
        status, output = await ended("rewrap", env=both)
        assert status == 0
        assert json.loads(output.splitlines()[-1])["count"] == count
    async with serving(service_env, "--roles", "api") as (_, ready):
        tokens = ServiceTokens(SecretStr(service_env["TREADLE_JWT_SECRET"]), "executor")
        request = ResolveCredentialRequest(
            account_id=str(client.account_id), provider=PROVIDER_SENDGRID
        )
        async with connect(ready["listen"], token=tokens.token) as channel:
            found = await CredentialServiceStub(channel).ResolveCredential(request)
    assert found.secret == SET.secret


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (("--roles", "api,cook"), {}, "must name some of api, engine"),
        (("--roles", ""), {}, "must name some of api, engine"),
        (("destroy",), {}, "invalid choice"),
        ((), {"TREADLE_JWT_SECRET": "short-secret"}, "TREADLE_JWT_SECRET"),
        ((), {"TREADLE_ACTION_MASTER_KEY": "short-secret"}, "TREADLE_ACTION_MASTER_KEY"),
        ((), {"TREADLE_ACTION_LISTNE": "x"}, "TREADLE_ACTION_LISTNE"),
        ((), {"TREADLE_DATABASE_URL": "mysql://x"}, "TREADLE_DATABASE_URL"),
    ],
)
def test_mistakes_are_named_before_anything_starts(
    arguments: tuple[str, ...],
    env: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sound = {
        "TREADLE_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/none",
        "TREADLE_NATS_URL": "nats://127.0.0.1:1",
        "TREADLE_JWT_SECRET": "k" * 40,
    }
    command = ("action_service", *arguments)
    status, said = refused_command(command, sound | env, monkeypatch, capsys)
    assert status != 0
    assert words in said
    assert "short-secret" not in said
