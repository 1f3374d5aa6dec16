from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VoicemailOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VOICEMAIL_OUTCOME_UNSPECIFIED: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_VOICEMAIL_LEFT: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_MESSAGE_PLAYED: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_HUMAN_ANSWERED: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_FAX_ANSWERED: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_BUSY: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_NO_ANSWER: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_FAILED: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_CANCELED: _ClassVar[VoicemailOutcome]
    VOICEMAIL_OUTCOME_UNKNOWN: _ClassVar[VoicemailOutcome]
VOICEMAIL_OUTCOME_UNSPECIFIED: VoicemailOutcome
VOICEMAIL_OUTCOME_VOICEMAIL_LEFT: VoicemailOutcome
VOICEMAIL_OUTCOME_MESSAGE_PLAYED: VoicemailOutcome
VOICEMAIL_OUTCOME_HUMAN_ANSWERED: VoicemailOutcome
VOICEMAIL_OUTCOME_FAX_ANSWERED: VoicemailOutcome
VOICEMAIL_OUTCOME_BUSY: VoicemailOutcome
VOICEMAIL_OUTCOME_NO_ANSWER: VoicemailOutcome
VOICEMAIL_OUTCOME_FAILED: VoicemailOutcome
VOICEMAIL_OUTCOME_CANCELED: VoicemailOutcome
VOICEMAIL_OUTCOME_UNKNOWN: VoicemailOutcome

class SendVoicemailConfig(_message.Message):
    __slots__ = ("audio_file_id", "from_number", "machine_detection", "retry_on_busy", "max_retries", "respect_quiet_hours", "quiet_hours_start", "quiet_hours_end", "purpose")
    AUDIO_FILE_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MACHINE_DETECTION_FIELD_NUMBER: _ClassVar[int]
    RETRY_ON_BUSY_FIELD_NUMBER: _ClassVar[int]
    MAX_RETRIES_FIELD_NUMBER: _ClassVar[int]
    RESPECT_QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_START_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_END_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    audio_file_id: str
    from_number: str
    machine_detection: bool
    retry_on_busy: bool
    max_retries: int
    respect_quiet_hours: bool
    quiet_hours_start: str
    quiet_hours_end: str
    purpose: _send_purpose_pb2.SendPurpose
    def __init__(self, audio_file_id: _Optional[str] = ..., from_number: _Optional[str] = ..., machine_detection: _Optional[bool] = ..., retry_on_busy: _Optional[bool] = ..., max_retries: _Optional[int] = ..., respect_quiet_hours: _Optional[bool] = ..., quiet_hours_start: _Optional[str] = ..., quiet_hours_end: _Optional[str] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ...) -> None: ...

class SendVoicemailOutput(_message.Message):
    __slots__ = ("call_id", "to", "outcome", "answered_by", "duration_seconds")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    to: str
    outcome: VoicemailOutcome
    answered_by: str
    duration_seconds: int
    def __init__(self, call_id: _Optional[str] = ..., to: _Optional[str] = ..., outcome: _Optional[_Union[VoicemailOutcome, str]] = ..., answered_by: _Optional[str] = ..., duration_seconds: _Optional[int] = ...) -> None: ...
