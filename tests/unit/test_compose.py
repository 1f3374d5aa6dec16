"""The compose file and the Kubernetes objects, held to the code.

No container engine runs here, so what one would find out too late is proved instead: that every
variable, command, port and health check that these files name exists in the code, and fits.
"""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from common.nats import ACTIONS, action_consumer
from common.settings import load
from executor_service.handlers import categories
from gateway.routes.health import router
from tests.support.commands import refused_command
from tests.support.deployments import (
    KUBERNETES_SECRET,
    OPTIONAL_SECRETS,
    ROOT,
    SECRETS,
    SETTINGS,
    MissingVariableError,
    Role,
    compose_file,
    compose_roles,
    kubernetes_objects,
    kubernetes_roles,
    used_variables,
    variables,
)

ENVIRONMENT = dict(SECRETS) | dict(OPTIONAL_SECRETS)
COMPOSE = compose_roles(ENVIRONMENT)
KUBERNETES = kubernetes_roles()
ROLES = [
    *(pytest.param(role, id=f"compose:{name}") for name, role in COMPOSE.items()),
    *(pytest.param(role, id=f"kubernetes:{name}") for name, role in KUBERNETES.items()),
]
SERVING = [param for param in ROLES if isinstance(r := param.values[0], Role) and r.serves]
METRICS_PORT = 9464


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def own_settings(role: Role, name: str) -> str:
    """The value of one of the role's own settings."""
    prefix = str(role.settings.model_config.get("env_prefix"))
    return role.environment[f"{prefix}{name}".upper()]


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_a_setting(role: Role) -> None:
    known = {name for settings in SETTINGS.values() for name in variables(settings)}
    assert set(role.environment) <= known
    if role in COMPOSE.values():
        # The Kubernetes objects share one ConfigMap; here each role gets what it reads, no more.
        assert set(role.environment) <= set(variables(role.settings))


