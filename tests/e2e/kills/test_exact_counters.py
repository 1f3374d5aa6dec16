"""Counters are exact: many executions of the same contacts, two engines, copies, `kill -9`.

`TREADLE_TEST_ROUNDS=100` makes it five thousand increments.
"""

import os
from collections.abc import Callable

from common.nats import RESULTS, RESULTS_SUBJECT
from devstack.processes import Service
from devstack.stack import Stack
from tests.support.e2e_books import check_books
from tests.support.e2e_duplicates import Duplicator
from tests.support.e2e_processes import freeze, in_hand, second_engine
from tests.support.e2e_rest import Customer, increment
from tests.support.foreground import eventually

CONTACTS = 50
ROUNDS = int(os.environ.get("TREADLE_TEST_ROUNDS", "30"))
RECOVERY = 90.0
"""Seconds: what a killed engine had in hand comes back twice at worst."""


def kill_at_work(stack: Stack, engine: Service, work: Callable[[], object]) -> None:
    """Kill an engine that does no more with what it has in hand, and have it started again.

    It is stopped in its tracks while it works on what has been begun before, wherever that is.
    """
    freeze(engine)
    work()
    assert eventually(lambda: in_hand(stack, RESULTS.name, "engine-results") > 0)
    engine.kill()
    engine.restart()


def test_every_increment_counts_once(mortal: Stack, api: Customer) -> None:
    """R3.2: an increment counts once, whatever befalls the engines and the network."""
    another = second_engine(mortal)
    try:
        another.start()
        another.wait_ready()
        with Duplicator(mortal, RESULTS_SUBJECT, copies=2) as copies:
            workflow = api.workflow(increment("points", 3))
            people = api.people(CONTACTS)
            victims = {ROUNDS // 3: mortal.services["engine"], 2 * ROUNDS // 3: another}
            for number in range(ROUNDS):
                if number in victims:
                    kill_at_work(mortal, victims[number], lambda: api.start(workflow, people))
                else:
                    api.start(workflow, people)
            path = f"workflows/{workflow}/executions/summary"
            assert eventually(
                lambda: api.get(path)["executions"]["completed"] == CONTACTS * ROUNDS, RECOVERY
            ), api.get(path)
            points = [contact["custom_fields"] for contact in api.items("contacts", "contacts")]
            assert points == [{"points": 3 * ROUNDS}] * CONTACTS
            # In how many messages the results came is the executors' business.
            assert copies.published > 0
            check_books(mortal)
    finally:
        another.stop()
