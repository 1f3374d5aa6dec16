"""Consents, suppressions and the account's settings over gRPC."""

from typing import Any

import pytest

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from treadle.account.v1 import account_pb2
from treadle.account.v1 import account_service_pb2 as account_pb
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_MARKETING, SEND_PURPOSE_TRANSACTIONAL
from treadle.compliance.v1 import compliance_pb2
from treadle.compliance.v1 import compliance_service_pb2 as pb
from treadle.compliance.v1.compliance_pb2 import (
    CHANNEL_EMAIL,
    CHANNEL_MESSENGER,
    CHANNEL_SMS,
    CHANNEL_VOICE,
    CONSENT_STATUS_GRANTED,
    CONSENT_STATUS_WITHDRAWN,
    SUPPRESSION_CAUSE_BOUNCE,
    SUPPRESSION_CAUSE_DO_NOT_CONTACT,
    SUPPRESSION_CAUSE_MANUAL,
    SUPPRESSION_SCOPE_ALL,
    SUPPRESSION_SCOPE_MARKETING,
)
from treadle.workflow.v1 import workflow_service_pb2


def consent(**changed: Any) -> compliance_pb2.Consent:
    given: dict[str, Any] = {
        "channel": CHANNEL_SMS,
        "purpose": SEND_PURPOSE_MARKETING,
        "status": CONSENT_STATUS_GRANTED,
        **changed,
    }
    return compliance_pb2.Consent(**given)


async def say(client: Client, contact_id: str, *said: compliance_pb2.Consent) -> Any:
    request = pb.SetConsentsRequest(contact_id=contact_id, consents=said)
    return (await client.compliance.SetConsents(request)).consents


async def add(client: Client, **given: Any) -> compliance_pb2.Suppression:
    request = pb.AddSuppressionRequest(suppression=compliance_pb2.Suppression(**given))
    return (await client.compliance.AddSuppression(request)).suppression


async def lift(client: Client, suppression_id: str) -> compliance_pb2.Suppression:
    request = pb.LiftSuppressionRequest(suppression_id=suppression_id)
    return (await client.compliance.LiftSuppression(request)).suppression


async def listed(client: Client, **filters: Any) -> list[str]:
    found = await client.compliance.ListSuppressions(pb.ListSuppressionsRequest(**filters))
    return [suppression.id for suppression in found.suppressions]


async def operations(client: Client, entity_id: str) -> list[tuple[str, str]]:
    request = workflow_service_pb2.ListAuditEntriesRequest(entity_id=entity_id)
    entries = (await client.workflows.ListAuditEntries(request)).entries
    return [(entry.operation, entry.actor) for entry in entries]


