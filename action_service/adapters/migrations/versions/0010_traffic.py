"""Limits of accounts' calls to providers, and the circuits that stop calls to one that fails."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TRAFFIC = """
CREATE TABLE provider_limits (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    peer VARCHAR(262) NOT NULL,
    -- 0 for any number.
    per_second INTEGER NOT NULL,
    burst INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, peer),
    CONSTRAINT valid_limit CHECK (per_second >= 0 AND burst >= LEAST(per_second, 1))
);

-- A row that is not there is one to which nothing has happened.
CREATE TABLE provider_circuits (
    account_id UUID NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    peer VARCHAR(262) NOT NULL,
    state VARCHAR(10) NOT NULL DEFAULT 'closed',
    epoch BIGINT NOT NULL DEFAULT 0,
    changed_at TIMESTAMPTZ,
    open_until TIMESTAMPTZ,
    trips INTEGER NOT NULL DEFAULT 0,
    window_at TIMESTAMPTZ,
    successes INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    earlier_successes INTEGER NOT NULL DEFAULT 0,
    earlier_failures INTEGER NOT NULL DEFAULT 0,
    last_error VARCHAR(40) NOT NULL DEFAULT '',
    probes_out INTEGER NOT NULL DEFAULT 0,
    probes_passed INTEGER NOT NULL DEFAULT 0,
    probes_until TIMESTAMPTZ,
    paused_until TIMESTAMPTZ,
    spent_until TIMESTAMPTZ,
    row_until TIMESTAMPTZ,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (account_id, peer),
    CONSTRAINT valid_circuit_state CHECK (state IN ('closed', 'open', 'half_open'))
) WITH (fillfactor = 50);
CREATE INDEX idx_provider_circuits_open ON provider_circuits (state) WHERE state <> 'closed';
"""

_TENANT_TABLES = ("provider_limits", "provider_circuits")


def upgrade() -> None:
    """Adds the tables."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_TRAFFIC)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops them: all circuits are closed, and the deployment's limits hold."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
