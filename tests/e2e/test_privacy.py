"""A contact with a canary in everything, exported, erased, and looked for everywhere."""

import asyncio
import re
from uuid import uuid4

import httpx
import pytest

from devstack.stack import Stack
from tests.support.browser import Browser
from tests.support.canaries import in_database, in_files, in_streams
from tests.support.e2e_office import Office
from tests.support.e2e_rest import Json, ok, step, text_message, wait
from tests.support.e2e_simulator import hear_providers
from tests.support.foreground import eventually

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Canary:
    """A person whose every value can be told from all others."""

    def __init__(self) -> None:
        self.mark = f"canary{uuid4().hex[:10]}"
        self.name = f"Heron{self.mark}"
        self.email = f"{self.mark}@example.com"
        self.old_email = f"old.{self.mark}@example.com"
        self.phone = f"+1212{int(self.mark[6:], 16) % 8_000_000 + 2_000_000}"
        self.secret = f"allergic to {self.mark}"

    @property
    def texts(self) -> tuple[str, ...]:
        """What must be found nowhere."""
        return (self.mark, self.phone)


def planted(there: Office, canary: Canary) -> str:
    """The id of the contact, with a record of every kind."""
    api = there.api
    values = {
        "email": canary.old_email,
        "phone": canary.phone,
        "first_name": canary.name,
        "last_name": canary.mark,
        "custom_fields": {"note": canary.secret},
    }
    key = {"Idempotency-Key": str(uuid4())}
    contact = ok(api.http.post("/api/v1/contacts", json=values, headers=key)).json()["id"]
    ok(api.http.patch(f"/api/v1/contacts/{contact}", json={"email": canary.email}))
    api.post("notes", {"contact_id": contact, "content": f"met {canary.name}"})
    api.post("tasks", {"contact_id": contact, "title": f"call {canary.name}"})
    opportunity = {
        "contact_id": contact,
        "pipeline_id": there.sales["id"],
        "stage_id": there.stage("Lead"),
        "name": f"deal with {canary.name}",
    }
    api.post("opportunities", opportunity)
    file = f"email,phone,first_name\n{canary.email},not a number,{canary.name}\n"
    imported = ok(
        api.http.post("/api/v1/contact-imports", content=file, headers={"content-type": "text/csv"})
    ).json()["id"]
    assert eventually(lambda: api.get(f"contact-imports/{imported}")["status"] == "completed")
    return contact


def journey(there: Office) -> str:
    """The id of a workflow that writes the contact's values wherever a step can."""
    template = {
        "name": "News",
        "html_body": "<p>Hello {{ contact.first_name }}: {{ contact.custom_fields.note }}</p>",
        "text_body": "Hello {{ contact.first_name }}",
    }
    emailing = step(
        "send_email",
        template_id=there.api.post("email-templates", template)["id"],
        subject="For {{ contact.first_name }}",
        from_name="Loom",
        from_email="news@example.com",
    )
    return there.api.workflow(
        step("add_note", content="{{ contact.first_name }}: {{ contact.custom_fields.note }}"),
        step("create_task", title="Write to {{ contact.email }}"),
        step("add_tag", tag_name="vip"),
        step("add_to_campaign", campaign_id=there.newsletter["id"]),
        step(
            "send_notification",
            recipient_type="specific_user",
            recipient_ids=[there.users["Grace"]["id"]],
            title="{{ contact.first_name }} is here",
            message="Reach them at {{ contact.phone }}",
            channels=["in_app", "email"],
        ),
        step(
            "grant_course_access",
            course_id=there.basics,
            access_level="full",
            send_welcome=True,
        ),
        emailing,
        text_message("Dear {{ contact.first_name }}"),
        wait(1, "days"),
    )


def unsubscribe_url(there: Office, canary: Canary) -> str:
    messages = [
        message
        for message in there.received("sendgrid", canary.email)
        if "List-Unsubscribe" in message["details"]["headers"]
    ]
    headers = messages[0]["details"]["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(http://[^>]+/u/[\w-]+)>", headers["List-Unsubscribe"])
    assert found is not None
    assert found[1] in messages[0]["html"]
    assert found[1] in messages[0]["text"]
    assert "1 Loopback Road" in messages[0]["html"]
    return found[1]


def suppressed(stack: Stack, canary: Canary) -> str:
    """Why no marketing goes to the canary's email."""
    causes = f"SELECT cause FROM treadle.suppressions WHERE address = '{canary.email}'"
    return stack.postgres.query(causes, "treadle")


def waiting(there: Office, execution: str) -> bool:
    state = there.api.execution(execution)["state"]
    assert state in {"running", "waiting"}, there.api.log(execution)
    return state == "waiting"


