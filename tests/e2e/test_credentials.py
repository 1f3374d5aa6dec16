"""An account's own credentials at work in a whole stack, and a secret that must leave no trace."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, text_message
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually

OWN_SID = "AC" + "5" * 32


def bodies(secret: str) -> dict[str, Json]:
    return {
        "sendgrid": {"api_key": secret},
        "twilio": {"account_sid": OWN_SID, "auth_token": secret},
        "stripe": {"secret_key": secret, "webhook_secret": secret},
        "facebook_page": {"page_id": "77", "access_token": secret, "app_secret": secret},
    }


def spellings(secret: str) -> list[bytes]:
    """The forms in which it could lie around: as it is, and as bytea, Basic and keys are shown."""
    raw = secret.encode()
    basic = b64encode(f"{OWN_SID}:{secret}".encode())
    return [raw, raw.hex().encode(), b64encode(raw)[:-4], basic[-24:-4]]


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

    contact = run_through(account, Customer(http), marker)

    with Providers(stack.simulator_url) as providers:
        (text,) = [m for m in providers.received("twilio") if m["text"] == marker]
        assert text["details"]["account_sid"] == OWN_SID
        assert len(providers.received("sendgrid", contact["email"])) == 1
    for answer in answers:
        seen = f"{answer.headers} {answer.text}".encode()
        assert not any(text in seen for text in spellings(canary)), answer.url
    secrets = [*spellings(canary), *spellings(canary[::-1])]
    assert holding(secrets, dumped(stack)) == set()
    assert holding(secrets, files(stack.data.root)) == set()
    # What is no secret is found in all these places, so they were looked at.
    assert "treadle.workflow_actions" in holding([marker.encode()], dumped(stack))
    found = holding([marker.encode()], files(stack.data.root))
    assert any(name.startswith("nats/") for name in found), found
    assert any(name.startswith("postgres/") for name in found), found
    logs = holding([str(account.id).encode()], files(stack.data.logs))
    assert logs
