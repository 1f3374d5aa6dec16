"""Stores new executions with their first action executions, a batch in one statement."""

from collections.abc import Sequence
from typing import NamedTuple

from action_service.adapters.driver import Driver
from action_service.engine.model import NewAction, NewExecution

_INSERT = """
    WITH started AS (
        INSERT INTO treadle.workflow_executions (
            id, account_id, workflow_id, version_id, contact_id, event, state, current_action_id,
            current_action_execution_id, current_attempt_id, origin_execution_ids,
            trigger_event_id, enrollment_id, ended_at
        )
        SELECT v.id, v.account_id, v.workflow_id, v.version_id, v.contact_id, v.event::jsonb,
               v.state, v.action_id, v.action_execution_id, v.attempt_id, v.origin::uuid[],
               v.trigger_event_id, v.enrollment_id,
               CASE WHEN v.state = 'completed' THEN now() END
        FROM unnest(
            $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
            $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::uuid[], $13::uuid[]
        ) AS v(id, account_id, workflow_id, version_id, contact_id, event, state, action_id,
               action_execution_id, attempt_id, origin, trigger_event_id, enrollment_id)
    )
    INSERT INTO treadle.workflow_action_executions (
        id, account_id, workflow_execution_id, action_id, contact_id, action_type, status,
        attempt_id, lease_until, reason
    )
    SELECT * FROM unnest(
        $14::uuid[], $15::uuid[], $16::uuid[], $17::uuid[], $18::uuid[], $19::text[], $20::text[],
        $21::uuid[], $22::timestamptz[], $23::text[]
    )
    """


async def insert_executions(
    connection: Driver, executions: Sequence[NewExecution], actions: Sequence[NewAction]
) -> None:
    """Stores the rows that `engine.starting.begin` has made."""
    if executions:
        await connection.execute(
            _INSERT, *columns(executions, NewExecution), *columns(actions, NewAction)
        )


def columns(rows: Sequence[tuple[object, ...]], of: type[NamedTuple]) -> Sequence[Sequence[object]]:
    """The rows turned into one array per column."""
    return list(zip(*rows, strict=True)) if rows else [()] * len(of._fields)
