from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpportunitySelector(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPPORTUNITY_SELECTOR_UNSPECIFIED: _ClassVar[OpportunitySelector]
    OPPORTUNITY_SELECTOR_FIRST: _ClassVar[OpportunitySelector]
    OPPORTUNITY_SELECTOR_LATEST: _ClassVar[OpportunitySelector]
    OPPORTUNITY_SELECTOR_SPECIFIC: _ClassVar[OpportunitySelector]
OPPORTUNITY_SELECTOR_UNSPECIFIED: OpportunitySelector
OPPORTUNITY_SELECTOR_FIRST: OpportunitySelector
OPPORTUNITY_SELECTOR_LATEST: OpportunitySelector
OPPORTUNITY_SELECTOR_SPECIFIC: OpportunitySelector

class MovePipelineStageConfig(_message.Message):
    __slots__ = ("pipeline_id", "stage_id", "opportunity_selector", "opportunity_id")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    stage_id: str
    opportunity_selector: OpportunitySelector
    opportunity_id: str
    def __init__(self, pipeline_id: _Optional[str] = ..., stage_id: _Optional[str] = ..., opportunity_selector: _Optional[_Union[OpportunitySelector, str]] = ..., opportunity_id: _Optional[str] = ...) -> None: ...

class MovePipelineStageOutput(_message.Message):
    __slots__ = ("opportunity_id", "stage_id", "previous_stage_id", "moved")
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_STAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MOVED_FIELD_NUMBER: _ClassVar[int]
    opportunity_id: str
    stage_id: str
    previous_stage_id: str
    moved: bool
    def __init__(self, opportunity_id: _Optional[str] = ..., stage_id: _Optional[str] = ..., previous_stage_id: _Optional[str] = ..., moved: _Optional[bool] = ...) -> None: ...
