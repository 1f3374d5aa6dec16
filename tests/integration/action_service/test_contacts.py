"""Contacts and email templates, over gRPC on a real Postgres."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from tests.support.imports import counts, do_all, shown, upload
from treadle.contact.v1 import contact_pb2
from treadle.contact.v1 import contact_service_pb2 as pb
from treadle.record.v1 import crm_service_pb2, custom_field_pb2
from treadle.record.v1.contact_import_pb2 import IMPORT_DUPLICATES_UPDATE
from treadle.workflow.v1 import workflow_service_pb2

ANN = {
    "email": "Ann@Example.com",
    "phone": "+1 415-555-0100",
    "first_name": " Ann ",
    "last_name": "Lee",
    "timezone": "Europe/Berlin",
    "custom_fields": {"plan": "gold", "visits": 3, "vip": True, "address": {"city": "Bonn"}},
}


async def update(client: Client, contact_id: str, **changes: Any) -> contact_pb2.Contact:
    etag, mask = changes.pop("etag", ""), changes.pop("mask", [])
    request = pb.UpdateContactRequest(
        contact_id=contact_id,
        contact=contact_pb2.Contact(**changes),
        update_mask={"paths": mask},
        etag=etag,
    )
    return (await client.contacts.UpdateContact(request)).contact


async def test_a_contact_is_stored_in_canonical_form(api: Api, client: Client) -> None:
    contact = await client.contact(**ANN, tags=["ignored"], id=str(uuid4()))
    assert contact.email == "Ann@Example.com"
    assert contact.phone == "+14155550100"
    assert contact.first_name == "Ann"
    assert not contact.tags
    assert contact.custom_fields["visits"] == 3
    request = pb.GetContactRequest(contact_id=contact.id)
    assert (await client.contacts.GetContact(request)).contact == contact
    stored = await api.rows("SELECT custom_fields->'visits' FROM contacts")
    assert stored == [(3,)]
    audit = await api.rows("SELECT operation, after FROM audit_log")
    assert audit == [
        (
            "contact.created",
            {
                "email": "Ann@Example.com",
                "phone": "+14155550100",
                "first_name": "Ann",
                "last_name": "Lee",
                "timezone": "Europe/Berlin",
                "custom_fields.plan": "gold",
                "custom_fields.visits": 3,
                "custom_fields.vip": True,
                "custom_fields.address": {"city": "Bonn"},
            },
        )
    ]
    stranger = await api.client()
    await refused(stranger.contacts.GetContact(request), ErrorReason.NOT_FOUND)


async def test_a_number_beyond_64_bits_stays_one(api: Api, client: Client) -> None:
    contact = await client.contact(email="ann@example.com", custom_fields={"n": 1e20, "vip": True})
    renamed = await update(client, contact.id, first_name="Bo", mask=["first_name"])
    assert renamed.custom_fields["n"] == 1e20
    changed = await update(
        client, contact.id, custom_fields={"n": 2e20, "vip": 1}, mask=["custom_fields"]
    )
    assert dict(changed.custom_fields) == {"n": 2e20, "vip": 1}
    audit = await api.rows(
        "SELECT before, after FROM audit_log WHERE operation = 'contact.updated' ORDER BY id DESC"
        " LIMIT 1"
    )
    before, after = {"n": 1e20, "vip": True}, {"n": 2e20, "vip": 1}
    assert repr(audit[0]) == repr(
        tuple({f"custom_fields.{k}": v for k, v in each.items()} for each in (before, after))
    )
    other = b"email,first_name\nann@example.com,Cy\nbo@example.com,Di\n"
    started = await upload(client, other, duplicates=IMPORT_DUPLICATES_UPDATE)
    await do_all(api)
    assert counts(await shown(client, started.id)) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"email": "nonsense"}, ["email"]),
        ({"email": "a@" + "b" * 250 + ".com"}, ["email"]),
        ({"phone": "415 555 0100"}, ["phone"]),
        ({"phone": "+1"}, ["phone"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"timezone": "../../etc/passwd"}, ["timezone"]),
        ({"owner_id": "x"}, ["owner_id"]),
        ({"owner_id": str(uuid4())}, ["owner_id"]),
        ({"first_name": "x" * 201, "last_name": "a\0b"}, ["first_name", "last_name"]),
        ({"custom_fields": {"a b": 1}}, ["custom_fields.a b"]),
        ({"custom_fields": {"a\0b": 1}}, ["custom_fields.a\0b"]),
        ({"custom_fields": {"x": "\0"}}, ["custom_fields.x"]),
        ({"custom_fields": {"x": float("nan")}}, ["custom_fields.x"]),
        ({"custom_fields": {f"f{i}": i for i in range(201)}}, ["custom_fields"]),
        ({"custom_fields": {"big": "x" * 70_000}}, ["custom_fields"]),
    ],
)
async def test_contacts_that_are_refused(
    client: Client, given: dict[str, Any], wrong: list[str]
) -> None:
    error = await refused(client.contact(**given), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == [f"contact.{name}" for name in wrong]


async def test_emails_are_unique_without_regard_to_case(api: Api, client: Client) -> None:
    await client.contact(email="ann@example.com")
    error = await refused(client.contact(email="ANN@example.com"), ErrorReason.ALREADY_EXISTS)
    assert fields(error) == ["contact.email"]
    await (await api.client()).contact(email="ann@example.com")
    # Any number of contacts have no email.
    await client.contact(first_name="A")
    await client.contact(first_name="B")


async def test_a_thousand_contacts_in_one_call(api: Api, client: Client) -> None:
    contacts = [
        contact_pb2.Contact(
            email=f"user{index}@example.com",
            phone=f"+1415555{index:04d}",
            timezone="America/New_York",
            custom_fields={"index": index},
        )
        for index in range(1000)
    ]
    request = pb.CreateContactsRequest(contacts=contacts, request_id=str(uuid4()))
    answer = await client.contacts.CreateContacts(request)
    assert await client.contacts.CreateContacts(request) == answer
    stored = await api.rows("SELECT id::text, email FROM contacts ORDER BY id")
    assert stored == [
        (contact_id, contacts[index].email) for index, contact_id in enumerate(answer.contact_ids)
    ]


async def test_many_who_create_the_same_contacts_do_not_wait_in_a_circle(
    api: Api, client: Client
) -> None:
    await client.contact(first_name="Ada")
    first, second = "a@example.com", "B@example.com"
    taking = "INSERT INTO contacts (account_id, email) VALUES (:account, :email)"
    async with api.db.begin() as other:
        await other.execute(text(taking), {"account": client.account_id, "email": first})
        contacts = [contact_pb2.Contact(email=email) for email in (second, first)]
        request = pb.CreateContactsRequest(contacts=contacts)
        creating = asyncio.create_task(
            refused(client.contacts.CreateContacts(request), ErrorReason.ALREADY_EXISTS)
        )
        await api.lock_waiters(1)
        await other.execute(text(taking), {"account": client.account_id, "email": second})
    await creating


async def test_a_batch_is_all_or_nothing_and_lists_every_bad_one(api: Api, client: Client) -> None:
    await client.contact(email="taken@example.com")

    async def create(*contacts: dict[str, Any]) -> object:
        request = pb.CreateContactsRequest(contacts=[contact_pb2.Contact(**c) for c in contacts])
        return await client.contacts.CreateContacts(request)

    error = await refused(
        create(
            {"email": "good@example.com"},
            {"email": "bad"},
            {"phone": "bad", "timezone": "bad"},
            {"email": "GOOD@example.com"},
        ),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == [
        "contacts[1].email",
        "contacts[2].phone",
        "contacts[2].timezone",
        "contacts[3].email",
    ]
    error = await refused(
        create({"email": "good@example.com"}, {"email": "Taken@example.com"}),
        ErrorReason.ALREADY_EXISTS,
    )
    assert fields(error) == ["contacts[1].email"]
    assert await api.rows("SELECT count(*) FROM contacts") == [(1,)]
    assert fields(await refused(create(), ErrorReason.VALIDATION_FAILED)) == ["contacts"]
    nobody: dict[str, Any] = {}
    error = await refused(create(*[nobody] * 1001), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["contacts"]


async def test_updating_a_contact(api: Api, client: Client) -> None:
    contact = await client.contact(**ANN)
    after = await update(
        client,
        contact.id,
        first_name="Anna",
        custom_fields={"visits": 4, "plan": None, "new": "x"},
        etag=contact.etag,
    )
    assert (after.first_name, after.last_name) == ("Anna", "Lee")
    assert dict(after.custom_fields.items()).keys() == {"visits", "vip", "address", "new"}
    assert after.etag != contact.etag
    await refused(
        update(client, contact.id, first_name="x", etag=contact.etag), ErrorReason.STALE_ETAG
    )
    cleared = await update(client, contact.id, mask=["phone", "timezone"], first_name="ignored")
    assert (cleared.phone, cleared.timezone, cleared.first_name) == ("", "", "Anna")
    assert await update(client, contact.id, first_name="Anna") == cleared
    audit = await api.rows(
        "SELECT before, after FROM audit_log WHERE operation = 'contact.updated' ORDER BY id"
    )
    assert audit[0] == (
        {
            "first_name": "Ann",
            "custom_fields.visits": 3,
            "custom_fields.plan": "gold",
            "custom_fields.new": None,
        },
        {
            "first_name": "Anna",
            "custom_fields.visits": 4,
            "custom_fields.plan": None,
            "custom_fields.new": "x",
        },
    )
    assert len(audit) == 2


async def test_updates_that_are_refused(api: Api, client: Client) -> None:
    await client.contact(email="taken@example.com")
    contact = await client.contact(email="ann@example.com")
    error = await refused(
        update(client, contact.id, email="bad", timezone="bad"), ErrorReason.VALIDATION_FAILED
    )
    assert sorted(fields(error)) == ["contact.email", "contact.timezone"]
    error = await refused(
        update(client, contact.id, email="TAKEN@example.com"), ErrorReason.ALREADY_EXISTS
    )
    assert fields(error) == ["contact.email"]
    for path in ("tags", "custom_fields.plan", "id"):
        await refused(update(client, contact.id, mask=[path]), ErrorReason.MALFORMED_REQUEST)
    await refused(update(client, str(uuid4()), first_name="x"), ErrorReason.NOT_FOUND)
    stranger = await api.client()
    await refused(update(stranger, contact.id, first_name="x"), ErrorReason.NOT_FOUND)
    viewer = await api.client("viewer", account_id=client.account_id)
    await refused(update(viewer, contact.id, first_name="x"), ErrorReason.PERMISSION_DENIED)
    # Only what the mask names is looked at.
    assert await update(client, contact.id, email="bad", first_name="x", mask=["first_name"])


async def test_an_owner_is_a_user_of_the_account(api: Api, client: Client) -> None:
    await client.workflow()
    contact = await client.contact(first_name="A", owner_id=client.subject)
    assert contact.owner_id == client.subject
    stranger = await api.client()
    error = await refused(
        stranger.contact(first_name="A", owner_id=client.subject), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["contact.owner_id"]
    await update(client, contact.id, mask=["owner_id"])
    error = await refused(
        update(client, contact.id, owner_id=str(uuid4())), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["contact.owner_id"]


async def test_lists_of_contacts(api: Api, client: Client) -> None:
    made = [await client.contact(email=f"u{index}@example.com") for index in range(5)]
    await (await api.client()).contact(email="other@example.com")

    async def page(**more: Any) -> pb.ListContactsResponse:
        return await client.contacts.ListContacts(pb.ListContactsRequest(**more))

    first = await page(page_size=3)
    second = await page(page_size=3, page_token=first.next_page_token)
    assert [*first.contacts, *second.contacts] == made[::-1]
    assert list((await page(email="U3@example.com")).contacts) == [made[3]]
    await api.execute(
        "WITH t AS (INSERT INTO tags (account_id, name) VALUES (:account, 'vip') RETURNING id)"
        " INSERT INTO contact_tags (contact_id, tag_id, account_id)"
        " SELECT CAST(:contact AS uuid), t.id, :account FROM t",
        account=client.account_id,
        contact=made[1].id,
    )
    (tagged,) = (await page(tag="vip")).contacts
    assert (tagged.id, list(tagged.tags)) == (made[1].id, ["vip"])
    assert not (await page(tag="nobody")).contacts
    await refused(page(page_token=first.next_page_token, tag="vip"), ErrorReason.MALFORMED_REQUEST)


def template(**values: str) -> pb.CreateEmailTemplateRequest:
    given = {"name": "Welcome", "html_body": "<p>Hi {{ contact.first_name }}</p>"} | values
    return pb.CreateEmailTemplateRequest(**given)  # pyright: ignore[reportArgumentType] - all are texts


async def test_email_templates(api: Api, client: Client) -> None:
    wanted = str(uuid4())
    request = template(template_id=wanted, text_body="Hi")
    created = (await client.contacts.CreateEmailTemplate(request)).template
    assert (created.id, created.text_body) == (wanted, "Hi")
    get = pb.GetEmailTemplateRequest(template_id=wanted)
    assert (await client.contacts.GetEmailTemplate(get)).template == created
    service = await api.client("service", account_id=client.account_id, subject="service:executor")
    assert (await service.contacts.GetEmailTemplate(get)).template == created
    await refused((await api.client()).contacts.GetEmailTemplate(get), ErrorReason.NOT_FOUND)
    for request, field in (
        (template(template_id=wanted, name="Other"), "template_id"),
        (template(), "name"),
    ):
        error = await refused(
            client.contacts.CreateEmailTemplate(request), ErrorReason.ALREADY_EXISTS
        )
        assert fields(error) == [field]
    await client.contacts.CreateEmailTemplate(template(name="Another"))
    listed = await client.contacts.ListEmailTemplates(pb.ListEmailTemplatesRequest(page_size=1))
    assert [t.name for t in listed.templates] == ["Another"]
    rest = await client.contacts.ListEmailTemplates(
        pb.ListEmailTemplatesRequest(page_size=1, page_token=listed.next_page_token)
    )
    assert [t.name for t in rest.templates] == ["Welcome"]
    assert not rest.next_page_token


async def test_templates_that_are_refused(client: Client) -> None:
    error = await refused(
        client.contacts.CreateEmailTemplate(
            template(name="", html_body="{{ contact.first_name", text_body="{% if %}{{ foo }}")
        ),
        ErrorReason.VALIDATION_FAILED,
    )
    assert set(fields(error)) == {"name", "html_body", "text_body"}
    error = await refused(
        client.contacts.CreateEmailTemplate(template(html_body="  ")),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["html_body"]
    await refused(
        client.contacts.CreateEmailTemplate(template(template_id="x")),
        ErrorReason.MALFORMED_REQUEST,
    )


async def test_a_template_is_changed_as_far_as_is_said(api: Api, client: Client) -> None:
    created = (await client.contacts.CreateEmailTemplate(template(text_body="Hi"))).template

    async def change(**values: str) -> contact_pb2.EmailTemplate:
        request = pb.UpdateEmailTemplateRequest(template_id=created.id, **values)
        return (await client.contacts.UpdateEmailTemplate(request)).template

    changed = await change(html_body="<p>Ho</p>", text_body="")
    assert (changed.name, changed.html_body, changed.text_body) == (created.name, "<p>Ho</p>", "")
    assert changed.updated_at.ToDatetime() > created.updated_at.ToDatetime()
    assert await change(html_body="<p>Ho</p>") == changed
    audit = await api.rows(
        "SELECT before, after FROM audit_log WHERE operation = 'email_template.updated'"
    )
    assert audit == [
        (
            {"html_body": created.html_body, "text_body": "Hi"},
            {"html_body": "<p>Ho</p>", "text_body": ""},
        )
    ]
    error = await refused(change(name=" ", html_body="{{"), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["name", "html_body"]
    await client.contacts.CreateEmailTemplate(template(name="Another"))
    await refused(change(name="Another"), ErrorReason.ALREADY_EXISTS)
    stranger = await api.client()
    request = pb.UpdateEmailTemplateRequest(template_id=created.id, name="x")
    await refused(stranger.contacts.UpdateEmailTemplate(request), ErrorReason.NOT_FOUND)
    viewer = await api.client("viewer", account_id=client.account_id)
    await refused(viewer.contacts.UpdateEmailTemplate(request), ErrorReason.PERMISSION_DENIED)


async def test_declared_custom_fields_take_values_of_their_type(api: Api, client: Client) -> None:
    for name, kind in (("visits", "NUMBER"), ("since", "DATE"), ("vip", "BOOLEAN")):
        declared = custom_field_pb2.CustomField(name=name, field_type=f"CUSTOM_FIELD_TYPE_{kind}")
        await client.crm.CreateCustomField(
            crm_service_pb2.CreateCustomFieldRequest(custom_field=declared)
        )
    contact = await client.contact(
        custom_fields={"visits": "12", "since": "2026-03-31", "vip": "yes", "plan": "gold"}
    )
    assert dict(contact.custom_fields) == {
        "visits": 12, "since": "2026-03-31", "vip": True, "plan": "gold",
    }  # fmt: skip
    error = await refused(
        client.contact(custom_fields={"visits": "many", "since": "soon", "vip": 2}),
        ErrorReason.VALIDATION_FAILED,
    )
    assert sorted(fields(error)) == [
        f"contact.custom_fields.{name}" for name in ("since", "vip", "visits")
    ]
    changed = await update(client, contact.id, custom_fields={"visits": "13", "vip": None})
    assert dict(changed.custom_fields) == {"visits": 13, "since": "2026-03-31", "plan": "gold"}
    error = await refused(
        update(client, contact.id, custom_fields={"since": True}), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["contact.custom_fields.since"]


async def test_who_changed_a_contact(api: Api, client: Client) -> None:
    contact = await client.contact(first_name="Ann")
    await client.contact(first_name="Bea")
    await update(client, contact.id, first_name="Anna")
    request = workflow_service_pb2.ListAuditEntriesRequest(entity_id=contact.id, page_size=1)
    answer = await client.workflows.ListAuditEntries(request)
    (changed,) = answer.entries
    assert (changed.operation, changed.actor) == ("contact.updated", f"user:{client.subject}")
    assert (dict(changed.before), dict(changed.after)) == (
        {"first_name": "Ann"},
        {"first_name": "Anna"},
    )
    request.page_token = answer.next_page_token
    (created,) = (await client.workflows.ListAuditEntries(request)).entries
    assert created.operation == "contact.created"
    stranger = await api.client()
    request = workflow_service_pb2.ListAuditEntriesRequest(entity_id=contact.id)
    assert not (await stranger.workflows.ListAuditEntries(request)).entries
    error = await refused(
        client.workflows.ListAuditEntries(workflow_service_pb2.ListAuditEntriesRequest()),
        ErrorReason.VALIDATION_FAILED,
    )
    assert fields(error) == ["workflow_id"]
