"""All of Treadle on this machine: which processes there are and how they find each other."""

import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import NAMESPACE_DNS, UUID, uuid5

from common.auth import issue_token
from devstack.datadir import DataDir
from devstack.inbound import InboundSecrets
from devstack.nats import NatsServer
from devstack.ports import LOOPBACK, port_is_free, reserve_port
from devstack.postgres import Postgres
from devstack.processes import (
    STOP_BOUND,
    Service,
    ServiceError,
    ServiceSpec,
    run_all_to_end,
)
from devstack.sender import POSTAL_ADDRESS

# Who waits for an answer goes before who works through a queue, where both share a machine.
_BACKGROUND = 10
# The categories of each executor process: what is pure computing shares one, and so does what a
# development machine has little of.
EXECUTORS: Mapping[str, tuple[str, ...]] = {
    "communication": ("communication",),
    "crm": ("crm", "membership"),
    "internal": ("internal", "payments"),
    "code": ("code",),
}
# The same on every machine, so that a token issued before `up` is good after it.
DEV_ACCOUNT = uuid5(NAMESPACE_DNS, "account.treadle.localhost")
DEV_USER = uuid5(NAMESPACE_DNS, "user.treadle.localhost")

_ANY = f"{LOOPBACK}:0"
# The simulator takes any; real ones look like these.
_SENDGRID_KEY = "SG.simulated"
_TWILIO_SID = "AC" + "0" * 32
_STRIPE_KEY = "sk_test_simulated"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What a stack may be told; ports that are not given are chosen free."""

    data_dir: Path
    gateway_port: int | None = None
    api_port: int | None = None
    simulator_port: int | None = None
    postgres_port: int | None = None
    nats_port: int | None = None
    log_level: str = "info"
    callbacks: bool = True
    """Whether the simulator tells of what becomes of messages."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """More TREADLE_ variables for every service."""
    replicas: int = 1
    """How many processes play each role; the others are `api-2` and so on."""

    def given_ports(self) -> list[int]:
        """Return the ports that have to be had."""
        ports = (
            *(self.gateway_port, self.api_port, self.simulator_port),
            *(self.postgres_port, self.nats_port),
        )
        return [port for port in ports if port is not None]


def _quiet(_: str) -> None:
    pass


class Stack:
    """Postgres, NATS and every service. A context manager; methods block."""

    def __init__(self, options: StackOptions, *, progress: Progress = _quiet) -> None:
        self._options = options
        self._progress = progress
        self._data = DataDir(options.data_dir)
        self._inbound = InboundSecrets(self._data)
        # Others are told where the gateway is before it has started.
        self._gateway_listen = ""
        self._remembered: dict[str, int] = {}
        self.postgres = Postgres(self._data.postgres, port=options.postgres_port)
        self.nats = NatsServer(self._data.nats, port=options.nats_port)
        self.services: dict[str, Service] = {}
        """By name: `api`, `engine`, `scheduler`, `executor-<name>`, `gateway`, `simulator`.

        Of more replicas the second is `api-2` and so on; there is one simulator.
        """

    @property
    def data(self) -> DataDir:
        """The stack's folder."""
        return self._data

    @property
    def gateway_url(self) -> str:
        """The REST API's base URL, without a slash at the end."""
        return f"http://{self.services['gateway'].address}"

    @property
    def simulator_url(self) -> str:
        """The provider simulator's base URL, without a slash at the end."""
        return f"http://{self.services['simulator'].address}"

    @property
    def api_target(self) -> str:
        """The gRPC target of action_service's `api` role."""
        return self.services["api"].address

    @property
    def scheduler_target(self) -> str:
        """The gRPC target of scheduler_service."""
        return self.services["scheduler"].address

    def token(
        self,
        *,
        roles: Collection[str] = ("admin",),
        account: UUID = DEV_ACCOUNT,
        user: UUID = DEV_USER,
        ttl: timedelta = timedelta(hours=12),
    ) -> str:
        """Issue a token that this stack's services take."""
        return issue_token(
            self._data.jwt_secret(), subject=user, account_id=account, roles=roles, ttl=ttl
        )

    def __enter__(self) -> Self:
        """Start everything; on failure nothing is left running."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.stop()

    def start(self) -> None:
        """Start the servers, migrate, start the services; return when all are ready."""
        for port in self._options.given_ports():
            if not port_is_free(port):
                raise ServiceError(f"port {port} is in use")
        self._progress("starting Postgres and NATS")
        self.start_servers()
        self._progress("migrating the database")
        self.migrate()
        self._progress("starting the services")
        self._remembered = self._data.ports()
        with self._gateway_address() as listen:
            self._gateway_listen = listen
            self._launch(self._core())
            self._launch(self._edge())
        self._data.save_state(self._state())
        kept = ("gateway", "api", "simulator")
        self._data.save_ports({name: self.services[name].port for name in kept})

    def start_servers(self) -> None:
        """Start Postgres and NATS alone."""
        self.postgres.inherit_fds = self.nats.inherit_fds = (self._data.open(),)
        self.nats.start()
        self.postgres.start()

    def migrate(self) -> None:
        """Bring the schemas of every service up to date; needs Postgres alone."""
        run_all_to_end(
            [
                ServiceSpec(f"migrate-{name}", ["-m", name, "migrate"], self.shared_env())
                for name in ("action_service", "scheduler_service")
            ],
            self._data.logs,
        )

    def stop(self) -> None:
        """Stop what runs: callers before callees, data last. Safe to call at any point."""
        for group in (
            ("gateway",),
            ("engine", "scheduler", *(f"executor-{name}" for name in EXECUTORS)),
            ("api",),
            ("simulator",),
        ):
            members = [self.services[name] for role in group for name in self._named(role)]
            for service in members:
                service.ask_to_stop()
            deadline = time.monotonic() + STOP_BOUND.total_seconds()
            for service in members:
                left = timedelta(seconds=max(deadline - time.monotonic(), 0))
                if not service.stop(left):
                    self._progress(f"{service.name} did not stop in time and was killed")
        self.nats.stop()
        self.postgres.stop()
        self._data.close()

    def _named(self, role: str) -> list[str]:
        """The replicas of a role that have been started."""
        numbered = (f"{role}-{number}" for number in range(2, self._options.replicas + 1))
        return [name for name in (role, *numbered) if name in self.services]

    def _target(self, role: str) -> str:
        """Where clients find all replicas of a role."""
        addresses = [self.services[name].address for name in self._named(role)]
        # Of several addresses gRPC wants to know the kind.
        return addresses[0] if len(addresses) == 1 else f"ipv4:{','.join(addresses)}"

    def _replicated(self, specs: list[ServiceSpec]) -> list[ServiceSpec]:
        """The same again for each further replica, at addresses of their own."""
        return [
            spec if number == 1 else replace(spec, name=f"{spec.name}-{number}", listen=_ANY)
            for number in range(1, self._options.replicas + 1)
            for spec in specs
        ]

    def check(self) -> None:
        """Raise ServiceError when something that should run has ended."""
        for service in self.services.values():
            if not service.alive():
                raise ServiceError(service.report())
        for name, server in (("postgres", self.postgres), ("nats-server", self.nats)):
            if not server.alive():
                raise ServiceError(f"{name} ended; see {server.log}")

    def shared_env(self) -> dict[str, str]:
        """The variables that every service of this stack gets."""
        return {
            "TREADLE_DATABASE_URL": self.postgres.url(),
            "TREADLE_NATS_URL": self.nats.url,
            "TREADLE_JWT_SECRET": self._data.jwt_secret().get_secret_value(),
            "TREADLE_LOG_LEVEL": self._options.log_level,
            "TREADLE_LOG_FORMAT": "json",
            **self._options.env,
        }

    def _launch(self, specs: list[ServiceSpec]) -> None:
        for spec in specs:
            service = Service(spec, self._data.logs)
            self.services[spec.name] = service
            service.start()
        for spec in specs:
            self.services[spec.name].wait_ready()

    def _core(self) -> list[ServiceSpec]:
        """What needs no other service's address."""
        env = self.shared_env()
        services = [
            self._action_service("api", self._listen("api", self._options.api_port)),
            self._action_service("engine", _ANY),
            ServiceSpec("scheduler", ["-m", "scheduler_service"], env, "TREADLE_SCHEDULER_LISTEN"),
        ]
        return [*self._replicated(services), self._simulator()]

    def _simulator(self) -> ServiceSpec:
        own: dict[str, str] = {}
        if self._options.callbacks:
            url = f"http://{self._gateway_listen}"
            own = {
                **self._inbound.for_simulator(url, DEV_ACCOUNT),
                "TREADLE_SIMULATOR_CALLBACKS_DIR": str(self._data.root / "simulator"),
            }
        return ServiceSpec(
            "simulator",
            ["-m", "devstack.simulator"],
            own,
            listen_at="--listen",
            listen=self._listen("simulator", self._options.simulator_port),
        )

    def _edge(self) -> list[ServiceSpec]:
        """What calls the others."""
        targets = {
            "TREADLE_GATEWAY_API_TARGET": self._target("api"),
            "TREADLE_GATEWAY_SCHEDULER_TARGET": self._target("scheduler"),
        }
        gateway = ServiceSpec(
            "gateway",
            ["-m", "gateway"],
            self.shared_env() | targets | self._inbound.for_gateway(),
            "TREADLE_GATEWAY_LISTEN",
            self._gateway_listen,
        )
        return self._replicated([gateway, *(self._executor(name) for name in EXECUTORS)])

    def _action_service(self, role: str, listen: str) -> ServiceSpec:
        arguments = ["-m", "action_service", "--roles", role]
        env = self.shared_env()
        if role == "api":
            env["TREADLE_ACTION_MASTER_KEY"] = self._data.master_key().get_secret_value()
            env |= self._marketing_env()
        return ServiceSpec(
            role,
            arguments,
            env,
            "TREADLE_ACTION_LISTEN",
            listen,
            niceness=_BACKGROUND if role == "engine" else 0,
        )

    def _marketing_env(self) -> dict[str, str]:
        return {
            "TREADLE_LINK_KEY": self._data.link_key().get_secret_value(),
            "TREADLE_POSTAL_ADDRESS": POSTAL_ADDRESS,
        }

    def _executor(self, name: str) -> ServiceSpec:
        arguments = ["-m", "executor_service", "--categories", ",".join(EXECUTORS[name])]
        own = {
            "TREADLE_EXECUTOR_API_TARGET": self._target("api"),
            "TREADLE_EXECUTOR_PUBLIC_URL": f"http://{self._gateway_listen}",
            # Webhooks of a development stack go to this machine as a rule.
            "TREADLE_EXECUTOR_EGRESS_ALLOW_LOOPBACK": "true",
            "TREADLE_EXECUTOR_SENDGRID_API_KEY": _SENDGRID_KEY,
            "TREADLE_EXECUTOR_SENDGRID_BASE_URL": self.simulator_url,
            "TREADLE_EXECUTOR_TWILIO_ACCOUNT_SID": _TWILIO_SID,
            "TREADLE_EXECUTOR_TWILIO_AUTH_TOKEN": self._inbound.twilio_token,
            "TREADLE_EXECUTOR_TWILIO_BASE_URL": self.simulator_url,
            "TREADLE_EXECUTOR_STRIPE_API_KEY": _STRIPE_KEY,
            "TREADLE_EXECUTOR_STRIPE_BASE_URL": self.simulator_url,
            "TREADLE_EXECUTOR_GRAPH_BASE_URL": self.simulator_url,
            "TREADLE_EXECUTOR_NOTIFICATION_FROM_EMAIL": "notifications@treadle.example",
            "TREADLE_EXECUTOR_NOTIFICATION_FROM_NUMBER": "+14155550123",
            # As well as this machine can: it may be a container without namespaces, and who writes
            # scripts here could run them outside as well.
            "TREADLE_EXECUTOR_CODE_ISOLATION": "seccomp",
            "TREADLE_EXECUTOR_CODE_MODULES_DIR": str(self._data.modules),
            **self._marketing_env(),
        }
        return ServiceSpec(
            f"executor-{name}",
            arguments,
            self.shared_env() | own,
            "TREADLE_EXECUTOR_LISTEN",
            niceness=_BACKGROUND,
        )

    @contextmanager
    def _gateway_address(self) -> Generator[str]:
        """Lend where the gateway is to listen: nobody else may have the port before it does."""
        listen = self._listen("gateway", self._options.gateway_port)
        if listen != _ANY:
            yield listen
            return
        with reserve_port() as holder:
            port: int = holder.getsockname()[1]
            yield f"{LOOPBACK}:{port}"

    def _listen(self, name: str, given: int | None) -> str:
        """A given port must be had; the last run's is nice to have; else any."""
        if given is not None:
            return f"{LOOPBACK}:{given}"
        last = self._remembered.get(name, 0)
        return f"{LOOPBACK}:{last}" if last and port_is_free(last) else _ANY

    def _state(self) -> dict[str, str]:
        return {
            "gateway_url": self.gateway_url,
            "api_target": self.api_target,
            "scheduler_target": self.scheduler_target,
            "simulator_url": self.simulator_url,
            "database_url": self.postgres.url(),
            "nats_url": self.nats.url,
        }
