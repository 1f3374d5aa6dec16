"""Contacts from CSV files: what becomes of each row."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.database import PostgresDatabase
from action_service.adapters.plan_cache import PlanCache
from action_service.servicers.contact_import_servicer import ContactImportServicer
from common.db import create_engine
from common.errors import ErrorReason, TreadleError
from tests.support.action_api import Api, Client, refused
from tests.support.imports import (
    counts,
    csv,
    do_all,
    importer,
    people,
    refused_rows,
    shown,
    upload,
)
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.record.v1 import contact_import_service_pb2 as pb
from treadle.record.v1.contact_import_pb2 import (
    IMPORT_DUPLICATES_SKIP,
    IMPORT_DUPLICATES_UPDATE,
    IMPORT_STATUS_COMPLETED,
    IMPORT_STATUS_FAILED,
    IMPORT_STATUS_PENDING,
    IMPORT_STATUS_RUNNING,
)

CONTACTS = """
    SELECT email, phone, first_name, last_name, timezone, custom_fields,
           ARRAY(SELECT name FROM contact_tags JOIN tags ON id = tag_id
                 WHERE contact_id = c.id ORDER BY name)
    FROM contacts c ORDER BY id
"""


async def events(api: Api) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of all events, sorted by type; each tells where it is from."""
    found: list[tuple[str, dict[str, Any]]] = []
    for (payload,) in await api.rows("SELECT payload FROM event_outbox ORDER BY event_type, id"):
        assert isinstance(payload, bytes)
        batch = EventBatch.FromString(payload)
        for event in batch.events:
            assert not event.origin_execution_ids
            found.append((batch.type, orjson.loads(event.data_json)))
    return found


async def test_every_column_finds_its_field(api: Api, client: Client) -> None:
    contact = await client.contact(first_name="Owner's own")
    for name, kind in (("visits", "number"), ("vip", "boolean"), ("since", "date")):
        await api.execute(
            "INSERT INTO custom_fields (account_id, name, field_type) VALUES (:a, :n, :k)",
            a=client.account_id, n=name, k=kind,
        )  # fmt: skip
    started = await upload(
        client,
        csv(
            "Email,PHONE,First Name,last_name,timezone,Mitglied seit,custom_fields.visits,"
            "custom_fields.vip,custom_fields.note,Tags,Farbe,owner_id",
            'Ada@Example.com,+44 20 7946 0958,Ada,"Love\nlace",Europe/London,2026-03-31,12.50,yes,'
            f"0012,a; b ;a;,red,{client.subject}",
        ).replace(b"\nlace", b" lace"),
        columns={"Mitglied seit": "custom_fields.since", "Farbe": ""},
        piece=7,
    )
    assert (started.status, started.total_rows) == (IMPORT_STATUS_PENDING, 1)
    assert started.file_name == "contacts.csv"
    assert await do_all(api) == 1
    done = await shown(client, started.id)
    assert done.status == IMPORT_STATUS_COMPLETED
    assert counts(done) == (1, 0, 0, 0)
    assert done.HasField("finished_at")
    assert (await api.rows(CONTACTS))[1] == (
        "Ada@Example.com",
        "+442079460958",
        "Ada",
        "Love lace",
        "Europe/London",
        {"since": "2026-03-31", "visits": 12.5, "vip": True, "note": "0012"},
        ["a", "b"],
    )
    owners = await api.rows("SELECT owner_id::text FROM contacts WHERE id <> :id", id=contact.id)
    assert owners == [(client.subject,)]


