from google.protobuf import struct_pb2 as _struct_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UpdateMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPDATE_MODE_UNSPECIFIED: _ClassVar[UpdateMode]
    UPDATE_MODE_SET: _ClassVar[UpdateMode]
    UPDATE_MODE_APPEND: _ClassVar[UpdateMode]
    UPDATE_MODE_INCREMENT: _ClassVar[UpdateMode]
UPDATE_MODE_UNSPECIFIED: UpdateMode
UPDATE_MODE_SET: UpdateMode
UPDATE_MODE_APPEND: UpdateMode
UPDATE_MODE_INCREMENT: UpdateMode

class UpdateContactConfig(_message.Message):
    __slots__ = ("field_updates", "update_mode")
    FIELD_UPDATES_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MODE_FIELD_NUMBER: _ClassVar[int]
    field_updates: _containers.RepeatedCompositeFieldContainer[ContactFieldUpdate]
    update_mode: UpdateMode
    def __init__(self, field_updates: _Optional[_Iterable[_Union[ContactFieldUpdate, _Mapping]]] = ..., update_mode: _Optional[_Union[UpdateMode, str]] = ...) -> None: ...

class ContactFieldUpdate(_message.Message):
    __slots__ = ("field", "value")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    field: str
    value: _struct_pb2.Value
    def __init__(self, field: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class UpdateContactOutput(_message.Message):
    __slots__ = ("fields",)
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, fields: _Optional[_Iterable[str]] = ...) -> None: ...
