from treadle.compliance.v1 import compliance_pb2 as _compliance_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SetConsentsRequest(_message.Message):
    __slots__ = ("contact_id", "consents")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    consents: _containers.RepeatedCompositeFieldContainer[_compliance_pb2.Consent]
    def __init__(self, contact_id: _Optional[str] = ..., consents: _Optional[_Iterable[_Union[_compliance_pb2.Consent, _Mapping]]] = ...) -> None: ...

class SetConsentsResponse(_message.Message):
    __slots__ = ("consents",)
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[_compliance_pb2.Consent]
    def __init__(self, consents: _Optional[_Iterable[_Union[_compliance_pb2.Consent, _Mapping]]] = ...) -> None: ...

class ListConsentsRequest(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class ListConsentsResponse(_message.Message):
    __slots__ = ("consents", "suppressions")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[_compliance_pb2.Consent]
    suppressions: _containers.RepeatedCompositeFieldContainer[_compliance_pb2.Suppression]
    def __init__(self, consents: _Optional[_Iterable[_Union[_compliance_pb2.Consent, _Mapping]]] = ..., suppressions: _Optional[_Iterable[_Union[_compliance_pb2.Suppression, _Mapping]]] = ...) -> None: ...

class AddSuppressionRequest(_message.Message):
    __slots__ = ("suppression", "request_id")
    SUPPRESSION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    suppression: _compliance_pb2.Suppression
    request_id: str
    def __init__(self, suppression: _Optional[_Union[_compliance_pb2.Suppression, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class AddSuppressionResponse(_message.Message):
    __slots__ = ("suppression",)
    SUPPRESSION_FIELD_NUMBER: _ClassVar[int]
    suppression: _compliance_pb2.Suppression
    def __init__(self, suppression: _Optional[_Union[_compliance_pb2.Suppression, _Mapping]] = ...) -> None: ...

class LiftSuppressionRequest(_message.Message):
    __slots__ = ("suppression_id",)
    SUPPRESSION_ID_FIELD_NUMBER: _ClassVar[int]
    suppression_id: str
    def __init__(self, suppression_id: _Optional[str] = ...) -> None: ...

class LiftSuppressionResponse(_message.Message):
    __slots__ = ("suppression",)
    SUPPRESSION_FIELD_NUMBER: _ClassVar[int]
    suppression: _compliance_pb2.Suppression
    def __init__(self, suppression: _Optional[_Union[_compliance_pb2.Suppression, _Mapping]] = ...) -> None: ...

class ListSuppressionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "channel", "address", "contact_id", "cause", "include_lifted")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_LIFTED_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    channel: _compliance_pb2.Channel
    address: str
    contact_id: str
    cause: _compliance_pb2.SuppressionCause
    include_lifted: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., channel: _Optional[_Union[_compliance_pb2.Channel, str]] = ..., address: _Optional[str] = ..., contact_id: _Optional[str] = ..., cause: _Optional[_Union[_compliance_pb2.SuppressionCause, str]] = ..., include_lifted: _Optional[bool] = ...) -> None: ...

class ListSuppressionsResponse(_message.Message):
    __slots__ = ("suppressions", "next_page_token")
    SUPPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    suppressions: _containers.RepeatedCompositeFieldContainer[_compliance_pb2.Suppression]
    next_page_token: str
    def __init__(self, suppressions: _Optional[_Iterable[_Union[_compliance_pb2.Suppression, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
