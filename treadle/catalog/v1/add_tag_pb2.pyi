from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class AddTagConfig(_message.Message):
    __slots__ = ("tag_name", "tag_color")
    TAG_NAME_FIELD_NUMBER: _ClassVar[int]
    TAG_COLOR_FIELD_NUMBER: _ClassVar[int]
    tag_name: str
    tag_color: str
    def __init__(self, tag_name: _Optional[str] = ..., tag_color: _Optional[str] = ...) -> None: ...

class AddTagOutput(_message.Message):
    __slots__ = ("tag_name", "tag_id", "added")
    TAG_NAME_FIELD_NUMBER: _ClassVar[int]
    TAG_ID_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    tag_name: str
    tag_id: str
    added: bool
    def __init__(self, tag_name: _Optional[str] = ..., tag_id: _Optional[str] = ..., added: _Optional[bool] = ...) -> None: ...
