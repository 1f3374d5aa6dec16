import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.execution.v1 import execution_pb2 as _execution_pb2
from treadle.execution.v1 import wait_pb2 as _wait_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AfterWait(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AFTER_WAIT_UNSPECIFIED: _ClassVar[AfterWait]
    AFTER_WAIT_GO_ON: _ClassVar[AfterWait]
    AFTER_WAIT_END_RUN: _ClassVar[AfterWait]
AFTER_WAIT_UNSPECIFIED: AfterWait
AFTER_WAIT_GO_ON: AfterWait
AFTER_WAIT_END_RUN: AfterWait

class ListWaitsRequest(_message.Message):
    __slots__ = ("workflow_id", "action_id", "contact_id", "kind", "due_from", "due_before", "page_size", "page_token")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DUE_FROM_FIELD_NUMBER: _ClassVar[int]
    DUE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    action_id: str
    contact_id: str
    kind: _wait_pb2.WaitKind
    due_from: _timestamp_pb2.Timestamp
    due_before: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, workflow_id: _Optional[str] = ..., action_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., kind: _Optional[_Union[_wait_pb2.WaitKind, str]] = ..., due_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListWaitsResponse(_message.Message):
    __slots__ = ("waits", "next_page_token")
    WAITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    waits: _containers.RepeatedCompositeFieldContainer[_wait_pb2.Wait]
    next_page_token: str
    def __init__(self, waits: _Optional[_Iterable[_Union[_wait_pb2.Wait, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetWaitRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetWaitResponse(_message.Message):
    __slots__ = ("wait",)
    WAIT_FIELD_NUMBER: _ClassVar[int]
    wait: _wait_pb2.Wait
    def __init__(self, wait: _Optional[_Union[_wait_pb2.Wait, _Mapping]] = ...) -> None: ...

class RearmWaitRequest(_message.Message):
    __slots__ = ("id", "due_at", "reason", "etag", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    due_at: _timestamp_pb2.Timestamp
    reason: str
    etag: str
    request_id: str
    def __init__(self, id: _Optional[str] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RearmWaitResponse(_message.Message):
    __slots__ = ("wait",)
    WAIT_FIELD_NUMBER: _ClassVar[int]
    wait: _wait_pb2.Wait
    def __init__(self, wait: _Optional[_Union[_wait_pb2.Wait, _Mapping]] = ...) -> None: ...

class FireWaitRequest(_message.Message):
    __slots__ = ("id", "reason", "etag", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    etag: str
    request_id: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class FireWaitResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class CancelWaitRequest(_message.Message):
    __slots__ = ("id", "then", "reason", "etag", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    THEN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    then: AfterWait
    reason: str
    etag: str
    request_id: str
    def __init__(self, id: _Optional[str] = ..., then: _Optional[_Union[AfterWait, str]] = ..., reason: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class CancelWaitResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...
