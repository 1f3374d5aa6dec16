"""Messages whose answer was lost, seen from outside: sent once each, and no mystery for long."""

import secrets
import shutil
import subprocess
import sys
from collections.abc import Generator
from itertools import count
from pathlib import Path

import pytest

from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, ok, tag, text_message, told
from tests.support.e2e_simulator import Providers
from tests.support.e2e_timers import ask_now
from tests.support.foreground import eventually
from tests.support.stacks import StackMaker

# A provider that hangs is soon given up, but not so soon that a busy machine has others late. It is
# asked when a test wants it, which counts as one time more.
CURIOUS = {
    "TREADLE_EXECUTOR_PROVIDER_TIMEOUT_SECONDS": "6",
    "TREADLE_ACTION_LOOKUP_BASE_SECONDS": "3600",
    "TREADLE_ACTION_LOOKUP_LIMIT": "3",
}

# Of telephones, so that no two tests share one.
NUMBERS = count()


@pytest.fixture(scope="module")
def curious_stack(make_stack: StackMaker, session_folder: Path) -> Generator[Stack]:
    """A stack whose providers tell nothing by themselves, and are asked instead."""
    folder = session_folder / f"curious-{secrets.token_hex(4)}"
    with make_stack(StackOptions(folder, env=CURIOUS, callbacks=False)) as running:
        yield running
        running.check()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def providers(curious_stack: Stack) -> Generator[Providers]:
    with Providers(curious_stack.simulator_url) as simulator:
        yield simulator
        simulator.behave()


@pytest.fixture
def account(curious_stack: Stack) -> Generator[Account]:
    with Account(curious_stack) as new:
        yield new


@pytest.fixture
def api(account: Account) -> Customer:
    return Customer(account.http())


def letter(api: Customer) -> Json:
    """A step that sends an email."""
    body = {"name": f"Welcome {next(NUMBERS)}", "html_body": "<p>Hello {{contact.first_name}}</p>"}
    config = {
        "template_id": api.post("email-templates", body)["id"],
        "subject": "Hello",
        "from_name": "Support",
        "from_email": "support@example.com",
    }
    return {"action_type": "send_email", "action_config": config, "name": "text"}


def lost(
    api: Customer, providers: Providers, mode: str, *, kind: str = "send_sms"
) -> tuple[str, Json, str]:
    """A run whose message gets no answer; the unknown send, and whom it is for."""
    provider = {"send_sms": "twilio", "send_email": "sendgrid"}[kind]
    number = next(NUMBERS)
    person = {"phone": f"+1415555{number:04}", "email": f"n{number}@example.com"}
    to = person["phone" if kind == "send_sms" else "email"]
    contact = api.post("contacts", {"first_name": "Ada", **person})["id"]
    step = text_message() if kind == "send_sms" else letter(api)
    workflow = api.workflow(step, tag("after"))
    providers.misbehave(provider, mode, to=to, count=1)
    (execution,) = api.start(workflow, [contact])
    found: list[Json] = []

    def listed() -> bool:
        found[:] = api.items("unknown-sends", "unknown_sends", contact_id=contact)
        return bool(found)

    assert eventually(listed)
    return execution, found[0], to


def send(api: Customer, unknown: Json) -> Json:
    return api.get(f"unknown-sends/{unknown['id']}")


@pytest.mark.parametrize(("kind", "peer"), [("send_sms", "Twilio"), ("send_email", "SendGrid")])
def test_what_a_provider_has_taken_is_found_there(
    curious_stack: Stack, api: Customer, providers: Providers, kind: str, peer: str
) -> None:
    sends: list[tuple[str, Json, str]] = []
    for mode in ("accept_then_hang", "accept_then_reset"):
        execution, unknown, to = lost(api, providers, mode, kind=kind)
        assert unknown["recipient"] == to
        step = api.log(execution)[0]
        assert (step["outcome"], step["unknown_send_id"]) == ("unknown", unknown["id"])
        assert f"not known whether {peer} has taken the message" in step["explanation"]
        sends.append((execution, unknown, to))
    for execution, unknown, to in sends:
        ask_now(curious_stack, unknown["id"])
        assert eventually(lambda: api.ended(execution))  # noqa: B023
        check_found(api, providers, kind, peer, (execution, unknown, to))


def check_found(
    api: Customer, providers: Providers, kind: str, peer: str, lost: tuple[str, Json, str]
) -> None:
    """The provider has said that it has it."""
    execution, unknown, to = lost
    (message,) = providers.received(message_provider(kind), to)
    found = send(api, unknown)
    assert (found["state"], found["resolution"], found["resolved_by"]) == (
        "settled",
        "sent",
        "lookup",
    )
    assert found["provider_message_id"] == message["id"]
    steps = api.log(execution)
    assert told(steps) == [("text", "completed"), ("after", "completed")]
    assert steps[0]["result"]["message_id"] == message["id"]
    assert f"{peer} was asked" in steps[0]["explanation"]


def message_provider(kind: str) -> str:
    return {"send_sms": "twilio", "send_email": "sendgrid"}[kind]


def treadle(stack: Stack, account: Account, *arguments: str) -> str:
    """What the command prints."""
    where = ("--gateway", stack.gateway_url, "--token", account.token("operator"))
    command = [sys.executable, "-m", "devstack", "unknown", *arguments, *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_never_arrived_is_sent_once_more_when_somebody_says_so(
    curious_stack: Stack, account: Account, api: Customer, providers: Providers
) -> None:
    execution, unknown, to = lost(api, providers, "reset")
    # Asked as often as may be, the provider knows nothing of it, and nothing is sent for that.
    for asked in (1, 2):
        ask_now(curious_stack, unknown["id"])
        assert eventually(lambda: len(send(api, unknown)["lookups"]) == asked)  # noqa: B023
    assert send(api, unknown)["next_lookup_at"] is None
    looks = send(api, unknown)["lookups"]
    assert {look["finding"] for look in looks} == {"not_found"}
    assert {look["note"] for look in looks} == {"Twilio listed no such message"}
    assert providers.received("twilio", to) == []
    table = treadle(curious_stack, account, "list", "--channel", "sms")
    assert unknown["id"] in table
    assert "Twilio listed no such message" in table

    reason = "not in Twilio's log"
    treadle(curious_stack, account, "resolve", unknown["id"], "--as", "retry", "--reason", reason)

    assert eventually(lambda: api.ended(execution))
    (message,) = providers.received("twilio", to)
    first, after = api.log(execution)
    assert (first["status"], after["status"]) == ("completed", "completed")
    assert [attempt["provider_reference"] for attempt in first["attempts"]] == [
        None,
        message["id"],
    ]
    settled = send(api, unknown)
    assert (settled["resolution"], settled["resolution_reason"]) == ("retry", reason)
    (entry,) = api.items("audit", "entries", entity_id=unknown["id"])
    assert (entry["operation"], entry["after"]["reason"]) == ("unknown_send.resolved", reason)
    assert entry["actor"].startswith("user:")


def test_what_is_given_up_fails(account: Account, api: Customer, providers: Providers) -> None:
    execution, unknown, to = lost(api, providers, "reset")
    body = {"resolution": "fail", "reason": "too late for it"}
    with account.http("operator") as http:
        ok(http.post(f"/api/v1/unknown-sends/{unknown['id']}/resolve", json=body))
    assert eventually(lambda: api.ended(execution))
    (step,) = api.log(execution)
    assert step["status"] == "failed"
    assert step["error"]["message"] == "the message was not sent: too late for it"
    assert providers.received("twilio", to) == []
