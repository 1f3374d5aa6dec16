"""Every RPC says what it demands, in one form, and somebody can have it."""

import importlib
import pkgutil
import re

import pytest
from google.protobuf.descriptor import MethodDescriptor

import treadle
from common.auth import GATEWAY_ROLE, ROLE_PERMISSIONS, SERVICE_ROLE
from common.grpc.permissions import required_permission

FORM = re.compile(r"[a-z]+:[a-z]+")


def _rpcs() -> list[MethodDescriptor]:
    modules = pkgutil.walk_packages(treadle.__path__, prefix="treadle.")
    files = [
        importlib.import_module(module.name).DESCRIPTOR
        for module in modules
        if module.name.endswith("_pb2")
    ]
    services = [service for file in files for service in file.services_by_name.values()]
    return [method for service in services for method in service.methods]


RPCS = _rpcs()
EACH_RPC = pytest.mark.parametrize("rpc", RPCS, ids=lambda rpc: rpc.full_name)


def _permission(rpc: MethodDescriptor) -> str | None:
    return required_permission(rpc.containing_service.full_name, rpc.name)


def test_every_service_of_the_contracts_is_seen() -> None:
    services = {rpc.containing_service.name for rpc in RPCS}
    assert services >= {
        "AccountService",
        "ActionService",
        "CampaignService",
        "CatalogService",
        "ComplianceService",
        "ContactImportService",
        "ContactService",
        "CourseService",
        "CredentialService",
        "CrmService",
        "DirectoryService",
        "ExecutionService",
        "InboundService",
        "LedgerService",
        "MediaService",
        "OperationService",
        "SchedulerService",
        "TrafficService",
        "WorkflowService",
    }


@EACH_RPC
def test_declares_a_permission_of_the_form_resource_verb(rpc: MethodDescriptor) -> None:
    assert FORM.fullmatch(_permission(rpc) or "")


@EACH_RPC
def test_some_role_grants_it(rpc: MethodDescriptor) -> None:
    assert any(_permission(rpc) in granted for granted in ROLE_PERMISSIONS.values())


@EACH_RPC
def test_has_a_request_and_a_response_of_its_own(rpc: MethodDescriptor) -> None:
    assert rpc.input_type.name == f"{rpc.name}Request"
    assert rpc.output_type.name == f"{rpc.name}Response"


def test_no_role_grants_what_nothing_demands() -> None:
    demanded = {_permission(rpc) for rpc in RPCS}
    assert frozenset().union(*ROLE_PERMISSIONS.values()) <= demanded


def test_every_granted_permission_has_the_form() -> None:
    for permissions in ROLE_PERMISSIONS.values():
        assert all(FORM.fullmatch(permission) for permission in permissions)


def test_a_viewer_may_read_everything_and_change_nothing() -> None:
    reads = {p for p in map(_permission, RPCS) if p and p.endswith(":read")}
    assert ROLE_PERMISSIONS["viewer"] == reads


def test_an_admin_may_do_all_that_people_may_but_not_what_services_do() -> None:
    of_services = {
        "credential:use",
        "inbound:record",
        "inbound:verify",
        "ledger:claim",
        "messenger:use",
        "preference:set",
        "traffic:use",
    }
    assert ROLE_PERMISSIONS["admin"] == {_permission(rpc) for rpc in RPCS} - of_services
    assert {"ledger:claim", "credential:use"} <= ROLE_PERMISSIONS[SERVICE_ROLE]


def test_the_gateway_itself_may_hand_on_what_comes_from_outside_and_nothing_else() -> None:
    its_own = {"inbound:record", "inbound:verify", "preference:set"}
    granting = {role for role, granted in ROLE_PERMISSIONS.items() if granted & its_own}
    assert granting == {GATEWAY_ROLE}
    assert ROLE_PERMISSIONS[GATEWAY_ROLE] == its_own


@pytest.mark.parametrize(
    "permission",
    ["account:edit", "credential:edit", "directory:edit", "suppression:lift", "traffic:edit"],
)
def test_what_only_an_admin_may_do(permission: str) -> None:
    changers = {role for role, granted in ROLE_PERMISSIONS.items() if permission in granted}
    assert changers == {"admin"}


def test_only_services_see_secrets() -> None:
    users = {role for role, granted in ROLE_PERMISSIONS.items() if "credential:use" in granted}
    assert users == {SERVICE_ROLE}


def test_an_unknown_rpc_has_no_permission() -> None:
    assert required_permission("treadle.nowhere.v1.NoService", "Get") is None
    assert required_permission("treadle.ledger.v1.LedgerService", "NoMethod") is None
