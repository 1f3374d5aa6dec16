from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.compliance.v1 import compliance_pb2 as _compliance_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClaimDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_DECISION_UNSPECIFIED: _ClassVar[ClaimDecision]
    CLAIM_DECISION_GRANTED: _ClassVar[ClaimDecision]
    CLAIM_DECISION_ALREADY_CLAIMED: _ClassVar[ClaimDecision]
    CLAIM_DECISION_STALE: _ClassVar[ClaimDecision]
    CLAIM_DECISION_REFUSED: _ClassVar[ClaimDecision]
CLAIM_DECISION_UNSPECIFIED: ClaimDecision
CLAIM_DECISION_GRANTED: ClaimDecision
CLAIM_DECISION_ALREADY_CLAIMED: ClaimDecision
CLAIM_DECISION_STALE: ClaimDecision
CLAIM_DECISION_REFUSED: ClaimDecision

class Claim(_message.Message):
    __slots__ = ("attempt_id", "action_execution_id", "account_id", "delivery_id", "recipient")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    action_execution_id: str
    account_id: str
    delivery_id: str
    recipient: Recipient
    def __init__(self, attempt_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., account_id: _Optional[str] = ..., delivery_id: _Optional[str] = ..., recipient: _Optional[_Union[Recipient, _Mapping]] = ...) -> None: ...

class Recipient(_message.Message):
    __slots__ = ("channel", "address", "purpose", "contact_id")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    channel: _compliance_pb2.Channel
    address: str
    purpose: _send_purpose_pb2.SendPurpose
    contact_id: str
    def __init__(self, channel: _Optional[_Union[_compliance_pb2.Channel, str]] = ..., address: _Optional[str] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ..., contact_id: _Optional[str] = ...) -> None: ...

class ClaimAttemptsRequest(_message.Message):
    __slots__ = ("claims",)
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[Claim]
    def __init__(self, claims: _Optional[_Iterable[_Union[Claim, _Mapping]]] = ...) -> None: ...

class ClaimAttemptsResponse(_message.Message):
    __slots__ = ("decisions", "reasons")
    class ReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: str
        def __init__(self, key: _Optional[int] = ..., value: _Optional[str] = ...) -> None: ...
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedScalarFieldContainer[ClaimDecision]
    reasons: _containers.ScalarMap[int, str]
    def __init__(self, decisions: _Optional[_Iterable[_Union[ClaimDecision, str]]] = ..., reasons: _Optional[_Mapping[int, str]] = ...) -> None: ...
