import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TaskPriority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_PRIORITY_UNSPECIFIED: _ClassVar[TaskPriority]
    TASK_PRIORITY_LOW: _ClassVar[TaskPriority]
    TASK_PRIORITY_MEDIUM: _ClassVar[TaskPriority]
    TASK_PRIORITY_HIGH: _ClassVar[TaskPriority]
TASK_PRIORITY_UNSPECIFIED: TaskPriority
TASK_PRIORITY_LOW: TaskPriority
TASK_PRIORITY_MEDIUM: TaskPriority
TASK_PRIORITY_HIGH: TaskPriority

class CreateTaskConfig(_message.Message):
    __slots__ = ("title", "description", "due_date_offset", "assignee_id", "priority")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DUE_DATE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    title: str
    description: str
    due_date_offset: DueDateOffset
    assignee_id: str
    priority: TaskPriority
    def __init__(self, title: _Optional[str] = ..., description: _Optional[str] = ..., due_date_offset: _Optional[_Union[DueDateOffset, _Mapping]] = ..., assignee_id: _Optional[str] = ..., priority: _Optional[_Union[TaskPriority, str]] = ...) -> None: ...

class DueDateOffset(_message.Message):
    __slots__ = ("days", "hours")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    days: int
    hours: int
    def __init__(self, days: _Optional[int] = ..., hours: _Optional[int] = ...) -> None: ...

class CreateTaskOutput(_message.Message):
    __slots__ = ("task_id", "assignee_id", "due_at")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_ID_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    assignee_id: str
    due_at: _timestamp_pb2.Timestamp
    def __init__(self, task_id: _Optional[str] = ..., assignee_id: _Optional[str] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
