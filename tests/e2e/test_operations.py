"""A cohort of runs paused, resumed and cancelled from the command line, on the whole stack."""

import json

from typer.testing import CliRunner

from devstack.cli import app
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, step, tag, told
from tests.support.foreground import eventually


def cli(stack: Stack, account: Account, *arguments: str, status: int = 0) -> str:
    """What the command prints for an operator of the account."""
    options = ("--gateway", stack.gateway_url, "--token", account.token("operator"))
    done = CliRunner().invoke(app, [*arguments, *options])
    assert done.exit_code == status, done.output
    return done.output


def states(api: Customer, runs: list[str]) -> set[str]:
    return {api.execution(run)["state"] for run in runs}


def test_a_cohort_is_paused_resumed_and_cancelled(stack: Stack, account: Account) -> None:
    api = Customer(account.http())
    form = step("wait_for_event", "form", event_type="form_submit", timeout_duration=5)
    workflow, people = api.workflow(form, tag("went on")), api.people(20)
    runs = api.start(workflow, people)
    assert eventually(lambda: states(api, runs) == {"waiting"})
    which = ("--workflow", workflow)
    assert "20 executions match" in cli(stack, account, "executions", "pause", *which, "--dry-run")
    output = cli(stack, account, "executions", "pause", *which, "--reason", "not yet")
    assert "completed: 20 of 20 paused" in output
    # The waits end while they are paused, and nothing follows.
    submitted = [{"id": each, "type": "form_submit", "contact_id": each} for each in people]
    api.post("events", {"events": submitted})
    assert eventually(
        lambda: all(told(api.log(run))[-1:] == [("went on", "pending")] for run in runs)
    )
    assert states(api, runs) == {"paused"}
    assert "running" in cli(stack, account, "executions", "resume", runs[0])
    assert eventually(lambda: api.ended(runs[0]))
    # One that has ended is no reason to leave the next.
    output = cli(stack, account, "executions", "pause", runs[0], runs[1], status=1)
    assert "has completed and cannot be paused" in output
    assert f"{runs[1]}  paused" in output
    output = cli(stack, account, "executions", "resume", runs[1], "--reason", "x", status=1)
    assert "--reason is for all that match" in output
    before = ("--started-before", "2030-01-01T09:00+01:00", "--dry-run", "--json")
    matched = json.loads(cli(stack, account, "executions", "cancel", *which, *before))
    assert matched == {"matched": 19}
    output = cli(
        stack, account, "executions", "cancel", *which, "--state", "paused", "--yes", "--json"
    )
    done = json.loads(output)
    assert (done["status"], done["done"], done["matched"]) == ("completed", 19, 19)
    assert states(api, runs[1:]) == {"cancelled"}
    page = json.loads(cli(stack, account, "operations", "list", "--json"))
    assert done in page["operations"]
    assert f"{done['id']}  completed: 19 of 19 cancelled" in cli(
        stack, account, "operations", "show", done["id"]
    )
    listed = cli(stack, account, "operations", "list")
    assert "19 of 19 cancelled" in listed
    assert "20 of 20 paused" in listed


def test_runs_are_listed_and_shown(stack: Stack, account: Account) -> None:
    api = Customer(account.http())
    form = step("wait_for_event", "form", event_type="form_submit", timeout_duration=5)
    workflow, (first, second) = api.workflow(tag("before"), form), api.people(2)
    (older,) = api.start(workflow, [first])
    (newer,) = api.start(workflow, [second])
    assert eventually(lambda: states(api, [older, newer]) == {"waiting"})
    assert "cancelled" in cli(stack, account, "executions", "cancel", older, "--reason", "by hand")

    which = ("executions", "list", "--workflow", workflow)
    page = json.loads(cli(stack, account, *which, "--json"))
    assert [each["id"] for each in page["executions"]] == [newer, older]
    table = cli(stack, account, *which, "--state", "cancelled")
    assert older in table
    assert newer not in table
    assert newer in cli(stack, account, "executions", "list", "--contact", second, "--limit", "1")
    assert "no such execution" in cli(stack, account, *which, "--state", "failed")
    assert "--workflow, --contact" in cli(stack, account, "executions", "list", status=2)

    shown = cli(stack, account, "executions", "show", older)
    assert f"execution {older} is cancelled" in shown
    assert "reason       by hand" in shown
    rows = [[cell.strip() for cell in line.split("│")] for line in shown.splitlines()]
    assert [row[1:4] for row in rows if len(row) > 1] == [
        ["1. before", "completed", "1"],
        ["2. form", "cancelled", "0"],
    ]
    whole = json.loads(cli(stack, account, "executions", "show", newer, "--json"))
    assert whole["execution"]["state"] == "waiting"
    assert told(whole["action_executions"]) == [("before", "completed"), ("form", "waiting")]
    assert cli(stack, account, "providers", "--json").startswith("{")
    assert json.loads(cli(stack, account, "unknown", "list", "--json")) == {"unknown_sends": []}
