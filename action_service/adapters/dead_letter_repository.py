"""Dead letters of one account, for the API."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository, as_list
from action_service.domain.dead_letters import (
    Closing,
    DeadLetter,
    LetterKind,
    LetterState,
    StepStanding,
)
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.use_cases.dead_letter_ports import DeadLetterFilter

_COLUMNS = """
    d.id, d.account_id, d.kind, d.state, d.source, d.subject, d.reason, d.deliveries, d.deaths,
    d.died_at, d.workflow_id, d.execution_id, d.action_execution_id, d.action_type, d.contact_id,
    d.attempt_id, d.closed_by, d.closed_at, d.closing_reason, d.payload, d.revision
"""
_GET = text(f"SELECT {_COLUMNS} FROM dead_letters d WHERE d.account_id = :account AND d.id = :id")  # noqa: S608 - made of constants, as all below
_LOCK = text(f"{_GET.text} FOR NO KEY UPDATE")
_PAGE = Listing(
    f"SELECT {_COLUMNS} FROM dead_letters d WHERE d.account_id = :account",  # noqa: S608
    {
        "state": "d.state = CAST(:state AS text)",
        "kind": "d.kind = CAST(:kind AS text)",
        "workflow": "d.workflow_id = CAST(:workflow AS uuid)",
        "execution": "d.execution_id = CAST(:execution AS uuid)",
        "after_at": "d.died_at >= CAST(:after_at AS timestamptz)",
        "after_id": """(
            d.died_at > CAST(:after_at AS timestamptz) OR d.id > CAST(:after_id AS uuid)
        )""",
    },
    "d.died_at, d.id",
)
_OF_STEPS = text(
    """
    SELECT DISTINCT ON (action_execution_id) action_execution_id, id FROM dead_letters
    WHERE account_id = :account AND action_execution_id = ANY(CAST(:ids AS uuid[]))
      AND state = 'open'
    ORDER BY action_execution_id, died_at DESC
    """
)
# The run's lock comes first, as everywhere: nothing moves it on meanwhile.
_STEP = text(
    """
    WITH run AS (
        SELECT e.id, e.state, e.current_attempt_id
        FROM workflow_executions e WHERE e.account_id = :account AND e.id = :execution
        FOR NO KEY UPDATE
    )
    SELECT x.status, x.outcome, run.state,
           run.current_attempt_id = CAST(:attempt AS uuid) AS is_current
    FROM run
    JOIN workflow_action_executions x ON x.workflow_execution_id = run.id AND x.id = :step
    """
)
_CLOSE = text(
    """
    UPDATE dead_letters
    SET state = CAST(:state AS text), closed_by = :by, closed_at = now(), closing_reason = :reason,
        payload = CASE WHEN CAST(:state AS text) = 'discarded' THEN '' ELSE payload END,
        revision = revision + 1
    WHERE account_id = :account AND id = :id
    """
)


class DeadLetterReader(Repository):
    """Reads dead letters."""

    async def get(self, letter_id: UUID) -> DeadLetter | None:
        """The letter; None when the account has no such one."""
        row = (await self._run(_GET, id=letter_id)).first()
        return None if row is None else _letter(row)

    async def list_page(
        self, which: DeadLetterFilter, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[DeadLetter]:
        """The first to die first, those beyond `after`."""
        after_at, after_id = after or (None, None)
        rows = await self._list(
            _PAGE,
            limit,
            state=which.state.value,
            kind=None if which.kind is None else which.kind.value,
            workflow=which.workflow_id,
            execution=which.execution_id,
            after_at=after_at,
            after_id=after_id,
        )
        return [_letter(row) for row in rows]

    async def of_steps(self, action_execution_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """The last letter of each step that is open, by action execution."""
        rows = await self._run(_OF_STEPS, ids=as_list(action_execution_ids))
        return {row.action_execution_id: row.id for row in rows}


class DeadLetterWriter(DeadLetterReader):
    """Reads them and says what has become of them."""

    async def lock(self, letter_id: UUID) -> DeadLetter | None:
        """The letter, kept from every other change until the transaction ends."""
        row = (await self._run(_LOCK, id=letter_id)).first()
        return None if row is None else _letter(row)

    async def step(self, letter: DeadLetter) -> StepStanding | None:
        """Where its step stands by now; None when it has none."""
        if letter.execution_id is None or letter.action_execution_id is None:
            return None
        row = (
            await self._run(
                _STEP,
                execution=letter.execution_id,
                step=letter.action_execution_id,
                attempt=letter.attempt_id,
            )
        ).first()
        if row is None:
            return None
        return StepStanding(
            ActionStatus(row.status),
            row.outcome,
            ExecutionState(row.state),
            is_current=bool(row.is_current),
        )

    async def close(self, letter_id: UUID, state: LetterState, by: str, reason: str) -> None:
        """Stores what has become of a letter; one that is discarded says nothing any more."""
        await self._run(_CLOSE, id=letter_id, state=state.value, by=by, reason=reason)


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        account_id=row.account_id,
        kind=LetterKind(row.kind),
        state=LetterState(row.state),
        source=row.source,
        subject=row.subject,
        reason=row.reason,
        deliveries=row.deliveries,
        deaths=row.deaths,
        died_at=row.died_at,
        workflow_id=row.workflow_id,
        execution_id=row.execution_id,
        action_execution_id=row.action_execution_id,
        action_type=row.action_type,
        contact_id=row.contact_id,
        attempt_id=row.attempt_id,
        closing=(
            None
            if row.closed_by is None
            else Closing(row.closed_by, row.closed_at, row.closing_reason or "")
        ),
        payload=bytes(row.payload),
        revision=row.revision,
    )
