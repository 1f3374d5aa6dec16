from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HoldCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLD_CAUSE_UNSPECIFIED: _ClassVar[HoldCause]
    HOLD_CAUSE_CLOCK: _ClassVar[HoldCause]
    HOLD_CAUSE_QUIET_HOURS: _ClassVar[HoldCause]
    HOLD_CAUSE_RATE_LIMIT: _ClassVar[HoldCause]
    HOLD_CAUSE_CIRCUIT_OPEN: _ClassVar[HoldCause]
    HOLD_CAUSE_PROVIDER_PAUSE: _ClassVar[HoldCause]
    HOLD_CAUSE_PROVIDER_SLOW: _ClassVar[HoldCause]
    HOLD_CAUSE_SERVICE_AWAY: _ClassVar[HoldCause]
    HOLD_CAUSE_OPERATOR: _ClassVar[HoldCause]

class ZoneSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ZONE_SOURCE_UNSPECIFIED: _ClassVar[ZoneSource]
    ZONE_SOURCE_CONTACT: _ClassVar[ZoneSource]
    ZONE_SOURCE_ACCOUNT: _ClassVar[ZoneSource]
    ZONE_SOURCE_CONFIGURED: _ClassVar[ZoneSource]
    ZONE_SOURCE_PHONE_NUMBER: _ClassVar[ZoneSource]
    ZONE_SOURCE_DEFAULT: _ClassVar[ZoneSource]

class ClockChange(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLOCK_CHANGE_UNSPECIFIED: _ClassVar[ClockChange]
    CLOCK_CHANGE_GAP: _ClassVar[ClockChange]
    CLOCK_CHANGE_OVERLAP: _ClassVar[ClockChange]
HOLD_CAUSE_UNSPECIFIED: HoldCause
HOLD_CAUSE_CLOCK: HoldCause
HOLD_CAUSE_QUIET_HOURS: HoldCause
HOLD_CAUSE_RATE_LIMIT: HoldCause
HOLD_CAUSE_CIRCUIT_OPEN: HoldCause
HOLD_CAUSE_PROVIDER_PAUSE: HoldCause
HOLD_CAUSE_PROVIDER_SLOW: HoldCause
HOLD_CAUSE_SERVICE_AWAY: HoldCause
HOLD_CAUSE_OPERATOR: HoldCause
ZONE_SOURCE_UNSPECIFIED: ZoneSource
ZONE_SOURCE_CONTACT: ZoneSource
ZONE_SOURCE_ACCOUNT: ZoneSource
ZONE_SOURCE_CONFIGURED: ZoneSource
ZONE_SOURCE_PHONE_NUMBER: ZoneSource
ZONE_SOURCE_DEFAULT: ZoneSource
CLOCK_CHANGE_UNSPECIFIED: ClockChange
CLOCK_CHANGE_GAP: ClockChange
CLOCK_CHANGE_OVERLAP: ClockChange

class Hold(_message.Message):
    __slots__ = ("cause", "zones", "zone_source", "clock_change", "peer", "hours", "per_second")
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    ZONE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    CLOCK_CHANGE_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    cause: HoldCause
    zones: _containers.RepeatedScalarFieldContainer[str]
    zone_source: ZoneSource
    clock_change: ClockChange
    peer: str
    hours: str
    per_second: int
    def __init__(self, cause: _Optional[_Union[HoldCause, str]] = ..., zones: _Optional[_Iterable[str]] = ..., zone_source: _Optional[_Union[ZoneSource, str]] = ..., clock_change: _Optional[_Union[ClockChange, str]] = ..., peer: _Optional[str] = ..., hours: _Optional[str] = ..., per_second: _Optional[int] = ...) -> None: ...
