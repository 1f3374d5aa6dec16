"""PrivacyService: what is held of a contact, and an end to it."""

from collections.abc import AsyncGenerator
from uuid import UUID

from action_service.domain.erasure import Erasure, ErasureStatus
from action_service.servicers.requests import parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.privacy import erase_contact, export_contact, get_erasure
from common.auth import current_principal
from common.contact_links import LinkKeys
from treadle.compliance.v1 import privacy_service_pb2 as pb
from treadle.compliance.v1.privacy_service_pb2_grpc import PrivacyServiceServicer

_STATUSES = {
    ErasureStatus.PENDING: pb.ERASURE_STATUS_PENDING,
    ErasureStatus.PURGING: pb.ERASURE_STATUS_PURGING,
    ErasureStatus.COMPLETED: pb.ERASURE_STATUS_COMPLETED,
}


class _Digests:
    """By the current key, of one account; see AddressDigests."""

    def __init__(self, keys: LinkKeys, account_id: UUID) -> None:
        self._keys = keys
        self._account_id = account_id

    def own(self, address: str) -> str:
        return self._keys.digests(self._account_id, address)[0]

    def anybodys(self, address: str) -> str:
        return self._keys.anybodys_digests(address)[0]


class PrivacyServicer(PrivacyServiceServicer):
    """Serves PrivacyService."""

    def __init__(self, database: Database, keys: LinkKeys) -> None:
        self._database = database
        self._rpc = Rpc(database)
        self._keys = keys

    async def ExportContact(
        self, request: pb.ExportContactRequest, context: object
    ) -> AsyncGenerator[pb.ExportContactResponse]:
        """Sends the document piece by piece, as of one moment for each of its sections."""
        contact_id = parse_uuid("contact_id", request.contact_id)
        async with self._database.reading(current_principal().require_account()) as tx:
            async for piece in await export_contact(tx, contact_id):
                yield pb.ExportContactResponse(data=piece)

    async def EraseContact(
        self, request: pb.EraseContactRequest, context: object
    ) -> pb.EraseContactResponse:
        """Begins an erasure, or returns the one that has begun."""
        contact_id = parse_uuid("contact_id", request.contact_id)
        digests = _Digests(self._keys, current_principal().require_account())

        async def work(tx: Writer) -> pb.EraseContactResponse:
            erasure = await erase_contact(tx, contact_id, digests)
            return pb.EraseContactResponse(erasure=_message(erasure))

        return await self._rpc.write(work)

    async def GetErasure(
        self, request: pb.GetErasureRequest, context: object
    ) -> pb.GetErasureResponse:
        """Returns one erasure."""
        erasure_id = parse_uuid("erasure_id", request.erasure_id)

        async def work(tx: Reader) -> pb.GetErasureResponse:
            return pb.GetErasureResponse(erasure=_message(await get_erasure(tx, erasure_id)))

        return await self._rpc.read(work)


def _message(erasure: Erasure) -> pb.Erasure:
    return pb.Erasure(
        id=str(erasure.id),
        contact_id=str(erasure.contact_id),
        status=_STATUSES[erasure.status],
        requested_by=erasure.requested_by,
        requested_at=erasure.requested_at,
        completed_at=erasure.completed_at,
        cancelled_executions=erasure.cancelled_executions,
        erased=erasure.erased,
    )
