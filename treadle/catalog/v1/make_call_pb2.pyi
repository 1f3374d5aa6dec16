from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallDestination(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_DESTINATION_UNSPECIFIED: _ClassVar[CallDestination]
    CALL_DESTINATION_USER: _ClassVar[CallDestination]
    CALL_DESTINATION_QUEUE: _ClassVar[CallDestination]
    CALL_DESTINATION_EXTERNAL: _ClassVar[CallDestination]
    CALL_DESTINATION_IVR: _ClassVar[CallDestination]

class CallOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_OUTCOME_UNSPECIFIED: _ClassVar[CallOutcome]
    CALL_OUTCOME_COMPLETED: _ClassVar[CallOutcome]
    CALL_OUTCOME_BUSY: _ClassVar[CallOutcome]
    CALL_OUTCOME_NO_ANSWER: _ClassVar[CallOutcome]
    CALL_OUTCOME_FAILED: _ClassVar[CallOutcome]
    CALL_OUTCOME_CANCELED: _ClassVar[CallOutcome]
    CALL_OUTCOME_UNKNOWN: _ClassVar[CallOutcome]
CALL_DESTINATION_UNSPECIFIED: CallDestination
CALL_DESTINATION_USER: CallDestination
CALL_DESTINATION_QUEUE: CallDestination
CALL_DESTINATION_EXTERNAL: CallDestination
CALL_DESTINATION_IVR: CallDestination
CALL_OUTCOME_UNSPECIFIED: CallOutcome
CALL_OUTCOME_COMPLETED: CallOutcome
CALL_OUTCOME_BUSY: CallOutcome
CALL_OUTCOME_NO_ANSWER: CallOutcome
CALL_OUTCOME_FAILED: CallOutcome
CALL_OUTCOME_CANCELED: CallOutcome
CALL_OUTCOME_UNKNOWN: CallOutcome

class MakeCallConfig(_message.Message):
    __slots__ = ("from_number", "destination_type", "destination_value", "record_call", "timeout_seconds", "respect_quiet_hours", "quiet_hours_start", "quiet_hours_end", "purpose")
    FROM_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_TYPE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_VALUE_FIELD_NUMBER: _ClassVar[int]
    RECORD_CALL_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESPECT_QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_START_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_END_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    from_number: str
    destination_type: CallDestination
    destination_value: str
    record_call: bool
    timeout_seconds: int
    respect_quiet_hours: bool
    quiet_hours_start: str
    quiet_hours_end: str
    purpose: _send_purpose_pb2.SendPurpose
    def __init__(self, from_number: _Optional[str] = ..., destination_type: _Optional[_Union[CallDestination, str]] = ..., destination_value: _Optional[str] = ..., record_call: _Optional[bool] = ..., timeout_seconds: _Optional[int] = ..., respect_quiet_hours: _Optional[bool] = ..., quiet_hours_start: _Optional[str] = ..., quiet_hours_end: _Optional[str] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ...) -> None: ...

class MakeCallOutput(_message.Message):
    __slots__ = ("call_id", "to", "outcome", "answered_by", "duration_seconds", "recording_url")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RECORDING_URL_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    to: str
    outcome: CallOutcome
    answered_by: str
    duration_seconds: int
    recording_url: str
    def __init__(self, call_id: _Optional[str] = ..., to: _Optional[str] = ..., outcome: _Optional[_Union[CallOutcome, str]] = ..., answered_by: _Optional[str] = ..., duration_seconds: _Optional[int] = ..., recording_url: _Optional[str] = ...) -> None: ...
