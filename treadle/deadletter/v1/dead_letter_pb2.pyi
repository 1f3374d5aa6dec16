import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeadLetterKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_KIND_UNSPECIFIED: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_ACTION: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_RESULT: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_DELAY: _ClassVar[DeadLetterKind]
    DEAD_LETTER_KIND_EVENT: _ClassVar[DeadLetterKind]

class DeadLetterState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAD_LETTER_STATE_UNSPECIFIED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_OPEN: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_REPLAYED: _ClassVar[DeadLetterState]
    DEAD_LETTER_STATE_DISCARDED: _ClassVar[DeadLetterState]
DEAD_LETTER_KIND_UNSPECIFIED: DeadLetterKind
DEAD_LETTER_KIND_ACTION: DeadLetterKind
DEAD_LETTER_KIND_RESULT: DeadLetterKind
DEAD_LETTER_KIND_DELAY: DeadLetterKind
DEAD_LETTER_KIND_EVENT: DeadLetterKind
DEAD_LETTER_STATE_UNSPECIFIED: DeadLetterState
DEAD_LETTER_STATE_OPEN: DeadLetterState
DEAD_LETTER_STATE_REPLAYED: DeadLetterState
DEAD_LETTER_STATE_DISCARDED: DeadLetterState

class DeadLetter(_message.Message):
    __slots__ = ("id", "etag", "kind", "state", "source", "reason", "deliveries", "deaths", "died_at", "workflow_id", "execution_id", "action_execution_id", "action_type", "contact_id", "attempt_id", "closed_by", "closed_at", "closing_reason", "payload_bytes", "payload_json")
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    DEATHS_FIELD_NUMBER: _ClassVar[int]
    DIED_AT_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_REASON_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_JSON_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    kind: DeadLetterKind
    state: DeadLetterState
    source: str
    reason: str
    deliveries: int
    deaths: int
    died_at: _timestamp_pb2.Timestamp
    workflow_id: str
    execution_id: str
    action_execution_id: str
    action_type: str
    contact_id: str
    attempt_id: str
    closed_by: str
    closed_at: _timestamp_pb2.Timestamp
    closing_reason: str
    payload_bytes: int
    payload_json: str
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., kind: _Optional[_Union[DeadLetterKind, str]] = ..., state: _Optional[_Union[DeadLetterState, str]] = ..., source: _Optional[str] = ..., reason: _Optional[str] = ..., deliveries: _Optional[int] = ..., deaths: _Optional[int] = ..., died_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., workflow_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., action_type: _Optional[str] = ..., contact_id: _Optional[str] = ..., attempt_id: _Optional[str] = ..., closed_by: _Optional[str] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closing_reason: _Optional[str] = ..., payload_bytes: _Optional[int] = ..., payload_json: _Optional[str] = ...) -> None: ...
