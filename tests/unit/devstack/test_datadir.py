"""One stack for a folder, also after a kill."""

import os
import subprocess
import sys
import threading
from base64 import b64decode
from pathlib import Path

import pytest

from devstack.datadir import DataDir, InUseError, process_alive

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from devstack.datadir import DataDir
data = DataDir(Path(sys.argv[1]))
lock = data.open()
data.save_state({"gateway_url": "http://127.0.0.1:1"})
if len(sys.argv) > 2:
    leftover = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    subprocess.Popen(leftover, pass_fds=(lock,), start_new_session=True)
print("open", flush=True)
time.sleep(600)
"""


def hold(folder: Path, *leftover: str) -> subprocess.Popen[str]:
    """A process that has opened the folder; what it may leave over ends with its input."""
    command = [sys.executable, "-c", HOLDER, str(folder), *leftover]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_refuses_a_folder_in_use(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        with pytest.raises(InUseError, match=str(holder.pid)):
            DataDir(tmp_path).open()
        assert DataDir(tmp_path).state() == {"gateway_url": "http://127.0.0.1:1"}
        holder.kill()


def test_waits_for_leftovers_of_a_killed_stack(tmp_path: Path) -> None:
    with hold(tmp_path, "leftover") as holder:
        holder.kill()
        holder.wait()
        data = DataDir(tmp_path)
        assert data.state() is None
        opening = threading.Thread(target=data.open)
        opening.start()
        opening.join(0.2)
        assert opening.is_alive()
        assert holder.stdin is not None
        holder.stdin.close()
        opening.join()
    data.close()


def test_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        data = DataDir(tmp_path)
        data.open()
        data.save_state({})
        assert data.state() == {}
        data.close()
        assert data.state() is None


def test_secret_is_private_and_kept(tmp_path: Path) -> None:
    secret = DataDir(tmp_path / "new").jwt_secret()
    assert len(secret.get_secret_value()) >= 32
    assert DataDir(tmp_path / "new").jwt_secret() == secret
    assert (tmp_path / "new" / "jwt-secret").stat().st_mode & 0o077 == 0


def test_master_key_is_one_that_the_api_takes_and_is_kept(tmp_path: Path) -> None:
    key = DataDir(tmp_path / "new").master_key()
    assert len(b64decode(key.get_secret_value(), validate=True)) == 32
    assert DataDir(tmp_path / "new").master_key() == key
    assert (tmp_path / "new" / "master-key").stat().st_mode & 0o077 == 0


def test_ports_are_remembered(tmp_path: Path) -> None:
    assert DataDir(tmp_path).ports() == {}
    DataDir(tmp_path).save_ports({"gateway": 8080})
    assert DataDir(tmp_path).ports() == {"gateway": 8080}


def test_a_zombie_is_not_alive() -> None:
    assert process_alive(os.getpid())
    assert not process_alive(0)
    process = subprocess.Popen([sys.executable, "-c", ""])
    # Not reaped yet: it still takes signals, as `kill -0` shows.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    os.kill(process.pid, 0)
    assert not process_alive(process.pid)
    process.wait()
    assert not process_alive(process.pid)
