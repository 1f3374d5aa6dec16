"""gRPC on the stack as it runs: with the real `buf curl`, which knows nothing but what it is told
by reflection, and with a channel for what only a program can decode."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Generator
from pathlib import Path
from typing import cast
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_status import rpc_status

from devstack.stack import EXECUTORS, Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, tag
from treadle.catalog.v1.add_tag_pb2 import AddTagConfig
from treadle.catalog.v1.send_sms_pb2 import SendSmsConfig
from treadle.workflow.v1 import action_pb2, action_service_pb2, action_service_pb2_grpc

NO_PROXY = (("grpc.enable_http_proxy", 0),)
BUF = Path(sys.executable).with_name("buf")
ADD_ACTION = "treadle.workflow.v1.ActionService/AddAction"
API_SERVICES = {
    "treadle.account.v1.AccountService",
    "treadle.catalog.v1.CatalogService",
    "treadle.compliance.v1.ComplianceService",
    "treadle.compliance.v1.PreferenceService",
    "treadle.compliance.v1.PrivacyService",
    "treadle.contact.v1.ContactService",
    "treadle.credential.v1.CredentialService",
    "treadle.deadletter.v1.DeadLetterService",
    "treadle.event.v1.EventService",
    "treadle.execution.v1.ExecutionService",
    "treadle.execution.v1.WaitService",
    "treadle.inbound.v1.InboundService",
    "treadle.ledger.v1.LedgerService",
    "treadle.ledger.v1.UnknownSendService",
    "treadle.message.v1.MessageService",
    "treadle.operation.v1.OperationService",
    "treadle.record.v1.CampaignService",
    "treadle.record.v1.ContactImportService",
    "treadle.record.v1.CourseService",
    "treadle.record.v1.CrmService",
    "treadle.record.v1.DirectoryService",
    "treadle.record.v1.MediaService",
    "treadle.record.v1.MessengerService",
    "treadle.traffic.v1.TrafficService",
    "treadle.workflow.v1.ActionService",
    "treadle.workflow.v1.WorkflowService",
}
EVERYWHERE = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
VIP = {"add_tag": {"tag_name": "vip"}}
PROCESSES = {
    "api": API_SERVICES,
    "engine": set[str](),
    "scheduler": {"treadle.scheduler.v1.SchedulerService"},
    **{f"executor-{name}": set[str]() for name in EXECUTORS},
}


def curl(*arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    """`buf curl` on a server without TLS."""
    command = [str(BUF), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    if token is not None:
        command += ["-H", f"authorization: Bearer {token}"]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def refusal(done: subprocess.CompletedProcess[str]) -> tuple[str, dict[str, bytes]]:
    """The code and the details, by type, of a call that was refused."""
    assert done.returncode != 0, done.stdout
    error = json.loads(done.stderr)
    details = {d["type"]: b64decode(d["value"] + "==") for d in error["details"]}
    return error["code"], details


class Draft:
    """A workflow of an account, for calls that add a step to it."""

    def __init__(self, account: Account) -> None:
        self.api = Customer(account.http())
        self.id = self.api.draft()
        self._account = account

    def add(
        self, token: str | None, config: Json, workflow: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Add a step with `buf curl`."""
        body = {"workflow_id": workflow or self.id, "config": config}
        address = f"http://{self._account.stack.api_target}/{ADD_ACTION}"
        return curl("-d", json.dumps(body), address, token=token)


@pytest.fixture
def draft(account: Account) -> Draft:
    return Draft(account)


