"""Waits of one account: the steps at which executions stand until an instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository
from action_service.domain.event_waits import WAIT_FOR_EVENT, WAIT_TIME, WAIT_UNTIL_DATE
from action_service.domain.holds import Hold
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.turns import UNRUNG
from action_service.domain.waits import StepState, Wait, WaitKind
from action_service.use_cases.wait_ports import WaitFilter

STEP_COLUMNS = """
    x.id, x.workflow_execution_id, x.attempt_id, x.action_type, x.status, x.outcome, x.error_class,
    x.completed_at, x.reason, x.lease_until,
    e.current_action_execution_id = x.id AS is_current
"""
_STEP = text(
    f"""
    SELECT {STEP_COLUMNS}
    FROM workflow_action_executions x
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    WHERE x.account_id = :account AND x.id = :id
    """  # noqa: S608 - made of constants, as all below
)
# The place in lists is the expression of an index, as is the condition on the status.
_PLACE = "COALESCE(x.scheduled_at, x.created_at)"
_WAITS = f"""
    SELECT {STEP_COLUMNS}, e.state, e.workflow_id, v.version, e.version_id, x.action_id,
           x.contact_id, x.created_at, x.scheduled_at, x.resume_at, x.error_message, x.retry_count,
           x.hold
    FROM workflow_action_executions x
    JOIN workflow_executions e
      ON e.id = x.workflow_execution_id AND e.current_action_execution_id = x.id
    JOIN workflow_versions v ON v.id = e.version_id
    WHERE x.account_id = :account AND x.status IN ('waiting', 'scheduled')
"""  # noqa: S608
_GET = text(f"{_WAITS} AND x.id = :id")
_OF_KIND = {
    WaitKind.TIME: f"x.status = 'waiting' AND x.action_type = '{WAIT_TIME}'",
    WaitKind.DATE: f"x.status = 'waiting' AND x.action_type = '{WAIT_UNTIL_DATE}'",
    WaitKind.EVENT: f"x.status = 'waiting' AND x.action_type = '{WAIT_FOR_EVENT}'",
    WaitKind.CALL: "x.status = 'waiting' AND x.action_type NOT IN"
    f" ('{WAIT_TIME}', '{WAIT_UNTIL_DATE}', '{WAIT_FOR_EVENT}')",
    WaitKind.RETRY: "x.status = 'scheduled' AND x.error_class IS NOT NULL",
    WaitKind.DEFERRAL: "x.status = 'scheduled' AND x.error_class IS NULL",
}
_FILTERS = {
    "workflow": "e.workflow_id = CAST(:workflow AS uuid)",
    "action": "x.action_id = CAST(:action AS uuid)",
    "contact": "e.contact_id = CAST(:contact AS uuid)",
    "due_from": f"{_PLACE} >= CAST(:due_from AS timestamptz)",
    "due_before": f"{_PLACE} < CAST(:due_before AS timestamptz)",
    "after_at": f"({_PLACE}, x.id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid))",
    "after_id": "true",
}


def _listing(condition: str) -> Listing:
    return Listing(f"{_WAITS} {condition}", _FILTERS, f"{_PLACE}, x.id")


_PAGES = {kind: _listing(f"AND {condition}") for kind, condition in _OF_KIND.items()}
PAGE = _listing("")


class WaitReader(Repository):
    """See WaitReads."""

    async def get(self, wait_id: UUID) -> Wait | None:
        """The wait; None when the account has no such one, or the step waits no more."""
        row = (await self._run(_GET, id=wait_id)).first()
        return None if row is None else _wait(row)

    async def list_page(
        self, which: WaitFilter, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[Wait]:
        """Next due first, those beyond `after`."""
        after_at, after_id = after or (None, None)
        rows = await self._list(
            PAGE if which.kind is None else _PAGES[which.kind],
            limit,
            workflow=which.workflow_id,
            action=which.action_id,
            contact=which.contact_id,
            due_from=which.due_from,
            due_before=which.due_before,
            after_at=after_at,
            after_id=after_id,
        )
        return [_wait(row) for row in rows]

    async def step(self, step_id: UUID) -> StepState | None:
        """How an action execution stands; None when the account has no such one."""
        row = (await self._run(_STEP, id=step_id)).first()
        return None if row is None else step_state(row)


def step_state(row: Row[Any]) -> StepState:
    """The step in a row of its columns and `is_current`."""
    return StepState(
        id=row.id,
        execution_id=row.workflow_execution_id,
        attempt_id=row.attempt_id,
        action_type=row.action_type,
        status=ActionStatus(row.status),
        is_unknown=row.outcome == "unknown",
        has_failed_before=row.error_class is not None,
        completed_at=row.completed_at,
        reason=row.reason,
        is_current=bool(row.is_current),
        is_handed_out=row.lease_until not in (None, UNRUNG),
    )


def _wait(row: Row[Any]) -> Wait:
    step = step_state(row)
    if step.kind is None:
        raise AssertionError(f"step {step.id} does not wait")
    return Wait(
        step=step,
        kind=step.kind,
        execution_state=ExecutionState(row.state),
        workflow_id=row.workflow_id,
        workflow_version=row.version,
        version_id=row.version_id,
        action_id=row.action_id,
        contact_id=row.contact_id,
        since=row.created_at,
        due_at=row.scheduled_at,
        set_by_operator=row.resume_at is not None,
        error_class=row.error_class,
        error_message=row.error_message,
        retry_count=row.retry_count or 0,
        hold=None if row.hold is None else Hold.from_json(row.hold),
    )
