"""Services are started, heard, stopped and reported."""

import os
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from devstack.processes import (
    Service,
    ServiceError,
    ServiceSpec,
    process_environment,
    run_all_to_end,
)

LISTENS = """
import json, os, signal, socket, sys
host, port = os.environ["TREADLE_X_LISTEN"].split(":")
listener = socket.create_server((host, int(port)))
print("not json", '{"event": "almost"', sep="\\n")
print(json.dumps({"event": "ready", "listen": f"{host}:{listener.getsockname()[1]}"}), flush=True)
signal.pause()
"""


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    spec = ServiceSpec("x", ["-c", LISTENS], listen_at="TREADLE_X_LISTEN")
    service = Service(spec, tmp_path)
    yield service
    service.kill()


def test_waits_for_the_ready_line(service: Service) -> None:
    service.start()
    service.wait_ready()
    assert service.alive()
    assert service.port > 0
    assert service.address == f"127.0.0.1:{service.port}"
    assert service.stop()
    assert not service.alive()


def test_comes_back_at_the_same_address(service: Service) -> None:
    service.start()
    service.wait_ready()
    pid, address = service.pid, service.address
    service.kill()
    assert not service.alive()
    service.restart()
    assert service.address == address
    assert service.pid != pid


def test_reports_one_that_dies_before_it_is_ready(tmp_path: Path) -> None:
    service = Service(ServiceSpec("bad", ["-c", "print('no database'); exit(4)"]), tmp_path)
    service.start()
    with pytest.raises(ServiceError, match=r"(?s)bad ended with status 4.*no database"):
        service.wait_ready()


def test_reports_one_that_is_never_ready(tmp_path: Path) -> None:
    service = Service(ServiceSpec("slow", ["-c", "import time; time.sleep(600)"]), tmp_path)
    service.start()
    with pytest.raises(ServiceError, match="slow was not ready"):
        service.wait_ready(timedelta(milliseconds=100))
    service.kill()


def test_runs_commands_to_their_end(tmp_path: Path) -> None:
    done = ServiceSpec("done", ["-c", "pass"])
    run_all_to_end([done, done], tmp_path)
    failing = ServiceSpec("failing", ["-c", "exit('broken migration')"])
    with pytest.raises(ServiceError, match=r"(?s)failing ended with status 1.*broken migration"):
        run_all_to_end([done, failing], tmp_path)


def test_services_get_their_own_variables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_GATEWAY_LISTEN", "0.0.0.0:1")
    monkeypatch.setenv("NO_PROXY", "example.com")
    env = process_environment({"TREADLE_LOG_LEVEL": "debug"})
    assert "TREADLE_GATEWAY_LISTEN" not in env
    assert env["TREADLE_LOG_LEVEL"] == "debug"
    assert env["NO_PROXY"] == "example.com,127.0.0.1,localhost"
    assert env["PATH"] == os.environ["PATH"]
