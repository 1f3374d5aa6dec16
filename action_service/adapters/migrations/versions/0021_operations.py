"""Runs that somebody has paused, and operations on many runs at once."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Every row satisfies the checks, for the columns are new: nobody has to look.
_PAUSES = """
ALTER TABLE workflow_executions
    -- Set while somebody has paused the run, and not when its paused workflow holds it.
    ADD COLUMN paused_at TIMESTAMPTZ,
    ADD COLUMN paused_by TEXT,
    ADD COLUMN pause_reason TEXT,
    ADD CONSTRAINT pause_is_state CHECK (paused_at IS NULL OR state = 'paused') NOT VALID,
    ADD CONSTRAINT pause_is_somebodys CHECK ((paused_at IS NULL) = (paused_by IS NULL)) NOT VALID;
DROP INDEX idx_executions_held;
CREATE INDEX idx_executions_held ON workflow_executions (workflow_id)
    WHERE state = 'paused' AND paused_at IS NULL;
"""

_OPERATIONS = """
CREATE TABLE execution_operations (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    kind VARCHAR(10) NOT NULL,
    filter JSONB NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    status VARCHAR(10) NOT NULL DEFAULT 'pending',
    matched INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    -- How many, by the reason.
    skipped JSONB NOT NULL DEFAULT '{}',
    failed INTEGER NOT NULL DEFAULT 0,
    -- The first of those that failed: execution_id and reason.
    failures JSONB NOT NULL DEFAULT '[]',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    -- When the last batch was done: operations take turns.
    worked_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    UNIQUE (account_id, id),
    CONSTRAINT valid_operation_kind CHECK (kind IN ('cancel', 'pause', 'resume')),
    CONSTRAINT valid_operation_status CHECK (
        status IN ('pending', 'running', 'completed', 'cancelled')
    )
);
CREATE INDEX idx_execution_operations_account ON execution_operations (account_id, id DESC);
CREATE INDEX idx_execution_operations_open ON execution_operations (id)
    WHERE status IN ('pending', 'running');

-- The executions still to be dealt with, in parts that are done in one transaction each.
CREATE TABLE execution_operation_batches (
    operation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    number INTEGER NOT NULL,
    execution_ids UUID[] NOT NULL,
    PRIMARY KEY (operation_id, number),
    FOREIGN KEY (account_id, operation_id) REFERENCES execution_operations(account_id, id)
        ON DELETE CASCADE
);
"""

_TENANT_TABLES = ("execution_operations", "execution_operation_batches")


def upgrade() -> None:
    """Adds the columns and the tables."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_PAUSES)
    run_script(_OPERATIONS)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops them; runs that somebody has paused are as those that their workflow holds."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute(
        "ALTER TABLE workflow_executions DROP COLUMN paused_at, DROP COLUMN paused_by,"
        " DROP COLUMN pause_reason"
    )
    op.execute(
        "CREATE INDEX idx_executions_held ON workflow_executions (workflow_id)"
        " WHERE state = 'paused'"
    )
