"""An account's own credentials at work in a whole stack, and a secret that must leave no trace."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import grpc
import orjson

from common.catalogue import SECRET_MASK
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, text_message, webhook
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually
from treadle.credential.v1.credential_pb2 import Secret
from treadle.execution.v1.execution_service_pb2 import ListActionExecutionsRequest
from treadle.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from treadle.workflow.v1.action_service_pb2 import ListActionsRequest
from treadle.workflow.v1.action_service_pb2_grpc import ActionServiceStub

OWN_SID = "AC" + "5" * 32
NO_PROXY = (("grpc.enable_http_proxy", 0),)


def bodies(secret: str) -> dict[str, Json]:
    return {
        "sendgrid": {"api_key": secret},
        "twilio": {"account_sid": OWN_SID, "auth_token": secret},
        "stripe": {"secret_key": secret, "webhook_secret": secret},
        "facebook_page": {"page_id": "77", "access_token": secret, "app_secret": secret},
        # Of 42 bytes, none of them left over in base64.
        "webhook_signing": {"secret": "whsec_" + b64encode(secret[:42].encode()).decode()},
    }


def spellings(secret: str) -> list[bytes]:
    """The forms in which it could lie around: as it is, and as bytea, Basic and keys are shown."""
    raw = secret.encode()
    basic = b64encode(f"{OWN_SID}:{secret}".encode())
    return [raw, raw.hex().encode(), b64encode(raw)[:56], basic[-24:-4]]


def dumped(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Every table as text."""
    database = urlsplit(stack.postgres.url()).path.removeprefix("/")
    tables = stack.postgres.query(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        database,
    )
    for table in tables.splitlines():
        yield table, stack.postgres.query(f"SELECT t::text FROM {table} t", database).encode()


