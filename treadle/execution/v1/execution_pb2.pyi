import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.message.v1 import message_pb2 as _message_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_STATE_UNSPECIFIED: _ClassVar[ExecutionState]
    EXECUTION_STATE_RUNNING: _ClassVar[ExecutionState]
    EXECUTION_STATE_WAITING: _ClassVar[ExecutionState]
    EXECUTION_STATE_PAUSED: _ClassVar[ExecutionState]
    EXECUTION_STATE_COMPLETED: _ClassVar[ExecutionState]
    EXECUTION_STATE_FAILED: _ClassVar[ExecutionState]
    EXECUTION_STATE_CANCELLED: _ClassVar[ExecutionState]

class ActionExecutionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_EXECUTION_STATUS_UNSPECIFIED: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_PENDING: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_SCHEDULED: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_RUNNING: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_WAITING: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_COMPLETED: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_FAILED: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_SKIPPED: _ClassVar[ActionExecutionStatus]
    ACTION_EXECUTION_STATUS_CANCELLED: _ClassVar[ActionExecutionStatus]

class ErrorClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_CLASS_UNSPECIFIED: _ClassVar[ErrorClass]
    ERROR_CLASS_NETWORK_TIMEOUT: _ClassVar[ErrorClass]
    ERROR_CLASS_RATE_LIMIT: _ClassVar[ErrorClass]
    ERROR_CLASS_SERVICE_UNAVAILABLE: _ClassVar[ErrorClass]
    ERROR_CLASS_AUTHENTICATION: _ClassVar[ErrorClass]
    ERROR_CLASS_INVALID_CONFIG: _ClassVar[ErrorClass]
    ERROR_CLASS_REJECTED: _ClassVar[ErrorClass]
    ERROR_CLASS_UNKNOWN_OUTCOME: _ClassVar[ErrorClass]
    ERROR_CLASS_INTERNAL: _ClassVar[ErrorClass]
    ERROR_CLASS_LINE_BUSY: _ClassVar[ErrorClass]
EXECUTION_STATE_UNSPECIFIED: ExecutionState
EXECUTION_STATE_RUNNING: ExecutionState
EXECUTION_STATE_WAITING: ExecutionState
EXECUTION_STATE_PAUSED: ExecutionState
EXECUTION_STATE_COMPLETED: ExecutionState
EXECUTION_STATE_FAILED: ExecutionState
EXECUTION_STATE_CANCELLED: ExecutionState
ACTION_EXECUTION_STATUS_UNSPECIFIED: ActionExecutionStatus
ACTION_EXECUTION_STATUS_PENDING: ActionExecutionStatus
ACTION_EXECUTION_STATUS_SCHEDULED: ActionExecutionStatus
ACTION_EXECUTION_STATUS_RUNNING: ActionExecutionStatus
ACTION_EXECUTION_STATUS_WAITING: ActionExecutionStatus
ACTION_EXECUTION_STATUS_COMPLETED: ActionExecutionStatus
ACTION_EXECUTION_STATUS_FAILED: ActionExecutionStatus
ACTION_EXECUTION_STATUS_SKIPPED: ActionExecutionStatus
ACTION_EXECUTION_STATUS_CANCELLED: ActionExecutionStatus
ERROR_CLASS_UNSPECIFIED: ErrorClass
ERROR_CLASS_NETWORK_TIMEOUT: ErrorClass
ERROR_CLASS_RATE_LIMIT: ErrorClass
ERROR_CLASS_SERVICE_UNAVAILABLE: ErrorClass
ERROR_CLASS_AUTHENTICATION: ErrorClass
ERROR_CLASS_INVALID_CONFIG: ErrorClass
ERROR_CLASS_REJECTED: ErrorClass
ERROR_CLASS_UNKNOWN_OUTCOME: ErrorClass
ERROR_CLASS_INTERNAL: ErrorClass
ERROR_CLASS_LINE_BUSY: ErrorClass

class Execution(_message.Message):
    __slots__ = ("id", "workflow_id", "workflow_version", "contact_id", "state", "current_action_id", "started_at", "ended_at", "reason", "event", "pause")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    workflow_version: int
    contact_id: str
    state: ExecutionState
    current_action_id: str
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    reason: str
    event: _struct_pb2.Struct
    pause: ExecutionPause
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., workflow_version: _Optional[int] = ..., contact_id: _Optional[str] = ..., state: _Optional[_Union[ExecutionState, str]] = ..., current_action_id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., event: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., pause: _Optional[_Union[ExecutionPause, _Mapping]] = ...) -> None: ...

