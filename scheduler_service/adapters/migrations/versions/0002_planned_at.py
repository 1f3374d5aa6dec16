"""When a timer was worked out, so that of two plans of one wait the later counts."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; every plan is later than those stored before."""
    op.execute(
        "ALTER TABLE scheduler.timers"
        " ADD COLUMN planned_at timestamptz NOT NULL DEFAULT '-infinity'"
    )


def downgrade() -> None:
    """Drops it."""
    op.execute("ALTER TABLE scheduler.timers DROP COLUMN planned_at")
