"""Whose payments and subscriptions are, by the provider's ids of them."""

from alembic import op

from action_service.adapters.migrations.ddl import enable_tenancy, run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_REFERENCES = """
-- Learned from what our steps have made, and from events of the provider that name our contact.
CREATE TABLE payment_references (
    account_id UUID NOT NULL REFERENCES accounts(id),
    -- Stripe's id of a payment, a charge, a subscription, an invoice, a dispute or a customer.
    reference TEXT NOT NULL,
    -- Unset once the contact is erased: the row stays, so that what is still told is not kept.
    contact_id UUID,
    -- Learned from what no more than the account's own secret has signed: of this account alone.
    of_account_alone BOOLEAN NOT NULL DEFAULT FALSE,
    -- The instant of the newest event that said how it stands.
    told_at TIMESTAMPTZ,
    PRIMARY KEY (account_id, reference),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id)
        ON DELETE SET NULL (contact_id)
);
CREATE INDEX idx_payment_references ON payment_references (reference);
CREATE INDEX idx_payment_references_contact ON payment_references (account_id, contact_id)
    WHERE contact_id IS NOT NULL;

-- A step that has made or changed something at Stripe says so in its output. The contact's lock
-- makes it wait for an erasure, after which there is nobody to remember.
CREATE FUNCTION learn_payment_references() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO treadle.payment_references AS r (account_id, reference, contact_id)
    SELECT c.account_id, v.reference, c.id
    FROM treadle.contacts c, unnest(ARRAY[
        NEW.result_data ->> 'charge_id', NEW.result_data ->> 'payment_intent_id',
        NEW.result_data ->> 'subscription_id'
    ]) AS v(reference)
    WHERE c.account_id = NEW.account_id AND c.id = NEW.contact_id AND v.reference <> ''
    FOR KEY SHARE OF c
    ON CONFLICT (account_id, reference) DO UPDATE SET of_account_alone = FALSE
    WHERE r.of_account_alone;
    RETURN NULL;
END $$;
CREATE TRIGGER learn_payment_references AFTER UPDATE OF status ON workflow_action_executions
    FOR EACH ROW
    WHEN (NEW.status = 'completed' AND NEW.action_type IN (
        'charge_customer', 'create_subscription', 'cancel_subscription', 'refund_payment'
    ))
    EXECUTE FUNCTION learn_payment_references();
"""


def upgrade() -> None:
    """Adds the table, and what steps teach it."""
    op.execute("SET LOCAL search_path TO treadle")
    run_script(_REFERENCES)
    enable_tenancy("payment_references")


def downgrade() -> None:
    """Drops them."""
    op.execute("SET LOCAL search_path TO treadle")
    op.execute("DROP FUNCTION learn_payment_references() CASCADE")
    op.execute("DROP TABLE payment_references CASCADE")
