"""The number that a delivery comes from, when it is not the deployment's."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("ALTER TABLE deliveries ADD COLUMN sender TEXT NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Drops it: answers that wait would go out from the deployment's number."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("ALTER TABLE deliveries DROP COLUMN sender")
