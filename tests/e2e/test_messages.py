"""What becomes of messages: told by the providers, seen over REST, heard by workflows."""

from uuid import uuid4

import pytest

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, tag, text_message
from tests.support.e2e_simulator import hear_providers
from tests.support.e2e_triggers import triggered
from tests.support.foreground import eventually

ORDER = ("queued", "sent", "delivered", "opened", "clicked")


@pytest.fixture
def api(stack: Stack, account: Account) -> Customer:
    """A customer of an account; SendGrid tells everything at the address of the stack's own."""
    hear_providers(stack)
    return Customer(account.http())


def emailing(api: Customer) -> Json:
    template = {
        "name": "Welcome",
        "html_body": '<p>Hi!</p><a href="https://example.com/loom">Look</a>',
        "text_body": "Hi!",
    }
    config = {
        "template_id": api.post("email-templates", template)["id"],
        "subject": "Welcome",
        "from_name": "Loom",
        "from_email": "hello@example.com",
    }
    return {"action_type": "send_email", "action_config": config, "name": "welcome"}


def person(api: Customer, **values: str) -> str:
    return api.post("contacts", values)["id"]


def only_message(api: Customer, contact: str) -> Json:
    found = api.get(f"contacts/{contact}/messages")["messages"]
    return found[0] if found else {"state": None, "times": {}}


def test_an_email_is_delivered_opened_and_clicked(api: Customer) -> None:
    listening = triggered(api, {"event_type": "email_clicked"}, tag("keen"))
    contact = person(api, email=f"mia-{uuid4().hex[:8]}@example.com")
    workflow = api.workflow(emailing(api))
    (execution,) = api.start(workflow, [contact])
    # What is told of it may come in another order.
    assert eventually(lambda: sorted(only_message(api, contact)["times"]) == sorted(ORDER))

    message = only_message(api, contact)
    assert message["state"] == "clicked"
    assert (message["channel"], message["provider"], message["reason"]) == (
        "email",
        "sendgrid",
        None,
    )
    (sent,) = api.log(execution)
    assert sent["messages"] == [message]
    assert sent["deliveries"] == []
    assert message["provider_message_id"] == sent["attempts"][0]["provider_reference"]
    assert api.get(f"executions/{execution}/messages")["messages"] == [message]
    assert api.get(f"workflows/{workflow}/messages", state="clicked")["messages"] == [message]
    assert api.get(f"workflows/{workflow}/messages", state="bounced")["messages"] == []
    (step,) = api.get(f"workflows/{workflow}/executions/summary")["steps"]
    assert step["messages"] == {"clicked": 1}
    assert eventually(lambda: api.contact(contact)["tags"] == ["keen"])
    assert api.get(f"workflows/{listening}/messages")["messages"] == []


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        ("bounce", "bounced", "5.1.1 550 5.1.1 The email account"),
        ("blocked", "undelivered", "4.7.1"),
        ("dropped", "undelivered", "Bounced Address"),
    ],
)
def test_an_email_that_does_not_come_says_why(
    outcome: str, state: str, reason: str, api: Customer
) -> None:
    contact = person(api, email=f"{outcome}+{uuid4().hex[:8]}@simulator.test")
    api.start(api.workflow(emailing(api)), [contact])
    assert eventually(lambda: only_message(api, contact)["state"] == state)
    assert reason in only_message(api, contact)["reason"]


def test_an_answer_by_sms_is_heard(api: Customer) -> None:
    triggered(api, {"event_type": "sms_reply"}, tag("answered"))
    contact = person(api, phone="+15005559005")
    api.start(api.workflow(text_message("Hello")), [contact])
    told = {"sent", "delivered", "replied"}
    assert eventually(lambda: told <= only_message(api, contact)["times"].keys())
    assert only_message(api, contact)["state"] == "replied"
    assert eventually(lambda: api.contact(contact)["tags"] == ["answered"])


def test_an_sms_that_does_not_come_says_why(api: Customer) -> None:
    contact = person(api, phone="+15005559001")
    api.start(api.workflow(text_message("Hello")), [contact])
    assert eventually(lambda: only_message(api, contact)["state"] == "undelivered")
    assert only_message(api, contact)["reason"] == "30003"
