"""The OpenAPI document is whole, stable and says what the catalogue says."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from common.catalogue import catalogue
from gateway.app import create_app
from gateway.events import StreamSettings
from gateway.models.records import is_always_there
from gateway.record_table import RECORD_TYPES
from gateway.record_type import RecordType
from gateway.settings import GatewaySettings

# Generated clients are named after these: renaming one breaks them.
OPERATIONS = {
    "addSuppression": "POST /api/v1/suppressions",
    "getAccount": "GET /api/v1/account",
    "liftSuppression": "POST /api/v1/suppressions/{suppression_id}/lift",
    "listConsents": "GET /api/v1/contacts/{contact_id}/consents",
    "listSuppressions": "GET /api/v1/suppressions",
    "setConsents": "PATCH /api/v1/contacts/{contact_id}/consents",
    "updateAccount": "PATCH /api/v1/account",
    "eraseContact": "POST /api/v1/contacts/{contact_id}/erase",
    "exportContact": "GET /api/v1/contacts/{contact_id}/export",
    "getErasure": "GET /api/v1/erasures/{erasure_id}",
    "activateWorkflow": "POST /api/v1/workflows/{workflow_id}/activate",
    "addAction": "POST /api/v1/workflows/{workflow_id}/actions",
    "archiveWorkflow": "POST /api/v1/workflows/{workflow_id}/archive",
    "listWaits": "GET /api/v1/waits",
    "getWait": "GET /api/v1/waits/{wait_id}",
    "rearmWait": "POST /api/v1/waits/{wait_id}/rearm",
    "fireWait": "POST /api/v1/waits/{wait_id}/fire",
    "cancelWait": "POST /api/v1/waits/{wait_id}/cancel",
    "skipStep": "POST /api/v1/executions/{execution_id}/skip-step",
    "retryStep": "POST /api/v1/executions/{execution_id}/retry-step",
    "cancelExecution": "POST /api/v1/executions/{execution_id}/cancel",
    "cancelOperation": "POST /api/v1/operations/{operation_id}/cancel",
    "getOperation": "GET /api/v1/operations/{operation_id}",
    "listOperations": "GET /api/v1/operations",
    "pauseExecution": "POST /api/v1/executions/{execution_id}/pause",
    "previewOperation": "POST /api/v1/operations/preview",
    "resumeExecution": "POST /api/v1/executions/{execution_id}/resume",
    "startOperation": "POST /api/v1/operations",
    "clearProviderLimit": "DELETE /api/v1/providers/{peer}/limit",
    "createBranch": "POST /api/v1/workflows/{workflow_id}/branches",
    "createAudioFile": "POST /api/v1/audio-files",
    "createCampaign": "POST /api/v1/campaigns",
    "createContact": "POST /api/v1/contacts",
    "createContacts": "POST /api/v1/contacts/batch",
    "createCourse": "POST /api/v1/courses",
    "createCustomField": "POST /api/v1/custom-fields",
    "createEmailTemplate": "POST /api/v1/email-templates",
    "createMessengerIdentity": "POST /api/v1/messenger-identities",
    "createMessengerPage": "POST /api/v1/messenger-pages",
    "listDeadLetters": "GET /api/v1/dead-letters",
    "getDeadLetter": "GET /api/v1/dead-letters/{dead_letter_id}",
    "replayDeadLetter": "POST /api/v1/dead-letters/{dead_letter_id}/replay",
    "discardDeadLetter": "POST /api/v1/dead-letters/{dead_letter_id}/discard",
    "getUnknownSend": "GET /api/v1/unknown-sends/{unknown_send_id}",
    "listUnknownSends": "GET /api/v1/unknown-sends",
    "resolveUnknownSend": "POST /api/v1/unknown-sends/{unknown_send_id}/resolve",
    "resolveUnknownSends": "POST /api/v1/unknown-sends/resolve",
    "createEventType": "POST /api/v1/event-types",
    "deleteEventType": "DELETE /api/v1/event-types/{name}",
    "publishEvents": "POST /api/v1/events",
    "createNote": "POST /api/v1/notes",
    "createOpportunity": "POST /api/v1/opportunities",
    "createPipeline": "POST /api/v1/pipelines",
    "createTag": "POST /api/v1/tags",
    "createTask": "POST /api/v1/tasks",
    "createTeam": "POST /api/v1/teams",
    "createUser": "POST /api/v1/users",
    "createWorkflow": "POST /api/v1/workflows",
    "deleteAction": "DELETE /api/v1/workflows/{workflow_id}/actions/{action_id}",
    "deleteBranch": "DELETE /api/v1/workflows/{workflow_id}/branches/{branch_id}",
    "deleteAudioFile": "DELETE /api/v1/audio-files/{audio_file_id}",
    "deleteCampaign": "DELETE /api/v1/campaigns/{campaign_id}",
    "deleteCourse": "DELETE /api/v1/courses/{course_id}",
    "deleteCustomField": "DELETE /api/v1/custom-fields/{custom_field_id}",
    "deleteFacebookPageCredential": "DELETE /api/v1/credentials/facebook_page",
    "deleteMessengerIdentity": "DELETE /api/v1/messenger-identities/{messenger_identity_id}",
    "deleteMessengerPage": "DELETE /api/v1/messenger-pages/{messenger_page_id}",
    "deleteNote": "DELETE /api/v1/notes/{note_id}",
    "deleteOpportunity": "DELETE /api/v1/opportunities/{opportunity_id}",
    "deletePipeline": "DELETE /api/v1/pipelines/{pipeline_id}",
    "deleteSendgridCredential": "DELETE /api/v1/credentials/sendgrid",
    "deleteStripeCredential": "DELETE /api/v1/credentials/stripe",
    "deleteTag": "DELETE /api/v1/tags/{tag_id}",
    "deleteTask": "DELETE /api/v1/tasks/{task_id}",
    "deleteTeam": "DELETE /api/v1/teams/{team_id}",
    "deleteTwilioCredential": "DELETE /api/v1/credentials/twilio",
    "deleteWebhookSigningCredential": "DELETE /api/v1/credentials/webhook_signing",
    "getAction": "GET /api/v1/workflows/{workflow_id}/actions/{action_id}",
    "getActionType": "GET /api/v1/action-types/{type}",
    "getAudioFile": "GET /api/v1/audio-files/{audio_file_id}",
    "getCampaign": "GET /api/v1/campaigns/{campaign_id}",
    "getContact": "GET /api/v1/contacts/{contact_id}",
    "getContactImport": "GET /api/v1/contact-imports/{contact_import_id}",
    "getCourse": "GET /api/v1/courses/{course_id}",
    "getCourseAccess": "GET /api/v1/course-accesses/{course_access_id}",
    "getCustomField": "GET /api/v1/custom-fields/{custom_field_id}",
    "getEmailTemplate": "GET /api/v1/email-templates/{template_id}",
    "getEnrollment": "GET /api/v1/enrollments/{enrollment_id}",
    "getExecution": "GET /api/v1/executions/{execution_id}",
    "getFacebookPageCredential": "GET /api/v1/credentials/facebook_page",
    "getLiveness": "GET /healthz",
    "getMessengerIdentity": "GET /api/v1/messenger-identities/{messenger_identity_id}",
    "getMessengerPage": "GET /api/v1/messenger-pages/{messenger_page_id}",
    "getNote": "GET /api/v1/notes/{note_id}",
    "getNotification": "GET /api/v1/notifications/{notification_id}",
    "getOpportunity": "GET /api/v1/opportunities/{opportunity_id}",
    "getPipeline": "GET /api/v1/pipelines/{pipeline_id}",
    "getReadiness": "GET /readyz",
    "getSendgridCredential": "GET /api/v1/credentials/sendgrid",
    "getStripeCredential": "GET /api/v1/credentials/stripe",
    "getTag": "GET /api/v1/tags/{tag_id}",
    "getTask": "GET /api/v1/tasks/{task_id}",
    "getTeam": "GET /api/v1/teams/{team_id}",
    "getTimer": "GET /api/v1/timers/{attempt_id}",
    "getTwilioCredential": "GET /api/v1/credentials/twilio",
    "getUser": "GET /api/v1/users/{user_id}",
    "getWebhookSigningCredential": "GET /api/v1/credentials/webhook_signing",
    "getWorkflow": "GET /api/v1/workflows/{workflow_id}",
    "listActionExecutions": "GET /api/v1/executions/{execution_id}/actions",
    "listActionTypes": "GET /api/v1/action-types",
    "listActions": "GET /api/v1/workflows/{workflow_id}/actions",
    "listAuditEntries": "GET /api/v1/workflows/{workflow_id}/audit",
    "listMessengerIdentities": "GET /api/v1/messenger-identities",
    "listMessengerPages": "GET /api/v1/messenger-pages",
    "listBranches": "GET /api/v1/workflows/{workflow_id}/branches",
    "listCampaignEnrollments": "GET /api/v1/campaigns/{campaign_id}/enrollments",
    "listAudioFiles": "GET /api/v1/audio-files",
    "listCampaigns": "GET /api/v1/campaigns",
    "listContactImports": "GET /api/v1/contact-imports",
    "listContactMessages": "GET /api/v1/contacts/{contact_id}/messages",
    "listContacts": "GET /api/v1/contacts",
    "listCourseAccesses": "GET /api/v1/course-accesses",
    "listCourses": "GET /api/v1/courses",
    "listCredentials": "GET /api/v1/credentials",
    "listCustomFields": "GET /api/v1/custom-fields",
    "listEmailTemplates": "GET /api/v1/email-templates",
    "listEnrollments": "GET /api/v1/enrollments",
    "listEventTypes": "GET /api/v1/event-types",
    "listExecutionMessages": "GET /api/v1/executions/{execution_id}/messages",
    "listExecutions": "GET /api/v1/executions",
    "listNotes": "GET /api/v1/notes",
    "listNotifications": "GET /api/v1/notifications",
    "listOpportunities": "GET /api/v1/opportunities",
    "listPipelines": "GET /api/v1/pipelines",
    "listProviders": "GET /api/v1/providers",
    "listRecordChanges": "GET /api/v1/audit",
    "listRefusedRows": "GET /api/v1/contact-imports/{contact_import_id}/refused-rows",
    "listTags": "GET /api/v1/tags",
    "listTasks": "GET /api/v1/tasks",
    "listTeams": "GET /api/v1/teams",
    "listTimers": "GET /api/v1/timers",
    "listUsers": "GET /api/v1/users",
    "listWorkflowExecutions": "GET /api/v1/workflows/{workflow_id}/executions",
    "listWorkflowMessages": "GET /api/v1/workflows/{workflow_id}/messages",
    "listWorkflows": "GET /api/v1/workflows",
    "markNotificationRead": "POST /api/v1/notifications/{notification_id}/read",
    "pauseWorkflow": "POST /api/v1/workflows/{workflow_id}/pause",
    "reorderActions": "POST /api/v1/workflows/{workflow_id}/actions/reorder",
    "resetProvider": "POST /api/v1/providers/{peer}/reset",
    "resumeWorkflow": "POST /api/v1/workflows/{workflow_id}/resume",
    "rotateWebhookSigning": "POST /api/v1/credentials/webhook_signing/rotate",
    "setCourseProgress": "PUT /api/v1/course-accesses/{course_access_id}/progress",
    "setFacebookPageCredential": "PUT /api/v1/credentials/facebook_page",
    "setProviderLimit": "PUT /api/v1/providers/{peer}/limit",
    "setSendgridCredential": "PUT /api/v1/credentials/sendgrid",
    "setStripeCredential": "PUT /api/v1/credentials/stripe",
    "setTriggers": "PUT /api/v1/workflows/{workflow_id}/triggers",
    "setTwilioCredential": "PUT /api/v1/credentials/twilio",
    "setWebhookSigningCredential": "PUT /api/v1/credentials/webhook_signing",
    "startContactImport": "POST /api/v1/contact-imports",
    "startExecutions": "POST /api/v1/workflows/{workflow_id}/executions",
    "explainExecution": "GET /api/v1/executions/{execution_id}/explanation",
    "summarizeExecutions": "GET /api/v1/workflows/{workflow_id}/executions/summary",
    "updateAction": "PUT /api/v1/workflows/{workflow_id}/actions/{action_id}",
    "updateAudioFile": "PATCH /api/v1/audio-files/{audio_file_id}",
    "updateCampaign": "PATCH /api/v1/campaigns/{campaign_id}",
    "updateContact": "PATCH /api/v1/contacts/{contact_id}",
    "updateCourse": "PATCH /api/v1/courses/{course_id}",
    "updateCustomField": "PATCH /api/v1/custom-fields/{custom_field_id}",
    "updateEmailTemplate": "PATCH /api/v1/email-templates/{template_id}",
    "updateMessengerIdentity": "PATCH /api/v1/messenger-identities/{messenger_identity_id}",
    "updateMessengerPage": "PATCH /api/v1/messenger-pages/{messenger_page_id}",
    "updateOpportunity": "PATCH /api/v1/opportunities/{opportunity_id}",
    "updatePipeline": "PATCH /api/v1/pipelines/{pipeline_id}",
    "updateTag": "PATCH /api/v1/tags/{tag_id}",
    "updateTask": "PATCH /api/v1/tasks/{task_id}",
    "updateTeam": "PATCH /api/v1/teams/{team_id}",
    "updateUser": "PATCH /api/v1/users/{user_id}",
    "updateWorkflow": "PATCH /api/v1/workflows/{workflow_id}",
    "watchExecution": "GET /api/v1/executions/{execution_id}/events",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    nothing: Any = None  # no request is made
    streams = StreamSettings(timedelta(seconds=15), asyncio.Event(), most=1)
    app = create_app(GatewaySettings(), nothing, streams)
    return json.loads(json.dumps(app.openapi()))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in cast("dict[str, Any]", part).items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in cast("list[Any]", part):
            yield from references(value)


def test_operation_ids_are_stable(document: dict[str, Any]) -> None:
    seen = {o["operationId"]: f"{m.upper()} {p}" for p, m, o in operations(document)}

    assert seen == OPERATIONS


def test_operations_and_filters_say_what_they_do(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] == "path" or parameter["description"], (path, parameter)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(references(document)):
        at: Any = document
        assert reference.startswith("#/")
        for key in reference[2:].split("/"):
            at = at[key.replace("~1", "/").replace("~0", "~")]


def test_calls_need_a_token_and_say_how_they_fail(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        if not path.startswith("/api/"):
            continue
        assert operation["security"] == [{"bearer": []}], path
        refused = {code for code in operation["responses"] if int(code) >= 400}
        assert {"400", "401", "403", "429", "500", "503", "504"} <= refused
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= refused
        for code in refused:
            problem = document["components"]["responses"][f"Problem{code}"]
            assert list(problem["content"]) == ["application/problem+json"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_what_a_query_asks_for_may_be_missing_or_unfit(document: dict[str, Any]) -> None:
    refusals = {
        operation["operationId"]: set(operation["responses"])
        for _, _, operation in operations(document)
    }
    for name in ("getAccount", "getTwilioCredential", "deleteTwilioCredential"):
        assert "404" in refusals[name], name
    for name in ("listActionTypes", "listSuppressions"):
        assert "422" in refusals[name], name
    assert not {"404", "422"} & refusals["listEmailTemplates"]


def test_configurations_are_those_of_the_catalogue(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    body = schemas["AddActionBody"]["properties"]
    assert body["action_type"]["enum"] == sorted(catalogue().types)
    by_type = body["action_config"]["x-treadle-by-action-type"]
    assert set(by_type) == set(catalogue().types)
    options = {option.get("$ref") for option in body["action_config"]["oneOf"]}
    assert options == {*by_type.values(), None}
    for name, spec in catalogue().types.items():
        schema = schemas[by_type[name].rpartition("/")[2]]
        assert list(schema["properties"]) == list(spec.config_schema()["properties"])


@pytest.mark.parametrize("record", RECORD_TYPES, ids=lambda record: record.path)
def test_records_are_documented_as_their_contracts_say(
    document: dict[str, Any], record: RecordType
) -> None:
    shown = document["components"]["schemas"][record.spec.message.name]
    assert shown["description"] == record.about
    assert shown["required"] == list(shown["properties"])
    for name, field in record.spec.message.fields.items():
        schema = shown["properties"][name]
        assert schema["title"] == field.label
        assert schema.get("description", "") == field.help
        options = [option.get("type") for option in schema.get("anyOf", ())]
        assert ("null" in options) == (not is_always_there(field)), name


def test_rules_of_values_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    new = schemas["CreateOpportunityBody"]
    assert new["required"] == ["contact_id", "name", "pipeline_id"]
    assert new["properties"]["name"] | {"title": ""} == {
        "type": "string",
        "minLength": 1,
        "maxLength": 300,
        "title": "",
    }
    value, nothing, absent = schemas["UpdateOpportunityBody"]["properties"]["value"]["anyOf"]
    assert value == {"type": "number", "minimum": 0, "maximum": 10**12}
    assert (nothing, absent) == ({"const": ""}, {"type": "null"})
    stages = schemas["CreatePipelineBody"]["properties"]["stages"]
    assert (stages["minItems"], stages["maxItems"]) == (1, 50)
    assert stages["items"] == {"$ref": "#/components/schemas/PipelineStageBody"}


def test_bodies_have_examples(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            if "example" in content.get("text/csv", {}):
                continue
            schema = content["application/json"]["schema"]
            names = [r.rpartition("/")[2] for r in references(schema)]
            assert any(document["components"]["schemas"][n].get("examples") for n in names), path


def test_the_page_needs_no_other_host() -> None:
    for path in Path("gateway/static").iterdir():
        assert not re.findall(r"""(?:https?:)?//[\w-]+\.\w+""", path.read_text()), path.name
