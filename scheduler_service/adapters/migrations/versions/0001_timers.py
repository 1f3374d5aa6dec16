"""The timers: one row for every attempt that waits for its instant."""

from alembic import op

from common.migrations import ensure_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table of timers.

    `due_at` is the promise, `fire_at` the next instant at which firing is tried: the two differ
    only after a failed try. No lease column is needed, as the row lock of the firing transaction is
    the lease. Rows come and go all the time, so the vacuum must not wait for a fifth of a table
    that may hold a million parked waits.

    Row-level security is the second wall around an account: a transaction of the API runs as
    `treadle_scheduler_tenant` with `treadle.account_id` set and sees that account's rows only. The
    owner of the table, as whom timers are stored and fired, is not bound by it.
    """
    op.execute(
        """
        CREATE TABLE scheduler.timers (
            attempt_id uuid PRIMARY KEY,
            account_id uuid NOT NULL,
            kind smallint NOT NULL CHECK (kind IN (1, 2)),
            execution_id uuid NOT NULL,
            action_execution_id uuid NOT NULL,
            due_at timestamptz NOT NULL,
            fire_at timestamptz NOT NULL,
            failed_tries integer NOT NULL DEFAULT 0,
            payload bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        ) WITH (
            autovacuum_vacuum_scale_factor = 0.02,
            autovacuum_vacuum_insert_scale_factor = 0.1,
            autovacuum_vacuum_cost_delay = 0
        )
        """
    )
    op.execute("CREATE INDEX timers_fire_at ON scheduler.timers (fire_at)")
    op.execute(
        "CREATE INDEX timers_account_due ON scheduler.timers (account_id, due_at, attempt_id)"
    )
    op.execute("CREATE INDEX timers_execution ON scheduler.timers (execution_id)")
    ensure_role(op.get_bind(), "treadle_scheduler_tenant")
    op.execute("GRANT USAGE ON SCHEMA scheduler TO treadle_scheduler_tenant")
    op.execute("GRANT SELECT ON scheduler.timers TO treadle_scheduler_tenant")
    op.execute("ALTER TABLE scheduler.timers ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON scheduler.timers TO treadle_scheduler_tenant"
        " USING (account_id = current_setting('treadle.account_id')::uuid)"
    )


def downgrade() -> None:
    """Drops the table; the engine's sweeper rings again for what it held."""
    op.execute("DROP TABLE scheduler.timers")
