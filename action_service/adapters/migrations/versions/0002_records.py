"""The records that CRM, membership and internal actions change.

The rules of revision 0001 hold: every table carries `account_id`, foreign keys include it, and
row-level security lets a transaction of the API see its own account only.
"""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DIRECTORY = """
ALTER TABLE users
    ADD COLUMN phone TEXT,
    ADD COLUMN role VARCHAR(40) NOT NULL DEFAULT '',
    ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN revision INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW();
CREATE INDEX idx_users_role ON users (account_id, role) WHERE role <> '';

CREATE TABLE teams (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(200) NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name)
);

CREATE TABLE team_members (
    team_id UUID NOT NULL,
    user_id UUID NOT NULL,
    account_id UUID NOT NULL,
    -- From 0, the order in which they take turns.
    position INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id),
    FOREIGN KEY (account_id, team_id) REFERENCES teams(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, user_id) REFERENCES users(account_id, id)
);
CREATE INDEX idx_team_members_user ON team_members (account_id, user_id);

-- Whose turn it was last, by pool: a team's id, or the account's for all of its users.
CREATE TABLE assignment_turns (
    account_id UUID NOT NULL REFERENCES accounts(id),
    pool_id UUID NOT NULL,
    last_user_id UUID,
    PRIMARY KEY (account_id, pool_id)
);
CREATE INDEX idx_contacts_owner ON contacts (account_id, owner_id) WHERE owner_id IS NOT NULL;

ALTER TABLE tags ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE TABLE custom_fields (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(64) NOT NULL,
    field_type VARCHAR(10) NOT NULL,
    label VARCHAR(200) NOT NULL DEFAULT '',
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name),
    CONSTRAINT valid_field_type CHECK (field_type IN ('text', 'number', 'boolean', 'date'))
);
"""

_CAMPAIGNS = """
CREATE TABLE campaigns (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(200) NOT NULL,
    workflow_id UUID,
    enrollment_limit INTEGER,
    is_active BOOLEAN NOT NULL DEFAULT true,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflows(account_id, id),
    CONSTRAINT positive_limit CHECK (enrollment_limit > 0)
);
CREATE INDEX idx_campaigns_workflow ON campaigns (workflow_id) WHERE workflow_id IS NOT NULL;

CREATE TABLE campaign_steps (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    action_id UUID,
    UNIQUE (account_id, id),
    UNIQUE (campaign_id, position) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (account_id, campaign_id) REFERENCES campaigns(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, action_id) REFERENCES workflow_actions(account_id, id)
);

-- `step_id` says where it started and outlives the step: no foreign key.
CREATE TABLE campaign_enrollments (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    step_id UUID,
    status VARCHAR(10) NOT NULL DEFAULT 'active',
    execution_id UUID,
    action_execution_id UUID,
    enrolled_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    ended_at TIMESTAMPTZ,
    end_reason TEXT,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, campaign_id) REFERENCES campaigns(account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_enrollment_status CHECK (status IN ('active', 'completed', 'removed'))
);
CREATE UNIQUE INDEX idx_enrollments_active ON campaign_enrollments (campaign_id, contact_id)
    WHERE status = 'active';
CREATE INDEX idx_enrollments_campaign ON campaign_enrollments (account_id, campaign_id, id DESC);
CREATE INDEX idx_enrollments_contact ON campaign_enrollments (contact_id, id DESC);
"""

_OPPORTUNITIES = """
CREATE TABLE pipelines (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(200) NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name)
);

CREATE TABLE pipeline_stages (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL,
    pipeline_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    outcome VARCHAR(10) NOT NULL DEFAULT 'open',
    UNIQUE (account_id, id),
    UNIQUE (account_id, pipeline_id, id),
    UNIQUE (pipeline_id, position) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (account_id, pipeline_id) REFERENCES pipelines(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_outcome CHECK (outcome IN ('open', 'won', 'lost'))
);

CREATE TABLE opportunities (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    pipeline_id UUID NOT NULL,
    stage_id UUID NOT NULL,
    name VARCHAR(300) NOT NULL,
    value NUMERIC(15, 2),
    currency CHAR(3) NOT NULL,
    status VARCHAR(10) NOT NULL DEFAULT 'open',
    stage_changed_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    closed_at TIMESTAMPTZ,
    action_execution_id UUID,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, pipeline_id, stage_id)
        REFERENCES pipeline_stages(account_id, pipeline_id, id),
    CONSTRAINT valid_opportunity_status CHECK (status IN ('open', 'won', 'lost'))
);
CREATE INDEX idx_opportunities_contact ON opportunities (contact_id, id DESC);
CREATE INDEX idx_opportunities_stage ON opportunities (account_id, pipeline_id, stage_id, id DESC);
"""

