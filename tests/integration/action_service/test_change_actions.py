"""Configuring, deleting and reordering actions (SPEC-WFL-003 R1.3 to R1.5), over gRPC."""

import asyncio
from uuid import uuid4

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused, tag
from treadle.contact.v1 import contact_service_pb2
from treadle.workflow.v1 import action_pb2, action_service_pb2, workflow_service_pb2


def update(action: action_pb2.Action, **changes: object) -> action_service_pb2.UpdateActionRequest:
    return action_service_pb2.UpdateActionRequest(
        workflow_id=action.workflow_id,
        action_id=action.id,
        **changes,  # pyright: ignore[reportArgumentType] - values of any field
    )


def delete(action: action_pb2.Action, etag: str = "") -> action_service_pb2.DeleteActionRequest:
    return action_service_pb2.DeleteActionRequest(
        workflow_id=action.workflow_id, action_id=action.id, etag=etag
    )


def reorder(
    workflow_id: str, ids: list[str], **more: str
) -> action_service_pb2.ReorderActionsRequest:
    return action_service_pb2.ReorderActionsRequest(workflow_id=workflow_id, action_ids=ids, **more)


async def changed(
    client: Client, action: action_pb2.Action, **changes: object
) -> action_pb2.Action:
    return (await client.actions.UpdateAction(update(action, **changes))).action


async def branch(client: Client, workflow_id: str, name: str, parent: str = "") -> str:
    request = workflow_service_pb2.CreateBranchRequest(
        workflow_id=workflow_id, name=name, parent_action_id=parent
    )
    return (await client.workflows.CreateBranch(request)).branch.id


