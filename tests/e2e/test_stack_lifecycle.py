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
from tests.support.foreground import Foreground, all_gone, eventually

READY = "Ctrl-C stops it"
WORKFLOW = """
name: Tag them
actions:
  - action_type: add_tag
    action_config: {tag_name: seen}
"""


@pytest.fixture
def folder(session_folder: Path, request: pytest.FixtureRequest) -> Path:
    return session_folder / request.node.name


def banner(up: Foreground) -> dict[str, str]:
    up.wait_for(READY)
    return dict(re.findall(r"^  (\S[^:]*?)  +(\S+)", up.output, re.MULTILINE))


def tags(up: Foreground) -> list[list[str]]:
    told = banner(up)
    headers = {"authorization": f"Bearer {told['Token']}"}
    answer = httpx.get(f"{told['REST API']}/contacts", headers=headers, trust_env=False)
    return [contact["tags"] for contact in answer.raise_for_status().json()["contacts"]]


def load(folder: Path) -> Foreground:
    contacts, workflow = folder / "contacts.csv", folder / "workflow.yaml"
    contacts.write_text("email,first_name\nada@example.com,Ada\n", encoding="utf-8")
    workflow.write_text(WORKFLOW, encoding="utf-8")
    files = (str(workflow), str(contacts))
    return Foreground("load", *files, "--start", "--data-dir", str(folder))


def test_up_serves_stops_cleanly_and_keeps_data(folder: Path) -> None:
    with Foreground("up", "--data-dir", str(folder)) as up:
        told = banner(up)
        children = up.children()
        assert len(children) == 10  # Postgres, NATS and eight services
        with load(folder) as loading:
            assert loading.process.wait(30) == 0, loading.output
        assert eventually(lambda: tags(up) == [["seen"]])
        assert up.interrupt() == 0, up.output
        assert "was killed" not in up.output
        assert all_gone(children)
    assert DataDir(folder).state() is None

    with Foreground("up", "--data-dir", str(folder)) as again:
        assert banner(again)["REST API"] == told["REST API"]
        assert tags(again) == [["seen"]]
        assert again.interrupt() == 0, again.output


def test_kill_leaves_nothing_and_loses_nothing(folder: Path) -> None:
    with Foreground("up", "--data-dir", str(folder)) as up:
        banner(up)
        with load(folder) as loading:
            assert loading.process.wait(30) == 0, loading.output
        children = up.children()
        up.process.kill()
        up.process.wait()
        assert eventually(lambda: all_gone(children))

    with Foreground("up", "--data-dir", str(folder)) as again:
        assert eventually(lambda: tags(again) == [["seen"]])
        assert again.interrupt() == 0, again.output


def test_a_dead_service_is_reported_and_started_again(folder: Path) -> None:
    with Foreground("up", "--data-dir", str(folder)) as up:
        banner(up)
        victim = next(pid for pid in up.children() if "gateway" in command_line(pid))
        before = set(up.children())
        os.kill(victim, signal.SIGKILL)
        up.wait_for("starting gateway again")
        assert "gateway ended with SIGKILL" in up.output
        assert eventually(lambda: len(set(up.children()) - before) == 1)
        assert eventually(lambda: serves(up))
        assert up.interrupt() == 0, up.output


def test_a_folder_takes_one_stack(folder: Path) -> None:
    with Foreground("up", "--data-dir", str(folder)) as up:
        banner(up)
        with Foreground("up", "--data-dir", str(folder)) as second:
            assert second.process.wait(30) == 1
            assert eventually(lambda: "is in use by process" in second.output)
        assert serves(up)
        assert up.interrupt() == 0


@pytest.fixture
def two(session_folder: Path) -> Generator[list[Foreground]]:
    folders = [session_folder / name for name in ("left", "right")]
    both = [Foreground("up", "--data-dir", str(folder)) for folder in folders]
    yield both
    for up in both:
        up.__exit__(None, None, None)


def test_two_run_side_by_side(two: list[Foreground]) -> None:
    urls = [banner(up)["REST API"] for up in two]
    assert len(set(urls)) == 2
    assert all(serves(up) for up in two)
    # A token of one is worth nothing at the other.
    left, right = (banner(up) for up in two)
    with (
        GatewayClient(left["REST API"].removesuffix("/api/v1"), right["Token"]) as stranger,
        pytest.raises(GatewayError, match="401"),
    ):
        next(stranger.contacts())


def serves(up: Foreground) -> bool:
    url = banner(up)["REST API"].removesuffix("/api/v1")
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
