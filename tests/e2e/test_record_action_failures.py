"""Every record action that cannot be done says why on its step, and the run goes on as it is told.

One workflow fails in each of its steps for one contact, and completes.
"""

import pytest

from tests.support.e2e_office import Office
from tests.support.e2e_rest import Json, step, tag, told, wait
from tests.support.foreground import eventually

NOBODY = "00000000-0000-4000-8000-000000000000"


# By action type. What a configuration can only come to be wrong by, merge fields and changes to
# records after the workflow is activated, makes it wrong here.
TOLD = {
    "create_contact": ("invalid_config", "email: "),
    "update_contact": ("rejected", "has the email"),
    "add_tag": ("invalid_config", "tag_name: must have at most 100 characters"),
    "remove_tag": ("invalid_config", "tag_name: must have at most 100 characters"),
    "add_to_campaign": ("rejected", "the campaign Over is not active; activate it first"),
    "remove_from_campaign": ("invalid_config", "reason: must have at most 500 characters"),
    "move_pipeline_stage": ("rejected", "the contact has no opportunity in the pipeline Sales"),
    "assign_to_user": ("rejected", "no eligible user: team"),
    "create_task": ("invalid_config", f"assignee_id: there is no user {NOBODY}"),
    "add_note": ("invalid_config", "contact.custom_fields.remark has no value"),
    "send_notification": ("rejected", "no eligible user: the contact has no owner"),
    "create_opportunity": ("invalid_config", "value: must be a number"),
    "grant_course_access": ("invalid_config", "course_id: there is no course"),
    "revoke_course_access": ("invalid_config", "revocation_reason: must have at most 500"),
}


def failing(there: Office, taken: str, campaign: str, team: str, course: str) -> list[Json]:
    """A step of each record action that cannot be done."""
    essay = "{{ contact.custom_fields.essay }}"
    email = {"field": "email", "value": taken}
    pipeline, lead = there.sales["id"], there.stage("Lead")
    steps = [
        step("create_contact", email="{{ contact.first_name }} at home"),
        step("update_contact", field_updates=[email]),
        step("add_tag", tag_name=essay),
        step("remove_tag", tag_name=essay),
        step("add_to_campaign", campaign_id=campaign),
        step("remove_from_campaign", campaign_id=campaign, reason=essay),
        step("move_pipeline_stage", pipeline_id=pipeline, stage_id=lead),
        step("assign_to_user", assignment_type="least_busy", team_id=team),
        step("create_task", title="Call", assignee_id="{{ contact.custom_fields.agent }}"),
        step("add_note", content="{{ contact.custom_fields.remark }}"),
        step(
            "send_notification",
            recipient_type="contact_owner",
            channels=["in_app"],
            title="Look",
            message="at this",
        ),
        step("create_opportunity", pipeline_id=pipeline, name="Deal", value=essay),
        step("grant_course_access", course_id=course),
        step("revoke_course_access", course_id=there.basics, revocation_reason=essay),
    ]
    return [each | {"on_error": "continue"} for each in steps]


@pytest.fixture(scope="module")
def failed(there: Office) -> Json:
    """The run that failed in each step."""
    api = there.api
    taken = api.post("contacts", {"email": there.address("taken")})
    idle = api.post("users", {"name": "Idle", "is_active": False})["id"]
    team = api.post("teams", {"name": "Idle", "member_ids": [idle]})["id"]
    campaign = api.post("campaigns", {"name": "Over", "is_active": False})["id"]
    course = api.post("courses", {"name": "Retired"})["id"]
    steps = failing(there, taken["email"], campaign, team, course)
    workflow = api.workflow(wait(3), *steps, tag("went on"))
    fields = {"essay": "word " * 200, "agent": NOBODY}
    contact = api.post("contacts", {"first_name": "Ada", "custom_fields": fields})
    (run,) = api.start(workflow, [contact["id"]])
    # A course that a workflow names stays; the run is on the version that does name it, and goes no
    # further than its wait while the workflow is paused.
    api.post(f"workflows/{workflow}/pause")
    grant = api.steps(workflow)["grant_course_access"]["id"]
    for path in (f"workflows/{workflow}/actions/{grant}", f"courses/{course}"):
        assert api.http.delete(f"/api/v1/{path}").status_code == 204
    api.post(f"workflows/{workflow}/resume", {"in_flight": "keep"})
    assert eventually(lambda: api.ended(run)), api.log(run)
    return api.execution(run)


def test_the_run_goes_on_to_its_end(there: Office, failed: Json) -> None:
    assert failed["state"] == "completed"
    log = there.api.log(failed["id"])
    failures = [(name, "failed") for name in TOLD]
    assert told(log) == [("wait", "completed"), *failures, ("went on", "completed")]
    contact = there.api.contact(failed["contact_id"])
    assert (contact["tags"], contact["owner_id"], contact["email"]) == (["went on"], None, None)
    for path in ("opportunities", "tasks", "notes", "course-accesses", "enrollments"):
        assert there.of(path, contact_id=contact["id"]) == []


@pytest.mark.parametrize("action_type", TOLD)
def test_the_step_names_its_cause(there: Office, failed: Json, action_type: str) -> None:
    error_class, message = TOLD[action_type]
    failure = there.log(failed)[action_type]
    assert failure["error"]["error_class"] == error_class, failure["error"]
    assert message in failure["error"]["message"]
    assert (failure["result"], failure["retry_count"], len(failure["attempts"])) == ({}, 0, 1)
    assert failure["attempts"][0]["error"] == failure["error"]
