"""Calls about records of any kind, by the names in the contracts, and samples to call with."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, cast
from uuid import uuid4

import orjson
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from action_service.use_cases.records.kinds import (
    CAMPAIGNS,
    COURSES,
    CRM,
    DIRECTORY,
    KINDS,
    MEDIA,
    MESSENGER,
)
from tests.support.action_api import Api, Client
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.record.v1 import (
    campaign_service_pb2,
    course_service_pb2,
    crm_service_pb2,
    directory_service_pb2,
    media_service_pb2,
    messenger_service_pb2,
)

# By kind: the client's stub, and the service's descriptor.
_SERVICES = {
    kind.name: (stub, module.DESCRIPTOR.services_by_name[service])
    for stub, module, service, kinds in (
        ("directory", directory_service_pb2, "DirectoryService", DIRECTORY),
        ("crm", crm_service_pb2, "CrmService", CRM),
        ("campaigns", campaign_service_pb2, "CampaignService", CAMPAIGNS),
        ("courses", course_service_pb2, "CourseService", COURSES),
        ("messenger", messenger_service_pb2, "MessengerService", MESSENGER),
        ("media", media_service_pb2, "MediaService", MEDIA),
    )
    for kind in kinds
}


def serves(verb: str, kind: str) -> bool:
    """Whether there is an RPC for it: `Delete` and `tag`."""
    return _rpc(verb, kind) in _SERVICES[kind][1].methods_by_name


def _rpc(verb: str, kind: str) -> str:
    name = KINDS[kind].plural if verb == "List" else kind
    return verb + "".join(word.capitalize() for word in name.split("_"))


class Records:
    """A client's calls about records."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, verb: str, kind: str, **request: Any) -> Any:
        """The answer to one RPC."""
        stub, service = _SERVICES[kind]
        method = service.methods_by_name[_rpc(verb, kind)]
        send = cast(
            "Callable[[Message], Awaitable[Any]]", getattr(getattr(self.client, stub), method.name)
        )
        return await send(GetMessageClass(method.input_type)(**request))

    async def create(self, kind: str, *, request_id: str = "", **values: Any) -> Any:
        """A new record of these values alone."""
        answer = await self.call("Create", kind, request_id=request_id, **{kind: values})
        return getattr(answer, kind)

    async def new(self, kind: str, **values: Any) -> Any:
        """A new record: a sample, but for these values."""
        return await self.create(kind, **{**await self.sample(kind), **values})

    async def get(self, kind: str, record_id: str) -> Any:
        """The record as it stands."""
        return getattr(await self.call("Get", kind, **{f"{kind}_id": record_id}), kind)

    async def list(self, kind: str, **request: Any) -> list[Any]:
        """The first page."""
        return list(getattr(await self.call("List", kind, **request), KINDS[kind].plural))

    async def update(
        self,
        kind: str,
        record_id: str,
        *,
        mask: tuple[str, ...] = (),
        etag: str = "",
        **values: Any,
    ) -> Any:
        """The record with these values."""
        request = {f"{kind}_id": record_id, kind: values, "etag": etag}
        answer = await self.call("Update", kind, update_mask={"paths": mask}, **request)
        return getattr(answer, kind)

    async def delete(self, kind: str, record_id: str, *, etag: str = "") -> None:
        """Deletes the record."""
        await self.call("Delete", kind, **{f"{kind}_id": record_id, "etag": etag})

    async def sample(self, kind: str) -> dict[str, Any]:
        """Values that make a record of the kind, and what they need."""
        name = f"Sample {uuid4()}"
        match kind:
            case "tag":
                return {"name": name, "color": "#1f77b4"}
            case "custom_field":
                field = f"field_{uuid4().hex[:8]}"
                return {"name": field, "field_type": "CUSTOM_FIELD_TYPE_NUMBER", "label": "Plan"}
            case "pipeline":
                won = {"name": "Won", "outcome": "STAGE_OUTCOME_WON"}
                lost = {"name": "Lost", "outcome": "STAGE_OUTCOME_LOST"}
                return {"name": name, "stages": [{"name": "New"}, won, lost]}
            case "opportunity":
                pipeline = await self.new("pipeline")
                contact = await self.client.contact()
                return {
                    "contact_id": contact.id,
                    "name": name,
                    "pipeline_id": pipeline.id,
                    "value": 12.5,
                }
            case "task":
                return {"contact_id": (await self.client.contact()).id, "title": name}
            case "note":
                return {"contact_id": (await self.client.contact()).id, "content": name}
            case "team":
                members = [(await self.new("user")).id, (await self.new("user")).id]
                return {"name": name, "member_ids": members}
            case "user":
                return {
                    "name": name,
                    "email": "ann@example.com",
                    "phone": "+14155550100",
                    "role": "sales",
                }
            case "campaign":
                return {
                    "name": name,
                    "enrollment_limit": 5,
                    "steps": [{"name": "One"}, {"name": "Two"}],
                }
            case "messenger_page":
                return {"name": name, "facebook_page_id": uuid4().hex, "credential": "shop"}
            case "messenger_identity":
                return {
                    "messenger_page_id": (await self.new("messenger_page")).id,
                    "psid": uuid4().hex,
                    "contact_id": (await self.client.contact()).id,
                    "last_message_at": Timestamp(seconds=1_700_000_000),
                }
            case "audio_file":
                return {
                    "name": name,
                    "url": "https://cdn.example.com/offer.mp3",
                    "content_type": "AUDIO_CONTENT_TYPE_MPEG",
                    "duration_seconds": 22.5,
                }
            case _:
                return {"name": name, "description": "For all", "welcome_subject": "Hi"}


class Told(NamedTuple):
    """An event that waits for its publisher."""

    type: str
    contact_id: str
    data: dict[str, Any]


async def told(api: Api, *types: str) -> list[Told]:
    """What workflows are to hear, of these types, in the order in which it came about."""
    rows = await api.rows("SELECT payload FROM event_outbox ORDER BY id")
    batches = [EventBatch.FromString(cast("bytes", payload)) for (payload,) in rows]
    return [
        Told(batch.type, event.contact_id, orjson.loads(event.data_json))
        for batch in batches
        for event in batch.events
        if batch.type in types
    ]
