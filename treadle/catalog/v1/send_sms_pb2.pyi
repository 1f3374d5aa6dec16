from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendSmsConfig(_message.Message):
    __slots__ = ("message", "from_number", "media_urls", "respect_quiet_hours", "quiet_hours_start", "quiet_hours_end", "purpose")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FROM_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MEDIA_URLS_FIELD_NUMBER: _ClassVar[int]
    RESPECT_QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_START_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_END_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    message: str
    from_number: str
    media_urls: _containers.RepeatedScalarFieldContainer[str]
    respect_quiet_hours: bool
    quiet_hours_start: str
    quiet_hours_end: str
    purpose: _send_purpose_pb2.SendPurpose
    def __init__(self, message: _Optional[str] = ..., from_number: _Optional[str] = ..., media_urls: _Optional[_Iterable[str]] = ..., respect_quiet_hours: _Optional[bool] = ..., quiet_hours_start: _Optional[str] = ..., quiet_hours_end: _Optional[str] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ...) -> None: ...

class SendSmsOutput(_message.Message):
    __slots__ = ("message_id", "to", "body", "segments")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    to: str
    body: str
    segments: int
    def __init__(self, message_id: _Optional[str] = ..., to: _Optional[str] = ..., body: _Optional[str] = ..., segments: _Optional[int] = ...) -> None: ...
