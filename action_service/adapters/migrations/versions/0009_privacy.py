"""Erasures of contacts, and a history of runs that outlives their contact."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ERASURES = """
-- Who had whom erased, and when. Of the person nothing but the id that they had.
CREATE TABLE erasures (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    contact_id UUID NOT NULL,
    status VARCHAR(10) NOT NULL DEFAULT 'pending',
    requested_by TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    completed_at TIMESTAMPTZ,
    cancelled_executions INTEGER NOT NULL DEFAULT 0,
    -- How many rows or messages, by table or stream.
    erased JSONB NOT NULL DEFAULT '{}',
    -- Of the contact's runs, by which messages between services are found. Unset when that is done.
    execution_ids UUID[],
    UNIQUE (account_id, contact_id),
    CONSTRAINT valid_erasure_status CHECK (status IN ('pending', 'purging', 'completed'))
);
CREATE INDEX idx_erasures_open ON erasures (id) WHERE status <> 'completed';
"""

# A run whose contact was erased is nobody's. Everything else of a contact goes with them.
_HISTORY = """
ALTER TABLE workflow_executions
    ALTER COLUMN contact_id DROP NOT NULL,
    DROP CONSTRAINT workflow_executions_account_id_contact_id_fkey,
    ADD CONSTRAINT workflow_executions_account_id_contact_id_fkey
        FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id)
        ON DELETE SET NULL (contact_id);
ALTER TABLE workflow_action_executions
    ALTER COLUMN contact_id DROP NOT NULL,
    DROP CONSTRAINT workflow_action_executions_account_id_contact_id_fkey,
    ADD CONSTRAINT workflow_action_executions_account_id_contact_id_fkey
        FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id)
        ON DELETE SET NULL (contact_id);
-- Whom a step has made, when they are erased.
CREATE INDEX idx_action_executions_made
    ON workflow_action_executions ((result_data ->> 'contact_id'))
    WHERE action_type = 'create_contact';

ALTER TABLE messages ADD COLUMN erased_at TIMESTAMPTZ;
CREATE INDEX idx_provider_events_message ON provider_events (provider, provider_message_id);

-- Providers go on to tell of messages to whoever has been erased since. The event is known, so
-- that it is not taken for a new one, and what it says is not.
CREATE FUNCTION forget_erased_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM treadle.messages m
        WHERE m.provider = NEW.provider AND m.provider_message_id = NEW.provider_message_id
          AND m.erased_at IS NOT NULL
    ) THEN
        NEW.payload := '{}';
        NEW.detail := '{}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER forget_erased_message BEFORE INSERT ON provider_events
    FOR EACH ROW EXECUTE FUNCTION forget_erased_message();
"""

_SUPPRESSIONS = """
ALTER TABLE suppressions
    DROP CONSTRAINT valid_cause,
    ADD CONSTRAINT valid_cause CHECK (
        cause IN ('unsubscribe', 'stop', 'bounce', 'complaint', 'manual', 'do_not_contact',
                  'erasure')
    );
"""


def upgrade() -> None:
    """Adds the table; runs may have no contact from now on."""
    op.execute("SET LOCAL search_path TO treadle")
    for part in (_ERASURES, _HISTORY, _SUPPRESSIONS):
        run_script(part)
    enable_tenancy("erasures")


def downgrade() -> None:
    """Drops what `upgrade` added, and the runs that have no contact."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP TRIGGER forget_erased_message ON provider_events")
    op.execute("DROP FUNCTION forget_erased_message()")
    op.execute("DROP INDEX idx_provider_events_message")
    op.execute("ALTER TABLE messages DROP COLUMN erased_at")
    op.execute("DROP INDEX idx_action_executions_made")
    for table in ("workflow_action_executions", "workflow_executions"):
        op.execute(f"DELETE FROM {table} WHERE contact_id IS NULL")  # noqa: S608 - constants
        constraint = f"{table}_account_id_contact_id_fkey"
        op.execute(
            f"ALTER TABLE {table} ALTER COLUMN contact_id SET NOT NULL,"
            f" DROP CONSTRAINT {constraint}, ADD CONSTRAINT {constraint}"
            " FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id)"
        )
    op.execute("DROP TABLE erasures")
    op.execute("DELETE FROM suppressions WHERE cause = 'erasure'")
    op.execute(
        "ALTER TABLE suppressions DROP CONSTRAINT valid_cause, ADD CONSTRAINT valid_cause CHECK ("
        "cause IN ('unsubscribe', 'stop', 'bounce', 'complaint', 'manual', 'do_not_contact'))"
    )
