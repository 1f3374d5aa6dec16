"""Recordings that calls play, and what is known of calls."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CALLS = """
-- Recordings. The files are kept elsewhere.
CREATE TABLE audio_files (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id UUID NOT NULL REFERENCES accounts(id),
    name VARCHAR(200) NOT NULL,
    url TEXT NOT NULL,
    content_type VARCHAR(40) NOT NULL,
    duration_seconds DOUBLE PRECISION,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (account_id, id),
    UNIQUE (account_id, name)
);

-- What providers tell of a message beside its facts: of a call its length, and who answered.
ALTER TABLE messages ADD COLUMN details JSONB NOT NULL DEFAULT '{}';
ALTER TABLE messages DROP CONSTRAINT valid_delivery_state;
ALTER TABLE messages ADD CONSTRAINT valid_delivery_state CHECK (
    state IN ('queued', 'sent', 'undelivered', 'delivered', 'bounced', 'opened', 'read', 'clicked',
              'replied', 'ringing', 'answered', 'canceled', 'failed', 'no_answer', 'busy',
              'completed')
);

-- The provider's id of what the attempt has begun and is not done with. A claim that has one is
-- settled: what becomes of the attempt is known or can be asked for.
ALTER TABLE send_claims ADD COLUMN provider_reference TEXT;
"""
_UNDONE = """
ALTER TABLE send_claims DROP COLUMN provider_reference;
DELETE FROM messages WHERE channel = 'call';
ALTER TABLE messages DROP CONSTRAINT valid_delivery_state;
ALTER TABLE messages ADD CONSTRAINT valid_delivery_state CHECK (
    state IN ('queued', 'sent', 'undelivered', 'delivered', 'bounced', 'opened', 'read', 'clicked',
              'replied')
);
ALTER TABLE messages DROP COLUMN details;
DROP TABLE audio_files CASCADE;
"""


def upgrade() -> None:
    """Adds the table and columns."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_CALLS)
    enable_tenancy("audio_files")


def downgrade() -> None:
    """Drops them with what they hold."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_UNDONE)
