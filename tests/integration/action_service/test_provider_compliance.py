"""What contacts and their providers say, from the event to who is reached."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from action_service.adapters.provider_compliance import Following, comply
from action_service.domain.compliance import Cause, Channel, NewSuppression, Scope
from common.ids import new_id_text
from tests.support.engine import Bench, HandExecutor, bench, result_for
from tests.support.inbound import EMAIL, Providers, accepted, of_email, sending
from treadle.dispatch.v1.task_pb2 import ActionTask

NUMBER, OURS = "+14155550100", "+14155550199"
IN_FORCE = (
    "SELECT channel, address, scope, cause, created_by FROM suppressions"
    " WHERE lifted_at IS NULL ORDER BY id"
)


@pytest.fixture
async def world(database_url: str, nats_url: str) -> AsyncGenerator[Bench]:
    async with bench(database_url, nats_url) as surroundings:
        yield surroundings


@pytest.fixture
async def providers(world: Bench) -> Providers:
    return Providers(world, await world.seed([], contacts=1))


async def wrote(providers: Providers, body: str, **more: str) -> None:
    form = {"SmsStatus": "received", "From": NUMBER, "To": OURS, "Body": body, **more}
    await providers.twilio(MessageSid=new_id_text(), **form)


async def test_stop_and_start(world: Bench, providers: Providers) -> None:
    await wrote(providers, "stop")
    await wrote(providers, "STOP!")
    assert await world.rows(IN_FORCE) == [("sms", NUMBER, "all", "stop", "provider:twilio")]
    await wrote(providers, "Start")
    await wrote(providers, "yes")
    assert await world.rows(IN_FORCE) == []
    audit = await world.rows("SELECT operation, actor FROM audit_log ORDER BY id")
    assert [row for row in audit if str(row[0]).startswith("suppression")] == [
        ("suppression.added", "provider:twilio"),
        ("suppression.lifted", "provider:twilio"),
    ]


async def test_start_lifts_nothing_but_a_stop(world: Bench, providers: Providers) -> None:
    await world.execute(
        "INSERT INTO suppressions (id, account_id, channel, address, scope, cause, created_by)"
        " VALUES (gen_random_uuid(), CAST(:account AS uuid), 'sms', :number, 'all', 'manual', 'x')",
        account=providers.home.account_id,
        number=NUMBER,
    )
    await wrote(providers, "stop")
    await wrote(providers, "start")
    assert [row[3] for row in await world.rows(IN_FORCE)] == ["manual"]


async def test_a_stop_that_is_posted_again_does_not_undo_a_start(
    world: Bench, providers: Providers
) -> None:
    form = {"MessageSid": "R1", "SmsStatus": "received", "From": NUMBER, "To": OURS, "Body": "stop"}
    await providers.twilio(**form)
    await wrote(providers, "start")
    await providers.twilio(**form)
    assert await world.rows(IN_FORCE) == []


async def test_a_bounce_of_a_message_nobody_knows_of_yet_is_of_the_account_that_it_names(
    world: Bench, providers: Providers
) -> None:
    """SendGrid posts all events of a shared key to one account's address."""
    theirs = (await world.seed([], contacts=1)).account_id
    named = [
        of_email("M0", "bounce", email=f"{name}@example.com", account_id=account)
        for name, account in (
            ("theirs", theirs),
            ("ours", providers.home.account_id),
            ("nobodys", new_id_text()),
            ("odd", "x"),
        )
    ]
    recorded = await providers.sendgrid(*named)
    assert recorded == (4, 0)
    assert await providers.sendgrid(*named) == (0, 4)
    # What an account's own key has signed speaks of that account alone.
    own = of_email("M1", "bounce", email="own@example.com", account_id=theirs)
    await providers.sendgrid(own, of_account_alone=True)
    rows = await world.rows("SELECT address, account_id::text FROM suppressions ORDER BY address")
    assert rows == [
        ("nobodys@example.com", providers.home.account_id),
        ("odd@example.com", providers.home.account_id),
        ("ours@example.com", providers.home.account_id),
        ("own@example.com", providers.home.account_id),
        ("theirs@example.com", theirs),
    ]


