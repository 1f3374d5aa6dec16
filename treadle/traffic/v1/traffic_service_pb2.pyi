import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from treadle.traffic.v1 import traffic_pb2 as _traffic_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HoldReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLD_REASON_UNSPECIFIED: _ClassVar[HoldReason]
    HOLD_REASON_FAILING: _ClassVar[HoldReason]
    HOLD_REASON_PROBING: _ClassVar[HoldReason]
    HOLD_REASON_PAUSED: _ClassVar[HoldReason]
    HOLD_REASON_LIMITED: _ClassVar[HoldReason]
HOLD_REASON_UNSPECIFIED: HoldReason
HOLD_REASON_FAILING: HoldReason
HOLD_REASON_PROBING: HoldReason
HOLD_REASON_PAUSED: HoldReason
HOLD_REASON_LIMITED: HoldReason

class Outcomes(_message.Message):
    __slots__ = ("epoch", "successes", "failures", "last_error", "throttled", "retry_after", "unused")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SUCCESSES_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    THROTTLED_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    UNUSED_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    successes: int
    failures: int
    last_error: str
    throttled: int
    retry_after: _duration_pb2.Duration
    unused: int
    def __init__(self, epoch: _Optional[int] = ..., successes: _Optional[int] = ..., failures: _Optional[int] = ..., last_error: _Optional[str] = ..., throttled: _Optional[int] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., unused: _Optional[int] = ...) -> None: ...

class PermitRequest(_message.Message):
    __slots__ = ("account_id", "peer", "waiting", "ahead", "outcomes")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    peer: str
    waiting: int
    ahead: int
    outcomes: _containers.RepeatedCompositeFieldContainer[Outcomes]
    def __init__(self, account_id: _Optional[str] = ..., peer: _Optional[str] = ..., waiting: _Optional[int] = ..., ahead: _Optional[int] = ..., outcomes: _Optional[_Iterable[_Union[Outcomes, _Mapping]]] = ...) -> None: ...

class AcquirePermitsRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[PermitRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[PermitRequest, _Mapping]]] = ...) -> None: ...

class PermitAnswer(_message.Message):
    __slots__ = ("granted", "epoch", "lease", "reason", "not_before", "spacing", "message", "per_second")
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    SPACING_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    granted: int
    epoch: int
    lease: _duration_pb2.Duration
    reason: HoldReason
    not_before: _timestamp_pb2.Timestamp
    spacing: _duration_pb2.Duration
    message: str
    per_second: int
    def __init__(self, granted: _Optional[int] = ..., epoch: _Optional[int] = ..., lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[_Union[HoldReason, str]] = ..., not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., spacing: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., message: _Optional[str] = ..., per_second: _Optional[int] = ...) -> None: ...

class AcquirePermitsResponse(_message.Message):
    __slots__ = ("answers",)
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[PermitAnswer]
    def __init__(self, answers: _Optional[_Iterable[_Union[PermitAnswer, _Mapping]]] = ...) -> None: ...

class ListProvidersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProvidersResponse(_message.Message):
    __slots__ = ("providers",)
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    providers: _containers.RepeatedCompositeFieldContainer[_traffic_pb2.Provider]
    def __init__(self, providers: _Optional[_Iterable[_Union[_traffic_pb2.Provider, _Mapping]]] = ...) -> None: ...

class SetProviderLimitRequest(_message.Message):
    __slots__ = ("peer", "per_second", "burst")
    PEER_FIELD_NUMBER: _ClassVar[int]
    PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    peer: str
    per_second: int
    burst: int
    def __init__(self, peer: _Optional[str] = ..., per_second: _Optional[int] = ..., burst: _Optional[int] = ...) -> None: ...

class SetProviderLimitResponse(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: _traffic_pb2.Provider
    def __init__(self, provider: _Optional[_Union[_traffic_pb2.Provider, _Mapping]] = ...) -> None: ...

class ClearProviderLimitRequest(_message.Message):
    __slots__ = ("peer",)
    PEER_FIELD_NUMBER: _ClassVar[int]
    peer: str
    def __init__(self, peer: _Optional[str] = ...) -> None: ...

class ClearProviderLimitResponse(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: _traffic_pb2.Provider
    def __init__(self, provider: _Optional[_Union[_traffic_pb2.Provider, _Mapping]] = ...) -> None: ...

class ResetProviderRequest(_message.Message):
    __slots__ = ("peer",)
    PEER_FIELD_NUMBER: _ClassVar[int]
    peer: str
    def __init__(self, peer: _Optional[str] = ...) -> None: ...

class ResetProviderResponse(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: _traffic_pb2.Provider
    def __init__(self, provider: _Optional[_Union[_traffic_pb2.Provider, _Mapping]] = ...) -> None: ...
