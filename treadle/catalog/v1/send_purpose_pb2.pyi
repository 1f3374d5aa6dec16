from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class SendPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEND_PURPOSE_UNSPECIFIED: _ClassVar[SendPurpose]
    SEND_PURPOSE_MARKETING: _ClassVar[SendPurpose]
    SEND_PURPOSE_TRANSACTIONAL: _ClassVar[SendPurpose]
SEND_PURPOSE_UNSPECIFIED: SendPurpose
SEND_PURPOSE_MARKETING: SendPurpose
SEND_PURPOSE_TRANSACTIONAL: SendPurpose
