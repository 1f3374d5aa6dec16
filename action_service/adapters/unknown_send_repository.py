"""Unknown sends of one account, for the API."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository, as_list, to_json
from action_service.domain.unknown_sends import (
    Finding,
    Look,
    Resolution,
    SendState,
    Sent,
    UnknownSend,
    Verdict,
)
from action_service.use_cases.unknown_send_ports import UnknownSendFilter

_COLUMNS = """
    u.id, u.workflow_id, u.execution_id, u.action_execution_id, u.action_id, u.action_type,
    u.contact_id, u.delivery_id, u.provider, u.channel, u.recipient, u.sender, u.subject, u.body,
    u.claimed_at, u.unknown_at, u.reason, u.state, u.lookups, u.due_at, u.resolution,
    u.resolved_by, u.resolved_at, u.resolution_reason, u.provider_message_id, u.revision
"""
_GET = text(f"SELECT {_COLUMNS} FROM unknown_sends u WHERE u.account_id = :account AND u.id = :id")  # noqa: S608 - made of constants, as all below
_PAGE = Listing(
    f"SELECT {_COLUMNS} FROM unknown_sends u WHERE u.account_id = :account",  # noqa: S608
    {
        "state": "u.state = CAST(:state AS text)",
        "workflow": "u.workflow_id = CAST(:workflow AS uuid)",
        "contact": "u.contact_id = CAST(:contact AS uuid)",
        "channel": "u.channel = CAST(:channel AS text)",
        "before": "u.unknown_at < CAST(:before AS timestamptz)",
        "after_at": "u.unknown_at >= CAST(:after_at AS timestamptz)",
        "after_id": """(
            u.unknown_at > CAST(:after_at AS timestamptz) OR u.id > CAST(:after_id AS uuid)
        )""",
    },
    "u.unknown_at, u.id",
)
_OF_STEPS = text(
    f"""
    SELECT DISTINCT ON (u.action_execution_id) {_COLUMNS} FROM unknown_sends u
    WHERE u.account_id = :account AND u.action_execution_id = ANY(CAST(:ids AS uuid[]))
      AND u.delivery_id IS NULL
    ORDER BY u.action_execution_id, u.unknown_at DESC
    """  # noqa: S608
)
_LOCK = text(
    f"""
    SELECT {_COLUMNS} FROM unknown_sends u
    WHERE u.account_id = :account AND u.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY u.id
    FOR NO KEY UPDATE
    """  # noqa: S608
)
_TAKEN = text(
    """
    SELECT EXISTS (
        SELECT FROM messages
        WHERE account_id = :account AND provider = :provider AND provider_message_id = :message
          AND action_execution_id IS NOT NULL
    ) OR EXISTS (
        SELECT FROM unknown_sends
        WHERE account_id = :account AND provider = :provider AND provider_message_id = :message
    )
    """
)
_DECIDE = text(
    """
    UPDATE unknown_sends
    SET state = 'decided', resolution = :resolution, resolved_by = :by, resolved_at = now(),
        resolution_reason = :reason, provider_message_id = :message,
        output = CAST(:output AS jsonb), due_at = now(), revision = revision + 1
    WHERE account_id = :account AND id = ANY(CAST(:ids AS uuid[])) AND state = 'open'
    """
)


class UnknownSendReader(Repository):
    """Reads unknown sends."""

    async def get(self, send_id: UUID) -> UnknownSend | None:
        """The send; None when the account has no such one."""
        row = (await self._run(_GET, id=send_id)).first()
        return None if row is None else _unknown_send(row)

    async def list_page(
        self, which: UnknownSendFilter, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[UnknownSend]:
        """Oldest first, those beyond `after`."""
        after_at, after_id = after or (None, None)
        rows = await self._list(
            _PAGE,
            limit,
            state=which.state.value,
            workflow=which.workflow_id,
            contact=which.contact_id,
            channel=which.channel,
            before=which.unknown_before,
            after_at=after_at,
            after_id=after_id,
        )
        return [_unknown_send(row) for row in rows]

    async def of_steps(self, action_execution_ids: Collection[UUID]) -> Mapping[UUID, UnknownSend]:
        """The last one of each step's own work, by action execution."""
        rows = await self._run(_OF_STEPS, ids=as_list(action_execution_ids))
        return {row.action_execution_id: _unknown_send(row) for row in rows}


class UnknownSendWriter(UnknownSendReader):
    """Reads them and decides about them."""

    async def lock(self, send_ids: Collection[UUID]) -> Sequence[UnknownSend]:
        """Those that are there, kept from every other decision until the transaction ends."""
        return [_unknown_send(row) for row in await self._run(_LOCK, ids=as_list(send_ids))]

    async def is_taken(self, provider: str, message_id: str) -> bool:
        """Whether the provider's message is known to be the work of an attempt."""
        result = await self._run(_TAKEN, provider=provider, message=message_id)
        return bool(result.scalar())

    async def decide(self, send_ids: Collection[UUID], verdict: Verdict) -> None:
        """Stores what is decided about sends that `lock` has shown to be open."""
        await self._run(
            _DECIDE,
            ids=as_list(send_ids),
            resolution=verdict.resolution.value,
            by=verdict.resolved_by,
            reason=verdict.reason,
            message=verdict.reference,
            output=to_json(verdict.output),
        )


def _unknown_send(row: Row[Any]) -> UnknownSend:
    state = SendState(row.state)
    return UnknownSend(
        id=row.id,
        workflow_id=row.workflow_id,
        execution_id=row.execution_id,
        action_execution_id=row.action_execution_id,
        action_id=row.action_id,
        action_type=row.action_type,
        contact_id=row.contact_id,
        delivery_id=row.delivery_id,
        provider=row.provider,
        sent=Sent(row.channel, row.recipient, row.sender, row.subject, row.body),
        claimed_at=row.claimed_at,
        unknown_at=row.unknown_at,
        reason=row.reason,
        state=state,
        lookups=tuple(_look(each) for each in row.lookups),
        next_look_at=row.due_at if state is SendState.OPEN else None,
        verdict=_verdict(row),
        resolved_at=row.resolved_at,
        revision=row.revision,
    )


def _look(entry: Mapping[str, str]) -> Look:
    return Look(datetime.fromisoformat(entry["at"]), Finding(entry["finding"]), entry["note"])


def _verdict(row: Row[Any]) -> Verdict | None:
    if row.resolution is None:
        return None
    resolution = Resolution(row.resolution)
    return Verdict(
        resolution, row.resolved_by, row.resolution_reason or "", row.provider_message_id
    )
