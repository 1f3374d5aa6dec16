from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NoteType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTE_TYPE_UNSPECIFIED: _ClassVar[NoteType]
    NOTE_TYPE_GENERAL: _ClassVar[NoteType]
    NOTE_TYPE_WORKFLOW: _ClassVar[NoteType]
    NOTE_TYPE_SYSTEM: _ClassVar[NoteType]
NOTE_TYPE_UNSPECIFIED: NoteType
NOTE_TYPE_GENERAL: NoteType
NOTE_TYPE_WORKFLOW: NoteType
NOTE_TYPE_SYSTEM: NoteType

class AddNoteConfig(_message.Message):
    __slots__ = ("content", "note_type")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    NOTE_TYPE_FIELD_NUMBER: _ClassVar[int]
    content: str
    note_type: NoteType
    def __init__(self, content: _Optional[str] = ..., note_type: _Optional[_Union[NoteType, str]] = ...) -> None: ...

class AddNoteOutput(_message.Message):
    __slots__ = ("note_id",)
    NOTE_ID_FIELD_NUMBER: _ClassVar[int]
    note_id: str
    def __init__(self, note_id: _Optional[str] = ...) -> None: ...
