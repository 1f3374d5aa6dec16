from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class RemoveFromCampaignConfig(_message.Message):
    __slots__ = ("campaign_id", "reason")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    reason: str
    def __init__(self, campaign_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RemoveFromCampaignOutput(_message.Message):
    __slots__ = ("removed", "enrollment_id", "cancelled_execution_id")
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    ENROLLMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    removed: bool
    enrollment_id: str
    cancelled_execution_id: str
    def __init__(self, removed: _Optional[bool] = ..., enrollment_id: _Optional[str] = ..., cancelled_execution_id: _Optional[str] = ...) -> None: ...
