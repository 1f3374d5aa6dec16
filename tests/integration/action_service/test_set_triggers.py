"""Setting what starts a workflow, over gRPC on a real Postgres."""

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from action_service.domain.event_types import EVENT_TYPES
from common.errors import ErrorReason, TreadleError
from tests.support.action_api import Api, Client, fields, refusal, refused
from treadle.workflow.v1 import workflow_pb2
from treadle.workflow.v1 import workflow_service_pb2 as pb

VIP = {
    "event_type": "tag_added",
    "conditions": [
        {"field": "tag_name", "operator": "CONDITION_OPERATOR_ONE_OF", "value": ["vip", "gold"]},
        {"field": "tag_id", "operator": "CONDITION_OPERATOR_IS_SET"},
    ],
}
MOVED = {
    "event_type": "contact_updated",
    "conditions": [{"field": "changes.custom_fields.plan.after", "value": "pro"}],
}


def condition(field: str, operator: str = "EQUALS", **value: object) -> dict[str, object]:
    """A trigger of tag_added with one condition."""
    return {
        "event_type": "tag_added",
        "conditions": [{"field": field, "operator": f"CONDITION_OPERATOR_{operator}", **value}],
    }


async def set_triggers(
    client: Client, workflow_id: str, *triggers: Any, **more: Any
) -> workflow_pb2.Workflow:
    request = pb.SetTriggersRequest(workflow_id=workflow_id, **more)
    for trigger in triggers:
        ParseDict(trigger, request.triggers.add())
    return (await client.workflows.SetTriggers(request)).workflow


