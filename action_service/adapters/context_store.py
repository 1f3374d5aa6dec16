"""Reads what templates need, for a whole batch at a time and only the roots that are asked for."""

from collections.abc import Collection, Mapping, Sequence

import orjson

from action_service.adapters.driver import Driver
from action_service.domain.deliveries import Channel
from action_service.domain.messages import PROVIDER_OF, DeliveryState
from action_service.domain.plan import Json
from action_service.engine.model import CallFacts, Dispatch, RunContext

_CONTACTS = """
    SELECT c.id::text, jsonb_build_object(
        'id', c.id, 'email', c.email, 'phone', c.phone, 'first_name', c.first_name,
        'last_name', c.last_name, 'timezone', c.timezone, 'custom_fields', c.custom_fields,
        'owner_id', c.owner_id
    )::text, CASE WHEN u.id IS NOT NULL
            THEN jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email)::text END
    FROM treadle.contacts c LEFT JOIN treadle.users u ON u.id = c.owner_id
    WHERE c.id = ANY($1::uuid[])
    """
_ACCOUNTS = """
    SELECT id::text, jsonb_build_object(
        'id', id, 'name', name, 'timezone', timezone, 'currency', currency,
        'postal_address', postal_address)::text
    FROM treadle.accounts WHERE id = ANY($1::uuid[])
    """
# Later rows of the same action (a jump back by migration) replace earlier ones.
_OUTPUTS = """
    SELECT a.workflow_execution_id::text, a.action_id::text, n.name, a.result_data::text
    FROM treadle.workflow_action_executions a
    JOIN treadle.workflow_actions n ON n.id = a.action_id
    WHERE a.workflow_execution_id = ANY($1::uuid[]) AND a.status = 'completed'
    ORDER BY a.completed_at
    """
_EVENTS = """
    SELECT id::text, event::text FROM treadle.workflow_executions
    WHERE id = ANY($1::uuid[])
    """


_CALLS = """
    SELECT provider_message_id, state, created_at, details::text FROM treadle.messages
    WHERE provider = $1 AND provider_message_id = ANY($2::text[])
    """


def _json(stored: str) -> dict[str, Json]:
    parsed: dict[str, Json] = orjson.loads(stored)
    return parsed


async def load_people(
    connection: Driver, contact_ids: Collection[str]
) -> tuple[dict[str, dict[str, Json]], dict[str, dict[str, Json] | None]]:
    """The contacts, and their owners or None, by the contacts' ids."""
    contacts: dict[str, dict[str, Json]] = {}
    owners: dict[str, dict[str, Json] | None] = {}
    if contact_ids:
        for contact_id, contact, owner in await connection.fetch(_CONTACTS, list(contact_ids)):
            contacts[contact_id] = _json(contact)
            owners[contact_id] = None if owner is None else _json(owner)
    return contacts, owners


async def load_accounts(
    connection: Driver, account_ids: Collection[str]
) -> dict[str, dict[str, Json]]:
    """The accounts by their ids."""
    if not account_ids:
        return {}
    rows = await connection.fetch(_ACCOUNTS, list(account_ids))
    return {account_id: _json(account) for account_id, account in rows}


async def load_contexts(
    connection: Driver, dispatches: Sequence[Dispatch]
) -> Mapping[str, RunContext]:
    """By action execution id, what the steps of `dispatches` need to read."""
    needing = {
        root: [d for d in dispatches if root in d.step.needs]
        for root in ("contact", "user", "account", "steps", "event")
    }
    contact_ids = {d.contact_id for root in ("contact", "user") for d in needing[root]}
    contacts, users = await load_people(connection, contact_ids)
    accounts = await load_accounts(connection, {d.account_id for d in needing["account"]})
    events: dict[str, dict[str, Json] | None] = {}
    if event_ids := {d.execution_id for d in needing["event"] if d.has_event}:
        rows = await connection.fetch(_EVENTS, list(event_ids))
        events = {execution_id: _json(event) for execution_id, event in rows}
    steps: dict[str, dict[str, Json]] = {}
    names: dict[str, dict[str, str]] = {}
    if step_ids := {d.execution_id for d in needing["steps"]}:
        for execution_id, action_id, name, output in await connection.fetch(
            _OUTPUTS, list(step_ids)
        ):
            outputs = steps.setdefault(execution_id, {})
            outputs.pop(action_id, None)
            outputs[action_id] = _json(output)
            if name:
                names.setdefault(execution_id, {})[action_id] = name
    calls = await _load_calls(connection, dispatches)
    return {
        d.action_execution_id: RunContext(
            contact=contacts.get(d.contact_id),
            user=users.get(d.contact_id),
            account=accounts.get(d.account_id),
            steps=steps.get(d.execution_id),
            event=events.get(d.execution_id),
            call=calls.get(d.under_way.provider_reference) if d.under_way else None,
            step_names=names.get(d.execution_id),
        )
        for d in dispatches
    }


async def _load_calls(connection: Driver, dispatches: Sequence[Dispatch]) -> dict[str, CallFacts]:
    """What is known of the calls that attempts have placed, by their providers' ids."""
    ids = [d.under_way.provider_reference for d in dispatches if d.under_way]
    if not ids:
        return {}
    rows = await connection.fetch(_CALLS, PROVIDER_OF[Channel.CALL], ids)
    return {
        call_id: CallFacts(DeliveryState(state), placed_at, _json(details))
        for call_id, state, placed_at, details in rows
    }
