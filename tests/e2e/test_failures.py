"""Providers and receivers that fail, seen from outside: what is tried again, and what is not."""

import secrets
import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.e2e_books import check_books
from tests.support.e2e_rest import Customer, Json, tag, text_message, told, webhook
from tests.support.e2e_simulator import Providers
from tests.support.e2e_timers import bring_forward
from tests.support.foreground import eventually
from tests.support.stacks import StackMaker

RETRY_AFTER = timedelta(seconds=1)
# Delays so short that all retries are over soon. A provider that hangs is waited for about as long
# as all retries take, so that none is late on a busy machine.
IMPATIENT = {
    "TREADLE_ACTION_RETRY_BASE_SECONDS": "0.2",
    "TREADLE_EXECUTOR_PROVIDER_TIMEOUT_SECONDS": "9",
    # Most of these contacts' calls fail, which says nothing of a provider.
    "TREADLE_ACTION_CIRCUIT_MIN_CALLS": "1000",
    # Nobody asks for what is unknown; that has tests of its own.
    "TREADLE_ACTION_LOOKUP_LIMIT": "0",
}


@pytest.fixture(scope="module")
def impatient_stack(make_stack: StackMaker, session_folder: Path) -> Generator[Stack]:
    """A stack for this module's tests, whose simulator they tell to fail."""
    folder = session_folder / f"impatient-{secrets.token_hex(4)}"
    with make_stack(StackOptions(folder, env=IMPATIENT)) as running:
        yield running
        running.check()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def providers(impatient_stack: Stack) -> Generator[Providers]:
    with Providers(impatient_stack.simulator_url) as simulator:
        yield simulator
        simulator.behave()
    check_books(impatient_stack)


@pytest.fixture
def api(impatient_stack: Stack) -> Generator[Customer]:
    with Account(impatient_stack) as account:
        yield Customer(account.http())


@dataclass(frozen=True)
class Case:
    """How one contact's call fails, and what comes of it."""

    name: str
    failure: Json
    errors: Sequence[str]
    """The error classes of the failed attempts."""
    end: str = "completed"
    """How the step ends up; `unknown` for an outcome that stays so."""
    accepted: int = 1
    """How often the other side accepted the call."""


def broken(mode: str, **how: Any) -> Json:
    return {"mode": mode} | how


LIMITED, DOWN, TIMEOUT = "rate_limit", "service_unavailable", "network_timeout"
LATER = RETRY_AFTER.seconds

SENDS = [
    Case("works", broken("ok"), []),
    Case("limited", broken("429", count=2, retry_after=LATER), [LIMITED] * 2),
    Case("limited-for-good", broken("429"), [LIMITED] * 6, "failed", 0),
    Case("internal-error", broken("500", count=2), [DOWN] * 2),
    Case("unavailable", broken("503", count=3), [DOWN] * 3),
    Case("unavailable-a-while", broken("503", count=1, retry_after=LATER), [DOWN]),
    Case("unavailable-for-good", broken("503"), [DOWN] * 4, "failed", 0),
    Case("refused", broken("400"), ["rejected"], "failed", 0),
    Case("forbidden", broken("403"), ["authentication"], "failed", 0),
    # From here on the request went out and no answer came: it may have been carried out.
    Case("reset", broken("reset"), [], "unknown", 0),
    Case("hangs", broken("hang"), [], "unknown", 0),
    Case("garbage", broken("garbage"), [], "unknown", 0),
    Case("accepted-then-reset", broken("accept_then_reset"), [], "unknown"),
    Case("accepted-then-hangs", broken("accept_then_hang"), [], "unknown"),
]
# Both tell of what they have taken, and name the attempt.
TOLD = [
    replace(case, end="completed") if case.end == "unknown" and case.accepted else case
    for case in SENDS
]

# A receiver knows a repeated call by its key, so what got no answer is called again.
CALLS = [
    Case("works", broken("ok"), []),
    Case("limited", broken("429", count=1, retry_after=LATER), [LIMITED]),
    Case("internal-error", broken("500", count=2), [DOWN] * 2),
    Case("unavailable-for-good", broken("503"), [DOWN] * 4, "failed", 0),
    Case("refused", broken("400"), ["rejected"], "failed", 0),
    Case("unauthorized", broken("401"), ["authentication"], "failed", 0),
    Case("reset", broken("reset", count=2), [TIMEOUT] * 2),
    Case("hangs", broken("hang", count=1), [TIMEOUT]),
    Case("accepted-then-reset", broken("accept_then_reset", count=2), [TIMEOUT] * 2, accepted=3),
    Case("accepted-then-hangs", broken("accept_then_hang", count=1), [TIMEOUT], accepted=2),
]

