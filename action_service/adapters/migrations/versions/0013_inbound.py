"""Events that providers sign with an account's own secret speak of that account alone."""

from alembic import op

from action_service.adapters.migrations.ddl import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INBOUND = """
-- Set when its signature proves no more than that it is of this account.
ALTER TABLE provider_events ADD COLUMN of_account UUID REFERENCES accounts(id);
"""


def upgrade() -> None:
    """Adds the column."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_INBOUND)


def downgrade() -> None:
    """Drops it."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("ALTER TABLE provider_events DROP COLUMN of_account")
