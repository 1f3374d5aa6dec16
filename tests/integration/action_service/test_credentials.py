"""Credentials over gRPC: set by admins, listed without secrets, opened for services alone."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from grpc import aio

from action_service.adapters.credentials import rewrap_data_keys
from action_service.adapters.vault import Vault
from action_service.domain.credentials import MAX_CREDENTIALS, UnreadableSecretError
from common.auth import SERVICE_ROLE, issue_token
from common.errors import ErrorReason
from common.grpc.client import connect
from tests.support.action_api import MASTER_KEY, SECRET, Api, Client, fields, refused
from treadle.credential.v1 import credential_pb2
from treadle.credential.v1 import credential_service_pb2 as pb
from treadle.credential.v1.credential_pb2 import (
    PROVIDER_FACEBOOK_PAGE,
    PROVIDER_SENDGRID,
    PROVIDER_STRIPE,
    PROVIDER_TWILIO,
    Provider,
)
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceStub

CANARY = "SG.canary-3b1f0f5e2d9c4a7788"
SIGNING = "whsec_" + b64encode(b"canary of thirty and two bytes..").decode()
EVERY: dict[str, dict[str, str]] = {
    "sendgrid": {"api_key": CANARY},
    "twilio": {"account_sid": "AC" + "1" * 32, "auth_token": CANARY},
    "stripe": {"secret_key": CANARY, "webhook_secret": "whsec_1"},
    "facebook_page": {"page_id": "1024", "access_token": CANARY, "app_secret": "x"},
    "webhook_signing": {"secret": SIGNING},
}


def secret(**providers: dict[str, str]) -> credential_pb2.Secret:
    given: dict[str, Any] = providers
    return credential_pb2.Secret(**given)


async def put(
    client: Client, name: str = "", etag: str = "", **providers: dict[str, str]
) -> credential_pb2.Credential:
    return await store(client, secret(**providers), name=name, etag=etag)


async def store(
    client: Client, given: credential_pb2.Secret, **fields: str
) -> credential_pb2.Credential:
    request = pb.SetCredentialRequest(secret=given, **cast("dict[str, Any]", fields))
    return (await client.credentials.SetCredential(request)).credential


async def resolve(
    api: Api, account_id: UUID, provider: Provider, name: str = ""
) -> pb.ResolveCredentialResponse:
    """As an executor."""
    token = issue_token(
        SECRET,
        subject="service:executor",
        account_id=None,
        roles=(SERVICE_ROLE,),
        ttl=timedelta(minutes=1),
    )
    request = pb.ResolveCredentialRequest(account_id=str(account_id), provider=provider, name=name)
    async with connect(api.address, token=lambda: token) as channel:
        return await CredentialServiceStub(channel).ResolveCredential(request)


@pytest.mark.parametrize("provider", EVERY)
async def test_what_is_set_is_what_services_get(api: Api, client: Client, provider: str) -> None:
    stored = await store(client, secret(**{provider: EVERY[provider]}))
    assert stored.provider == Provider.Value(f"PROVIDER_{provider.upper()}")
    assert stored.name == "default"
    assert stored.hint in {"7788", SIGNING[-4:]}
    assert SIGNING not in str(stored)
    assert CANARY not in str(stored)
    found = await resolve(api, client.account_id, stored.provider)
    assert found.secret == secret(**{provider: EVERY[provider]})
    assert found.etag == stored.etag


async def test_a_second_one_takes_the_place_of_the_first(api: Api, client: Client) -> None:
    first = await put(client, sendgrid={"api_key": "SG.first"})
    second = await put(client, sendgrid={"api_key": CANARY}, etag=first.etag)
    assert second.etag != first.etag
    assert second.created_at.ToDatetime() == first.created_at.ToDatetime()
    found = await resolve(api, client.account_id, PROVIDER_SENDGRID)
    assert found.secret.sendgrid.api_key == CANARY
    await refused(
        put(client, sendgrid={"api_key": "SG.late"}, etag=first.etag), ErrorReason.STALE_ETAG
    )
    await refused(
        put(client, "none", first.etag, sendgrid={"api_key": "SG.x"}), ErrorReason.NOT_FOUND
    )


async def test_names_tell_several_apart_and_all_are_listed(api: Api, client: Client) -> None:
    await put(client, "page-2", facebook_page=EVERY["facebook_page"])
    await put(client, "page-1", facebook_page=EVERY["facebook_page"] | {"page_id": "77"})
    await put(client, sendgrid=EVERY["sendgrid"])
    listed = (await client.credentials.ListCredentials(pb.ListCredentialsRequest())).credentials
    assert [(each.provider, each.name) for each in listed] == [
        (PROVIDER_FACEBOOK_PAGE, "page-1"),
        (PROVIDER_FACEBOOK_PAGE, "page-2"),
        (PROVIDER_SENDGRID, "default"),
    ]
    request = pb.GetCredentialRequest(provider=PROVIDER_FACEBOOK_PAGE, name="page-1")
    assert (await client.credentials.GetCredential(request)).credential == listed[0]
    found = await resolve(api, client.account_id, PROVIDER_FACEBOOK_PAGE, "page-1")
    assert found.secret.facebook_page.page_id == "77"
    await refused(resolve(api, client.account_id, PROVIDER_FACEBOOK_PAGE), ErrorReason.NOT_FOUND)


async def test_deleted_is_gone(api: Api, client: Client) -> None:
    first = await put(client, stripe=EVERY["stripe"])
    stale = pb.DeleteCredentialRequest(provider=PROVIDER_STRIPE, etag="other")
    await refused(client.credentials.DeleteCredential(stale), ErrorReason.STALE_ETAG)
    request = pb.DeleteCredentialRequest(provider=PROVIDER_STRIPE, etag=first.etag)
    await client.credentials.DeleteCredential(request)
    await refused(client.credentials.DeleteCredential(request), ErrorReason.NOT_FOUND)
    await refused(resolve(api, client.account_id, PROVIDER_STRIPE), ErrorReason.NOT_FOUND)
    assert (await put(client, stripe=EVERY["stripe"])).etag != first.etag


async def test_another_account_has_nothing_of_it(api: Api, client: Client) -> None:
    await put(client, sendgrid=EVERY["sendgrid"])
    stranger = await api.client()
    assert not (await stranger.credentials.ListCredentials(pb.ListCredentialsRequest())).credentials
    get = pb.GetCredentialRequest(provider=PROVIDER_SENDGRID)
    await refused(stranger.credentials.GetCredential(get), ErrorReason.NOT_FOUND)
    delete = pb.DeleteCredentialRequest(provider=PROVIDER_SENDGRID)
    await refused(stranger.credentials.DeleteCredential(delete), ErrorReason.NOT_FOUND)
    await refused(resolve(api, stranger.account_id, PROVIDER_SENDGRID), ErrorReason.NOT_FOUND)
    await put(stranger, sendgrid={"api_key": "SG.theirs"})
    found = await resolve(api, client.account_id, PROVIDER_SENDGRID)
    assert found.secret.sendgrid.api_key == CANARY


async def test_roles(api: Api, client: Client) -> None:
    await put(client, sendgrid=EVERY["sendgrid"])
    for role in ("viewer", "editor", "operator"):
        other = await api.client(role, account_id=client.account_id)
        listed = await other.credentials.ListCredentials(pb.ListCredentialsRequest())
        assert len(listed.credentials) == 1
        await refused(put(other, sendgrid=EVERY["sendgrid"]), ErrorReason.PERMISSION_DENIED)
        delete = pb.DeleteCredentialRequest(provider=PROVIDER_SENDGRID)
        await refused(other.credentials.DeleteCredential(delete), ErrorReason.PERMISSION_DENIED)
    for role in ("viewer", "editor", "operator", "admin"):
        other = await api.client(role, account_id=client.account_id)
        request = pb.ResolveCredentialRequest(
            account_id=str(client.account_id), provider=PROVIDER_SENDGRID
        )
        await refused(other.credentials.ResolveCredential(request), ErrorReason.PERMISSION_DENIED)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "secret"),
        ({"sendgrid": {}}, "secret.sendgrid.api_key"),
        ({"sendgrid": {"api_key": ""}}, "secret.sendgrid.api_key"),
        ({"sendgrid": {"api_key": "********"}}, "secret.sendgrid.api_key"),
        ({"sendgrid": {"api_key": f"{CANARY}\r\nX-Evil: 1"}}, "secret.sendgrid.api_key"),
        ({"sendgrid": {"api_key": f"{CANARY} "}}, "secret.sendgrid.api_key"),
        ({"sendgrid": {"api_key": CANARY * 20}}, "secret.sendgrid.api_key"),
        ({"twilio": {"account_sid": "AC1"}}, "secret.twilio.auth_token"),
        ({"twilio": {"auth_token": CANARY}}, "secret.twilio.account_sid"),
        (
            {"twilio": {"account_sid": "../Accounts/AC1", "auth_token": CANARY}},
            "secret.twilio.account_sid",
        ),
        ({"stripe": {"webhook_secret": CANARY}}, "secret.stripe.secret_key"),
        ({"facebook_page": {"access_token": CANARY}}, "secret.facebook_page.page_id"),
        ({"webhook_signing": {}}, "secret.webhook_signing.secret"),
        ({"webhook_signing": {"secret": CANARY}}, "secret.webhook_signing.secret"),
        ({"webhook_signing": {"secret": f"whsec_{CANARY}"}}, "secret.webhook_signing.secret"),
        ({"webhook_signing": {"secret": SIGNING + "!"}}, "secret.webhook_signing.secret"),
    ],
)
async def test_what_cannot_be_a_secret_is_refused_without_repeating_it(
    client: Client, given: dict[str, dict[str, str]], field: str
) -> None:
    error = await refused(store(client, secret(**given)), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == [field]
    assert CANARY not in f"{error!r} {error.violations} {error.metadata}"


async def test_names_and_providers_have_a_form(api: Api, client: Client) -> None:
    for name in (".hidden", "a/b", "x" * 101, "a\n"):
        await refused(put(client, name, sendgrid=EVERY["sendgrid"]), ErrorReason.MALFORMED_REQUEST)
    unknown = pb.GetCredentialRequest(name="x")
    await refused(client.credentials.GetCredential(unknown), ErrorReason.MALFORMED_REQUEST)
    await refused(resolve(api, uuid4(), PROVIDER_TWILIO), ErrorReason.NOT_FOUND)


async def test_an_account_has_only_so_many(api: Api, client: Client) -> None:
    await put(client, sendgrid=EVERY["sendgrid"])
    await api.execute(
        "INSERT INTO credentials (id, account_id, provider, name, hint, key_version, nonce,"
        " ciphertext) SELECT gen_random_uuid(), account_id, provider, 'n' || n, '', 1, nonce,"
        " ciphertext FROM credentials, generate_series(2, :most) AS n",
        most=MAX_CREDENTIALS,
    )
    await refused(
        put(client, "one-more", sendgrid=EVERY["sendgrid"]), ErrorReason.VALIDATION_FAILED
    )
    await put(client, sendgrid=EVERY["sendgrid"])


async def test_many_at_once_share_one_data_key(api: Api, client: Client) -> None:
    names = [f"n{number}" for number in range(20)]
    await asyncio.gather(*(put(client, name, sendgrid=EVERY["sendgrid"]) for name in names))
    assert await api.rows("SELECT count(*) FROM account_data_keys") == [(1,)]
    for name in names:
        found = await resolve(api, client.account_id, PROVIDER_SENDGRID, name)
        assert found.secret.sendgrid.api_key == CANARY


async def test_changes_are_audited_without_the_secret(api: Api, client: Client) -> None:
    await put(client, sendgrid=EVERY["sendgrid"])
    await put(client, sendgrid={"api_key": CANARY[::-1]})
    delete = pb.DeleteCredentialRequest(provider=PROVIDER_SENDGRID)
    await client.credentials.DeleteCredential(delete)
    entries = await api.rows(
        "SELECT operation, before->>'revision', after->>'revision', actor FROM audit_log"
        " WHERE entity_type = 'credential' ORDER BY occurred_at"
    )
    who = f"user:{client.subject}"
    assert entries == [
        ("credential.set", None, "1", who),
        ("credential.set", "1", "2", who),
        ("credential.deleted", "2", None, who),
    ]


async def test_a_row_that_was_tampered_with_or_moved_does_not_open(
    api: Api, client: Client
) -> None:
    stranger = await api.client()
    await put(client, sendgrid=EVERY["sendgrid"])
    await put(stranger, sendgrid={"api_key": "SG.other"})
    await api.execute(
        "UPDATE credentials c SET nonce = o.nonce, ciphertext = o.ciphertext FROM credentials o"
        " WHERE c.account_id = :mine AND o.account_id = :theirs",
        mine=client.account_id,
        theirs=stranger.account_id,
    )
    error = await refused(resolve(api, client.account_id, PROVIDER_SENDGRID), ErrorReason.INTERNAL)
    assert "SG." not in repr(error)


async def test_rewrapping_after_a_rotation(api: Api) -> None:
    accounts: list[Client] = [await api.client() for _ in range(3)]
    for each in accounts:
        await put(each, sendgrid=EVERY["sendgrid"])
    new_key = bytes(range(100, 132))
    with pytest.raises(UnreadableSecretError):
        await rewrap_data_keys(api.db, Vault([new_key]))
    assert await rewrap_data_keys(api.db, Vault([new_key, MASTER_KEY])) == 3
    assert await rewrap_data_keys(api.db, Vault([new_key])) == 0
    # This server has the old key only.
    with pytest.raises(aio.AioRpcError):
        await resolve(api, accounts[0].account_id, PROVIDER_SENDGRID)
    assert await rewrap_data_keys(api.db, Vault([MASTER_KEY, new_key])) == 3
    found = await resolve(api, accounts[0].account_id, PROVIDER_SENDGRID)
    assert found.secret.sendgrid.api_key == CANARY
