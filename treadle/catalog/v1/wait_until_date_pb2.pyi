import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DateType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATE_TYPE_UNSPECIFIED: _ClassVar[DateType]
    DATE_TYPE_SPECIFIC: _ClassVar[DateType]
    DATE_TYPE_CONTACT_FIELD: _ClassVar[DateType]
    DATE_TYPE_CALCULATED: _ClassVar[DateType]

class TimezoneMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEZONE_MODE_UNSPECIFIED: _ClassVar[TimezoneMode]
    TIMEZONE_MODE_ACCOUNT: _ClassVar[TimezoneMode]
    TIMEZONE_MODE_CONTACT: _ClassVar[TimezoneMode]
    TIMEZONE_MODE_UTC: _ClassVar[TimezoneMode]

class DateOffsetUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATE_OFFSET_UNIT_UNSPECIFIED: _ClassVar[DateOffsetUnit]
    DATE_OFFSET_UNIT_MINUTES: _ClassVar[DateOffsetUnit]
    DATE_OFFSET_UNIT_HOURS: _ClassVar[DateOffsetUnit]
    DATE_OFFSET_UNIT_DAYS: _ClassVar[DateOffsetUnit]
    DATE_OFFSET_UNIT_WEEKS: _ClassVar[DateOffsetUnit]
    DATE_OFFSET_UNIT_MONTHS: _ClassVar[DateOffsetUnit]
DATE_TYPE_UNSPECIFIED: DateType
DATE_TYPE_SPECIFIC: DateType
DATE_TYPE_CONTACT_FIELD: DateType
DATE_TYPE_CALCULATED: DateType
TIMEZONE_MODE_UNSPECIFIED: TimezoneMode
TIMEZONE_MODE_ACCOUNT: TimezoneMode
TIMEZONE_MODE_CONTACT: TimezoneMode
TIMEZONE_MODE_UTC: TimezoneMode
DATE_OFFSET_UNIT_UNSPECIFIED: DateOffsetUnit
DATE_OFFSET_UNIT_MINUTES: DateOffsetUnit
DATE_OFFSET_UNIT_HOURS: DateOffsetUnit
DATE_OFFSET_UNIT_DAYS: DateOffsetUnit
DATE_OFFSET_UNIT_WEEKS: DateOffsetUnit
DATE_OFFSET_UNIT_MONTHS: DateOffsetUnit

class WaitUntilDateConfig(_message.Message):
    __slots__ = ("date_type", "date_value", "field_name", "time_of_day", "timezone_mode", "offset_value", "offset_unit")
    DATE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATE_VALUE_FIELD_NUMBER: _ClassVar[int]
    FIELD_NAME_FIELD_NUMBER: _ClassVar[int]
    TIME_OF_DAY_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_MODE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_VALUE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_UNIT_FIELD_NUMBER: _ClassVar[int]
    date_type: DateType
    date_value: str
    field_name: str
    time_of_day: str
    timezone_mode: TimezoneMode
    offset_value: int
    offset_unit: DateOffsetUnit
    def __init__(self, date_type: _Optional[_Union[DateType, str]] = ..., date_value: _Optional[str] = ..., field_name: _Optional[str] = ..., time_of_day: _Optional[str] = ..., timezone_mode: _Optional[_Union[TimezoneMode, str]] = ..., offset_value: _Optional[int] = ..., offset_unit: _Optional[_Union[DateOffsetUnit, str]] = ...) -> None: ...

class WaitUntilDateOutput(_message.Message):
    __slots__ = ("waited_until",)
    WAITED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    waited_until: _timestamp_pb2.Timestamp
    def __init__(self, waited_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