async def test_what_is_told_and_audited(api: Api, client: Client) -> None:
    await client.contact(email="ada@example.com", first_name="Ada")
    await api.execute("DELETE FROM event_outbox")
    await api.execute("DELETE FROM audit_log")
    started = await upload(
        client,
        csv("email,first_name,tags", "ada@example.com,Eda,x", "bob@example.com,Bob,"),
        duplicates=IMPORT_DUPLICATES_UPDATE,
    )
    await do_all(api)
    created, updated, (tagged, tag_data) = await events(api)
    assert created == (
        "contact_created",
        {
            "source": "import",
            "email": "bob@example.com",
            "phone": None,
            "first_name": "Bob",
            "last_name": None,
            "custom_fields": {},
        },
    )
    assert updated == (
        "contact_updated",
        {"source": "import", "changes": {"first_name": {"before": "Ada", "after": "Eda"}}},
    )
    assert (tagged, tag_data["tag_name"]) == ("tag_added", "x")
    audit = await api.rows("SELECT operation, actor, before, after FROM audit_log ORDER BY id")
    actor = f"user:{client.subject}"
    assert audit == [
        (
            "contact_import.started",
            actor,
            None,
            {
                "file_name": "contacts.csv",
                "duplicates": "update",
                "total_rows": 2,
                "columns": {"email": "email", "first_name": "first_name", "tags": "tags"},
            },
        ),
        ("contact.created", actor, None, {"email": "bob@example.com", "first_name": "Bob"}),
        ("contact.updated", actor, {"first_name": "Ada"}, {"first_name": "Eda"}),
        (
            "contact_import.completed",
            actor,
            None,
            {"created_rows": 1, "updated_rows": 1, "skipped_rows": 0, "refused_rows": 0},
        ),
    ]
    assert (await shown(client, started.id)).updated_rows == 1


async def test_duplicates_are_skipped(api: Api, client: Client) -> None:
    await client.contact(email="ada@example.com", first_name="Ada")
    started = await upload(
        client,
        csv(
            "email,first_name,tags",
            "ADA@example.com,Eda,x",
            "bob@example.com,Bob,",
            "Bob@Example.com,Rob,y",
            ",Nobody,",
            ",Nobody,",
        ),
    )
    await do_all(api)
    assert counts(await shown(client, started.id)) == (3, 0, 2, 0)
    rows = await api.rows(CONTACTS)
    assert [(row[0], row[2], row[6]) for row in rows] == [
        ("ada@example.com", "Ada", []),
        ("bob@example.com", "Bob", []),
        (None, "Nobody", []),
        (None, "Nobody", []),
    ]


async def test_duplicates_are_updated_by_what_is_given(api: Api, client: Client) -> None:
    await client.contact(
        email="ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        custom_fields={"plan": "free", "n": 1},
    )
    started = await upload(
        client,
        csv(
            "email,first_name,last_name,custom_fields.plan,tags",
            "ADA@example.com,Eda,,pro,x",
            "ada@example.com,Eda,,,x",
            "bob@example.com,Bob,,,",
            "bob@example.com,,Jones,,y",
            "bob@example.com,,,,y;z",
        ),
        duplicates=IMPORT_DUPLICATES_UPDATE,
    )
    await do_all(api)
    assert counts(await shown(client, started.id)) == (1, 3, 1, 0)
    assert await api.rows(CONTACTS) == [
        ("ada@example.com", None, "Eda", "Lovelace", None, {"plan": "pro", "n": 1}, ["x"]),
        ("bob@example.com", None, "Bob", "Jones", None, {}, ["y", "z"]),
    ]
    told = [each for each, _ in await events(api)]
    assert told.count("contact_created") == 2
    assert told.count("contact_updated") == 2
    assert told.count("tag_added") == 3


