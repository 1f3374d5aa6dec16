"""What effects leave in the audit log, whatever kind of record they have changed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from action_service.adapters.driver import Driver
from action_service.domain.plan import Json
from common.ids import new_id_text

_WRITE = """
    INSERT INTO treadle.audit_log (
        id, account_id, actor, operation, entity_type, entity_id, before, after
    )
    SELECT v.id, v.account_id, 'execution:' || v.execution_id, v.operation,
           v.entity_type, v.entity_id, v.before::jsonb, v.after::jsonb
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
        $8::text[]
    ) AS v(id, account_id, execution_id, operation, entity_type, entity_id, before, after)
    """


class AuditEntry(NamedTuple):
    """What an execution has made of a record."""

    account_id: str
    execution_id: str
    operation: str
    entity_type: str
    entity_id: str
    # None for a record that came to be.
    before: Mapping[str, Json] | None
    after: Mapping[str, Json]


async def write_audit(connection: Driver, entries: Sequence[AuditEntry]) -> None:
    """Adds the entries; there is at least one."""
    # Ids in the order of time: lists are read by them.
    rows = [
        (new_id_text(), *entry[:5], _json(entry.before), _json(entry.after)) for entry in entries
    ]
    await connection.execute(_WRITE, *zip(*rows, strict=True))


def _json(values: Mapping[str, Json] | None) -> str | None:
    return None if values is None else orjson.dumps(values).decode()
