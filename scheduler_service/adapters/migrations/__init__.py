"""The schema `scheduler`, by Alembic."""

from pathlib import Path

from common.migrations import require_schema, run_upgrade

SCHEMA = "scheduler"
_SCRIPTS = Path(__file__).parent


def upgrade(url: str) -> None:
    """Brings the schema to the newest revision; safe to be called by many processes at once."""
    run_upgrade(url, schema=SCHEMA, scripts=_SCRIPTS)


async def require(url: str) -> None:
    """Makes sure that the schema is there; raises CannotStartError."""
    command = "python -m scheduler_service migrate"
    await require_schema(url, schema=SCHEMA, scripts=_SCRIPTS, migrate=command)
