import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AudioContentType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIO_CONTENT_TYPE_UNSPECIFIED: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_MPEG: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_WAV: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_WAVE: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_X_WAV: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_AIFF: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_X_AIFC: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_X_AIFF: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_X_GSM: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_GSM: _ClassVar[AudioContentType]
    AUDIO_CONTENT_TYPE_ULAW: _ClassVar[AudioContentType]
AUDIO_CONTENT_TYPE_UNSPECIFIED: AudioContentType
AUDIO_CONTENT_TYPE_MPEG: AudioContentType
AUDIO_CONTENT_TYPE_WAV: AudioContentType
AUDIO_CONTENT_TYPE_WAVE: AudioContentType
AUDIO_CONTENT_TYPE_X_WAV: AudioContentType
AUDIO_CONTENT_TYPE_AIFF: AudioContentType
AUDIO_CONTENT_TYPE_X_AIFC: AudioContentType
AUDIO_CONTENT_TYPE_X_AIFF: AudioContentType
AUDIO_CONTENT_TYPE_X_GSM: AudioContentType
AUDIO_CONTENT_TYPE_GSM: AudioContentType
AUDIO_CONTENT_TYPE_ULAW: AudioContentType

class AudioFile(_message.Message):
    __slots__ = ("id", "name", "url", "content_type", "duration_seconds", "created_at", "updated_at", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    url: str
    content_type: AudioContentType
    duration_seconds: float
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., url: _Optional[str] = ..., content_type: _Optional[_Union[AudioContentType, str]] = ..., duration_seconds: _Optional[float] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...
