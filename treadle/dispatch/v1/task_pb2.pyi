import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.workflow.v1 import action_pb2 as _action_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_STATUS_UNSPECIFIED: _ClassVar[CallStatus]
    CALL_STATUS_QUEUED: _ClassVar[CallStatus]
    CALL_STATUS_RINGING: _ClassVar[CallStatus]
    CALL_STATUS_ANSWERED: _ClassVar[CallStatus]
    CALL_STATUS_COMPLETED: _ClassVar[CallStatus]
    CALL_STATUS_BUSY: _ClassVar[CallStatus]
    CALL_STATUS_NO_ANSWER: _ClassVar[CallStatus]
    CALL_STATUS_FAILED: _ClassVar[CallStatus]
    CALL_STATUS_CANCELED: _ClassVar[CallStatus]

class DeliveryChannel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_CHANNEL_UNSPECIFIED: _ClassVar[DeliveryChannel]
    DELIVERY_CHANNEL_EMAIL: _ClassVar[DeliveryChannel]
    DELIVERY_CHANNEL_SMS: _ClassVar[DeliveryChannel]
    DELIVERY_CHANNEL_MESSENGER: _ClassVar[DeliveryChannel]
    DELIVERY_CHANNEL_CALL: _ClassVar[DeliveryChannel]
CALL_STATUS_UNSPECIFIED: CallStatus
CALL_STATUS_QUEUED: CallStatus
CALL_STATUS_RINGING: CallStatus
CALL_STATUS_ANSWERED: CallStatus
CALL_STATUS_COMPLETED: CallStatus
CALL_STATUS_BUSY: CallStatus
CALL_STATUS_NO_ANSWER: CallStatus
CALL_STATUS_FAILED: CallStatus
CALL_STATUS_CANCELED: CallStatus
DELIVERY_CHANNEL_UNSPECIFIED: DeliveryChannel
DELIVERY_CHANNEL_EMAIL: DeliveryChannel
DELIVERY_CHANNEL_SMS: DeliveryChannel
DELIVERY_CHANNEL_MESSENGER: DeliveryChannel
DELIVERY_CHANNEL_CALL: DeliveryChannel

class ActionTask(_message.Message):
    __slots__ = ("attempt_id", "action_execution_id", "execution_id", "account_id", "workflow_id", "action_id", "contact_id", "attempt_number", "config", "context_json", "ready_at", "context_at", "resume_at", "step_key", "delivery", "call", "lookup")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_JSON_FIELD_NUMBER: _ClassVar[int]
    READY_AT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_AT_FIELD_NUMBER: _ClassVar[int]
    RESUME_AT_FIELD_NUMBER: _ClassVar[int]
    STEP_KEY_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    LOOKUP_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    action_execution_id: str
    execution_id: str
    account_id: str
    workflow_id: str
    action_id: str
    contact_id: str
    attempt_number: int
    config: _action_pb2.ActionConfig
    context_json: bytes
    ready_at: _timestamp_pb2.Timestamp
    context_at: _timestamp_pb2.Timestamp
    resume_at: _timestamp_pb2.Timestamp
    step_key: str
    delivery: Delivery
    call: ProviderCall
    lookup: Lookup
    def __init__(self, attempt_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., account_id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., action_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., attempt_number: _Optional[int] = ..., config: _Optional[_Union[_action_pb2.ActionConfig, _Mapping]] = ..., context_json: _Optional[bytes] = ..., ready_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., context_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resume_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step_key: _Optional[str] = ..., delivery: _Optional[_Union[Delivery, _Mapping]] = ..., call: _Optional[_Union[ProviderCall, _Mapping]] = ..., lookup: _Optional[_Union[Lookup, _Mapping]] = ...) -> None: ...

class ProviderCall(_message.Message):
    __slots__ = ("call_id", "status", "answered_by", "duration", "recording_url", "placed_at", "to")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    RECORDING_URL_FIELD_NUMBER: _ClassVar[int]
    PLACED_AT_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    status: CallStatus
    answered_by: str
    duration: _duration_pb2.Duration
    recording_url: str
    placed_at: _timestamp_pb2.Timestamp
    to: str
    def __init__(self, call_id: _Optional[str] = ..., status: _Optional[_Union[CallStatus, str]] = ..., answered_by: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., recording_url: _Optional[str] = ..., placed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to: _Optional[str] = ...) -> None: ...

class Sent(_message.Message):
    __slots__ = ("channel", "recipient", "sender", "subject", "text")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    channel: DeliveryChannel
    recipient: str
    sender: str
    subject: str
    text: str
    def __init__(self, channel: _Optional[_Union[DeliveryChannel, str]] = ..., recipient: _Optional[str] = ..., sender: _Optional[str] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Lookup(_message.Message):
    __slots__ = ("attempt_id", "sent", "after", "before")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    sent: Sent
    after: _timestamp_pb2.Timestamp
    before: _timestamp_pb2.Timestamp
    def __init__(self, attempt_id: _Optional[str] = ..., sent: _Optional[_Union[Sent, _Mapping]] = ..., after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("id", "channel", "recipient", "recipient_name", "subject", "body", "template_id", "from_number")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_NUMBER_FIELD_NUMBER: _ClassVar[int]
    id: str
    channel: DeliveryChannel
    recipient: str
    recipient_name: str
    subject: str
    body: str
    template_id: str
    from_number: str
    def __init__(self, id: _Optional[str] = ..., channel: _Optional[_Union[DeliveryChannel, str]] = ..., recipient: _Optional[str] = ..., recipient_name: _Optional[str] = ..., subject: _Optional[str] = ..., body: _Optional[str] = ..., template_id: _Optional[str] = ..., from_number: _Optional[str] = ...) -> None: ...

class DelayedTask(_message.Message):
    __slots__ = ("task", "not_before", "spent_attempt_ids")
    TASK_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    SPENT_ATTEMPT_IDS_FIELD_NUMBER: _ClassVar[int]
    task: ActionTask
    not_before: _timestamp_pb2.Timestamp
    spent_attempt_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, task: _Optional[_Union[ActionTask, _Mapping]] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., spent_attempt_ids: _Optional[_Iterable[str]] = ...) -> None: ...