@pytest.mark.parametrize("role", ROLES)
def test_the_environment_makes_valid_settings(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TREADLE_")]:
        monkeypatch.delenv(name)
    for name, value in role.environment.items():
        monkeypatch.setenv(name, value)
    load(role.settings)


def distinct_commands() -> Mapping[tuple[str, ...], Role]:
    return {tuple(role.command): role for role in (*KUBERNETES.values(), *COMPOSE.values())}


@pytest.mark.parametrize("command", distinct_commands(), ids=" ".join)
def test_every_command_gets_as_far_as_its_settings(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line ends with status 2, before the settings are looked at."""
    role = distinct_commands()[command]
    assert role.module in SETTINGS
    assert command[:2] == ("python", "-m")
    env = {**role.environment, "TREADLE_LOG_LEVEL": "shout"}
    status, said = refused_command(command[2:], env, monkeypatch, capsys)
    assert status == 1, said
    complaint, *problems = said.strip().splitlines()
    assert complaint == "invalid settings"
    assert [problem.split(":")[0].strip() for problem in problems] == ["TREADLE_LOG_LEVEL"]


@pytest.mark.parametrize("role", SERVING)
def test_ports_agree(role: Role) -> None:
    listen = own_settings(role, "listen")
    assert listen.startswith("0.0.0.0:")
    default: str = role.settings.model_fields["listen"].default
    assert port_of(listen) == port_of(default)
    assert role.checks
    for check in role.checks:
        url = urlsplit(check if "//" in check else f"grpc://{check}")
        assert url.port == port_of(listen)
        assert (url.scheme == "http") == (role.module == "gateway")
        if url.scheme == "http":
            assert url.path in {getattr(route, "path", None) for route in router.routes}
    assert port_of(own_settings(role, "metrics_listen")) == METRICS_PORT
    assert set(role.ports) <= {port_of(listen), METRICS_PORT}


@pytest.mark.parametrize("role", [role for role in COMPOSE.values() if role.serves])
def test_compose_targets_are_services(role: Role) -> None:
    for name, value in role.environment.items():
        if not name.endswith("_TARGET"):
            continue
        host, _, port = value.rpartition(":")
        assert port_of(own_settings(COMPOSE[host], "listen")) == int(port)
        assert host in role.definition["depends_on"]


def test_kubernetes_targets_are_services() -> None:
    addresses = {
        f"{each['metadata']['name']}:{port['port']}": each["spec"]["selector"]
        for each in kubernetes_objects()
        if each["kind"] == "Service"
        for port in each["spec"]["ports"]
    }
    selected = {
        deployment["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        for deployment in kubernetes_objects()
        if deployment["kind"] == "Deployment"
    }
    for role in KUBERNETES.values():
        for name, value in role.environment.items():
            if name.endswith("_TARGET"):
                assert addresses[value]["app.kubernetes.io/component"] in selected


@pytest.mark.parametrize("roles", [COMPOSE, KUBERNETES], ids=["compose", "kubernetes"])
def test_every_role_is_there_and_scales_by_itself(roles: Mapping[str, Role]) -> None:
    commands = [" ".join(role.command[2:]) for role in roles.values()]
    for command in (
        "action_service --roles api",
        "action_service --roles engine",
        "action_service migrate",
        "scheduler_service",
        "scheduler_service migrate",
        "gateway",
    ):
        assert command in commands
    fleets = [role.categories for role in roles.values() if role.categories]
    assert sorted(fleets, key=min) == [{name} for name in sorted(categories())]
    for role in roles.values():
        # A name or a fixed port on the host would allow one container only.
        assert "container_name" not in role.definition


def test_each_fleet_scales_on_the_lag_of_its_consumer() -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["triggers"][0]["metadata"]
        for each in kubernetes_objects()
        if each["kind"] == "ScaledObject"
    }
    wanted = {f"treadle-executor-{category}": category for category in categories()}
    assert scaled.keys() == wanted.keys()
    for name, category in wanted.items():
        assert scaled[name]["stream"] == ACTIONS.name
        consumer = action_consumer(f"executor-{category}", category).durable
        assert scaled[name]["consumer"] == consumer
    for each in kubernetes_objects():
        if each["kind"] == "Deployment":
            assert ("replicas" in each["spec"]) == (each["metadata"]["name"] not in wanted)


def test_kustomize_knows_every_file() -> None:
    (kustomization,) = (each for each in kubernetes_objects() if each["kind"] == "Kustomization")
    files = {path.name for path in (ROOT / "deploy" / "kubernetes").glob("*.yaml")}
    assert set(kustomization["resources"]) == files - {"kustomization.yaml"}


@pytest.mark.parametrize("name", SECRETS)
def test_compose_says_which_secret_is_missing(name: str) -> None:
    with pytest.raises(MissingVariableError, match=f"set {name} in .env"):
        compose_file({key: value for key, value in SECRETS.items() if key != name})


def test_compose_works_without_providers() -> None:
    roles = compose_roles(SECRETS)
    for role in roles.values():
        assert not set(role.environment) & set(OPTIONAL_SECRETS)


def test_the_example_has_every_variable_and_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    entries = dict(line.lstrip("#").split("=", 1) for line in lines if "=" in line)
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(entries) == used_variables(compose) | set(OPTIONAL_SECRETS)
    assert not any(entries[name] for name in ENVIRONMENT)
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ".env" in ignored


def test_the_page_about_kubernetes_names_every_secret() -> None:
    page = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    made = set(re.findall(r"--from-literal=([a-z-]+)=", page))
    optional = page.split("# optional keys: ")[1].split("```")[0]
    assert made == {"database-url", "nats-url", "jwt-secret", "action-master-key", "link-key"}
    assert set(KUBERNETES_SECRET) - made <= set(re.findall(r"[a-z]+(?:-[a-z]+)+", optional))


def test_secrets_go_where_they_are_needed() -> None:
    for role in (*COMPOSE.values(), *KUBERNETES.values()):
        holds = {name for name in role.environment if name in ENVIRONMENT}
        own = str(role.settings.model_config.get("env_prefix"))
        theirs = {name for name in OPTIONAL_SECRETS if name.startswith(own)}
        if role.module == "gateway":
            assert holds == theirs
        elif role.module == "action_service" and "api" in role.arguments:
            keys = {"TREADLE_ACTION_MASTER_KEY", "TREADLE_LINK_KEY"}
            assert holds == {"TREADLE_JWT_SECRET", *keys}
        else:
            payments = {name for name in theirs if "_STRIPE_" in name}
            needed = {
                "communication": (theirs - payments) | {"TREADLE_LINK_KEY"},
                "payments": payments,
            }
            wanted = {name for category in role.categories for name in needed.get(category, ())}
            assert holds == {"TREADLE_JWT_SECRET", *wanted}
        has_database = "TREADLE_DATABASE_URL" in role.environment
        assert has_database == (role.module in {"action_service", "scheduler_service"})


def test_images_have_plain_names() -> None:
    images = [service["image"] for service in compose_file(SECRETS)["services"].values()]
    for image in images:
        assert "." not in image.split(":")[0]
        assert "/" not in image
    assert {image.split(":")[0] for image in images} == {"postgres", "nats", "treadle"}
    assert "postgres:16" in images


def test_our_containers_are_confined() -> None:
    for role in COMPOSE.values():
        assert role.definition["read_only"]
        assert role.definition["cap_drop"] == ["ALL"]
    for role in KUBERNETES.values():
        pod = role.definition
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["enableServiceLinks"] is False
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
