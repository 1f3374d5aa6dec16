"""The stack under test: every service behind lines that can be cut, some of them twice.

Nothing in a service knows of it: lines are addresses in its environment, clocks are stepped by the
launcher, and whatever dies is started again, as any supervisor in production does.
"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from devstack.processes import Service, ServiceSpec
from devstack.stack import Stack, StackOptions
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import Parts
from tests.chaos.skewed import write_offset

# Who has a second process of its kind: all that share their work. The api and the gateway have one
# address that others are told.
REPLICAS: Final = ("engine", "scheduler", "executor-communication", "executor-crm")
_SERVERS: Final = {"TREADLE_DATABASE_URL": "postgres", "TREADLE_NATS_URL": "nats"}
_CALLED: Final = {
    "TREADLE_EXECUTOR_API_TARGET": "api",
    "TREADLE_GATEWAY_API_TARGET": "api",
    "TREADLE_GATEWAY_SCHEDULER_TARGET": "scheduler",
}
# The gateway has neither; the simulator is the world outside.
_WITHOUT_SERVERS: Final = ("gateway", "simulator")
_NATS_ONLY: Final = "executor"
_PAUSE: Final = 1.0
"""Seconds between two starts of a service that does not come to be."""

# So that what takes minutes by default is seen within a run: retries, circuits, lookups.
ENV: Final = {
    "TREADLE_ACTION_RETRY_BASE_SECONDS": "0.5",
    "TREADLE_ACTION_CIRCUIT_OPEN_SECONDS": "1",
    "TREADLE_ACTION_LOOKUP_BASE_SECONDS": "2",
    "TREADLE_ACTION_LOOKUP_LIMIT": "3",
    "TREADLE_EXECUTOR_PROVIDER_TIMEOUT_SECONDS": "5",
}


class ChaosStack(Stack):
    """A stack whose services have lines between them and what they need, and replicas."""

    def __init__(
        self, folder: Path, proxy: Proxy, replicas: Sequence[str], env: Mapping[str, str]
    ) -> None:
        super().__init__(StackOptions(folder, env={**ENV, **env}))
        self._proxy = proxy
        self._replicas = tuple(replicas)
        self.ended: list[str] = []
        """What has ended by itself after it had been ready, with the end of its log."""
        self._down: set[str] = set()
        self._began: dict[str, float] = {}

    @property
    def parts(self) -> Parts:
        """What there is to break."""
        services = [name for name in self.services if name != "simulator"]
        return Parts(sorted(services), sorted(self._proxy.lines))

    def clock(self, name: str) -> Path:
        """The file that says how far a service's clock is off."""
        return self.data.root / f"{name}.clock"

    def take_down(self, name: str) -> None:
        """Nobody starts the service again until `bring_up`."""
        self._down.add(name)

    def bring_up(self, name: str) -> None:
        """Starts the service, unless it has been already."""
        self._down.discard(name)
        if not self.services[name].alive():
            self._start(name)

    def supervise(self) -> None:
        """Starts again what has ended, as whoever runs services does.

        A service may give up while it starts, when what it needs is not there. One that has been
        ready is expected to live.
        """
        for name, service in self.services.items():
            if name in self._down or service.alive():
                continue
            if time.monotonic() < self._began.get(name, 0.0) + _PAUSE:
                continue
            if service.became_ready():
                self.ended.append(service.report())
            self._start(name)

    def _start(self, name: str) -> None:
        self._began[name] = time.monotonic()
        self.services[name].start()

    def wake(self) -> None:
        """Ends whatever sleep a process has been put to."""
        for service in self.services.values():
            if service.alive():
                os.kill(service.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Stops everything, replicas first."""
        self.wake()
        copies = [service for name, service in self.services.items() if name.endswith("-2")]
        for service in copies:
            service.ask_to_stop()
        for service in copies:
            service.stop()
        super().stop()

    def _launch(self, specs: list[ServiceSpec]) -> None:
        copies = [replace(spec, name=f"{spec.name}-2") for spec in specs]
        copies = [copy for copy in copies if copy.name.removesuffix("-2") in self._replicas]
        super()._launch([self._between(spec) for spec in (*specs, *copies)])

    def _between(self, spec: ServiceSpec) -> ServiceSpec:
        """The same service with lines to what it needs, and a clock that can be stepped."""
        if spec.name == "simulator":
            return spec
        write_offset(self.clock(spec.name), 0)
        _, module, *arguments = spec.arguments
        launcher = ["-m", "tests.chaos.skewed", str(self.clock(spec.name)), module]
        env = {name: self._through(spec.name, name, value) for name, value in spec.env.items()}
        return replace(spec, arguments=[*launcher, *arguments], env=env)

    def _through(self, service: str, variable: str, address: str) -> str:
        """The address of a line to `address`; itself when the variable names no neighbour."""
        if variable in _CALLED:
            host, _, port = address.rpartition(":")
            line = self._proxy.line(f"{service}>{_CALLED[variable]}", int(port))
            return f"{host}:{line.port}"
        server = _SERVERS.get(variable)
        if server is None or service in _WITHOUT_SERVERS:
            return address
        if server == "postgres" and service.startswith(_NATS_ONLY):
            return address
        url = urlsplit(address)
        assert url.port is not None
        line = self._proxy.line(f"{service}>{server}", url.port)
        return address.replace(f":{url.port}", f":{line.port}")


def suspend(service: Service) -> None:
    """Stops a process in its tracks."""
    if service.alive():
        os.kill(service.pid, signal.SIGSTOP)


def resume(service: Service) -> None:
    """Lets it go on as if nothing had been."""
    if service.alive():
        os.kill(service.pid, signal.SIGCONT)