# Stripe answers a repeated call with what it answered the first time.
PAYMENTS = [
    Case("works", broken("ok"), []),
    Case("limited", broken("429", count=1, retry_after=LATER), [LIMITED]),
    Case("in-progress", broken("409", count=1), [DOWN]),
    Case("internal-error", broken("500", count=2), [DOWN] * 2),
    Case("unavailable-for-good", broken("503"), [DOWN] * 4, "failed", 0),
    Case("declined", broken("402"), ["rejected"], "failed", 0),
    Case("unauthorized", broken("401"), ["authentication"], "failed", 0),
    Case("reset", broken("reset", count=2), [TIMEOUT] * 2),
    Case("hangs", broken("hang", count=1), [TIMEOUT]),
    Case("garbage", broken("garbage", count=1), [TIMEOUT]),
    Case("accepted-then-reset", broken("accept_then_reset", count=1), [TIMEOUT]),
    Case("accepted-then-hangs", broken("accept_then_hang", count=1), [TIMEOUT]),
]


def contacts_of(api: Customer, cases: Sequence[Case]) -> list[Json]:
    """A contact for each case, whom its calls can be told by."""
    people = [
        {
            "first_name": case.name,
            "phone": f"+1415555{number:04}",
            "email": f"{case.name}@example.com",
        }
        for number, case in enumerate(cases)
    ]
    ids = api.post("contacts/batch", {"contacts": people})["contact_ids"]
    return [
        person | {"id": id_, "customer": f"cus_{person['first_name']}"}
        for person, id_ in zip(people, ids, strict=True)
    ]


def run_cases(
    api: Customer, providers: Providers, provider: str, known_by: str, step: Json, cases: list[Case]
) -> None:
    """Run a workflow of `step` and another one for every case at once; check what came of each."""
    people = contacts_of(api, cases)
    for case, person in zip(cases, people, strict=True):
        providers.misbehave(provider, to=person[known_by], **case.failure)
    workflow = api.workflow(step, tag("after"))
    executions = api.start(workflow, [person["id"] for person in people])
    for case, person, execution in zip(cases, people, executions, strict=True):
        assert eventually(lambda: settled(api, execution, case)), case  # noqa: B023
        first, *rest = api.log(execution)
        try:
            check_step(case, first)
            check_rest(case, rest, api.execution(execution))
            accepted = providers.received(provider, person[known_by])
            assert len(accepted) == case.accepted
            assert {message["step_key"] for message in accepted} <= {first["id"]}
        except AssertionError as error:
            error.add_note(f"case: {case.name}; the step: {first}")
            raise


def settled(api: Customer, execution: str, case: Case) -> bool:
    if case.end != "unknown":
        return api.ended(execution)
    return api.log(execution)[-1]["outcome"] == "unknown"


def check_step(case: Case, step: Json) -> None:
    attempts = step["attempts"]
    errors = [attempt["error"]["error_class"] for attempt in attempts if attempt["error"]]
    assert errors == list(case.errors)
    succeeded = case.end == "completed"
    assert [attempt["number"] for attempt in attempts] == list(range(1, len(attempts) + 1))
    assert len(attempts) == len(errors) + succeeded
    assert step["retry_count"] == max(len(attempts) - 1, 0)
    assert (step["status"], step["outcome"]) == {
        "unknown": ("running", "unknown"),
        "completed": ("completed", None),
        "failed": ("failed", None),
    }[case.end]
    if succeeded:
        assert step["error"] is None
    else:
        last = "unknown_outcome" if case.end == "unknown" else case.errors[-1]
        assert step["error"]["error_class"] == last
        assert step["error"]["message"]
    if "retry_after" in case.failure:
        pauses = [
            datetime.fromisoformat(later["started_at"])
            - datetime.fromisoformat(sooner["finished_at"])
            for sooner, later in pairwise(attempts)
        ]
        assert pauses
        assert min(pauses) >= RETRY_AFTER


def check_rest(case: Case, rest: list[Json], execution: Json) -> None:
    """What comes after the step, and the execution as a whole."""
    if case.end == "completed":
        assert told(rest) == [("after", "completed")]
        assert (execution["state"], execution["reason"]) == ("completed", None)
        return
    assert rest == []
    if case.end == "failed":
        assert execution["state"] == "failed"
        assert execution["reason"]
    else:
        assert (execution["state"], execution["ended_at"]) == ("running", None)


def test_a_text_message_is_sent_once_or_its_outcome_is_unknown(
    api: Customer, providers: Providers
) -> None:
    run_cases(api, providers, "twilio", "phone", text_message(), TOLD)


def test_an_email_is_sent_once_or_its_outcome_is_unknown(
    api: Customer, providers: Providers
) -> None:
    body = {"name": "Welcome", "html_body": "<p>Hello {{contact.first_name}}</p>"}
    email: Json = {
        "action_type": "send_email",
        "action_config": {
            "template_id": api.post("email-templates", body)["id"],
            "subject": "Hello",
            "from_name": "Support",
            "from_email": "support@example.com",
        },
    }
    run_cases(api, providers, "sendgrid", "email", email, TOLD)


