"""Every record action over REST: configured, activated, run for two contacts, and what came of it.

One workflow holds all of them, and steps go on with what earlier ones have made. It runs once for
the module; each test looks at one outcome as a customer would.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.support.e2e_office import Office
from tests.support.e2e_rest import Json, step
from tests.support.foreground import eventually

RECORD_ACTIONS = {
    *("create_contact", "update_contact", "add_tag", "remove_tag", "assign_to_user"),
    *("add_to_campaign", "remove_from_campaign", "move_pipeline_stage", "create_opportunity"),
    *("create_task", "add_note", "send_notification"),
    *("grant_course_access", "revoke_course_access"),
}


@dataclass(frozen=True)
class Run:
    """What has become of one contact."""

    office: Office
    before: Json
    execution: Json
    log: dict[str, Json]

    @property
    def contact(self) -> str:
        """The contact's id."""
        return self.before["id"]

    @property
    def owner(self) -> Json:
        """The user who has become its owner."""
        owner = self.log["assign_to_user"]["result"]["user_id"]
        return next(user for user in self.office.users.values() if user["id"] == owner)

    def output(self, name: str) -> Json:
        """What a step has told later ones."""
        return self.log[name]["result"]


def everything(there: Office) -> list[Json]:
    """All record actions."""
    sales, newsletter = there.sales["id"], there.newsletter
    return [
        step(
            "create_contact",
            first_name="{{ contact.custom_fields.partner }}",
            email="{{ contact.custom_fields.partner }}-{{ contact.email }}",
            custom_fields={"partner_of": "{{ contact.id }}", "seats": 1},
        ),
        step(
            "update_contact",
            field_updates=[
                {"field": "last_name", "value": "{{ contact.last_name | upcase }}"},
                {
                    "field": "custom_fields.partner_id",
                    "value": "{{ steps.create_contact.contact_id }}",
                },
            ],
        ),
        step("add_tag", tag_name="{{ contact.custom_fields.plan }} customer", tag_color="#2a9d8f"),
        step("remove_tag", "untag", tag_name="{{ steps.add_tag.tag_name }}"),
        step("add_tag", "retag", tag_name="vip"),
        step("remove_tag", tag_name="lead"),
        step("assign_to_user", assignment_type="round_robin", team_id=there.team),
        step(
            "add_to_campaign",
            campaign_id=newsletter["id"],
            start_position="specific_step",
            step_id=newsletter["steps"][1]["id"],
        ),
        step("add_to_campaign", "start_trial", campaign_id=there.trial["id"]),
        step(
            "remove_from_campaign",
            campaign_id=there.trial["id"],
            reason="{{ contact.first_name }} has bought",
        ),
        step(
            "create_opportunity",
            pipeline_id=sales,
            name="{{ contact.last_name }}: {{ contact.custom_fields.plan }}",
            value="{{ contact.custom_fields.seats | times: 99.5 }}",
            currency="EUR",
        ),
        step(
            "move_pipeline_stage",
            pipeline_id=sales,
            stage_id=there.stage("Won"),
            opportunity_selector="specific",
            opportunity_id="{{ steps.create_opportunity.opportunity_id }}",
        ),
        step(
            "create_task",
            title="Call {{ contact.first_name }}",
            description="About {{ steps.create_opportunity.opportunity_id }}",
            due_date_offset={"days": 2, "hours": 3},
            priority="high",
        ),
        step(
            "add_note",
            content="{{ user.name }} has sold for {{ steps.create_opportunity.value }}"
            " {{ steps.create_opportunity.currency }}; next: {{ steps.create_task.task_id }}",
            note_type="workflow",
        ),
        step(
            "send_notification",
            recipient_type="contact_owner",
            channels=["in_app", "email", "sms"],
            title="{{ contact.first_name }} has bought",
            message="Contact {{ contact.id }}",
        ),
        step(
            "grant_course_access", course_id=there.basics, access_level="limited", duration_days=30
        ),
        step("grant_course_access", "open_advanced", course_id=there.advanced, send_welcome=False),
        step(
            "revoke_course_access",
            course_id=there.advanced,
            revocation_reason="only with the {{ contact.custom_fields.plan }} plan",
        ),
    ]


