"""The history of the schema `treadle`, and how to bring a database up to date."""

from pathlib import Path

from sqlalchemy import Connection, text

from common.catalogue import catalogue
from common.migrations import run_upgrade

SCHEMA = "treadle"


def upgrade(url: str) -> None:
    """Migrates the database at `url` (`postgresql://…`) to the newest revision.

    The check on action types follows the catalogue of this very code, not the history: adding an
    action needs no migration.
    """
    run_upgrade(url, schema=SCHEMA, scripts=Path(__file__).parent, after=_sync_action_types)


def _sync_action_types(connection: Connection) -> None:
    names = ", ".join(f"'{name}'" for name in sorted(catalogue().types))
    connection.execute(
        text("ALTER TABLE treadle.workflow_actions DROP CONSTRAINT IF EXISTS valid_action_type")
    )
    # NOT VALID: rows of a type that a newer release knew must not keep an older one from starting.
    connection.execute(
        text(
            "ALTER TABLE treadle.workflow_actions ADD CONSTRAINT valid_action_type"
            f" CHECK (action_type IN ({names})) NOT VALID"
        )
    )
