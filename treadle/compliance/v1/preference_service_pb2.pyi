from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.compliance.v1 import compliance_pb2 as _compliance_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Preference(_message.Message):
    __slots__ = ("channel", "purpose", "wanted", "locked")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    LOCKED_FIELD_NUMBER: _ClassVar[int]
    channel: _compliance_pb2.Channel
    purpose: _send_purpose_pb2.SendPurpose
    wanted: bool
    locked: bool
    def __init__(self, channel: _Optional[_Union[_compliance_pb2.Channel, str]] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ..., wanted: _Optional[bool] = ..., locked: _Optional[bool] = ...) -> None: ...

class ReadPreferencesRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class ReadPreferencesResponse(_message.Message):
    __slots__ = ("account_name", "address_hint", "preferences")
    ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_HINT_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    account_name: str
    address_hint: str
    preferences: _containers.RepeatedCompositeFieldContainer[Preference]
    def __init__(self, account_name: _Optional[str] = ..., address_hint: _Optional[str] = ..., preferences: _Optional[_Iterable[_Union[Preference, _Mapping]]] = ...) -> None: ...

class UnsubscribeRequest(_message.Message):
    __slots__ = ("token", "source")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    token: str
    source: str
    def __init__(self, token: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class UnsubscribeResponse(_message.Message):
    __slots__ = ("account_name", "address_hint")
    ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_HINT_FIELD_NUMBER: _ClassVar[int]
    account_name: str
    address_hint: str
    def __init__(self, account_name: _Optional[str] = ..., address_hint: _Optional[str] = ...) -> None: ...

class SetPreferencesRequest(_message.Message):
    __slots__ = ("token", "preferences")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    token: str
    preferences: _containers.RepeatedCompositeFieldContainer[Preference]
    def __init__(self, token: _Optional[str] = ..., preferences: _Optional[_Iterable[_Union[Preference, _Mapping]]] = ...) -> None: ...

class SetPreferencesResponse(_message.Message):
    __slots__ = ("account_name", "address_hint", "preferences")
    ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_HINT_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    account_name: str
    address_hint: str
    preferences: _containers.RepeatedCompositeFieldContainer[Preference]
    def __init__(self, account_name: _Optional[str] = ..., address_hint: _Optional[str] = ..., preferences: _Optional[_Iterable[_Union[Preference, _Mapping]]] = ...) -> None: ...