async def test_action_configuration(api: Api, client: Client) -> None:
    """Required fields are checked, the configuration is saved, its status is shown."""
    workflow = await client.workflow()
    request = action_service_pb2.AddActionRequest(
        workflow_id=workflow.id, action_type="send_sms", name="hello"
    )
    action = (await client.actions.AddAction(request)).action
    assert action.config_status == action_pb2.CONFIG_STATUS_INCOMPLETE
    error = await refused(
        changed(client, action, config={"send_sms": {"message": "Hi"}}),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["config.from_number"]
    config = {"send_sms": {"message": "Hi", "from_number": "+14155550100"}}
    after = await changed(client, action, config=config)
    assert after.config_status == action_pb2.CONFIG_STATUS_VALID
    assert after.config.send_sms.message == "Hi"
    # The whole configuration is replaced, nothing else is touched.
    assert not after.config.send_sms.HasField("respect_quiet_hours")
    assert (after.name, after.position, after.is_enabled) == ("hello", 1, True)
    assert after.etag != action.etag
    assert (await client.list(workflow.id))[0] == after
    audit = await api.rows(
        "SELECT before->'config'->>'message', after->'config'->>'message', after ? 'name'"
        " FROM audit_log WHERE operation = 'action.updated'"
    )
    assert audit == [(None, "Hi", False)]


async def test_the_mask_says_what_changes(client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id, name="first")
    after = await changed(
        client,
        action,
        name="second",
        is_enabled=False,
        config=tag("other"),
        update_mask={"paths": ["is_enabled"]},
    )
    assert (after.name, after.is_enabled) == ("first", False)
    assert after.config.add_tag.tag_name == "customer"
    after = await changed(client, action, update_mask={"paths": ["name"]})
    assert not after.name
    error = await refused(
        changed(client, action, update_mask={"paths": ["config.subject", "position"]}),
        ErrorReason.MALFORMED_REQUEST,
    )
    assert fields(error) == ["update_mask"]
    await refused(
        changed(client, action, update_mask={"paths": ["config"]}), ErrorReason.VALIDATION_FAILED
    )


async def test_an_update_that_changes_nothing_is_no_change(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id)
    etag = (await client.get(workflow.id)).etag
    assert await changed(client, action, config=tag("customer"), is_enabled=True) == action
    assert (await client.get(workflow.id)).etag == etag
    assert await api.rows("SELECT 1 FROM audit_log WHERE operation = 'action.updated'") == []


async def test_true_is_another_value_than_one(client: Client) -> None:
    workflow = await client.workflow()
    config = {"url": "https://example.com", "method": "HTTP_METHOD_POST", "payload": {"vip": 1}}
    request = action_service_pb2.AddActionRequest(
        workflow_id=workflow.id, action_type="webhook_call", config={"webhook_call": config}
    )
    action = (await client.actions.AddAction(request)).action
    config["payload"] = {"vip": True}
    after = await changed(client, action, config={"webhook_call": config})
    assert after.config.webhook_call.payload["vip"] is True
    assert (await client.list(workflow.id))[0] == after


async def test_the_type_cannot_change(client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id)
    config = {"wait_time": {"duration": 1, "unit": "WAIT_UNIT_DAYS"}}
    error = await refused(changed(client, action, config=config), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["config"]
    assert "add_tag" in error.message


async def test_a_stale_etag(client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id)
    fresh = await changed(client, action, name="one", etag=action.etag)
    error = await refused(
        changed(client, action, name="two", etag=action.etag), ErrorReason.STALE_ETAG
    )
    assert error.metadata["id"] == action.id
    await refused(client.actions.DeleteAction(delete(action, action.etag)), ErrorReason.STALE_ETAG)
    assert (await client.list(workflow.id))[0].name == "one"
    await client.actions.DeleteAction(delete(action, fresh.etag))


async def test_two_who_update_with_the_same_etag(client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id)

    answers = await asyncio.gather(
        *(changed(client, action, name=f"n{index}", etag=action.etag) for index in range(10)),
        return_exceptions=True,
    )
    stored = [answer for answer in answers if isinstance(answer, action_pb2.Action)]
    assert await client.list(workflow.id) == stored


async def test_error_handling_is_consistent(client: Client) -> None:
    workflow = await client.workflow()
    first, second = await client.add(workflow.id), await client.add(workflow.id)
    fallback = action_pb2.ON_ERROR_FALLBACK
    error = await refused(changed(client, first, on_error=fallback), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["fallback_action_id"]
    error = await refused(
        changed(client, first, fallback_action_id=second.id), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["fallback_action_id"]
    error = await refused(
        changed(client, second, on_error=fallback, fallback_action_id=first.id),
        ErrorReason.VALIDATION_FAILED,
    )
    assert "leads back" in error.message
    await refused(
        changed(client, second, on_error=fallback, fallback_action_id=second.id),
        ErrorReason.VALIDATION_FAILED,
    )
    after = await changed(client, first, on_error=fallback, fallback_action_id=second.id)
    assert after.fallback_action_id == second.id
    after = await changed(client, first, on_error=action_pb2.ON_ERROR_CONTINUE)
    assert (after.on_error, after.fallback_action_id) == (action_pb2.ON_ERROR_CONTINUE, "")
    await refused(changed(client, first, on_error=77), ErrorReason.MALFORMED_REQUEST)


async def test_deleting_relinks_and_is_logged(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    a, b, c = [await client.add(workflow.id, tag(name)) for name in "abc"]
    await client.actions.DeleteAction(delete(b))
    left = await client.list(workflow.id)
    assert [(x.id, x.position) for x in left] == [(a.id, 1), (c.id, 2)]
    assert (left[0].next_action_id, left[1].previous_action_id) == (c.id, a.id)
    assert await api.rows("SELECT deleted_at IS NOT NULL FROM workflow_actions ORDER BY 1") == [
        (False,),
        (False,),
        (True,),
    ]
    audit = await api.rows(
        "SELECT entity_id::text, before->'config'->>'tag_name', before->'position', after, actor"
        " FROM audit_log WHERE operation = 'action.deleted'"
    )
    assert audit == [(b.id, "b", 2, None, f"user:{client.subject}")]
    await refused(client.actions.DeleteAction(delete(b)), ErrorReason.NOT_FOUND)
    await refused(changed(client, b, name="x"), ErrorReason.NOT_FOUND)
    # The name of a deleted action is free again.
    await client.actions.DeleteAction(delete(a))
    await client.actions.DeleteAction(delete(c))
    assert await client.list(workflow.id) == []
    assert (await client.get(workflow.id)).action_count == 0


async def test_what_others_refer_to_is_not_deleted(client: Client) -> None:
    workflow = await client.workflow()
    target = await client.add(workflow.id)
    source = await client.add(
        workflow.id,
        position=1,
        on_error=action_pb2.ON_ERROR_FALLBACK,
        fallback_action_id=target.id,
    )
    branch_id = await branch(client, workflow.id, "No reply", target.id)
    error = await refused(client.actions.DeleteAction(delete(target)), ErrorReason.REFERENCED)
    assert error.metadata["referrers"].split(",") == [source.id, branch_id]
    assert fields(error) == [
        f"actions[{source.id}].fallback_action_id",
        f"branches[{branch_id}].parent_action_id",
    ]
    assert len(await client.list(workflow.id)) == 2
    await changed(client, source, on_error=action_pb2.ON_ERROR_STOP)
    request = workflow_service_pb2.DeleteBranchRequest(workflow_id=workflow.id, branch_id=branch_id)
    await client.workflows.DeleteBranch(request)
    await client.actions.DeleteAction(delete(target))


async def test_reordering(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    actions = [await client.add(workflow.id, tag(name)) for name in "abcde"]
    inside = await client.add(workflow.id, branch_id=await branch(client, workflow.id, "Other"))
    ids = [action.id for action in actions]
    wanted = [ids[4], ids[0], ids[2], ids[1], ids[3]]
    answer = await client.actions.ReorderActions(reorder(workflow.id, wanted))
    listed = await client.list(workflow.id)
    assert listed == [*answer.actions, inside]
    assert [x.id for x in answer.actions] == wanted
    assert [x.position for x in answer.actions] == [1, 2, 3, 4, 5]
    assert [x.previous_action_id for x in answer.actions] == ["", *wanted[:-1]]
    assert [x.next_action_id for x in answer.actions] == [*wanted[1:], ""]
    by_id = {action.id: action for action in actions}
    assert all(x.config == by_id[x.id].config for x in answer.actions)
    assert all(x.etag == by_id[x.id].etag for x in answer.actions)
    audit = await api.rows(
        "SELECT before->'action_ids', after->'action_ids' FROM audit_log"
        " WHERE operation = 'workflow.reordered'"
    )
    assert audit == [(ids, wanted)]
    etag = (await client.get(workflow.id)).etag
    await client.actions.ReorderActions(reorder(workflow.id, wanted, etag=etag))
    assert (await client.get(workflow.id)).etag == etag
    await client.add(workflow.id)
    error = await refused(
        client.actions.ReorderActions(reorder(workflow.id, wanted, etag=etag)),
        ErrorReason.STALE_ETAG,
    )
    assert error.metadata["entity"] == "workflow"


async def test_a_reorder_names_every_action_once(client: Client) -> None:
    workflow = await client.workflow()
    a, b = await client.add(workflow.id), await client.add(workflow.id)
    foreign = str(uuid4())
    for ids, at in (
        ([a.id], ["action_ids"]),
        ([a.id, a.id, b.id], ["action_ids"]),
        ([b.id, foreign, a.id], ["action_ids[1]"]),
        ([], ["action_ids", "action_ids"]),
    ):
        error = await refused(
            client.actions.ReorderActions(reorder(workflow.id, ids)),
            ErrorReason.VALIDATION_FAILED,
        )
        assert fields(error) == at
    error = await refused(
        client.actions.ReorderActions(reorder(workflow.id, [a.id, "x"])),
        ErrorReason.MALFORMED_REQUEST,
    )
    assert fields(error) == ["action_ids[1]"]


async def test_a_reorder_may_not_turn_a_fallback_into_a_circle(client: Client) -> None:
    workflow = await client.workflow()
    target = await client.add(workflow.id)
    source = await client.add(
        workflow.id,
        position=1,
        on_error=action_pb2.ON_ERROR_FALLBACK,
        fallback_action_id=target.id,
    )
    error = await refused(
        client.actions.ReorderActions(reorder(workflow.id, [target.id, source.id])),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["action_ids"]


async def test_pages_of_actions(client: Client) -> None:
    workflow = await client.workflow()
    branch_id = await branch(client, workflow.id, "Other")
    for index in range(7):
        await client.add(workflow.id, branch_id=branch_id if index % 2 else "")
    whole = [x.id for x in await client.list(workflow.id)]
    seen: list[str] = []
    token = ""
    while True:
        request = action_service_pb2.ListActionsRequest(
            workflow_id=workflow.id, page_size=3, page_token=token
        )
        answer = await client.actions.ListActions(request)
        seen += [x.id for x in answer.actions]
        token = answer.next_page_token
        if not token:
            break
        assert len(answer.actions) == 3
        foreign = action_service_pb2.ListActionsRequest(
            workflow_id=workflow.id, branch_id=branch_id, page_token=token
        )
        await refused(client.actions.ListActions(foreign), ErrorReason.MALFORMED_REQUEST)
    assert seen == whole


async def test_a_template_that_comes_to_be_makes_the_action_valid(client: Client) -> None:
    workflow = await client.workflow()
    template_id = str(uuid4())
    config = {
        "template_id": template_id,
        "subject": "Hi",
        "from_name": "Ann",
        "from_email": "ann@example.com",
    }
    action = await client.add(workflow.id, {"send_email": config})
    assert action.config_status == action_pb2.CONFIG_STATUS_INVALID
    await client.contacts.CreateEmailTemplate(
        contact_service_pb2.CreateEmailTemplateRequest(
            template_id=template_id, name="Welcome", html_body="<p>Hi</p>"
        )
    )
    assert (await client.list(workflow.id))[0].config_status == action_pb2.CONFIG_STATUS_VALID