async def test_what_a_contact_says_is_kept_with_its_proof(client: Client) -> None:
    contact = await client.contact(phone="+14155550100")
    await say(client, contact.id, consent(source="signup form", evidence={"ip": "192.0.2.7"}))
    stored = await say(
        client,
        contact.id,
        consent(status=CONSENT_STATUS_WITHDRAWN, source="call"),
        consent(channel=CHANNEL_EMAIL, purpose=SEND_PURPOSE_TRANSACTIONAL),
    )
    assert [(c.channel, c.purpose, c.status, c.source) for c in stored] == [
        (CHANNEL_EMAIL, SEND_PURPOSE_TRANSACTIONAL, CONSENT_STATUS_GRANTED, ""),
        (CHANNEL_SMS, SEND_PURPOSE_MARKETING, CONSENT_STATUS_WITHDRAWN, "call"),
    ]
    assert {c.changed_by for c in stored} == {f"user:{client.subject}"}
    history = await operations(client, contact.id)
    assert sorted(history) == sorted(
        [(f"consent.{done}", f"user:{client.subject}") for done in ("granted", "granted")]
        + [("consent.withdrawn", f"user:{client.subject}")]
        + [("contact.created", f"user:{client.subject}")]
    )


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ([], "consents"),
        ([consent(channel=0)], "consents[0].channel"),
        ([consent(), consent(status=CONSENT_STATUS_WITHDRAWN)], "consents[1]"),
        ([consent(source="x" * 201)], "consents[0].source"),
        ([consent(evidence={"page": "x" * 9_000})], "consents[0].evidence"),
    ],
    ids=["none", "no-channel", "twice", "long-source", "long-evidence"],
)
async def test_a_consent_that_says_nothing_is_refused(
    client: Client, said: list[compliance_pb2.Consent], field: str
) -> None:
    contact = await client.contact()
    error = await refused(say(client, contact.id, *said), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == [field]


async def test_consents_are_of_contacts_of_the_account(api: Api, client: Client) -> None:
    contact = await (await api.client()).contact()
    await refused(say(client, contact.id, consent()), ErrorReason.NOT_FOUND)


@pytest.mark.parametrize(
    ("channel", "address", "key"),
    [
        (CHANNEL_EMAIL, " Ann@Example.COM ", "ann@example.com"),
        (CHANNEL_SMS, "+1 (415) 555-0100", "+14155550100"),
        (CHANNEL_VOICE, "+14155550100", "+14155550100"),
        (CHANNEL_MESSENGER, "2345", "2345"),
    ],
    ids=["email", "sms", "voice", "messenger"],
)
async def test_an_address_is_suppressed_in_one_form(
    client: Client, channel: compliance_pb2.Channel, address: str, key: str
) -> None:
    added = await add(client, channel=channel, address=address, detail="asked by letter")
    assert (added.address, added.scope, added.cause) == (
        key,
        SUPPRESSION_SCOPE_ALL,
        SUPPRESSION_CAUSE_MANUAL,
    )
    assert added.created_by == f"user:{client.subject}"
    again = await add(client, channel=channel, address=key)
    assert again.id == added.id
    assert await listed(client, address=address) == [added.id]
    assert await listed(client, channel=channel, address=address) == [added.id]


async def test_a_wider_scope_takes_the_place_of_a_narrower_one(client: Client) -> None:
    scopes = (SUPPRESSION_SCOPE_MARKETING, SUPPRESSION_SCOPE_ALL, SUPPRESSION_SCOPE_MARKETING)
    stored = [
        await add(client, channel=CHANNEL_SMS, address="+14155550100", scope=scope)
        for scope in scopes
    ]
    assert len({suppression.id for suppression in stored}) == 1
    assert stored[-1].scope == SUPPRESSION_SCOPE_ALL


async def test_what_is_lifted_stays_on_record(client: Client) -> None:
    added = await add(client, channel=CHANNEL_EMAIL, address="a@example.com")
    lifted = await lift(client, added.id)
    assert lifted.HasField("lifted_at")
    assert lifted.lifted_by == f"user:{client.subject}"
    assert (await lift(client, added.id)) == lifted
    assert await listed(client) == []
    assert await listed(client, include_lifted=True) == [added.id]
    another = await add(client, channel=CHANNEL_EMAIL, address="a@example.com")
    assert another.id != added.id
    assert sorted(name for name, _ in await operations(client, added.id)) == [
        "suppression.added",
        "suppression.lifted",
    ]


async def test_a_contact_shows_what_holds_for_it(client: Client) -> None:
    contact = await client.contact(email="Bo@Example.com", phone="+14155550100")
    await say(client, contact.id, consent())
    wanted = [
        await add(client, channel=CHANNEL_EMAIL, address="bo@example.com"),
        await add(client, channel=CHANNEL_VOICE, address="+14155550100"),
        await add(client, contact_id=contact.id),
    ]
    assert wanted[-1].cause == SUPPRESSION_CAUSE_DO_NOT_CONTACT
    await add(client, channel=CHANNEL_EMAIL, address="other@example.com")
    found = await client.compliance.ListConsents(pb.ListConsentsRequest(contact_id=contact.id))
    assert [each.id for each in found.suppressions] == [each.id for each in wanted]
    assert len(found.consents) == 1
    assert await listed(client, contact_id=contact.id) == [wanted[-1].id]


@pytest.mark.parametrize(
    ("given", "reason", "field"),
    [
        ({}, ErrorReason.VALIDATION_FAILED, "suppression"),
        ({"address": "a@example.com"}, ErrorReason.VALIDATION_FAILED, "suppression.channel"),
        (
            {"channel": CHANNEL_SMS, "address": "555"},
            ErrorReason.VALIDATION_FAILED,
            "suppression.address",
        ),
        (
            {
                "channel": CHANNEL_SMS,
                "address": "+14155550100",
                "cause": SUPPRESSION_CAUSE_DO_NOT_CONTACT,
            },
            ErrorReason.VALIDATION_FAILED,
            "suppression.cause",
        ),
        (
            {
                "contact_id": "018f3c5e-0000-7000-8000-000000000000",
                "cause": SUPPRESSION_CAUSE_BOUNCE,
            },
            ErrorReason.VALIDATION_FAILED,
            "suppression.cause",
        ),
        (
            {"channel": CHANNEL_EMAIL, "address": "a@example.com", "detail": "x" * 501},
            ErrorReason.VALIDATION_FAILED,
            "suppression.detail",
        ),
    ],
    ids=["nothing", "no-channel", "no-number", "not-a-contact", "of-a-contact", "long-detail"],
)
async def test_a_suppression_of_nobody_is_refused(
    client: Client, given: dict[str, Any], reason: ErrorReason, field: str
) -> None:
    error = await refused(add(client, **given), reason)
    assert fields(error) == [field]


async def test_pages_of_suppressions(client: Client) -> None:
    added = [
        (await add(client, channel=CHANNEL_SMS, address=f"+1415555010{n}")).id for n in range(5)
    ]
    first = await client.compliance.ListSuppressions(pb.ListSuppressionsRequest(page_size=3))
    request = pb.ListSuppressionsRequest(page_size=3, page_token=first.next_page_token)
    second = await client.compliance.ListSuppressions(request)
    shown = [each.id for page in (first, second) for each in page.suppressions]
    assert shown == added[::-1]
    assert second.next_page_token == ""


async def test_only_an_admin_lifts(api: Api, client: Client) -> None:
    added = await add(client, channel=CHANNEL_SMS, address="+14155550100")
    editor = await api.client("editor", account_id=client.account_id)
    await refused(lift(editor, added.id), ErrorReason.PERMISSION_DENIED)


async def test_a_suppression_of_another_account_is_not_there(api: Api, client: Client) -> None:
    added = await add(client, channel=CHANNEL_SMS, address="+14155550100")
    stranger = await api.client()
    await refused(lift(stranger, added.id), ErrorReason.NOT_FOUND)
    assert await listed(stranger) == []


async def change(client: Client, etag: str = "", **given: Any) -> account_pb2.Account:
    request = account_pb.UpdateAccountRequest(account=account_pb2.Account(**given), etag=etag)
    return (await client.account.UpdateAccount(request)).account


async def test_the_account_keeps_its_settings(client: Client) -> None:
    given: dict[str, Any] = {
        "name": "Oak & Co",
        "timezone": "America/Chicago",
        "currency": "CAD",
        "postal_address": "1 Main St\nSpringfield",
        "explicit_consent_channels": [CHANNEL_VOICE, CHANNEL_SMS],
        "sms_help_text": "Call us",
    }
    stored = await change(client, **given)
    assert stored.name == "Oak & Co"
    assert list(stored.explicit_consent_channels) == [CHANNEL_SMS, CHANNEL_VOICE]
    got = (await client.account.GetAccount(account_pb.GetAccountRequest())).account
    assert got == stored
    assert await operations(client, str(client.account_id)) == [
        ("account.updated", f"user:{client.subject}")
    ]
    await refused(change(client, etag="0", name="Elm"), ErrorReason.STALE_ETAG)
    assert (await change(client, etag=got.etag, name="Elm")).postal_address == got.postal_address


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "account.timezone"),
        ({"currency": "euro"}, "account.currency"),
        ({"name": "x" * 201}, "account.name"),
    ],
    ids=["zone", "currency", "name"],
)
async def test_settings_that_cannot_be_are_refused(
    client: Client, given: dict[str, Any], field: str
) -> None:
    error = await refused(change(client, **given), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == [field]


async def test_what_is_cleared_gets_its_default(client: Client) -> None:
    await change(client, timezone="Europe/Berlin", currency="EUR")
    request = account_pb.UpdateAccountRequest(account=account_pb2.Account())
    request.update_mask.paths.extend(["timezone", "currency"])
    cleared = (await client.account.UpdateAccount(request)).account
    assert (cleared.timezone, cleared.currency) == ("UTC", "USD")
