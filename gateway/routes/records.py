"""The routes of every kind of record, made from the table: create, list, show, change, delete.

A handler's signature tells FastAPI what a request holds. What depends on the kind of record is
written into it by `typed`; the handler itself sees the common base.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from gateway.headers import CallerDep, IfMatchDep, RequestIdDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.records import filters, given
from gateway.mapping.values import text
from gateway.models.base import Body, Resource, UuidText
from gateway.models.records import list_query
from gateway.openapi import CREATES, CREATES_WITH_ETAG, SHOWS_ETAG
from gateway.pointers import BodyFields
from gateway.record_table import RECORD_TYPES
from gateway.record_type import RecordType
from gateway.requests import StrictRoute, typed

_API: Final = "/api/v1"


def router_of(record: RecordType) -> APIRouter:
    """The routes for what the service of these records can do with them."""
    router = APIRouter(prefix=_API, tags=[record.path], route_class=StrictRoute)
    _add_create(router, record)
    _add_list(router, record)
    if record.within is not None:
        _add_list(router, record, record.within)
    _add_get(router, record)
    _add_update(router, record)
    _add_delete(router, record)
    return router


def with_etag(record: RecordType, message: Any, response: Response) -> Resource:
    """A record as its resource; its etag, when it has one, is in the header too."""
    if record.has_etag:
        response.headers["ETag"] = quoted(message.etag)
    return record.shown(message)


def _add_create(router: APIRouter, record: RecordType) -> None:
    rpc = record.rpc("Create")
    if rpc is None:
        return
    places = BodyFields.of(record.create_body, moved={(record.member,): ()})

    async def create(
        body: Body,
        request_id: RequestIdDep,
        caller: CallerDep,
        upstream: UpstreamDep,
        response: Response,
    ) -> Resource:
        message = record.message()
        given(message, record.spec.inputs, body.model_dump())
        values = {record.member: message, "request_id": request_id}
        answer = await rpc(caller, upstream, values, places)
        created = getattr(answer, record.member)
        response.headers["Location"] = f"{_API}/{record.path}/{created.id}"
        return with_etag(record, created, response)

    router.add_api_route(
        f"/{record.path}",
        typed(create, body=record.create_body),
        methods=["POST"],
        status_code=201,
        operation_id=f"create{record.name}",
        summary=f"Create {record.words.title()}",
        description=f"Create one {record.words}.",
        response_model=record.resource,
        responses=CREATES_WITH_ETAG if record.has_etag else CREATES,
    )


def _add_list(router: APIRouter, record: RecordType, owner: RecordType | None = None) -> None:
    rpc, members = record.list_rpc
    query_model = list_query(rpc.request, leave_out=owner.id_field if owner else "")

    async def list_records(
        owned: Annotated[dict[str, str], Depends(_owned_by(owner))],
        query: BaseModel,
        caller: CallerDep,
        upstream: UpstreamDep,
    ) -> Resource:
        values = filters(rpc.request, query.model_dump()) | owned
        answer = await rpc(caller, upstream, values)
        shown = [record.shown(message) for message in getattr(answer, members)]
        return record.page(
            **{record.members: shown, "next_page_token": text(answer.next_page_token)}
        )

    router.add_api_route(
        f"/{owner.path}/{{{owner.id_parameter}}}/{record.path}" if owner else f"/{record.path}",
        typed(list_records, query=Annotated[query_model, Query()]),
        operation_id=f"list{owner.name if owner else ''}{record.names}",
        summary=f"List {owner.words.title() + ' ' if owner else ''}{record.plural.title()}",
        description=f"List {record.plural}{f' of one {owner.words}' if owner else ''}, "
        f"{record.order}.",
        response_model=record.page,
    )


def _add_get(router: APIRouter, record: RecordType) -> None:
    rpc = record.rpc("Get")
    if rpc is None:
        return

    async def get(
        record_id: Annotated[UuidText, Path(alias=record.id_parameter)],
        caller: CallerDep,
        upstream: UpstreamDep,
        response: Response,
    ) -> Resource:
        answer = await rpc(caller, upstream, {record.id_field: record_id})
        return with_etag(record, getattr(answer, record.member), response)

    router.add_api_route(
        _one(record),
        get,
        operation_id=f"get{record.name}",
        summary=f"Get {record.words.title()}",
        description=f"Show one {record.words}.",
        response_model=record.resource,
        responses=SHOWS_ETAG if record.has_etag else None,
    )


def _add_update(router: APIRouter, record: RecordType) -> None:
    rpc = record.rpc("Update")
    if rpc is None:
        return
    places = BodyFields.of(record.update_body, moved={(record.member,): ()})

    async def update(
        record_id: Annotated[UuidText, Path(alias=record.id_parameter)],
        body: Body,
        if_match: IfMatchDep,
        caller: CallerDep,
        upstream: UpstreamDep,
        response: Response,
    ) -> Resource:
        # Without a warning that the empty string, which takes a value away, is no number.
        changes = body.model_dump(warnings=False)
        etag = agreed_etag(if_match, changes.pop("etag"))
        message = record.message()
        mask = given(message, record.spec.inputs, changes)
        values = {
            record.id_field: record_id,
            record.member: message,
            "update_mask": mask,
            "etag": etag,
        }
        answer = await rpc(caller, upstream, values, places)
        return with_etag(record, getattr(answer, record.member), response)

    router.add_api_route(
        _one(record),
        typed(update, body=record.update_body),
        methods=["PATCH"],
        operation_id=f"update{record.name}",
        summary=f"Update {record.words.title()}",
        description=f"Change one {record.words}; what is left out stays as it is.",
        response_model=record.resource,
        responses=SHOWS_ETAG,
    )


def _add_delete(router: APIRouter, record: RecordType) -> None:
    rpc = record.rpc("Delete")
    if rpc is None:
        return

    async def delete(
        record_id: Annotated[UuidText, Path(alias=record.id_parameter)],
        if_match: IfMatchDep,
        caller: CallerDep,
        upstream: UpstreamDep,
    ) -> None:
        await rpc(caller, upstream, {record.id_field: record_id, "etag": if_match})

    router.add_api_route(
        _one(record),
        delete,
        methods=["DELETE"],
        status_code=204,
        operation_id=f"delete{record.name}",
        summary=f"Delete {record.words.title()}",
        description=f"Delete one {record.words}; refused while other records need it.",
    )


def _one(record: RecordType) -> str:
    return f"/{record.path}/{{{record.id_parameter}}}"


def _owned_by(owner: RecordType | None) -> Callable[..., Awaitable[dict[str, str]]]:
    """A dependency: the filter that a list within another record's path is bound to."""
    if owner is None:

        async def nobody() -> dict[str, str]:
            return {}

        return nobody

    async def one(
        owner_id: Annotated[UuidText, Path(alias=owner.id_parameter)],
    ) -> dict[str, str]:
        return {owner.id_field: owner_id}

    return one


routers: Final = tuple(router_of(record) for record in RECORD_TYPES)