async def test_refused_rows_say_everything_that_is_wrong(api: Api, client: Client) -> None:
    await client.contact()
    await api.execute(
        "INSERT INTO custom_fields (account_id, name, field_type) VALUES (:a, 'visits', 'number')",
        a=client.account_id,
    )
    stranger = str(uuid4())
    started = await upload(
        client,
        csv(
            "E-Mail,phone,timezone,owner_id,custom_fields.visits,tags,first_name,misc",
            f"nonsense,555,Mars,{stranger},many,{'t' * 101},{'n' * 201},m",
            "good@example.com,,,,,,Good,",
            f"other@example.com,,,{stranger},,,,",
            "",
            "third@example.com,too,few",
            "a@example.com,,,,,,,,b",
            ",,,,,,,only this",
            ",,,,,,,",
        ),
        columns={"E-Mail": "email", "misc": ""},
    )
    assert started.total_rows == 6
    await do_all(api)
    assert counts(await shown(client, started.id)) == (1, 0, 0, 5)
    rows = await refused_rows(client, started.id, page_size=2)
    problems = {
        row.row_number: [(each.column, each.description) for each in row.problems] for row in rows
    }
    assert list(problems) == [2, 4, 6, 7, 8]
    assert [column for column, _ in problems[2]] == [
        "tags",
        "custom_fields.visits",
        "E-Mail",
        "phone",
        "first_name",
        "timezone",
    ]
    assert problems[4] == [("owner_id", "there is no user with this id")]
    assert problems[6] == [("", "has 3 cells, and the header 8")]
    assert problems[7] == [("", "has 9 cells, and the header 8")]
    assert problems[8] == [("", "fills no field of a contact")]
    assert dict(rows[0].values)["E-Mail"] == "nonsense"
    assert dict(rows[3].values)["column 9"] == "b"
    assert dict(rows[4].values)["misc"] == "only this"


async def test_consents_come_with_the_contacts(api: Api, client: Client) -> None:
    await client.contact(email="ada@example.com")
    header = "email,SMS consent,messenger_consent,voice_consent"
    started = await upload(
        client,
        csv(
            header,
            "ada@example.com,Granted,,",
            "bob@example.com,withdrawn,granted,",
            "cid@example.com,yes,,granted",
            "dot@example.com,,,",
        ),
        duplicates=IMPORT_DUPLICATES_UPDATE,
    )
    await do_all(api)
    assert counts(await shown(client, started.id)) == (2, 1, 0, 1)
    (row,) = await refused_rows(client, started.id)
    assert [(each.column, each.description) for each in row.problems] == [
        ("SMS consent", "must be granted or withdrawn")
    ]
    stored = """
        SELECT email, channel, status, source, evidence->>'contact_import_id', changed_by
        FROM consents n JOIN contacts c ON c.id = n.contact_id
        WHERE purpose = 'marketing' ORDER BY email, channel
    """
    proof = ("import", started.id, f"user:{client.subject}")
    kept = [
        ("ada@example.com", "sms", "granted", *proof),
        ("bob@example.com", "messenger", "granted", *proof),
        ("bob@example.com", "sms", "withdrawn", *proof),
    ]
    assert await api.rows(stored) == kept
    operations = await api.rows(
        "SELECT operation, count(*) FROM audit_log WHERE operation LIKE 'consent.%'"
        " GROUP BY operation ORDER BY operation"
    )
    assert operations == [("consent.granted", 2), ("consent.withdrawn", 1)]
    again = await upload(
        client,
        csv(header, "ada@example.com,granted,,", "bob@example.com,granted,,"),
        duplicates=IMPORT_DUPLICATES_UPDATE,
    )
    await do_all(api)
    assert counts(await shown(client, again.id)) == (0, 0, 1, 1)
    (row,) = await refused_rows(client, again.id)
    assert "sms_consent: the contact has withdrawn it" in row.problems[0].description
    assert await api.rows(stored) == kept


async def test_custom_fields_that_grow_too_many_are_refused(api: Api, client: Client) -> None:
    await client.contact(email="ada@example.com", custom_fields={f"f{n}": n for n in range(200)})
    started = await upload(
        client,
        csv("email,custom_fields.extra", "ada@example.com,1"),
        duplicates=IMPORT_DUPLICATES_UPDATE,
    )
    await do_all(api)
    assert counts(await shown(client, started.id)) == (0, 0, 0, 1)
    (row,) = await refused_rows(client, started.id)
    assert "200 fields" in row.problems[0].description


