import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WaitUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WAIT_UNIT_UNSPECIFIED: _ClassVar[WaitUnit]
    WAIT_UNIT_MINUTES: _ClassVar[WaitUnit]
    WAIT_UNIT_HOURS: _ClassVar[WaitUnit]
    WAIT_UNIT_DAYS: _ClassVar[WaitUnit]
    WAIT_UNIT_WEEKS: _ClassVar[WaitUnit]
    WAIT_UNIT_CALENDAR_DAYS: _ClassVar[WaitUnit]
    WAIT_UNIT_SECONDS: _ClassVar[WaitUnit]
WAIT_UNIT_UNSPECIFIED: WaitUnit
WAIT_UNIT_MINUTES: WaitUnit
WAIT_UNIT_HOURS: WaitUnit
WAIT_UNIT_DAYS: WaitUnit
WAIT_UNIT_WEEKS: WaitUnit
WAIT_UNIT_CALENDAR_DAYS: WaitUnit
WAIT_UNIT_SECONDS: WaitUnit

class WaitTimeConfig(_message.Message):
    __slots__ = ("duration", "unit")
    DURATION_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    duration: int
    unit: WaitUnit
    def __init__(self, duration: _Optional[int] = ..., unit: _Optional[_Union[WaitUnit, str]] = ...) -> None: ...

class WaitTimeOutput(_message.Message):
    __slots__ = ("waited_until",)
    WAITED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    waited_until: _timestamp_pb2.Timestamp
    def __init__(self, waited_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
