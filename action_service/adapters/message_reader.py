"""Messages and deliveries, read for the API."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository
from action_service.domain.deliveries import Channel, DeliveryStatus
from action_service.domain.messages import DeliveryState, Message, StepDelivery

# A message that nobody here has sent, or not yet, has no step.
_SELECT = """
    SELECT m.id, m.channel, m.contact_id, e.workflow_id, e.id AS execution_id, x.action_id,
           m.action_execution_id, m.delivery_id, m.state, m.reason, m.times, m.provider,
           m.provider_message_id, m.created_at, m.updated_at
    FROM messages m
    JOIN workflow_action_executions x ON x.id = m.action_execution_id
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    WHERE m.account_id = :account
"""
_PAGE = Listing(
    _SELECT,
    {
        "before": "m.id < CAST(:before AS uuid)",
        "contact": "m.contact_id = CAST(:contact AS uuid)",
        "workflow": "e.workflow_id = CAST(:workflow AS uuid)",
        "execution": "e.id = CAST(:execution AS uuid)",
        "state": "m.state = CAST(:state AS text)",
    },
    "m.id DESC",
)
_OF_STEPS = text(f"{_SELECT} AND m.action_execution_id = ANY(CAST(:ids AS uuid[])) ORDER BY m.id")
_DELIVERIES = text(
    """
    SELECT d.id, d.action_execution_id, d.channel, d.recipient, d.status, d.reason, d.attempts,
           d.finished_at
    FROM deliveries d
    WHERE d.account_id = :account AND d.action_execution_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY d.id
    """
)


class MessageReader(Repository):
    """Reads what was sent."""

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        contact_id: UUID | None,
        workflow_id: UUID | None,
        execution_id: UUID | None,
        state: DeliveryState | None,
    ) -> Sequence[Message]:
        """Newest first, those older than `before`."""
        rows = await self._list(
            _PAGE,
            limit,
            before=before,
            contact=contact_id,
            workflow=workflow_id,
            execution=execution_id,
            state=None if state is None else state.value,
        )
        return [_message(row) for row in rows]

    async def of_steps(self, step_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Message]]:
        """What each action execution has sent, oldest first."""
        found: defaultdict[UUID, list[Message]] = defaultdict(list)
        for row in await self._run(_OF_STEPS, ids=list(step_ids)):
            found[row.action_execution_id].append(_message(row))
        return found

    async def deliveries_of_steps(
        self, step_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[StepDelivery]]:
        """What each action execution sends beside its own work, oldest first."""
        found: defaultdict[UUID, list[StepDelivery]] = defaultdict(list)
        for row in await self._run(_DELIVERIES, ids=list(step_ids)):
            found[row.action_execution_id].append(_delivery(row))
        return found


def _message(row: Row[Any]) -> Message:
    times: Mapping[str, str] = row.times
    return Message(
        id=row.id,
        channel=Channel(row.channel),
        contact_id=row.contact_id,
        workflow_id=row.workflow_id,
        execution_id=row.execution_id,
        action_id=row.action_id,
        action_execution_id=row.action_execution_id,
        delivery_id=row.delivery_id,
        state=DeliveryState(row.state),
        reason=row.reason,
        times={name: datetime.fromisoformat(at) for name, at in times.items()},
        provider=row.provider,
        provider_message_id=row.provider_message_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _delivery(row: Row[Any]) -> StepDelivery:
    return StepDelivery(
        id=row.id,
        channel=Channel(row.channel),
        recipient=row.recipient,
        status=DeliveryStatus(row.status),
        reason=row.reason,
        attempts=row.attempts,
        finished_at=row.finished_at,
    )