def test_an_erased_contact_is_nowhere(stack: Stack, there: Office) -> None:
    hear_providers(stack)
    canary = Canary()
    api = there.api
    contact = planted(there, canary)
    (execution,) = api.start(journey(there), [contact])
    assert eventually(lambda: waiting(there, execution), 60)
    url = unsubscribe_url(there, canary)
    assert httpx.get(url, trust_env=False).status_code == 200
    assert suppressed(stack, canary) == ""
    assert httpx.post(url, data=ONE_CLICK, trust_env=False).status_code == 200
    assert suppressed(stack, canary) == "unsubscribe"
    told = "SELECT count(*) FROM treadle.provider_events WHERE payload::text LIKE"
    assert eventually(
        lambda: int(stack.postgres.query(f"{told} '%{canary.email}%'", "treadle")) > 1
    )
    outbox = "SELECT count(*) FROM treadle.event_outbox"
    assert eventually(lambda: stack.postgres.query(outbox, "treadle") == "0")

    document = ok(api.http.get(f"/api/v1/contacts/{contact}/export"))
    assert document.headers["content-disposition"].startswith("attachment")
    exported: Json = document.json()
    (shown,) = exported["contact"]
    assert (shown["email"], shown["phone"]) == (canary.email, canary.phone)
    for section in (
        *("tags", "notes", "tasks", "opportunities", "enrollments", "course_access", "consents"),
        *("suppressions", "messages", "executions", "steps", "attempts", "audit"),
        *("notifications", "deliveries", "refused_import_rows"),
    ):
        assert exported[section], section
    assert canary.secret in document.text

    erasure = ok(api.http.post(f"/api/v1/contacts/{contact}/erase"))
    assert erasure.status_code == 202
    path = erasure.headers["location"].removeprefix("/api/v1/")
    assert erasure.json()["cancelled_executions"] == 1
    assert eventually(lambda: api.get(path)["status"] == "completed")
    done = api.get(path)
    assert done["erased"]["contacts"] == 1
    assert done["erased"]["TREADLE_EVENTS"] >= 1

    assert in_database(stack, canary.texts) == set()
    assert asyncio.run(in_streams(stack, canary.texts)) == set()
    assert in_files(stack, canary.texts) == set()
    assert api.http.get(f"/api/v1/contacts/{contact}").status_code == 404
    ended = api.execution(execution)
    assert (ended["state"], ended["contact_id"]) == ("cancelled", None)
    assert all(not entry["result"] for entry in api.log(execution))
    again = ok(api.http.post(f"/api/v1/contacts/{contact}/erase"))
    assert again.json() == done


@pytest.mark.parametrize("kind", ["email", "text"])
def test_whoever_was_erased_is_not_reached_when_added_anew(
    stack: Stack, there: Office, kind: str
) -> None:
    canary = Canary()
    api = there.api
    person = {"email": canary.email, "phone": canary.phone, "first_name": "Anew"}
    erased = api.post(f"contacts/{api.post('contacts', person)['id']}/erase")
    assert eventually(lambda: api.get(f"erasures/{erased['id']}")["status"] == "completed")
    template = {"name": f"Receipt {canary.mark}", "html_body": "<p>Thanks</p>"}
    emailing = step(
        "send_email",
        template_id=api.post("email-templates", template)["id"],
        subject="Receipt",
        from_name="Loom",
        from_email="news@example.com",
        purpose="transactional",
    )
    workflow = api.workflow(emailing if kind == "email" else text_message())
    contact = api.post("contacts", person)["id"]
    (run,) = there.run(workflow, contact)
    (entry,) = api.log(run["id"])
    assert entry["status"] == "skipped"
    assert "has been erased" in entry["reason"]


def test_a_contact_chooses_in_a_browser(stack: Stack, there: Office) -> None:
    canary = Canary()
    api = there.api
    contact = api.post("contacts", {"email": canary.email, "phone": canary.phone})["id"]
    template = {"name": f"News {canary.mark}", "html_body": "<p>News</p>", "text_body": "News"}
    emailing = step(
        "send_email",
        template_id=api.post("email-templates", template)["id"],
        subject="News",
        from_name="Loom",
        from_email="news@example.com",
    )
    there.run(api.workflow(emailing), contact)
    url = unsubscribe_url(there, canary)
    with Browser() as browser:
        browser.open(f"{url}#preferences")
        # A style that the policy forbids would not count.
        assert browser.value("getComputedStyle(document.body).maxWidth") != "none"
        ticked = "[...document.querySelectorAll('input:checked')].map(box => box.name)"
        assert len(browser.value(ticked)) == 6
        browser.value("document.querySelector('[name=\"sms.marketing\"]').click()")
        browser.submit("document.querySelector('form[action$=preferences] button').click()")
        assert "saved" in browser.value("document.querySelector('[role=status]').innerText")
        assert "sms.marketing" not in browser.value(ticked)
        browser.submit("document.querySelector('form button').click()")
        assert "unsubscribed" in browser.value("document.querySelector('[role=status]').innerText")
        assert "email.marketing" not in browser.value(ticked)
    withdrawn = "SELECT channel || ' ' || purpose || ' ' || status FROM treadle.consents"
    said = stack.postgres.query(f"{withdrawn} WHERE contact_id = '{contact}' ORDER BY 1", "treadle")
    assert said.splitlines() == ["email marketing withdrawn", "sms marketing withdrawn"]
    (run,) = there.run(api.workflow(emailing), contact)
    (entry,) = api.log(run["id"])
    assert (entry["status"], "unsubscribed" in entry["reason"]) == ("skipped", True)
