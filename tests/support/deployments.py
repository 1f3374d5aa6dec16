"""Reads the compose file and the Kubernetes objects into one shape, to hold both to the code."""

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from action_service.settings import ActionSettings
from common.settings import ProcessSettings
from executor_service.settings import ExecutorSettings
from gateway.settings import GatewaySettings
from scheduler_service.settings import SchedulerSettings

ROOT = Path(__file__).resolve().parents[2]

SETTINGS: Mapping[str, type[ProcessSettings]] = {
    "action_service": ActionSettings,
    "scheduler_service": SchedulerSettings,
    "executor_service": ExecutorSettings,
    "gateway": GatewaySettings,
}

# What an operator must put in .env, or in the Kubernetes secret.
SECRETS: Mapping[str, str] = {
    "TREADLE_JWT_SECRET": "0123456789abcdef0123456789abcdef",
    "TREADLE_ACTION_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "TREADLE_LINK_KEY": "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
    "POSTGRES_PASSWORD": "superuser",
    "TREADLE_DATABASE_PASSWORD": "services",
    "TREADLE_NATS_PASSWORD": "broker",
}
OPTIONAL_SECRETS: Mapping[str, str] = {
    "TREADLE_EXECUTOR_SENDGRID_API_KEY": "SG.key",
    "TREADLE_EXECUTOR_TWILIO_ACCOUNT_SID": "AC0123",
    "TREADLE_EXECUTOR_TWILIO_AUTH_TOKEN": "token",
    "TREADLE_EXECUTOR_STRIPE_API_KEY": "sk_live_key",
    "TREADLE_GATEWAY_SERVICE_TOKEN": "ey.ey.ey",
    "TREADLE_GATEWAY_TWILIO_AUTH_TOKEN": "token",
    # The public half of some key.
    "TREADLE_GATEWAY_SENDGRID_PUBLIC_KEY": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw"
        "+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    ),
    "TREADLE_GATEWAY_META_APP_SECRET": "app",
    "TREADLE_GATEWAY_META_VERIFY_TOKEN": "handshake",
    "TREADLE_GATEWAY_STRIPE_WEBHOOK_SECRET": "whsec_0123",
}
KUBERNETES_SECRET: Mapping[str, str] = {
    "database-url": "postgresql://treadle:services@postgres:5432/treadle",
    "nats-url": "nats://treadle:broker@nats:4222",
    "jwt-secret": SECRETS["TREADLE_JWT_SECRET"],
    "action-master-key": SECRETS["TREADLE_ACTION_MASTER_KEY"],
    "action-previous-master-keys": "[]",
    "link-key": SECRETS["TREADLE_LINK_KEY"],
    "action-previous-link-keys": "[]",
    "sendgrid-api-key": OPTIONAL_SECRETS["TREADLE_EXECUTOR_SENDGRID_API_KEY"],
    "twilio-account-sid": OPTIONAL_SECRETS["TREADLE_EXECUTOR_TWILIO_ACCOUNT_SID"],
    "twilio-auth-token": OPTIONAL_SECRETS["TREADLE_EXECUTOR_TWILIO_AUTH_TOKEN"],
    "stripe-api-key": OPTIONAL_SECRETS["TREADLE_EXECUTOR_STRIPE_API_KEY"],
    "gateway-token": OPTIONAL_SECRETS["TREADLE_GATEWAY_SERVICE_TOKEN"],
    "sendgrid-public-key": OPTIONAL_SECRETS["TREADLE_GATEWAY_SENDGRID_PUBLIC_KEY"],
    "meta-app-secret": OPTIONAL_SECRETS["TREADLE_GATEWAY_META_APP_SECRET"],
    "meta-verify-token": OPTIONAL_SECRETS["TREADLE_GATEWAY_META_VERIFY_TOKEN"],
    "stripe-webhook-secret": OPTIONAL_SECRETS["TREADLE_GATEWAY_STRIPE_WEBHOOK_SECRET"],
}

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<mode>[-?])(?P<rest>[^}]*))?\}")


class MissingVariableError(Exception):
    """A variable that the compose file demands is not set."""