def test_a_webhook_is_called_again_under_the_same_key(api: Customer, providers: Providers) -> None:
    url = f"{providers.url}/sink/{{{{contact.first_name}}}}"
    step = webhook(url, timeout_seconds=9)
    run_cases(api, providers, "sink", "first_name", step, CALLS)


def test_a_customer_is_charged_once(api: Customer, providers: Providers) -> None:
    charge: Json = {
        "action_type": "charge_customer",
        "action_config": {
            "customer_id": "cus_{{contact.first_name}}",
            "payment_method_id": "pm_card_visa",
            "amount": "49.90",
            "currency": "EUR",
        },
    }
    run_cases(api, providers, "stripe", "customer", charge, PAYMENTS)


def test_a_webhook_is_retried_as_often_as_it_says(api: Customer, providers: Providers) -> None:
    providers.misbehave("sink", "503", to="stubborn")
    limits: list[tuple[Json, int]] = [({"retry_on_failure": False}, 1), ({"max_retries": 1}, 2)]
    for more, attempts in limits:
        step = webhook(f"{providers.url}/sink/stubborn", **more)
        (execution,) = api.start(api.workflow(step), api.people(1))
        assert eventually(lambda: api.ended(execution))  # noqa: B023
        (log,) = api.log(execution)
        assert (log["status"], len(log["attempts"])) == ("failed", attempts)


def test_action_failure_handling(api: Customer, providers: Providers) -> None:
    """R7.1, AC-060: a failed step ends the run, unless it may be passed over or has a fallback."""
    providers.misbehave("sink", "400", to="failing")
    call = webhook(f"{providers.url}/sink/failing")

    def outcome(**on_error: Any) -> tuple[list[tuple[str, str]], Json, list[str]]:
        """The log, the execution, the contact's tags."""
        workflow = api.draft(call, tag("between"), tag("rescue"))
        steps = api.steps(workflow)
        if on_error.get("on_error") == "fallback":
            on_error["fallback_action_id"] = steps["rescue"]["id"]
        api.put(f"workflows/{workflow}/actions/{steps['hook']['id']}", on_error)
        api.post(f"workflows/{workflow}/activate")
        (contact,) = api.people(1)
        (execution,) = api.start(workflow, [contact])
        assert eventually(lambda: api.ended(execution))
        return told(api.log(execution)), api.execution(execution), api.contact(contact)["tags"]

    log, execution, tags = outcome(on_error="stop")
    assert (log, tags) == ([("hook", "failed")], [])
    assert execution["state"] == "failed"
    assert execution["reason"] == "the webhook answered 400 Bad Request"

    log, execution, tags = outcome(on_error="continue")
    after = [("between", "completed"), ("rescue", "completed")]
    assert (log, tags) == ([("hook", "failed"), *after], ["between", "rescue"])
    assert (execution["state"], execution["reason"]) == ("completed", None)

    log, execution, tags = outcome(on_error="fallback")
    assert (log, tags) == ([("hook", "failed"), after[1]], ["rescue"])
    assert execution["state"] == "completed"


def test_a_call_under_way_finishes_though_its_workflow_is_paused(
    api: Customer, providers: Providers
) -> None:
    providers.misbehave("sink", "slow", to="slow", delay_ms=4_000)
    workflow = api.workflow(webhook(f"{providers.url}/sink/slow"), tag("after"))
    (execution,) = api.start(workflow, api.people(1))
    assert eventually(lambda: providers.struck("sink", "slow") == 1)

    api.post(f"workflows/{workflow}/pause")

    assert eventually(lambda: api.execution(execution)["state"] == "paused")
    assert told(api.log(execution)) == [("hook", "completed"), ("after", "pending")]
    assert len(providers.received("sink", "slow")) == 1
    api.post(f"workflows/{workflow}/resume")
    assert eventually(lambda: api.ended(execution))
    assert told(api.log(execution)) == [("hook", "completed"), ("after", "completed")]
    assert len(providers.received("sink", "slow")) == 1


def test_a_retry_that_is_due_waits_for_its_workflow_to_resume(
    impatient_stack: Stack, api: Customer, providers: Providers
) -> None:
    providers.misbehave("sink", "503", to="busy", count=1, retry_after=60)
    workflow = api.workflow(webhook(f"{providers.url}/sink/busy"))
    (execution,) = api.start(workflow, api.people(1))
    assert eventually(lambda: bool(api.get("timers", execution_id=execution)["timers"]))

    api.post(f"workflows/{workflow}/pause")
    bring_forward(impatient_stack, [execution])

    assert eventually(lambda: api.execution(execution)["state"] == "paused")
    assert providers.received("sink", "busy") == []
    api.post(f"workflows/{workflow}/resume")
    assert eventually(lambda: api.ended(execution))
    (step,) = api.log(execution)
    assert (step["status"], step["retry_count"]) == ("completed", 1)
    assert len(providers.received("sink", "busy")) == 1
