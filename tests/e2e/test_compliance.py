"""Who is not reached, and what the step says of it: by REST, by providers, and by the clock."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, text_message
from tests.support.foreground import eventually

# A phone of the simulator.
ANSWERS_STOP = "+15005559003"


@pytest.fixture
def api(stack: Stack, account: Account) -> Customer:
    """A customer of an account; SendGrid tells everything at the address of the stack's own."""
    headers = {"authorization": f"Bearer {stack.token()}"}
    with httpx.Client(
        base_url=stack.gateway_url, headers=headers, timeout=60, trust_env=False
    ) as own:
        Customer(own).draft()
    return Customer(account.http())


def step_of(api: Customer, workflow: str, contact: str) -> Json:
    """The only step of an execution that has ended."""
    (execution,) = api.start(workflow, [contact])
    assert eventually(lambda: api.ended(execution))
    (step,) = api.log(execution)
    return step


def person(api: Customer, **values: str) -> str:
    return api.post("contacts", values)["id"]


def suppressed(api: Customer, contact: str) -> list[Json]:
    return api.get(f"contacts/{contact}/consents")["suppressions"]


def sms(**config: object) -> Json:
    """A step that sends marketing."""
    action = text_message()
    del action["action_config"]["respect_quiet_hours"]
    action["action_config"] |= config
    return action


def test_each_refusal_is_explained_on_its_step(api: Customer) -> None:
    workflow = api.workflow(sms(quiet_hours_start="00:00", quiet_hours_end="00:00"))
    blocked, gone, silent = (
        person(api, phone=f"+49151123456{n}", first_name="N") for n in (10, 11, 12)
    )
    api.post("suppressions", {"channel": "sms", "address": "+4915112345610"})
    api.post("suppressions", {"contact_id": gone})
    today = datetime.now(UTC).date()
    for contact, reason in (
        (blocked, "suppressed: the address has been blocked by the account since"),
        (gone, "suppressed: the contact is not to be contacted since"),
    ):
        step = step_of(api, workflow, contact)
        assert step["status"] == "skipped"
        assert step["reason"].startswith(reason)
        assert str(today.year) in step["reason"]
        assert step["messages"] == []
    assert step_of(api, workflow, silent)["status"] == "completed"
    body = {"explicit_consent_channels": ["sms"]}
    assert api.http.patch("/api/v1/account", json=body).is_success
    step = step_of(api, workflow, silent)
    reason = "no consent: marketing by sms needs the contact's explicit consent"
    assert (step["status"], step["reason"]) == ("skipped", reason)


def test_who_answers_stop_gets_no_more(api: Customer) -> None:
    contact = person(api, phone=ANSWERS_STOP, first_name="N")
    workflow = api.workflow(text_message())
    assert step_of(api, workflow, contact)["status"] == "completed"
    assert eventually(lambda: [each["cause"] for each in suppressed(api, contact)] == ["stop"])
    (found,) = suppressed(api, contact)
    assert (found["created_by"], found["detail"]) == ("provider:twilio", "answered STOP")
    step = step_of(api, workflow, contact)
    assert (step["status"], step["reason"][:25]) == ("skipped", "suppressed: answered STOP")


def test_an_address_that_bounces_is_written_to_once(api: Customer) -> None:
    template = {"name": "Hi", "html_body": "<p>Hi!</p>", "text_body": "Hi!"}
    config = {
        "template_id": api.post("email-templates", template)["id"],
        "subject": "Hi",
        "from_name": "Loom",
        "from_email": "hello@example.com",
        "purpose": "transactional",
    }
    workflow = api.workflow({"action_type": "send_email", "action_config": config, "name": "email"})
    contact = person(api, email=f"bounce+{uuid4().hex[:8]}@simulator.test")
    assert step_of(api, workflow, contact)["status"] == "completed"
    assert eventually(lambda: [each["cause"] for each in suppressed(api, contact)] == ["bounce"])
    step = step_of(api, workflow, contact)
    assert step["status"] == "skipped"
    assert "have bounced since" in step["reason"]


def test_a_deferral_is_explained_on_its_step(api: Customer) -> None:
    now = datetime.now(UTC)
    start, end = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-2, 2))
    contact = person(api, phone="+4915112345699", timezone="Etc/UTC", first_name="N")
    (execution,) = api.start(
        api.workflow(sms(quiet_hours_start=start, quiet_hours_end=end)), [contact]
    )

    def reason() -> str | None:
        log = api.log(execution)
        return log[0]["reason"] if log else None

    assert eventually(lambda: reason() == f"quiet hours {start}-{end} (Etc/UTC)")
    (step,) = api.log(execution)
    assert step["status"] == "scheduled"
    api.post(f"executions/{execution}/cancel")
