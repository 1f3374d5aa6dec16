"""An embedded nats-server with JetStream: the real server, from a wheel, as a child process."""

import json
import secrets
import shutil
import signal
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path

from devstack.child import Child, Launch, tail
from devstack.ports import LOOPBACK

_START_BOUND = timedelta(seconds=30)
_STOP_BOUND = timedelta(seconds=10)
_POLL = 0.005
_USER = "treadle"


class NatsError(RuntimeError):
    """The server could not be started; says what its log says."""


class NatsServer:
    """One server over one folder. Methods block; start it from the main thread."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        """Use `folder` for streams, log and password; without `port` any free one will do."""
        self._folder = folder.absolute()
        self._log = self._folder / "nats.log"
        self._port = port
        self.inherit_fds: tuple[int, ...] = ()
        """Descriptors that the server keeps open as long as it lives, such as a lock's."""
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._child is None:
            raise NatsError("nats-server does not run")
        return self._child.pid

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._log

    @property
    def url(self) -> str:
        """The URL that clients connect to; a restart keeps it."""
        if self._port is None:
            raise NatsError("nats-server has not been started")
        return f"nats://{_USER}:{self._password()}@{LOOPBACK}:{self._port}"

    def alive(self) -> bool:
        """Tell whether the server process runs."""
        return self._child is not None and self._child.alive()

    def healthy(self) -> bool:
        """Tell whether the server answers a ping."""
        return self.alive() and self._port is not None and self._ping(self._port)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_config()
        for stale in self._folder.glob("*.ports"):
            stale.unlink()
        binary = Path(sys.executable).with_name("nats-server")
        found = str(binary) if binary.exists() else shutil.which("nats-server")
        if found is None:
            raise NatsError("nats-server is not installed")
        self._child = Child(
            Launch(
                [found, "-c", str(self._folder / "nats.conf")],
                self._log,
                cwd=self._folder,
                on_parent_death=signal.SIGKILL,
                inherit_fds=self.inherit_fds,
            )
        )
        deadline = time.monotonic() + _START_BOUND.total_seconds()
        while self._child.alive() and time.monotonic() < deadline:
            port = self._announced_port(self._child.pid)
            if port is not None and self._ping(port):
                self._port = port
                return
            time.sleep(_POLL)
        self.kill()
        raise NatsError(f"nats-server did not start:\n{tail(self._log)}")

    def stop(self) -> None:
        """Close connections, write what is in memory, end. Nothing happens when it does not run."""
        if self._child is not None:
            self._child.stop(signal.SIGTERM, _STOP_BOUND)
            self._child = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _password(self) -> str:
        path = self._folder / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def _write_config(self) -> None:
        # JSON is a subset of the server's own syntax. Port -1: any free one, announced in a file.
        config = {
            "server_name": "treadle",
            "host": LOOPBACK,
            "port": self._port or -1,
            "ports_file_dir": str(self._folder),
            "authorization": {"user": _USER, "password": self._password()},
            "jetstream": {"store_dir": str(self._folder / "store")},
            "max_payload": 1024 * 1024,
        }
        path = self._folder / "nats.conf"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=2), encoding="utf-8")

    def _announced_port(self, pid: int) -> int | None:
        try:
            text = (self._folder / f"nats-server_{pid}.ports").read_text(encoding="utf-8")
            return int(json.loads(text)["nats"][0].rpartition(":")[2])
        except (FileNotFoundError, ValueError):  # not written yet, or not wholly
            return None

    def _ping(self, port: int) -> bool:
        """Log in and wait for an answer, by the client protocol."""
        hello = {"user": _USER, "pass": self._password(), "verbose": False}
        try:
            with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
                stream = connection.makefile("rwb")
                info = stream.readline()
                stream.write(b"CONNECT %s\r\nPING\r\n" % json.dumps(hello).encode())
                stream.flush()
                return b'"jetstream":true' in info and stream.readline().startswith(b"PONG")
        except OSError:
            return False
