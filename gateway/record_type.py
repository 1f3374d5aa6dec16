"""A kind of record as the API serves it: a few words, and all that its contract declares.

Which calls there are and the fields of bodies, resources and filters are read from the descriptors
of the message and of its service, so that what a contract gains is served without a change here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from common.catalogue.fields import message_spec, snake
from common.catalogue.records import RecordSpec, record_spec
from gateway.mapping.records import shown
from gateway.models.base import Body, JsonObject, Resource
from gateway.models.records import Wording, create_body, resource, resource_page, update_body
from gateway.pointers import NO_BODY, BodyFields
from gateway.upstream import Caller, Upstream


class Rpc:
    """One method of a service, called by name."""

    def __init__(self, method: MethodDescriptor, stub: Callable[[Upstream], object]) -> None:
        self.name = method.name
        self._stub = stub
        self._request = GetMessageClass(method.input_type)
        self.request = message_spec(method.input_type)

    async def __call__(
        self,
        caller: Caller,
        upstream: Upstream,
        values: Mapping[str, object],
        fields: BodyFields = NO_BODY,
    ) -> Any:
        """Call it with these values; `fields` says where the caller's body has them."""
        method = getattr(self._stub(upstream), self.name)
        return await caller.call(method, self._request(**values), fields=fields)


@dataclass(frozen=True, slots=True)
class RecordService:
    """A service that keeps records, and where the gateway has its stub."""

    descriptor: ServiceDescriptor
    stub: Callable[[Upstream], object]


@dataclass(frozen=True)
class RecordType:
    """One row of the table.

    `path` is the collection's, in the plural; `order` says how lists are sorted. `example` is a new
    record and `change` a change, for the documentation. `noun` is the name where it is not that of
    the message. `within` are records that have lists of these below their own path.
    """

    message: type[Message]
    service: RecordService
    path: str
    about: str
    order: str
    example: JsonObject | None = None
    change: JsonObject | None = None
    noun: str = ""
    within: "RecordType | None" = None

    @cached_property
    def spec(self) -> RecordSpec:
        """The message's fields, and which of them callers may set."""
        return record_spec(cast("Descriptor", self.message.DESCRIPTOR))

    @property
    def member(self) -> str:
        """The field that holds the record in its service's requests and answers."""
        return snake(self.spec.message.name)

    @property
    def id_field(self) -> str:
        """The field that holds its id in its service's requests."""
        return f"{self.member}_id"

    @property
    def id_parameter(self) -> str:
        """The parameter that holds its id in paths."""
        return f"{self.words.replace(' ', '_')}_id"

    @property
    def name(self) -> str:
        """As in operation ids: `CustomField`."""
        return self.noun or self.spec.message.name

    @property
    def names(self) -> str:
        """As in operation ids of lists: `CustomFields`."""
        return self.plural.title().replace(" ", "")

    @property
    def words(self) -> str:
        """As in sentences: `custom field`."""
        return snake(self.name).replace("_", " ")

    @property
    def plural(self) -> str:
        """As in sentences: `custom fields`."""
        return self.path.replace("-", " ")

    @property
    def members(self) -> str:
        """What a page calls the records: `custom_fields`."""
        return self.path.replace("-", "_")

    @property
    def has_etag(self) -> bool:
        """Whether changes can be made on condition."""
        return "etag" in self.spec.message.fields

    def rpc(self, verb: str) -> Rpc | None:
        """The method that does `verb` with one record, such as `Create`; None without one."""
        method = self.service.descriptor.methods_by_name.get(verb + self.spec.message.name)
        return Rpc(method, self.service.stub) if method else None

    @cached_property
    def list_rpc(self) -> tuple[Rpc, str]:
        """The method that lists records, and the field of its answer that holds them."""
        wanted = cast("Descriptor", self.message.DESCRIPTOR).full_name
        for method in self.service.descriptor.methods:
            for field in method.output_type.fields:
                kind = field.message_type
                if field.is_repeated and kind is not None and kind.full_name == wanted:
                    return Rpc(method, self.service.stub), field.name
        raise LookupError(
            f"no method of {self.service.descriptor.full_name} lists {self.spec.message.name}"
        )

    @cached_property
    def create_body(self) -> type[Body]:
        """What POST takes."""
        wording = Wording(f"Create{self.name}Body", f"A new {self.words}.", self.example)
        return create_body(self.spec.inputs, wording)

    @cached_property
    def update_body(self) -> type[Body]:
        """What PATCH takes."""
        about = (
            f"Changes to one {self.words}; what is left out or null stays, an empty string takes "
            "a value away."
        )
        return update_body(self.spec.inputs, Wording(f"Update{self.name}Body", about, self.change))

    @cached_property
    def resource(self) -> type[Resource]:
        """What is answered."""
        return resource(self.spec.message, Wording(self.spec.message.name, self.about))

    @cached_property
    def page(self) -> type[Resource]:
        """What lists answer."""
        wording = Wording(f"{self.name}List", f"{self.plural.capitalize()}, {self.order}.")
        return resource_page(self.members, self.resource, wording)

    def shown(self, message: Message) -> Resource:
        """A record as its resource."""
        return self.resource.model_validate(shown(message, self.spec.message))
