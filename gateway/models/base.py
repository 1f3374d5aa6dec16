"""What every body shares: strictness, identifiers, free JSON, and enums read from the contracts.

Requests refuse unknown fields and wrong types (`"1"` is not a number). `null` and absent mean the
same for every optional field, so clients may send either.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    JsonValue,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from common.catalogue.fields import enum_spec

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Body(BaseModel):
    """A request body: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Resource(BaseModel):
    """A response body: every field is always there, `null` when it has no value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _uuid(value: str) -> str:
    canonical = value.lower()
    if not _UUID.fullmatch(canonical):
        raise PydanticCustomError("uuid_format", "must be a UUID")
    return canonical


def _uuid_or_empty(value: str) -> str:
    return _uuid(value) if value else value


UuidText = Annotated[
    str,
    AfterValidator(_uuid),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
"""A UUID in its canonical spelling; kept as text because that is how it travels on."""


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        problem = "must be between the years 1 and 9999, in UTC"
        raise PydanticCustomError("instant_range", problem) from None


# JSON has no instants of its own: strict bodies would refuse their texts.
Instant = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_in_utc)]
"""An instant with its offset that a protobuf Timestamp can hold; in UTC."""

Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
"""An identifier in a response, not checked again."""

UuidOrEmpty = Annotated[
    str,
    AfterValidator(_uuid_or_empty),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"const": ""}]}),
]
"""A UUID, or the empty string where an update may take the value away."""

JsonObject = dict[str, JsonValue]
Etag = Annotated[str, Field(min_length=1, max_length=128)]
PageToken = Annotated[str, Field(min_length=1, max_length=2048)]


class ProtoEnum:
    """A protobuf enum as its JSON spellings; also the pydantic rule for a field that holds one.

    The spelling is the option `json_value`, else the value's name without the enum's prefix in
    lower case. The unspecified value has none: in JSON it is `null`.
    """

    def __init__(self, enum: EnumTypeWrapper) -> None:
        self._by_name = enum_spec(enum.DESCRIPTOR).numbers
        self._by_number = {number: name for name, number in self._by_name.items()}

    @property
    def names(self) -> Sequence[str]:
        """All spellings, in the order of the contract."""
        return tuple(self._by_name)

    def number(self, name: str | None) -> Any:
        """The wire value of a spelling; the unspecified one for None."""
        return 0 if name is None else self._by_name[name]

    def name(self, number: int) -> str | None:
        """The spelling of a wire value; None for the unspecified or one that is newer than us."""
        return self._by_number.get(number)

    def shown(self, number: int) -> str:
        """The spelling of a wire value in a response; a newer service may know more than we."""
        return self._by_number.get(number, "unspecified")

    @property
    def documented(self) -> WithJsonSchema:
        """The rule for a field of a response: documented as this enum, but not checked again."""
        return WithJsonSchema({"type": "string", "enum": list(self._by_name)})

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.literal_schema(list(self._by_name))


def examples(*bodies: JsonObject) -> ConfigDict:
    """The model settings that document a body by examples."""
    values: list[JsonValue] = list(bodies)
    return ConfigDict(json_schema_extra={"examples": values})
