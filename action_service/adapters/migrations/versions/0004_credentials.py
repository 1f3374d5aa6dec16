"""Credentials of accounts at providers, and the keys that they are encrypted by."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CREDENTIALS = """
CREATE TABLE account_data_keys (
    account_id UUID NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    -- The master key that has encrypted it, which is in no database.
    master_key_id VARCHAR(32) NOT NULL,
    nonce BYTEA NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    wrapped_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (account_id, version)
);

CREATE TABLE credentials (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    provider VARCHAR(40) NOT NULL,
    name VARCHAR(100) NOT NULL,
    -- The last characters, for people.
    hint VARCHAR(8) NOT NULL,
    key_version INTEGER NOT NULL,
    nonce BYTEA NOT NULL,
    ciphertext BYTEA NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, provider, name),
    FOREIGN KEY (account_id, key_version) REFERENCES account_data_keys(account_id, version)
);
"""

_TENANT_TABLES = ("account_data_keys", "credentials")


def upgrade() -> None:
    """Adds the tables."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_CREDENTIALS)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops the tables; credentials have to be set again afterwards."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
