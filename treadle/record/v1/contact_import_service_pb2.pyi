from treadle.options.v1 import options_pb2 as _options_pb2
from treadle.record.v1 import contact_import_pb2 as _contact_import_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetContactImportRequest(_message.Message):
    __slots__ = ("contact_import_id",)
    CONTACT_IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_import_id: str
    def __init__(self, contact_import_id: _Optional[str] = ...) -> None: ...

class GetContactImportResponse(_message.Message):
    __slots__ = ("contact_import",)
    CONTACT_IMPORT_FIELD_NUMBER: _ClassVar[int]
    contact_import: _contact_import_pb2.ContactImport
    def __init__(self, contact_import: _Optional[_Union[_contact_import_pb2.ContactImport, _Mapping]] = ...) -> None: ...

class ListContactImportsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListContactImportsResponse(_message.Message):
    __slots__ = ("contact_imports", "next_page_token")
    CONTACT_IMPORTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    contact_imports: _containers.RepeatedCompositeFieldContainer[_contact_import_pb2.ContactImport]
    next_page_token: str
    def __init__(self, contact_imports: _Optional[_Iterable[_Union[_contact_import_pb2.ContactImport, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class StartContactImportRequest(_message.Message):
    __slots__ = ("file_name", "duplicates", "request_id", "columns", "data")
    class ColumnsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    duplicates: _contact_import_pb2.ImportDuplicates
    request_id: str
    columns: _containers.ScalarMap[str, str]
    data: bytes
    def __init__(self, file_name: _Optional[str] = ..., duplicates: _Optional[_Union[_contact_import_pb2.ImportDuplicates, str]] = ..., request_id: _Optional[str] = ..., columns: _Optional[_Mapping[str, str]] = ..., data: _Optional[bytes] = ...) -> None: ...

class StartContactImportResponse(_message.Message):
    __slots__ = ("contact_import",)
    CONTACT_IMPORT_FIELD_NUMBER: _ClassVar[int]
    contact_import: _contact_import_pb2.ContactImport
    def __init__(self, contact_import: _Optional[_Union[_contact_import_pb2.ContactImport, _Mapping]] = ...) -> None: ...

class ListRefusedRowsRequest(_message.Message):
    __slots__ = ("contact_import_id", "page_size", "page_token")
    CONTACT_IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    contact_import_id: str
    page_size: int
    page_token: str
    def __init__(self, contact_import_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRefusedRowsResponse(_message.Message):
    __slots__ = ("refused_rows", "next_page_token")
    REFUSED_ROWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    refused_rows: _containers.RepeatedCompositeFieldContainer[_contact_import_pb2.RefusedRow]
    next_page_token: str
    def __init__(self, refused_rows: _Optional[_Iterable[_Union[_contact_import_pb2.RefusedRow, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
