"""`kill -9` while notifications go out: each is sent, or its fate is said to be unknown."""

from collections import Counter
from typing import Any

import httpx

from devstack.client import GatewayClient
from devstack.demo.inbox import Received, read_inbox
from devstack.loading import ActionEntry, WorkflowFile, load_contacts, load_workflow
from devstack.stack import Stack
from tests.support.foreground import eventually

BATCH = 60
VICTIMS = ("executor-internal", "engine", "executor-communication")
CONTACTS = BATCH * len(VICTIMS)
SETTLED = 150.0
"""Seconds: what was in hand comes back soon, and a lease runs out after 30, 60, 120."""

NOTIFY: dict[str, Any] = {
    "recipient_type": "role",
    "role": "sales",
    "channels": ["in_app", "email", "sms"],
    "title": "{{ contact.id }}",
    "message": "A new lead",
}


def statuses(stack: Stack) -> Counter[str]:
    """How many deliveries there are in each state."""
    rows = stack.postgres.query("SELECT status FROM treadle.deliveries", "treadle")
    return Counter(rows.split())


def unknown(stack: Stack) -> set[tuple[str, str]]:
    """Channel and contact of those whose fate nobody knows."""
    rows = stack.postgres.query(
        "SELECT channel || ' ' || contact_id FROM treadle.deliveries WHERE status = 'unknown'",
        "treadle",
    )
    return {(channel, contact) for channel, contact in map(str.split, rows.splitlines())}


def place(message: Received) -> tuple[str, str]:
    """The channel, and the contact that the message is about."""
    if message.provider == "sendgrid":
        return "email", message.subject
    return "sms", message.text.split("\n")[0]


def test_notifications_are_sent_once_whatever_dies(own_stack: Stack) -> None:
    url, token = own_stack.gateway_url, own_stack.token()
    user = {"name": "Ann", "email": "ann@example.com", "phone": "+4915112345678", "role": "sales"}
    headers = {"authorization": f"Bearer {token}"}
    made = httpx.post(f"{url}/api/v1/users", json=user, headers=headers, trust_env=False)
    made.raise_for_status()
    with GatewayClient(url, token) as client:
        ids = load_contacts(client, [{"email": f"c{n}@example.com"} for n in range(CONTACTS)])
        notify = ActionEntry(action_type="send_notification", action_config=NOTIFY)
        workflow = load_workflow(client, WorkflowFile(name="Notify", actions=(notify,)))
        client.activate(workflow.id)
        for number, victim in enumerate(VICTIMS):
            before = len(read_inbox(own_stack.simulator_url))
            client.start_executions(workflow.id, ids[number * BATCH : (number + 1) * BATCH])
            assert eventually(lambda: len(read_inbox(own_stack.simulator_url)) > before)  # noqa: B023
            own_stack.services[victim].kill()
            own_stack.services[victim].restart()

        def settled() -> bool:
            found = statuses(own_stack)
            return found.total() == 2 * CONTACTS and not found["pending"]

        assert eventually(settled, bound=SETTLED), statuses(own_stack)
        assert client.summary(workflow.id).executions.completed == CONTACTS
    assert set(statuses(own_stack)) <= {"sent", "unknown"}
    received = Counter(place(message) for message in read_inbox(own_stack.simulator_url))
    lost = unknown(own_stack)
    wanted = {(channel, contact) for channel in ("email", "sms") for contact in ids}
    assert received.keys() | lost == wanted
    assert set(received.values()) == {1}
    own_stack.check()
