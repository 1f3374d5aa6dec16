"""Attempts that wait for their turn: `lease_until` is infinite until they have been rung for."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index by which turns are found; it is empty while nobody has to wait."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute(
        "CREATE INDEX idx_action_executions_turns"
        " ON workflow_action_executions (action_type, account_id, id)"
        " WHERE lease_until = 'infinity'"
    )


def downgrade() -> None:
    """Has the sweeper ring for what waits, and drops the index."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute(
        "UPDATE workflow_action_executions SET lease_until = now() WHERE lease_until = 'infinity'"
    )
    op.execute("DROP INDEX idx_action_executions_turns")
