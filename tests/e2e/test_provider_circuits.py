"""A provider that is down, seen from outside: steps wait and say why, and then they are done."""

import secrets
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devstack.cli import app
from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.e2e_books import check_books
from tests.support.e2e_rest import Customer, Json, text_message
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually
from tests.support.stacks import StackMaker

PEOPLE = 60
MIN_CALLS = 10
# Long enough to be seen.
OPEN_SECONDS = 4
TUNING = {
    "TREADLE_ACTION_CIRCUIT_MIN_CALLS": str(MIN_CALLS),
    "TREADLE_ACTION_CIRCUIT_OPEN_SECONDS": str(OPEN_SECONDS),
    "TREADLE_ACTION_RETRY_BASE_SECONDS": "0.5",
    "TREADLE_EXECUTOR_CONCURRENCY": "8",
}


@pytest.fixture(scope="module")
def stack(make_stack: StackMaker, session_folder: Path) -> Generator[Stack]:
    """A stack of this module, in which little is needed to stop a provider."""
    folder = session_folder / f"circuits-{secrets.token_hex(4)}"
    with make_stack(StackOptions(folder, env=TUNING)) as running:
        yield running
        running.check()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def providers(stack: Stack) -> Generator[Providers]:
    with Providers(stack.simulator_url) as simulator:
        yield simulator
        simulator.behave()
    check_books(stack)


@pytest.fixture
def account(stack: Stack) -> Generator[Account]:
    with Account(stack) as new:
        yield new


def seen(api: Customer, peer: str) -> Json:
    (found,) = [each for each in api.get("providers")["providers"] if each["peer"] == peer]
    return found


def waiting(api: Customer, runs: list[str], why: str) -> list[Json]:
    """The steps that wait, and say this."""
    logs = [api.log(run)[0] for run in runs]
    held = [step for step in logs if step["status"] == "scheduled"]
    return [step for step in held if why in (step["reason"] or "")]


def cli(stack: Stack, account: Account, *options: str) -> str:
    """What `treadle providers` prints for an operator of the account."""
    token = account.token("operator")
    done = CliRunner().invoke(
        app, ["providers", "--gateway", stack.gateway_url, "--token", token, *options]
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_calls_to_a_provider_that_is_down_stop_and_go_on_when_it_is_back(
    stack: Stack, account: Account, providers: Providers
) -> None:
    api = Customer(account.http())
    providers.misbehave("twilio", "503")
    runs = api.start(api.workflow(text_message()), api.people(PEOPLE))
    found: Json = {}

    def is_open() -> bool:
        found.update(seen(api, "twilio"))
        return found["state"] == "open"

    assert eventually(is_open), found
    assert found["last_error"] == "service_unavailable"
    assert found["open_until"]
    # Between two probes, of which none comes through.
    assert eventually(lambda: "stopped until" in cli(stack, account))
    why = "Twilio is failing: calls are paused until"
    assert eventually(lambda: len(waiting(api, runs, why)) > PEOPLE / 4)
    # Others are none the wiser.
    with Account(stack) as other:
        assert seen(Customer(other.http()), "twilio")["state"] == "closed"

    providers.behave()
    assert eventually(lambda: all(map(api.ended, runs)), bound=180)
    assert {api.execution(run)["state"] for run in runs} == {"completed"}
    assert seen(api, "twilio")["state"] == "closed"
    # To wait has cost no attempt: what failed are the calls that stopped it, and probes.
    failed = sum(len(api.log(run)[0]["attempts"]) - 1 for run in runs)
    assert MIN_CALLS / 2 <= failed < 2 * PEOPLE


def test_an_operator_lets_calls_through(
    stack: Stack, account: Account, providers: Providers
) -> None:
    api = Customer(account.http())
    providers.misbehave("twilio", "503")
    runs = api.start(api.workflow(text_message()), api.people(PEOPLE))
    assert eventually(lambda: seen(api, "twilio")["state"] == "open"), seen(api, "twilio")
    providers.behave()
    assert "stopped until" not in cli(stack, account, "--reset", "twilio")
    assert seen(api, "twilio")["trips"] == 0
    (next_one,) = api.start(api.workflow(text_message()), api.people(1, first=PEOPLE))
    assert eventually(lambda: api.ended(next_one))
    assert eventually(lambda: all(map(api.ended, runs)), bound=180)


def test_a_limit_spreads_calls_and_loses_none(account: Account, providers: Providers) -> None:
    api = Customer(account.http())
    api.put("providers/twilio/limit", {"per_second": 20, "burst": 5})
    runs = api.start(api.workflow(text_message()), api.people(PEOPLE))
    assert eventually(lambda: all(map(api.ended, runs)), bound=180)
    assert {api.execution(run)["state"] for run in runs} == {"completed"}
    logs = [api.log(run)[0] for run in runs]
    assert {len(step["attempts"]) for step in logs} == {1}
    started = sorted(step["attempts"][0]["started_at"] for step in logs)
    assert started[0] < started[-1]
    sent = [message["step_key"] for message in providers.received("twilio")]
    assert sorted(key for key in sent if key in {step["id"] for step in logs}) == sorted(
        step["id"] for step in logs
    )
