"""Facebook pages, the people who write to them, and which messages went to whom of them."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MESSENGER = """
CREATE TABLE messenger_pages (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(200) NOT NULL,
    facebook_page_id VARCHAR(100) NOT NULL,
    -- By name: credentials come and go.
    credential VARCHAR(100) NOT NULL DEFAULT 'default',
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name),
    UNIQUE (account_id, facebook_page_id)
);

-- A person as one page knows them: a conversation of Messenger is with one of these.
CREATE TABLE messenger_identities (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    messenger_page_id UUID NOT NULL,
    psid VARCHAR(100) NOT NULL,
    contact_id UUID,
    last_message_at TIMESTAMPTZ,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (messenger_page_id, psid),
    FOREIGN KEY (account_id, messenger_page_id) REFERENCES messenger_pages(account_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_messenger_identities_contact ON messenger_identities (contact_id)
    WHERE contact_id IS NOT NULL;
CREATE INDEX idx_messenger_identities_account ON messenger_identities (account_id, id DESC);

-- What Meta tells of a conversation up to an instant is told of the messages sent before it.
ALTER TABLE messages ADD COLUMN conversation_id UUID, ADD COLUMN sent_at TIMESTAMPTZ;
CREATE INDEX idx_messages_conversation ON messages (conversation_id, sent_at DESC)
    WHERE conversation_id IS NOT NULL;
ALTER TABLE provider_events ADD COLUMN conversation_id UUID;
CREATE INDEX idx_provider_events_conversation ON provider_events (conversation_id, occurred_at)
    WHERE conversation_id IS NOT NULL;
"""

_TENANT_TABLES = ("messenger_pages", "messenger_identities")


def upgrade() -> None:
    """Adds the tables and the columns."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_MESSENGER)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops them with what they hold."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in ("messages", "provider_events"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN conversation_id")
    op.execute("ALTER TABLE messages DROP COLUMN sent_at")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
