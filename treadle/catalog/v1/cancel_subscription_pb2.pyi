from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class CancelSubscriptionConfig(_message.Message):
    __slots__ = ("subscription_id", "cancel_at_period_end", "invoice_now", "prorate", "comment")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    CANCEL_AT_PERIOD_END_FIELD_NUMBER: _ClassVar[int]
    INVOICE_NOW_FIELD_NUMBER: _ClassVar[int]
    PRORATE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    cancel_at_period_end: bool
    invoice_now: bool
    prorate: bool
    comment: str
    def __init__(self, subscription_id: _Optional[str] = ..., cancel_at_period_end: _Optional[bool] = ..., invoice_now: _Optional[bool] = ..., prorate: _Optional[bool] = ..., comment: _Optional[str] = ...) -> None: ...

class CancelSubscriptionOutput(_message.Message):
    __slots__ = ("subscription_id", "status", "cancel_at_period_end", "cancel_at", "canceled_at")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_AT_PERIOD_END_FIELD_NUMBER: _ClassVar[int]
    CANCEL_AT_FIELD_NUMBER: _ClassVar[int]
    CANCELED_AT_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    status: str
    cancel_at_period_end: bool
    cancel_at: str
    canceled_at: str
    def __init__(self, subscription_id: _Optional[str] = ..., status: _Optional[str] = ..., cancel_at_period_end: _Optional[bool] = ..., cancel_at: _Optional[str] = ..., canceled_at: _Optional[str] = ...) -> None: ...
