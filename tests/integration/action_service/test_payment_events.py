"""What Stripe tells, from the event to what workflows hear, and whose it is."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import orjson
import pytest

from action_service.use_cases.inbound.events import Recorded
from common.ids import new_id_text
from tests.support.engine import Bench, HandExecutor, Seeded, bench, result_for
from tests.support.inbound import CHARGE, Providers, sending
from treadle.dispatch.v1.task_pb2 import ActionTask

PAID = "payment_intent.succeeded"
FAILED = "payment_intent.payment_failed"
KNOWN = (
    "SELECT reference, account_id::text, contact_id::text FROM payment_references"
    " ORDER BY reference, account_id"
)


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await surroundings.start_engine()
        yield surroundings


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "payments")
    await hand.start()
    yield hand
    await hand.stop()


def ours(account_id: str, contact_id: str, step: str = "") -> dict[str, Any]:
    """What our steps put into the metadata."""
    ids = {"treadle_account_id": account_id, "treadle_contact_id": contact_id}
    return {"metadata": ids | ({"treadle_action_execution_id": step} if step else {})}


def of(home: Seeded) -> dict[str, Any]:
    """The metadata of what was made for the first contact."""
    return ours(home.account_id, home.contact_ids[0])


def payment(number: int = 1, customer: str = "cus_1", **more: Any) -> dict[str, Any]:
    """A payment of 49.90 EUR."""
    money = {"amount": 4990, "amount_received": 4990, "currency": "eur", "status": "succeeded"}
    ids = {"id": f"pi_{number}", "latest_charge": f"ch_{number}", "customer": customer}
    return {"object": "payment_intent", **ids, **money, **more}


def dispute(number: int = 1) -> dict[str, Any]:
    """A dispute about it, which has no metadata."""
    about = {"payment_intent": f"pi_{number}", "charge": f"ch_{number}"}
    return {"id": f"du_{number}", "amount": 4990, "currency": "eur", **about}


async def heard(providers: Providers) -> list[str]:
    """The types of what workflows have heard."""
    return [each[0] for each in await providers.heard()]


async def applied(world: Bench) -> list[bool]:
    """Of each event that is stored, whether it had its effect."""
    rows = await world.rows("SELECT applied_at IS NOT NULL FROM provider_events ORDER BY id")
    return [bool(row[0]) for row in rows]


async def charged(
    world: Bench, executor: HandExecutor, reference: str = "1"
) -> tuple[Providers, ActionTask]:
    """A step that has taken the payment of the number."""
    home, (task,) = await sending(world, executor, CHARGE)
    result = result_for(task)
    output = {"payment_intent_id": f"pi_{reference}", "charge_id": f"ch_{reference}"}
    result.completed.output_json = orjson.dumps(output)
    result.completed.provider_reference = f"pi_{reference}"
    await executor.answer(result)
    await world.until("SELECT count(*) FROM payment_references", 2)
    return Providers(world, home), task


async def test_a_payment_of_our_step_is_the_contacts(world: Bench, executor: HandExecutor) -> None:
    home, (task,) = await sending(world, executor, CHARGE)
    providers = Providers(world, home)
    metadata = ours(home.account_id, home.contact_ids[0], task.action_execution_id)
    assert await providers.stripe(PAID, payment(**metadata)) == Recorded(1, 0)
    ((event_type, data, origin),) = await providers.heard()
    assert event_type == "payment_succeeded"
    assert origin == [task.execution_id]
    assert data == {
        "payment_intent_id": "pi_1",
        "charge_id": "ch_1",
        "customer_id": "cus_1",
        "amount": 4990,
        "currency": "EUR",
        "status": "succeeded",
        "occurred_at": "2023-11-14T22:13:20+00:00",
        "workflow_id": home.workflow_id,
        "action_id": home.action_ids[0],
        "action_execution_id": task.action_execution_id,
    }
    assert await applied(world) == [True]
    contact = home.contact_ids[0]
    references = ("ch_1", "cus_1", "pi_1")
    assert await world.rows(KNOWN) == [(each, home.account_id, contact) for each in references]


async def test_the_same_event_ten_times_at_once_counts_once(world: Bench) -> None:
    home = await world.seed([])
    providers = Providers(world, home)
    about = payment(**of(home))
    posts = (providers.stripe(PAID, about, event_id="evt_1") for _ in range(10))
    assert sorted(await asyncio.gather(*posts)) == [Recorded(0, 1)] * 9 + [Recorded(1, 0)]
    assert await heard(providers) == ["payment_succeeded"]


async def test_what_is_older_than_what_is_known_is_not_heard_after_it(world: Bench) -> None:
    home = await world.seed([])
    providers = Providers(world, home)
    await providers.stripe(PAID, payment(**of(home)), 5)
    await providers.stripe(FAILED, payment(**of(home)), 4)
    await providers.stripe(FAILED, payment(2, **of(home)), 4)
    subscription = {"id": "sub_1", "customer": "cus_1", **of(home)}
    for kind, at in (("created", 1), ("deleted", 9), ("updated", 8), ("updated", 9)):
        await providers.stripe(f"customer.subscription.{kind}", subscription, at)
    assert sorted(await heard(providers)) == [
        "payment_failed",
        "payment_succeeded",
        "subscription_canceled",
        "subscription_started",
        # Of the same second, in which nobody knows the order.
        "subscription_updated",
    ]
    assert await applied(world) == [True] * 7


async def test_refunds_count_each_in_any_order(world: Bench) -> None:
    home = await world.seed([])
    providers = Providers(world, home)
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 10, **of(home)}
    for at in (7, 3, 5):
        await providers.stripe("charge.refunded", charge, at)
    assert await heard(providers) == ["payment_refunded"] * 3


async def test_payments_of_one_customer_do_not_lock_each_other_out(world: Bench) -> None:
    home = await world.seed([])
    providers = Providers(world, home)
    await asyncio.gather(
        *(providers.stripe(PAID, payment(number, **of(home))) for number in range(20)),
        *(providers.stripe("charge.dispute.created", dispute(number)) for number in range(20)),
    )
    assert (await heard(providers)).count("payment_succeeded") == 20
    await providers.stripe(PAID, payment(99))
    assert (await heard(providers)).count("payment_succeeded") == 21


async def test_what_names_nobody_is_theirs_whose_step_has_made_it(
    world: Bench, executor: HandExecutor
) -> None:
    providers, _ = await charged(world, executor)
    other = await world.seed([])
    # Many accounts may share a provider's, which posts all to one of them.
    await providers.stripe("charge.dispute.created", dispute(), account=other.account_id)
    assert await world.rows("SELECT DISTINCT account_id::text FROM event_outbox") == [
        (providers.home.account_id,)
    ]
    ((event_type, data, _),) = await providers.heard()
    assert (event_type, data["dispute_id"], data["amount"]) == ("payment_disputed", "du_1", 4990)


async def test_an_event_that_names_our_contact_teaches_its_references(world: Bench) -> None:
    home = await world.seed([])
    providers = Providers(world, home)
    # Nobody is known by them yet.
    await providers.stripe("charge.dispute.created", dispute())
    await providers.stripe(PAID, payment(2))
    await providers.stripe(PAID, payment(**of(home)))
    invoice = {"id": "in_1", "customer": "cus_1", "amount_due": 10, "status": "open"}
    await providers.stripe("invoice.payment_failed", invoice)
    await providers.stripe(PAID, payment(3))
    await providers.stripe(PAID, payment(4, customer="cus_2"))
    assert sorted(await heard(providers)) == [
        "invoice_failed",
        "payment_succeeded",
        "payment_succeeded",
    ]
    assert await applied(world) == [False, False, True, True, True, False]


async def test_what_names_nobody_of_ours_is_kept(world: Bench) -> None:
    home = await world.seed([])
    stranger = await world.seed([])
    providers = Providers(world, home)
    for metadata in (
        ours(home.account_id, stranger.contact_ids[0]),
        ours(new_id_text(), home.contact_ids[0]),
        ours("our account", "mia"),
    ):
        await providers.stripe(PAID, payment(**metadata))
    assert await heard(providers) == []
    assert await applied(world) == [False] * 3
    assert await world.rows(KNOWN) == []
    assert await world.rows("SELECT count(*) FROM provider_events WHERE payload <> '{}'") == [(3,)]


async def test_events_of_one_account_alone_speak_of_no_other(
    world: Bench, executor: HandExecutor
) -> None:
    owner, _ = await charged(world, executor)
    forger = Providers(world, await world.seed([]))
    await forger.stripe(PAID, payment(**of(owner.home)), of_account_alone=True)
    await forger.stripe("charge.dispute.created", dispute(), of_account_alone=True)
    assert await heard(owner) == []
    # It may say that the other's payment is its own: to itself.
    await forger.stripe(PAID, payment(**of(forger.home)), 9, of_account_alone=True)
    assert await heard(owner) == ["payment_succeeded"]
    await owner.stripe("charge.dispute.created", dispute())
    await owner.stripe(PAID, payment(), 1)
    rows = await world.rows(
        "SELECT kind, applied_at IS NOT NULL FROM provider_events WHERE of_account IS NULL"
        " ORDER BY id"
    )
    assert rows == [("charge.dispute.created", True), (PAID, True)]
    accounts = await world.rows(
        "SELECT account_id::text FROM payment_references WHERE reference = 'du_1'"
    )
    assert accounts == [(owner.home.account_id,)]
    assert sorted(await heard(owner)) == [
        "payment_disputed",
        "payment_succeeded",
        "payment_succeeded",
    ]


async def test_a_customer_of_two_accounts_is_neithers(world: Bench) -> None:
    one, two = await world.seed([]), await world.seed([])
    providers = Providers(world, one)
    await providers.stripe(PAID, payment(1, **of(one)))
    await providers.stripe(PAID, payment(2, **of(two)))
    await providers.stripe(PAID, payment(3))
    assert await applied(world) == [True, True, False]
    assert await heard(providers) == ["payment_succeeded"] * 2