@pytest.mark.parametrize(
    ("header", "columns", "said"),
    [
        ("email,Company", {}, ('column "Company"', "custom_fields.<name>", "left out")),
        ("email,email", {}, ('2 columns are called "email"',)),
        ("email,E-Mail", {"E-Mail": "email"}, ('"email" and "E-Mail" both fill email',)),
        ("email,Email", {}, ('"email" and "Email" both fill email',)),
        ("email,,x", {}, ("column 2 has no name",)),
        ("email", {"Mail": "email"}, ('no column "Mail"',)),
        ("email", {"email": "e-mail"}, ('"email" cannot fill "e-mail"', "first_name")),
        ("email", {"email": "custom_fields.a b"}, ('cannot fill "custom_fields.a b"',)),
        ("email,x", {"email": "", "x": ""}, ("every column is left out",)),
        (",".join(f"custom_fields.f{n}" for n in range(501)), {}, ("501 columns",)),
    ],
)
async def test_headers_that_are_refused(
    client: Client, header: str, columns: dict[str, str], said: tuple[str, ...]
) -> None:
    call = upload(client, csv(header, "a@example.com"), columns=columns)
    error = await refused(call, ErrorReason.VALIDATION_FAILED)
    for part in said:
        assert part in error.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n", "the file is empty"),
        (b"\r\nemail\r\na@b.com\r\n", "row 1 is blank"),
        (b"email\r\n\r\n", "no rows below the header"),
        ("email\r\nä".encode("utf-16"), "not UTF-8"),
        (b"email,first_name\r\na@example.com,\xe4\r\n", "row 2: the text is not UTF-8"),
        (b"email\r\na\0@example.com\r\n", "NUL"),
        (b'email\r\n"a@example.com\r\n', "row 2: a quote is opened"),
        (b'email\r\n"a"b\r\n', "row 2: there is text after a closing quote"),
        (b"email\r\n" + b"x" * 140_000, "row 2: a field is longer"),
        (b"email\r\n" + b"x," * 700_000, "row 2: the row is longer"),
    ],
)
async def test_files_that_are_refused(api: Api, client: Client, data: bytes, said: str) -> None:
    error = await refused(upload(client, data), ErrorReason.VALIDATION_FAILED)
    assert said in error.message
    assert await api.rows("SELECT count(*) FROM contact_imports") == [(0,)]


async def test_a_file_that_is_too_large(api: Api, client: Client) -> None:
    data = b"first_name\r\n" + (b"x" * 100 + b"\r\n") * 520_000
    error = await refused(upload(client, data, piece=1_000_000), ErrorReason.REQUEST_TOO_LARGE)
    assert "50 MiB" in error.message
    assert await api.rows("SELECT count(*) FROM contact_imports") == [(0,)]


async def test_semicolons_and_a_byte_order_mark(api: Api, client: Client) -> None:
    data = '\ufeff"email";"first_name";tags\na@example.com;"Ann; Lee, jr.";"x;y"\n'
    started = await upload(client, data.encode())
    await do_all(api)
    assert counts(await shown(client, started.id)) == (1, 0, 0, 0)
    ((email, _, first_name, *_, tags),) = await api.rows(CONTACTS)
    assert (email, first_name, tags) == ("a@example.com", "Ann; Lee, jr.", ["x", "y"])


async def test_the_same_request_again_starts_nothing(api: Api, client: Client) -> None:
    request_id = str(uuid4())
    first = await upload(client, people(range(3)), request_id=request_id)
    again = await upload(client, people(range(3)), request_id=request_id, piece=11)
    assert again == first
    await refused(
        upload(client, people(range(4)), request_id=request_id), ErrorReason.REQUEST_ID_REUSED
    )
    assert await api.rows("SELECT count(*) FROM contact_imports") == [(1,)]


async def test_progress_shows_while_it_runs(api: Api, client: Client) -> None:
    started = await upload(client, people(range(1_200)))
    work = importer(api)
    assert await work.next_batch()
    running = await shown(client, started.id)
    assert (running.status, running.processed_rows) == (IMPORT_STATUS_RUNNING, 500)
    assert not running.HasField("finished_at")
    assert await do_all(api) == 2
    assert (await shown(client, started.id)).processed_rows == 1_200
    assert await api.rows("SELECT count(*) FROM contact_import_batches") == [(0,)]


