"""The OpenAPI document is whole, stable and says what the catalogue says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from common.catalogue import catalogue
from gateway.app import create_app
from gateway.settings import GatewaySettings

# Generated clients are named after these: renaming one breaks them.
OPERATIONS = {
    "activateWorkflow": "POST /api/v1/workflows/{workflow_id}/activate",
    "addAction": "POST /api/v1/workflows/{workflow_id}/actions",
    "archiveWorkflow": "POST /api/v1/workflows/{workflow_id}/archive",
    "cancelExecution": "POST /api/v1/executions/{execution_id}/cancel",
    "createBranch": "POST /api/v1/workflows/{workflow_id}/branches",
    "createContact": "POST /api/v1/contacts",
    "createContacts": "POST /api/v1/contacts/batch",
    "createEmailTemplate": "POST /api/v1/email-templates",
    "createWorkflow": "POST /api/v1/workflows",
    "deleteAction": "DELETE /api/v1/workflows/{workflow_id}/actions/{action_id}",
    "deleteBranch": "DELETE /api/v1/workflows/{workflow_id}/branches/{branch_id}",
    "getAction": "GET /api/v1/workflows/{workflow_id}/actions/{action_id}",
    "getActionType": "GET /api/v1/action-types/{type}",
    "getContact": "GET /api/v1/contacts/{contact_id}",
    "getEmailTemplate": "GET /api/v1/email-templates/{template_id}",
    "getExecution": "GET /api/v1/executions/{execution_id}",
    "getLiveness": "GET /healthz",
    "getReadiness": "GET /readyz",
    "getTimer": "GET /api/v1/timers/{attempt_id}",
    "getWorkflow": "GET /api/v1/workflows/{workflow_id}",
    "listActionExecutions": "GET /api/v1/executions/{execution_id}/actions",
    "listActionTypes": "GET /api/v1/action-types",
    "listActions": "GET /api/v1/workflows/{workflow_id}/actions",
    "listAuditEntries": "GET /api/v1/workflows/{workflow_id}/audit",
    "listBranches": "GET /api/v1/workflows/{workflow_id}/branches",
    "listContacts": "GET /api/v1/contacts",
    "listEmailTemplates": "GET /api/v1/email-templates",
    "listEventTypes": "GET /api/v1/event-types",
    "listExecutions": "GET /api/v1/executions",
    "listTimers": "GET /api/v1/timers",
    "listWorkflowExecutions": "GET /api/v1/workflows/{workflow_id}/executions",
    "listWorkflows": "GET /api/v1/workflows",
    "pauseWorkflow": "POST /api/v1/workflows/{workflow_id}/pause",
    "reorderActions": "POST /api/v1/workflows/{workflow_id}/actions/reorder",
    "resumeWorkflow": "POST /api/v1/workflows/{workflow_id}/resume",
    "setTriggers": "PUT /api/v1/workflows/{workflow_id}/triggers",
    "startExecutions": "POST /api/v1/workflows/{workflow_id}/executions",
    "summarizeExecutions": "GET /api/v1/workflows/{workflow_id}/executions/summary",
    "updateAction": "PUT /api/v1/workflows/{workflow_id}/actions/{action_id}",
    "updateContact": "PATCH /api/v1/contacts/{contact_id}",
    "updateWorkflow": "PATCH /api/v1/workflows/{workflow_id}",
    "watchExecution": "GET /api/v1/executions/{execution_id}/events",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    nothing: Any = None  # no request is made
    app = create_app(GatewaySettings(), nothing, nothing)
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


def test_bodies_have_examples(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            names = [r.rpartition("/")[2] for r in references(schema)]
            assert any(document["components"]["schemas"][n].get("examples") for n in names), path


def test_the_page_needs_no_other_host() -> None:
    for path in Path("gateway/static").iterdir():
        assert not re.findall(r"""(?:https?:)?//[\w-]+\.\w+""", path.read_text()), path.name
