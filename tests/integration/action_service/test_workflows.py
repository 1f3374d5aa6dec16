"""Workflows, their life, branches and audit, over gRPC on a real Postgres."""

from uuid import uuid4

import pytest

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused, tag
from treadle.workflow.v1 import action_pb2, workflow_pb2
from treadle.workflow.v1 import workflow_service_pb2 as pb

SMS = {"send_sms": {"message": "Hi", "from_number": "+14155550100"}}


async def rename(client: Client, workflow_id: str, **changes: object) -> workflow_pb2.Workflow:
    request = pb.UpdateWorkflowRequest(workflow_id=workflow_id, **changes)  # pyright: ignore[reportArgumentType] - values of any field
    return (await client.workflows.UpdateWorkflow(request)).workflow


async def resume(client: Client, workflow_id: str) -> workflow_pb2.Workflow:
    request = pb.ResumeWorkflowRequest(workflow_id=workflow_id)
    return (await client.workflows.ResumeWorkflow(request)).workflow


async def archive(client: Client, workflow_id: str) -> workflow_pb2.Workflow:
    request = pb.ArchiveWorkflowRequest(workflow_id=workflow_id)
    return (await client.workflows.ArchiveWorkflow(request)).workflow


async def test_a_new_workflow_is_an_empty_draft(api: Api, client: Client) -> None:
    request = pb.CreateWorkflowRequest(name="Onboarding", description="For\nnew customers")
    workflow = (await client.workflows.CreateWorkflow(request)).workflow
    assert workflow.status == workflow_pb2.WORKFLOW_STATUS_DRAFT
    assert (workflow.version, workflow.action_count) == (0, 0)
    assert workflow.has_unpublished_changes
    assert workflow.created_by == client.subject
    assert await client.get(workflow.id) == workflow
    stranger = await api.client()
    error = await refused(stranger.get(workflow.id), ErrorReason.NOT_FOUND)
    assert error.metadata == {"entity": "workflow", "id": workflow.id}
    assert await api.rows("SELECT count(*) FROM accounts") == [(1,)]


