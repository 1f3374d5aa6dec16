"""Counters are exact: many executions of the same contacts, two engines, copies, `kill -9`."""

from common.nats import RESULTS, RESULTS_SUBJECT
from devstack.processes import Service
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_books import check_books
from tests.support.e2e_duplicates import Duplicator
from tests.support.e2e_processes import in_hand, second_engine
from tests.support.e2e_rest import Customer, Json
from tests.support.foreground import eventually

CONTACTS = 50
ROUNDS = 100
RECOVERY = 90.0
"""Seconds: what a killed engine had in hand comes back twice at worst."""

INCREMENT: Json = {
    "action_type": "update_contact",
    "action_config": {
        "field_updates": [{"field": "custom_fields.points", "value": 3}],
        "update_mode": "increment",
    },
    "name": "count",
}


def kill_at_work(stack: Stack, engine: Service) -> None:
    """Kill an engine while results are in the engines' hands, and have it started again."""
    assert eventually(lambda: in_hand(stack, RESULTS.name, "engine-results") > 0)
    engine.kill()
    engine.restart()


def test_five_thousand_increments(own_stack: Stack) -> None:
    """R3.2: an increment counts once, whatever befalls the engines and the network."""
    stack = own_stack
    another = second_engine(stack)
    try:
        another.start()
        another.wait_ready()
        with Account(stack) as account, Duplicator(stack, RESULTS_SUBJECT, copies=2) as copies:
            api = Customer(account.http())
            workflow = api.workflow(INCREMENT)
            people = api.people(CONTACTS)
            for number in range(ROUNDS):
                api.start(workflow, people)
                if number == ROUNDS // 3:
                    kill_at_work(stack, stack.services["engine"])
                if number == 2 * ROUNDS // 3:
                    kill_at_work(stack, another)
            path = f"workflows/{workflow}/executions/summary"
            assert eventually(
                lambda: api.get(path)["executions"]["completed"] == CONTACTS * ROUNDS, RECOVERY
            ), api.get(path)
            points = [contact["custom_fields"] for contact in api.items("contacts", "contacts")]
            assert points == [{"points": 3 * ROUNDS}] * CONTACTS
            assert copies.published >= CONTACTS
            check_books(stack)
    finally:
        another.stop()
