import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TimeoutUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEOUT_UNIT_UNSPECIFIED: _ClassVar[TimeoutUnit]
    TIMEOUT_UNIT_HOURS: _ClassVar[TimeoutUnit]
    TIMEOUT_UNIT_DAYS: _ClassVar[TimeoutUnit]
    TIMEOUT_UNIT_MINUTES: _ClassVar[TimeoutUnit]
    TIMEOUT_UNIT_SECONDS: _ClassVar[TimeoutUnit]

class TimeoutAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEOUT_ACTION_UNSPECIFIED: _ClassVar[TimeoutAction]
    TIMEOUT_ACTION_CONTINUE: _ClassVar[TimeoutAction]
    TIMEOUT_ACTION_BRANCH: _ClassVar[TimeoutAction]
    TIMEOUT_ACTION_END: _ClassVar[TimeoutAction]

class WaitEnding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WAIT_ENDING_UNSPECIFIED: _ClassVar[WaitEnding]
    WAIT_ENDING_EVENT: _ClassVar[WaitEnding]
    WAIT_ENDING_TIMEOUT: _ClassVar[WaitEnding]
TIMEOUT_UNIT_UNSPECIFIED: TimeoutUnit
TIMEOUT_UNIT_HOURS: TimeoutUnit
TIMEOUT_UNIT_DAYS: TimeoutUnit
TIMEOUT_UNIT_MINUTES: TimeoutUnit
TIMEOUT_UNIT_SECONDS: TimeoutUnit
TIMEOUT_ACTION_UNSPECIFIED: TimeoutAction
TIMEOUT_ACTION_CONTINUE: TimeoutAction
TIMEOUT_ACTION_BRANCH: TimeoutAction
TIMEOUT_ACTION_END: TimeoutAction
WAIT_ENDING_UNSPECIFIED: WaitEnding
WAIT_ENDING_EVENT: WaitEnding
WAIT_ENDING_TIMEOUT: WaitEnding

class WaitForEventConfig(_message.Message):
    __slots__ = ("event_type", "related_action_id", "timeout_duration", "timeout_unit", "timeout_action", "timeout_branch_id", "ignore_automatic")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RELATED_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_DURATION_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_UNIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_ACTION_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    IGNORE_AUTOMATIC_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    related_action_id: str
    timeout_duration: int
    timeout_unit: TimeoutUnit
    timeout_action: TimeoutAction
    timeout_branch_id: str
    ignore_automatic: bool
    def __init__(self, event_type: _Optional[str] = ..., related_action_id: _Optional[str] = ..., timeout_duration: _Optional[int] = ..., timeout_unit: _Optional[_Union[TimeoutUnit, str]] = ..., timeout_action: _Optional[_Union[TimeoutAction, str]] = ..., timeout_branch_id: _Optional[str] = ..., ignore_automatic: _Optional[bool] = ...) -> None: ...

class WaitForEventOutput(_message.Message):
    __slots__ = ("ended_by", "event_type", "event_id", "occurred_at", "data")
    ENDED_BY_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ended_by: WaitEnding
    event_type: str
    event_id: str
    occurred_at: _timestamp_pb2.Timestamp
    data: _struct_pb2.Struct
    def __init__(self, ended_by: _Optional[_Union[WaitEnding, str]] = ..., event_type: _Optional[str] = ..., event_id: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
