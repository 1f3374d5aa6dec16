"""Messenger through a whole stack: somebody writes, is linked, is answered, and reads it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_messenger import FacebookPage
from tests.support.e2e_rest import Customer, Json, ok, tag
from tests.support.e2e_triggers import triggered
from tests.support.foreground import eventually


class Page(FacebookPage):
    """A page, and what its account's workflows do with it."""

    def identity(self, psid: str) -> Json | None:
        """The person as the page knows them."""
        found = self.api.get("messenger-identities", messenger_page_id=self.id, psid=psid)
        return next(iter(found["messenger_identities"]), None)

    def known(self, psid: str) -> Json:
        """The same, once they are."""
        assert eventually(lambda: self.identity(psid) is not None)
        identity = self.identity(psid)
        assert identity is not None
        return identity

    def step(self, text: str = "Hi {{contact.first_name}}", **config: Any) -> Json:
        """A step that writes to whoever it is."""
        content = {"message_type": "text", "content": {"text": text}}
        config = {"page_id": self.id, **content, **config}
        return {"action_type": "send_messenger", "action_config": config, "name": "write"}

    def run(self, contact: str, **config: Any) -> Json:
        """The step's entry in the log, once it has ended."""
        (execution,) = self.api.start(self.api.workflow(self.step(**config)), [contact])
        assert eventually(lambda: self.api.ended(execution))
        return self.api.log(execution)[0]

    def message(self, contact: str) -> Json:
        """The newest message to a contact."""
        found = self.api.get(f"contacts/{contact}/messages")["messages"]
        return found[0] if found else {"state": None, "times": {}}


@pytest.fixture
def page(stack: Stack, account: Account) -> Page:
    return Page(stack, Customer(account.http()), account.id)


def person(page: Page, psid: str) -> str:
    """A contact who has just written to the page, and been linked."""
    page.write(psid, "Hello")
    identity = page.known(psid)
    assert identity["contact_id"] is None
    contact = page.api.post("contacts", {"first_name": "Ann"})["id"]
    body = {"contact_id": contact}
    ok(page.api.http.patch(f"/api/v1/messenger-identities/{identity['id']}", json=body))
    return contact


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def test_whoever_writes_is_answered_and_reads_it(page: Page) -> None:
    triggered(page.api, {"event_type": "messenger_read"}, tag("reader"))
    triggered(page.api, {"event_type": "messenger_replied"}, tag("talker"))
    psid = uuid4().hex
    contact = person(page, psid)
    step = page.run(contact)
    assert step["status"] == "completed", step
    assert step["result"]["recipient_id"] == psid
    known = ["delivered", "queued", "read"]
    assert eventually(lambda: sorted(page.message(contact)["times"]) == known)
    message = page.message(contact)
    assert (message["channel"], message["provider"], message["state"]) == (
        "messenger",
        "meta",
        "read",
    )
    page.write(psid, "Thanks")
    assert eventually(lambda: page.message(contact)["state"] == "replied")
    wanted = {"reader", "talker"}
    assert eventually(lambda: set(page.api.contact(contact)["tags"]) == wanted)


def test_outside_the_window_the_step_is_skipped_with_the_reason(page: Page) -> None:
    psid = uuid4().hex
    contact = person(page, psid)
    identity = page.known(psid)
    body = {"last_message_at": ago(hours=25)}
    ok(page.api.http.patch(f"/api/v1/messenger-identities/{identity['id']}", json=body))
    step = page.run(contact)
    assert step["status"] == "skipped"
    assert "more than the 24 hours ago for which Meta allows" in step["reason"]
    assert page.message(contact)["state"] is None
    tagged = page.run(contact, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    assert tagged["status"] == "completed", tagged
    # They write again, and the page may answer.
    page.write(psid, "Still there?")
    assert eventually(lambda: page.known(psid)["last_message_at"] > ago(minutes=10))
    assert page.run(contact)["status"] == "completed"


def test_a_link_says_who_has_come(page: Page) -> None:
    contact = page.api.post("contacts", {"first_name": "Bea"})["id"]
    psid = uuid4().hex
    page.write(psid, "", ref=contact)
    assert page.known(psid)["contact_id"] == contact
    assert page.run(contact)["status"] == "completed"


def test_meta_s_own_word_on_the_window_skips_the_step(page: Page) -> None:
    contact = person(page, "error-10-2018278")
    step = page.run(contact)
    assert step["status"] == "skipped"
    assert "Graph error 10/2018278" in step["reason"]


def test_a_page_that_is_not_connected_keeps_a_workflow_from_starting(page: Page) -> None:
    ok(page.api.http.delete("/api/v1/credentials/facebook_page?name=shop"))
    workflow = page.api.draft(page.step())
    answer = page.api.http.post(f"/api/v1/workflows/{workflow}/activate")
    assert answer.status_code == 422
    assert "the messenger page is not connected" in answer.text
