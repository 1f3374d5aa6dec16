"""Exports and erasures of contacts, on a real Postgres and NATS."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import orjson
import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from action_service.adapters.privacy.erasing import ErasureWork
from action_service.adapters.privacy.forgetting import STORING
from action_service.adapters.privacy.holdings import HOLDINGS, IMPERSONAL, PACKED
from action_service.adapters.privacy.purging import Purge
from action_service.adapters.provider_events import PostgresProviderEvents
from action_service.use_cases.inbound.events import Provider, read_events
from common.errors import ErrorReason
from common.nats import connect, ensure_streams
from tests.support.action_api import LINKS, Api, Client, refused
from tests.support.inbound import of_email
from tests.support.records import Records
from treadle.compliance.v1 import compliance_pb2, compliance_service_pb2
from treadle.compliance.v1 import privacy_service_pb2 as pb
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.dispatch.v1.event_pb2 import Event, EventBatch
from treadle.record.v1 import contact_import_service_pb2 as import_pb
from treadle.record.v1 import crm_service_pb2, note_pb2, task_pb2

EMAIL = "canary.heron@example.com"
NAME = "Canaryheron"


@pytest.fixture
async def js(nats_url: str) -> AsyncGenerator[JetStreamContext]:
    nc = await connect(nats_url, name="test")
    streams = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
    await ensure_streams(streams)
    yield streams
    await nc.close()


async def exported(client: Client, contact_id: str) -> dict[str, Any]:
    """The document."""
    request = pb.ExportContactRequest(contact_id=contact_id)
    pieces = [answer.data async for answer in client.privacy.ExportContact(request)]
    document: dict[str, Any] = orjson.loads(b"".join(pieces))
    return document


async def erase(client: Client, contact_id: str) -> pb.Erasure:
    """What the call answers."""
    request = pb.EraseContactRequest(contact_id=contact_id)
    return (await client.privacy.EraseContact(request)).erasure


async def whole_database(api: Api) -> str:
    """Every value of every row; bytes as text, where they are text."""
    async with api.db.connect() as connection:
        tables = await connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'treadle'")
        )
        found = ""
        for table in tables.scalars().all():
            rows = await connection.execute(text(f"SELECT * FROM treadle.{table}"))
            for row in rows:
                for value in row:
                    found += value.decode("latin-1") if isinstance(value, bytes) else str(value)
        return found


async def test_every_table_is_declared(api: Api) -> None:
    async with api.db.connect() as connection:
        tables = await connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'treadle'")
        )
        held = {holding.table for holding in HOLDINGS}
        assert set(tables.scalars()) == held | set(PACKED) | IMPERSONAL
        assert not held & IMPERSONAL


async def test_what_was_written_on_messenger_is_exported_and_erased(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    records = Records(client)
    known = await records.new("messenger_identity", psid="canary-psid")
    page = await records.get("messenger_page", known.messenger_page_id)
    event = {
        "sender": {"id": "canary-psid"},
        "recipient": {"id": page.facebook_page_id},
        "message": {"mid": "m_1", "text": f"it is {NAME}"},
    }
    body = orjson.dumps({"entry": [{"messaging": [event]}]})
    told = read_events(Provider.META, body, "", datetime.now(UTC))
    await PostgresProviderEvents(api.db, LINKS).record(client.account_id, Provider.META, told)

    document = await exported(client, known.contact_id)
    assert [each["psid"] for each in document["messenger_identities"]] == ["canary-psid"]
    assert NAME in orjson.dumps(document["provider_events"]).decode()

    await erase(client, known.contact_id)
    work = ErasureWork(api.db, Purge(js))
    while await work.next_piece():
        pass
    assert not await records.list("messenger_identity")
    left = await api.rows("SELECT payload::text, detail::text FROM provider_events")
    assert left == [("{}", "{}")]


async def test_payments_are_exported_and_erased_and_not_kept_again(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    contact = await client.contact(first_name="Mia")
    log = PostgresProviderEvents(api.db, LINKS)

    async def tell(number: int, **more: object) -> None:
        about = {"id": f"pi_{number}", "customer": "cus_1", "receipt_email": EMAIL, **more}
        event = {"id": f"evt_{number}", "type": "payment_intent.succeeded"}
        body = orjson.dumps(event | {"data": {"object": about}})
        told = read_events(Provider.STRIPE, body, "", datetime.now(UTC))
        await log.record(client.account_id, Provider.STRIPE, told)

    ours = {"treadle_account_id": str(client.account_id), "treadle_contact_id": contact.id}
    await tell(1, metadata=ours)
    await tell(2)
    document = await exported(client, contact.id)
    assert orjson.dumps(document["provider_events"]).decode().count(EMAIL) == 2
    references = [each["reference"] for each in document["payment_references"]]
    assert references == ["cus_1", "pi_1", "pi_2"]

    await erase(client, contact.id)
    work = ErasureWork(api.db, Purge(js))
    while await work.next_piece():
        pass
    assert await api.rows("SELECT DISTINCT contact_id FROM payment_references") == [(None,)]
    assert EMAIL not in await whole_database(api)
    # What Stripe goes on to tell of them, by our metadata and by the customer alone.
    await tell(3, metadata=ours)
    await tell(4)
    assert EMAIL not in await whole_database(api)
    await tell(5, customer="cus_2")
    assert EMAIL in await whole_database(api)


async def test_contact_with_records_is_exported_and_erased(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    contact = await client.contact(email=EMAIL, first_name=NAME, phone="+4915112345678")
    other = await client.contact(email="other@example.com", first_name="Other")
    for each in (contact, other):
        note = note_pb2.Note(contact_id=each.id, content=f"spoke with {each.first_name}")
        await client.crm.CreateNote(
            crm_service_pb2.CreateNoteRequest(note=note, request_id=str(uuid4()))
        )
    task = task_pb2.Task(contact_id=contact.id, title=f"call {NAME}")
    await client.crm.CreateTask(crm_service_pb2.CreateTaskRequest(task=task))
    batch = EventBatch(
        account_id=str(client.account_id),
        type="tag_added",
        events=[Event(id=str(uuid4()), contact_id=contact.id, data_json=NAME.encode())],
    )
    subject = f"treadle.events.{client.account_id}.tag_added"
    await js.publish(subject, batch.SerializeToString())

    document = await exported(client, contact.id)
    (shown,) = document["contact"]
    assert shown["email"] == EMAIL
    assert [note["content"] for note in document["notes"]] == [f"spoke with {NAME}"]
    assert "Other" not in orjson.dumps(document).decode()
    assert NAME in await whole_database(api)

    work = ErasureWork(api.db, Purge(js))
    erasure = await erase(client, contact.id)
    assert erasure.status == pb.ERASURE_STATUS_PENDING
    assert await work.next_piece() and await work.next_piece()
    assert not await work.next_piece()

    left = await whole_database(api)
    assert EMAIL not in left
    assert NAME not in left
    assert "+4915112345678" not in left
    assert "spoke with Other" in left
    request = pb.GetErasureRequest(erasure_id=erasure.id)
    done = (await client.privacy.GetErasure(request)).erasure
    assert done.status == pb.ERASURE_STATUS_COMPLETED
    assert done.erased["contacts"] == 1
    assert done.erased["notes"] == 1
    assert done.erased["TREADLE_EVENTS"] == 1
    assert (await erase(client, contact.id)) == done
    await refused(exported(client, contact.id), ErrorReason.NOT_FOUND)


async def test_what_is_told_of_their_messages_later_is_not_kept(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    contact = await client.contact(email=EMAIL)
    async with api.db.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO treadle.messages (id, account_id, provider, provider_message_id,"
                " channel, contact_id, action_execution_id)"
                " VALUES (:id, :account, 'sendgrid', 'M1', 'email', :contact, :step)"
            ),
            {
                "id": uuid4(),
                "account": client.account_id,
                "contact": UUID(contact.id),
                "step": uuid4(),
            },
        )
    log = PostgresProviderEvents(api.db, LINKS)
    await erase(client, contact.id)
    # It may be under way, and have looked for the message's events already.
    opened = orjson.dumps([of_email("M1", "open", email=EMAIL)])
    told = read_events(Provider.SENDGRID, opened, "", datetime.now(UTC))
    await log.record(client.account_id, Provider.SENDGRID, told)
    assert await api.rows("SELECT payload::text FROM provider_events") == [("{}",)]

    work = ErasureWork(api.db, Purge(js))
    while await work.next_piece():
        pass
    bounce = of_email("M1", "bounce", email=EMAIL, reason=f"no mailbox {EMAIL}")
    told = read_events(Provider.SENDGRID, orjson.dumps([bounce]), "", datetime.now(UTC))
    recorded = await log.record(client.account_id, Provider.SENDGRID, told)
    assert recorded.new == 1
    assert (await log.record(client.account_id, Provider.SENDGRID, told)).repeated == 1
    assert EMAIL not in await whole_database(api)


async def test_what_is_told_of_messages_that_nobody_has_taken_down_is_not_kept(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    """The provider's account is shared, and its events come for another account than theirs."""
    phone = "+4915112345678"
    contact = await client.contact(email="old.heron@example.com", phone=phone)
    moved = contact_pb2.Contact(email=EMAIL)
    await client.contacts.UpdateContact(
        contact_service_pb2.UpdateContactRequest(
            contact_id=contact.id, contact=moved, update_mask={"paths": ["email"]}
        )
    )
    home = await api.client("home", "admin")
    await home.workflow()
    log = PostgresProviderEvents(api.db, LINKS)

    async def told(kind: str) -> None:
        emails = [
            of_email(f"M-{kind}", kind, email=email, reason=f"no mailbox {email}")
            for email in (EMAIL.title(), "Old.Heron@example.com", "other@example.com")
        ]
        events = read_events(Provider.SENDGRID, orjson.dumps(emails), "", datetime.now(UTC))
        assert (await log.record(home.account_id, Provider.SENDGRID, events)).new == len(emails)
        form = urlencode({"MessageSid": f"SM-{kind}", "MessageStatus": "sent", "To": phone})
        events = read_events(Provider.TWILIO, form.encode(), "", datetime.now(UTC))
        await log.record(home.account_id, Provider.TWILIO, events)

    await told("delivered")
    before = await whole_database(api)
    work = ErasureWork(api.db, Purge(js))
    await erase(client, contact.id)
    while await work.next_piece():
        pass
    await told("bounce")
    left = await whole_database(api)
    for address in (EMAIL, "old.heron@example.com", phone):
        assert address in before.lower()
        assert address not in left.lower()
    bounced = "SELECT address FROM suppressions WHERE cause = 'bounce'"
    assert await api.rows(bounced) == [("other@example.com",)]


