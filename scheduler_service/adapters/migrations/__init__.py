"""The schema `scheduler`, by Alembic."""

from pathlib import Path

from common.migrations import run_upgrade

SCHEMA = "scheduler"


def upgrade(url: str) -> None:
    """Brings the schema to the newest revision; safe to be called by many processes at once."""
    run_upgrade(url, schema=SCHEMA, scripts=Path(__file__).parent)
