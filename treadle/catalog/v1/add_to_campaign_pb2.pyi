from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartPosition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    START_POSITION_UNSPECIFIED: _ClassVar[StartPosition]
    START_POSITION_BEGINNING: _ClassVar[StartPosition]
    START_POSITION_SPECIFIC_STEP: _ClassVar[StartPosition]
START_POSITION_UNSPECIFIED: StartPosition
START_POSITION_BEGINNING: StartPosition
START_POSITION_SPECIFIC_STEP: StartPosition

class AddToCampaignConfig(_message.Message):
    __slots__ = ("campaign_id", "start_position", "step_id", "skip_if_enrolled")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    START_POSITION_FIELD_NUMBER: _ClassVar[int]
    STEP_ID_FIELD_NUMBER: _ClassVar[int]
    SKIP_IF_ENROLLED_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    start_position: StartPosition
    step_id: str
    skip_if_enrolled: bool
    def __init__(self, campaign_id: _Optional[str] = ..., start_position: _Optional[_Union[StartPosition, str]] = ..., step_id: _Optional[str] = ..., skip_if_enrolled: _Optional[bool] = ...) -> None: ...

class AddToCampaignOutput(_message.Message):
    __slots__ = ("enrollment_id", "campaign_id", "enrolled", "execution_id")
    ENROLLMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    enrollment_id: str
    campaign_id: str
    enrolled: bool
    execution_id: str
    def __init__(self, enrollment_id: _Optional[str] = ..., campaign_id: _Optional[str] = ..., enrolled: _Optional[bool] = ..., execution_id: _Optional[str] = ...) -> None: ...
