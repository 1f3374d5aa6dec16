from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AssignmentType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ASSIGNMENT_TYPE_UNSPECIFIED: _ClassVar[AssignmentType]
    ASSIGNMENT_TYPE_SPECIFIC: _ClassVar[AssignmentType]
    ASSIGNMENT_TYPE_ROUND_ROBIN: _ClassVar[AssignmentType]
    ASSIGNMENT_TYPE_LEAST_BUSY: _ClassVar[AssignmentType]
ASSIGNMENT_TYPE_UNSPECIFIED: AssignmentType
ASSIGNMENT_TYPE_SPECIFIC: AssignmentType
ASSIGNMENT_TYPE_ROUND_ROBIN: AssignmentType
ASSIGNMENT_TYPE_LEAST_BUSY: AssignmentType

class AssignToUserConfig(_message.Message):
    __slots__ = ("user_id", "assignment_type", "team_id", "notify_assignee")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGNMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    assignment_type: AssignmentType
    team_id: str
    notify_assignee: bool
    def __init__(self, user_id: _Optional[str] = ..., assignment_type: _Optional[_Union[AssignmentType, str]] = ..., team_id: _Optional[str] = ..., notify_assignee: _Optional[bool] = ...) -> None: ...

class AssignToUserOutput(_message.Message):
    __slots__ = ("user_id", "user_name", "previous_user_id", "changed")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    USER_NAME_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    user_name: str
    previous_user_id: str
    changed: bool
    def __init__(self, user_id: _Optional[str] = ..., user_name: _Optional[str] = ..., previous_user_id: _Optional[str] = ..., changed: _Optional[bool] = ...) -> None: ...
