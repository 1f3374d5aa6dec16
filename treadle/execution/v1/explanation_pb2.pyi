import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.execution.v1 import execution_pb2 as _execution_pb2
from treadle.execution.v1 import hold_pb2 as _hold_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplanationReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPLANATION_REASON_UNSPECIFIED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_COMPLETED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_FAILED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_CANCELLED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_WORKFLOW_PAUSED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_WAITING_FOR_TIME: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_WAITING_FOR_DATE: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_WAITING_FOR_EVENT: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_RETRYING: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_QUIET_HOURS: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_RATE_LIMITED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_CIRCUIT_OPEN: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_PROVIDER_PAUSED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_PROVIDER_SLOW: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_SERVICE_AWAY: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_PUT_OFF: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_WAITING_FOR_PROVIDER: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_UNKNOWN_OUTCOME: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_ATTEMPT_UNDER_WAY: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_NOT_DISPATCHED: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_WAITING_FOR_TURN: _ClassVar[ExplanationReason]
    EXPLANATION_REASON_PAUSED: _ClassVar[ExplanationReason]

class TimeoutOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEOUT_OUTCOME_UNSPECIFIED: _ClassVar[TimeoutOutcome]
    TIMEOUT_OUTCOME_CONTINUE: _ClassVar[TimeoutOutcome]
    TIMEOUT_OUTCOME_BRANCH: _ClassVar[TimeoutOutcome]
    TIMEOUT_OUTCOME_END: _ClassVar[TimeoutOutcome]
EXPLANATION_REASON_UNSPECIFIED: ExplanationReason
EXPLANATION_REASON_COMPLETED: ExplanationReason
EXPLANATION_REASON_FAILED: ExplanationReason
EXPLANATION_REASON_CANCELLED: ExplanationReason
EXPLANATION_REASON_WORKFLOW_PAUSED: ExplanationReason
EXPLANATION_REASON_WAITING_FOR_TIME: ExplanationReason
EXPLANATION_REASON_WAITING_FOR_DATE: ExplanationReason
EXPLANATION_REASON_WAITING_FOR_EVENT: ExplanationReason
EXPLANATION_REASON_RETRYING: ExplanationReason
EXPLANATION_REASON_QUIET_HOURS: ExplanationReason
EXPLANATION_REASON_RATE_LIMITED: ExplanationReason
EXPLANATION_REASON_CIRCUIT_OPEN: ExplanationReason
EXPLANATION_REASON_PROVIDER_PAUSED: ExplanationReason
EXPLANATION_REASON_PROVIDER_SLOW: ExplanationReason
EXPLANATION_REASON_SERVICE_AWAY: ExplanationReason
EXPLANATION_REASON_PUT_OFF: ExplanationReason
EXPLANATION_REASON_WAITING_FOR_PROVIDER: ExplanationReason
EXPLANATION_REASON_UNKNOWN_OUTCOME: ExplanationReason
EXPLANATION_REASON_ATTEMPT_UNDER_WAY: ExplanationReason
EXPLANATION_REASON_NOT_DISPATCHED: ExplanationReason
EXPLANATION_REASON_WAITING_FOR_TURN: ExplanationReason
EXPLANATION_REASON_PAUSED: ExplanationReason
TIMEOUT_OUTCOME_UNSPECIFIED: TimeoutOutcome
TIMEOUT_OUTCOME_CONTINUE: TimeoutOutcome
TIMEOUT_OUTCOME_BRANCH: TimeoutOutcome
TIMEOUT_OUTCOME_END: TimeoutOutcome

