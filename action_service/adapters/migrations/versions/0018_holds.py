"""By what rule a step does not go on before its instant, beside the words for it."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; of steps that are put off already the words alone are known."""
    op.execute("ALTER TABLE treadle.workflow_action_executions ADD COLUMN hold JSONB")


def downgrade() -> None:
    """Drops it."""
    op.execute("ALTER TABLE treadle.workflow_action_executions DROP COLUMN hold")
