"""The command line, as far as it needs no running stack."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.auth import TokenVerifier
from common.catalogue import action_type_json, catalogue
from devstack.cli import app
from devstack.datadir import DataDir

runner = CliRunner()


def test_catalog_prints_every_action_type() -> None:
    done = runner.invoke(app, ["catalog", "--json"])
    assert done.exit_code == 0
    wanted = [action_type_json(spec) for spec in catalogue().types.values()]
    assert json.loads(done.stdout) == json.loads(json.dumps({"action_types": wanted}))


def test_catalog_is_readable_too() -> None:
    done = runner.invoke(app, ["catalog"])
    assert done.exit_code == 0
    for name in catalogue().types:
        assert name in done.stdout


def test_token_is_good_for_the_stack(tmp_path: Path) -> None:
    options = ["--data-dir", str(tmp_path), "--role", "viewer", "--role", "operator"]
    done = runner.invoke(app, ["token", *options])
    assert done.exit_code == 0
    verifier = TokenVerifier(DataDir(tmp_path).jwt_secret())
    assert verifier.verify(done.stdout.strip()).roles == {"viewer", "operator"}


@pytest.mark.parametrize("role", ["service", "king"])
def test_token_refuses_roles_of_nobody(tmp_path: Path, role: str) -> None:
    done = runner.invoke(app, ["token", "--data-dir", str(tmp_path), "--role", role])
    assert done.exit_code == 2
    assert role in done.stderr


def test_load_without_a_stack_says_so(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("email\n", encoding="utf-8")
    done = runner.invoke(app, ["load", str(file), "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no stack runs here" in done.stderr


@pytest.mark.parametrize("command", ["seed", "import-contacts"])
def test_files_need_a_stack(tmp_path: Path, command: str) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    done = runner.invoke(app, [command, str(file), "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no stack runs here" in done.stderr


def test_help_says_what_holds_unless_something_is_given() -> None:
    done = runner.invoke(app, ["explain", "--help"])
    said = " ".join(done.stdout.replace("│", " ").split())
    assert "[default: .treadle]" in said
    assert "[default: one for the running stack]" in said


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "demo",
        "catalog",
        "token",
        "load",
        "seed",
        "simulate",
        "import-contacts",
        "executions pause",
        "operations list",
        "providers",
        "migrate",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    done = runner.invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.stdout
