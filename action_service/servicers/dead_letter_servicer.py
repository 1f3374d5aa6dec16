"""DeadLetterService: messages that were given up, for the operators of their account."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from action_service.domain.dead_letters import DeadLetter, LetterKind, LetterState
from action_service.engine.codec import TaskEncoder
from action_service.engine.ports import Ringer
from action_service.servicers.dead_letter_payloads import payload_json
from action_service.servicers.requests import parse_enum, parse_optional_uuid, parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.dead_letter_ports import DeadLetterFilter, Relay
from action_service.use_cases.dead_letters import Closed, discard, get_dead_letter, replay
from action_service.use_cases.ports import Database, Reader, Writer
from common.auth import current_principal
from common.paging import PageTokens
from treadle.deadletter.v1 import dead_letter_pb2
from treadle.deadletter.v1 import dead_letter_service_pb2 as pb
from treadle.deadletter.v1.dead_letter_service_pb2_grpc import DeadLetterServiceServicer

_PAGES = PageTokens("dead_letters", tuple[datetime, UUID])


class DeadLetterServicer(DeadLetterServiceServicer):
    """Serves DeadLetterService."""

    def __init__(self, database: Database, relay: Relay, ringer: Ringer) -> None:
        self._rpc = Rpc(database)
        self._relay = relay
        self._ringer = ringer
        self._encoder = TaskEncoder()

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: object
    ) -> pb.ListDeadLettersResponse:
        """Lists dead letters, the first to die first."""
        which = _filter(request)
        page = _PAGES.page(
            request.page_size,
            request.page_token,
            account=current_principal().require_account(),
            **which._asdict(),
        )

        async def work(tx: Reader) -> pb.ListDeadLettersResponse:
            rows = await tx.dead_letters.list_page(which, limit=page.limit, after=page.after)
            shown, next_page_token = page.cut(rows, lambda row: (row.died_at, row.id))
            return pb.ListDeadLettersResponse(
                dead_letters=[dead_letter_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def GetDeadLetter(
        self, request: pb.GetDeadLetterRequest, context: object
    ) -> pb.GetDeadLetterResponse:
        """Returns one dead letter with what it says."""
        letter_id = parse_uuid("id", request.id)

        async def work(tx: Reader) -> pb.GetDeadLetterResponse:
            letter = await get_dead_letter(tx, letter_id)
            message = dead_letter_message(letter)
            message.payload_json = payload_json(letter.kind, letter.payload)
            return pb.GetDeadLetterResponse(dead_letter=message)

        return await self._rpc.read(work)

    async def ReplayDeadLetter(
        self, request: pb.ReplayDeadLetterRequest, context: object
    ) -> pb.ReplayDeadLetterResponse:
        """Has one processed once more."""
        letter_id = parse_uuid("id", request.id)
        letter = await self._closed(
            lambda tx: replay(
                tx, self._encoder, self._relay, letter_id, request.reason, request.etag
            )
        )
        return pb.ReplayDeadLetterResponse(dead_letter=dead_letter_message(letter))

    async def DiscardDeadLetter(
        self, request: pb.DiscardDeadLetterRequest, context: object
    ) -> pb.DiscardDeadLetterResponse:
        """Does away with one."""
        letter_id = parse_uuid("id", request.id)
        letter = await self._closed(lambda tx: discard(tx, letter_id, request.reason, request.etag))
        return pb.DiscardDeadLetterResponse(dead_letter=dead_letter_message(letter))

    async def _closed(self, work: Callable[[Writer], Awaitable[Closed]]) -> DeadLetter:
        closed = await self._rpc.write(work)
        await self._ringer.ring(closed.tasks)
        return closed.letter


def dead_letter_message(letter: DeadLetter) -> dead_letter_pb2.DeadLetter:
    """The letter on the wire, without what it says."""
    closing = letter.closing
    return dead_letter_pb2.DeadLetter(
        id=str(letter.id),
        etag=letter.etag,
        kind=f"DEAD_LETTER_KIND_{letter.kind.value.upper()}",
        state=f"DEAD_LETTER_STATE_{letter.state.value.upper()}",
        source=letter.source,
        reason=letter.reason,
        deliveries=letter.deliveries,
        deaths=letter.deaths,
        died_at=letter.died_at,
        workflow_id=_text(letter.workflow_id),
        execution_id=_text(letter.execution_id),
        action_execution_id=_text(letter.action_execution_id),
        action_type=letter.action_type,
        contact_id=_text(letter.contact_id),
        attempt_id=_text(letter.attempt_id),
        payload_bytes=len(letter.payload),
        closed_by=closing and closing.by,
        closed_at=closing and closing.at,
        closing_reason=closing and closing.reason,
    )


def _filter(request: pb.ListDeadLettersRequest) -> DeadLetterFilter:
    state = parse_enum(
        "state",
        dead_letter_pb2.DeadLetterState,
        "DEAD_LETTER_STATE_",
        request.state,
        LetterState,
    )
    kind = parse_enum(
        "kind", dead_letter_pb2.DeadLetterKind, "DEAD_LETTER_KIND_", request.kind, LetterKind
    )
    return DeadLetterFilter(
        state or LetterState.OPEN,
        kind,
        parse_optional_uuid("workflow_id", request.workflow_id),
        parse_optional_uuid("execution_id", request.execution_id),
    )


def _text(value: UUID | None) -> str:
    return "" if value is None else str(value)
