from google.protobuf import struct_pb2 as _struct_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CustomCodeConfig(_message.Message):
    __slots__ = ("code", "timeout_ms", "memory_limit_mb", "allowed_modules")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_MB_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_MODULES_FIELD_NUMBER: _ClassVar[int]
    code: str
    timeout_ms: int
    memory_limit_mb: int
    allowed_modules: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, code: _Optional[str] = ..., timeout_ms: _Optional[int] = ..., memory_limit_mb: _Optional[int] = ..., allowed_modules: _Optional[_Iterable[str]] = ...) -> None: ...

class CustomCodeOutput(_message.Message):
    __slots__ = ("result", "console")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CONSOLE_FIELD_NUMBER: _ClassVar[int]
    result: _struct_pb2.Value
    console: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, result: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., console: _Optional[_Iterable[str]] = ...) -> None: ...
