from treadle.catalog.v1 import catalog_pb2 as _catalog_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListActionTypesRequest(_message.Message):
    __slots__ = ("category",)
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    category: str
    def __init__(self, category: _Optional[str] = ...) -> None: ...

class ListActionTypesResponse(_message.Message):
    __slots__ = ("action_types",)
    ACTION_TYPES_FIELD_NUMBER: _ClassVar[int]
    action_types: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.ActionType]
    def __init__(self, action_types: _Optional[_Iterable[_Union[_catalog_pb2.ActionType, _Mapping]]] = ...) -> None: ...

class GetActionTypeRequest(_message.Message):
    __slots__ = ("type",)
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: str
    def __init__(self, type: _Optional[str] = ...) -> None: ...

class GetActionTypeResponse(_message.Message):
    __slots__ = ("action_type",)
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    action_type: _catalog_pb2.ActionType
    def __init__(self, action_type: _Optional[_Union[_catalog_pb2.ActionType, _Mapping]] = ...) -> None: ...
