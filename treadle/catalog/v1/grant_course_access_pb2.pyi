import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccessLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCESS_LEVEL_UNSPECIFIED: _ClassVar[AccessLevel]
    ACCESS_LEVEL_FULL: _ClassVar[AccessLevel]
    ACCESS_LEVEL_PREVIEW: _ClassVar[AccessLevel]
    ACCESS_LEVEL_LIMITED: _ClassVar[AccessLevel]
ACCESS_LEVEL_UNSPECIFIED: AccessLevel
ACCESS_LEVEL_FULL: AccessLevel
ACCESS_LEVEL_PREVIEW: AccessLevel
ACCESS_LEVEL_LIMITED: AccessLevel

class GrantCourseAccessConfig(_message.Message):
    __slots__ = ("course_id", "access_level", "duration_days", "drip_content", "send_welcome")
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_LEVEL_FIELD_NUMBER: _ClassVar[int]
    DURATION_DAYS_FIELD_NUMBER: _ClassVar[int]
    DRIP_CONTENT_FIELD_NUMBER: _ClassVar[int]
    SEND_WELCOME_FIELD_NUMBER: _ClassVar[int]
    course_id: str
    access_level: AccessLevel
    duration_days: int
    drip_content: bool
    send_welcome: bool
    def __init__(self, course_id: _Optional[str] = ..., access_level: _Optional[_Union[AccessLevel, str]] = ..., duration_days: _Optional[int] = ..., drip_content: _Optional[bool] = ..., send_welcome: _Optional[bool] = ...) -> None: ...

class GrantCourseAccessOutput(_message.Message):
    __slots__ = ("access_id", "course_id", "granted", "expires_at")
    ACCESS_ID_FIELD_NUMBER: _ClassVar[int]
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    access_id: str
    course_id: str
    granted: bool
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, access_id: _Optional[str] = ..., course_id: _Optional[str] = ..., granted: _Optional[bool] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
