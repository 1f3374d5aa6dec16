"""Children end when they are told to, and when their parent is gone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from devstack.child import Child, Launch, tail
from devstack.datadir import process_alive

SOON = timedelta(seconds=60)
AT_ONCE = timedelta(milliseconds=200)

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
WITH_GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from devstack.child import Child, Launch
child = Child(Launch([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(600)
"""


def start(tmp_path: Path, code: str) -> tuple[Child, Path]:
    log = tmp_path / "log"
    return Child(Launch([sys.executable, "-c", code], log)), log


def eventually(condition: Callable[[], bool], bound: float = 60) -> bool:
    deadline = time.monotonic() + bound
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def test_reports_exit_and_output(tmp_path: Path) -> None:
    child, log = start(tmp_path, "print('one'); print('two'); raise SystemExit(3)")
    assert child.wait(SOON)
    assert child.returncode == 3
    assert tail(log, 1) == "two"


def test_stop_is_polite(tmp_path: Path) -> None:
    child, _ = start(tmp_path, "import time; time.sleep(600)")
    assert child.alive()
    assert child.stop(signal.SIGTERM, SOON)
    assert not child.alive()
    assert child.returncode == -signal.SIGTERM


def test_stop_kills_what_does_not_end(tmp_path: Path) -> None:
    child, log = start(tmp_path, STUBBORN)
    assert eventually(lambda: tail(log) == "up")
    assert not child.stop(signal.SIGTERM, AT_ONCE)
    assert child.returncode == -signal.SIGKILL


def test_kill_takes_the_whole_group(tmp_path: Path) -> None:
    child, log = start(tmp_path, WITH_GRANDCHILD)
    assert eventually(lambda: tail(log).isdecimal())
    grandchild = int(tail(log))
    child.kill()
    assert eventually(lambda: not process_alive(grandchild))


def test_signals_after_the_end_reach_nobody(tmp_path: Path) -> None:
    child, _ = start(tmp_path, "")
    assert child.wait(SOON)
    child.send(signal.SIGTERM)
    child.kill()
    child.kill()
    assert child.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG")
def test_dies_with_a_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert process_alive(child)
        parent.send_signal(signal.SIGKILL)
    assert eventually(lambda: not process_alive(child))


def test_ctrl_c_in_the_terminal_does_not_reach_children(tmp_path: Path) -> None:
    child, _ = start(tmp_path, "import time; time.sleep(600)")
    try:
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
        assert os.getsid(child.pid) != os.getsid(0)
    finally:
        child.kill()


def test_other_threads_may_not_start_children(tmp_path: Path) -> None:
    refused: list[str] = []

    def attempt() -> None:
        try:
            start(tmp_path, "")
        except RuntimeError as error:
            refused.append(str(error))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert refused == ["children must be started from the main thread"]
