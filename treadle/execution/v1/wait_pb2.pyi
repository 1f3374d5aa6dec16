import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.execution.v1 import execution_pb2 as _execution_pb2
from treadle.execution.v1 import hold_pb2 as _hold_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WaitKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WAIT_KIND_UNSPECIFIED: _ClassVar[WaitKind]
    WAIT_KIND_TIME: _ClassVar[WaitKind]
    WAIT_KIND_DATE: _ClassVar[WaitKind]
    WAIT_KIND_EVENT: _ClassVar[WaitKind]
    WAIT_KIND_CALL: _ClassVar[WaitKind]
    WAIT_KIND_RETRY: _ClassVar[WaitKind]
    WAIT_KIND_DEFERRAL: _ClassVar[WaitKind]
WAIT_KIND_UNSPECIFIED: WaitKind
WAIT_KIND_TIME: WaitKind
WAIT_KIND_DATE: WaitKind
WAIT_KIND_EVENT: WaitKind
WAIT_KIND_CALL: WaitKind
WAIT_KIND_RETRY: WaitKind
WAIT_KIND_DEFERRAL: WaitKind

class Wait(_message.Message):
    __slots__ = ("id", "etag", "kind", "execution_id", "execution_state", "workflow_id", "workflow_version", "action_id", "action_name", "action_type", "contact_id", "since", "due_at", "reason", "set_by_operator", "event_type", "related_action_id", "error", "retry_count", "hold")
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_STATE_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_NAME_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SET_BY_OPERATOR_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RELATED_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RETRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    kind: WaitKind
    execution_id: str
    execution_state: _execution_pb2.ExecutionState
    workflow_id: str
    workflow_version: int
    action_id: str
    action_name: str
    action_type: str
    contact_id: str
    since: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    reason: str
    set_by_operator: bool
    event_type: str
    related_action_id: str
    error: _execution_pb2.ActionError
    retry_count: int
    hold: _hold_pb2.Hold
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., kind: _Optional[_Union[WaitKind, str]] = ..., execution_id: _Optional[str] = ..., execution_state: _Optional[_Union[_execution_pb2.ExecutionState, str]] = ..., workflow_id: _Optional[str] = ..., workflow_version: _Optional[int] = ..., action_id: _Optional[str] = ..., action_name: _Optional[str] = ..., action_type: _Optional[str] = ..., contact_id: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., set_by_operator: _Optional[bool] = ..., event_type: _Optional[str] = ..., related_action_id: _Optional[str] = ..., error: _Optional[_Union[_execution_pb2.ActionError, _Mapping]] = ..., retry_count: _Optional[int] = ..., hold: _Optional[_Union[_hold_pb2.Hold, _Mapping]] = ...) -> None: ...
