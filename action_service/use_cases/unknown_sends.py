"""Unknown sends as operators see them, and what they decide about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from action_service.domain.unknown_sends import (
    Resolution,
    UnknownSend,
    Verdict,
    can_decide,
    explain,
)
from action_service.use_cases.checks import check_etag, text_violations
from action_service.use_cases.ports import Change, Transaction, Writer
from common.errors import (
    ErrorReason,
    FieldViolation,
    failed_precondition,
    invalid,
    not_found,
)

MAX_AT_ONCE = 200
_MAX_REASON = 500
_MAX_MESSAGE_ID = 200
_ENTITY = "unknown_send"
_BY_PEOPLE = (Resolution.SENT, Resolution.RETRY, Resolution.FAIL)


@dataclass(frozen=True, slots=True)
class Resolve:
    """What somebody has decided, and why; `message_id` is the provider's."""

    resolution: Resolution | None
    reason: str
    message_id: str = ""


async def get_unknown_send(tx: Transaction, send_id: UUID) -> UnknownSend:
    """The send; refuses one that is not there."""
    send = await tx.unknown_sends.get(send_id)
    if send is None:
        raise not_found(_ENTITY, send_id)
    return send


async def resolve_one(tx: Writer, send_id: UUID, resolve: Resolve, etag: str) -> UnknownSend:
    """Decides about a send that is open. The engine carries it out a moment later."""
    resolution = _checked(resolve)
    locked = await tx.unknown_sends.lock([send_id])
    if not locked:
        raise not_found(_ENTITY, send_id)
    (send,) = locked
    if not can_decide(send.state):
        raise failed_precondition(
            ErrorReason.ILLEGAL_TRANSITION, explain(send), state=send.state.value
        )
    check_etag(_ENTITY, send_id, send.revision, etag)
    message_id = resolve.message_id
    if message_id and await tx.unknown_sends.is_taken(send.provider or "", message_id):
        problem = "is known to be the message of another attempt"
        raise invalid([FieldViolation("provider_message_id", problem)])
    await _decide(tx, locked, resolution, resolve)
    return await get_unknown_send(tx, send_id)


async def resolve_many(tx: Writer, send_ids: Sequence[UUID], resolve: Resolve) -> Sequence[UUID]:
    """Decides about those that are open; returns which they are."""
    if not 1 <= len(send_ids) <= MAX_AT_ONCE:
        problem = f"must have 1 to {MAX_AT_ONCE} items, not {len(send_ids)}"
        raise invalid([FieldViolation("ids", problem)])
    resolution = _checked(resolve)
    locked = await tx.unknown_sends.lock(set(send_ids))
    undecided = [send for send in locked if can_decide(send.state)]
    if undecided:
        await _decide(tx, undecided, resolution, resolve)
    return [send.id for send in undecided]


async def _decide(
    tx: Writer, sends: Sequence[UnknownSend], resolution: Resolution, resolve: Resolve
) -> None:
    verdict = Verdict(resolution, tx.actor, resolve.reason, resolve.message_id or None)
    await tx.unknown_sends.decide([send.id for send in sends], verdict)
    for send in sends:
        tx.record(
            Change(
                operation="unknown_send.resolved",
                entity_type=_ENTITY,
                entity_id=send.id,
                workflow_id=send.workflow_id,
                before={"state": send.state.value},
                after={
                    "resolution": resolution.value,
                    "reason": resolve.reason,
                    "provider_message_id": resolve.message_id or None,
                },
            )
        )


def _checked(resolve: Resolve) -> Resolution:
    found = list(_violations(resolve))
    if found or resolve.resolution is None:
        raise invalid(found)
    return resolve.resolution


def _violations(resolve: Resolve) -> Iterable[FieldViolation]:
    if resolve.resolution not in _BY_PEOPLE:
        known = ", ".join(_BY_PEOPLE)
        yield FieldViolation("resolution", f"must be one of {known}")
    yield from text_violations(
        "reason", resolve.reason, max_length=_MAX_REASON, required=True, multi_line=True
    )
    message_id = resolve.message_id
    yield from text_violations("provider_message_id", message_id, max_length=_MAX_MESSAGE_ID)
    if message_id and resolve.resolution is not Resolution.SENT:
        problem = "can only be given when resolution is sent: what was not sent has none"
        yield FieldViolation("provider_message_id", problem)
