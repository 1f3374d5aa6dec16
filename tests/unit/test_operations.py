"""docs/operations.md, held to the code: settings, defaults and metrics."""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import cast

import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from common.contact_links import MarketingSettings
from common.settings import DatabaseSettings, ProcessSettings, SharedSettings
from executor_service.metrics import Metrics
from tests.support.deployments import ROOT, SETTINGS, variables
from treadle.execution.v1.explanation_pb2 import ExplanationReason

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SETTING = re.compile(r"^\| `(?P<name>TREADLE_\w+)` \| (?P<default>[^|]+) \| .+ \|$", re.M)
METRIC = re.compile(r"^\| `(?P<name>[a-z_]+)` \|", re.M)
SECTIONS: Mapping[str, type[ProcessSettings]] = {
    "All processes": ProcessSettings,
    "All but the gateway": SharedSettings,
    "action_service and scheduler_service": DatabaseSettings,
    "action_service and executors of `communication`": MarketingSettings,
    **SETTINGS,
}


def section(title: str) -> str:
    return TEXT.split(f"### {title}\n")[1].split("\n#")[0]


def written(default: object) -> str:
    """A default as the page writes it."""
    if default is PydanticUndefined:
        return "required"
    if default is None or default == ():
        return "none"
    if default == "":
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


@pytest.mark.parametrize("title", SECTIONS)
def test_each_setting_is_listed_where_it_is_declared(title: str) -> None:
    settings = SECTIONS[title]
    listed = {m["name"]: m["default"].strip() for m in SETTING.finditer(section(title))}
    inherited = set[str]().union(
        *(base.model_fields for base in settings.__mro__[1:] if issubclass(base, ProcessSettings))
    )
    fields = cast("Mapping[str, FieldInfo]", settings.model_fields)
    declared = {
        variable: written(fields[name].default)
        for variable, name in variables(settings).items()
        if name not in inherited
    }
    assert listed == declared


def test_each_metric_exists() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    for module in (
        "action_service.adapters.traffic_upkeep",
        "action_service.engine.reconciling",
        "common.grpc.interceptors",
        "common.readiness",
        "gateway.middleware",
        "scheduler_service.worker",
    ):
        import_module(module)
    known = {
        family.name + ("_total" if family.type == "counter" else "")
        for each in (REGISTRY, registry)
        for family in each.collect()
        if family.name.startswith(("treadle_", "grpc_"))
    }
    watching = TEXT.split("## Watching")[1].split("\n## ")[0]
    assert {match["name"] for match in METRIC.finditer(watching)} == known


def test_each_reason_of_an_explanation_is_listed() -> None:
    reasons = TEXT.split("## Why a run is where it is")[1].split("\n## ")[0]
    listed = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]+)\|", reasons, re.M)))
    numbers = ExplanationReason.DESCRIPTOR.values_by_name
    named = {name.removeprefix("EXPLANATION_REASON_").lower() for name in numbers}
    assert set(listed) - {"reason"} == named - {"unspecified"}


def test_what_the_page_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
