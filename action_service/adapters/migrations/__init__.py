"""The history of the schema `treadle`, and how to bring a database up to date."""

import re
from pathlib import Path

from sqlalchemy import Connection, text

from common.catalogue import catalogue
from common.migrations import require_schema, run_upgrade

SCHEMA = "treadle"
_SCRIPTS = Path(__file__).parent
_DEFINITION = text(
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = 'treadle.workflow_actions'::regclass AND conname = 'valid_action_type'"
)
_DROP = text("ALTER TABLE treadle.workflow_actions DROP CONSTRAINT IF EXISTS valid_action_type")


def upgrade(url: str) -> None:
    """Migrates the database at `url` (`postgresql://…`) to the newest revision.

    The check on action types follows the catalogue of this very code, not the history: adding an
    action needs no migration.
    """
    run_upgrade(url, schema=SCHEMA, scripts=_SCRIPTS, after=_sync_action_types)


async def require(url: str) -> None:
    """Makes sure that the schema is there; raises CannotStartError."""
    command = "python -m action_service migrate"
    await require_schema(url, schema=SCHEMA, scripts=_SCRIPTS, migrate=command)


def _sync_action_types(connection: Connection) -> None:
    # To put the same check in place again would lock everybody out for nothing.
    definition: str = connection.scalar(_DEFINITION) or ""
    if set(re.findall(r"'(\w+)'", definition)) == set(catalogue().types):
        return
    names = ", ".join(f"'{name}'" for name in sorted(catalogue().types))
    connection.execute(_DROP)
    # NOT VALID: rows of a type that a newer release knew must not keep an older one from starting.
    connection.execute(
        text(
            "ALTER TABLE treadle.workflow_actions ADD CONSTRAINT valid_action_type"
            f" CHECK (action_type IN ({names})) NOT VALID"
        )
    )
