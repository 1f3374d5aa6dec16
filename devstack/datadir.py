"""The folder that a stack keeps: data, secrets, logs, and a lock so that only one stack uses it."""

import fcntl
import json
import os
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

from pydantic import SecretStr

_LEFTOVER_BOUND = timedelta(seconds=30)
_POLL = 0.05


class InUseError(RuntimeError):
    """Another stack runs on the folder."""


def project_root() -> Path:
    """Return the folder of the project, or the current one when Treadle is installed elsewhere."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def default_data_dir() -> Path:
    """Return where `treadle up` keeps its data unless told otherwise."""
    return project_root() / ".treadle"


class DataDir:
    """One stack's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.postgres = self.root / "postgres"
        self.nats = self.root / "nats"
        self.logs = self.root / "logs"
        self.modules = self.root / "modules"
        self._lock_path = self.root / "lock"
        self._lock: int | None = None

    def open(self) -> int:
        """Make the folder and lock it; return the lock's descriptor.

        Children that touch the data inherit the descriptor, so that the lock outlives this process
        as long as they do: a killed stack's Postgres may take a moment to end. Raises InUseError
        when another stack is alive.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        # Postgres may run as somebody else, who has to pass; what is private says so itself.
        self.root.chmod(0o711)
        self.logs.mkdir(exist_ok=True)
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LEFTOVER_BOUND.total_seconds()
        while not _try_lock(descriptor):
            holder = self._holder()
            if process_alive(holder) or time.monotonic() >= deadline:
                os.close(descriptor)
                raise InUseError(f"{self.root} is in use by process {holder}")
            time.sleep(_POLL)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._lock = descriptor
        return descriptor

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self.forget_state()
            os.close(self._lock)
            self._lock = None

    def jwt_secret(self) -> SecretStr:
        """Return the secret that signs this stack's tokens; made on first use."""
        return self.secret("jwt-secret", lambda: secrets.token_urlsafe(48))

    def master_key(self) -> SecretStr:
        """Return the key to this stack's stored credentials; made on first use."""
        return self.secret("master-key", _new_key)

    def link_key(self) -> SecretStr:
        """Return the key to this stack's links for contacts; made on first use."""
        return self.secret("link-key", _new_key)

    def save_state(self, state: Mapping[str, str]) -> None:
        """Record where the running stack can be reached."""
        _write_private(self.root / "stack.json", json.dumps(state, indent=2))

    def forget_state(self) -> None:
        """The stack stops."""
        (self.root / "stack.json").unlink(missing_ok=True)

    def state(self) -> dict[str, str] | None:
        """Return where the running stack can be reached; None when none runs."""
        try:
            text = (self.root / "stack.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return cast(dict[str, str], json.loads(text)) if process_alive(self._holder()) else None

    def save_ports(self, ports: Mapping[str, int]) -> None:
        """Remember ports, to be used again if they are free then."""
        _write_private(self.root / "ports.json", json.dumps(ports))

    def ports(self) -> dict[str, int]:
        """Return the ports of the last run."""
        try:
            text = (self.root / "ports.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return cast(dict[str, int], json.loads(text))

    def secret(self, name: str, make: Callable[[], str]) -> SecretStr:
        """Return a secret of this stack; made on first use."""
        path = self.root / name
        if not path.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            _write_private(path, make())
        return SecretStr(path.read_text(encoding="ascii"))

    def _holder(self) -> int:
        try:
            return int(self._lock_path.read_text(encoding="ascii") or 0)
        except (FileNotFoundError, ValueError):
            return 0


def _new_key() -> str:
    return b64encode(secrets.token_bytes(32)).decode("ascii")


def process_alive(pid: int) -> bool:
    """Tell whether a process runs. Signal 0 reaches zombies too, so the kernel's table is read."""
    if pid <= 0:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists() and _answers_signals(pid)
    # The command's name is in brackets and may contain anything: proc(5).
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X", "x"}


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_private(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.rename(path)
