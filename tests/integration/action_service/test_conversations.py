"""Conversations of Messenger: who writes, how long ago, and how far messages have come."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
import pytest

from common.ids import new_id_text
from tests.support.engine import Bench, HandExecutor, Seeded, bench, result_for
from tests.support.inbound import MESSENGER, Providers, sending
from treadle.dispatch.v1.task_pb2 import ActionTask

PAGE_ID = str(MESSENGER.config["page_id"])
MESSAGES = "SELECT count(*) FROM messages WHERE conversation_id IS NOT NULL"
IDENTITIES = (
    "SELECT psid, contact_id::text, last_message_at FROM messenger_identities ORDER BY psid"
)


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


async def a_page(world: Bench, account: str, page_id: str = PAGE_ID) -> None:
    await world.execute(
        "INSERT INTO messenger_pages (id, account_id, name, facebook_page_id)"
        " VALUES (:id, :account, 'Bakery', 'PAGE')",
        id=page_id,
        account=account,
    )


async def known(world: Bench, home: Seeded, psid: str, contact: int = 0) -> None:
    await world.execute(
        "INSERT INTO messenger_identities (id, account_id, messenger_page_id, psid, contact_id)"
        " VALUES (:id, :account, :page, :psid, :contact)",
        id=new_id_text(),
        account=home.account_id,
        page=PAGE_ID,
        psid=psid,
        contact=home.contact_ids[contact],
    )


async def begun(
    world: Bench, executor: HandExecutor, contacts: int = 1
) -> tuple[Providers, list[ActionTask]]:
    """Messages to persons `P0`, `P1`… that are under way."""
    home, tasks = await sending(world, executor, MESSENGER, contacts)
    await a_page(world, home.account_id)
    for number in range(contacts):
        await known(world, home, f"P{number}", number)
    place = {contact: number for number, contact in enumerate(home.contact_ids)}
    return Providers(world, home), sorted(tasks, key=lambda task: place[task.contact_id])


async def accept(executor: HandExecutor, *tasks: ActionTask) -> None:
    """Meta has taken the messages, as `m0`, `m1`… to those persons."""
    results = [result_for(task) for task in tasks]
    for number, result in enumerate(results):
        output = {"message_id": f"m{number}", "recipient_id": f"P{number}", "page_id": PAGE_ID}
        result.completed.output_json = orjson.dumps(output)
        result.completed.provider_reference = f"m{number}"
    await executor.answer(*results)


async def sent(world: Bench, executor: HandExecutor, contacts: int = 1) -> Providers:
    providers, tasks = await begun(world, executor, contacts)
    await accept(executor, *tasks)
    await world.until(MESSAGES, contacts)
    return providers


def of(psid: str, **said: Any) -> dict[str, Any]:
    return {"sender": {"id": psid}, "recipient": {"id": "PAGE"}, **said}


def at(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def soon() -> int:
    """An instant of after whatever has been sent."""
    return at(datetime.now(UTC) + timedelta(seconds=1))


def message(text: str, ago: timedelta = timedelta(0), **more: Any) -> dict[str, Any]:
    when = at(datetime.now(UTC) - ago)
    return {"timestamp": when, "message": {"mid": new_id_text(), "text": text, **more}}


async def test_whoever_writes_is_known_from_then_on(world: Bench) -> None:
    providers = Providers(world, await world.seed([]))
    await a_page(world, providers.home.account_id)
    first, second = message("Hi", timedelta(days=2)), message("Hi again", timedelta(hours=1))
    await providers.meta(of("P7", **second), of("P7", **first), of("P8", **first))
    rows = await world.rows(IDENTITIES)
    assert [row[:2] for row in rows] == [("P7", None), ("P8", None)]
    assert at(cast("datetime", rows[0][2])) == second["timestamp"]
    assert at(cast("datetime", rows[1][2])) == first["timestamp"]
    # Nobody has said who it is, so there is no contact whose workflows could hear of it.
    assert not await providers.heard()
    older = message("Late", timedelta(days=3))
    await providers.meta(of("P7", **older))
    assert (await world.rows(IDENTITIES))[0] == rows[0]


DEEDS: dict[str, tuple[dict[str, Any], bool]] = {
    "postback": ({"postback": {"mid": "m", "title": "Start", "payload": "GO"}}, True),
    "referral": ({"referral": {"ref": "x"}}, True),
    "reaction": ({"reaction": {"action": "react"}}, True),
    "optin": ({"optin": {"ref": "x"}}, True),
    "read": ({"read": {"watermark": 1_700_000_000_000}}, False),
    "delivery": ({"delivery": {"watermark": 1_700_000_000_000}}, False),
}


@pytest.mark.parametrize(("said", "opens"), DEEDS.values(), ids=DEEDS)
async def test_what_a_person_does_opens_the_window(
    world: Bench, said: dict[str, Any], opens: bool
) -> None:
    providers = Providers(world, await world.seed([]))
    await a_page(world, providers.home.account_id)
    now = datetime.now(UTC)
    await providers.meta(of("P7", timestamp=at(now), **said))
    ((_, _, wrote_at),) = await world.rows(IDENTITIES)
    assert (wrote_at is not None) is opens


async def test_an_echo_and_a_page_that_is_not_ours_change_nothing(world: Bench) -> None:
    providers = Providers(world, await world.seed([]))
    await providers.meta(of("P7", **message("Hi")))
    await a_page(world, providers.home.account_id)
    await providers.meta(of("PAGE", **message("ours", is_echo=True)))
    # A page is its account's alone: another account that posts of it has no such page.
    stranger = Providers(world, await world.seed([]))
    await stranger.meta(of("P9", **message("Hi")))
    assert await world.rows(IDENTITIES) == []


async def test_a_link_that_names_a_contact_says_who_it_is(world: Bench) -> None:
    home = await world.seed([], contacts=2)
    providers = Providers(world, home)
    await a_page(world, home.account_id)
    other = await world.seed([], contacts=1)
    referral = {"ref": home.contact_ids[0].upper(), "source": "SHORTLINK"}
    await providers.meta(of("P1", timestamp=soon(), referral=referral))
    await providers.meta(of("P1", timestamp=soon(), referral={"ref": home.contact_ids[1]}))
    await providers.meta(of("P2", timestamp=soon(), referral={"ref": other.contact_ids[0]}))
    await providers.meta(of("P3", timestamp=soon(), referral={"ref": "spring-sale"}))
    assert [row[:2] for row in await world.rows(IDENTITIES)] == [
        ("P1", home.contact_ids[0]),
        ("P2", None),
        ("P3", None),
    ]


async def test_the_life_of_a_message(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor)
    await providers.meta(of("P0", delivery={"mids": ["m0"], "watermark": soon()}))
    assert (await providers.message("m0"))[0] == "delivered"
    await providers.meta(of("P0", read={"watermark": soon()}, timestamp=soon()))
    assert (await providers.message("m0"))[0] == "read"
    answer = message("Yes", quick_reply={"payload": "YES"})
    await providers.meta(of("P0", **answer))
    await providers.meta(of("P0", **answer))
    state, facts, _ = await providers.message("m0")
    assert (state, set(facts)) == ("replied", {"queued", "delivered", "read", "replied"})
    heard = await providers.heard()
    assert [each[0] for each in heard] == [
        "messenger_delivered",
        "messenger_read",
        "messenger_replied",
    ]
    told = heard[2][1]
    assert (told["body"], told["payload"], told["messenger_page_id"]) == ("Yes", "YES", PAGE_ID)
    assert told["message_id"] == heard[0][1]["message_id"]
    assert len(heard[2][2]) == 1


async def test_the_order_does_not_matter(world: Bench, executor: HandExecutor) -> None:
    providers = await sent(world, executor)
    await providers.meta(of("P0", **message("Yes")))
    await providers.meta(of("P0", read={"watermark": soon()}))
    await providers.meta(of("P0", delivery={"mids": ["m0"], "watermark": soon()}))
    state, facts, _ = await providers.message("m0")
    assert (state, set(facts)) == ("replied", {"queued", "delivered", "read", "replied"})


async def test_a_watermark_is_of_all_that_was_sent_to_the_person_by_then(
    world: Bench, executor: HandExecutor
) -> None:
    providers = await sent(world, executor, contacts=3)
    await world.execute("UPDATE messages SET conversation_id = NULL WHERE contact_id IS NULL")
    # The second to the same person as the first, the third to somebody else.
    await world.execute(
        "UPDATE messages SET conversation_id = (SELECT conversation_id FROM messages"
        " WHERE provider_message_id = 'm0'), sent_at = now() + interval '10 seconds'"
        " WHERE provider_message_id = 'm1'"
    )

    async def states() -> list[object]:
        rows = await world.rows("SELECT state FROM messages ORDER BY provider_message_id")
        return [row[0] for row in rows]

    # Too early for any.
    await providers.meta(of("P0", read={"watermark": at(datetime.now(UTC) - timedelta(hours=1))}))
    assert await states() == ["queued", "queued", "queued"]
    await providers.meta(of("P0", read={"watermark": soon()}))
    assert await states() == ["read", "queued", "queued"]
    await world.execute("UPDATE messages SET sent_at = now() WHERE provider_message_id = 'm1'")
    await providers.meta(of("P0", delivery={"watermark": soon()}, timestamp=1))
    assert await states() == ["read", "delivered", "queued"]
    await providers.meta(of("P0", read={"watermark": soon()}, timestamp=2))
    assert await states() == ["read", "read", "queued"]
    assert [each[0] for each in await providers.heard()].count("messenger_read") == 2


async def test_what_is_told_before_the_answer_is_there_counts(
    world: Bench, executor: HandExecutor
) -> None:
    providers, tasks = await begun(world, executor)
    results = [result_for(task) for task in tasks]
    await asyncio.sleep(0.01)
    await providers.meta(
        of("P0", delivery={"mids": ["m0"], "watermark": soon()}),
        of("P0", read={"watermark": soon()}),
    )
    for result in results:
        output = {"recipient_id": "P0", "page_id": PAGE_ID}
        result.completed.output_json = orjson.dumps(output)
        result.completed.provider_reference = "m0"
    await executor.answer(*results)
    await world.until("SELECT state FROM messages WHERE provider_message_id = 'm0'", "read")
    heard = sorted(each[0] for each in await providers.heard())
    assert heard == ["messenger_delivered", "messenger_read"]


async def test_answers_and_reads_at_once_lose_nothing(world: Bench, executor: HandExecutor) -> None:
    providers, tasks = await begun(world, executor, contacts=30)
    reads = [of(f"P{number}", read={"watermark": soon()}) for number in range(30)]
    deliveries = [
        of(f"P{number}", delivery={"mids": [f"m{number}"], "watermark": 1}) for number in range(30)
    ]
    events = [*reads, *deliveries]
    await asyncio.gather(
        accept(executor, *tasks),
        *(providers.meta(*events[start::5][::-1]) for start in range(5)),
    )
    await world.until("SELECT count(*) FROM messages WHERE state = 'read'", 30)
    heard = [each[0] for each in await providers.heard()]
    assert heard.count("messenger_read") == heard.count("messenger_delivered") == 30


async def test_a_contact_who_writes_first_is_heard(world: Bench) -> None:
    home = await world.seed([], contacts=1)
    providers = Providers(world, home)
    await a_page(world, home.account_id)
    await known(world, home, "P0")
    tap = {"mid": "t1", "title": "Start", "payload": "GO"}
    await providers.meta(of("P0", timestamp=soon(), postback=tap))
    ((event_type, data, origin),) = await providers.heard()
    assert (event_type, origin) == ("messenger_replied", [])
    assert (data["body"], data["payload"], data["messenger_page_id"]) == ("Start", "GO", PAGE_ID)
