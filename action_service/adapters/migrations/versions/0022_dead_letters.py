"""Messages that were given up, for the operators of their account."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_DEAD_LETTERS = """
CREATE TABLE dead_letters (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    kind VARCHAR(10) NOT NULL,
    state VARCHAR(10) NOT NULL DEFAULT 'open',
    source VARCHAR(50) NOT NULL,
    -- Where it is sent by a replay.
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    deaths INTEGER NOT NULL DEFAULT 1,
    died_at TIMESTAMPTZ NOT NULL,
    payload BYTEA NOT NULL,
    -- Whose it is, as far as it said so and they exist.
    attempt_id UUID,
    action_execution_id UUID
        REFERENCES workflow_action_executions(id) ON DELETE CASCADE,
    action_type VARCHAR(50),
    execution_id UUID,
    workflow_id UUID,
    contact_id UUID,
    closed_by TEXT,
    closed_at TIMESTAMPTZ,
    closing_reason TEXT,
    revision INTEGER NOT NULL DEFAULT 1,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id),
    FOREIGN KEY (account_id, execution_id) REFERENCES workflow_executions(account_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_dead_letter_kind CHECK (kind IN ('action', 'result', 'delay', 'event')),
    CONSTRAINT valid_dead_letter_state CHECK (state IN ('open', 'replayed', 'discarded')),
    CONSTRAINT closed_unless_open CHECK ((state = 'open') = (closed_by IS NULL))
);
CREATE INDEX idx_dead_letters_page ON dead_letters (account_id, state, died_at, id);
CREATE INDEX idx_dead_letters_step ON dead_letters (action_execution_id);
CREATE INDEX idx_dead_letters_age ON dead_letters (died_at);
"""


def upgrade() -> None:
    """Adds the table."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_DEAD_LETTERS)
    enable_tenancy("dead_letters")


def downgrade() -> None:
    """Drops it."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP TABLE dead_letters")
