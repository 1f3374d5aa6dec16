"""Sends whose outcome nobody knows, and what is decided about them."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UNKNOWN_SENDS = """
-- One row for each attempt whose outcome has been unknown, with the attempt's id.
CREATE TABLE unknown_sends (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    workflow_id UUID NOT NULL,
    execution_id UUID NOT NULL,
    action_execution_id UUID NOT NULL
        REFERENCES workflow_action_executions(id) ON DELETE CASCADE,
    action_id UUID NOT NULL,
    action_type VARCHAR(50) NOT NULL,
    contact_id UUID,
    -- When it goes beside the step's own work.
    delivery_id UUID,
    channel VARCHAR(10),
    provider VARCHAR(20),
    -- What was sent, as far as it is known.
    recipient TEXT NOT NULL DEFAULT '',
    sender TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT '',
    claimed_at TIMESTAMPTZ,
    unknown_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    reason TEXT NOT NULL,
    state VARCHAR(10) NOT NULL DEFAULT 'open',
    lookups JSONB NOT NULL DEFAULT '[]',
    looks INTEGER NOT NULL DEFAULT 0,
    -- When the provider is asked next, or what is decided is carried out.
    due_at TIMESTAMPTZ,
    resolution VARCHAR(10),
    resolved_by TEXT,
    resolved_at TIMESTAMPTZ,
    resolution_reason TEXT,
    provider_message_id TEXT,
    output JSONB,
    revision INTEGER NOT NULL DEFAULT 1,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id),
    FOREIGN KEY (account_id, execution_id) REFERENCES workflow_executions(account_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, delivery_id) REFERENCES deliveries(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_unknown_send_state CHECK (state IN ('open', 'decided', 'settled')),
    CONSTRAINT valid_resolution CHECK (resolution IN ('sent', 'retry', 'fail', 'ended')),
    CONSTRAINT resolved_once_decided CHECK ((state = 'open') = (resolution IS NULL))
);
CREATE INDEX idx_unknown_sends_page ON unknown_sends (account_id, state, unknown_at, id);
CREATE INDEX idx_unknown_sends_due ON unknown_sends (state, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX idx_unknown_sends_step ON unknown_sends (action_execution_id);
-- One message is the work of one attempt.
CREATE UNIQUE INDEX idx_unknown_sends_message
    ON unknown_sends (account_id, provider, provider_message_id)
    WHERE provider_message_id IS NOT NULL;

-- Events name the attempt that they are about: Twilio's in the query of the URL that it calls,
-- SendGrid's as a custom argument.
CREATE INDEX idx_provider_events_attempt ON provider_events (
    account_id, (COALESCE(payload->>'attempt_id', payload->'query'->>'attempt_id'))
) WHERE provider_message_id IS NOT NULL;

-- Whatever moves a step or a delivery on settles what was unknown of it: what was decided, an
-- answer that came late, the end of the run.
CREATE FUNCTION settle_unknown_send() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    came_to TEXT := CASE
        WHEN NEW.status IN ('completed', 'sent', 'waiting') THEN 'sent'
        WHEN NEW.status IN ('pending', 'scheduled') THEN 'retry'
        WHEN NEW.status = 'failed' THEN 'fail'
        ELSE 'ended'
    END;
BEGIN
    UPDATE treadle.unknown_sends
    SET state = 'settled', due_at = NULL, revision = revision + 1,
        resolved_by = CASE WHEN resolution = came_to THEN resolved_by ELSE 'result' END,
        resolved_at = CASE WHEN resolution = came_to THEN resolved_at ELSE now() END,
        resolution_reason = CASE WHEN resolution = came_to THEN resolution_reason END,
        resolution = came_to
    WHERE id = OLD.attempt_id AND state <> 'settled';
    RETURN NULL;
END $$;
CREATE TRIGGER settle_unknown_send AFTER UPDATE OF status, outcome ON workflow_action_executions
    FOR EACH ROW
    WHEN (OLD.outcome = 'unknown' AND (NEW.outcome IS NULL OR NEW.status <> 'running'))
    EXECUTE FUNCTION settle_unknown_send();
CREATE TRIGGER settle_unknown_send AFTER UPDATE OF status ON deliveries
    FOR EACH ROW
    WHEN (OLD.status = 'unknown' AND NEW.status <> 'unknown')
    EXECUTE FUNCTION settle_unknown_send();
"""

# What is unknown already. Nobody has kept what was sent, so Twilio cannot be asked for it.
_ALREADY = (
    """
    INSERT INTO unknown_sends (
        id, account_id, workflow_id, execution_id, action_execution_id, action_id, action_type,
        contact_id, channel, provider, claimed_at, unknown_at, reason
    )
    SELECT x.attempt_id, x.account_id, e.workflow_id, e.id, x.id, x.action_id, x.action_type,
           x.contact_id,
           CASE x.action_type WHEN 'send_email' THEN 'email' WHEN 'send_sms' THEN 'sms' END,
           CASE x.action_type WHEN 'send_email' THEN 'sendgrid' WHEN 'send_sms' THEN 'twilio' END,
           s.claimed_at, COALESCE(s.claimed_at, x.started_at, x.created_at),
           COALESCE(x.error_message, '')
    FROM workflow_action_executions x
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    LEFT JOIN send_claims s ON s.attempt_id = x.attempt_id
    WHERE x.outcome = 'unknown' AND x.status = 'running'
    """,
    """
    INSERT INTO unknown_sends (
        id, account_id, workflow_id, execution_id, action_execution_id, action_id, action_type,
        contact_id, delivery_id, channel, provider, recipient, unknown_at, reason
    )
    SELECT d.attempt_id, d.account_id, e.workflow_id, e.id, x.id, x.action_id, x.action_type,
           c.id, d.id, d.channel, CASE d.channel WHEN 'sms' THEN 'twilio' ELSE 'sendgrid' END,
           d.recipient, COALESCE(d.finished_at, d.created_at), COALESCE(d.reason, '')
    FROM deliveries d
    JOIN workflow_action_executions x ON x.id = d.action_execution_id
    JOIN workflow_executions e ON e.id = x.workflow_execution_id
    LEFT JOIN contacts c ON c.account_id = d.account_id AND c.id = d.contact_id
    WHERE d.status = 'unknown'
    """,
)


def upgrade() -> None:
    """Adds the table, and what settles its rows."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_UNKNOWN_SENDS)
    for statement in _ALREADY:
        op.execute(statement)
    enable_tenancy("unknown_sends")


def downgrade() -> None:
    """Drops them; what is unknown stays so."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP FUNCTION settle_unknown_send() CASCADE")
    op.execute("DROP INDEX idx_provider_events_attempt")
    op.execute("DROP TABLE unknown_sends CASCADE")
