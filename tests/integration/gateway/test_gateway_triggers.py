"""Triggers and event types over REST: requests, answers and where a refusal points."""

from datetime import UTC, datetime

import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from common.errors import ErrorReason, FieldViolation, TreadleError, invalid
from tests.support.gateway import Script
from treadle.workflow.v1 import workflow_pb2, workflow_service_pb2

ID = "880e8400-e29b-41d4-a716-446655440000"
URL = f"/api/v1/workflows/{ID}/triggers"
NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
TRIGGER = {
    "event_type": "tag_added",
    "conditions": [
        {"field": "tag_name", "operator": "CONDITION_OPERATOR_ONE_OF", "value": ["vip", 2]},
        {"field": "tag_id", "operator": "CONDITION_OPERATOR_IS_SET"},
    ],
}
WORKFLOW = workflow_pb2.Workflow(
    id=ID,
    name="Welcome",
    status=workflow_pb2.WORKFLOW_STATUS_PAUSED,
    created_at=NOON,
    updated_at=NOON,
    etag="w1",
    triggers=[ParseDict(TRIGGER, workflow_pb2.Trigger())],
    re_entry=workflow_pb2.RE_ENTRY_ONCE,
)


async def test_triggers_are_set_and_shown(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("SetTriggers", workflow_service_pb2.SetTriggersResponse(workflow=WORKFLOW))
    shown = {
        "event_type": "tag_added",
        "conditions": [
            {"field": "tag_name", "operator": "one_of", "value": ["vip", 2]},
            {"field": "tag_id", "operator": "is_set", "value": None},
        ],
    }

    answer = await admin.put(
        URL, json={"triggers": [shown], "re_entry": "once"}, headers={"If-Match": '"w0"'}
    )

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"w1"'
    assert answer.json()["triggers"] == [shown]
    assert answer.json()["re_entry"] == "once"
    sent = script.last
    assert (sent.workflow_id, sent.etag) == (ID, "w0")
    assert sent.re_entry == workflow_pb2.RE_ENTRY_ONCE
    assert [MessageToDict(t, preserving_proto_field_name=True) for t in sent.triggers] == [TRIGGER]


async def test_what_is_left_out_is_the_default(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("SetTriggers", workflow_service_pb2.SetTriggersResponse(workflow=WORKFLOW))
    condition = {"field": "tag_name", "value": False}
    body = {
        "triggers": [
            {"event_type": "note_added"},
            {"event_type": "tag_added", "conditions": [condition]},
        ]
    }

    assert (await admin.put(URL, json=body)).status_code == 200

    bare, with_condition = script.last.triggers
    assert not bare.conditions
    assert with_condition.conditions[0].operator == 0
    assert with_condition.conditions[0].value.WhichOneof("kind") == "bool_value"
    assert script.last.re_entry == workflow_pb2.RE_ENTRY_UNSPECIFIED
    assert not script.last.etag


@pytest.mark.parametrize(
    ("text", "pointer", "detail"),
    [
        ("{}", "/triggers", "is required"),
        ('{"triggers": {}}', "/triggers", "must be an array"),
        ('{"triggers": [], "re_entry": "twice"}', "/re_entry", "must be one of 'once'"),
        ('{"triggers": [], "reentry": "once"}', "/reentry", "is not a field"),
        ('{"triggers": [{}]}', "/triggers/0/event_type", "is required"),
        (
            '{"triggers": [{"event_type": "a", "conditions": [{"field": 1}]}]}',
            "/triggers/0/conditions/0/field",
            "must be a string",
        ),
        (
            '{"triggers": [{"event_type": "a", "conditions": [{"field": "b", "operator": "="}]}]}',
            "/triggers/0/conditions/0/operator",
            "must be one of 'equals'",
        ),
    ],
)
async def test_bodies_that_are_refused_here(
    admin: httpx.AsyncClient, text: str, pointer: str, detail: str
) -> None:
    answer = await admin.put(URL, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


async def test_a_refusal_points_into_the_body(admin: httpx.AsyncClient, script: Script) -> None:
    field = "triggers[0].conditions[1].value"
    script.on("SetTriggers", invalid([FieldViolation(field, "is required with equals")]))
    body = {"triggers": [{"event_type": "tag_added"}]}

    answer = await admin.put(URL, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/triggers/0/conditions/1/value"
    script.on(
        "SetTriggers",
        TreadleError(ErrorReason.WORKFLOW_NOT_EDITABLE, "the workflow is active; pause it first"),
    )
    assert (await admin.put(URL, json=body)).status_code == 409


async def test_event_types(admin: httpx.AsyncClient, script: Script) -> None:
    known = workflow_pb2.EventType(
        name="tag_added", description="A tag was put on.", fields=["tag_id", "tag_name"]
    )
    script.on("ListEventTypes", workflow_service_pb2.ListEventTypesResponse(event_types=[known]))

    answer = await admin.get("/api/v1/event-types")

    assert answer.json() == {
        "event_types": [
            {
                "name": "tag_added",
                "description": "A tag was put on.",
                "fields": ["tag_id", "tag_name"],
            }
        ]
    }