@pytest.fixture(scope="module")
def runs(there: Office) -> list[Run]:
    """One for each of two contacts, side by side."""
    file = (
        "email,first_name,last_name,tags,custom_fields.plan,custom_fields.seats,"
        "custom_fields.partner\n"
        f"{there.address('Ada')},Ada,Lovelace,lead;london,pro,3,charles\n"
        f"{there.address('Bob')},Bob,Kahn,lead,team,12,vint\n"
    )
    people = there.imported(file)
    workflow = there.api.workflow(*everything(there))
    executions = there.run(workflow, *(each["id"] for each in people))
    return [
        Run(there, before, execution, there.log(execution))
        for before, execution in zip(people, executions, strict=True)
    ]


def test_each_step_completes_with_the_outputs_it_declares(there: Office, runs: list[Run]) -> None:
    types = there.api.get("action-types")["action_types"]
    declared = {each["type"]: set(each["output_schema"]["properties"]) for each in types}
    for run in runs:
        assert run.execution["state"] == "completed"
        assert {each["action_type"] for each in run.log.values()} == RECORD_ACTIONS
        for each in run.log.values():
            assert (each["status"], each["error"], len(each["attempts"])) == ("completed", None, 1)
            assert each["contact_id"] == run.contact
            assert each["result"].keys() <= declared[each["action_type"]]


def test_create_contact(there: Office, runs: list[Run]) -> None:
    for run in runs:
        output = run.output("create_contact")
        assert (output["created"], output["updated"]) == (True, False)
        made = there.api.contact(output["contact_id"])
        partner = run.before["custom_fields"]["partner"]
        assert made["email"] == f"{partner}-{run.before['email']}"
        assert made["first_name"] == partner
        assert made["custom_fields"] == {"partner_of": run.contact, "seats": 1}


def test_update_contact(there: Office, runs: list[Run]) -> None:
    for run in runs:
        changed = there.api.contact(run.contact)
        assert changed["last_name"] == run.before["last_name"].upper()
        partner = run.output("create_contact")["contact_id"]
        assert changed["custom_fields"] == run.before["custom_fields"] | {"partner_id": partner}
        fields = ["last_name", "custom_fields.partner_id"]
        assert run.output("update_contact")["fields"] == fields


def test_add_tag_and_remove_tag(there: Office, runs: list[Run]) -> None:
    tags = {each["name"]: each for each in there.of("tags")}
    for run in runs:
        name = f"{run.before['custom_fields']['plan']} customer"
        added = {"tag_name": name, "tag_id": tags[name]["id"], "added": True}
        assert run.output("add_tag") == added
        assert run.output("untag") == {"tag_name": name, "removed": True}
        assert run.output("remove_tag") == {"tag_name": "lead", "removed": True}
        kept = set(run.before["tags"]) - {"lead"}
        assert set(there.api.contact(run.contact)["tags"]) == kept | {"vip"}
        assert (tags[name]["color"], tags[name]["contact_count"]) == ("#2a9d8f", 0)
    assert tags["vip"]["contact_count"] == len(runs)


def test_assign_to_user(there: Office, runs: list[Run]) -> None:
    assert {run.owner["name"] for run in runs} == there.users.keys()
    for run in runs:
        assert there.api.contact(run.contact)["owner_id"] == run.owner["id"]
        output = run.output("assign_to_user")
        assert (output["user_name"], output["previous_user_id"]) == (run.owner["name"], "")
        told = there.of("notifications", user_id=run.owner["id"])
        assert run.log["assign_to_user"]["id"] in {each["action_execution_id"] for each in told}


def test_add_to_campaign(there: Office, runs: list[Run]) -> None:
    campaign = there.newsletter
    for run in runs:
        (enrolled,) = there.of(f"campaigns/{campaign['id']}/enrollments", contact_id=run.contact)
        assert (enrolled["status"], enrolled["end_reason"]) == ("active", None)
        assert enrolled["step_id"] == campaign["steps"][1]["id"]
        assert run.output("add_to_campaign") == {
            "enrollment_id": enrolled["id"],
            "campaign_id": campaign["id"],
            "enrolled": True,
        }
    assert there.api.get(f"campaigns/{campaign['id']}")["enrolled_count"] == len(runs)


