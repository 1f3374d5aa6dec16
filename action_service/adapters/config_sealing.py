"""Seals the secrets of configurations that were stored before there was sealing.

For all accounts, so outside their row-level security. Whatever is sealed already is left alone, so
any number of processes may do it, as often as they like.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.credentials import CredentialWriter
from action_service.adapters.sql import to_json
from action_service.adapters.vault import Vault
from action_service.domain.credentials import UnreadableSecretError
from action_service.use_cases.config_secrets import has_plain_secrets, resealed_config
from common.catalogue import catalogue
from common.telemetry import get_logger

_AT_ONCE: Final = 200
_RETRY: Final = timedelta(minutes=1)

# A draft's action is given in the form of a version with one step. Deleted ones too: their
# configurations are there still.
_ACTION = """
    SELECT id, account_id, jsonb_build_object('steps', jsonb_build_array(
        jsonb_build_object('action_type', action_type, 'config', action_config))) AS plan
    FROM workflow_actions WHERE action_type = ANY(CAST(:types AS text[]))
"""
_STORE_ACTION = text(
    "UPDATE workflow_actions SET action_config = CAST(:plan AS jsonb) #> '{steps,0,config}'"
    " WHERE id = :id"
)
_VERSION = """
    SELECT id, account_id, plan FROM workflow_versions
    WHERE jsonb_path_query_array(plan, '$.steps[*].action_type') ?| CAST(:types AS text[])
"""
_STORE_VERSION = text("UPDATE workflow_versions SET plan = CAST(:plan AS jsonb) WHERE id = :id")

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Account:
    """One account's part of a transaction."""

    account_id: UUID
    credentials: CredentialWriter


async def seal_stored_secrets(db: AsyncEngine, vault: Vault) -> int:
    """Seals what is plain in drafts and versions; returns how many actions and versions had any.

    Raises UnreadableSecretError when an account's data key is of a master key that is not given.
    """
    types = [spec.type for spec in catalogue().types.values() if spec.secrets]
    # So that a version and its draft, which have the same secret, keep it in the same form.
    forms: dict[UUID, dict[str, str]] = defaultdict(dict)
    done = 0
    for select, store in ((_ACTION, _STORE_ACTION), (_VERSION, _STORE_VERSION)):
        one = text(f"{select} AND id = :id FOR UPDATE")
        async for row_id in _with_plain(db, select, types):
            # Each for itself: whoever edits a workflow must not wait for all of them.
            async with db.begin() as connection:
                found = await connection.execute(one, {"types": types, "id": row_id})
                for row in found:
                    account = _Account(row.account_id, CredentialWriter(connection, row.account_id))
                    plan = await _resealed(account, vault, row.plan, forms[row.account_id])
                    await connection.execute(store, {"id": row_id, "plan": to_json(plan)})
                    done += 1
    return done


async def _with_plain(db: AsyncEngine, select: str, types: list[str]) -> AsyncIterator[UUID]:
    """Ids of the rows with plain secrets, page by page."""
    page = text(f"{select} AND id > :after ORDER BY id LIMIT :limit")
    after = UUID(int=0)
    while True:
        async with db.connect() as connection:
            found = await connection.execute(
                page, {"types": types, "after": after, "limit": _AT_ONCE}
            )
            rows = list(found)
        for row in rows:
            steps = row.plan["steps"]
            if any(has_plain_secrets(step["action_type"], step["config"]) for step in steps):
                yield row.id
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id


async def _resealed(
    account: _Account, vault: Vault, plan: dict[str, Any], forms: dict[str, str]
) -> dict[str, Any]:
    for step in plan["steps"]:
        if has_plain_secrets(step["action_type"], step["config"]):
            spec = catalogue().get(step["action_type"])
            step["config"] = await resealed_config(account, vault, spec, step["config"], forms)
    return plan


@asynccontextmanager
async def sealing_stored_secrets(db: AsyncEngine, vault: Vault) -> AsyncGenerator[None]:
    """Does it during the block, beside everything else, until it is done."""
    task = asyncio.create_task(_until_sealed(db, vault))
    try:
        yield
    finally:
        task.cancel()


async def _until_sealed(db: AsyncEngine, vault: Vault) -> None:
    while True:
        try:
            count = await seal_stored_secrets(db, vault)
        except (SQLAlchemyError, OSError, UnreadableSecretError) as error:
            _log.warning("secrets_not_sealed", error=type(error).__name__)
            await asyncio.sleep(_RETRY.total_seconds())
        else:
            if count:
                _log.info("secrets_sealed", count=count)
            return
