"""Messages that were given up, and what operators do about them."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from gateway.headers import CallerDep, IfMatchDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.dead_letters import dead_letter, dead_letter_details, dead_letter_list
from gateway.models.dead_letters import (
    KIND,
    STATE,
    DeadLetter,
    DeadLetterDetails,
    DeadLetterList,
    DiscardDeadLetterBody,
    KindName,
    ReplayDeadLetterBody,
    StateName,
)
from gateway.openapi import SHOWS_ETAG
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    DeadLetterId,
    ExecutionFilter,
    PageSize,
    PageToken,
    WorkflowFilter,
)
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.deadletter.v1 import dead_letter_pb2
from treadle.deadletter.v1 import dead_letter_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/dead-letters", tags=["dead letters"], route_class=StrictRoute
)
_REPLAY: Final = BodyFields.of(ReplayDeadLetterBody)
_DISCARD: Final = BodyFields.of(DiscardDeadLetterBody)

StateFilter = Annotated[StateName, Query(description="Keep only those in this state.")]
KindFilter = Annotated[KindName | None, Query(description="Keep only those of this kind.")]


@router.get("", operation_id="listDeadLetters")
async def list_dead_letters(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    state: StateFilter = "open",
    kind: KindFilter = None,
    workflow_id: WorkflowFilter = None,
    execution_id: ExecutionFilter = None,
) -> DeadLetterList:
    """List messages that were given up, the first to die first."""
    request = pb.ListDeadLettersRequest(
        state=STATE.number(state),
        kind=KIND.number(kind),
        workflow_id=workflow_id or "",
        execution_id=execution_id or "",
        page_size=page_size,
        page_token=page_token,
    )
    return dead_letter_list(await caller.call(upstream.dead_letters.ListDeadLetters, request))


@router.get("/{dead_letter_id}", operation_id="getDeadLetter", responses=SHOWS_ETAG)
async def get_dead_letter(
    dead_letter_id: DeadLetterId, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> DeadLetterDetails:
    """Show one, with what it says but for secrets."""
    request = pb.GetDeadLetterRequest(id=dead_letter_id)
    answer = await caller.call(upstream.dead_letters.GetDeadLetter, request)
    response.headers["ETag"] = quoted(answer.dead_letter.etag)
    return dead_letter_details(answer.dead_letter)


@router.post("/{dead_letter_id}/replay", operation_id="replayDeadLetter", responses=SHOWS_ETAG)
async def replay_dead_letter(
    dead_letter_id: DeadLetterId,
    caller: CallerDep,
    upstream: UpstreamDep,
    if_match: IfMatchDep,
    response: Response,
    body: ReplayDeadLetterBody | None = None,
) -> DeadLetter:
    """Have one processed once more; a run that has failed by it is opened again."""
    body = body or ReplayDeadLetterBody()
    request = pb.ReplayDeadLetterRequest(
        id=dead_letter_id, reason=body.reason, etag=agreed_etag(if_match, body.etag)
    )
    answer = await caller.call(upstream.dead_letters.ReplayDeadLetter, request, fields=_REPLAY)
    return _shown(answer.dead_letter, response)


@router.post("/{dead_letter_id}/discard", operation_id="discardDeadLetter", responses=SHOWS_ETAG)
async def discard_dead_letter(
    dead_letter_id: DeadLetterId,
    body: DiscardDeadLetterBody,
    caller: CallerDep,
    upstream: UpstreamDep,
    if_match: IfMatchDep,
    response: Response,
) -> DeadLetter:
    """Say that nothing more is to become of one; what it says is deleted."""
    request = pb.DiscardDeadLetterRequest(
        id=dead_letter_id, reason=body.reason, etag=agreed_etag(if_match, body.etag)
    )
    answer = await caller.call(upstream.dead_letters.DiscardDeadLetter, request, fields=_DISCARD)
    return _shown(answer.dead_letter, response)


def _shown(message: dead_letter_pb2.DeadLetter, response: Response) -> DeadLetter:
    response.headers["ETag"] = quoted(message.etag)
    return dead_letter(message)
