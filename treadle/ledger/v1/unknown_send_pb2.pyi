import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UnknownSendState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN_SEND_STATE_UNSPECIFIED: _ClassVar[UnknownSendState]
    UNKNOWN_SEND_STATE_OPEN: _ClassVar[UnknownSendState]
    UNKNOWN_SEND_STATE_DECIDED: _ClassVar[UnknownSendState]
    UNKNOWN_SEND_STATE_SETTLED: _ClassVar[UnknownSendState]

class UnknownSendResolution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN_SEND_RESOLUTION_UNSPECIFIED: _ClassVar[UnknownSendResolution]
    UNKNOWN_SEND_RESOLUTION_SENT: _ClassVar[UnknownSendResolution]
    UNKNOWN_SEND_RESOLUTION_RETRY: _ClassVar[UnknownSendResolution]
    UNKNOWN_SEND_RESOLUTION_FAIL: _ClassVar[UnknownSendResolution]
    UNKNOWN_SEND_RESOLUTION_ENDED: _ClassVar[UnknownSendResolution]

class LookupFinding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOOKUP_FINDING_UNSPECIFIED: _ClassVar[LookupFinding]
    LOOKUP_FINDING_FOUND: _ClassVar[LookupFinding]
    LOOKUP_FINDING_NOT_FOUND: _ClassVar[LookupFinding]
    LOOKUP_FINDING_CANNOT_TELL: _ClassVar[LookupFinding]
UNKNOWN_SEND_STATE_UNSPECIFIED: UnknownSendState
UNKNOWN_SEND_STATE_OPEN: UnknownSendState
UNKNOWN_SEND_STATE_DECIDED: UnknownSendState
UNKNOWN_SEND_STATE_SETTLED: UnknownSendState
UNKNOWN_SEND_RESOLUTION_UNSPECIFIED: UnknownSendResolution
UNKNOWN_SEND_RESOLUTION_SENT: UnknownSendResolution
UNKNOWN_SEND_RESOLUTION_RETRY: UnknownSendResolution
UNKNOWN_SEND_RESOLUTION_FAIL: UnknownSendResolution
UNKNOWN_SEND_RESOLUTION_ENDED: UnknownSendResolution
LOOKUP_FINDING_UNSPECIFIED: LookupFinding
LOOKUP_FINDING_FOUND: LookupFinding
LOOKUP_FINDING_NOT_FOUND: LookupFinding
LOOKUP_FINDING_CANNOT_TELL: LookupFinding

class SendLookup(_message.Message):
    __slots__ = ("looked_at", "finding", "note")
    LOOKED_AT_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    looked_at: _timestamp_pb2.Timestamp
    finding: LookupFinding
    note: str
    def __init__(self, looked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finding: _Optional[_Union[LookupFinding, str]] = ..., note: _Optional[str] = ...) -> None: ...

class UnknownSend(_message.Message):
    __slots__ = ("id", "etag", "workflow_id", "execution_id", "action_execution_id", "action_id", "action_type", "contact_id", "delivery_id", "channel", "provider", "recipient", "sender", "subject", "text", "claimed_at", "unknown_at", "reason", "state", "lookups", "next_lookup_at", "resolution", "resolved_by", "resolved_at", "resolution_reason", "provider_message_id", "explanation")
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CLAIMED_AT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOOKUPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_LOOKUP_AT_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_AT_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_REASON_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    workflow_id: str
    execution_id: str
    action_execution_id: str
    action_id: str
    action_type: str
    contact_id: str
    delivery_id: str
    channel: str
    provider: str
    recipient: str
    sender: str
    subject: str
    text: str
    claimed_at: _timestamp_pb2.Timestamp
    unknown_at: _timestamp_pb2.Timestamp
    reason: str
    state: UnknownSendState
    lookups: _containers.RepeatedCompositeFieldContainer[SendLookup]
    next_lookup_at: _timestamp_pb2.Timestamp
    resolution: UnknownSendResolution
    resolved_by: str
    resolved_at: _timestamp_pb2.Timestamp
    resolution_reason: str
    provider_message_id: str
    explanation: str
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., workflow_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., action_id: _Optional[str] = ..., action_type: _Optional[str] = ..., contact_id: _Optional[str] = ..., delivery_id: _Optional[str] = ..., channel: _Optional[str] = ..., provider: _Optional[str] = ..., recipient: _Optional[str] = ..., sender: _Optional[str] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ..., claimed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., unknown_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., state: _Optional[_Union[UnknownSendState, str]] = ..., lookups: _Optional[_Iterable[_Union[SendLookup, _Mapping]]] = ..., next_lookup_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resolution: _Optional[_Union[UnknownSendResolution, str]] = ..., resolved_by: _Optional[str] = ..., resolved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resolution_reason: _Optional[str] = ..., provider_message_id: _Optional[str] = ..., explanation: _Optional[str] = ...) -> None: ...
