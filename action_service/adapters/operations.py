"""Operations on many executions at once, and the executions that each still has to deal with."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository, to_json
from action_service.domain.control import Control
from action_service.domain.operations import (
    BATCH,
    Failure,
    Operation,
    OperationStatus,
    Progress,
    RunFilter,
    SkipReason,
)

COLUMNS: Final = """
    o.id, o.account_id, o.kind, o.filter, o.reason, o.actor, o.status, o.matched, o.done, o.skipped,
    o.failed, o.failures, o.created_at, o.finished_at
"""
_SELECT = f"SELECT {COLUMNS} FROM execution_operations o WHERE o.account_id = :account"  # noqa: S608 - made of constants, as all below
_FIND = text(f"{_SELECT} AND o.id = :id")
_PAGE = Listing(
    _SELECT,
    {
        "before": "o.id < CAST(:before AS uuid)",
        "status": "o.status = CAST(:status AS text)",
    },
    "o.id DESC",
)

# Runs that the operation can do anything to.
_CONTROLLABLE: Final[Mapping[Control, str]] = {
    Control.CANCEL: "e.state IN ('running', 'waiting', 'paused')",
    Control.PAUSE: "e.state IN ('running', 'waiting', 'paused') AND e.paused_at IS NULL",
    Control.RESUME: "e.state = 'paused' AND e.paused_at IS NOT NULL",
}
_CONDITIONS: Final[Mapping[str, str]] = {
    "workflow": "e.workflow_id = CAST(:workflow AS uuid)",
    "version": """e.version_id IN (
        SELECT v.id FROM workflow_versions v
        WHERE v.workflow_id = CAST(:workflow AS uuid) AND v.version = CAST(:version AS integer)
    )""",
    "action": "e.current_action_id = CAST(:action AS uuid)",
    "states": "e.state = ANY(CAST(:states AS text[]))",
    "started_after": "e.started_at > CAST(:started_after AS timestamptz)",
    "started_before": "e.started_at < CAST(:started_before AS timestamptz)",
    "tags": """EXISTS (
        SELECT FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id
        WHERE ct.contact_id = e.contact_id AND t.name = ANY(CAST(:tags AS text[]))
    )""",
    "contacts": "e.contact_id = ANY(CAST(:contacts AS uuid[]))",
}

_ADD = text(
    """
    INSERT INTO execution_operations (account_id, id, kind, filter, reason, actor)
    VALUES (:account, :id, :kind, CAST(:filter AS jsonb), :reason, :actor)
    """
)
_MATCHED = text(
    f"""
    UPDATE execution_operations o
    SET matched = :matched,
        status = CASE WHEN :matched = 0 THEN 'completed' ELSE o.status END,
        finished_at = CASE WHEN :matched = 0 THEN now() END
    WHERE o.account_id = :account AND o.id = :id
    RETURNING {COLUMNS}
    """  # noqa: S608
)
# Waits for the batch that is being done: its transaction has the row locked.
_CANCEL = text(
    f"""
    UPDATE execution_operations o SET status = 'cancelled', finished_at = now()
    WHERE o.account_id = :account AND o.id = :id AND o.status IN ('pending', 'running')
    RETURNING {COLUMNS}
    """  # noqa: S608
)
_FORGET = text(
    "DELETE FROM execution_operation_batches WHERE account_id = :account AND operation_id = :id"
)
_FORGET_BATCH = text(
    """
    DELETE FROM execution_operation_batches
    WHERE account_id = :account AND operation_id = :id AND number = :batch
    """
)
_KEEP = text(
    """
    UPDATE execution_operation_batches SET execution_ids = CAST(:left AS uuid[])
    WHERE account_id = :account AND operation_id = :id AND number = :batch
    """
)
_HALVE = text(
    """
    WITH whole AS (
        SELECT b.execution_ids AS ids, cardinality(b.execution_ids) / 2 AS half
        FROM execution_operation_batches b
        WHERE b.account_id = :account AND b.operation_id = :id AND b.number = :batch
    ), second AS (
        INSERT INTO execution_operation_batches (operation_id, account_id, number, execution_ids)
        SELECT :id, :account, (
            SELECT max(number) + 1 FROM execution_operation_batches
            WHERE account_id = :account AND operation_id = :id
        ), whole.ids[whole.half + 1:]
        FROM whole
    )
    UPDATE execution_operation_batches b SET execution_ids = whole.ids[1:whole.half]
    FROM whole
    WHERE b.account_id = :account AND b.operation_id = :id AND b.number = :batch
    """
)
_ADVANCE = text(
    f"""
    WITH rest AS (
        SELECT EXISTS (
            SELECT FROM execution_operation_batches b
            WHERE b.account_id = :account AND b.operation_id = :id
        ) AS is_left
    )
    UPDATE execution_operations o
    SET done = :done, skipped = CAST(:skipped AS jsonb), failed = :failed,
        failures = CAST(:failures AS jsonb), worked_at = clock_timestamp(),
        status = CASE WHEN rest.is_left THEN 'running' ELSE 'completed' END,
        finished_at = CASE WHEN NOT rest.is_left THEN now() END
    FROM rest
    WHERE o.account_id = :account AND o.id = :id
    RETURNING {COLUMNS}
    """  # noqa: S608
)


class OperationReader(Repository):
    """Reads operations."""

    async def get(self, operation_id: UUID) -> Operation | None:
        """The operation; None when the account has no such one."""
        row = (await self._run(_FIND, id=operation_id)).first()
        return None if row is None else operation_of(row)

    async def list_page(
        self, *, limit: int, before: UUID | None, status: OperationStatus | None
    ) -> Sequence[Operation]:
        """Newest first, those older than `before`."""
        rows = await self._list(
            _PAGE, limit, before=before, status=None if status is None else status.value
        )
        return [operation_of(row) for row in rows]

    async def count(self, control: Control, which: RunFilter) -> int:
        """How many runs an operation would be about now."""
        matching, values = _matching(control, which)
        counting = text(f"SELECT count(*) {matching}")
        return (await self._run(counting, **values)).scalar_one()


class OperationWriter(OperationReader):
    """Reads and changes operations."""

    async def add(
        self, operation_id: UUID, control: Control, which: RunFilter, *, reason: str, actor: str
    ) -> Operation:
        """Stores an operation with the runs that match now; completed when there are none.

        One statement finds them all, so they are those of one instant; it locks none of them.
        """
        await self._run(
            _ADD,
            id=operation_id,
            kind=control.value,
            filter=to_json(which.to_json()),
            reason=reason,
            actor=actor,
        )
        matching, values = _matching(control, which)
        adding = text(
            f"""
            WITH added AS (
                INSERT INTO execution_operation_batches
                    (operation_id, account_id, number, execution_ids)
                SELECT CAST(:id AS uuid), CAST(:account AS uuid), m.number,
                       array_agg(m.id ORDER BY m.id)
                FROM (
                    SELECT e.id, (row_number() OVER (ORDER BY e.id) - 1) / {BATCH} AS number
                    {matching}
                ) m
                GROUP BY m.number
                RETURNING cardinality(execution_ids) AS size
            )
            SELECT COALESCE(sum(size), 0) FROM added
            """  # noqa: S608
        )
        matched = (await self._run(adding, id=operation_id, **values)).scalar_one()
        stored = await self._run(_MATCHED, id=operation_id, matched=int(matched))
        return operation_of(stored.one())

    async def cancel(self, operation_id: UUID) -> Operation | None:
        """Ends one that is at work, once its present batch is done; None when it had ended."""
        row = (await self._run(_CANCEL, id=operation_id)).first()
        if row is None:
            return None
        await self._run(_FORGET, id=operation_id)
        return operation_of(row)

    async def halve(self, operation_id: UUID, batch: int) -> None:
        """Makes two batches of one that has more than one run."""
        await self._run(_HALVE, id=operation_id, batch=batch)

    async def advance(
        self, operation_id: UUID, batch: int, left: Sequence[UUID], progress: Progress
    ) -> Operation:
        """Leaves only `left` of a batch; completes the operation when nothing is left of any."""
        if left:
            await self._run(_KEEP, id=operation_id, batch=batch, left=list(left))
        else:
            await self._run(_FORGET_BATCH, id=operation_id, batch=batch)
        advanced = await self._run(
            _ADVANCE,
            id=operation_id,
            done=progress.done,
            skipped=to_json({reason.value: number for reason, number in progress.skipped.items()}),
            failed=progress.failed,
            failures=to_json([[str(each.execution_id), each.reason] for each in progress.failures]),
        )
        return operation_of(advanced.one())


def operation_of(row: Row[Any]) -> Operation:
    """The operation in a row of `COLUMNS`."""
    skipped = cast("Mapping[str, int]", row.skipped)
    failures = cast("Sequence[tuple[str, str]]", row.failures)
    return Operation(
        id=row.id,
        control=Control(row.kind),
        filter=RunFilter.from_json(row.filter),
        reason=row.reason,
        actor=row.actor,
        status=OperationStatus(row.status),
        matched=row.matched,
        progress=Progress(
            row.done,
            {SkipReason(reason): number for reason, number in skipped.items()},
            row.failed,
            tuple(Failure(UUID(execution_id), reason) for execution_id, reason in failures),
        ),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _matching(control: Control, which: RunFilter) -> tuple[str, dict[str, object]]:
    """FROM and WHERE that find the runs, and their values.

    Made of the conditions that are given, so that each has the index that it needs.
    """
    values: dict[str, object] = {
        "workflow": which.workflow_id,
        "version": which.version,
        "action": which.action_id,
        "states": [state.value for state in which.states] or None,
        "started_after": which.started_after,
        "started_before": which.started_before,
        "tags": list(which.tags) or None,
        "contacts": list(which.contact_ids) or None,
    }
    given = {name: value for name, value in values.items() if value is not None}
    conditions = " AND ".join(
        ["e.account_id = :account", _CONTROLLABLE[control], *(_CONDITIONS[name] for name in given)]
    )
    return f"FROM workflow_executions e WHERE {conditions}", given
