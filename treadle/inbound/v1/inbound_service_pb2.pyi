from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Provider(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROVIDER_UNSPECIFIED: _ClassVar[Provider]
    PROVIDER_TWILIO: _ClassVar[Provider]
    PROVIDER_SENDGRID: _ClassVar[Provider]
    PROVIDER_META: _ClassVar[Provider]
    PROVIDER_STRIPE: _ClassVar[Provider]
PROVIDER_UNSPECIFIED: Provider
PROVIDER_TWILIO: Provider
PROVIDER_SENDGRID: Provider
PROVIDER_META: Provider
PROVIDER_STRIPE: Provider

class RecordProviderEventsRequest(_message.Message):
    __slots__ = ("provider", "account_id", "body", "query", "own_secret")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    OWN_SECRET_FIELD_NUMBER: _ClassVar[int]
    provider: Provider
    account_id: str
    body: bytes
    query: str
    own_secret: bool
    def __init__(self, provider: _Optional[_Union[Provider, str]] = ..., account_id: _Optional[str] = ..., body: _Optional[bytes] = ..., query: _Optional[str] = ..., own_secret: _Optional[bool] = ...) -> None: ...

class RecordProviderEventsResponse(_message.Message):
    __slots__ = ("recorded", "repeated_events")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    repeated_events: int
    def __init__(self, recorded: _Optional[int] = ..., repeated_events: _Optional[int] = ...) -> None: ...

class ResolveInboundSecretsRequest(_message.Message):
    __slots__ = ("account_id", "provider")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    provider: Provider
    def __init__(self, account_id: _Optional[str] = ..., provider: _Optional[_Union[Provider, str]] = ...) -> None: ...

class ResolveInboundSecretsResponse(_message.Message):
    __slots__ = ("secrets",)
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    secrets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, secrets: _Optional[_Iterable[str]] = ...) -> None: ...
