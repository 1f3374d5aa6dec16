"""Payments through a whole stack: a step charges, Stripe tells, and other workflows hear."""

from uuid import uuid4

import httpx
import pytest

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, ok, step, tag
from tests.support.e2e_simulator import hear_providers
from tests.support.e2e_triggers import triggered
from tests.support.foreground import eventually


@pytest.fixture
def api(stack: Stack, account: Account) -> Customer:
    """A customer of an account; Stripe tells everything at the address of the stack's own."""
    hear_providers(stack)
    return Customer(account.http())


def charge(customer: str) -> Json:
    return step(
        "charge_customer",
        customer_id=customer,
        payment_method_id="pm_card_visa",
        amount="49.90",
        currency="EUR",
    )


def test_a_payment_and_its_dispute_start_workflows(stack: Stack, api: Customer) -> None:
    customer = f"cus_{uuid4().hex[:12]}"
    wish = {"provider": "stripe", "outcome": "dispute", "to": customer}
    ok(httpx.post(f"{stack.simulator_url}/outcomes", json=wish, trust_env=False))
    trigger = {
        "event_type": "payment_succeeded",
        "conditions": [
            {"field": "amount", "value": 4990},
            {"field": "currency", "value": "EUR"},
        ],
    }
    triggered(api, trigger, tag("paid"))
    triggered(api, {"event_type": "payment_failed"}, tag("declined"))
    triggered(api, {"event_type": "payment_disputed"}, tag("disputed"))
    (contact,) = api.people(1)
    (execution,) = api.start(api.workflow(charge(customer)), [contact])
    assert eventually(lambda: api.ended(execution))
    assert eventually(lambda: len(api.contact(contact)["tags"]) == 2)
    assert sorted(api.contact(contact)["tags"]) == ["disputed", "paid"]
