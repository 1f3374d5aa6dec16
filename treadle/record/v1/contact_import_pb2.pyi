import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORT_STATUS_UNSPECIFIED: _ClassVar[ImportStatus]
    IMPORT_STATUS_PENDING: _ClassVar[ImportStatus]
    IMPORT_STATUS_RUNNING: _ClassVar[ImportStatus]
    IMPORT_STATUS_COMPLETED: _ClassVar[ImportStatus]
    IMPORT_STATUS_FAILED: _ClassVar[ImportStatus]

class ImportDuplicates(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORT_DUPLICATES_UNSPECIFIED: _ClassVar[ImportDuplicates]
    IMPORT_DUPLICATES_SKIP: _ClassVar[ImportDuplicates]
    IMPORT_DUPLICATES_UPDATE: _ClassVar[ImportDuplicates]
IMPORT_STATUS_UNSPECIFIED: ImportStatus
IMPORT_STATUS_PENDING: ImportStatus
IMPORT_STATUS_RUNNING: ImportStatus
IMPORT_STATUS_COMPLETED: ImportStatus
IMPORT_STATUS_FAILED: ImportStatus
IMPORT_DUPLICATES_UNSPECIFIED: ImportDuplicates
IMPORT_DUPLICATES_SKIP: ImportDuplicates
IMPORT_DUPLICATES_UPDATE: ImportDuplicates

class ContactImport(_message.Message):
    __slots__ = ("id", "file_name", "status", "duplicates", "total_rows", "processed_rows", "created_rows", "updated_rows", "skipped_rows", "refused_rows", "failure", "created_at", "finished_at", "column_names")
    ID_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ROWS_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_ROWS_FIELD_NUMBER: _ClassVar[int]
    CREATED_ROWS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_ROWS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_ROWS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ROWS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    COLUMN_NAMES_FIELD_NUMBER: _ClassVar[int]
    id: str
    file_name: str
    status: ImportStatus
    duplicates: ImportDuplicates
    total_rows: int
    processed_rows: int
    created_rows: int
    updated_rows: int
    skipped_rows: int
    refused_rows: int
    failure: str
    created_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    column_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., file_name: _Optional[str] = ..., status: _Optional[_Union[ImportStatus, str]] = ..., duplicates: _Optional[_Union[ImportDuplicates, str]] = ..., total_rows: _Optional[int] = ..., processed_rows: _Optional[int] = ..., created_rows: _Optional[int] = ..., updated_rows: _Optional[int] = ..., skipped_rows: _Optional[int] = ..., refused_rows: _Optional[int] = ..., failure: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., column_names: _Optional[_Iterable[str]] = ...) -> None: ...

class RefusedRow(_message.Message):
    __slots__ = ("row_number", "problems", "values")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ROW_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    row_number: int
    problems: _containers.RepeatedCompositeFieldContainer[RowProblem]
    values: _containers.ScalarMap[str, str]
    def __init__(self, row_number: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[RowProblem, _Mapping]]] = ..., values: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RowProblem(_message.Message):
    __slots__ = ("column", "description")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    column: str
    description: str
    def __init__(self, column: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...
