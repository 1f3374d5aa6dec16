from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class RevokeCourseAccessConfig(_message.Message):
    __slots__ = ("course_id", "retain_progress", "revocation_reason")
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    RETAIN_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    REVOCATION_REASON_FIELD_NUMBER: _ClassVar[int]
    course_id: str
    retain_progress: bool
    revocation_reason: str
    def __init__(self, course_id: _Optional[str] = ..., retain_progress: _Optional[bool] = ..., revocation_reason: _Optional[str] = ...) -> None: ...

class RevokeCourseAccessOutput(_message.Message):
    __slots__ = ("access_id", "revoked")
    ACCESS_ID_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    access_id: str
    revoked: bool
    def __init__(self, access_id: _Optional[str] = ..., revoked: _Optional[bool] = ...) -> None: ...
