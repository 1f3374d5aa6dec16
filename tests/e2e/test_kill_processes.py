"""`kill -9` of every process in the middle of a run: nothing is lost and nothing done twice.

What a process had in hand comes back only when NATS has waited for its answer long enough.
"""

import shutil
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from common.nats import ACTIONS, RESULTS
from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.e2e_books import check_books, no_timers
from tests.support.e2e_journey import Journey
from tests.support.e2e_processes import SOON, freeze, in_hand
from tests.support.e2e_rest import Customer, Json, tag, told, wait
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually
from tests.support.stacks import StackMaker

PAUSE = timedelta(seconds=4)
RECOVERY = 75.0
"""Seconds: more than one round of waiting for answers that do not come."""
# What is unknown stays so: nobody is asked, and nobody tells.
UNASKED = {"TREADLE_ACTION_LOOKUP_LIMIT": "0", **SOON}
SLOTS = 64
"""How many calls an executor makes at a time."""


@dataclass(frozen=True)
class Ordeal:
    """A stack whose processes were killed while contacts were on their journey."""

    stack: Stack
    providers: Providers
    journey: Journey

    def outcome(self) -> list[Json]:
        """What is unknown of the messages; everything else has come to its end as it should."""
        self.journey.finish(RECOVERY)
        return self.journey.check()

    def sent(self) -> set[str]:
        """The steps whose message the provider has accepted."""
        return {message["step_key"] for message in self.providers.received("twilio")}


@pytest.fixture(scope="module")
def stack(make_stack: StackMaker, session_folder: Path) -> Generator[Stack]:
    """A stack to be killed, process by process."""
    folder = session_folder / "kill-processes"
    with make_stack(StackOptions(folder, env=UNASKED, callbacks=False)) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ordeal(stack: Stack) -> Generator[Ordeal]:
    """A journey of this test alone, of which the providers know nothing yet."""
    with Account(stack) as account, Providers(stack.simulator_url) as providers:
        providers.forget()
        yield Ordeal(stack, providers, Journey(account, providers))


def kill_executors(ordeal: Ordeal) -> None:
    """All of them, and the scheduler, each with work in hand."""
    stack, journey = ordeal.stack, ordeal.journey
    services = stack.services
    victims = ("executor-communication", "executor-internal", "scheduler", "executor-crm")
    providers = ordeal.providers
    providers.misbehave("twilio", "slow", delay_ms=300)
    providers.misbehave("sink", "slow", delay_ms=200)
    journey.start(150)
    journey.until("text", 20)
    # Those under way still are when it is killed.
    providers.misbehave("twilio", "accept_then_hang")
    assert eventually(lambda: providers.struck("twilio", None) > 0)
    services["executor-communication"].kill()
    providers.misbehave("twilio", "slow", delay_ms=300)
    journey.until("hook", 20)
    services["executor-internal"].kill()
    journey.until("wait", 1, "waiting")
    services["scheduler"].kill()
    freeze(services["executor-crm"])
    journey.start(50)
    assert eventually(lambda: in_hand(stack, ACTIONS.name, "executor-crm") >= 50)
    services["executor-crm"].kill()
    for name in victims:
        services[name].start()
    for name in victims:
        services[name].wait_ready()


def kill_action_service(ordeal: Ordeal) -> None:
    """The api; the engine at work; the engine with results in hand, none of them acted upon."""
    stack, journey = ordeal.stack, ordeal.journey
    services = stack.services
    ordeal.providers.misbehave("twilio", "slow", delay_ms=300)
    journey.start(150)
    # Executors ask the api for a claim before each message; callers start executions.
    journey.until("text", 20)

    def kill_api() -> None:
        services["api"].kill()
        services["api"].restart()

    journey.start(50, meanwhile=kill_api)
    journey.until("hook", 80)
    services["engine"].kill()
    services["engine"].restart()
    freeze(services["engine"])
    before = in_hand(stack, RESULTS.name, "engine-results")
    journey.start(50)
    assert eventually(lambda: in_hand(stack, RESULTS.name, "engine-results") > before)
    services["engine"].kill()
    services["engine"].restart()


def kill_nats(ordeal: Ordeal) -> None:
    """With all that it had stored, as if its disk had gone."""
    ordeal.providers.misbehave("twilio", "slow", delay_ms=300)
    ordeal.journey.start(200)
    ordeal.journey.until("text", 80)
    nats = ordeal.stack.nats
    nats.kill()
    shutil.rmtree(ordeal.stack.data.nats / "store")
    nats.start()


def test_executors_and_scheduler(ordeal: Ordeal) -> None:
    kill_executors(ordeal)
    unknown = ordeal.outcome()
    # What the executor was sending when it was killed, and nothing else.
    assert 0 < len(unknown) <= SLOTS


def test_waits_outlive_the_scheduler(stack: Stack) -> None:
    """R4.1: the state of an execution that waits is stored for recovery."""
    with Account(stack) as account:
        api = Customer(account.http())
        workflow = api.workflow(wait(PAUSE.seconds), tag("rested"))
        executions = api.start(workflow, api.people(100))

        def steps(*statuses: str) -> list[int]:
            """How many times each step has come to one of the statuses."""
            summary = api.get(f"workflows/{workflow}/executions/summary")
            return [sum(step[status] for status in statuses) for step in summary["steps"]]

        assert eventually(lambda: steps("waiting", "completed")[0] == 100)
        stack.services["scheduler"].kill()
        stack.services["scheduler"].restart()
        assert eventually(lambda: steps("completed") == [100, 100])

        for execution in executions:
            log = api.log(execution)
            assert told(log) == [("wait", "completed"), ("rested", "completed")]
            began, due, ended = (
                datetime.fromisoformat(log[0][name])
                for name in ("started_at", "scheduled_at", "completed_at")
            )
            assert due - began == PAUSE
            assert due <= ended
        # A timer goes a moment after its message.
        assert eventually(lambda: no_timers(stack))
        check_books(stack)


def test_api_and_engine(ordeal: Ordeal) -> None:
    kill_action_service(ordeal)
    unknown = ordeal.outcome()
    # The api took to the grave that it had just granted some claims. The executors have lived on
    # and sent nothing without one; each of their answers counts.
    assert ordeal.sent().isdisjoint(step["id"] for step in unknown)


def test_nats_and_its_disk(ordeal: Ordeal) -> None:
    kill_nats(ordeal)
    unknown = ordeal.outcome()
    # Postgres knows what to go on with, but not what only NATS had been told: that these were sent.
    assert ordeal.sent() >= {step["id"] for step in unknown}