async def test_emails_that_bounce_annoy_or_are_unsubscribed(
    world: Bench, providers: Providers
) -> None:
    for kind in ("bounce", "spamreport", "unsubscribe", "group_unsubscribe", "delivered"):
        address = f"{kind}@Example.com"
        await providers.sendgrid(of_email("M0", kind, email=address))
    assert [row[1:4] for row in await world.rows(IN_FORCE)] == [
        ("bounce@example.com", "all", "bounce"),
        ("spamreport@example.com", "all", "complaint"),
        ("unsubscribe@example.com", "marketing", "unsubscribe"),
        ("group_unsubscribe@example.com", "marketing", "unsubscribe"),
    ]


async def test_many_bounces_at_once_cost_no_statements_of_their_own(
    world: Bench, providers: Providers
) -> None:
    """Claims of the account wait meanwhile."""
    account = providers.home.account_id
    bounces = [
        Following(
            f"E{n}",
            account,
            NewSuppression(Channel.EMAIL, f"{n % 400}@example.com", Cause.BOUNCE, Scope.ALL),
        )
        for n in range(500)
    ]
    async with world.pool.acquire() as connection, connection.transaction():
        statements: list[str] = []
        with connection.query_logger(lambda query: statements.append(query.query)):
            await comply(connection, "sendgrid", bounces)
    assert len(statements) < 10
    assert len(await world.rows(IN_FORCE)) == 400
    assert await world.rows(
        "SELECT count(*) FROM audit_log WHERE operation = 'suppression.added'"
    ) == [(400,)]


async def test_an_event_is_of_the_account_whose_message_it_is_about(
    world: Bench, providers: Providers
) -> None:
    await world.start_engine()
    executor = HandExecutor(world, "communication")
    await executor.start()
    home, tasks = await sending(world, executor, EMAIL)
    await accepted(executor, *tasks, reference="M")
    await world.until("SELECT count(*) FROM messages WHERE action_execution_id IS NOT NULL", 1)
    await executor.stop()
    assert home.account_id != providers.home.account_id
    await providers.sendgrid(of_email("M0", "bounce"))
    rows = await world.rows("SELECT account_id::text FROM suppressions")
    assert rows == [(home.account_id,)]


async def test_help_is_answered_once_from_the_number_it_was_sent_to(
    world: Bench, providers: Providers
) -> None:
    await world.execute("UPDATE accounts SET name = 'Oak & Co'")
    executor = HandExecutor(world, "communication")
    await executor.start()
    form = {"SmsStatus": "received", "From": NUMBER, "To": OURS, "Body": "Help"}
    await asyncio.gather(*(providers.twilio(MessageSid="R1", **form) for _ in range(3)))
    await wrote(providers, "info", OptOutType="HELP")
    await world.start_engine()
    (task,) = await executor.take(1)
    assert isinstance(task, ActionTask)
    assert (task.delivery.recipient, task.delivery.from_number) == (NUMBER, OURS)
    assert task.delivery.body == "Oak & Co: Reply STOP to get no more messages."
    result = result_for(task)
    result.delivery_id = task.delivery.id
    result.completed.output_json = b"{}"
    result.completed.provider_reference = "H"
    await executor.answer(result)
    await world.until("SELECT count(*) FROM deliveries WHERE status = 'sent'", 1)
    assert await world.rows("SELECT count(*) FROM deliveries") == [(1,)]
    await executor.stop()


async def test_events_and_suppressions_commit_together(world: Bench, providers: Providers) -> None:
    await world.execute("ALTER TABLE suppressions ADD CONSTRAINT none CHECK (false) NOT VALID")
    with pytest.raises(Exception, match="none"):
        await wrote(providers, "stop")
    assert await world.rows("SELECT count(*) FROM provider_events") == [(0,)]
