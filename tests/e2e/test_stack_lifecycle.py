"""`treadle up` from start to end, on good days and bad ones."""

import os
import re
import signal
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from devstack.client import GatewayClient, GatewayError
from devstack.datadir import DataDir
from devstack.postgres import DATABASE, Postgres
from tests.support.foreground import Foreground, all_gone, eventually

READY = "Ctrl-C stops it"
WORKFLOW = """
name: Tag them
actions:
  - action_type: add_tag
    action_config: {tag_name: seen}
"""


@pytest.fixture(scope="module")
def shared_folder(session_folder: Path) -> Path:
    return session_folder / "shared-up"


@pytest.fixture(scope="module")
def shared(shared_folder: Path) -> Generator[Foreground]:
    """A stack that runs all the time, for what leaves it whole."""
    with Foreground("up", "--data-dir", str(shared_folder)) as up:
        yield up


def banner(up: Foreground) -> dict[str, str]:
    up.wait_for(READY)
    return dict(re.findall(r"^  (\S[^:]*?)  +(\S+)", up.output, re.MULTILINE))


def base_url(up: Foreground) -> str:
    return banner(up)["REST API"].removesuffix("/api/v1")


def serves(up: Foreground) -> bool:
    try:
        return httpx.get(f"{base_url(up)}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def tags(up: Foreground) -> list[list[str]]:
    told = banner(up)
    headers = {"authorization": f"Bearer {told['Token']}"}
    answer = httpx.get(f"{told['REST API']}/contacts", headers=headers, trust_env=False)
    return [contact["tags"] for contact in answer.raise_for_status().json()["contacts"]]


def load(folder: Path) -> None:
    contacts, workflow = folder / "contacts.csv", folder / "workflow.yaml"
    contacts.write_text("email,first_name\nada@example.com,Ada\n", encoding="utf-8")
    workflow.write_text(WORKFLOW, encoding="utf-8")
    files = (str(workflow), str(contacts))
    with Foreground("load", *files, "--start", "--data-dir", str(folder)) as loading:
        assert loading.process.wait(60) == 0, loading.output


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def test_two_run_side_by_side_and_data_outlives_kill_and_ctrl_c(
    shared: Foreground, session_folder: Path
) -> None:
    folder = session_folder / "kept"
    with Foreground("up", "--data-dir", str(folder)) as up:
        first = banner(up)
        assert_apart(shared, up)
        children = up.children()
        assert len(children) == 11  # Postgres, NATS and nine services
        load(folder)
        assert eventually(lambda: tags(up) == [["seen"]])
        up.process.kill()
        up.process.wait()
        assert eventually(lambda: all_gone(children))

    with Foreground("up", "--data-dir", str(folder)) as up:
        assert banner(up)["REST API"] == first["REST API"]
        assert tags(up) == [["seen"]]
        children = up.children()
        assert up.interrupt() == 0, up.output
        assert "was killed" not in up.output
        assert all_gone(children)
    assert DataDir(folder).state() is None
    assert contacts_kept(folder) == 1


def contacts_kept(folder: Path) -> int:
    """How many contacts a stopped stack's server holds."""
    server = Postgres(DataDir(folder).postgres)
    server.start()
    try:
        return int(server.query("SELECT count(*) FROM treadle.contacts", DATABASE))
    finally:
        server.stop()


def assert_apart(one: Foreground, other: Foreground) -> None:
    """Both serve, each at its own address, and a token of one is worth nothing at the other."""
    assert base_url(other) != base_url(one)
    assert serves(other)
    assert serves(one)
    with (
        GatewayClient(base_url(other), banner(one)["Token"]) as stranger,
        pytest.raises(GatewayError, match="401"),
    ):
        next(stranger.contacts())


def test_a_folder_takes_one_stack(shared: Foreground, shared_folder: Path) -> None:
    banner(shared)
    with Foreground("up", "--data-dir", str(shared_folder)) as second:
        assert second.process.wait(60) == 1
        assert eventually(lambda: "is in use by process" in second.output)
    assert serves(shared)


def test_a_dead_service_is_reported_and_started_again(shared: Foreground) -> None:
    banner(shared)
    victim = next(pid for pid in shared.children() if "-m gateway" in command_line(pid))
    before = set(shared.children())
    os.kill(victim, signal.SIGKILL)
    shared.wait_for("starting gateway again")
    assert "gateway ended with SIGKILL" in shared.output
    assert eventually(lambda: len(set(shared.children()) - before) == 1)
    assert eventually(lambda: serves(shared))


def test_whoever_runs_it_may_end_it(shared: Foreground) -> None:
    banner(shared)
    children = shared.children()
    shared.process.send_signal(signal.SIGTERM)
    assert shared.process.wait(60) == 0, shared.output
    assert all_gone(children)
