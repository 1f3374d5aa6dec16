"""Messages that providers have accepted, and what providers tell of them."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MESSAGES = """
-- One row for each message that a provider has accepted, and for each that one tells of before the
-- step that sends it is completed: such a row has no step until then. Its lock puts the two, and
-- events of the same message, in an order.
CREATE TABLE messages (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    provider VARCHAR(20) NOT NULL,
    provider_message_id TEXT NOT NULL,
    channel VARCHAR(10) NOT NULL,
    contact_id UUID,
    action_execution_id UUID,
    -- When it goes beside the step's own work.
    delivery_id UUID,
    state VARCHAR(20) NOT NULL DEFAULT 'queued',
    -- The first instant of each fact that is known.
    times JSONB NOT NULL DEFAULT '{}',
    -- Why it has not come.
    reason TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (provider, provider_message_id),
    CONSTRAINT valid_delivery_state CHECK (
        state IN ('queued', 'sent', 'undelivered', 'delivered', 'bounced', 'opened', 'read',
                  'clicked', 'replied')
    )
) WITH (fillfactor = 80);
CREATE INDEX idx_messages_contact ON messages (account_id, contact_id, id DESC)
    WHERE contact_id IS NOT NULL;
CREATE INDEX idx_messages_step ON messages (action_execution_id)
    WHERE action_execution_id IS NOT NULL;

-- Events of providers, each once by the provider's own id of it, stored before anybody acts on it.
CREATE TABLE provider_events (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    provider VARCHAR(20) NOT NULL,
    provider_event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider_message_id TEXT,
    -- What it says of the message, if anything does.
    fact VARCHAR(20),
    detail JSONB NOT NULL DEFAULT '{}',
    payload JSONB NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    -- When its message knew of it. Unset while there is none of ours.
    applied_at TIMESTAMPTZ,
    UNIQUE (provider, provider_event_id)
);
CREATE INDEX idx_provider_events_early ON provider_events (provider, provider_message_id)
    WHERE applied_at IS NULL AND fact IS NOT NULL;

-- Who answers is known by their number alone.
CREATE INDEX idx_contacts_phone ON contacts (account_id, phone) WHERE phone IS NOT NULL;
"""

_TENANT_TABLES = ("messages", "provider_events")


def upgrade() -> None:
    """Adds the tables."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_MESSAGES)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops them with what they hold."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("DROP INDEX idx_contacts_phone")
