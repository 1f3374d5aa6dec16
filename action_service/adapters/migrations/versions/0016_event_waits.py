"""Steps that wait for events: who they are, and the events that they may have to know of."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_WAITS = """
-- The types of events that runs of the version may wait for.
ALTER TABLE workflow_versions ADD COLUMN heard_types TEXT[] NOT NULL DEFAULT '{}';
CREATE INDEX idx_versions_hearing ON workflow_versions (account_id) WHERE heard_types <> '{}';

-- Who waits for something to happen to a contact.
CREATE INDEX idx_action_executions_listening ON workflow_action_executions (contact_id)
    WHERE action_type IN ('wait_for_event', 'wait_until_date')
      AND status IN ('pending', 'scheduled', 'running', 'waiting');

-- Events of the types that are waited for, each once by its id.
CREATE TABLE heard_events (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    contact_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    data JSONB NOT NULL,
    heard_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_heard_events_contact ON heard_events (contact_id, event_type, occurred_at);
CREATE INDEX idx_heard_events_age ON heard_events (heard_at);

-- Types of events that accounts have made for themselves.
CREATE TABLE event_types (
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(64) NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (account_id, name)
);

-- Events of other systems that have been taken in, by the ids that those have given them.
CREATE TABLE published_events (
    account_id UUID NOT NULL REFERENCES accounts(id),
    source_id TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (account_id, source_id)
);
CREATE INDEX idx_published_events_age ON published_events (received_at);
"""

_TENANT_TABLES = ("heard_events", "event_types", "published_events")


def upgrade() -> None:
    """Adds the table and what finds waits."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_WAITS)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops them."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in _TENANT_TABLES:
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("DROP INDEX idx_action_executions_listening")
    op.execute("ALTER TABLE workflow_versions DROP COLUMN heard_types")
