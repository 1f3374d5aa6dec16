"""Workflows, executions, contacts, templates, timers, action types: requests and answers."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from common.catalogue import action_type_json, action_type_message, catalogue
from common.errors import ErrorReason, FieldViolation, TreadleError, invalid, malformed
from tests.support.gateway import Script
from treadle.catalog.v1 import catalog_service_pb2
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.execution.v1 import execution_pb2, execution_service_pb2
from treadle.scheduler.v1 import scheduler_service_pb2
from treadle.workflow.v1 import audit_pb2, workflow_pb2, workflow_service_pb2

ID = "880e8400-e29b-41d4-a716-446655440000"
OTHER = "770e8400-e29b-41d4-a716-446655440000"
NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)

WORKFLOW = workflow_pb2.Workflow(
    id=ID,
    name="Welcome",
    status=workflow_pb2.WORKFLOW_STATUS_ACTIVE,
    version=2,
    created_at=NOON,
    updated_at=NOON,
    etag="w1",
)
EXECUTION = execution_pb2.Execution(
    id=ID,
    workflow_id=OTHER,
    workflow_version=2,
    contact_id=OTHER,
    state=execution_pb2.EXECUTION_STATE_WAITING,
    started_at=NOON,
)
CONTACT = contact_pb2.Contact(
    id=ID, email="ada@example.com", tags=["vip"], created_at=NOON, updated_at=NOON, etag="c1"
)


async def test_workflows(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("CreateWorkflow", workflow_service_pb2.CreateWorkflowResponse(workflow=WORKFLOW))
    script.on("UpdateWorkflow", workflow_service_pb2.UpdateWorkflowResponse(workflow=WORKFLOW))
    script.on("ListWorkflows", workflow_service_pb2.ListWorkflowsResponse(workflows=[WORKFLOW]))

    created = await admin.post("/api/v1/workflows", json={"name": "Welcome"})
    assert created.status_code == 201
    assert created.headers["location"] == f"/api/v1/workflows/{ID}"
    assert created.headers["etag"] == '"w1"'
    assert created.json()["status"] == "active"

    changed = await admin.patch(
        f"/api/v1/workflows/{ID}", json={"description": ""}, headers={"If-Match": 'W/"w1"'}
    )
    assert changed.status_code == 200
    assert list(script.last.update_mask.paths) == ["description"]
    assert script.last.etag == "w1"

    listed = await admin.get("/api/v1/workflows", params={"status": "active"})
    assert [w["id"] for w in listed.json()["workflows"]] == [ID]
    assert script.last.status == workflow_pb2.WORKFLOW_STATUS_ACTIVE


@pytest.mark.parametrize(
    ("verb", "body", "in_flight"),
    [
        ("activate", None, workflow_pb2.IN_FLIGHT_UNSPECIFIED),
        ("activate", {"in_flight": "keep"}, workflow_pb2.IN_FLIGHT_KEEP),
        ("resume", {"in_flight": "migrate"}, workflow_pb2.IN_FLIGHT_MIGRATE),
        ("resume", {"in_flight": None}, workflow_pb2.IN_FLIGHT_UNSPECIFIED),
    ],
)
async def test_activation_says_what_becomes_of_runs(
    admin: httpx.AsyncClient,
    script: Script,
    verb: str,
    body: object,
    in_flight: workflow_pb2.InFlight,
) -> None:
    script.on("ActivateWorkflow", workflow_service_pb2.ActivateWorkflowResponse(workflow=WORKFLOW))
    script.on("ResumeWorkflow", workflow_service_pb2.ResumeWorkflowResponse(workflow=WORKFLOW))

    answer = await (
        admin.post(f"/api/v1/workflows/{ID}/{verb}")
        if body is None
        else admin.post(f"/api/v1/workflows/{ID}/{verb}", json=body)
    )

    assert answer.status_code == 200
    assert script.last.in_flight == in_flight


async def test_pause_and_archive(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("PauseWorkflow", workflow_service_pb2.PauseWorkflowResponse(workflow=WORKFLOW))
    script.on("ArchiveWorkflow", workflow_service_pb2.ArchiveWorkflowResponse(workflow=WORKFLOW))

    assert (await admin.post(f"/api/v1/workflows/{ID}/pause", json={})).status_code == 200
    answer = await admin.post(f"/api/v1/workflows/{ID}/archive", json={"etag": "w1"})
    assert answer.status_code == 200
    assert script.last.etag == "w1"


async def test_a_workflow_that_is_not_valid_names_the_stored_values(
    admin: httpx.AsyncClient, script: Script
) -> None:
    field = f"actions[{OTHER}].config.subject"
    script.on(
        "ActivateWorkflow",
        TreadleError(
            ErrorReason.WORKFLOW_NOT_VALID,
            "one action is not valid",
            violations=[FieldViolation(field, "is required")],
        ),
    )

    answer = await admin.post(f"/api/v1/workflows/{ID}/activate")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": field, "detail": "is required"}]


async def test_branches_and_audit(admin: httpx.AsyncClient, script: Script) -> None:
    branch = workflow_pb2.WorkflowBranch(id=OTHER, workflow_id=ID, name="No answer")
    entry = audit_pb2.AuditEntry(
        id=OTHER, occurred_at=NOON, actor="user:x", operation="action.updated", entity_id=ID
    )
    entry.before.update({"position": 1})
    script.on("CreateBranch", workflow_service_pb2.CreateBranchResponse(branch=branch))
    script.on("ListBranches", workflow_service_pb2.ListBranchesResponse(branches=[branch]))
    script.on("DeleteBranch", workflow_service_pb2.DeleteBranchResponse())
    script.on("ListAuditEntries", workflow_service_pb2.ListAuditEntriesResponse(entries=[entry]))

    created = await admin.post(f"/api/v1/workflows/{ID}/branches", json={"name": "No answer"})
    assert created.status_code == 201
    assert created.json()["parent_action_id"] is None
    listed = await admin.get(f"/api/v1/workflows/{ID}/branches")
    assert listed.json() == {"branches": [created.json()]}
    assert (await admin.delete(f"/api/v1/workflows/{ID}/branches/{OTHER}")).status_code == 204

    (audited,) = (await admin.get(f"/api/v1/workflows/{ID}/audit")).json()["entries"]
    assert audited["before"] == {"position": 1}
    assert audited["after"] is None
    assert audited["occurred_at"] == "2026-01-26T12:00:00Z"


async def test_executions_start_for_one_or_many(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("StartExecution", execution_service_pb2.StartExecutionResponse(execution=EXECUTION))
    script.on("StartExecutions", execution_service_pb2.StartExecutionsResponse(execution_ids=[ID]))
    path = f"/api/v1/workflows/{ID}/executions"

    one = await admin.post(path, json={"contact_id": OTHER, "event": {"order": 7, "vip": True}})
    assert one.status_code == 201
    assert one.headers["location"] == f"/api/v1/executions/{ID}"
    assert one.json()["state"] == "waiting"
    assert dict(script.last.event) == {"order": 7.0, "vip": True}

    many = await admin.post(path, json={"contact_ids": [OTHER]})
    assert (many.status_code, many.json()) == (201, {"execution_ids": [ID]})
    assert not script.last.HasField("event")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contact_id": OTHER, "contact_ids": [OTHER]},
        {"contact_ids": []},
        {"contact_ids": [OTHER] * 1001},
    ],
)
async def test_executions_need_one_contact_or_a_list(
    admin: httpx.AsyncClient, script: Script, body: object
) -> None:
    answer = await admin.post(f"/api/v1/workflows/{ID}/executions", json=body)

    assert answer.status_code == 422
    assert script.requests == []


async def test_bad_contacts_of_a_batch_are_pointed_at(
    admin: httpx.AsyncClient, script: Script
) -> None:
    script.on("StartExecutions", invalid([FieldViolation("contact_ids[1]", "is not a contact")]))
    answer = await admin.post(
        f"/api/v1/workflows/{ID}/executions", json={"contact_ids": [ID, OTHER]}
    )
    assert answer.json()["errors"] == [{"pointer": "/contact_ids/1", "detail": "is not a contact"}]

    script.on("CreateContacts", invalid([FieldViolation("contacts[0].email", "is taken")]))
    answer = await admin.post("/api/v1/contacts/batch", json={"contacts": [{"email": "a@b.c"}]})
    assert answer.json()["errors"] == [{"pointer": "/contacts/0/email", "detail": "is taken"}]


async def test_executions_are_shown_and_cancelled(admin: httpx.AsyncClient, script: Script) -> None:
    action = execution_pb2.ActionExecution(
        id=OTHER,
        action_type="send_sms",
        status=execution_pb2.ACTION_EXECUTION_STATUS_FAILED,
        duration=timedelta(milliseconds=1500),
        error=execution_pb2.ActionError(
            error_class=execution_pb2.ERROR_CLASS_RATE_LIMIT, message="too fast"
        ),
        retry_count=5,
        attempts=[execution_pb2.Attempt(id=ID, number=1, started_at=NOON)],
    )
    action.action_config.update({"message": "hi", "media_urls": ["https://a.example/1"]})
    script.on(
        "ListActionExecutions",
        execution_service_pb2.ListActionExecutionsResponse(action_executions=[action]),
    )
    script.on(
        "ListExecutions", execution_service_pb2.ListExecutionsResponse(executions=[EXECUTION])
    )
    script.on("CancelExecution", execution_service_pb2.CancelExecutionResponse(execution=EXECUTION))

    (shown,) = (await admin.get(f"/api/v1/executions/{ID}/actions")).json()["action_executions"]
    assert shown["duration_seconds"] == 1.5
    assert shown["error"] == {"error_class": "rate_limit", "message": "too fast"}
    assert shown["attempts"][0]["started_at"] == "2026-01-26T12:00:00Z"
    assert shown["attempts"][0]["error"] is None
    assert shown["action_config"] == {"message": "hi", "media_urls": ["https://a.example/1"]}

    params = {"state": "failed", "contact_id": OTHER}
    assert (await admin.get("/api/v1/executions", params=params)).status_code == 200
    assert script.last.state == execution_pb2.EXECUTION_STATE_FAILED
    assert script.last.contact_id == OTHER

    assert (await admin.post(f"/api/v1/executions/{ID}/cancel")).status_code == 200
    await admin.post(f"/api/v1/executions/{ID}/cancel", json={"reason": "by mistake"})
    assert script.last.reason == "by mistake"


async def test_summary(admin: httpx.AsyncClient, script: Script) -> None:
    answer = execution_service_pb2.SummarizeExecutionsResponse(
        executions=execution_pb2.ExecutionCounts(running=2, completed=298),
        steps=[
            execution_pb2.StepSummary(
                action_id=OTHER,
                action_type="add_tag",
                completed=298,
                p99_duration=timedelta(seconds=2),
            )
        ],
    )
    script.on("SummarizeExecutions", answer)

    body = (await admin.get(f"/api/v1/workflows/{ID}/executions/summary")).json()

    assert body["executions"]["completed"] == 298
    assert body["steps"][0]["p99_duration_seconds"] == 2
    assert body["steps"][0]["p50_duration_seconds"] is None


async def test_contacts(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("CreateContact", contact_service_pb2.CreateContactResponse(contact=CONTACT))
    script.on("UpdateContact", contact_service_pb2.UpdateContactResponse(contact=CONTACT))
    script.on("ListContacts", contact_service_pb2.ListContactsResponse(contacts=[CONTACT]))
    script.on("CreateContacts", contact_service_pb2.CreateContactsResponse(contact_ids=[ID]))

    body = {"email": "ada@example.com", "custom_fields": {"plan": "pro", "seats": 3}}
    created = await admin.post("/api/v1/contacts", json=body)
    assert created.status_code == 201
    assert created.headers["etag"] == '"c1"'
    assert created.json()["tags"] == ["vip"]
    assert script.last.contact.custom_fields["seats"] == 3
    assert not script.last.contact.HasField("phone")

    await admin.patch(
        f"/api/v1/contacts/{ID}",
        json={"phone": "", "first_name": None, "custom_fields": {"plan": None}},
    )
    assert sorted(script.last.update_mask.paths) == ["custom_fields", "phone"]
    assert script.last.contact.HasField("phone")
    assert script.last.contact.custom_fields["plan"] is None

    await admin.get("/api/v1/contacts", params={"tag": "vip", "email": "ada@example.com"})
    assert (script.last.tag, script.last.email) == ("vip", "ada@example.com")

    batch = await admin.post("/api/v1/contacts/batch", json={"contacts": [body]})
    assert (batch.status_code, batch.json()) == (201, {"contact_ids": [ID]})

    script.on("CreateContact", invalid([FieldViolation("contact.email", "is no address")]))
    refused = await admin.post("/api/v1/contacts", json={"email": "ada"})
    assert refused.json()["errors"] == [{"pointer": "/email", "detail": "is no address"}]


async def test_email_templates(admin: httpx.AsyncClient, script: Script) -> None:
    template = contact_pb2.EmailTemplate(
        id=ID, name="Welcome", html_body="<p>", created_at=NOON, updated_at=NOON
    )
    script.on(
        "CreateEmailTemplate", contact_service_pb2.CreateEmailTemplateResponse(template=template)
    )

    answer = await admin.post(
        "/api/v1/email-templates", json={"id": ID.upper(), "name": "Welcome", "html_body": "<p>"}
    )
    assert answer.status_code == 201
    assert answer.json()["text_body"] is None
    assert script.last.template_id == ID

    script.on("CreateEmailTemplate", invalid([FieldViolation("template_id", "is taken")]))
    answer = await admin.post(
        "/api/v1/email-templates", json={"id": ID, "name": "Welcome", "html_body": "<p>"}
    )
    assert answer.json()["errors"][0]["pointer"] == "/id"

    script.on(
        "UpdateEmailTemplate", contact_service_pb2.UpdateEmailTemplateResponse(template=template)
    )
    answer = await admin.patch(
        f"/api/v1/email-templates/{ID}", json={"name": None, "html_body": "<p>", "text_body": ""}
    )
    assert (answer.status_code, answer.json()["name"]) == (200, "Welcome")
    assert script.last == contact_service_pb2.UpdateEmailTemplateRequest(
        template_id=ID, html_body="<p>", text_body=""
    )
    script.on("UpdateEmailTemplate", invalid([FieldViolation("name", "is required")]))
    answer = await admin.patch(f"/api/v1/email-templates/{ID}", json={"name": ""})
    assert answer.json()["errors"] == [{"pointer": "/name", "detail": "is required"}]


async def test_timers(admin: httpx.AsyncClient, script: Script) -> None:
    timer = scheduler_service_pb2.Timer(
        attempt_id=OTHER, kind=scheduler_service_pb2.TIMER_KIND_DELAYED_TASK, due_at=NOON
    )
    script.on("ListTimers", scheduler_service_pb2.ListTimersResponse(timers=[timer]))
    script.on("GetTimer", scheduler_service_pb2.GetTimerResponse(timer=timer))

    listed = (await admin.get("/api/v1/timers", params={"execution_id": ID})).json()
    assert listed["timers"][0]["kind"] == "delayed_task"
    assert script.last.execution_id == ID
    assert (await admin.get(f"/api/v1/timers/{OTHER}")).json() == listed["timers"][0]


async def test_action_types_are_the_catalogues_in_declared_order(
    admin: httpx.AsyncClient, script: Script
) -> None:
    specs = list(catalogue().types.values())
    script.on(
        "ListActionTypes",
        catalog_service_pb2.ListActionTypesResponse(
            action_types=[action_type_message(spec) for spec in specs]
        ),
    )

    shown = (await admin.get("/api/v1/action-types")).json()["action_types"]

    assert shown == [action_type_json(spec) for spec in specs]
    for served, spec in zip(shown, specs, strict=True):
        assert list(served["config_schema"]["properties"]) == list(spec.config.fields)


async def test_a_foreign_page_token_is_a_wrong_parameter(
    admin: httpx.AsyncClient, script: Script
) -> None:
    script.on("ListContacts", malformed("page_token", "is not of this list"))

    answer = await admin.get("/api/v1/contacts", params={"page_token": "abc"})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": "page_token", "detail": "is not of this list"}]
