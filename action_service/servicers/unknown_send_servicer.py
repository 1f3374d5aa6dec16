"""UnknownSendService: sends that nobody knows the outcome of, for those who decide about them."""

from datetime import datetime
from uuid import UUID

from action_service.domain.unknown_sends import Resolution, SendState, UnknownSend, explain
from action_service.servicers.requests import (
    parse_enum,
    parse_instant,
    parse_optional_text,
    parse_optional_uuid,
    parse_uuid,
    parse_uuids,
)
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.unknown_send_ports import UnknownSendFilter
from action_service.use_cases.unknown_sends import (
    Resolve,
    get_unknown_send,
    resolve_many,
    resolve_one,
)
from common.auth import current_principal
from common.paging import PageTokens
from treadle.ledger.v1 import unknown_send_pb2
from treadle.ledger.v1 import unknown_send_service_pb2 as pb
from treadle.ledger.v1.unknown_send_service_pb2_grpc import UnknownSendServiceServicer

_PAGES = PageTokens("unknown_sends", tuple[datetime, UUID])
_RESOLUTION = "UNKNOWN_SEND_RESOLUTION_"


class UnknownSendServicer(UnknownSendServiceServicer):
    """Serves UnknownSendService."""

    def __init__(self, database: Database) -> None:
        self._rpc = Rpc(database)

    async def ListUnknownSends(
        self, request: pb.ListUnknownSendsRequest, context: object
    ) -> pb.ListUnknownSendsResponse:
        """Lists unknown sends, oldest first."""
        which = _filter(request)
        page = _PAGES.page(
            request.page_size,
            request.page_token,
            account=current_principal().require_account(),
            **which._asdict(),
        )

        async def work(tx: Reader) -> pb.ListUnknownSendsResponse:
            rows = await tx.unknown_sends.list_page(which, limit=page.limit, after=page.after)
            shown, next_page_token = page.cut(rows, lambda row: (row.unknown_at, row.id))
            return pb.ListUnknownSendsResponse(
                unknown_sends=[unknown_send_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def GetUnknownSend(
        self, request: pb.GetUnknownSendRequest, context: object
    ) -> pb.GetUnknownSendResponse:
        """Returns one unknown send."""
        send_id = parse_uuid("id", request.id)

        async def work(tx: Reader) -> pb.GetUnknownSendResponse:
            send = await get_unknown_send(tx, send_id)
            return pb.GetUnknownSendResponse(unknown_send=unknown_send_message(send))

        return await self._rpc.read(work)

    async def ResolveUnknownSend(
        self, request: pb.ResolveUnknownSendRequest, context: object
    ) -> pb.ResolveUnknownSendResponse:
        """Decides about one."""
        send_id = parse_uuid("id", request.id)
        resolve = Resolve(
            _resolution(request.resolution), request.reason, request.provider_message_id
        )

        async def work(tx: Writer) -> pb.ResolveUnknownSendResponse:
            send = await resolve_one(tx, send_id, resolve, request.etag)
            return pb.ResolveUnknownSendResponse(unknown_send=unknown_send_message(send))

        return await self._rpc.write(work)

    async def ResolveUnknownSends(
        self, request: pb.ResolveUnknownSendsRequest, context: object
    ) -> pb.ResolveUnknownSendsResponse:
        """Decides about many."""
        send_ids = parse_uuids("ids", request.ids)
        resolve = Resolve(_resolution(request.resolution), request.reason)

        async def work(tx: Writer) -> pb.ResolveUnknownSendsResponse:
            resolved = await resolve_many(tx, send_ids, resolve)
            left = [each for each in dict.fromkeys(send_ids) if each not in set(resolved)]
            return pb.ResolveUnknownSendsResponse(
                resolved_ids=map(str, resolved), left_ids=map(str, left)
            )

        return await self._rpc.write(work)


def unknown_send_message(send: UnknownSend) -> unknown_send_pb2.UnknownSend:
    """The send on the wire."""
    message = unknown_send_pb2.UnknownSend(
        id=str(send.id),
        etag=send.etag,
        workflow_id=str(send.workflow_id),
        execution_id=str(send.execution_id),
        action_execution_id=str(send.action_execution_id),
        action_id=str(send.action_id),
        action_type=send.action_type,
        contact_id=str(send.contact_id or ""),
        delivery_id=str(send.delivery_id or ""),
        channel=send.sent.channel,
        provider=send.provider,
        recipient=send.sent.recipient,
        sender=send.sent.sender,
        subject=send.sent.subject,
        text=send.sent.body,
        claimed_at=send.claimed_at,
        unknown_at=send.unknown_at,
        reason=send.reason,
        state=f"UNKNOWN_SEND_STATE_{send.state.value.upper()}",
        next_lookup_at=send.next_look_at,
        explanation=explain(send),
    )
    for look in send.lookups:
        message.lookups.add(
            looked_at=look.at,
            finding=f"LOOKUP_FINDING_{look.finding.value.upper()}",
            note=look.note,
        )
    if send.verdict is not None:
        verdict = unknown_send_pb2.UnknownSend(
            resolution=f"{_RESOLUTION}{send.verdict.resolution.value.upper()}",
            resolved_by=send.verdict.resolved_by,
            resolved_at=send.resolved_at,
            resolution_reason=send.verdict.reason,
            provider_message_id=send.verdict.reference,
        )
        message.MergeFrom(verdict)
    return message


def _filter(request: pb.ListUnknownSendsRequest) -> UnknownSendFilter:
    state = parse_enum(
        "state",
        unknown_send_pb2.UnknownSendState,
        "UNKNOWN_SEND_STATE_",
        request.state,
        SendState,
    )
    before = None
    if request.HasField("unknown_before"):
        before = parse_instant("unknown_before", request.unknown_before)
    return UnknownSendFilter(
        state or SendState.OPEN,
        parse_optional_uuid("workflow_id", request.workflow_id),
        parse_optional_uuid("contact_id", request.contact_id),
        parse_optional_text("channel", request.channel),
        before,
    )


def _resolution(number: int) -> Resolution | None:
    return parse_enum(
        "resolution", unknown_send_pb2.UnknownSendResolution, _RESOLUTION, number, Resolution
    )
