"""Dead letters as operators see them: looked at, processed once more, or done with."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from action_service.domain.dead_letters import (
    CannotReplayError,
    DeadLetter,
    LetterState,
    Replay,
    how_to_replay,
)
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Task
from action_service.use_cases.checks import check_etag, text_violations
from action_service.use_cases.dead_letter_ports import Relay
from action_service.use_cases.ports import Change, Transaction, Writer
from action_service.use_cases.steer_steps import retry_step
from common.errors import ErrorReason, failed_precondition, invalid, not_found

_ENTITY = "dead_letter"
_MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Closed:
    """A letter that is done with, and what is to be rung for once that is committed."""

    letter: DeadLetter
    tasks: Sequence[Task] = ()


async def get_dead_letter(tx: Transaction, letter_id: UUID) -> DeadLetter:
    """The letter; refuses one that is not there."""
    letter = await tx.dead_letters.get(letter_id)
    if letter is None:
        raise not_found(_ENTITY, letter_id)
    return letter


async def replay(
    tx: Writer, encoder: TaskEncoder, relay: Relay, letter_id: UUID, reason: str, etag: str
) -> Closed:
    """Has a letter that is open processed once more.

    Sent before the commit: one that is sent twice is fenced, one that is not is lost.
    """
    letter = await _opened(tx, letter_id, reason, etag, required=False)
    try:
        way = how_to_replay(await tx.dead_letters.step(letter))
    except CannotReplayError as error:
        raise failed_precondition(
            ErrorReason.ILLEGAL_TRANSITION, f"cannot be replayed: {error}", state=letter.state.value
        ) from None
    tasks: Sequence[Task] = ()
    if way is Replay.SEND:
        await relay.send(letter)
    elif letter.execution_id is not None and letter.action_execution_id is not None:
        steered = await retry_step(
            tx, encoder, letter.execution_id, letter.action_execution_id, reason
        )
        tasks = steered.tasks
    await _close(tx, letter, LetterState.REPLAYED, reason)
    return Closed(await get_dead_letter(tx, letter_id), tasks)


async def discard(tx: Writer, letter_id: UUID, reason: str, etag: str) -> Closed:
    """Does away with a letter that is open, and with what it says."""
    letter = await _opened(tx, letter_id, reason, etag, required=True)
    await _close(tx, letter, LetterState.DISCARDED, reason)
    return Closed(await get_dead_letter(tx, letter_id))


async def _opened(
    tx: Writer, letter_id: UUID, reason: str, etag: str, *, required: bool
) -> DeadLetter:
    """The letter, locked; refuses one that is done with."""
    found = list(
        text_violations(
            "reason", reason, max_length=_MAX_REASON, required=required, multi_line=True
        )
    )
    if found:
        raise invalid(found)
    letter = await tx.dead_letters.lock(letter_id)
    if letter is None:
        raise not_found(_ENTITY, letter_id)
    check_etag(_ENTITY, letter_id, letter.revision, etag)
    if letter.state is not LetterState.OPEN:
        raise failed_precondition(
            ErrorReason.ILLEGAL_TRANSITION,
            f"the dead letter has been {letter.state.value} already",
            state=letter.state.value,
        )
    return letter


async def _close(tx: Writer, letter: DeadLetter, state: LetterState, reason: str) -> None:
    await tx.dead_letters.close(letter.id, state, tx.actor, reason)
    tx.record(
        Change(
            operation=f"dead_letter.{state.value}",
            entity_type=_ENTITY,
            entity_id=letter.id,
            workflow_id=letter.workflow_id,
            before={"state": letter.state.value},
            after={"state": state.value, "reason": reason},
        )
    )