def test_remove_from_campaign(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (left,) = there.of("enrollments", campaign_id=there.trial["id"], contact_id=run.contact)
        reason = f"{run.before['first_name']} has bought"
        assert (left["status"], left["end_reason"]) == ("removed", reason)
        assert run.output("remove_from_campaign") == {
            "removed": True,
            "enrollment_id": run.output("start_trial")["enrollment_id"],
            "cancelled_execution_id": run.output("start_trial")["execution_id"],
        }
        cancelled = there.api.execution(left["execution_id"])
        assert (cancelled["state"], cancelled["contact_id"]) == ("cancelled", run.contact)
        assert reason in cancelled["reason"]


def test_create_opportunity_and_move_pipeline_stage(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (deal,) = there.of("opportunities", contact_id=run.contact)
        fields = run.before["custom_fields"]
        assert deal["name"] == f"{run.before['last_name'].upper()}: {fields['plan']}"
        assert (deal["value"], deal["currency"]) == (float(fields["seats"]) * 99.5, "EUR")
        assert (deal["stage_id"], deal["status"]) == (there.stage("Won"), "won")
        assert deal["closed_at"] is not None
        assert deal["action_execution_id"] == run.log["create_opportunity"]["id"]
        assert run.output("create_opportunity")["stage_id"] == there.stage("Lead")
        assert run.output("move_pipeline_stage") == {
            "opportunity_id": deal["id"],
            "stage_id": there.stage("Won"),
            "previous_stage_id": there.stage("Lead"),
            "moved": True,
        }


def test_create_task(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (task,) = there.of("tasks", contact_id=run.contact)
        assert (task["title"], task["priority"]) == (f"Call {run.before['first_name']}", "high")
        deal = run.output("create_opportunity")["opportunity_id"]
        assert (task["description"], task["status"]) == (f"About {deal}", "open")
        assert task["assignee_id"] == run.owner["id"]
        due, made = (datetime.fromisoformat(task[name]) for name in ("due_at", "created_at"))
        assert due - made == timedelta(days=2, hours=3)
        assert run.output("create_task")["task_id"] == task["id"]


def test_add_note(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (note,) = there.of("notes", contact_id=run.contact)
        value = run.output("create_opportunity")["value"]
        sold = f"{run.owner['name']} has sold for {value} EUR"
        assert note["content"] == f"{sold}; next: {run.output('create_task')['task_id']}"
        assert (note["id"], note["note_type"]) == (run.output("add_note")["note_id"], "workflow")
        assert note["author"] == f"execution:{run.execution['id']}"
        assert note["context"]["workflow_id"] == run.execution["workflow_id"]
        assert note["context"]["action_execution_id"] == run.log["add_note"]["id"]


def test_send_notification(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (notification_id,) = run.output("send_notification")["notification_ids"]

        def shown(path: str = f"notifications/{notification_id}") -> Json:
            return there.api.get(path)

        def arrived() -> bool:
            return {each["status"] for each in shown()["deliveries"]} == {"sent"}

        assert eventually(arrived), shown()
        notification = shown()
        assert notification["channels"] == ["in_app", "email", "sms"]
        assert notification["title"] == f"{run.before['first_name']} has bought"
        (email,) = there.received("sendgrid", run.owner["email"], run.contact)
        assert email["subject"] == notification["title"]
        (sms,) = there.received("twilio", run.owner["phone"], run.contact)
        assert sms["text"].startswith(notification["title"])
        there.api.post(f"notifications/{notification_id}/read")
        assert shown()["read_at"] is not None


def test_grant_course_access(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (access,) = there.of("course-accesses", contact_id=run.contact, course_id=there.basics)
        assert (access["status"], access["access_level"]) == ("active", "limited")
        granted, expires = (
            datetime.fromisoformat(access[name]) for name in ("granted_at", "expires_at")
        )
        assert expires - granted == timedelta(days=30)
        output = run.output("grant_course_access")
        assert (output["access_id"], output["granted"]) == (access["id"], True)
        welcome = f"{run.before['first_name']}, welcome to Basics"
        (email,) = there.received("sendgrid", run.before["email"])
        assert (email["subject"], email["html"]) == (welcome, "<p>Basics is open</p>")


def test_revoke_course_access(there: Office, runs: list[Run]) -> None:
    for run in runs:
        (access,) = there.of("course-accesses", contact_id=run.contact, course_id=there.advanced)
        assert access["status"] == "revoked"
        plan = run.before["custom_fields"]["plan"]
        assert access["revocation_reason"] == f"only with the {plan} plan"
        assert run.output("revoke_course_access") == {"access_id": access["id"], "revoked": True}