async def test_what_is_told_of_somebody_added_anew_is_kept(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    contact = await client.contact(email=EMAIL)
    await erase(client, contact.id)
    work = ErasureWork(api.db, Purge(js))
    while await work.next_piece():
        pass
    await client.contact(email=EMAIL)
    events = read_events(
        Provider.SENDGRID,
        orjson.dumps([of_email("M1", "open", email=EMAIL)]),
        "",
        datetime.now(UTC),
    )
    await PostgresProviderEvents(api.db, LINKS).record(client.account_id, Provider.SENDGRID, events)
    assert await api.rows("SELECT payload ->> 'email' FROM provider_events") == [(EMAIL,)]


async def test_an_erasure_waits_for_what_is_being_told(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    """Whoever has looked for erasures before there was this one is yet to store what they heard."""
    contact = await client.contact(email=EMAIL)
    work = ErasureWork(api.db, Purge(js))
    async with api.db.connect() as telling:
        await telling.execute(text(f"SELECT {STORING}"))
        await erase(client, contact.id)
        erasing = asyncio.create_task(work.next_piece())
        blocked = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event = 'advisory'"
        )
        async with asyncio.timeout(30):
            while await api.rows(blocked) != [(1,)]:  # noqa: ASYNC110 - of another session
                await asyncio.sleep(0.01)
        await telling.execute(
            text(
                "INSERT INTO treadle.provider_events (id, account_id, provider, provider_event_id,"
                " kind, payload, occurred_at) VALUES (:id, :account, 'sendgrid', 'E1', 'open',"
                " jsonb_build_object('email', CAST(:email AS text)), now())"
            ),
            {"id": uuid4(), "account": client.account_id, "email": EMAIL},
        )
        await telling.commit()
    await erasing
    while await work.next_piece():
        pass
    assert EMAIL not in await whole_database(api)


async def test_an_address_that_another_contact_has_is_not_suppressed(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    shared = "+4915112345678"
    contact = await client.contact(email=EMAIL, phone=shared)
    other = await client.contact(email="other@example.com", phone=shared)
    work = ErasureWork(api.db, Purge(js))
    await erase(client, contact.id)
    while await work.next_piece():
        pass
    request = compliance_service_pb2.ListConsentsRequest(contact_id=other.id)
    assert not (await client.compliance.ListConsents(request)).suppressions
    again = await client.contact(email=EMAIL.upper())
    request = compliance_service_pb2.ListConsentsRequest(contact_id=again.id)
    (held,) = (await client.compliance.ListConsents(request)).suppressions
    assert held.cause == compliance_pb2.SUPPRESSION_CAUSE_ERASURE
    assert held.scope == compliance_pb2.SUPPRESSION_SCOPE_ALL
    assert held.address.startswith("erased:")
    listed = await client.compliance.ListSuppressions(
        compliance_service_pb2.ListSuppressionsRequest(address=EMAIL)
    )
    assert [each.id for each in listed.suppressions] == [held.id]


async def test_an_address_from_before_stays_suppressed_without_being_kept(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    contact = await client.contact(email="old.heron@example.com", phone="+4915112345678")
    asked = compliance_pb2.Suppression(
        channel=compliance_pb2.CHANNEL_SMS,
        address="+4915112345678",
        cause=compliance_pb2.SUPPRESSION_CAUSE_STOP,
    )
    await client.compliance.AddSuppression(
        compliance_service_pb2.AddSuppressionRequest(suppression=asked)
    )
    moved = contact_pb2.Contact(email=EMAIL, phone="+4915187654321")
    await client.contacts.UpdateContact(
        contact_service_pb2.UpdateContactRequest(
            contact_id=contact.id, contact=moved, update_mask={"paths": ["email", "phone"]}
        )
    )
    work = ErasureWork(api.db, Purge(js))
    await erase(client, contact.id)
    while await work.next_piece():
        pass
    assert "4915112345678" not in await whole_database(api)
    again = await client.contact(email="old.heron@example.com", phone="+4915112345678")
    request = compliance_service_pb2.ListConsentsRequest(contact_id=again.id)
    (held,) = (await client.compliance.ListConsents(request)).suppressions
    assert held.channel == compliance_pb2.CHANNEL_SMS
    assert held.cause == compliance_pb2.SUPPRESSION_CAUSE_ERASURE


async def test_rows_of_a_file_on_its_way_are_emptied(
    api: Api, client: Client, js: JetStreamContext
) -> None:
    contact = await client.contact(email=EMAIL)
    file = f"email,first_name\n{EMAIL},{NAME}\nother@example.com,Other\n".encode()

    async def pieces() -> AsyncGenerator[import_pb.StartContactImportRequest]:
        yield import_pb.StartContactImportRequest(data=file)

    await client.imports.StartContactImport(pieces())
    assert NAME in await whole_database(api)
    work = ErasureWork(api.db, Purge(js))
    await erase(client, contact.id)
    while await work.next_piece():
        pass
    left = await whole_database(api)
    assert NAME not in left
    assert "other@example.com" in left


async def test_who_may_erase(api: Api, client: Client) -> None:
    contact = await client.contact(email=EMAIL)
    editor = await api.client("editor", "operator", account_id=client.account_id)
    await refused(erase(editor, contact.id), ErrorReason.PERMISSION_DENIED)
    await refused(exported(editor, contact.id), ErrorReason.PERMISSION_DENIED)
    stranger = await api.client()
    await refused(erase(stranger, contact.id), ErrorReason.NOT_FOUND)
    await refused(exported(stranger, contact.id), ErrorReason.NOT_FOUND)
