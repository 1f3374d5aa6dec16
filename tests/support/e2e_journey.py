"""Many contacts on their way through a step of every kind, to be disturbed and held to account.

What may be true in the end depends on nothing but what was promised: every change of our own
records exactly once, every webhook under one key, every message at most once, and each message
whose fate is unsure shown as such.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from tests.support.account import Account
from tests.support.e2e_books import check_books
from tests.support.e2e_rest import (
    Customer,
    Json,
    increment,
    ok,
    phone,
    tag,
    text_message,
    wait,
    webhook,
)
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually


def _one_of_each(providers: Providers) -> tuple[Json, ...]:
    """A step of every kind there is to lose or to double."""
    return (
        tag("begun"),
        increment("visits", name="visit"),
        text_message(),
        # Its lease is as much longer as it may take.
        webhook(f"{providers.url}/sink/journey", timeout_seconds=5),
        wait(1),
        tag("done"),
    )


class Journey:
    """A workflow's executions for new contacts of an account."""

    def __init__(self, account: Account, providers: Providers) -> None:
        steps = _one_of_each(providers)
        self.api = Customer(account.http())
        self._stack = account.stack
        self._providers = providers
        self._workflow = self.api.workflow(*steps)
        self._names = [step["name"] for step in steps]
        self.executions: list[str] = []

    def start(self, count: int, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Send so many more contacts on their way while something befalls the stack.

        What gets no answer is asked again under the same key, as callers do.
        """
        body = {"contact_ids": self.api.people(count, first=len(self.executions))}
        key = {"Idempotency-Key": str(uuid4())}
        path = f"/api/v1/workflows/{self._workflow}/executions"

        def ask() -> httpx.Response:
            return self.api.http.post(path, json=body, headers=key)

        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(ask)
            meanwhile()
            answer = asked.result()
        while _is_away(answer):
            time.sleep(float(answer.headers["retry-after"]))
            answer = ask()
        self.executions += ok(answer).json()["execution_ids"]

    def until(self, step: str, count: int, *statuses: str) -> None:
        """Wait until the step is completed, or stands as told, for at least so many contacts."""
        counted = ("completed", *statuses)

        def reached(summary: Json) -> bool:
            return sum(summary["steps"][step][status] for status in counted) >= count

        self._wait(reached, f"{step} for {count}")

    def finish(self, bound: float) -> None:
        """Wait until every execution has ended, or stands at a message of unknown outcome."""
        self._wait(self._is_over, "the end", bound, every=0.25)

    def check(self) -> list[Json]:
        """Hold everybody to account; returns the messages whose outcome is unknown."""
        path = f"workflows/{self._workflow}/executions"
        states = {run["id"]: run["state"] for run in self.api.items(path, "executions")}
        assert states.keys() == set(self.executions)
        logs = [self.api.log(execution) for execution in states]
        for log, state in zip(logs, states.values(), strict=True):
            self._check_log(log, state)
        self._check_contacts(logs)
        _check_messages(_entries(logs, "text"), self._providers)
        _check_webhooks(_entries(logs, "hook"), self._providers)
        check_books(self._stack)
        self._stack.check()
        return [step for log in logs for step in log if step["outcome"]]

    def _wait(
        self,
        condition: Callable[[Json], bool],
        goal: str,
        bound: float = 60,
        *,
        every: float = 0.0,
    ) -> None:
        last: Json = {}

        def holds() -> bool:
            # The API may just have been killed, and the gateway says so until it is back.
            try:
                last.update(self._summary())
            except _AwayError:
                return False
            time.sleep(every)
            return condition(last)

        assert eventually(holds, bound), f"{goal} was not reached in {bound:.0f} s: {last}"

    def _summary(self) -> Json:
        answer = self.api.http.get(f"/api/v1/workflows/{self._workflow}/executions/summary")
        if _is_away(answer):
            raise _AwayError
        assert answer.is_success, answer.text
        summary = answer.json()
        return summary | {"steps": {step["action_name"]: step for step in summary["steps"]}}

    def _is_over(self, summary: Json) -> bool:
        counts = summary["executions"]
        left = counts["running"] + counts["waiting"] + counts["paused"]
        if not left:
            return True
        if left != summary["steps"]["text"]["running"]:
            return False
        path = f"workflows/{self._workflow}/executions"
        running = self.api.items(path, "executions", state="running")
        return all(self.api.log(execution["id"])[-1]["outcome"] for execution in running)

    def _check_log(self, log: list[Json], state: str) -> None:
        names = [step["action_name"] for step in log]
        last = log[-1]
        if last["outcome"]:
            assert names == self._names[: self._names.index("text") + 1]
            assert (state, last["status"], last["outcome"]) == ("running", "running", "unknown")
            assert last["error"]["error_class"] == "unknown_outcome"
        else:
            assert (names, state) == (self._names, "completed")
        for step in log[:-1] if last["outcome"] else log:
            assert (step["status"], step["outcome"], step["error"]) == ("completed", None, None)
            _check_attempts(step)

    def _check_contacts(self, logs: list[list[Json]]) -> None:
        contacts = {contact["id"]: contact for contact in self.api.items("contacts", "contacts")}
        for log in logs:
            contact = contacts[log[0]["contact_id"]]
            done = {step["action_name"] for step in log if step["status"] == "completed"}
            assert set(contact["tags"]) == done & {"begun", "done"}
            assert contact["custom_fields"] == {"visits": 1}


class _AwayError(Exception):
    """The API cannot be reached for now."""


def _is_away(answer: httpx.Response) -> bool:
    return answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE


def _entries(logs: list[list[Json]], name: str) -> list[Json]:
    return [step for log in logs for step in log if step["action_name"] == name]


def _check_attempts(step: Json) -> None:
    attempts: list[Json] = step["attempts"]
    assert [attempt["number"] for attempt in attempts] == list(range(1, len(attempts) + 1))
    assert step["retry_count"] == len(attempts) - 1
    errors = [attempt["error"] for attempt in attempts]
    assert all(errors[:-1])
    assert errors[-1] is None
    assert all(attempt["started_at"] <= attempt["finished_at"] for attempt in attempts)


def _check_messages(texts: list[Json], providers: Providers) -> None:
    """At most one message per step; none that is missing, or unsure, passes for sent."""
    received: dict[str, Any] = {}
    for message in providers.received("twilio"):
        assert message["step_key"] not in received
        received[message["step_key"]] = message
    assert received.keys() <= {step["id"] for step in texts}
    for step in texts:
        if step["status"] == "completed":
            message = received[step["id"]]
            assert step["attempts"][-1]["provider_reference"] == message["id"]
            assert step["result"]["to"] == message["to"]
    words = {phone(number): f"Hello N{number}" for number in range(len(texts))}
    assert all(words[message["to"]] == message["text"] for message in received.values())


def _check_webhooks(hooks: list[Json], providers: Providers) -> None:
    """Every call has arrived; what arrived again came under the same key."""
    keys: dict[str, set[str]] = {}
    for call in providers.received("sink", "journey"):
        contact = call["details"]["body"]["contact"]
        keys.setdefault(contact, set()).add(call["details"]["headers"]["idempotency-key"])
    assert keys == {step["contact_id"]: {step["id"]} for step in hooks}