class Explanation(_message.Message):
    __slots__ = ("execution_id", "state", "reason", "sentences", "explained_at", "step", "since", "goes_on_at", "is_overdue", "rule", "hold", "event", "retries", "last_error", "unknown_outcome", "ending", "is_workflow_paused", "pause", "dead_letter_id")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SENTENCES_FIELD_NUMBER: _ClassVar[int]
    EXPLAINED_AT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    GOES_ON_AT_FIELD_NUMBER: _ClassVar[int]
    IS_OVERDUE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    RETRIES_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    IS_WORKFLOW_PAUSED_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_ID_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    state: _execution_pb2.ExecutionState
    reason: ExplanationReason
    sentences: _containers.RepeatedScalarFieldContainer[str]
    explained_at: _timestamp_pb2.Timestamp
    step: ExplainedStep
    since: _timestamp_pb2.Timestamp
    goes_on_at: _timestamp_pb2.Timestamp
    is_overdue: bool
    rule: str
    hold: _hold_pb2.Hold
    event: AwaitedEvent
    retries: Retries
    last_error: _execution_pb2.ActionError
    unknown_outcome: UnknownOutcome
    ending: str
    is_workflow_paused: bool
    pause: _execution_pb2.ExecutionPause
    dead_letter_id: str
    def __init__(self, execution_id: _Optional[str] = ..., state: _Optional[_Union[_execution_pb2.ExecutionState, str]] = ..., reason: _Optional[_Union[ExplanationReason, str]] = ..., sentences: _Optional[_Iterable[str]] = ..., explained_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step: _Optional[_Union[ExplainedStep, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., goes_on_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_overdue: _Optional[bool] = ..., rule: _Optional[str] = ..., hold: _Optional[_Union[_hold_pb2.Hold, _Mapping]] = ..., event: _Optional[_Union[AwaitedEvent, _Mapping]] = ..., retries: _Optional[_Union[Retries, _Mapping]] = ..., last_error: _Optional[_Union[_execution_pb2.ActionError, _Mapping]] = ..., unknown_outcome: _Optional[_Union[UnknownOutcome, _Mapping]] = ..., ending: _Optional[str] = ..., is_workflow_paused: _Optional[bool] = ..., pause: _Optional[_Union[_execution_pb2.ExecutionPause, _Mapping]] = ..., dead_letter_id: _Optional[str] = ...) -> None: ...

class ExplainedStep(_message.Message):
    __slots__ = ("action_id", "action_execution_id", "action_name", "action_type", "position", "branch_id", "branch_name", "status", "attempt_id", "attempt_number", "reached_at", "lease_until", "times_handed_out_again", "claimed_at")
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_NAME_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    BRANCH_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    REACHED_AT_FIELD_NUMBER: _ClassVar[int]
    LEASE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    TIMES_HANDED_OUT_AGAIN_FIELD_NUMBER: _ClassVar[int]
    CLAIMED_AT_FIELD_NUMBER: _ClassVar[int]
    action_id: str
    action_execution_id: str
    action_name: str
    action_type: str
    position: int
    branch_id: str
    branch_name: str
    status: _execution_pb2.ActionExecutionStatus
    attempt_id: str
    attempt_number: int
    reached_at: _timestamp_pb2.Timestamp
    lease_until: _timestamp_pb2.Timestamp
    times_handed_out_again: int
    claimed_at: _timestamp_pb2.Timestamp
    def __init__(self, action_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., action_name: _Optional[str] = ..., action_type: _Optional[str] = ..., position: _Optional[int] = ..., branch_id: _Optional[str] = ..., branch_name: _Optional[str] = ..., status: _Optional[_Union[_execution_pb2.ActionExecutionStatus, str]] = ..., attempt_id: _Optional[str] = ..., attempt_number: _Optional[int] = ..., reached_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lease_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., times_handed_out_again: _Optional[int] = ..., claimed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AwaitedEvent(_message.Message):
    __slots__ = ("event_type", "related_action_id", "related_action_name", "related_action_type", "ignores_automatic", "ignored", "last_ignored_at", "timeout_at", "timeout_outcome", "timeout_branch_id", "timeout_branch_name", "timeout_action_id")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RELATED_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    RELATED_ACTION_NAME_FIELD_NUMBER: _ClassVar[int]
    RELATED_ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    IGNORES_AUTOMATIC_FIELD_NUMBER: _ClassVar[int]
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    LAST_IGNORED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_AT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_BRANCH_NAME_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    related_action_id: str
    related_action_name: str
    related_action_type: str
    ignores_automatic: bool
    ignored: int
    last_ignored_at: _timestamp_pb2.Timestamp
    timeout_at: _timestamp_pb2.Timestamp
    timeout_outcome: TimeoutOutcome
    timeout_branch_id: str
    timeout_branch_name: str
    timeout_action_id: str
    def __init__(self, event_type: _Optional[str] = ..., related_action_id: _Optional[str] = ..., related_action_name: _Optional[str] = ..., related_action_type: _Optional[str] = ..., ignores_automatic: _Optional[bool] = ..., ignored: _Optional[int] = ..., last_ignored_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timeout_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timeout_outcome: _Optional[_Union[TimeoutOutcome, str]] = ..., timeout_branch_id: _Optional[str] = ..., timeout_branch_name: _Optional[str] = ..., timeout_action_id: _Optional[str] = ...) -> None: ...

class Retries(_message.Message):
    __slots__ = ("made", "allowed", "left", "next_backoff_at_most")
    MADE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    NEXT_BACKOFF_AT_MOST_FIELD_NUMBER: _ClassVar[int]
    made: int
    allowed: int
    left: int
    next_backoff_at_most: _duration_pb2.Duration
    def __init__(self, made: _Optional[int] = ..., allowed: _Optional[int] = ..., left: _Optional[int] = ..., next_backoff_at_most: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class UnknownOutcome(_message.Message):
    __slots__ = ("unknown_send_id", "provider", "times_asked", "next_asked_at")
    UNKNOWN_SEND_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TIMES_ASKED_FIELD_NUMBER: _ClassVar[int]
    NEXT_ASKED_AT_FIELD_NUMBER: _ClassVar[int]
    unknown_send_id: str
    provider: str
    times_asked: int
    next_asked_at: _timestamp_pb2.Timestamp
    def __init__(self, unknown_send_id: _Optional[str] = ..., provider: _Optional[str] = ..., times_asked: _Optional[int] = ..., next_asked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
