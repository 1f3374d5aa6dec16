"""What revisions share: running scripts of several statements, and walls between accounts."""

from alembic import op


def run_script(script: str) -> None:
    """Runs `;`-separated statements one by one, as asyncpg demands; bodies in $$ stay whole."""
    statement = ""
    for piece in script.split(";"):
        statement += piece
        if statement.count("$$") % 2:
            statement += ";"
            continue
        if statement.strip():
            op.execute(statement)
        statement = ""


def enable_tenancy(table: str, *, account: str = "account_id") -> None:
    """Lets `treadle_tenant` see and change only the rows of the account it acts for."""
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO treadle_tenant")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {table} TO treadle_tenant"
        f" USING ({account} = current_setting('treadle.account_id')::uuid)"
    )
