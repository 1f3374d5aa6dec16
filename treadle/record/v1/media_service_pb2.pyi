from google.protobuf import field_mask_pb2 as _field_mask_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from treadle.record.v1 import audio_file_pb2 as _audio_file_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateAudioFileRequest(_message.Message):
    __slots__ = ("audio_file", "request_id")
    AUDIO_FILE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    audio_file: _audio_file_pb2.AudioFile
    request_id: str
    def __init__(self, audio_file: _Optional[_Union[_audio_file_pb2.AudioFile, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateAudioFileResponse(_message.Message):
    __slots__ = ("audio_file",)
    AUDIO_FILE_FIELD_NUMBER: _ClassVar[int]
    audio_file: _audio_file_pb2.AudioFile
    def __init__(self, audio_file: _Optional[_Union[_audio_file_pb2.AudioFile, _Mapping]] = ...) -> None: ...

class GetAudioFileRequest(_message.Message):
    __slots__ = ("audio_file_id",)
    AUDIO_FILE_ID_FIELD_NUMBER: _ClassVar[int]
    audio_file_id: str
    def __init__(self, audio_file_id: _Optional[str] = ...) -> None: ...

class GetAudioFileResponse(_message.Message):
    __slots__ = ("audio_file",)
    AUDIO_FILE_FIELD_NUMBER: _ClassVar[int]
    audio_file: _audio_file_pb2.AudioFile
    def __init__(self, audio_file: _Optional[_Union[_audio_file_pb2.AudioFile, _Mapping]] = ...) -> None: ...

class ListAudioFilesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAudioFilesResponse(_message.Message):
    __slots__ = ("audio_files", "next_page_token")
    AUDIO_FILES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    audio_files: _containers.RepeatedCompositeFieldContainer[_audio_file_pb2.AudioFile]
    next_page_token: str
    def __init__(self, audio_files: _Optional[_Iterable[_Union[_audio_file_pb2.AudioFile, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateAudioFileRequest(_message.Message):
    __slots__ = ("audio_file_id", "audio_file", "update_mask", "etag")
    AUDIO_FILE_ID_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FILE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    audio_file_id: str
    audio_file: _audio_file_pb2.AudioFile
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    def __init__(self, audio_file_id: _Optional[str] = ..., audio_file: _Optional[_Union[_audio_file_pb2.AudioFile, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class UpdateAudioFileResponse(_message.Message):
    __slots__ = ("audio_file",)
    AUDIO_FILE_FIELD_NUMBER: _ClassVar[int]
    audio_file: _audio_file_pb2.AudioFile
    def __init__(self, audio_file: _Optional[_Union[_audio_file_pb2.AudioFile, _Mapping]] = ...) -> None: ...

class DeleteAudioFileRequest(_message.Message):
    __slots__ = ("audio_file_id", "etag")
    AUDIO_FILE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    audio_file_id: str
    etag: str
    def __init__(self, audio_file_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteAudioFileResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
