"""Providers' events that are still whole are found by their age."""

from alembic import op

from action_service.adapters.migrations.ddl import run_script

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEX = """
CREATE INDEX idx_provider_events_whole ON provider_events (received_at) WHERE payload <> '{}';
"""


def upgrade() -> None:
    """Adds the index."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_INDEX)


def downgrade() -> None:
    """Drops it."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP INDEX idx_provider_events_whole")
