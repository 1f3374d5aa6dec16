"""The first schema: tenants, workflows, executions, the records that actions change.

Every table carries `account_id`, and foreign keys include it, so that no reference can cross
accounts. The exceptions are attempts and claims, which refer to their action execution by its id
alone: a key of two columns would cost the busiest table one more index, and only the engine and the
ledger, which copy the account from that very row, write them. Row-level security is the second
wall: a transaction of the API runs as `treadle_tenant` with `treadle.account_id` set and sees that
account's rows only.
"""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script
from common.migrations import ensure_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TENANTS = """
CREATE TABLE accounts (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    timezone TEXT NOT NULL DEFAULT 'UTC',
    currency CHAR(3) NOT NULL DEFAULT 'USD',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE TABLE users (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts(id),
    email TEXT,
    name TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id)
);
"""

_RECORDS = """
CREATE TABLE email_templates (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name TEXT NOT NULL,
    html_body TEXT NOT NULL,
    text_body TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id)
);
CREATE UNIQUE INDEX idx_email_templates_name ON email_templates (account_id, name);

CREATE TABLE contacts (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    email TEXT,
    -- What makes an email unique. A column, for row-level security keeps conditions on functions
    -- that might tell what they see, such as lower(), away from indexes.
    email_key TEXT GENERATED ALWAYS AS (lower(email)) STORED,
    phone TEXT,
    first_name TEXT,
    last_name TEXT,
    timezone TEXT,
    custom_fields JSONB NOT NULL DEFAULT '{}',
    owner_id UUID,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, owner_id) REFERENCES users(account_id, id)
);
CREATE UNIQUE INDEX idx_contacts_email ON contacts (account_id, email_key)
    WHERE email_key IS NOT NULL;

CREATE TABLE tags (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(100) NOT NULL,
    color VARCHAR(9),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name)
);

CREATE TABLE contact_tags (
    contact_id UUID NOT NULL,
    tag_id UUID NOT NULL,
    account_id UUID NOT NULL,
    added_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (contact_id, tag_id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, tag_id) REFERENCES tags(account_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_contact_tags_tag ON contact_tags (tag_id);
"""

_WORKFLOWS = """
CREATE TABLE workflows (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    status VARCHAR(20) NOT NULL DEFAULT 'draft',
    version INTEGER NOT NULL DEFAULT 0,
    draft_changed BOOLEAN NOT NULL DEFAULT true,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    created_by UUID,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, created_by) REFERENCES users(account_id, id),
    CONSTRAINT valid_workflow_status CHECK (status IN ('draft', 'active', 'paused', 'archived'))
);

CREATE TABLE workflow_versions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    version INTEGER NOT NULL,
    plan JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    created_by UUID,
    UNIQUE (account_id, id),
    UNIQUE (workflow_id, version),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, created_by) REFERENCES users(account_id, id)
);

CREATE TABLE workflow_branches (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    parent_action_id UUID,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (workflow_id, name),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id) ON DELETE CASCADE
);

CREATE TABLE workflow_actions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    action_type VARCHAR(50) NOT NULL,
    action_config JSONB NOT NULL DEFAULT '{}',
    position INTEGER NOT NULL,
    previous_action_id UUID,
    next_action_id UUID,
    branch_id UUID,
    is_enabled BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    created_by UUID,
    name TEXT,
    on_error VARCHAR(10) NOT NULL DEFAULT 'stop',
    fallback_action_id UUID,
    revision INTEGER NOT NULL DEFAULT 1,
    deleted_at TIMESTAMPTZ,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, branch_id) REFERENCES workflow_branches(account_id, id),
    FOREIGN KEY (account_id, created_by) REFERENCES users(account_id, id),
    FOREIGN KEY (account_id, previous_action_id) REFERENCES workflow_actions(account_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (account_id, next_action_id) REFERENCES workflow_actions(account_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (account_id, fallback_action_id) REFERENCES workflow_actions(account_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT valid_on_error CHECK (on_error IN ('stop', 'continue', 'fallback')),
    CONSTRAINT fallback_given CHECK ((on_error = 'fallback') = (fallback_action_id IS NOT NULL)),
    CONSTRAINT positive_position CHECK (position >= 1),
    CONSTRAINT one_action_per_position EXCLUDE USING btree (
        workflow_id WITH =,
        (COALESCE(branch_id, '00000000-0000-0000-0000-000000000000'::uuid)) WITH =,
        position WITH =
    ) WHERE (deleted_at IS NULL) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX idx_workflow_actions_workflow ON workflow_actions(workflow_id);
CREATE INDEX idx_workflow_actions_type ON workflow_actions(action_type);
CREATE INDEX idx_workflow_actions_position ON workflow_actions(workflow_id, position);
CREATE UNIQUE INDEX idx_workflow_actions_name ON workflow_actions(workflow_id, name)
    WHERE deleted_at IS NULL AND name IS NOT NULL;
ALTER TABLE workflow_branches
    ADD FOREIGN KEY (account_id, parent_action_id) REFERENCES workflow_actions(account_id, id);
"""

