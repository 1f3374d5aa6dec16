"""`kill -9` of every kind of process in the middle of a run: nothing is lost, nothing done twice.

What a provider without idempotency keys may or may not have got when its executor died is recorded
as `unknown` and not sent again. It tells of what it has got, and that completes; so does everything
else.
"""

from collections import Counter, defaultdict
from typing import Any

import httpx

from devstack.client import GatewayClient, Summary
from devstack.demo.inbox import Received, read_inbox
from devstack.loading import ActionEntry, TemplateEntry, WorkflowFile, load_contacts, load_workflow
from devstack.stack import Stack
from tests.support.foreground import eventually

BATCH = 100
UNANSWERED = 10
TEMPLATE = "6a1c8f0e-52b7-4c55-a3a1-3d1d3c1f0b11"
# Each dies while the step that needs it is under way.
VICTIMS = {
    "executor-internal": "webhook_call",
    "executor-communication": "send_email",
    "scheduler": "wait_time",
    "executor-crm": "update_contact",
    "engine": "send_email",
}
CONTACTS = BATCH * len(VICTIMS)


def workflow_file(stack: Stack) -> WorkflowFile:
    sink = f"{stack.simulator_url}/sink/kills"
    letter: dict[str, Any] = {
        "template_id": TEMPLATE,
        "subject": "Hello",
        "from_name": "Treadle",
        "from_email": "hello@example.com",
    }
    count: dict[str, Any] = {
        "field_updates": [{"field": "custom_fields.visits", "value": 1}],
        "update_mode": "increment",
    }
    call: dict[str, Any] = {
        "url": sink,
        "method": "POST",
        "payload": {"contact_id": "{{contact.id}}"},
    }
    steps: list[tuple[str, dict[str, Any]]] = [
        ("update_contact", count),
        ("webhook_call", call),
        ("send_email", letter),
        ("wait_time", {"duration": 2, "unit": "seconds"}),
        ("add_tag", {"tag_name": "arrived"}),
    ]
    return WorkflowFile(
        name="Kills",
        email_templates=(TemplateEntry(id=TEMPLATE, name="Hello", html_body="<p>Hello</p>"),),
        actions=tuple(ActionEntry(action_type=t, action_config=config) for t, config in steps),
    )


def leave_unanswered(stack: Stack) -> None:
    """Have the email provider accept the next messages without ever saying so."""
    rule = {"provider": "sendgrid", "mode": "accept_then_hang", "count": UNANSWERED}
    url = f"{stack.simulator_url}/control"
    httpx.post(url, json=rule, trust_env=False).raise_for_status()


def done(summary: Summary, action_type: str) -> int:
    return sum(step.completed for step in summary.steps if step.action_type == action_type)


def unknown_sends(stack: Stack, workflow_id: str) -> set[str]:
    """The contacts whose email has an outcome that nobody knows."""
    rows = stack.postgres.query(
        "select a.contact_id from treadle.workflow_action_executions a"
        " join treadle.workflow_executions e on e.id = a.workflow_execution_id"
        f" where a.outcome = 'unknown' and e.workflow_id = '{workflow_id}'",
        "treadle",
    )
    return set(rows.split())


def found_out(stack: Stack) -> int:
    """How many emails were unknown until the provider told of them."""
    number = stack.postgres.query(
        "select count(*) from treadle.unknown_sends where resolved_by = 'callback'", "treadle"
    )
    return int(number)


def steps_sent(received: list[Received]) -> dict[str, set[str]]:
    """The webhook's step keys by contact: one key is one step, however often it was called."""
    keys: dict[str, set[str]] = defaultdict(set)
    for message in received:
        if message.provider == "sink":
            headers = message.details["headers"]
            assert isinstance(headers, dict)
            keys[str(message.body["contact_id"])].add(str(headers["idempotency-key"]))
    return keys


def test_kill_9_loses_and_doubles_nothing(own_stack: Stack) -> None:
    with GatewayClient(own_stack.gateway_url, own_stack.token()) as client:
        emails = [f"c{n}@example.com" for n in range(CONTACTS)]
        ids = load_contacts(client, [{"email": email} for email in emails])
        of = dict(zip(ids, emails, strict=True))
        workflow = load_workflow(client, workflow_file(own_stack))
        client.activate(workflow.id)
        leave_unanswered(own_stack)
        for number, (victim, action_type) in enumerate(VICTIMS.items()):
            before = done(client.summary(workflow.id), action_type)
            client.start_executions(workflow.id, ids[number * BATCH : (number + 1) * BATCH])
            assert eventually(lambda: done(client.summary(workflow.id), action_type) > before)  # noqa: B023
            own_stack.services[victim].kill()
            own_stack.services[victim].restart()

        def settled() -> bool:
            received = {m.to for m in read_inbox(own_stack.simulator_url) if m.subject}
            unknown = unknown_sends(own_stack, workflow.id)
            done = client.summary(workflow.id).executions.completed + len(unknown)
            return done == CONTACTS and received.isdisjoint(of[each] for each in unknown)

        assert eventually(settled, bound=180), client.summary(workflow.id)

        unknown = unknown_sends(own_stack, workflow.id)
        contacts = {contact["id"]: contact for contact in full_contacts(own_stack)}
    received = read_inbox(own_stack.simulator_url)
    letters = Counter(message.to for message in received if message.provider == "sendgrid")
    keys = steps_sent(received)
    assert len(contacts) == CONTACTS
    assert found_out(own_stack) >= UNANSWERED
    for contact_id, email in zip(ids, emails, strict=True):
        assert contacts[contact_id]["custom_fields"] == {"visits": 1}
        assert len(keys[contact_id]) == 1
        if contact_id in unknown:
            assert letters[email] == 0
            assert contacts[contact_id]["tags"] == []
        else:
            assert letters[email] == 1
            assert contacts[contact_id]["tags"] == ["arrived"]
    own_stack.check()


def full_contacts(stack: Stack) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {stack.token()}"}
    found: list[dict[str, Any]] = []
    token = ""
    with httpx.Client(base_url=stack.gateway_url, headers=headers, trust_env=False) as http:
        while True:
            query = {"page_size": 200} | ({"page_token": token} if token else {})
            page = http.get("/api/v1/contacts", params=query).raise_for_status().json()
            found += page["contacts"]
            token = page["next_page_token"]
            if not token:
                return found