class ExecutionPause(_message.Message):
    __slots__ = ("paused_at", "paused_by", "reason")
    PAUSED_AT_FIELD_NUMBER: _ClassVar[int]
    PAUSED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    paused_at: _timestamp_pb2.Timestamp
    paused_by: str
    reason: str
    def __init__(self, paused_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., paused_by: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ActionError(_message.Message):
    __slots__ = ("error_class", "message")
    ERROR_CLASS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    error_class: ErrorClass
    message: str
    def __init__(self, error_class: _Optional[_Union[ErrorClass, str]] = ..., message: _Optional[str] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("id", "number", "started_at", "finished_at", "error", "provider_reference")
    ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    number: int
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    error: ActionError
    provider_reference: str
    def __init__(self, id: _Optional[str] = ..., number: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., error: _Optional[_Union[ActionError, _Mapping]] = ..., provider_reference: _Optional[str] = ...) -> None: ...

class ActionExecution(_message.Message):
    __slots__ = ("id", "execution_id", "action_id", "action_name", "contact_id", "action_type", "action_config", "position", "status", "outcome", "created_at", "scheduled_at", "started_at", "completed_at", "duration", "result", "error", "reason", "retry_count", "attempts", "messages", "deliveries", "explanation", "unknown_send_id", "dead_letter_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    ACTION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RETRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_SEND_ID_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    execution_id: str
    action_id: str
    action_name: str
    contact_id: str
    action_type: str
    action_config: _struct_pb2.Struct
    position: int
    status: ActionExecutionStatus
    outcome: str
    created_at: _timestamp_pb2.Timestamp
    scheduled_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    completed_at: _timestamp_pb2.Timestamp
    duration: _duration_pb2.Duration
    result: _struct_pb2.Struct
    error: ActionError
    reason: str
    retry_count: int
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    messages: _containers.RepeatedCompositeFieldContainer[_message_pb2.Message]
    deliveries: _containers.RepeatedCompositeFieldContainer[_message_pb2.Delivery]
    explanation: str
    unknown_send_id: str
    dead_letter_id: str
    def __init__(self, id: _Optional[str] = ..., execution_id: _Optional[str] = ..., action_id: _Optional[str] = ..., action_name: _Optional[str] = ..., contact_id: _Optional[str] = ..., action_type: _Optional[str] = ..., action_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., position: _Optional[int] = ..., status: _Optional[_Union[ActionExecutionStatus, str]] = ..., outcome: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., result: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., error: _Optional[_Union[ActionError, _Mapping]] = ..., reason: _Optional[str] = ..., retry_count: _Optional[int] = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., messages: _Optional[_Iterable[_Union[_message_pb2.Message, _Mapping]]] = ..., deliveries: _Optional[_Iterable[_Union[_message_pb2.Delivery, _Mapping]]] = ..., explanation: _Optional[str] = ..., unknown_send_id: _Optional[str] = ..., dead_letter_id: _Optional[str] = ...) -> None: ...

class StepSummary(_message.Message):
    __slots__ = ("action_id", "action_name", "action_type", "position", "branch_id", "pending", "scheduled", "running", "waiting", "completed", "failed", "skipped", "cancelled", "retries", "p50_duration", "p99_duration", "messages")
    class MessagesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_NAME_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    RETRIES_FIELD_NUMBER: _ClassVar[int]
    P50_DURATION_FIELD_NUMBER: _ClassVar[int]
    P99_DURATION_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    action_id: str
    action_name: str
    action_type: str
    position: int
    branch_id: str
    pending: int
    scheduled: int
    running: int
    waiting: int
    completed: int
    failed: int
    skipped: int
    cancelled: int
    retries: int
    p50_duration: _duration_pb2.Duration
    p99_duration: _duration_pb2.Duration
    messages: _containers.ScalarMap[str, int]
    def __init__(self, action_id: _Optional[str] = ..., action_name: _Optional[str] = ..., action_type: _Optional[str] = ..., position: _Optional[int] = ..., branch_id: _Optional[str] = ..., pending: _Optional[int] = ..., scheduled: _Optional[int] = ..., running: _Optional[int] = ..., waiting: _Optional[int] = ..., completed: _Optional[int] = ..., failed: _Optional[int] = ..., skipped: _Optional[int] = ..., cancelled: _Optional[int] = ..., retries: _Optional[int] = ..., p50_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., messages: _Optional[_Mapping[str, int]] = ...) -> None: ...

class ExecutionCounts(_message.Message):
    __slots__ = ("running", "waiting", "paused", "completed", "failed", "cancelled")
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    running: int
    waiting: int
    paused: int
    completed: int
    failed: int
    cancelled: int
    def __init__(self, running: _Optional[int] = ..., waiting: _Optional[int] = ..., paused: _Optional[int] = ..., completed: _Optional[int] = ..., failed: _Optional[int] = ..., cancelled: _Optional[int] = ...) -> None: ...
