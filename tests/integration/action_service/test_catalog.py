"""The catalogue over gRPC."""

from common.catalogue import catalogue
from common.catalogue.convert import read_struct
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from treadle.catalog.v1 import catalog_service_pb2 as pb


async def test_every_action_type_with_its_schemas(client: Client) -> None:
    answer = await client.catalog.ListActionTypes(pb.ListActionTypesRequest())
    assert [each.type for each in answer.action_types] == list(catalogue().types)
    email = next(each for each in answer.action_types if each.type == "send_email")
    assert email.category == "communication"
    assert read_struct(email.defaults) == {"track_opens": True, "track_clicks": True}
    assert "subject" in str(read_struct(email.config_schema)["required"])
    request = pb.GetActionTypeRequest(type="send_email")
    assert (await client.catalog.GetActionType(request)).action_type == email


async def test_one_category(api: Api, client: Client) -> None:
    viewer = await api.client("viewer", account_id=client.account_id)
    request = pb.ListActionTypesRequest(category="timing")
    answer = await viewer.catalog.ListActionTypes(request)
    assert {each.category for each in answer.action_types} == {"timing"}


async def test_what_is_not_in_the_catalogue(client: Client) -> None:
    request = pb.ListActionTypesRequest(category="cooking")
    error = await refused(client.catalog.ListActionTypes(request), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["category"]
    unknown = pb.GetActionTypeRequest(type="send_pigeon")
    await refused(client.catalog.GetActionType(unknown), ErrorReason.NOT_FOUND)
