from google.protobuf import struct_pb2 as _struct_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DuplicateHandling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DUPLICATE_HANDLING_UNSPECIFIED: _ClassVar[DuplicateHandling]
    DUPLICATE_HANDLING_SKIP: _ClassVar[DuplicateHandling]
    DUPLICATE_HANDLING_UPDATE: _ClassVar[DuplicateHandling]
    DUPLICATE_HANDLING_CREATE_DUPLICATE: _ClassVar[DuplicateHandling]
DUPLICATE_HANDLING_UNSPECIFIED: DuplicateHandling
DUPLICATE_HANDLING_SKIP: DuplicateHandling
DUPLICATE_HANDLING_UPDATE: DuplicateHandling
DUPLICATE_HANDLING_CREATE_DUPLICATE: DuplicateHandling

class CreateContactConfig(_message.Message):
    __slots__ = ("first_name", "last_name", "email", "phone", "custom_fields", "duplicate_handling")
    FIRST_NAME_FIELD_NUMBER: _ClassVar[int]
    LAST_NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELDS_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_HANDLING_FIELD_NUMBER: _ClassVar[int]
    first_name: str
    last_name: str
    email: str
    phone: str
    custom_fields: _struct_pb2.Struct
    duplicate_handling: DuplicateHandling
    def __init__(self, first_name: _Optional[str] = ..., last_name: _Optional[str] = ..., email: _Optional[str] = ..., phone: _Optional[str] = ..., custom_fields: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., duplicate_handling: _Optional[_Union[DuplicateHandling, str]] = ...) -> None: ...

class CreateContactOutput(_message.Message):
    __slots__ = ("contact_id", "created", "updated")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    created: bool
    updated: bool
    def __init__(self, contact_id: _Optional[str] = ..., created: _Optional[bool] = ..., updated: _Optional[bool] = ...) -> None: ...