@dataclass(frozen=True)
class Role:
    """A container that runs our code."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    checks: Sequence[str] = ()
    """What health checks ask: `host:port` for gRPC, URLs for HTTP."""
    ports: Sequence[int] = ()
    """Ports declared or published, of the container."""
    definition: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def module(self) -> str:
        """What `python -m` runs."""
        assert list(self.command[:2]) == ["python", "-m"], self.command
        return self.command[2]

    @property
    def arguments(self) -> Sequence[str]:
        """What the module gets."""
        return self.command[3:]

    @property
    def settings(self) -> type[ProcessSettings]:
        """The class that reads its environment."""
        return SETTINGS[self.module]

    @property
    def serves(self) -> bool:
        """Whether it runs for good."""
        return "migrate" not in self.arguments

    @property
    def categories(self) -> set[str]:
        """An executor's categories."""
        if self.module != "executor_service":
            return set()
        return set(self.arguments[self.arguments.index("--categories") + 1].split(","))


def variables(settings: type[ProcessSettings]) -> dict[str, str]:
    """Each variable that the class reads, and the name of its field."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    return {
        (
            info.validation_alias
            if isinstance(info.validation_alias, str)
            else f"{prefix}{name}".upper()
        ): name
        for name, info in settings.model_fields.items()
    }


def used_variables(text: str) -> set[str]:
    """The variables that a compose file interpolates."""
    return {match["name"] for match in _VARIABLE.finditer(text)}


def interpolate(text: str, environment: Mapping[str, str]) -> str:
    """`text` as compose reads it; raises MissingVariableError with the file's own words."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match["name"], "")
        if found or match["mode"] is None:
            return found
        if match["mode"] == "?":
            raise MissingVariableError(match["rest"])
        return str(match["rest"])

    return _VARIABLE.sub(value, text)


def compose_file(environment: Mapping[str, str]) -> dict[str, Any]:
    """The compose file, interpolated."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return yaml.safe_load(interpolate(text, environment))


def compose_roles(environment: Mapping[str, str]) -> dict[str, Role]:
    """The containers of the compose file that run our code."""
    return {
        name: Role(
            name=name,
            command=service["command"],
            environment=_compose_environment(service, environment),
            checks=[_checked(service["healthcheck"]["test"])] if "healthcheck" in service else [],
            ports=[int(port.rpartition(":")[2]) for port in service.get("ports", ())],
            definition=service,
        )
        for name, service in compose_file(environment)["services"].items()
        if "build" in service
    }


def _compose_environment(
    service: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, str]:
    declared: Mapping[str, str | None] = service["environment"]
    # Without a value a variable is passed on from .env, if it is there.
    return {
        name: environment[name] if value is None else value
        for name, value in declared.items()
        if value is not None or name in environment
    }


def _checked(test: Sequence[str]) -> str:
    """What the health check asks, once it is sure that its command exists and can be parsed."""
    assert list(test[:3]) == ["CMD", "python", "-m"], test
    return str(importlib.import_module(test[3]).parser().parse_args(test[4:]).target)


def kubernetes_objects() -> Iterator[dict[str, Any]]:
    """Every object of `deploy/kubernetes`."""
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def kubernetes_roles() -> dict[str, Role]:
    """The containers of the Deployments, init containers too."""
    objects = list(kubernetes_objects())
    maps = {
        each["metadata"]["name"]: each["data"] for each in objects if each["kind"] == "ConfigMap"
    }
    roles: dict[str, Role] = {}
    for each in objects:
        if each["kind"] != "Deployment":
            continue
        pod = each["spec"]["template"]["spec"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            name = f"{each['metadata']['name']}/{container['name']}"
            roles[name] = Role(
                name=name,
                command=container["command"],
                environment=_kubernetes_environment(container, maps),
                checks=list(_probed(container)),
                ports=[port["containerPort"] for port in container.get("ports", ())],
                definition=pod,
            )
    return roles


def _kubernetes_environment(
    container: Mapping[str, Any], maps: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    environment: dict[str, str] = {}
    for source in container["envFrom"]:
        environment |= maps[source["configMapRef"]["name"]]
    for entry in container.get("env", ()):
        reference = entry["valueFrom"]["secretKeyRef"]
        assert reference["name"] == "treadle"
        environment[entry["name"]] = KUBERNETES_SECRET[reference["key"]]
    return environment


def _probed(container: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("readinessProbe", "livenessProbe"):
        probe = container.get(kind, {})
        if "grpc" in probe:
            yield f"127.0.0.1:{probe['grpc']['port']}"
        if "httpGet" in probe:
            yield f"http://127.0.0.1:{probe['httpGet']['port']}{probe['httpGet']['path']}"
