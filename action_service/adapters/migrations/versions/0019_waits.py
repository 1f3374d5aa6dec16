"""Waits that operators see and move, steps that they have tried again, timers that are spent."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WAITS = """
ALTER TABLE workflow_action_executions
    -- The instant that an operator has set for a wait, in place of the one that its rule gives.
    ADD COLUMN resume_at TIMESTAMPTZ,
    -- Those of `retry_count` that do not count against the limits: an operator has begun anew.
    ADD COLUMN retry_base INTEGER NOT NULL DEFAULT 0,
    -- The base of idempotency keys, where it is not the row's own id.
    ADD COLUMN step_key UUID;

-- What waits, by when it goes on, where that is not being worked out anew.
CREATE INDEX idx_action_executions_waits
    ON workflow_action_executions (account_id, (COALESCE(scheduled_at, created_at)), id)
    WHERE status IN ('waiting', 'scheduled');

-- Those that wait for an instant are found by their executions.
DROP INDEX idx_action_executions_listening;
CREATE INDEX idx_action_executions_listening ON workflow_action_executions (contact_id)
    WHERE action_type = 'wait_for_event'
      AND status IN ('pending', 'scheduled', 'running', 'waiting');

-- Attempts that have ended before their timers are due, which the scheduler keeps. It is told, and
-- then they go.
CREATE TABLE spent_timers (
    attempt_id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id)
);

CREATE FUNCTION note_spent_timer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO treadle.spent_timers (attempt_id, account_id)
    VALUES (OLD.attempt_id, OLD.account_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- Whatever ends the wait: an event, an operator, a cancellation, a migration.
CREATE TRIGGER note_spent_timer AFTER UPDATE OF status, attempt_id ON workflow_action_executions
    FOR EACH ROW
    WHEN (OLD.status IN ('waiting', 'scheduled') AND OLD.scheduled_at > now()
          AND (NEW.status <> OLD.status OR NEW.attempt_id <> OLD.attempt_id))
    EXECUTE FUNCTION note_spent_timer();

-- Waits of calendar days move with the contact's time zone from now on.
UPDATE workflow_versions SET heard_types = heard_types || ARRAY['contact_updated']
WHERE NOT 'contact_updated' = ANY(heard_types) AND plan @? '$.steps[*] ? (
    @.action_type == "wait_time" && @.config.unit == "calendar_days"
)';
"""


def upgrade() -> None:
    """Adds them."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_WAITS)
    enable_tenancy("spent_timers")


def downgrade() -> None:
    """Drops them; timers that are spent stay with the scheduler until they are due."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP FUNCTION note_spent_timer() CASCADE")
    op.execute("DROP TABLE spent_timers")
    op.execute("DROP INDEX idx_action_executions_waits")
    op.execute("DROP INDEX idx_action_executions_listening")
    op.execute(
        "CREATE INDEX idx_action_executions_listening ON workflow_action_executions (contact_id)"
        " WHERE action_type IN ('wait_for_event', 'wait_until_date')"
        " AND status IN ('pending', 'scheduled', 'running', 'waiting')"
    )
    op.execute(
        "ALTER TABLE workflow_action_executions DROP COLUMN resume_at, DROP COLUMN retry_base,"
        " DROP COLUMN step_key"
    )
