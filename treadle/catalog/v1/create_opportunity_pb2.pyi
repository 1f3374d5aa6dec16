from google.protobuf import struct_pb2 as _struct_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateOpportunityConfig(_message.Message):
    __slots__ = ("pipeline_id", "stage_id", "name", "value", "currency")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    stage_id: str
    name: str
    value: _struct_pb2.Value
    currency: str
    def __init__(self, pipeline_id: _Optional[str] = ..., stage_id: _Optional[str] = ..., name: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., currency: _Optional[str] = ...) -> None: ...

class CreateOpportunityOutput(_message.Message):
    __slots__ = ("opportunity_id", "pipeline_id", "stage_id", "value", "currency")
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    opportunity_id: str
    pipeline_id: str
    stage_id: str
    value: float
    currency: str
    def __init__(self, opportunity_id: _Optional[str] = ..., pipeline_id: _Optional[str] = ..., stage_id: _Optional[str] = ..., value: _Optional[float] = ..., currency: _Optional[str] = ...) -> None: ...