async def test_triggers_replace_each_other(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    assert workflow.re_entry == workflow_pb2.RE_ENTRY_AFTER_FINISHED
    assert not workflow.triggers

    first = await set_triggers(
        client, workflow.id, VIP, MOVED, re_entry=workflow_pb2.RE_ENTRY_ONCE, etag=workflow.etag
    )
    assert first == await client.get(workflow.id)
    assert first.etag != workflow.etag
    assert first.re_entry == workflow_pb2.RE_ENTRY_ONCE
    assert [MessageToDict(t, preserving_proto_field_name=True) for t in first.triggers] == [
        VIP,
        {
            "event_type": "contact_updated",
            "conditions": [
                {
                    "field": "changes.custom_fields.plan.after",
                    "operator": "CONDITION_OPERATOR_EQUALS",
                    "value": "pro",
                }
            ],
        },
    ]
    again = await set_triggers(client, workflow.id, VIP, MOVED, re_entry=workflow_pb2.RE_ENTRY_ONCE)
    assert again == first

    none = await set_triggers(client, workflow.id)
    assert not none.triggers
    assert none.re_entry == workflow_pb2.RE_ENTRY_AFTER_FINISHED
    # They are no part of what a version freezes.
    await client.add(workflow.id)
    await client.activate(workflow.id)
    await client.pause(workflow.id)
    assert not (await set_triggers(client, workflow.id, VIP)).has_unpublished_changes

    entries = (
        await client.workflows.ListAuditEntries(pb.ListAuditEntriesRequest(workflow_id=workflow.id))
    ).entries
    changes = [e for e in entries if e.operation == "workflow.triggers_set"]
    assert len(changes) == 3
    oldest = changes[-1]
    assert (oldest.entity_type, oldest.entity_id) == ("workflow", workflow.id)
    assert MessageToDict(oldest.before) == {"triggers": [], "re_entry": "after_finished"}
    after = MessageToDict(oldest.after)
    assert after["re_entry"] == "once"
    assert after["triggers"][1] == {
        "event_type": "contact_updated",
        "conditions": [
            {"field": "changes.custom_fields.plan.after", "operator": "equals", "value": "pro"}
        ],
    }
    assert MessageToDict(changes[0].before) == {"triggers": []}


async def test_only_drafts_and_paused_workflows_are_edited(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id)
    await refused(set_triggers(client, workflow.id, etag=workflow.etag), ErrorReason.STALE_ETAG)
    await client.activate(workflow.id)
    error = await refused(set_triggers(client, workflow.id, VIP), ErrorReason.WORKFLOW_NOT_EDITABLE)
    assert "pause it first" in error.message
    stranger = await api.client()
    await refused(set_triggers(stranger, workflow.id, VIP), ErrorReason.NOT_FOUND)
    viewer = await api.client("viewer", account_id=client.account_id)
    await refused(set_triggers(viewer, workflow.id, VIP), ErrorReason.PERMISSION_DENIED)
    await client.pause(workflow.id)
    await set_triggers(client, workflow.id, VIP)
    await client.workflows.ArchiveWorkflow(pb.ArchiveWorkflowRequest(workflow_id=workflow.id))
    await refused(set_triggers(client, workflow.id), ErrorReason.WORKFLOW_NOT_EDITABLE)


PLACE = "triggers[0].conditions[0]"


@pytest.mark.parametrize(
    ("trigger", "field", "words"),
    [
        ({}, "triggers[0].event_type", "is required"),
        ({"event_type": "tag_aded"}, "triggers[0].event_type", "did you mean 'tag_added'?"),
        ({"event_type": "zzz"}, "triggers[0].event_type", "there are contact_created"),
        (condition("tag_nam", value="x"), f"{PLACE}.field", "did you mean 'tag_name'?"),
        (condition("zzz", value="x"), f"{PLACE}.field", "its fields are tag_id, tag_name"),
        (condition("", value="x"), f"{PLACE}.field", "is required"),
        (condition("a\0", value="x"), f"{PLACE}.field", "NUL"),
        (condition("x" * 201, value="x"), f"{PLACE}.field", "at most 200 characters"),
        (condition("tag_name"), f"{PLACE}.value", "is required with equals"),
        (condition("tag_name", value=None), f"{PLACE}.value", "is required with equals"),
        (condition("tag_name", "CONTAINS"), f"{PLACE}.value", "is required with contains"),
        (condition("tag_name", "NOT_EQUALS", value=["x"]), f"{PLACE}.value", "must be text"),
        (condition("tag_name", value={"a": 1}), f"{PLACE}.value", "must be text"),
        (condition("tag_name", value="x" * 1001), f"{PLACE}.value", "at most 1,000 characters"),
        (condition("tag_name", value="\0"), f"{PLACE}.value", "NUL"),
        (condition("tag_name", "ONE_OF", value="x"), f"{PLACE}.value", "must be a list"),
        (condition("tag_name", "ONE_OF", value=[]), f"{PLACE}.value", "at least one value"),
        (condition("tag_name", "ONE_OF", value=["x"] * 101), f"{PLACE}.value", "at most 100"),
        (condition("tag_name", "ONE_OF", value=["x", None]), f"{PLACE}.value", "has an item that"),
        (condition("tag_name", "IS_SET", value="x"), f"{PLACE}.value", "must be left out"),
        (condition("tag_name", "IS_NOT_SET", value=1), f"{PLACE}.value", "must be left out"),
        (
            {"event_type": "contact_updated",
             "conditions": [{"field": "changes.email", "value": "x"}]},
            f"{PLACE}.operator",
            "compare changes.email.after",
        ),
        (
            {"event_type": "contact_updated",
             "conditions": [{"field": "changes.emial.after", "value": "x"}]},
            f"{PLACE}.field",
            "did you mean 'changes.email.after'?",
        ),
        (
            {"event_type": "tag_added", "conditions": [{"field": "tag_id", "value": "x"}] * 21},
            "triggers[0].conditions",
            "at most 20 items, not 21",
        ),
    ],
)  # fmt: skip
async def test_what_no_event_could_meet_is_refused(
    client: Client, trigger: dict[str, object], field: str, words: str
) -> None:
    workflow = await client.workflow()
    error = await refused(set_triggers(client, workflow.id, trigger), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == [field]
    assert words in error.violations[0].description
    assert not (await client.get(workflow.id)).triggers


async def test_every_violation_is_listed(client: Client) -> None:
    workflow = await client.workflow()
    error = await refusal(
        set_triggers(client, workflow.id, VIP, condition("x"), {"event_type": "y"})
    )
    assert fields(error) == [
        "triggers[1].conditions[0].field",
        "triggers[1].conditions[0].value",
        "triggers[2].event_type",
    ]
    error = await refused(
        set_triggers(client, workflow.id, *[VIP] * 21), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["triggers"]
    await set_triggers(client, workflow.id, *[VIP] * 20)


async def test_numbers_that_are_none(client: Client) -> None:
    workflow = await client.workflow()
    request = pb.SetTriggersRequest(workflow_id=workflow.id)
    trigger = request.triggers.add(event_type="tag_added")
    trigger.conditions.add(field="tag_name").value.number_value = float("nan")
    error = await refused(client.workflows.SetTriggers(request), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == [f"{PLACE}.value"]


@pytest.mark.parametrize(
    ("request_fields", "field"),
    [
        ({"re_entry": 99}, "re_entry"),
        (
            {"triggers": [{"event_type": "tag_added",
                           "conditions": [{"field": "tag_name", "operator": 99}]}]},
            f"{PLACE}.operator",
        ),
        ({"workflow_id": "nobody"}, "workflow_id"),
    ],
)  # fmt: skip
async def test_malformed_requests(
    client: Client, request_fields: dict[str, Any], field: str
) -> None:
    workflow = await client.workflow()
    given: dict[str, Any] = {"workflow_id": workflow.id, **request_fields}
    request = pb.SetTriggersRequest(**given)
    error: TreadleError = await refused(
        client.workflows.SetTriggers(request), ErrorReason.MALFORMED_REQUEST
    )
    assert fields(error) == [field]


async def test_event_types_are_listed(api: Api) -> None:
    viewer = await api.client("viewer")
    answer = await viewer.workflows.ListEventTypes(pb.ListEventTypesRequest())
    assert [each.name for each in answer.event_types] == list(EVENT_TYPES)
    by_name = {each.name: each for each in answer.event_types}
    assert list(by_name["tag_added"].fields) == ["tag_id", "tag_name"]
    assert "changes.custom_fields.<name>.after" in by_name["contact_updated"].fields
    assert "changes.email" in by_name["contact_updated"].fields
    assert all(each.description for each in answer.event_types)