async def test_imports_take_turns(api: Api, client: Client) -> None:
    large = await upload(client, people(range(1_500)))
    small = await upload(client, people(range(2_000, 2_010)))
    work = importer(api)
    assert await work.next_batch()
    assert await work.next_batch()
    assert (await shown(client, small.id)).status == IMPORT_STATUS_COMPLETED
    assert (await shown(client, large.id)).processed_rows == 500


async def test_an_import_that_cannot_go_on_fails_alone(api: Api, client: Client) -> None:
    broken = await upload(client, people(range(700)))
    other = await upload(client, people(range(1_000, 1_003)))
    await api.execute("UPDATE contact_import_batches SET rows = 'x' WHERE number = 1")
    await do_all(api)
    failed = await shown(client, broken.id)
    assert failed.status == IMPORT_STATUS_FAILED
    assert "operators" in failed.failure
    assert failed.processed_rows == 500
    assert (await shown(client, other.id)).status == IMPORT_STATUS_COMPLETED


async def test_imports_belong_to_their_account(api: Api, client: Client) -> None:
    ids = [(await upload(client, people([n]))).id for n in range(3)]
    request = pb.ListContactImportsRequest(page_size=2)
    page = await client.imports.ListContactImports(request)
    request.page_token = page.next_page_token
    rest = await client.imports.ListContactImports(request)
    assert [each.id for each in (*page.contact_imports, *rest.contact_imports)] == ids[::-1]
    assert not rest.next_page_token

    stranger = await api.client()
    assert not (await stranger.imports.ListContactImports(request.__class__())).contact_imports
    await refused(shown(stranger, ids[0]), ErrorReason.NOT_FOUND)
    await refused(refused_rows(stranger, ids[0]), ErrorReason.NOT_FOUND)


async def test_viewers_only_look(api: Api, client: Client) -> None:
    started = await upload(client, people([1]))
    viewer = await api.client("viewer", account_id=client.account_id)
    assert (await shown(viewer, started.id)).id == started.id
    await refused(upload(viewer, people([2])), ErrorReason.PERMISSION_DENIED)
    editor = await api.client("editor", account_id=client.account_id)
    assert await upload(editor, people([3]), duplicates=IMPORT_DUPLICATES_SKIP)


async def test_a_file_that_does_not_come_to_an_end(database_url: str) -> None:
    async with create_engine_for(database_url) as db:
        servicer = ContactImportServicer(
            PostgresDatabase(db, PlanCache()), upload_time=timedelta(milliseconds=50)
        )

        async def requests() -> AsyncIterator[pb.StartContactImportRequest]:
            yield pb.StartContactImportRequest(data=b"email\r\n")
            await asyncio.Event().wait()

        with pytest.raises(TreadleError, match="too long to arrive"):
            await servicer.StartContactImport(requests(), None)


async def test_few_files_at_once(database_url: str) -> None:
    async with create_engine_for(database_url) as db:
        servicer = ContactImportServicer(
            PostgresDatabase(db, PlanCache()), upload_time=timedelta(milliseconds=300)
        )

        async def requests() -> AsyncIterator[pb.StartContactImportRequest]:
            await asyncio.Event().wait()
            yield pb.StartContactImportRequest()

        calls = (servicer.StartContactImport(requests(), None) for _ in range(5))
        errors = await asyncio.gather(*calls, return_exceptions=True)
        reasons = [error.reason for error in errors if isinstance(error, TreadleError)]
        assert reasons == [ErrorReason.DEADLINE_EXCEEDED] * 4 + [ErrorReason.OVERLOADED]


@asynccontextmanager
async def create_engine_for(database_url: str) -> AsyncGenerator[AsyncEngine]:
    db = create_engine(database_url, search_path="treadle", pool_size=1)
    yield db
    await db.dispose()
