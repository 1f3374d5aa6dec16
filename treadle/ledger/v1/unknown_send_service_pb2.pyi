import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.ledger.v1 import unknown_send_pb2 as _unknown_send_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListUnknownSendsRequest(_message.Message):
    __slots__ = ("state", "workflow_id", "contact_id", "channel", "unknown_before", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_BEFORE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: _unknown_send_pb2.UnknownSendState
    workflow_id: str
    contact_id: str
    channel: str
    unknown_before: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[_unknown_send_pb2.UnknownSendState, str]] = ..., workflow_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., channel: _Optional[str] = ..., unknown_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListUnknownSendsResponse(_message.Message):
    __slots__ = ("unknown_sends", "next_page_token")
    UNKNOWN_SENDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    unknown_sends: _containers.RepeatedCompositeFieldContainer[_unknown_send_pb2.UnknownSend]
    next_page_token: str
    def __init__(self, unknown_sends: _Optional[_Iterable[_Union[_unknown_send_pb2.UnknownSend, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetUnknownSendRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetUnknownSendResponse(_message.Message):
    __slots__ = ("unknown_send",)
    UNKNOWN_SEND_FIELD_NUMBER: _ClassVar[int]
    unknown_send: _unknown_send_pb2.UnknownSend
    def __init__(self, unknown_send: _Optional[_Union[_unknown_send_pb2.UnknownSend, _Mapping]] = ...) -> None: ...

class ResolveUnknownSendRequest(_message.Message):
    __slots__ = ("id", "resolution", "reason", "provider_message_id", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    resolution: _unknown_send_pb2.UnknownSendResolution
    reason: str
    provider_message_id: str
    etag: str
    def __init__(self, id: _Optional[str] = ..., resolution: _Optional[_Union[_unknown_send_pb2.UnknownSendResolution, str]] = ..., reason: _Optional[str] = ..., provider_message_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class ResolveUnknownSendResponse(_message.Message):
    __slots__ = ("unknown_send",)
    UNKNOWN_SEND_FIELD_NUMBER: _ClassVar[int]
    unknown_send: _unknown_send_pb2.UnknownSend
    def __init__(self, unknown_send: _Optional[_Union[_unknown_send_pb2.UnknownSend, _Mapping]] = ...) -> None: ...

class ResolveUnknownSendsRequest(_message.Message):
    __slots__ = ("ids", "resolution", "reason")
    IDS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    resolution: _unknown_send_pb2.UnknownSendResolution
    reason: str
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., resolution: _Optional[_Union[_unknown_send_pb2.UnknownSendResolution, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ResolveUnknownSendsResponse(_message.Message):
    __slots__ = ("resolved_ids", "left_ids")
    RESOLVED_IDS_FIELD_NUMBER: _ClassVar[int]
    LEFT_IDS_FIELD_NUMBER: _ClassVar[int]
    resolved_ids: _containers.RepeatedScalarFieldContainer[str]
    left_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, resolved_ids: _Optional[_Iterable[str]] = ..., left_ids: _Optional[_Iterable[str]] = ...) -> None: ...
