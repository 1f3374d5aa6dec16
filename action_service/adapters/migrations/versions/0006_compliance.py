"""Consents, suppressions, and the settings of accounts that bear on them."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COMPLIANCE = """
ALTER TABLE accounts
    ADD COLUMN postal_address TEXT NOT NULL DEFAULT '',
    -- Channels on which marketing needs a consent that was given.
    ADD COLUMN explicit_consent_channels TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN sms_help_text TEXT NOT NULL DEFAULT '',
    ADD COLUMN revision INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW();

-- What each contact has said last. What they said before is in the audit log.
CREATE TABLE consents (
    account_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    channel VARCHAR(10) NOT NULL,
    purpose VARCHAR(15) NOT NULL,
    status VARCHAR(10) NOT NULL,
    source VARCHAR(200) NOT NULL DEFAULT '',
    evidence JSONB NOT NULL DEFAULT '{}',
    changed_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    changed_by TEXT NOT NULL,
    PRIMARY KEY (account_id, contact_id, channel, purpose),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_channel CHECK (channel IN ('email', 'sms', 'voice', 'messenger')),
    CONSTRAINT valid_purpose CHECK (purpose IN ('marketing', 'transactional')),
    CONSTRAINT valid_status CHECK (status IN ('granted', 'withdrawn'))
);

-- By address, so that one outlives its contact and holds for all who have the address. The channel
-- `contact` is a contact as a whole: the address is its id, and no foreign key takes it along.
CREATE TABLE suppressions (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    channel VARCHAR(10) NOT NULL,
    -- An email address in lower case, a number in E.164, a page-scoped id.
    address TEXT NOT NULL,
    scope VARCHAR(10) NOT NULL,
    cause VARCHAR(20) NOT NULL,
    detail VARCHAR(500) NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    created_by TEXT NOT NULL,
    lifted_at TIMESTAMPTZ,
    lifted_by TEXT NOT NULL DEFAULT '',
    CONSTRAINT valid_channel CHECK (channel IN ('email', 'sms', 'voice', 'messenger', 'contact')),
    CONSTRAINT valid_scope CHECK (scope IN ('all', 'marketing')),
    CONSTRAINT valid_cause CHECK (
        cause IN ('unsubscribe', 'stop', 'bounce', 'complaint', 'manual', 'do_not_contact')
    )
);
-- One of each cause at a time. What each claim looks into.
CREATE UNIQUE INDEX idx_suppressions_in_force ON suppressions (account_id, channel, address, cause)
    WHERE lifted_at IS NULL;
CREATE INDEX idx_suppressions_newest ON suppressions (account_id, id DESC);
CREATE INDEX idx_suppressions_address ON suppressions (account_id, address, id DESC);
"""

_TENANT_TABLES = ("consents", "suppressions")


def upgrade() -> None:
    """Adds the tables and columns."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_COMPLIANCE)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops them with what they hold."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute(
        "ALTER TABLE accounts DROP COLUMN postal_address, DROP COLUMN explicit_consent_channels,"
        " DROP COLUMN sms_help_text, DROP COLUMN revision, DROP COLUMN updated_at"
    )