# Checked when the transaction commits, so that a move may pass through any state on its way.
_ORDER = """
CREATE FUNCTION check_action_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched workflow_actions := COALESCE(NEW, OLD);
    broken UUID;
BEGIN
    SELECT id INTO broken FROM (
        SELECT id, position, previous_action_id, next_action_id,
               row_number() OVER path AS expected,
               lag(id) OVER path AS expected_previous,
               lead(id) OVER path AS expected_next
        FROM treadle.workflow_actions
        WHERE workflow_id = touched.workflow_id
          -- OLD is null for an insert, and so names the main path: one check more than needed.
          AND (branch_id IS NOT DISTINCT FROM touched.branch_id
               OR branch_id IS NOT DISTINCT FROM OLD.branch_id)
          AND deleted_at IS NULL
        WINDOW path AS (PARTITION BY branch_id ORDER BY position)
    ) AS ordered
    WHERE position <> expected
       OR previous_action_id IS DISTINCT FROM expected_previous
       OR next_action_id IS DISTINCT FROM expected_next
    LIMIT 1;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'order of workflow % is broken at action %', touched.workflow_id, broken
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'action_order';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER action_order
    AFTER INSERT OR UPDATE OF position, previous_action_id, next_action_id, branch_id, deleted_at
    ON workflow_actions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_action_order();
"""

