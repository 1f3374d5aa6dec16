"""Operators at work on the whole stack: waits, skipped and retried steps, by REST and command."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from devstack.cli import app
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, step, tag, text_message, told
from tests.support.e2e_timers import bring_forward
from tests.support.foreground import eventually


@pytest.fixture
def api(account: Account) -> Customer:
    return Customer(account.http())


class Terminal:
    """The command line of an operator."""

    def __init__(self, stack: Stack, account: Account) -> None:
        self._options = ["--gateway", stack.gateway_url, "--token", account.token("operator")]

    def runs(self, *words: str) -> str:
        """What a command prints; it succeeds."""
        done = CliRunner().invoke(app, [*words, *self._options])
        assert done.exit_code == 0, done.output
        return done.output

    def fails(self, *words: str) -> str:
        """What a command that is refused says."""
        done = CliRunner().invoke(app, [*words, *self._options])
        assert done.exit_code == 1, done.output
        return done.output


@pytest.fixture
def terminal(stack: Stack, account: Account) -> Terminal:
    return Terminal(stack, account)


def pause(name: str = "pause") -> Json:
    return step("wait_time", name, duration=30, unit="days")


def parked(api: Customer, run: str) -> Json:
    """The wait at which a run stands, once the scheduler has taken it."""
    found: list[Json] = []

    def is_parked() -> bool:
        found[:] = [
            each
            for each in api.items("waits", "waits")
            if each["execution_id"] == run and each["due_at"]
        ]
        return bool(found)

    assert eventually(is_parked)
    return found[0]


def timers(api: Customer, run: str) -> list[datetime]:
    """When the run's timers are due."""
    found = api.get("timers", execution_id=run)["timers"]
    return [datetime.fromisoformat(each["due_at"]) for each in found]


def test_waits_are_listed_moved_fired_and_given_up(
    stack: Stack, api: Customer, terminal: Terminal
) -> None:
    workflow = api.workflow(pause("[/a] pause"), tag("after"))
    first, second, third = api.start(workflow, api.people(3))
    wait = parked(api, first)
    answer = api.http.get(f"/api/v1/waits/{wait['id']}")
    assert answer.json() == wait
    assert answer.headers["etag"] == f'"{wait["etag"]}"'
    assert wait["kind"] == "time"
    assert wait["reason"].startswith("waits 30 days from")
    listed = terminal.runs("waits", "list", "--workflow", workflow, "--kind", "time")
    assert wait["id"] in listed
    assert "[/a]" in listed
    assert '"cause": "clock"' in (shown := terminal.runs("waits", "show", wait["id"]))
    assert wait["reason"] in shown
    assert json.loads(terminal.runs("waits", "show", wait["id"], "--json")) == wait
    page = json.loads(terminal.runs("waits", "list", "--workflow", workflow, "--json"))
    assert {each["execution_id"] for each in page["waits"]} == {first, second, third}

    later = datetime.now(UTC) + timedelta(days=1)
    moment = later.isoformat()
    stale = api.http.post(
        f"/api/v1/waits/{wait['id']}/rearm", json={"due_at": moment}, headers={"If-Match": '"x"'}
    )
    assert stale.status_code == 412
    moved = api.post(f"waits/{wait['id']}/rearm", {"due_at": moment, "etag": wait["etag"]})
    assert moved["set_by_operator"]
    assert eventually(lambda: timers(api, first) == [later])
    bring_forward(stack, [first])
    assert eventually(lambda: api.ended(first))

    later = terminal.runs("waits", "rearm", parked(api, second)["id"], "--at", "2030-01-01T09:00Z")
    assert later == "waits until 2030-01-01T09:00:00Z\n"
    said = terminal.runs("waits", "fire", parked(api, second)["id"], "--reason", "no need to wait")
    assert said == f"execution {second} is running\n"
    assert eventually(lambda: api.ended(second))
    assert told(api.log(second)) == [("[/a] pause", "completed"), ("after", "completed")]

    given_up = parked(api, third)["id"]
    terminal.runs("waits", "cancel", given_up, "--reason", "they called")
    assert eventually(lambda: api.ended(third))
    assert told(api.log(third)) == [("[/a] pause", "skipped"), ("after", "completed")]
    assert "the wait is over" in terminal.fails("waits", "fire", given_up)
    assert "nothing waits" in terminal.runs("waits", "list", "--workflow", workflow)


def test_a_wait_is_given_up_with_its_run(api: Customer, terminal: Terminal) -> None:
    (run,) = api.start(api.workflow(pause(), tag("after")), api.people(1))
    wait = parked(api, run)
    said = terminal.runs("waits", "cancel", wait["id"], "--then", "end-run")
    assert said == f"execution {run} is cancelled\n"
    assert told(api.log(run)) == [("pause", "cancelled")]


def test_steps_are_skipped_and_retried(api: Customer, terminal: Terminal) -> None:
    workflow = api.workflow(pause(), text_message(), tag("after"))
    contact = api.post("contacts", {"first_name": "Ada"})["id"]
    (run,) = api.start(workflow, [contact])
    parked(api, run)
    terminal.runs("steps", "skip", run, "--reason", "no need to wait")
    # There is no number to send to.
    assert eventually(lambda: api.ended(run))
    assert told(api.log(run)) == [("pause", "skipped"), ("text", "failed")]
    assert "only the step at which" in terminal.fails("steps", "skip", run, "--json")
    failed = api.log(run)[-1]

    contact_now = {"phone": "+14155550142"}
    assert api.http.patch(f"/api/v1/contacts/{contact}", json=contact_now).status_code == 200
    body = {"action_execution_id": failed["id"], "reason": "the number is there"}
    assert api.post(f"executions/{run}/retry-step", body)["state"] == "running"
    assert eventually(lambda: api.ended(run))
    assert told(api.log(run)) == [
        ("pause", "skipped"),
        ("text", "completed"),
        ("after", "completed"),
    ]
    assert [each["number"] for each in api.log(run)[1]["attempts"]] == [1, 2]
    assert "only an execution that has failed" in terminal.fails("steps", "retry", run)
    refused = api.http.post(f"/api/v1/executions/{run}/skip-step", json={"reason": "x"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/action_execution_id"
