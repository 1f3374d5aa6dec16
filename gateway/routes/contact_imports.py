"""Contacts from CSV files: the file streams through, and the import goes on by itself."""

from collections.abc import AsyncIterator
from email.message import Message
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from common.errors import ErrorReason
from gateway.headers import CallerDep, RequestIdDep, UpstreamDep
from gateway.mapping.contact_imports import (
    contact_import,
    contact_import_list,
    refused_row_list,
    report_header,
    report_lines,
)
from gateway.models.base import UuidText
from gateway.models.contact_imports import (
    DUPLICATES,
    ContactImport,
    ContactImportList,
    DuplicatesName,
    RefusedRowList,
)
from gateway.openapi import CREATES, Document
from gateway.parameters import DEFAULT_PAGE_SIZE, PageSize, PageToken
from gateway.pointers import BodyFields
from gateway.problems import UNSUPPORTED_MEDIA_TYPE, Fault, InvalidRequestError
from gateway.upstream import Caller, Upstream
from treadle.record.v1 import contact_import_pb2
from treadle.record.v1 import contact_import_service_pb2 as pb

PATH: Final = "/api/v1/contact-imports"
CSV: Final = "text/csv"

router: Final = APIRouter(prefix=PATH, tags=["contact imports"])

# Pieces of a file are joined to messages of about this size.
_MESSAGE: Final = 256 * 1024
_REPORT_PAGE: Final = 200
# What is wrong with the file is wrong with the body as a whole.
_FIELDS: Final = BodyFields(moved={("data",): ()})
_FILE: Final[Document] = {
    "requestBody": {
        "required": True,
        "description": "UTF-8, with a header row; commas or semicolons; at most 50 MiB.",
        "content": {
            CSV: {
                "schema": {"type": "string"},
                "example": "email,first_name,tags\nada@example.com,Ada,customer;vip\n",
            }
        },
    }
}
_REPORT: Final[dict[int | str, Document]] = {
    200: {
        "description": "JSON by page; as CSV all rows, with the problems as the last column.",
        "content": {CSV: {"schema": {"type": "string"}}},
    }
}

FileName = Annotated[str, Query(max_length=255, description="To know the import by.")]
Duplicates = Annotated[
    DuplicatesName, Query(description="What happens to a row whose email a contact has.")
]
ContactImportId = Annotated[UuidText, Path()]
Columns = Annotated[
    list[str],
    Query(
        description="Which contact field a column fills, where its name does not say it: "
        "`Mail=email`, `Plan=custom_fields.plan`, `Remarks=` to leave it out. May be repeated.",
    ),
]


@router.post(
    "",
    status_code=201,
    operation_id="startContactImport",
    responses=CREATES,
    openapi_extra=_FILE,
)
async def start_contact_import(
    request: Request,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
    file_name: FileName = "",
    duplicates: Duplicates = "skip",
    columns: Columns = [],  # noqa: B006 - never changed
) -> ContactImport:
    """Import contacts from a CSV file; rows are imported after the answer."""
    _check_type(request.headers.get("content-type", ""))
    first = pb.StartContactImportRequest(
        file_name=file_name,
        duplicates=DUPLICATES.number(duplicates),
        request_id=request_id,
        columns=dict(_column(each) for each in columns),
    )
    requests = _messages(first, request.stream())
    answer = await caller.upload(upstream.imports.StartContactImport, requests, fields=_FIELDS)
    response.headers["Location"] = f"{PATH}/{answer.contact_import.id}"
    return contact_import(answer.contact_import)


@router.get("", operation_id="listContactImports")
async def list_contact_imports(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> ContactImportList:
    """List imports, newest first."""
    request = pb.ListContactImportsRequest(page_size=page_size, page_token=page_token)
    return contact_import_list(await caller.call(upstream.imports.ListContactImports, request))


@router.get("/{contact_import_id}", operation_id="getContactImport")
async def get_contact_import(
    contact_import_id: ContactImportId, caller: CallerDep, upstream: UpstreamDep
) -> ContactImport:
    """Show how far an import is."""
    return contact_import(await _import(caller, upstream, contact_import_id))


@router.get(
    "/{contact_import_id}/refused-rows",
    operation_id="listRefusedRows",
    response_model=RefusedRowList,
    responses=_REPORT,
)
async def list_refused_rows(
    contact_import_id: ContactImportId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> RefusedRowList | Response:
    """List the rows that were not imported, and why."""
    request = pb.ListRefusedRowsRequest(
        contact_import_id=contact_import_id, page_size=page_size, page_token=page_token
    )
    if CSV not in accept:
        return refused_row_list(await caller.call(upstream.imports.ListRefusedRows, request))
    columns = list((await _import(caller, upstream, contact_import_id)).column_names)
    return StreamingResponse(
        _report(caller, upstream, contact_import_id, columns),
        media_type=f"{CSV}; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="refused-rows.csv"'},
    )


async def _import(
    caller: Caller, upstream: Upstream, contact_import_id: str
) -> contact_import_pb2.ContactImport:
    request = pb.GetContactImportRequest(contact_import_id=contact_import_id)
    return (await caller.call(upstream.imports.GetContactImport, request)).contact_import


async def _report(
    caller: Caller, upstream: Upstream, contact_import_id: str, columns: list[str]
) -> AsyncIterator[str]:
    yield report_header(columns)
    request = pb.ListRefusedRowsRequest(contact_import_id=contact_import_id, page_size=_REPORT_PAGE)
    while True:
        page = await caller.call(upstream.imports.ListRefusedRows, request)
        yield report_lines(columns, page.refused_rows)
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


async def _messages(
    first: pb.StartContactImportRequest, pieces: AsyncIterator[bytes]
) -> AsyncIterator[pb.StartContactImportRequest]:
    """The file as messages, the first of which says what is to be done with it."""
    message, data = first, bytearray()
    try:
        async for piece in pieces:
            data += piece
            if len(data) >= _MESSAGE:
                message.data = bytes(data)
                yield message
                message, data = pb.StartContactImportRequest(), bytearray()
    except ClientDisconnect:
        raise HTTPException(400, "the file did not arrive whole") from None
    message.data = bytes(data)
    yield message


def _column(given: str) -> tuple[str, str]:
    name, separator, field = given.rpartition("=")
    if not separator or not name:
        raise InvalidRequestError(
            [Fault("must be like Mail=email", parameter="columns")],
            reason=ErrorReason.MALFORMED_REQUEST,
        )
    return name.strip(), field.strip()


def _check_type(content_type: str) -> None:
    message = Message()
    message["content-type"] = content_type
    charset = message.get_content_charset() or "utf-8"
    if message.get_content_type() != CSV or charset not in {"utf-8", "us-ascii"}:
        raise InvalidRequestError(
            [Fault("must be text/csv in UTF-8", parameter="Content-Type")],
            reason=UNSUPPORTED_MEDIA_TYPE,
        )
