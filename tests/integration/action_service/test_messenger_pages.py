"""Pages and who has written to them, over gRPC: connected or not, linked or not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from common.auth import SERVICE_ROLE, issue_token
from common.errors import ErrorReason
from common.grpc.client import connect
from tests.support.action_api import SECRET, Api, Client, fields, refused
from tests.support.records import Records
from treadle.credential.v1 import credential_service_pb2
from treadle.credential.v1.credential_pb2 import FacebookPageSecret, Secret
from treadle.record.v1 import messenger_service_pb2 as pb
from treadle.record.v1.messenger_service_pb2_grpc import MessengerServiceStub
from treadle.workflow.v1 import workflow_service_pb2

UNCONNECTED = "the messenger page is not connected: store the access token of the page"


async def connected(client: Client, name: str = "") -> None:
    page = FacebookPageSecret(page_id="77", access_token="EAAB-token")
    await client.credentials.SetCredential(
        credential_service_pb2.SetCredentialRequest(name=name, secret=Secret(facebook_page=page))
    )


def message(page_id: str) -> dict[str, Any]:
    return {
        "send_messenger": {"page_id": page_id, "message_type": 1, "content": {"text": "Hi"}},
    }


async def resolve(api: Api, client: Client, page_id: str, contact_id: str) -> Any:
    """As an executor."""
    token = issue_token(
        SECRET,
        subject="service:executor",
        account_id=None,
        roles=(SERVICE_ROLE,),
        ttl=timedelta(minutes=1),
    )
    request = pb.ResolveConversationRequest(
        account_id=str(client.account_id), messenger_page_id=page_id, contact_id=contact_id
    )
    async with connect(api.address, token=lambda: token) as channel:
        return await MessengerServiceStub(channel).ResolveConversation(request)


async def test_an_action_needs_a_page_that_is_connected(client: Client) -> None:
    page = await Records(client).new("messenger_page", credential="")
    assert (page.credential, page.is_connected) == ("default", False)
    workflow = await client.workflow()
    action = await client.add(workflow.id, message(page.id))
    (violation,) = action.config_violations
    assert violation.field == "page_id"
    assert UNCONNECTED in violation.description
    request = workflow_service_pb2.ActivateWorkflowRequest(workflow_id=workflow.id)
    error = await refused(
        client.workflows.ActivateWorkflow(request), ErrorReason.WORKFLOW_NOT_VALID
    )
    assert fields(error) == [f"actions[{action.id}].config.page_id"]
    # A credential of another name is another page's.
    await connected(client, "other")
    (action,) = await client.list(workflow.id)
    assert action.config_violations
    await connected(client)
    (action,) = await client.list(workflow.id)
    assert not action.config_violations
    assert (await Records(client).get("messenger_page", page.id)).is_connected
    await client.activate(workflow.id)


async def test_an_action_needs_a_page_that_is_there(client: Client, api: Api) -> None:
    workflow = await client.workflow()
    stranger = await Records(await api.client()).new("messenger_page")
    for page_id in (str(uuid4()), stranger.id):
        action = await client.add(workflow.id, message(page_id))
        (violation,) = action.config_violations
        assert violation.description == "there is no messenger page with this id"


async def test_a_page_that_an_action_names_stays(client: Client) -> None:
    records = Records(client)
    page = await records.new("messenger_page")
    workflow = await client.workflow()
    await client.add(workflow.id, message(page.id))
    error = await refused(records.delete("messenger_page", page.id), ErrorReason.REFERENCED)
    assert "workflow actions (1)" in str(error)


async def test_pages_are_told_apart(client: Client, api: Api) -> None:
    records = Records(client)
    page = await records.new("messenger_page")
    for taken in ({"name": page.name}, {"facebook_page_id": page.facebook_page_id}):
        await refused(records.new("messenger_page", **taken), ErrorReason.ALREADY_EXISTS)
    await Records(await api.client()).new("messenger_page", facebook_page_id=page.facebook_page_id)


async def test_an_identity_is_linked_to_a_contact_and_found_by_what_it_is(client: Client) -> None:
    records = Records(client)
    known = await records.new("messenger_identity", contact_id="")
    page = known.messenger_page_id
    assert [each.id for each in await records.list("messenger_identity", unlinked_only=True)] == [
        known.id
    ]
    contact = await client.contact()
    linked = await records.update("messenger_identity", known.id, contact_id=contact.id)
    assert linked.contact_id == contact.id
    assert not await records.list("messenger_identity", unlinked_only=True)
    for narrowed in (
        {"contact_id": contact.id},
        {"messenger_page_id": page},
        {"psid": known.psid, "messenger_page_id": page},
    ):
        (found,) = await records.list("messenger_identity", **narrowed)
        assert found == linked
    unlinked = await records.update("messenger_identity", known.id, mask=("contact_id",))
    assert not unlinked.contact_id
    taken = {"messenger_page_id": page, "psid": known.psid}
    await refused(records.new("messenger_identity", **taken), ErrorReason.ALREADY_EXISTS)


async def test_whoever_is_deleted_is_no_longer_known(client: Client, api: Api) -> None:
    records = Records(client)
    known = await records.new("messenger_identity")
    await api.execute("DELETE FROM contacts WHERE id = :id", id=known.contact_id)
    assert not await records.list("messenger_identity")
    other = await records.new("messenger_identity")
    await records.delete("messenger_page", other.messenger_page_id)
    assert not await records.list("messenger_identity")


async def test_services_learn_where_a_contact_last_wrote(client: Client, api: Api) -> None:
    records = Records(client)
    page = await records.new("messenger_page", facebook_page_id="77", credential="")
    contact = await client.contact()
    found = await resolve(api, client, page.id, contact.id)
    assert (found.facebook_page_id, found.credential, found.page_name, found.psid) == (
        "77",
        "default",
        page.name,
        "",
    )
    for psid, seconds in (("old", 1_600_000_000), ("new", 1_700_000_000), ("never", 0)):
        known: dict[str, Any] = {"messenger_page_id": page.id, "contact_id": contact.id}
        if seconds:
            known["last_message_at"] = Timestamp(seconds=seconds)
        await records.create("messenger_identity", psid=psid, **known)
    found = await resolve(api, client, page.id, contact.id)
    wrote_at = found.last_message_at.ToDatetime(tzinfo=UTC)
    assert (found.psid, wrote_at) == ("new", datetime.fromtimestamp(1_700_000_000, UTC))
    await refused(resolve(api, client, str(uuid4()), contact.id), ErrorReason.NOT_FOUND)
    # Of another account.
    other = await api.client()
    await refused(resolve(api, other, page.id, contact.id), ErrorReason.NOT_FOUND)


async def test_people_do_not_resolve_conversations(client: Client) -> None:
    request = pb.ResolveConversationRequest(account_id=str(client.account_id))
    await refused(client.messenger.ResolveConversation(request), ErrorReason.PERMISSION_DENIED)
