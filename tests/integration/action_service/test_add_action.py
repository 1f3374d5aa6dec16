"""Adding actions (SPEC-WFL-003 R1.1, R1.2), over gRPC on a real Postgres."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from action_service.adapters.upkeep import forget_answers
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused, tag
from treadle.workflow.v1 import action_pb2, action_service_pb2, workflow_service_pb2

EMAIL = {
    "send_email": {
        "template_id": "550e8400-e29b-41d4-a716-446655440000",
        "subject": "Welcome {{contact.first_name}}!",
        "from_name": "Support Team",
        "from_email": "support@example.com",
        "track_opens": True,
        "track_clicks": True,
    }
}


def add_request(workflow_id: str, **fields: Any) -> action_service_pb2.AddActionRequest:
    return action_service_pb2.AddActionRequest(workflow_id=workflow_id, **fields)


async def test_add_action_to_workflow(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    before = datetime.now(UTC) - timedelta(seconds=5)
    action = await client.add(workflow.id, EMAIL, name="welcome")
    assert action.workflow_id == workflow.id
    assert action.action_type == "send_email"
    assert action.config.send_email.subject == "Welcome {{contact.first_name}}!"
    assert (action.position, action.is_enabled, action.name) == (1, True, "welcome")
    assert action.created_at.ToDatetime(tzinfo=UTC) > before
    assert action.created_by == client.subject
    assert not action.previous_action_id
    assert not action.next_action_id
    request = action_service_pb2.GetActionRequest(workflow_id=workflow.id, action_id=action.id)
    assert (await client.actions.GetAction(request)).action == action
    after = await client.get(workflow.id)
    assert after.action_count == 1
    assert after.etag != workflow.etag
    audit = await api.rows(
        "SELECT actor, operation, entity_type, entity_id::text, before,"
        " after->>'action_type', after->'config'->>'subject'"
        " FROM audit_log WHERE operation = 'action.added'"
    )
    assert audit == [
        (
            f"user:{client.subject}",
            "action.added",
            "workflow_action",
            action.id,
            None,
            "send_email",
            "Welcome {{contact.first_name}}!",
        )
    ]


async def test_action_creation(client: Client) -> None:
    """The palette's drop: default configuration, a place on the canvas, a link to its neighbour."""
    workflow = await client.workflow()
    first = await client.add(workflow.id)
    request = add_request(workflow.id, action_type="send_sms", previous_action_id=first.id)
    added = (await client.actions.AddAction(request)).action
    assert added.config.WhichOneof("config") == "send_sms"
    assert added.config.send_sms.respect_quiet_hours is True
    assert added.config.send_sms.quiet_hours_start == "21:00"
    assert added.config_status == action_pb2.CONFIG_STATUS_INCOMPLETE
    assert {v.field for v in added.config_violations} == {"message", "from_number"}
    assert (added.position, added.previous_action_id) == (2, first.id)
    first_now, _ = await client.list(workflow.id)
    assert first_now.next_action_id == added.id


async def test_position_previous_action_and_neither(client: Client) -> None:
    workflow = await client.workflow()
    b = await client.add(workflow.id, tag("b"))
    d = await client.add(workflow.id, tag("d"))
    a = await client.add(workflow.id, tag("a"), position=1)
    c = await client.add(workflow.id, tag("c"), previous_action_id=b.id)
    e = await client.add(workflow.id, tag("e"), position=5, previous_action_id=d.id)
    listed = await client.list(workflow.id)
    assert [x.config.add_tag.tag_name for x in listed] == ["a", "b", "c", "d", "e"]
    assert [x.position for x in listed] == [1, 2, 3, 4, 5]
    ids = [a.id, b.id, c.id, d.id, e.id]
    assert [x.id for x in listed] == ids
    assert [x.previous_action_id for x in listed] == ["", *ids[:-1]]
    assert [x.next_action_id for x in listed] == [*ids[1:], ""]
    # Moving a neighbour is no change of the neighbour itself.
    assert listed[1].etag == b.etag


