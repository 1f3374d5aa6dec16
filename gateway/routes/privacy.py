"""What the GDPR gives to a person: all that is held of them, and an end to it."""

from collections.abc import AsyncGenerator
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from grpc import aio

from common.grpc.status import from_rpc_error
from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.privacy import erasure
from gateway.models.base import UuidText
from gateway.models.privacy import Erasure
from gateway.openapi import EXPORTS, STARTS_IN_BACKGROUND
from gateway.parameters import ContactId
from gateway.problems import RefusedError
from gateway.requests import StrictRoute
from treadle.compliance.v1 import privacy_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1", tags=["privacy"], route_class=StrictRoute)

ErasureId = Annotated[UuidText, Path()]
_Export = aio.UnaryStreamCall[pb.ExportContactRequest, pb.ExportContactResponse]


@router.get(
    "/contacts/{contact_id}/export",
    operation_id="exportContact",
    response_class=Response,
    responses=EXPORTS,
)
async def export_contact(
    contact_id: ContactId, caller: CallerDep, upstream: UpstreamDep
) -> StreamingResponse:
    """Download all that is held of a contact, as one JSON document."""
    request = pb.ExportContactRequest(contact_id=contact_id)
    export = caller.watch(upstream.privacy.ExportContact, request)
    first = await _next(export)
    return StreamingResponse(
        _pieces(export, first),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="contact-{contact_id}.json"'},
    )


@router.post(
    "/contacts/{contact_id}/erase",
    status_code=202,
    operation_id="eraseContact",
    responses=STARTS_IN_BACKGROUND,
)
async def erase_contact(
    contact_id: ContactId, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> Erasure:
    """Erase a contact: nothing is sent to them from now on, and in the background all is erased.

    There is no way back. The same contact again gets the same erasure.
    """
    request = pb.EraseContactRequest(contact_id=contact_id)
    answer = await caller.call(upstream.privacy.EraseContact, request)
    response.headers["Location"] = f"/api/v1/erasures/{answer.erasure.id}"
    return erasure(answer.erasure)


@router.get("/erasures/{erasure_id}", operation_id="getErasure")
async def get_erasure(erasure_id: ErasureId, caller: CallerDep, upstream: UpstreamDep) -> Erasure:
    """Show how far an erasure has come, and what it has erased."""
    request = pb.GetErasureRequest(erasure_id=erasure_id)
    return erasure((await caller.call(upstream.privacy.GetErasure, request)).erasure)


async def _next(export: _Export) -> bytes:
    """The next piece; empty at the end."""
    try:
        message = await export.read()
    except aio.AioRpcError as error:
        raise RefusedError(from_rpc_error(error)) from error
    except BaseException:
        export.cancel()
        raise
    return message.data if isinstance(message, pb.ExportContactResponse) else b""


async def _pieces(export: _Export, first: bytes) -> AsyncGenerator[bytes]:
    piece = first
    try:
        while piece:
            yield piece
            piece = await _next(export)
    finally:
        export.cancel()
