from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class CreateSubscriptionConfig(_message.Message):
    __slots__ = ("customer_id", "price_id", "quantity", "trial_days", "payment_method_id", "off_session", "description", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    TRIAL_DAYS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_METHOD_ID_FIELD_NUMBER: _ClassVar[int]
    OFF_SESSION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    customer_id: str
    price_id: str
    quantity: int
    trial_days: int
    payment_method_id: str
    off_session: bool
    description: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, customer_id: _Optional[str] = ..., price_id: _Optional[str] = ..., quantity: _Optional[int] = ..., trial_days: _Optional[int] = ..., payment_method_id: _Optional[str] = ..., off_session: _Optional[bool] = ..., description: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class CreateSubscriptionOutput(_message.Message):
    __slots__ = ("subscription_id", "status", "customer_id", "price_id", "quantity", "current_period_end", "trial_end", "latest_invoice_id")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CURRENT_PERIOD_END_FIELD_NUMBER: _ClassVar[int]
    TRIAL_END_FIELD_NUMBER: _ClassVar[int]
    LATEST_INVOICE_ID_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    status: str
    customer_id: str
    price_id: str
    quantity: int
    current_period_end: str
    trial_end: str
    latest_invoice_id: str
    def __init__(self, subscription_id: _Optional[str] = ..., status: _Optional[str] = ..., customer_id: _Optional[str] = ..., price_id: _Optional[str] = ..., quantity: _Optional[int] = ..., current_period_end: _Optional[str] = ..., trial_end: _Optional[str] = ..., latest_invoice_id: _Optional[str] = ...) -> None: ...
