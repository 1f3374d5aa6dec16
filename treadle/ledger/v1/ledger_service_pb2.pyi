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
CLAIM_DECISION_UNSPECIFIED: ClaimDecision
CLAIM_DECISION_GRANTED: ClaimDecision
CLAIM_DECISION_ALREADY_CLAIMED: ClaimDecision
CLAIM_DECISION_STALE: ClaimDecision

class Claim(_message.Message):
    __slots__ = ("attempt_id", "action_execution_id", "account_id", "delivery_id")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    action_execution_id: str
    account_id: str
    delivery_id: str
    def __init__(self, attempt_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., account_id: _Optional[str] = ..., delivery_id: _Optional[str] = ...) -> None: ...

class ClaimAttemptsRequest(_message.Message):
    __slots__ = ("claims",)
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[Claim]
    def __init__(self, claims: _Optional[_Iterable[_Union[Claim, _Mapping]]] = ...) -> None: ...

class ClaimAttemptsResponse(_message.Message):
    __slots__ = ("decisions",)
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedScalarFieldContainer[ClaimDecision]
    def __init__(self, decisions: _Optional[_Iterable[_Union[ClaimDecision, str]]] = ...) -> None: ...
