"""Runs services as processes: waits until they say that they are ready, notices when they die.

Nothing is restarted silently: a service that ends by itself is a defect to look at, so its exit and
the end of its log are reported instead.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

from devstack.child import Child, Launch, tail
from devstack.datadir import project_root
from devstack.ports import LOOPBACK

_POLL = 0.02
_READY_BOUND = timedelta(seconds=60)
STOP_BOUND = timedelta(seconds=15)


class ServiceError(RuntimeError):
    """A service did not start, or ended by itself; says what its log says."""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What to run for one service."""

    name: str
    arguments: Sequence[str]
    """For the Python interpreter: `-m <package>` and its options."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    listen_at: str | None = None
    """What tells it where to listen: a variable, or an option that starts with `--`."""
    listen: str = f"{LOOPBACK}:0"
    """Where to listen at first; a successor gets the address that its predecessor had."""
    niceness: int = 0
    """How much it yields to others when processors are short: 0 to 19."""


class Service:
    """One service process, and its successors when it is started again."""

    def __init__(self, spec: ServiceSpec, logs: Path) -> None:
        self._spec = spec
        self._log = logs / f"{spec.name}.log"
        self._child: Child | None = None
        self._asked = False
        self._offset = 0
        self._ready: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The service's name in the stack."""
        return self._spec.name

    @property
    def log(self) -> Path:
        """Its log file: JSON lines."""
        return self._log

    @property
    def pid(self) -> int:
        """The process id."""
        if self._child is None:
            raise ServiceError(f"{self.name} does not run")
        return self._child.pid

    @property
    def address(self) -> str:
        """Where it listens, as host:port, once ready."""
        value = self._ready.get("listen") or self._ready.get("url")
        if value is None:
            raise ServiceError(f"{self.name} has not said where it listens")
        return value.removeprefix("http://").rstrip("/")

    @property
    def port(self) -> int:
        """The port of `address`."""
        return int(self.address.rpartition(":")[2])

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self._child is not None and self._child.alive()

    def start(self) -> None:
        """Start the process; `wait_ready` tells when it is of use."""
        if self.alive():
            raise ServiceError(f"{self.name} runs already")
        # What a predecessor that ended by itself has left.
        self.kill()
        env, arguments = dict(self._spec.env), list(self._spec.arguments)
        if self._spec.listen_at is not None:
            # Once ready, others know the address: a successor has to have the same one.
            listen = self.address if self._ready else self._spec.listen
            if self._spec.listen_at.startswith("--"):
                arguments += [self._spec.listen_at, listen]
            else:
                env[self._spec.listen_at] = listen
        self._offset = self._log.stat().st_size if self._log.exists() else 0
        self._asked = False
        self._child = Child(
            Launch(
                [sys.executable, *arguments],
                self._log,
                env=process_environment(env),
                cwd=project_root(),
                niceness=self._spec.niceness,
            )
        )

    def wait_ready(self, bound: timedelta = _READY_BOUND) -> None:
        """Wait for the service's own word that it is ready."""
        deadline = time.monotonic() + bound.total_seconds()
        while True:
            # Asked before reading, so that the last words of a process that ends are read too.
            alive = self.alive()
            ready = self._announcement()
            if ready is not None:
                self._ready = ready
                return
            if not alive:
                raise ServiceError(self.report())
            if time.monotonic() >= deadline:
                raise ServiceError(
                    f"{self.name} was not ready after {bound.total_seconds():.0f} s;"
                    f" the end of {self._log}:\n{tail(self._log)}"
                )
            time.sleep(_POLL)

    def became_ready(self) -> bool:
        """Tell whether the process, which may have ended since, has said that it was ready."""
        return self._announcement() is not None

    def report(self) -> str:
        """Say how the process ended and what it logged last."""
        code = self._child.returncode if self._child is not None else None
        how = signal.Signals(-code).name if code is not None and code < 0 else f"status {code}"
        return f"{self.name} ended with {how}; the end of {self._log}:\n{tail(self._log)}"

    def ask_to_stop(self) -> None:
        """Send SIGTERM, once: services take a second one as an order to drop everything."""
        if self._child is not None and not self._asked:
            self._asked = True
            self._child.send(signal.SIGTERM)

    def stop(self, bound: timedelta = STOP_BOUND) -> bool:
        """End the process, politely at first; tell whether it ended by itself and in time."""
        if self._child is None:
            return True
        self.ask_to_stop()
        child, self._child = self._child, None
        return child.finish(bound)

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def wait_end(self, bound: timedelta) -> None:
        """Wait for a process that ends by itself; raise ServiceError if it fails or takes long."""
        if self._child is None or not self._child.wait(bound) or self._child.returncode != 0:
            raise ServiceError(self.report())

    def restart(self) -> None:
        """Start it again at the same address after `kill` or `stop`, and wait until it is ready."""
        self.start()
        self.wait_ready()

    def _announcement(self) -> dict[str, str] | None:
        with self._log.open("rb") as log:
            log.seek(self._offset)
            # The last piece may be half a line still.
            for line in log.read().split(b"\n")[:-1]:
                if b'"ready"' not in line:
                    continue
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    fields = cast(dict[str, object], event)
                    if fields.get("event") == "ready":
                        return {key: str(value) for key, value in fields.items()}
        return None


def process_environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return a whole environment with these variables and no other TREADLE_ ones."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
    # gRPC and HTTP clients would send even loopback calls through a proxy.
    exempt = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = f"{env[name]},{exempt}" if env.get(name) else exempt
    env["PYTHONUNBUFFERED"] = "1"
    return env | dict(own)


def run_all_to_end(specs: Sequence[ServiceSpec], logs: Path) -> None:
    """Run commands beside each other and wait for all; raise ServiceError if one fails."""
    running = [Service(spec, logs) for spec in specs]
    try:
        for service in running:
            service.start()
        for service in running:
            service.wait_end(_READY_BOUND)
    finally:
        for service in running:
            service.kill()