@pytest.mark.parametrize(
    ("name", "description", "wrong"),
    [
        ("", "", ["name"]),
        ("  ", "", ["name"]),
        ("x" * 201, "y" * 4001, ["name", "description"]),
        ("a\nb", "", ["name"]),
        ("a\0b", "c\0d", ["name", "description"]),
    ],
)
async def test_names_that_are_refused(
    api: Api, client: Client, name: str, description: str, wrong: list[str]
) -> None:
    request = pb.CreateWorkflowRequest(name=name, description=description)
    error = await refused(client.workflows.CreateWorkflow(request), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == wrong
    assert await api.rows("SELECT count(*) FROM accounts") == [(0,)]


async def test_renaming(client: Client) -> None:
    workflow = await client.workflow()
    renamed = await rename(client, workflow.id, name="New", etag=workflow.etag)
    assert (renamed.name, renamed.description) == ("New", "")
    assert renamed.etag != workflow.etag
    await refused(
        rename(client, workflow.id, name="Other", etag=workflow.etag), ErrorReason.STALE_ETAG
    )
    masked = await rename(
        client,
        workflow.id,
        name="x",
        description="d",
        update_mask={"paths": ["description"]},
    )
    assert (masked.name, masked.description) == ("New", "d")
    await refused(
        rename(client, workflow.id, update_mask={"paths": ["status"]}),
        ErrorReason.MALFORMED_REQUEST,
    )


async def test_pages_of_workflows(api: Api, client: Client) -> None:
    ids = [(await client.workflow(f"W{index}")).id for index in range(5)]
    for each in ids[:2]:
        await client.add(each)
        await client.activate(each)
    await (await api.client()).workflow("Somebody else's")

    async def page(**more: object) -> pb.ListWorkflowsResponse:
        return await client.workflows.ListWorkflows(pb.ListWorkflowsRequest(**more))  # pyright: ignore[reportArgumentType]

    first = await page(page_size=2)
    second = await page(page_size=2, page_token=first.next_page_token)
    third = await page(page_size=2, page_token=second.next_page_token)
    seen = [w.id for answer in (first, second, third) for w in answer.workflows]
    assert seen == ids[::-1]
    assert not third.next_page_token
    active = await page(status=workflow_pb2.WORKFLOW_STATUS_ACTIVE)
    assert [w.id for w in active.workflows] == [ids[1], ids[0]]
    await refused(
        page(page_token=first.next_page_token, status=workflow_pb2.WORKFLOW_STATUS_ACTIVE),
        ErrorReason.MALFORMED_REQUEST,
    )
    await refused(page(page_size=-1), ErrorReason.VALIDATION_FAILED)
    await refused(page(status=99), ErrorReason.MALFORMED_REQUEST)
    stranger = await api.client()
    token = pb.ListWorkflowsRequest(page_size=2, page_token=first.next_page_token)
    await refused(stranger.workflows.ListWorkflows(token), ErrorReason.MALFORMED_REQUEST)


async def test_the_life_of_a_workflow(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id)
    active = await client.activate(workflow.id)
    assert active.status == workflow_pb2.WORKFLOW_STATUS_ACTIVE
    assert (active.version, active.has_unpublished_changes) == (1, False)
    assert active == await client.get(workflow.id)
    error = await refused(client.activate(workflow.id), ErrorReason.ILLEGAL_TRANSITION)
    assert error.metadata == {"status": "active"}
    await refused(resume(client, workflow.id), ErrorReason.ILLEGAL_TRANSITION)
    await refused(rename(client, workflow.id, name="x"), ErrorReason.WORKFLOW_NOT_EDITABLE)
    paused = await client.pause(workflow.id)
    assert paused.status == workflow_pb2.WORKFLOW_STATUS_PAUSED
    await refused(client.pause(workflow.id), ErrorReason.ILLEGAL_TRANSITION)
    resumed = await resume(client, workflow.id)
    assert (resumed.status, resumed.version) == (workflow_pb2.WORKFLOW_STATUS_ACTIVE, 1)
    await client.pause(workflow.id)
    await client.add(workflow.id, tag("more"))
    assert (await client.get(workflow.id)).has_unpublished_changes
    assert (await resume(client, workflow.id)).version == 2
    archived = await archive(client, workflow.id)
    assert archived.status == workflow_pb2.WORKFLOW_STATUS_ARCHIVED
    for call in (client.activate, client.pause):
        await refused(call(workflow.id), ErrorReason.ILLEGAL_TRANSITION)
    await refused(client.add(workflow.id), ErrorReason.WORKFLOW_NOT_EDITABLE)
    operations = await api.rows("SELECT operation FROM audit_log ORDER BY id")
    assert [row[0] for row in operations] == [
        "workflow.created",
        "action.added",
        "workflow.activated",
        "workflow.paused",
        "workflow.resumed",
        "workflow.paused",
        "action.added",
        "workflow.resumed",
        "workflow.archived",
    ]
    plans = await api.rows(
        "SELECT version, jsonb_array_length(plan->'steps') FROM workflow_versions ORDER BY 1"
    )
    assert plans == [(1, 1), (2, 2)]


async def test_a_workflow_that_is_not_valid_does_not_become_active(
    api: Api, client: Client
) -> None:
    workflow = await client.workflow()
    error = await refused(client.activate(workflow.id), ErrorReason.WORKFLOW_NOT_VALID)
    assert fields(error) == ["actions"]
    incomplete = await client.add(
        workflow.id, {"send_sms": {"message": "Hi"}}, allow_incomplete=True
    )
    await client.add(workflow.id)
    dangling = await client.add(
        workflow.id,
        {
            "send_email": {
                "template_id": str(uuid4()),
                "subject": "Hi",
                "from_name": "Ann",
                "from_email": "ann@example.com",
            }
        },
    )
    error = await refused(client.activate(workflow.id), ErrorReason.WORKFLOW_NOT_VALID)
    assert fields(error) == [
        f"actions[{incomplete.id}].config.from_number",
        f"actions[{dangling.id}].config.template_id",
    ]
    assert (await client.get(workflow.id)).status == workflow_pb2.WORKFLOW_STATUS_DRAFT
    assert await api.rows("SELECT 1 FROM workflow_versions") == []


async def test_a_branch_alone_is_no_workflow(client: Client) -> None:
    workflow = await client.workflow()
    branch = await make_branch(client, workflow.id, "Other")
    await client.add(workflow.id, branch_id=branch.id)
    error = await refused(client.activate(workflow.id), ErrorReason.WORKFLOW_NOT_VALID)
    assert fields(error) == ["actions"]


async def test_a_type_that_is_no_longer_there_shows_and_cannot_become_active(
    api: Api, client: Client
) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id)
    await api.execute("ALTER TABLE workflow_actions DROP CONSTRAINT valid_action_type")
    await api.execute("UPDATE workflow_actions SET action_type = 'send_pigeon'")
    (shown,) = await client.list(workflow.id)
    assert shown.action_type == "send_pigeon"
    assert not shown.HasField("config")
    assert shown.config_status == action_pb2.CONFIG_STATUS_INVALID
    error = await refused(client.activate(workflow.id), ErrorReason.WORKFLOW_NOT_VALID)
    assert fields(error) == [f"actions[{action.id}].action_type"]