def files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Everything under a folder: heap, write-ahead log, NATS store, logs, state."""
    for path in root.rglob("*"):
        try:
            if path.is_file():
                yield str(path.relative_to(root)), path.read_bytes()
        except OSError:
            continue  # recycled meanwhile


def holding(texts: list[bytes], places: Iterator[tuple[str, bytes]]) -> set[str]:
    return {name for name, content in places if any(text in content for text in texts)}


def run_through(account: Account, api: Customer, subject: str) -> Json:
    """Sends an email and a text message to a new contact; returns the contact."""
    template = api.post("email-templates", {"name": subject, "html_body": f"<p>{subject}</p>"})
    email = {
        "action_type": "send_email",
        "action_config": {
            "template_id": template["id"],
            "subject": subject,
            "from_name": "Bakery",
            "from_email": "bakery@example.com",
        },
        "name": "email",
    }
    contact = api.post(
        "contacts",
        {
            "email": f"{account.id.hex}@example.com",
            "phone": "+14155559876",
            # Part of the event of its making, which stays in NATS for days.
            "first_name": subject,
        },
    )
    (execution,) = api.start(api.workflow(email, text_message(subject)), [contact["id"]])
    assert eventually(lambda: api.ended(execution))
    assert api.execution(execution)["state"] == "completed", api.log(execution)
    return contact


def call_webhooks(account: Account, api: Customer, name: str, secret: str) -> list[bytes]:
    """Has a receiver that says back what it gets called, and one that is not there.

    Returns what the API shows of it, over REST and gRPC.
    """
    url = account.stack.simulator_url
    basic = {"auth_type": "basic", "auth_config": {"username": OWN_SID, "password": secret}}
    bearer = {"auth_type": "bearer", "auth_config": {"token": secret}}
    headers = {"X-Api-Key": secret, "Cookie": f"session={secret[::-1]}"}
    said_back = webhook(f"{url}/sink/{name}", headers=headers, store_response=True, **basic)
    missing = webhook(f"{url}/nowhere", max_retries=0, **bearer)
    workflow = api.workflow(said_back, missing | {"name": "missing", "on_error": "continue"})
    contact = api.post("contacts", {"first_name": name})
    (execution,) = api.start(workflow, [contact["id"]])
    assert eventually(lambda: api.ended(execution))
    hook, failed = api.log(execution)
    assert hook["result"]["response"]["headers"]["x-api-key"] == SECRET_MASK
    assert failed["status"] == "failed"
    api.post(f"workflows/{workflow}/pause")
    step = api.steps(workflow)["hook"]
    assert step["action_config"]["auth_config"]["password"] == SECRET_MASK
    assert step["action_config"]["headers"]["Cookie"] == SECRET_MASK
    # The mask comes back and keeps the secret.
    changed = step["action_config"] | {"timeout_seconds": 7}
    path = f"workflows/{workflow}/actions/{step['id']}"
    seen = [
        api.put(path, {"action_config": changed}),
        api.get(path),
        api.log(execution),
        api.execution(execution),
        api.get("audit", entity_id=step["id"]),
    ]
    return [*(orjson.dumps(each) for each in seen), *over_grpc(account, workflow, execution)]


def over_grpc(account: Account, workflow: str, execution: str) -> list[bytes]:
    """The draft's actions and the run's log as messages."""
    metadata = tuple(account.headers().items())
    with grpc.insecure_channel(account.stack.api_target, NO_PROXY) as channel:
        actions = ActionServiceStub(channel).ListActions(
            ListActionsRequest(workflow_id=workflow), metadata=metadata, timeout=10
        )
        log = ExecutionServiceStub(channel).ListActionExecutions(
            ListActionExecutionsRequest(execution_id=execution), metadata=metadata, timeout=10
        )
    return [actions.SerializeToString(), log.SerializeToString()]


def test_every_provider_is_followed() -> None:
    assert set(bodies("")) == {field.name for field in Secret.DESCRIPTOR.fields}


def test_a_secret_is_used_and_leaves_no_trace(stack: Stack, account: Account) -> None:
    canary = f"canary-{uuid4().hex}-0123456789abcdefXyZw"
    marker = f"marker-{uuid4().hex}"
    http = account.http()
    answers = [
        http.put(f"/api/v1/credentials/{provider}", json=body)
        for secret in (canary[::-1], canary)
        for provider, body in bodies(secret).items()
    ]
    assert {answer.status_code for answer in answers} == {200}
    answers += [
        http.put("/api/v1/credentials/sendgrid", json={"api_key": f"{canary} "}),
        http.put("/api/v1/credentials/sendgrid", json={"token": canary}),
        http.put("/api/v1/credentials/paypal", json={"api_key": canary}),
        account.http("viewer").put("/api/v1/credentials/sendgrid", json={"api_key": canary}),
        http.get("/api/v1/credentials"),
        *(http.get(f"/api/v1/credentials/{provider}") for provider in bodies(canary)),
    ]

    api = Customer(http)
    contact = run_through(account, api, marker)
    shown = call_webhooks(account, api, marker, canary)

    with Providers(stack.simulator_url) as providers:
        (text,) = [m for m in providers.received("twilio") if m["text"] == marker]
        assert text["details"]["account_sid"] == OWN_SID
        assert len(providers.received("sendgrid", contact["email"])) == 1
        (called,) = providers.received("sink", marker)
        sent = called["details"]["headers"]
        basic = b64encode(f"{OWN_SID}:{canary}".encode()).decode()
        assert sent["authorization"] == f"Basic {basic}"
        assert (sent["x-api-key"], sent["cookie"]) == (canary, f"session={canary[::-1]}")
        # By the present secret and the one before.
        assert len(sent["webhook-signature"].split()) == 2
    for answer in answers:
        seen = f"{answer.headers} {answer.text}".encode()
        assert not any(text in seen for text in spellings(canary)), answer.url
    secrets = [*spellings(canary), *spellings(canary[::-1])]
    assert not any(text in seen for text in secrets for seen in shown)
    assert holding(secrets, dumped(stack)) == set()
    assert holding(secrets, files(stack.data.root)) == set()
    # What is no secret is found in all these places, so they were looked at.
    assert "treadle.workflow_actions" in holding([marker.encode()], dumped(stack))
    found = holding([marker.encode()], files(stack.data.root))
    assert any(name.startswith("nats/") for name in found), found
    assert any(name.startswith("postgres/") for name in found), found
    logs = holding([str(account.id).encode()], files(stack.data.logs))
    assert logs
