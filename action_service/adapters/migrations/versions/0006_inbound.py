"""What the API shows of deliveries, and payments that providers tell of."""

from alembic import op

from action_service.adapters.migrations.ddl import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INBOUND = """
CREATE INDEX idx_deliveries_step ON deliveries (action_execution_id);
"""


def upgrade() -> None:
    """Adds the index."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_INBOUND)


def downgrade() -> None:
    """Drops it."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP INDEX idx_deliveries_step")