async def test_the_frozen_plan_has_everything_an_engine_needs(api: Api, client: Client) -> None:
    workflow = await client.workflow("Plan me")
    branch = await make_branch(client, workflow.id, "Other")
    inside = await client.add(workflow.id, branch_id=branch.id)
    last = await client.add(workflow.id, tag("{{ steps.first.tag_name }}"))
    first = await client.add(
        workflow.id,
        tag("{{ contact.first_name }}"),
        position=1,
        name="first",
        is_enabled=False,
        on_error=action_pb2.ON_ERROR_FALLBACK,
        fallback_action_id=last.id,
    )
    await client.activate(workflow.id)
    ((plan,),) = await api.rows("SELECT plan FROM workflow_versions")
    assert isinstance(plan, dict)
    assert plan == {
        "workflow_id": workflow.id,
        "workflow_name": "Plan me",
        "version": 1,
        "steps": [
            {
                "id": first.id,
                "action_type": "add_tag",
                "name": "first",
                "config": {"tag_name": "{{ contact.first_name }}"},
                "position": 1,
                "branch_id": None,
                "is_enabled": False,
                "on_error": "fallback",
                "fallback_action_id": last.id,
                "needs": ["contact"],
            },
            {
                "id": last.id,
                "action_type": "add_tag",
                "name": None,
                "config": {"tag_name": "{{ steps.first.tag_name }}"},
                "position": 2,
                "branch_id": None,
                "is_enabled": True,
                "on_error": "stop",
                "fallback_action_id": None,
                "needs": ["steps"],
            },
            {
                "id": inside.id,
                "action_type": "add_tag",
                "name": None,
                "config": {"tag_name": "customer"},
                "position": 1,
                "branch_id": branch.id,
                "is_enabled": True,
                "on_error": "stop",
                "fallback_action_id": None,
                "needs": [],
            },
        ],
    }


async def make_branch(
    client: Client, workflow_id: str, name: str, parent: str = ""
) -> workflow_pb2.WorkflowBranch:
    request = pb.CreateBranchRequest(workflow_id=workflow_id, name=name, parent_action_id=parent)
    return (await client.workflows.CreateBranch(request)).branch


async def test_branches(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    parent = await client.add(workflow.id)
    later = await make_branch(client, workflow.id, "Later")
    early = await make_branch(client, workflow.id, "Early", parent.id)
    listed = await client.workflows.ListBranches(pb.ListBranchesRequest(workflow_id=workflow.id))
    assert list(listed.branches) == [early, later]
    assert early.parent_action_id == parent.id
    error = await refused(make_branch(client, workflow.id, "Early"), ErrorReason.ALREADY_EXISTS)
    assert fields(error) == ["name"]
    error = await refused(
        make_branch(client, workflow.id, "New", str(uuid4())), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["parent_action_id"]
    action = await client.add(workflow.id, branch_id=early.id)
    delete = pb.DeleteBranchRequest(workflow_id=workflow.id, branch_id=early.id)
    error = await refused(client.workflows.DeleteBranch(delete), ErrorReason.REFERENCED)
    assert error.metadata["referrers"] == action.id
    # A deleted action keeps its row, but not the branch.
    await api.execute(
        "UPDATE workflow_actions SET deleted_at = now() WHERE id = CAST(:id AS uuid)", id=action.id
    )
    await client.workflows.DeleteBranch(delete)
    await refused(client.workflows.DeleteBranch(delete), ErrorReason.NOT_FOUND)
    stranger = await api.client()
    await refused(make_branch(stranger, workflow.id, "Mine"), ErrorReason.NOT_FOUND)
    await refused(
        stranger.workflows.ListBranches(pb.ListBranchesRequest(workflow_id=workflow.id)),
        ErrorReason.NOT_FOUND,
    )


async def test_a_workflow_has_at_most_fifty_branches(client: Client) -> None:
    workflow = await client.workflow()
    for index in range(50):
        await make_branch(client, workflow.id, f"B{index}")
    error = await refused(make_branch(client, workflow.id, "B50"), ErrorReason.ACTION_LIMIT_REACHED)
    assert error.metadata == {"limit": "50"}


async def test_the_audit_log_newest_first(api: Api, client: Client) -> None:
    workflow = await client.workflow("Audited")
    await client.add(workflow.id, SMS)
    await rename(client, workflow.id, name="Renamed")
    other = await client.workflow("Other")
    await client.add(other.id)
    request = pb.ListAuditEntriesRequest(workflow_id=workflow.id, page_size=2)
    answer = await client.workflows.ListAuditEntries(request)
    assert [e.operation for e in answer.entries] == ["workflow.updated", "action.added"]
    updated, added = answer.entries
    assert dict(updated.before.items()) == {"name": "Audited"}
    assert dict(updated.after.items()) == {"name": "Renamed"}
    assert not added.HasField("before")
    assert added.after["action_type"] == "send_sms"
    assert added.actor == f"user:{client.subject}"
    request.page_token = answer.next_page_token
    rest = await client.workflows.ListAuditEntries(request)
    assert [e.operation for e in rest.entries] == ["workflow.created"]
    assert not rest.next_page_token
    stranger = await api.client()
    await refused(stranger.workflows.ListAuditEntries(request), ErrorReason.NOT_FOUND)


async def test_a_user_of_another_account_is_no_author_but_is_in_the_log(
    api: Api, client: Client
) -> None:
    await client.workflow()
    elsewhere = await api.client(subject=client.subject)
    workflow = await elsewhere.workflow()
    assert not workflow.created_by
    assert await api.rows(
        "SELECT actor FROM audit_log WHERE account_id = :account", account=elsewhere.account_id
    ) == [(f"user:{client.subject}",)]
