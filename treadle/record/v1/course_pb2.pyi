import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.catalog.v1 import grant_course_access_pb2 as _grant_course_access_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CourseAccessStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COURSE_ACCESS_STATUS_UNSPECIFIED: _ClassVar[CourseAccessStatus]
    COURSE_ACCESS_STATUS_ACTIVE: _ClassVar[CourseAccessStatus]
    COURSE_ACCESS_STATUS_EXPIRED: _ClassVar[CourseAccessStatus]
    COURSE_ACCESS_STATUS_REVOKED: _ClassVar[CourseAccessStatus]
COURSE_ACCESS_STATUS_UNSPECIFIED: CourseAccessStatus
COURSE_ACCESS_STATUS_ACTIVE: CourseAccessStatus
COURSE_ACCESS_STATUS_EXPIRED: CourseAccessStatus
COURSE_ACCESS_STATUS_REVOKED: CourseAccessStatus

class Course(_message.Message):
    __slots__ = ("id", "name", "description", "welcome_subject", "welcome_template_id", "created_at", "updated_at", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    WELCOME_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    WELCOME_TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    welcome_subject: str
    welcome_template_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., welcome_subject: _Optional[str] = ..., welcome_template_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class CourseAccess(_message.Message):
    __slots__ = ("id", "course_id", "contact_id", "access_level", "drip_content", "status", "granted_at", "expires_at", "revoked_at", "revocation_reason", "progress")
    ID_FIELD_NUMBER: _ClassVar[int]
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_LEVEL_FIELD_NUMBER: _ClassVar[int]
    DRIP_CONTENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    REVOCATION_REASON_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    id: str
    course_id: str
    contact_id: str
    access_level: _grant_course_access_pb2.AccessLevel
    drip_content: bool
    status: CourseAccessStatus
    granted_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    revoked_at: _timestamp_pb2.Timestamp
    revocation_reason: str
    progress: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., course_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., access_level: _Optional[_Union[_grant_course_access_pb2.AccessLevel, str]] = ..., drip_content: _Optional[bool] = ..., status: _Optional[_Union[CourseAccessStatus, str]] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revocation_reason: _Optional[str] = ..., progress: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
