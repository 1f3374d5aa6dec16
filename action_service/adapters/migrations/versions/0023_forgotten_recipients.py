"""Digests of erased addresses that are the same in every account.

Accounts may share a provider's, whose events come for one of them: of a message that is not known,
nobody can say of which account's contact it tells.
"""

from alembic import op

from action_service.adapters.migrations.ddl import run_script

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_FUNCTION = """
CREATE OR REPLACE FUNCTION forget_erased_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM treadle.messages m
        WHERE m.provider = NEW.provider AND m.provider_message_id = NEW.provider_message_id
          AND ({erased})
    ) THEN
        NEW.payload := '{{}}';
        NEW.detail := '{{}}';
    END IF;
    RETURN NEW;
END $$;
"""
_ERASED = "m.erased_at IS NOT NULL"
# Also while the erasure is under way: it may have looked for the message's events already.
_BEING_ERASED = f"""{_ERASED} OR EXISTS (
    SELECT FROM treadle.erasures e
    WHERE e.account_id = m.account_id AND e.contact_id = m.contact_id
)"""


def upgrade() -> None:
    """Adds the digests; what is told during an erasure is not kept either."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("ALTER TABLE erasures ADD COLUMN address_digests TEXT[] NOT NULL DEFAULT '{}'")
    op.execute("CREATE INDEX idx_erasures_addresses ON erasures USING gin (address_digests)")
    run_script(_FUNCTION.format(erased=_BEING_ERASED))


def downgrade() -> None:
    """Takes the digests away."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP INDEX idx_erasures_addresses")
    op.execute("ALTER TABLE erasures DROP COLUMN address_digests")
    run_script(_FUNCTION.format(erased=_ERASED))
