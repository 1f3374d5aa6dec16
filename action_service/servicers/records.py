"""The RPCs of records: `CreateX`, `GetX`, `ListXs`, `UpdateX`, `DeleteX`, the same for all kinds.

Contracts name them, and the fields of their requests and responses, by the kind of record. So what
serves one kind serves all, and a service that keeps records needs no methods of its own for them.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from action_service.domain.plan import Json
from action_service.domain.record import Cursor, Record, text_in
from action_service.domain.workflow import etag
from action_service.servicers.requests import mask_of, parse_text, parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Reader, Writer
from action_service.use_cases.records.crud import (
    create_record,
    delete_record,
    get_record,
    update_record,
)
from action_service.use_cases.records.kind import RecordKind
from common.auth import current_principal
from common.catalogue import FieldSpec, Shape, convert
from common.catalogue.fields import message_spec
from common.errors import malformed
from common.paging import PageTokens

S = TypeVar("S")
# An RPC as the generated code calls it: with the request and gRPC's context.
Method: TypeAlias = Callable[[Any, object], Awaitable[Message]]

_PAGING = frozenset({"page_size", "page_token"})


def record_servicer(
    base: type[S], service: ServiceDescriptor, rpc: Rpc, kinds: Iterable[RecordKind], **more: Method
) -> S:
    """A servicer of `service` with a method for each RPC of its `kinds`, and with those in `more`.

    Raises LookupError when that leaves an RPC without a method: a mistake of the developer.
    """
    methods: dict[str, Method] = dict(more)
    for kind in kinds:
        methods |= RecordMethods(rpc, kind).by_name()
    servicer = base()
    for name in service.methods_by_name:
        if name not in methods:
            raise LookupError(f"nothing serves {service.full_name}.{name}")
        setattr(servicer, name, methods[name])
    return servicer


def record_message(kind: RecordKind, record: Record) -> Message:
    """The record as its kind's message."""
    message = kind.message()
    kind.spec.fill(message, record.values)
    values: dict[str, str] = {"id": str(record.id)}
    if "etag" in kind.spec.message.fields:
        values["etag"] = etag(record.revision)
    for name, value in values.items():
        setattr(message, name, value)
    return message


class RecordMethods:
    """The RPCs of one kind."""

    def __init__(self, rpc: Rpc, kind: RecordKind) -> None:
        self._rpc = rpc
        self._kind = kind
        self._pages = PageTokens(kind.plural, Cursor)

    def by_name(self) -> dict[str, Method]:
        """The methods by the names of their RPCs; a service need not have all of them."""
        one = self._kind.spec.message.name
        many = "".join(word.capitalize() for word in self._kind.plural.split("_"))
        return {
            f"Create{one}": self.create,
            f"Get{one}": self.get,
            f"List{many}": self.list,
            f"Update{one}": self.update,
            f"Delete{one}": self.delete,
        }

    async def create(self, request: Any, context: object) -> Message:
        """Creates a record, once for each request_id."""
        kind = self._kind
        response = _response_to(request)
        given = kind.spec.read(getattr(request, kind.name))

        async def work(tx: Writer) -> Message:
            record = await create_record(tx, kind, given)
            return response(**{kind.name: record_message(kind, record)})

        return await self._rpc.once(request, request.request_id, response, work)

    async def get(self, request: Any, context: object) -> Message:
        """Returns one record."""
        kind = self._kind
        record_id = self._id_in(request)

        async def work(tx: Reader) -> Message:
            record = await get_record(tx, kind, record_id)
            return _response_to(request)(**{kind.name: record_message(kind, record)})

        return await self._rpc.read(work)

    async def list(self, request: Any, context: object) -> Message:
        """Returns a page of the records that the filters leave."""
        kind = self._kind
        filters = _filters(request)
        account = current_principal().require_account()
        page = self._pages.page(request.page_size, request.page_token, account=account, **filters)

        async def work(tx: Reader) -> Message:
            rows = await tx.records.list_page(
                kind.name, limit=page.limit, after=page.after, filters=filters
            )
            shown, next_page_token = page.cut(rows, self._place)
            messages = [record_message(kind, record) for record in shown]
            return _response_to(request)(
                **{kind.plural: messages, "next_page_token": next_page_token}
            )

        return await self._rpc.read(work)

    async def update(self, request: Any, context: object) -> Message:
        """Changes a record."""
        kind = self._kind
        record_id = self._id_in(request)
        changed = getattr(request, kind.name)
        mask = mask_of(request.update_mask, changed, kind.spec.editable)
        given = kind.spec.read(changed)

        async def work(tx: Writer) -> Message:
            record = await update_record(tx, kind, record_id, given, mask, etag=request.etag)
            return _response_to(request)(**{kind.name: record_message(kind, record)})

        return await self._rpc.write(work)

    async def delete(self, request: Any, context: object) -> Message:
        """Deletes a record that no other needs."""
        record_id = self._id_in(request)

        async def work(tx: Writer) -> Message:
            await delete_record(tx, self._kind, record_id, etag=request.etag)
            return _response_to(request)()

        return await self._rpc.write(work)

    def _id_in(self, request: Any) -> UUID:
        field = f"{self._kind.name}_id"
        return parse_uuid(field, getattr(request, field))

    def _place(self, record: Record) -> Cursor:
        return text_in(record.values, "name") if self._kind.by_name else "", record.id


def _response_to(request: Message) -> type[Message]:
    return _response_type(request.DESCRIPTOR.full_name)


@cache
def _response_type(request: str) -> type[Message]:
    name = f"{request.removesuffix('Request')}Response"
    return GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


def _filters(request: Message) -> dict[str, Json]:
    """What a list is narrowed by: the rest of its request. None is no filter."""
    spec = message_spec(cast("Descriptor", request.DESCRIPTOR))
    given = convert.read(request, spec)
    return {
        name: _filter(field, given.get(name))
        for name, field in spec.fields.items()
        if name not in _PAGING
    }


def _filter(field: FieldSpec, value: Json) -> Json:
    if field.shape is Shape.BOOLEAN:
        return bool(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise malformed(field.name, f"has no value {value}")
    if field.name.endswith("_id"):
        return str(parse_uuid(field.name, value))
    return parse_text(field.name, value)
