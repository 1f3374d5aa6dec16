"""The deliveries of a step are looked up for its log."""

from alembic import op

from action_service.adapters.migrations.ddl import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEX = """
CREATE INDEX idx_deliveries_step ON deliveries (action_execution_id);
"""


def upgrade() -> None:
    """Adds the index."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_INDEX)


def downgrade() -> None:
    """Drops it."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP INDEX idx_deliveries_step")