_WORK = """
CREATE TABLE tasks (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    title VARCHAR(300) NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    assignee_id UUID,
    priority VARCHAR(10) NOT NULL DEFAULT 'medium',
    due_at TIMESTAMPTZ,
    status VARCHAR(10) NOT NULL DEFAULT 'open',
    completed_at TIMESTAMPTZ,
    action_execution_id UUID,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, assignee_id) REFERENCES users(account_id, id),
    CONSTRAINT valid_priority CHECK (priority IN ('low', 'medium', 'high')),
    CONSTRAINT valid_task_status CHECK (status IN ('open', 'done'))
);
CREATE INDEX idx_tasks_contact ON tasks (contact_id, id DESC);
CREATE INDEX idx_tasks_assignee ON tasks (account_id, assignee_id, id DESC);

CREATE TABLE notes (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    content TEXT NOT NULL,
    note_type VARCHAR(10) NOT NULL DEFAULT 'general',
    -- Of a note that a step wrote: the ids of workflow, execution, action and action execution.
    context JSONB,
    author TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_note_type CHECK (note_type IN ('general', 'workflow', 'system'))
);
CREATE INDEX idx_notes_contact ON notes (contact_id, id DESC);

CREATE TABLE notifications (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    user_id UUID NOT NULL,
    contact_id UUID,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    channels TEXT[] NOT NULL,
    read_at TIMESTAMPTZ,
    action_execution_id UUID,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users(account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_notifications_user ON notifications (account_id, user_id, id DESC);
CREATE INDEX idx_notifications_step ON notifications (action_execution_id)
    WHERE action_execution_id IS NOT NULL;
"""

_COURSES = """
CREATE TABLE courses (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(200) NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    welcome_subject VARCHAR(300) NOT NULL DEFAULT '',
    welcome_template_id UUID,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name),
    FOREIGN KEY (account_id, welcome_template_id) REFERENCES email_templates(account_id, id)
);

CREATE TABLE course_access (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    course_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    access_level VARCHAR(10) NOT NULL,
    drip_content BOOLEAN NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    -- None for life.
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    revocation_reason TEXT NOT NULL DEFAULT '',
    progress JSONB NOT NULL DEFAULT '{}',
    action_execution_id UUID,
    UNIQUE (account_id, id),
    UNIQUE (course_id, contact_id),
    FOREIGN KEY (account_id, course_id) REFERENCES courses(account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_access_level CHECK (access_level IN ('full', 'preview', 'limited'))
);
CREATE INDEX idx_course_access_contact ON course_access (contact_id, id DESC);
"""

_TENANT_TABLES = (
    "teams",
    "team_members",
    "assignment_turns",
    "custom_fields",
    "campaigns",
    "campaign_steps",
    "campaign_enrollments",
    "pipelines",
    "pipeline_stages",
    "opportunities",
    "tasks",
    "notes",
    "notifications",
    "courses",
    "course_access",
)
_NEW_COLUMNS = {
    "users": ("phone", "role", "is_active", "revision", "updated_at"),
    "tags": ("revision",),
}


def upgrade() -> None:
    """Adds the tables and columns."""
    op.execute("SET LOCAL search_path TO treadle")
    for part in (_DIRECTORY, _CAMPAIGNS, _OPPORTUNITIES, _WORK, _COURSES):
        run_script(part)
    for table in _TENANT_TABLES:
        enable_tenancy(table)


def downgrade() -> None:
    """Drops what `upgrade` added, with what it holds."""
    op.execute("SET LOCAL search_path TO treadle")
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    for table, columns in _NEW_COLUMNS.items():
        dropped = ", ".join(f"DROP COLUMN {column} CASCADE" for column in columns)
        op.execute(f"ALTER TABLE {table} {dropped}")
    op.execute("DROP INDEX idx_contacts_owner")