@pytest.fixture
def actions(stack: Stack) -> Generator[action_service_pb2_grpc.ActionServiceStub]:
    """A foreign client's stub: nothing of ours on the channel."""
    with grpc.insecure_channel(stack.api_target, NO_PROXY) as channel:
        yield action_service_pb2_grpc.ActionServiceStub(channel)


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_says_what_it_serves_and_that_it_is_well(stack: Stack, process: str) -> None:
    address = stack.services[process].address
    listed = curl("--list-services", f"http://{address}")
    assert listed.returncode == 0, listed.stderr
    assert set(listed.stdout.split()) == PROCESSES[process] | EVERYWHERE
    with grpc.insecure_channel(address, NO_PROXY) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        for service in ("", *PROCESSES[process]):
            answer = check(health_pb2.HealthCheckRequest(service=service), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as unknown:
            check(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=10)
        assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


def test_methods_and_messages_are_described(stack: Stack) -> None:
    api = f"http://{stack.api_target}"
    methods = curl("--list-methods", api)
    assert methods.returncode == 0, methods.stderr
    assert {ADD_ACTION, "treadle.workflow.v1.WorkflowService/ActivateWorkflow"} <= set(
        methods.stdout.split()
    )


def test_an_action_is_added_with_a_token(account: Account, draft: Draft) -> None:
    done = draft.add(account.token("editor"), VIP)
    assert done.returncode == 0, done.stderr
    added = json.loads(done.stdout)["action"]
    assert (added["position"], added["config"]) == (1, {"addTag": {"tagName": "vip"}})
    assert added["createdBy"] == str(account.user_id)
    (stored,) = draft.api.items(f"workflows/{draft.id}/actions", "actions")
    assert (stored["id"], stored["action_config"]) == (added["id"], {"tag_name": "vip"})


def test_nobody_else_may_add_one(stack: Stack, account: Account, draft: Draft) -> None:
    with Account(stack) as stranger:
        refused = {
            "nobody": draft.add(None, VIP),
            "a forger": draft.add(account.token("editor") + "x", VIP),
            "a viewer": draft.add(account.token("viewer"), VIP),
            "an operator": draft.add(account.token("operator"), VIP),
            "a stranger": draft.add(stranger.token("admin"), VIP),
            "a dreamer": draft.add(account.token("admin"), VIP, str(uuid4())),
        }
    seen = {
        who: (code, error_details_pb2.ErrorInfo.FromString(details["google.rpc.ErrorInfo"]).reason)
        for who, (code, details) in ((who, refusal(done)) for who, done in refused.items())
    }
    assert seen == {
        "nobody": ("unauthenticated", "UNAUTHENTICATED"),
        "a forger": ("unauthenticated", "UNAUTHENTICATED"),
        "a viewer": ("permission_denied", "PERMISSION_DENIED"),
        "an operator": ("permission_denied", "PERMISSION_DENIED"),
        # Another account's workflow and none at all are one and the same.
        "a stranger": ("not_found", "NOT_FOUND"),
        "a dreamer": ("not_found", "NOT_FOUND"),
    }
    assert draft.api.steps(draft.id) == {}


def test_what_an_executor_may_do_no_user_may(stack: Stack, account: Account) -> None:
    claim = "treadle.ledger.v1.LedgerService/ClaimAttempts"
    done = curl("-d", "{}", f"http://{stack.api_target}/{claim}", token=account.token("admin"))
    code, _ = refusal(done)
    assert code == "permission_denied"


class Refusal:
    """A call's error as a foreign client decodes it, with the library for it."""

    def __init__(self, error: grpc.RpcError) -> None:
        assert isinstance(error, grpc.Call)
        self.code = error.code()
        status = cast("status_pb2.Status | None", rpc_status.from_call(error))
        assert status is not None
        self.info = error_details_pb2.ErrorInfo()
        self.bad_request = error_details_pb2.BadRequest()
        self.request = error_details_pb2.RequestInfo()
        for detail in status.details:
            # Unpack takes what is of the message's type and leaves it alone otherwise.
            unpacked = [m for m in (self.info, self.bad_request, self.request) if detail.Unpack(m)]
            assert len(unpacked) == 1


def refusal_of(
    actions: action_service_pb2_grpc.ActionServiceStub,
    account: Account,
    workflow: str,
    config: action_pb2.ActionConfig,
) -> Refusal:
    """What comes of adding a step that is refused."""
    request = action_service_pb2.AddActionRequest(workflow_id=workflow, config=config)
    metadata = tuple(account.headers("editor").items())
    with pytest.raises(grpc.RpcError) as refused:
        actions.AddAction(request, metadata=metadata, timeout=10)
    return Refusal(refused.value)


def test_a_refusal_says_why_and_names_every_field(
    account: Account, draft: Draft, actions: action_service_pb2_grpc.ActionServiceStub
) -> None:
    config = action_pb2.ActionConfig(send_sms=SendSmsConfig(message="{% if", from_number="me"))
    refused = refusal_of(actions, account, draft.id, config)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (refused.info.reason, refused.info.domain) == ("VALIDATION_FAILED", "treadle")
    found = {v.field: v.description for v in refused.bad_request.field_violations}
    assert found.keys() == {"config.message", "config.from_number"}
    assert "never closed" in found["config.message"]
    assert refused.request.request_id


def test_a_workflow_that_is_active_is_refused_with_its_status(
    account: Account, actions: action_service_pb2_grpc.ActionServiceStub
) -> None:
    workflow = Customer(account.http()).workflow(tag("a"))
    config = action_pb2.ActionConfig(add_tag=AddTagConfig(tag_name="b"))
    refused = refusal_of(actions, account, workflow, config)
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.info.reason == "WORKFLOW_NOT_EDITABLE"
    assert refused.info.metadata["status"] == "active"
