import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_EMAIL: _ClassVar[Channel]
    CHANNEL_SMS: _ClassVar[Channel]
    CHANNEL_VOICE: _ClassVar[Channel]
    CHANNEL_MESSENGER: _ClassVar[Channel]

class ConsentStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_STATUS_UNSPECIFIED: _ClassVar[ConsentStatus]
    CONSENT_STATUS_GRANTED: _ClassVar[ConsentStatus]
    CONSENT_STATUS_WITHDRAWN: _ClassVar[ConsentStatus]

class SuppressionScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPRESSION_SCOPE_UNSPECIFIED: _ClassVar[SuppressionScope]
    SUPPRESSION_SCOPE_ALL: _ClassVar[SuppressionScope]
    SUPPRESSION_SCOPE_MARKETING: _ClassVar[SuppressionScope]

class SuppressionCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPRESSION_CAUSE_UNSPECIFIED: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_UNSUBSCRIBE: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_STOP: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_BOUNCE: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_COMPLAINT: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_MANUAL: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_DO_NOT_CONTACT: _ClassVar[SuppressionCause]
    SUPPRESSION_CAUSE_ERASURE: _ClassVar[SuppressionCause]
CHANNEL_UNSPECIFIED: Channel
CHANNEL_EMAIL: Channel
CHANNEL_SMS: Channel
CHANNEL_VOICE: Channel
CHANNEL_MESSENGER: Channel
CONSENT_STATUS_UNSPECIFIED: ConsentStatus
CONSENT_STATUS_GRANTED: ConsentStatus
CONSENT_STATUS_WITHDRAWN: ConsentStatus
SUPPRESSION_SCOPE_UNSPECIFIED: SuppressionScope
SUPPRESSION_SCOPE_ALL: SuppressionScope
SUPPRESSION_SCOPE_MARKETING: SuppressionScope
SUPPRESSION_CAUSE_UNSPECIFIED: SuppressionCause
SUPPRESSION_CAUSE_UNSUBSCRIBE: SuppressionCause
SUPPRESSION_CAUSE_STOP: SuppressionCause
SUPPRESSION_CAUSE_BOUNCE: SuppressionCause
SUPPRESSION_CAUSE_COMPLAINT: SuppressionCause
SUPPRESSION_CAUSE_MANUAL: SuppressionCause
SUPPRESSION_CAUSE_DO_NOT_CONTACT: SuppressionCause
SUPPRESSION_CAUSE_ERASURE: SuppressionCause

class Consent(_message.Message):
    __slots__ = ("channel", "purpose", "status", "source", "evidence", "changed_at", "changed_by")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_BY_FIELD_NUMBER: _ClassVar[int]
    channel: Channel
    purpose: _send_purpose_pb2.SendPurpose
    status: ConsentStatus
    source: str
    evidence: _struct_pb2.Struct
    changed_at: _timestamp_pb2.Timestamp
    changed_by: str
    def __init__(self, channel: _Optional[_Union[Channel, str]] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ..., status: _Optional[_Union[ConsentStatus, str]] = ..., source: _Optional[str] = ..., evidence: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed_by: _Optional[str] = ...) -> None: ...

class Suppression(_message.Message):
    __slots__ = ("id", "channel", "address", "contact_id", "scope", "cause", "detail", "created_at", "created_by", "lifted_at", "lifted_by")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    LIFTED_AT_FIELD_NUMBER: _ClassVar[int]
    LIFTED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    channel: Channel
    address: str
    contact_id: str
    scope: SuppressionScope
    cause: SuppressionCause
    detail: str
    created_at: _timestamp_pb2.Timestamp
    created_by: str
    lifted_at: _timestamp_pb2.Timestamp
    lifted_by: str
    def __init__(self, id: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., address: _Optional[str] = ..., contact_id: _Optional[str] = ..., scope: _Optional[_Union[SuppressionScope, str]] = ..., cause: _Optional[_Union[SuppressionCause, str]] = ..., detail: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_by: _Optional[str] = ..., lifted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lifted_by: _Optional[str] = ...) -> None: ...
