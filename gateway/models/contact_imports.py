"""Bodies of the contact import endpoints."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Id, ProtoEnum, Resource
from treadle.record.v1.contact_import_pb2 import ImportDuplicates as ProtoDuplicates
from treadle.record.v1.contact_import_pb2 import ImportStatus as ProtoStatus

DUPLICATES = ProtoEnum(ProtoDuplicates)
STATUS = ProtoEnum(ProtoStatus)

DuplicatesName = Annotated[str, DUPLICATES]
ShownDuplicates = Annotated[str, DUPLICATES.documented]
ShownStatus = Annotated[str, STATUS.documented]


class ContactImport(Resource):
    """An import of contacts from a CSV file."""

    id: Id
    file_name: str | None
    column_names: list[str] = Field(description="The file's columns, in its order.")
    status: ShownStatus
    duplicates: ShownDuplicates
    total_rows: int = Field(description="Without the header and blank rows.")
    processed_rows: int = Field(description="The sum of the four below.")
    created_rows: int
    updated_rows: int
    skipped_rows: int = Field(
        description="Duplicates that were left out or would have changed nothing."
    )
    refused_rows: int = Field(description="See `/refused-rows`.")
    failure: str | None = Field(description="Why the import could not go on.")
    created_at: datetime
    finished_at: datetime | None


class ContactImportList(Resource):
    """Imports, newest first."""

    contact_imports: list[ContactImport]
    next_page_token: str | None = Field(description="null on the last page.")


class RowProblem(Resource):
    """What is wrong with a row."""

    column: str | None = Field(description="null when it is the row as a whole.")
    description: str


class RefusedRow(Resource):
    """A row that was not imported."""

    row_number: int = Field(description="As a spreadsheet counts: the header is row 1.")
    problems: list[RowProblem]
    values: dict[str, str] = Field(description="The row as it was given, by column.")


class RefusedRowList(Resource):
    """Rows that were not imported, in the file's order."""

    refused_rows: list[RefusedRow]
    next_page_token: str | None = Field(description="null on the last page.")
