"""What providers tell, from the event to the message's row and to what workflows hear."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from action_service.adapters.upkeep import strip_events
from action_service.use_cases.inbound.events import Provider, Recorded
from common.errors import ErrorReason, TreadleError
from common.ids import new_id_text
from tests.support.engine import Bench, HandExecutor, Step, bench
from tests.support.inbound import EMAIL, SMS, Providers, accepted, of_email, sending

MESSAGES = "SELECT count(*) FROM messages WHERE action_execution_id IS NOT NULL"
EARLY = "SELECT count(*) FROM provider_events WHERE applied_at IS NULL"


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        await surroundings.start_engine()
        yield surroundings


@pytest.fixture
async def executor(world: Bench) -> AsyncGenerator[HandExecutor]:
    hand = HandExecutor(world, "communication")
    await hand.start()
    yield hand
    await hand.stop()


async def sent(world: Bench, executor: HandExecutor, step: Step, contacts: int = 1) -> Providers:
    """As many messages that were accepted, with the ids `M0`, `M1`…"""
    home, tasks = await sending(world, executor, step, contacts)
    await accepted(executor, *tasks, reference="M")
    await world.until(MESSAGES, contacts)
    return Providers(world, home)


async def test_a_completed_send_has_a_message(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor, SMS)
    rows = await world.rows(
        "SELECT m.provider, m.provider_message_id, m.channel, m.state, m.account_id::text,"
        " m.contact_id::text, x.action_type, m.delivery_id, m.times ? 'queued'"
        " FROM messages m JOIN workflow_action_executions x ON x.id = m.action_execution_id"
    )
    home = providers.home
    contact = home.contact_ids[0]
    account = home.account_id
    assert rows == [("twilio", "M0", "sms", "queued", account, contact, "send_sms", None, True)]
    assert not await providers.heard()


async def test_an_answer_that_comes_ten_times_makes_one_message(
    world: Bench, executor: HandExecutor
) -> None:
    home, tasks = await sending(world, executor, EMAIL, contacts=3)
    for _ in range(10):
        await accepted(executor, *tasks, reference="M")
    await world.until(MESSAGES, 3)
    await asyncio.sleep(0.3)
    assert await world.rows(MESSAGES) == [(3,)]
    assert len(home.contact_ids) == 3


async def test_the_life_of_an_email(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor, EMAIL)
    await providers.sendgrid(of_email("M0", "processed", 0), of_email("M0", "delivered", 1))
    await providers.sendgrid(
        of_email("M0", "open", 2),
        of_email("M0", "open", 3),
        of_email("M0", "click", 4, url="https://example.com/a"),
        of_email("M0", "click", 5, url="https://example.com/b"),
        of_email("M0", "unsubscribe", 6),
    )
    state, facts, reason = await providers.message("M0")
    assert (state, reason) == ("clicked", None)
    expected = {"queued", "sent", "delivered", "opened", "clicked", "unsubscribed"}
    assert set(facts) == expected
    heard = await providers.heard()
    assert sorted(each[0] for each in heard) == [
        "email_clicked",
        "email_clicked",
        "email_delivered",
        "email_opened",
        "email_unsubscribed",
    ]
    assert {each[1]["url"] for each in heard if each[0] == "email_clicked"} == {
        "https://example.com/a",
        "https://example.com/b",
    }
    ((execution, action, workflow),) = await world.rows(
        "SELECT e.id::text, x.action_id::text, e.workflow_id::text FROM messages m"
        " JOIN workflow_action_executions x ON x.id = m.action_execution_id"
        " JOIN workflow_executions e ON e.id = x.workflow_execution_id"
    )
    for _, data, origin in heard:
        assert origin == [execution]
        assert (data["action_id"], data["workflow_id"]) == (action, workflow)


async def test_what_programs_open_and_click_is_told_as_such(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, EMAIL)
    scanner = {"url": "https://example.com/a", "useragent": "BarracudaCentral/3"}
    await providers.sendgrid(of_email("M0", "delivered", 1))
    await providers.sendgrid(
        of_email("M0", "open", 2, sg_machine_open=True),
        of_email("M0", "open", 3, sg_machine_open=True),
        of_email("M0", "click", 4, **scanner),
    )
    state, facts, _ = await providers.message("M0")
    assert state == "delivered"
    assert set(facts) == {"queued", "delivered", "machine_opened", "machine_clicked"}
    await providers.sendgrid(of_email("M0", "open", 5, sg_machine_open=False))
    state, facts, _ = await providers.message("M0")
    assert (state, "opened" in facts) == ("opened", True)
    heard = [(kind, data.get("automatic")) for kind, data, _ in await providers.heard()]
    assert sorted(heard, key=str) == [
        ("email_clicked", True),
        ("email_delivered", None),
        ("email_opened", False),
        ("email_opened", True),
    ]


async def test_the_order_does_not_matter(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor, EMAIL)
    for kind, at in (("click", 4), ("delivered", 1), ("open", 2), ("processed", 0)):
        await providers.sendgrid(of_email("M0", kind, at))
    state, facts, _ = await providers.message("M0")
    assert state == "clicked"
    assert set(facts) == {"queued", "sent", "delivered", "opened", "clicked"}


async def test_a_bounce_after_the_delivery_counts_and_says_why(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, EMAIL)
    bounce = of_email("M0", "bounce", 9, reason="unknown recipient", status="5.1.1")
    await providers.sendgrid(bounce)
    await providers.sendgrid(of_email("M0", "delivered", 1))
    state, _, reason = await providers.message("M0")
    assert (state, reason) == ("bounced", "5.1.1 unknown recipient")


async def test_the_same_event_ten_times_at_once_counts_once(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, EMAIL)
    click = of_email("M0", "click", 1, url="https://example.com")
    recorded = await asyncio.gather(*(providers.sendgrid(click) for _ in range(10)))
    assert sorted(recorded) == [Recorded(0, 1)] * 9 + [Recorded(1, 0)]
    again = [await providers.sendgrid(click) for _ in range(10)]
    assert again == [Recorded(0, 1)] * 10
    assert [each[0] for each in await providers.heard()] == ["email_clicked"]


async def test_batches_that_share_events_and_messages_do_not_lock_each_other_out(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, EMAIL, contacts=20)
    events = [
        of_email(f"M{number}", kind)
        for number in range(30)
        for kind in ("processed", "delivered", "open")
    ]
    batches = [events[start:] + events[:start] for start in range(0, 90, 9)]
    recorded = await asyncio.gather(*(providers.sendgrid(*batch) for batch in batches))
    assert sum(each.new for each in recorded) == 90
    assert await world.rows(
        "SELECT state, count(*) FROM messages WHERE action_execution_id IS NOT NULL GROUP BY 1"
    ) == [("opened", 20)]
    assert await world.rows(EARLY) == [(30,)]
    assert len(await providers.heard()) == 40


async def test_an_event_that_is_early_waits_for_its_message(
    world: Bench, executor: HandExecutor
) -> None:
    home, tasks = await sending(world, executor, SMS)
    providers = Providers(world, home)
    await providers.twilio(MessageSid="M0", MessageStatus="delivered")
    await providers.twilio(MessageSid="M0", MessageStatus="sent")
    assert await world.rows(MESSAGES) == [(0,)]
    assert await world.rows(EARLY) == [(2,)]
    assert not await providers.heard()
    await accepted(executor, *tasks, reference="M")
    await world.until(MESSAGES, 1)
    state, facts, _ = await providers.message("M0")
    assert (state, set(facts)) == ("delivered", {"queued", "sent", "delivered"})
    assert await world.rows(EARLY) == [(0,)]
    ((event_type, data, _),) = await providers.heard()
    assert event_type == "sms_delivered"
    assert data["action_execution_id"] == tasks[0].action_execution_id


async def test_events_and_answers_at_once_lose_nothing(
    world: Bench, executor: HandExecutor
) -> None:
    home, tasks = await sending(world, executor, EMAIL, contacts=40)
    providers = Providers(world, home)
    events = [of_email(f"M{number}", "delivered") for number in range(40)]
    await asyncio.gather(
        accepted(executor, *tasks, reference="M"),
        *(providers.sendgrid(*events[start : start + 8][::-1]) for start in range(0, 40, 8)),
    )
    await world.until("SELECT count(*) FROM messages WHERE state = 'delivered'", 40)
    await world.until(EARLY, 0)
    assert [each[0] for each in await providers.heard()] == ["email_delivered"] * 40


async def test_what_is_told_of_a_stranger_is_kept(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor, EMAIL)
    await providers.sendgrid(of_email("unknown", "delivered"), of_email("M0", "delivered"))
    assert await world.rows(
        "SELECT provider_message_id, kind FROM provider_events WHERE applied_at IS NULL"
    ) == [("unknown", "delivered")]
    assert len(await providers.heard()) == 1


async def test_a_message_is_its_accounts_wherever_it_is_told_of(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, SMS)
    other = await world.seed([])
    body = b"MessageSid=M0&MessageStatus=delivered"
    await providers.post(Provider.TWILIO, body, account=other.account_id)
    assert (await providers.message("M0"))[0] == "delivered"
    accounts = await world.rows("SELECT DISTINCT account_id::text FROM event_outbox")
    assert accounts == [(providers.home.account_id,)]


async def test_an_account_that_is_none_takes_nothing(world: Bench) -> None:
    providers = Providers(world, await world.seed([]))
    with pytest.raises(TreadleError) as caught:
        await providers.post(Provider.STRIPE, b'{"id": "evt_1"}', account=new_id_text())
    assert caught.value.reason is ErrorReason.NOT_FOUND
    assert await world.rows("SELECT count(*) FROM provider_events") == [(0,)]


async def test_events_of_stripe_and_meta_are_kept(world: Bench) -> None:
    providers = Providers(world, await world.seed([]))
    for _ in range(3):
        await providers.post(Provider.STRIPE, b'{"id": "evt_1", "type": "charge.failed"}')
    page = b'{"entry": [{"messaging": [{"delivery": {"mids": ["mid.1"]}}]}]}'
    await providers.post(Provider.META, page)
    assert await world.rows(
        "SELECT provider, provider_event_id, kind FROM provider_events ORDER BY provider"
    ) == [("meta", "mid.1:delivered", "delivery"), ("stripe", "evt_1", "charge.failed")]


async def test_an_answer_by_sms_is_the_contacts(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor, SMS)
    await world.seed([], contacts=1)
    await world.execute("UPDATE contacts SET phone = '+14155550100'")
    reply = {"SmsStatus": "received", "From": "+14155550100", "To": "+14155550199"}
    for number in range(2):
        await providers.twilio(MessageSid=f"R{number}", Body=f"Yes {number}", **reply)
    await providers.twilio(MessageSid="R1", Body="Yes 1", **reply)
    assert (await providers.message("M0"))[0] == "replied"
    accounts = await world.rows("SELECT DISTINCT account_id::text FROM event_outbox")
    assert accounts == [(providers.home.account_id,)]
    heard = await providers.heard()
    assert [(each[0], each[1]["body"], len(each[2])) for each in heard] == [
        ("sms_reply", "Yes 0", 1),
        ("sms_reply", "Yes 1", 1),
    ]
    assert heard[0][1]["message_id"]


@pytest.mark.parametrize("since", ["a call", "news for a user"])
async def test_an_answer_by_sms_is_to_what_the_contact_has_read(
    world: Bench, executor: HandExecutor, since: str
) -> None:
    """A call to them, or an SMS about them, is more recent than the SMS that they answer."""
    providers = await sent(world, executor, SMS)
    await world.execute("UPDATE contacts SET phone = '+14155550100'")
    await world.execute(
        "WITH owner AS (INSERT INTO users (id, account_id)"
        " SELECT gen_random_uuid(), account_id FROM contacts RETURNING id, account_id),"
        " told AS (INSERT INTO notifications (id, account_id, user_id, title, message, channels)"
        " SELECT gen_random_uuid(), account_id, id, 'News', 'Call', '{sms}' FROM owner"
        " RETURNING id, account_id),"
        " news AS (INSERT INTO deliveries (id, account_id, notification_id, action_execution_id,"
        " channel, recipient, attempt_id) SELECT gen_random_uuid(), account_id, id,"
        " gen_random_uuid(), 'sms', '+14155550177', gen_random_uuid() FROM told RETURNING id)"
        " INSERT INTO messages (id, account_id, provider, provider_message_id, channel,"
        " contact_id, action_execution_id, delivery_id) SELECT CAST(:id AS uuid), account_id,"
        " provider, 'M1', CAST(:channel AS text), contact_id, action_execution_id,"
        " CASE WHEN CAST(:channel AS text) = 'sms' THEN news.id END FROM messages, news",
        id=new_id_text(),
        channel="call" if since == "a call" else "sms",
    )
    form = {"SmsStatus": "received", "From": "+14155550100", "To": "+14155550199"}
    await providers.twilio(MessageSid="R0", Body="Yes", **form)
    assert (await providers.message("M0"))[0] == "replied"
    assert (await providers.message("M1"))[0] == "queued"
    ((event_type, data, _),) = await providers.heard()
    assert (event_type, data["body"]) == ("sms_reply", "Yes")


async def test_an_sms_of_whom_nobody_has_written_to(world: Bench) -> None:
    providers = Providers(world, await world.seed([], contacts=1))
    await world.execute("UPDATE contacts SET phone = '+14155550100'")
    form = {"SmsStatus": "received", "To": "+14155550199", "Body": "Hello"}
    await providers.twilio(MessageSid="R0", From="+14155550100", **form)
    await providers.twilio(MessageSid="R1", From="+14155550101", **form)
    await providers.twilio(MessageSid="R2", From="nobody", **form)
    ((event_type, data, origin),) = await providers.heard()
    assert (event_type, data["body"], origin) == ("sms_reply", "Hello", [])
    assert await world.rows(EARLY) == [(2,)]


async def test_five_thousand_events_are_recorded_once(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor, EMAIL, contacts=100)
    events = [
        of_email(f"M{number % 2500}", ("delivered", "open")[number // 2500])
        for number in range(5000)
    ]
    assert await providers.sendgrid(*events) == Recorded(5000, 0)
    assert await world.rows("SELECT count(*) FROM messages WHERE state = 'opened'") == [(100,)]
    assert await providers.sendgrid(*events) == Recorded(0, 5000)


async def test_events_of_one_account_alone_move_no_other_s_message(
    world: Bench, executor: HandExecutor
) -> None:
    home, tasks = await sending(world, executor, EMAIL)
    stranger = await world.seed([EMAIL])
    forger, owner = Providers(world, stranger), Providers(world, home)
    # Before the send is completed, and after it.
    await forger.sendgrid(of_email("M0", "bounce"), of_account_alone=True)
    await accepted(executor, *tasks, reference="M")
    await world.until(MESSAGES, 1)
    await forger.sendgrid(of_email("M0", "spamreport"), of_account_alone=True)
    assert (await owner.message("M0"))[:2] == ("queued", ["queued"])
    assert not await owner.heard()
    await owner.sendgrid(of_email("M0", "delivered"), of_account_alone=True)
    assert (await owner.message("M0"))[0] == "delivered"


async def test_what_was_posted_is_emptied_in_time_and_known_for_ever(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, EMAIL)
    old, young = of_email("M0", "delivered"), of_email("M0", "open", 1)
    await providers.sendgrid(old, young)
    await world.execute(
        "UPDATE provider_events SET received_at = now() - interval '91 days'"
        " WHERE provider_event_id = :id",
        id=old["sg_event_id"],
    )
    assert await strip_events(world.db, older_than=timedelta(days=90)) == 1
    assert await strip_events(world.db, older_than=timedelta(days=90)) == 0
    rows = await world.rows("SELECT kind, payload::text <> '{}' FROM provider_events")
    assert sorted(rows) == [("delivered", False), ("open", True)]
    assert await providers.sendgrid(old) == Recorded(0, 1)
    assert (await providers.message("M0"))[0] == "opened"
