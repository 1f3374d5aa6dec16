"""Imports of contacts between JSON, CSV and protobuf."""

import csv
import io
from collections.abc import Iterable, Sequence

from gateway.mapping.values import instant, optional_instant, text
from gateway.models.contact_imports import (
    DUPLICATES,
    STATUS,
    ContactImport,
    ContactImportList,
    RefusedRow,
    RefusedRowList,
    RowProblem,
)
from treadle.record.v1 import contact_import_pb2
from treadle.record.v1 import contact_import_service_pb2 as pb


def contact_import(message: contact_import_pb2.ContactImport) -> ContactImport:
    """An import as a resource."""
    return ContactImport(
        id=message.id,
        file_name=text(message.file_name),
        column_names=list(message.column_names),
        status=STATUS.shown(message.status),
        duplicates=DUPLICATES.shown(message.duplicates),
        total_rows=message.total_rows,
        processed_rows=message.processed_rows,
        created_rows=message.created_rows,
        updated_rows=message.updated_rows,
        skipped_rows=message.skipped_rows,
        refused_rows=message.refused_rows,
        failure=text(message.failure),
        created_at=instant(message.created_at),
        finished_at=optional_instant(message, "finished_at"),
    )


def contact_import_list(message: pb.ListContactImportsResponse) -> ContactImportList:
    """A page of imports."""
    return ContactImportList(
        contact_imports=[contact_import(each) for each in message.contact_imports],
        next_page_token=text(message.next_page_token),
    )


def refused_row_list(message: pb.ListRefusedRowsResponse) -> RefusedRowList:
    """A page of rows that were not imported."""
    return RefusedRowList(
        refused_rows=[_refused_row(row) for row in message.refused_rows],
        next_page_token=text(message.next_page_token),
    )


def report_header(columns: Sequence[str]) -> str:
    """The first line of a report of refused rows: the file's columns, and what we add."""
    return _line([*columns, "row_number", "problems"])


def report_lines(columns: Sequence[str], rows: Iterable[contact_import_pb2.RefusedRow]) -> str:
    """The rows as lines of the report; cells beyond the header are left out."""
    return "".join(
        _line(
            [
                *(row.values.get(column, "") for column in columns),
                str(row.row_number),
                "; ".join(_in_words(problem) for problem in row.problems),
            ]
        )
        for row in rows
    )


def _refused_row(row: contact_import_pb2.RefusedRow) -> RefusedRow:
    return RefusedRow(
        row_number=row.row_number,
        problems=[
            RowProblem(column=text(problem.column), description=problem.description)
            for problem in row.problems
        ],
        values=dict(row.values),
    )


def _in_words(problem: contact_import_pb2.RowProblem) -> str:
    return f"{problem.column}: {problem.description}" if problem.column else problem.description


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
