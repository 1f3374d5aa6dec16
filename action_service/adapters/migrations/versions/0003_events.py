"""Triggers and the events that set them off, deliveries of messages, imports of contacts."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_EVENTS = """
ALTER TABLE workflows
    ADD COLUMN triggers JSONB NOT NULL DEFAULT '[]',
    ADD COLUMN re_entry VARCHAR(20) NOT NULL DEFAULT 'after_finished',
    ADD CONSTRAINT valid_re_entry CHECK (re_entry IN ('once', 'after_finished', 'always'));
CREATE INDEX idx_workflows_triggered ON workflows (account_id)
    WHERE status = 'active' AND triggers <> '[]';

ALTER TABLE workflow_executions
    -- The executions that led to it, oldest first, and none when a caller started it.
    ADD COLUMN origin_execution_ids UUID[],
    -- The event that started it.
    ADD COLUMN trigger_event_id UUID,
    -- The enrolment that it is the run of.
    ADD COLUMN enrollment_id UUID;
-- An event that is handled twice starts a workflow once.
CREATE UNIQUE INDEX idx_executions_trigger ON workflow_executions (trigger_event_id, workflow_id)
    WHERE trigger_event_id IS NOT NULL;

-- Whatever ends a run ends the enrolment that it is the run of.
CREATE FUNCTION end_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE treadle.campaign_enrollments
    SET status = CASE WHEN NEW.state = 'cancelled' THEN 'removed' ELSE 'completed' END,
        ended_at = now(), end_reason = NEW.reason
    WHERE id = NEW.enrollment_id AND status = 'active';
    RETURN NULL;
END $$;
CREATE TRIGGER end_enrollment AFTER UPDATE OF state ON workflow_executions
    FOR EACH ROW
    WHEN (NEW.enrollment_id IS NOT NULL AND NEW.state IN ('completed', 'failed', 'cancelled'))
    EXECUTE FUNCTION end_enrollment();

-- A row for every contact that a trigger has brought to a workflow: its lock makes re-entry rules
-- hold when several engines handle events at once.
CREATE TABLE workflow_entries (
    workflow_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    account_id UUID NOT NULL,
    PRIMARY KEY (workflow_id, contact_id),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);

-- Events committed and not yet handled: batches of one account and type. What is still here at
-- `ring_at` is published again, for the `rings`-th time.
CREATE TABLE event_outbox (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    event_type TEXT NOT NULL,
    payload BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    ring_at TIMESTAMPTZ NOT NULL DEFAULT NOW() + INTERVAL '10 seconds',
    rings INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX idx_event_outbox_ring ON event_outbox (ring_at);
"""

_DELIVERIES = """
-- Emails and SMS that steps bring about beside their own work, sent one by one, each at most once
-- after an ambiguous outcome. `attempt_id` fences answers as an execution's does.
CREATE TABLE deliveries (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    contact_id UUID,
    action_execution_id UUID NOT NULL,
    notification_id UUID,
    course_access_id UUID,
    channel VARCHAR(10) NOT NULL,
    recipient TEXT NOT NULL,
    recipient_name TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT '',
    template_id UUID,
    -- What subject and template are rendered with.
    context JSONB,
    status VARCHAR(10) NOT NULL DEFAULT 'pending',
    reason TEXT,
    attempt_id UUID NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    claimed BOOLEAN NOT NULL DEFAULT false,
    -- When it is rung for again: the next attempt is due, or this one has gone unanswered.
    lease_until TIMESTAMPTZ,
    -- How often the sweep has rung for the attempt.
    rings INTEGER NOT NULL DEFAULT 0,
    provider_reference TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    finished_at TIMESTAMPTZ,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, notification_id) REFERENCES notifications(account_id, id)
        ON DELETE CASCADE,
    CONSTRAINT valid_channel CHECK (channel IN ('email', 'sms')),
    CONSTRAINT valid_delivery_status CHECK (
        status IN ('pending', 'sent', 'failed', 'skipped', 'unknown')
    )
);
CREATE INDEX idx_deliveries_notification ON deliveries (notification_id)
    WHERE notification_id IS NOT NULL;
CREATE INDEX idx_deliveries_lease ON deliveries (lease_until) WHERE lease_until IS NOT NULL;
"""

_IMPORTS = """
CREATE TABLE contact_imports (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    file_name TEXT NOT NULL DEFAULT '',
    duplicates VARCHAR(10) NOT NULL,
    -- In the file's order, the name of each column and the contact field that it fills, if any.
    columns JSONB NOT NULL,
    status VARCHAR(10) NOT NULL DEFAULT 'pending',
    failure TEXT,
    total_rows INTEGER NOT NULL,
    processed_rows INTEGER NOT NULL DEFAULT 0,
    created_rows INTEGER NOT NULL DEFAULT 0,
    updated_rows INTEGER NOT NULL DEFAULT 0,
    skipped_rows INTEGER NOT NULL DEFAULT 0,
    refused_rows INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    -- When the last batch was done: imports take turns.
    worked_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    actor TEXT NOT NULL,
    UNIQUE (account_id, id),
    CONSTRAINT valid_duplicates CHECK (duplicates IN ('skip', 'update')),
    CONSTRAINT valid_import_status CHECK (status IN ('pending', 'running', 'completed', 'failed'))
);
CREATE INDEX idx_contact_imports_open ON contact_imports (id)
    WHERE status IN ('pending', 'running');

-- The rows still to be imported, as JSON, in parts that are done in one transaction each.
CREATE TABLE contact_import_batches (
    import_id UUID NOT NULL,
    account_id UUID NOT NULL,
    number INTEGER NOT NULL,
    rows BYTEA NOT NULL,
    PRIMARY KEY (import_id, number),
    FOREIGN KEY (account_id, import_id) REFERENCES contact_imports(account_id, id)
        ON DELETE CASCADE
);

CREATE TABLE contact_import_refusals (
    import_id UUID NOT NULL,
    account_id UUID NOT NULL,
    row_number INTEGER NOT NULL,
    problems JSONB NOT NULL,
    given JSONB NOT NULL,
    PRIMARY KEY (import_id, row_number),
    FOREIGN KEY (account_id, import_id) REFERENCES contact_imports(account_id, id)
        ON DELETE CASCADE
);
"""

_TENANT_TABLES = (
    "workflow_entries",
    "event_outbox",
    "deliveries",
    "contact_imports",
    "contact_import_batches",
    "contact_import_refusals",
)
_NEW_COLUMNS = {
    "workflows": ("triggers", "re_entry"),
    "workflow_executions": ("origin_execution_ids", "trigger_event_id", "enrollment_id"),
}


def upgrade() -> None:
    """Adds the tables and columns."""
    op.execute("SET LOCAL search_path TO treadle")
    for part in (_EVENTS, _DELIVERIES, _IMPORTS):
        run_script(part)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops what `upgrade` added, with what it holds."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("DROP FUNCTION end_enrollment() CASCADE")
    for table, columns in _NEW_COLUMNS.items():
        dropped = ", ".join(f"DROP COLUMN {column} CASCADE" for column in columns)
        op.execute(f"ALTER TABLE {table} {dropped}")