_EXECUTIONS = """
CREATE TABLE workflow_executions (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    version_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    state VARCHAR(20) NOT NULL DEFAULT 'running',
    -- Where it stands, and the fencing token: only this attempt's result moves it.
    current_action_id UUID,
    current_action_execution_id UUID,
    current_attempt_id UUID,
    event JSONB,
    reason TEXT,
    started_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    ended_at TIMESTAMPTZ,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id),
    FOREIGN KEY (account_id, version_id) REFERENCES workflow_versions(account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id),
    CONSTRAINT valid_execution_state CHECK (
        state IN ('running', 'waiting', 'paused', 'completed', 'failed', 'cancelled')
    )
) WITH (fillfactor = 70);
CREATE INDEX idx_executions_workflow ON workflow_executions (account_id, workflow_id, id DESC);
CREATE INDEX idx_executions_contact ON workflow_executions (contact_id, id DESC);
CREATE INDEX idx_executions_held ON workflow_executions (workflow_id) WHERE state = 'paused';

CREATE TABLE workflow_action_executions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL,
    workflow_execution_id UUID NOT NULL,
    action_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'pending',
    started_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    execution_data JSONB DEFAULT '{}',
    result_data JSONB DEFAULT '{}',
    error_message TEXT,
    retry_count INTEGER DEFAULT 0,
    scheduled_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    action_type VARCHAR(50) NOT NULL,
    attempt_id UUID NOT NULL,
    -- Attempts made, and retry_count counts those spent on failures.
    attempt_number INTEGER NOT NULL DEFAULT 1,
    -- The sweeper rings again when this instant passes without a result. None while held or ended.
    lease_until TIMESTAMPTZ,
    -- How often the sweeper has rung for the current attempt.
    rings INTEGER NOT NULL DEFAULT 0,
    outcome VARCHAR(10),
    reason TEXT,
    error_class VARCHAR(30),
    FOREIGN KEY (account_id, workflow_execution_id)
        REFERENCES workflow_executions(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, action_id) REFERENCES workflow_actions(account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id),
    CONSTRAINT valid_execution_status CHECK (
        status IN ('pending', 'scheduled', 'running', 'completed', 'failed', 'skipped', 'waiting',
                   'cancelled')
    ),
    CONSTRAINT valid_outcome CHECK (outcome = 'unknown')
);
CREATE INDEX idx_action_executions_workflow ON workflow_action_executions(workflow_execution_id);
CREATE INDEX idx_action_executions_contact ON workflow_action_executions(contact_id);
CREATE INDEX idx_action_executions_status ON workflow_action_executions(status);
CREATE INDEX idx_action_executions_scheduled ON workflow_action_executions(scheduled_at)
    WHERE status = 'scheduled';
CREATE INDEX idx_action_executions_lease ON workflow_action_executions(lease_until)
    WHERE lease_until IS NOT NULL;

-- One row per finished attempt: the log of retries.
CREATE TABLE workflow_action_attempts (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    action_execution_id UUID NOT NULL REFERENCES workflow_action_executions(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL,
    error_class VARCHAR(30),
    error_message TEXT,
    provider_reference TEXT
);
CREATE INDEX idx_action_attempts_execution ON workflow_action_attempts (action_execution_id);

-- Sends that a provider cannot de-duplicate: claimed before the call, at most once per attempt.
CREATE TABLE send_claims (
    attempt_id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    action_execution_id UUID NOT NULL REFERENCES workflow_action_executions(id) ON DELETE CASCADE,
    claimed_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
CREATE INDEX idx_send_claims_execution ON send_claims (action_execution_id);
"""

_BOOKS = """
CREATE TABLE audit_log (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    occurred_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    actor TEXT NOT NULL,
    operation TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id UUID NOT NULL,
    workflow_id UUID,
    before JSONB,
    after JSONB
);
CREATE INDEX idx_audit_log_workflow ON audit_log (account_id, workflow_id, id DESC);
CREATE INDEX idx_audit_log_entity ON audit_log (account_id, entity_id);

-- Answers given, so that the same request again gets the same answer.
CREATE TABLE request_log (
    account_id UUID NOT NULL REFERENCES accounts(id),
    method TEXT NOT NULL,
    request_id UUID NOT NULL,
    request_hash BYTEA NOT NULL,
    response BYTEA NOT NULL,
    -- Who asked: nobody else gets the answer.
    actor TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (account_id, method, request_id)
);
CREATE INDEX idx_request_log_age ON request_log (created_at);
"""

_TENANT_TABLES = (
    "users",
    "email_templates",
    "contacts",
    "tags",
    "contact_tags",
    "workflows",
    "workflow_versions",
    "workflow_branches",
    "workflow_actions",
    "workflow_executions",
    "workflow_action_executions",
    "workflow_action_attempts",
    "send_claims",
    "audit_log",
    "request_log",
)


def upgrade() -> None:
    """Creates everything in the schema `treadle`, which the caller has made."""
    op.execute("SET LOCAL search_path TO treadle")
    for part in (_TENANTS, _RECORDS, _WORKFLOWS, _ORDER, _EXECUTIONS, _BOOKS):
        run_script(part)
    ensure_role(op.get_bind(), "treadle_tenant")
    op.execute("GRANT USAGE ON SCHEMA treadle TO treadle_tenant")
    enable_tenancy("accounts", account="id")
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops the schema's tables; the first revision has nothing before it to keep."""
    op.execute("DROP SCHEMA treadle CASCADE")
    op.execute("CREATE SCHEMA treadle")
