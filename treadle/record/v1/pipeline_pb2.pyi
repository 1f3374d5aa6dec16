import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StageOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_OUTCOME_UNSPECIFIED: _ClassVar[StageOutcome]
    STAGE_OUTCOME_OPEN: _ClassVar[StageOutcome]
    STAGE_OUTCOME_WON: _ClassVar[StageOutcome]
    STAGE_OUTCOME_LOST: _ClassVar[StageOutcome]
STAGE_OUTCOME_UNSPECIFIED: StageOutcome
STAGE_OUTCOME_OPEN: StageOutcome
STAGE_OUTCOME_WON: StageOutcome
STAGE_OUTCOME_LOST: StageOutcome

class Pipeline(_message.Message):
    __slots__ = ("id", "name", "stages", "created_at", "updated_at", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    stages: _containers.RepeatedCompositeFieldContainer[PipelineStage]
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., stages: _Optional[_Iterable[_Union[PipelineStage, _Mapping]]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class PipelineStage(_message.Message):
    __slots__ = ("id", "name", "outcome")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    outcome: StageOutcome
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., outcome: _Optional[_Union[StageOutcome, str]] = ...) -> None: ...