async def test_a_position_and_a_previous_action_that_do_not_agree(client: Client) -> None:
    workflow = await client.workflow()
    first = await client.add(workflow.id)
    error = await refused(
        client.add(workflow.id, position=1, previous_action_id=first.id),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["position", "previous_action_id"]


@pytest.mark.parametrize("position", [-1, 0, 3, 2**31 - 1])
async def test_a_position_out_of_bounds(client: Client, position: int) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id)
    error = await refused(client.add(workflow.id, position=position), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["position"]


async def test_every_violation_at_once_and_nothing_changes(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    config = {"send_sms": {"message": "{{ contact.first_name", "from_number": "12"}}
    error = await refused(
        client.add(workflow.id, config, name=" ", on_error=action_pb2.ON_ERROR_FALLBACK),
        ErrorReason.VALIDATION_FAILED,
    )
    assert sorted(fields(error)) == [
        "config.from_number",
        "config.message",
        "fallback_action_id",
        "name",
    ]
    assert await client.list(workflow.id) == []
    assert (await client.get(workflow.id)).etag == workflow.etag
    assert await api.rows("SELECT 1 FROM audit_log WHERE entity_type = 'workflow_action'") == []


async def test_an_incomplete_configuration_needs_leave(client: Client) -> None:
    workflow = await client.workflow()
    config = {"send_sms": {"message": "Hi"}}
    error = await refused(client.add(workflow.id, config), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["config.from_number"]
    stored = await client.add(workflow.id, config, allow_incomplete=True)
    assert stored.config_status == action_pb2.CONFIG_STATUS_INCOMPLETE
    wrong = {"send_sms": {"message": "Hi", "from_number": "nonsense"}}
    await refused(
        client.add(workflow.id, wrong, allow_incomplete=True), ErrorReason.VALIDATION_FAILED
    )


async def test_types_that_are_unknown_missing_or_contradict_the_configuration(
    client: Client,
) -> None:
    workflow = await client.workflow()
    for request, field in (
        (add_request(workflow.id, action_type="send_emial"), "action_type"),
        (add_request(workflow.id), "action_type"),
        (add_request(workflow.id, action_type="send_sms", config=tag("x")), "config"),
    ):
        error = await refused(client.actions.AddAction(request), ErrorReason.VALIDATION_FAILED)
        assert fields(error) == [field]
    error = await refused(
        client.actions.AddAction(add_request(workflow.id, action_type="send_emial")),
        ErrorReason.VALIDATION_FAILED,
    )
    assert "send_email" in error.message
    await refused(
        client.actions.AddAction(add_request(workflow.id, config={})),
        ErrorReason.MALFORMED_REQUEST,
    )


async def test_malformed_ids_name_their_field(client: Client) -> None:
    workflow = await client.workflow()
    for changed in (
        {"workflow_id": "not-a-uuid"},
        {"previous_action_id": "1"},
        {"branch_id": "{}"},
        {"fallback_action_id": "x"},
        {"request_id": "abc"},
    ):
        values: dict[str, Any] = {"workflow_id": workflow.id, "config": tag("x"), **changed}
        request = add_request(**values)
        error = await refused(client.actions.AddAction(request), ErrorReason.MALFORMED_REQUEST)
        assert fields(error) == list(changed)


async def test_the_name_is_unique_in_the_workflow(client: Client) -> None:
    workflow, other = await client.workflow(), await client.workflow("Other")
    first = await client.add(workflow.id, name="welcome")
    error = await refused(client.add(workflow.id, name="welcome"), ErrorReason.ALREADY_EXISTS)
    assert fields(error) == ["name"]
    await client.add(other.id, name="welcome")
    error = await refused(client.add(workflow.id, name=first.id), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["name"]


async def test_the_fifty_first_action(client: Client) -> None:
    workflow = await client.workflow()
    request = workflow_service_pb2.CreateBranchRequest(workflow_id=workflow.id, name="No reply")
    branch = (await client.workflows.CreateBranch(request)).branch
    for index in range(50):
        await client.add(workflow.id, branch_id=branch.id if index % 2 else "")
    error = await refused(client.add(workflow.id), ErrorReason.ACTION_LIMIT_REACHED)
    assert error.metadata == {"limit": "50"}
    await refused(client.add(workflow.id, branch_id=branch.id), ErrorReason.ACTION_LIMIT_REACHED)
    assert (await client.get(workflow.id)).action_count == 50


async def test_branches_are_paths_of_their_own(client: Client) -> None:
    workflow = await client.workflow()
    main = await client.add(workflow.id)
    request = workflow_service_pb2.CreateBranchRequest(
        workflow_id=workflow.id, name="No reply", parent_action_id=main.id
    )
    branch = (await client.workflows.CreateBranch(request)).branch
    inside = await client.add(workflow.id, branch_id=branch.id)
    assert (inside.position, inside.previous_action_id) == (1, "")
    assert [x.id for x in await client.list(workflow.id)] == [main.id, inside.id]
    assert [x.id for x in await client.list(workflow.id, branch.id)] == [inside.id]
    error = await refused(
        client.add(workflow.id, branch_id=str(uuid4())), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["branch_id"]
    # The main path's action is not on the branch.
    error = await refused(
        client.add(workflow.id, branch_id=branch.id, previous_action_id=main.id),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["previous_action_id"]


async def test_fallbacks_may_not_run_in_a_circle(client: Client) -> None:
    workflow = await client.workflow()
    first = await client.add(workflow.id)
    last = await client.add(workflow.id)
    fallback = action_pb2.ON_ERROR_FALLBACK
    error = await refused(
        client.add(workflow.id, on_error=fallback, fallback_action_id=first.id),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["fallback_action_id"]
    error = await refused(
        client.add(workflow.id, on_error=fallback, fallback_action_id=str(uuid4())),
        ErrorReason.VALIDATION_FAILED,
    )
    error = await refused(
        client.add(workflow.id, fallback_action_id=last.id), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["fallback_action_id"]
    added = await client.add(workflow.id, position=1, on_error=fallback, fallback_action_id=last.id)
    assert added.fallback_action_id == last.id


async def test_only_drafts_and_paused_workflows_are_edited(client: Client) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id)
    await client.activate(workflow.id)
    error = await refused(client.add(workflow.id), ErrorReason.WORKFLOW_NOT_EDITABLE)
    assert "pause it first" in error.message
    assert error.metadata == {"status": "active"}
    await client.pause(workflow.id)
    await client.add(workflow.id)
    assert len(await client.list(workflow.id)) == 2


async def test_another_account_sees_nothing(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id)
    stranger = await api.client()
    await refused(stranger.add(workflow.id), ErrorReason.NOT_FOUND)
    await refused(stranger.list(workflow.id), ErrorReason.NOT_FOUND)
    request = action_service_pb2.GetActionRequest(workflow_id=workflow.id, action_id=action.id)
    error = await refused(stranger.actions.GetAction(request), ErrorReason.NOT_FOUND)
    nowhere = action_service_pb2.GetActionRequest(workflow_id=workflow.id, action_id=str(uuid4()))
    missing = await refused(client.actions.GetAction(nowhere), ErrorReason.NOT_FOUND)
    assert error.message == f"no action {action.id}"
    assert missing.message == f"no action {nowhere.action_id}"
    # An action of one workflow is not in another one.
    other = await client.workflow("Other")
    elsewhere = action_service_pb2.GetActionRequest(workflow_id=other.id, action_id=action.id)
    await refused(client.actions.GetAction(elsewhere), ErrorReason.NOT_FOUND)


async def test_viewers_may_look_but_not_touch(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    viewer = await api.client("viewer", account_id=client.account_id)
    assert await viewer.list(workflow.id) == []
    error = await refused(viewer.add(workflow.id), ErrorReason.PERMISSION_DENIED)
    assert error.metadata == {"permission": "workflow:edit"}


async def test_a_missing_email_template_shows_but_does_not_refuse(client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id, EMAIL)
    assert action.config_status == action_pb2.CONFIG_STATUS_INVALID
    assert [v.field for v in action.config_violations] == ["template_id"]


async def test_the_same_request_id_adds_once(client: Client) -> None:
    workflow = await client.workflow()
    request = add_request(workflow.id, config=tag("x"), request_id=str(uuid4()))
    answers = await asyncio.gather(*(client.actions.AddAction(request) for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len(await client.list(workflow.id)) == 1
    request.config.add_tag.tag_name = "y"
    await refused(client.actions.AddAction(request), ErrorReason.REQUEST_ID_REUSED)
    assert len(await client.list(workflow.id)) == 1


async def test_a_refused_request_id_can_be_used_again(client: Client) -> None:
    workflow = await client.workflow()
    request = add_request(workflow.id, config=tag("x"), position=9, request_id=str(uuid4()))
    await refused(client.actions.AddAction(request), ErrorReason.VALIDATION_FAILED)
    request.position = 1
    await client.actions.AddAction(request)
    assert len(await client.list(workflow.id)) == 1


async def test_request_ids_of_two_accounts_do_not_meet(api: Api, client: Client) -> None:
    request = workflow_service_pb2.CreateWorkflowRequest(name="Mine", request_id=str(uuid4()))
    mine = (await client.workflows.CreateWorkflow(request)).workflow
    stranger = await api.client()
    theirs = (await stranger.workflows.CreateWorkflow(request)).workflow
    assert mine.id != theirs.id


async def test_a_colleague_does_not_get_the_answer_to_somebody_elses_request(
    api: Api, client: Client
) -> None:
    request = workflow_service_pb2.CreateWorkflowRequest(name="Mine", request_id=str(uuid4()))
    mine = (await client.workflows.CreateWorkflow(request)).workflow
    colleague = await api.client(account_id=client.account_id)
    await refused(colleague.workflows.CreateWorkflow(request), ErrorReason.REQUEST_ID_REUSED)
    same = await api.client(account_id=client.account_id, subject=client.subject)
    assert (await same.workflows.CreateWorkflow(request)).workflow == mine


async def test_an_answer_is_remembered_for_so_long_only(api: Api, client: Client) -> None:
    request = workflow_service_pb2.CreateWorkflowRequest(name="Mine", request_id=str(uuid4()))
    first = (await client.workflows.CreateWorkflow(request)).workflow
    assert await forget_answers(api.db, older_than=timedelta(hours=1)) == 0
    assert (await client.workflows.CreateWorkflow(request)).workflow == first
    await api.execute("UPDATE request_log SET created_at = now() - interval '61 minutes'")
    assert await forget_answers(api.db, older_than=timedelta(hours=1)) == 1
    assert (await client.workflows.CreateWorkflow(request)).workflow.id != first.id


async def test_fifty_at_once_keep_the_order_whole(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id)
    await asyncio.gather(
        *(client.add(workflow.id, position=1 if index % 2 else None) for index in range(49))
    )
    listed = await client.list(workflow.id)
    assert [action.position for action in listed] == list(range(1, 51))
    ids = [action.id for action in listed]
    assert [action.previous_action_id for action in listed] == ["", *ids[:-1]]
    assert [action.next_action_id for action in listed] == [*ids[1:], ""]
    counts = Counter(row[0] for row in await api.rows("SELECT operation FROM audit_log"))
    assert counts["action.added"] == 50
