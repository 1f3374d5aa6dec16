"""`kill -9` while notifications go out: each is sent, or its fate is said to be unknown."""

from collections import Counter

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, step
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually

BATCH = 60
VICTIMS = ("executor-internal", "engine", "executor-communication")
CONTACTS = BATCH * len(VICTIMS)
SETTLED = 150.0
"""Seconds: what was in hand comes back soon, and a lease runs out after 30, 60, 120."""

NOTIFY = step(
    "send_notification",
    recipient_type="role",
    role="sales",
    channels=["in_app", "email", "sms"],
    title="{{ contact.id }}",
    message="A new lead",
)
SELLER: Json = {
    "name": "Ann",
    "email": "ann@example.com",
    "phone": "+4915112345678",
    "role": "sales",
}


def statuses(account: Account) -> Counter[str]:
    """How many deliveries there are in each state."""
    sql = f"SELECT status FROM treadle.deliveries WHERE account_id = '{account.id}'"
    return Counter(account.stack.postgres.query(sql, "treadle").split())


def unknown(account: Account) -> set[tuple[str, str]]:
    """Channel and contact of those whose fate nobody knows."""
    rows = account.stack.postgres.query(
        "SELECT channel || ' ' || contact_id FROM treadle.deliveries"
        f" WHERE status = 'unknown' AND account_id = '{account.id}'",
        "treadle",
    )
    return {(channel, contact) for channel, contact in map(str.split, rows.splitlines())}


def sent(providers: Providers) -> int:
    """How many messages of both kinds have gone out."""
    return providers.count("sendgrid") + providers.count("twilio")


def received(providers: Providers) -> Counter[tuple[str, str]]:
    """How often each contact has been told of, by channel."""
    emails = (("email", message["subject"]) for message in providers.received("sendgrid"))
    texts = (("sms", message["text"].split("\n")[0]) for message in providers.received("twilio"))
    return Counter((*emails, *texts))


def test_notifications_are_sent_once_whatever_dies(
    mortal: Stack, account: Account, api: Customer, providers: Providers
) -> None:
    api.post("users", SELLER)
    people = api.people(CONTACTS)
    workflow = api.workflow(NOTIFY)
    for number, victim in enumerate(VICTIMS):
        before = sent(providers)
        api.start(workflow, people[number * BATCH : (number + 1) * BATCH])
        assert eventually(lambda: sent(providers) > before)  # noqa: B023
        mortal.services[victim].kill()
        mortal.services[victim].restart()

    def settled() -> bool:
        found = statuses(account)
        return found.total() == 2 * CONTACTS and not found["pending"]

    assert eventually(settled, bound=SETTLED), statuses(account)
    summary = api.get(f"workflows/{workflow}/executions/summary")
    assert summary["executions"]["completed"] == CONTACTS
    assert set(statuses(account)) <= {"sent", "unknown"}
    told = received(providers)
    wanted = {(channel, contact) for channel in ("email", "sms") for contact in people}
    assert told.keys() | unknown(account) == wanted
    assert set(told.values()) == {1}
