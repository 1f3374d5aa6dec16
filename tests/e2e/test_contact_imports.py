"""Imports and seeds on the whole stack, from the command line and through `kill -9`."""

from importlib.resources import files
from pathlib import Path

from typer.testing import CliRunner

from devstack.cli import app
from devstack.client import GatewayClient
from devstack.importing import finished
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.foreground import eventually
from tests.support.imports import people

ROWS = 10_000
EXAMPLE = Path(str(files("devstack.seeds"))) / "example.yaml"

runner = CliRunner()


def test_engine_and_api_are_killed_while_ten_thousand_rows_come_in(own_stack: Stack) -> None:
    def value(sql: str) -> int:
        return int(own_stack.postgres.query(sql, "treadle"))

    with GatewayClient(own_stack.gateway_url, own_stack.token()) as client:
        started = client.start_import(
            people(range(ROWS)), file_name="people.csv", duplicates="skip"
        )

        for victim, row in (("engine", 1), ("engine", ROWS // 3), ("api", ROWS // 2)):
            assert eventually(
                lambda row=row: client.contact_import(started.id).processed_rows >= row, 60
            )
            own_stack.services[victim].kill()
            own_stack.services[victim].restart()
        done = finished(client, started, lambda _: None)
    assert (done.status, done.created_rows, done.refused_rows) == ("completed", ROWS, 0)
    assert value("SELECT count(*) FROM treadle.contacts") == ROWS
    assert value("SELECT count(DISTINCT email_key) FROM treadle.contacts") == ROWS
    assert value("SELECT count(*) FROM treadle.contact_tags") == ROWS // 2
    created = "SELECT count(*) FROM treadle.audit_log WHERE operation = 'contact.created'"
    assert value(created) == ROWS
    assert eventually(lambda: value("SELECT count(*) FROM treadle.event_outbox") == 0, 60)


def test_a_seed_and_an_import_from_the_command_line(
    stack: Stack, account: Account, tmp_path: Path
) -> None:
    options = ["--gateway", stack.gateway_url, "--token", account.token()]
    first = runner.invoke(app, ["seed", str(EXAMPLE), *options])
    assert first.exit_code == 0, first.output
    assert "workflow New customer: created with 4 actions (active)" in first.stdout
    again = runner.invoke(app, ["seed", str(EXAMPLE), *options])
    assert again.exit_code == 0, again.output
    # Its second contact is a customer by now, whom a workflow has been started for.
    lines = again.stdout.splitlines()
    assert len(lines) == 1, lines

    file = tmp_path / "more.csv"
    file.write_text(
        "Mail,first_name,custom_fields.seats\nada@example.com,Countess,7\nx,Nobody,many\n",
        encoding="utf-8",
    )
    imported = runner.invoke(
        app,
        [
            "import-contacts",
            str(file),
            "--duplicates",
            "update",
            "--column",
            "Mail=email",
            *options,
        ],
    )
    assert imported.exit_code == 1, imported.output
    assert "more.csv: 0 created, 1 updated, 0 skipped, 1 refused" in imported.stdout
    assert "must be an email address" in imported.stdout
    assert "must be a number" in imported.stdout
    with GatewayClient(stack.gateway_url, account.token()) as client:
        ada = next(client.records("contacts", email="ada@example.com"))
        assert (ada["first_name"], ada["last_name"]) == ("Countess", "Lovelace")


def test_a_file_with_an_unknown_column_is_explained(
    stack: Stack, account: Account, tmp_path: Path
) -> None:
    file = tmp_path / "more.csv"
    file.write_text("email,Firma\na@example.com,x\n", encoding="utf-8")
    options = ["--gateway", stack.gateway_url, "--token", account.token()]
    done = runner.invoke(app, ["import-contacts", str(file), *options])
    assert done.exit_code == 1
    assert 'column "Firma" is none of' in done.stderr
