"""Messages, and `kill -9` of their executor again and again: none is sent twice.

`TREADLE_TEST_KILLS=20` makes it 1,000 messages and twenty deaths, which takes two minutes.

What the executor had claimed when it died is unknown, and listed as such; everything else goes out.
What Twilio has got without our hearing of it, it tells by itself, and that completes the step.
"""

import os
from collections import Counter

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_books import check_books
from tests.support.e2e_processes import FEW_SLOTS
from tests.support.e2e_rest import Customer, Json, phone, text_message
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually

KILLS = int(os.environ.get("TREADLE_TEST_KILLS", "5"))
SENDS = 50 * KILLS
BETWEEN_KILLS = 20
UNANSWERED = 5
LATENCY_MS = 60
EXECUTOR = "executor-communication"
RECOVERY = 150.0
"""Seconds: what was in hand comes back soon, in the worst case a lease has to run out too."""


def test_nothing_is_sent_twice_by_an_executor_that_dies_again_and_again(
    mortal: Stack, account: Account, api: Customer, providers: Providers
) -> None:
    workflows = (api.workflow(text_message()), api.workflow(email(api)))
    people = [
        {"first_name": f"N{n}", "phone": phone(n), "email": f"n{n}@example.com"}
        for n in range(SENDS // 2)
    ]
    contacts: list[str] = api.post("contacts/batch", {"contacts": people})["contact_ids"]
    for provider in ("twilio", "sendgrid"):
        providers.misbehave(provider, "slow", delay_ms=LATENCY_MS)
    for person in people[:UNANSWERED]:
        providers.misbehave("twilio", "accept_then_reset", to=person["phone"], count=1)
    for workflow in workflows:
        api.start(workflow, contacts)

    executor = mortal.services[EXECUTOR]
    for _ in range(KILLS):
        before = accepted(providers)
        assert eventually(lambda: accepted(providers) >= before + BETWEEN_KILLS)  # noqa: B023
        executor.kill()
        executor.restart()

    def settled() -> bool:
        found = steps(account)
        return len(found) == SENDS and set(found.values()) <= {"completed", "unknown"}

    assert eventually(settled, bound=RECOVERY), Counter(steps(account).values())
    assert eventually(lambda: found_out(account) >= UNANSWERED)
    check_messages(steps(account), providers)
    check_books(mortal)


def check_messages(ends: dict[str, str], providers: Providers) -> None:
    """One message for each step that is completed, at most one for each that is unknown."""
    messages = [message for name in ("twilio", "sendgrid") for message in providers.received(name)]
    sent = Counter(message["step_key"] for message in messages)
    assert sent.keys() <= ends.keys()
    assert set(sent.values()) == {1}
    assert {step for step, end in ends.items() if end == "completed"} <= sent.keys()
    # No more than may have been under way each time.
    assert sum(end == "unknown" for end in ends.values()) <= KILLS * FEW_SLOTS


def accepted(providers: Providers) -> int:
    return providers.count("twilio") + providers.count("sendgrid")


def found_out(account: Account) -> int:
    """How many messages were unknown until the provider told of them."""
    sql = (
        "SELECT count(*) FROM treadle.unknown_sends"
        f" WHERE account_id = '{account.id}' AND resolved_by = 'callback'"
    )
    return int(account.stack.postgres.query(sql, "treadle"))


def steps(account: Account) -> dict[str, str]:
    """How each send stands, by the step's id: its outcome where it has one, else its status."""
    rows = account.stack.postgres.query(
        "SELECT id || ' ' || COALESCE(outcome, status) FROM treadle.workflow_action_executions"
        f" WHERE account_id = '{account.id}'",
        "treadle",
    )
    found = (row.split() for row in rows.splitlines())
    return {each[0]: each[1] for each in found}


def email(api: Customer) -> Json:
    """A step that sends an email."""
    template = {"name": "Hello", "html_body": "<p>Hello {{contact.first_name}}</p>"}
    config = {
        "template_id": api.post("email-templates", template)["id"],
        "subject": "Hello",
        "from_name": "Treadle",
        "from_email": "hello@example.com",
        "purpose": "transactional",
    }
    return {"action_type": "send_email", "action_config": config, "name": "letter"}
