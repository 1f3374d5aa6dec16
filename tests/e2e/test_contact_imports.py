"""Imports and seeds on the whole stack, from the command line."""

from importlib.resources import files
from pathlib import Path

from typer.testing import CliRunner

from devstack.cli import app
from devstack.client import GatewayClient
from devstack.stack import Stack
from tests.support.account import Account

EXAMPLE = Path(str(files("devstack.seeds"))) / "example.yaml"

runner = CliRunner()


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
