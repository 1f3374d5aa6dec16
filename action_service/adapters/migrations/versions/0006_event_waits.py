"""Steps that wait for events: who they are, and the events that they may have to know of."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0006"
down_revision = "0005"
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
"""


def upgrade() -> None:
    """Adds the table and what finds waits."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_WAITS)
    enable_tenancy("heard_events")


def downgrade() -> None:
    """Drops them."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP TABLE heard_events CASCADE")
    op.execute("DROP INDEX idx_action_executions_listening")
    op.execute("ALTER TABLE workflow_versions DROP COLUMN heard_types")
