"""With what accounts sign webhooks: made or set, shown once, kept for a day beside the next."""

from datetime import UTC, datetime, timedelta

from common.errors import ErrorReason
from common.standard_webhooks import key_of, new_secret
from tests.integration.action_service.test_credentials import resolve, store
from tests.support.action_api import Api, Client, refused
from treadle.credential.v1 import credential_pb2
from treadle.credential.v1 import credential_service_pb2 as pb
from treadle.credential.v1.credential_pb2 import PROVIDER_WEBHOOK_SIGNING


async def rotate(client: Client, etag: str = "") -> pb.RotateWebhookSigningResponse:
    return await client.credentials.RotateWebhookSigning(pb.RotateWebhookSigningRequest(etag=etag))


async def signing(api: Api, client: Client) -> credential_pb2.WebhookSigningSecret:
    """As an executor gets it."""
    found = await resolve(api, client.account_id, PROVIDER_WEBHOOK_SIGNING)
    return found.secret.webhook_signing


def given(secret: str, previous: str = "") -> credential_pb2.Secret:
    signing = credential_pb2.WebhookSigningSecret(secret=secret, previous_secret=previous)
    return credential_pb2.Secret(webhook_signing=signing)


async def test_one_that_is_made_is_shown_this_once(api: Api, client: Client) -> None:
    made = await rotate(client)
    assert len(key_of(made.secret)) == 32
    assert made.credential.provider == PROVIDER_WEBHOOK_SIGNING
    assert made.credential.hint == made.secret[-4:]
    found = await signing(api, client)
    assert (found.secret, found.previous_secret) == (made.secret, "")
    request = pb.GetCredentialRequest(provider=PROVIDER_WEBHOOK_SIGNING)
    shown = (await client.credentials.GetCredential(request)).credential
    assert shown == made.credential
    assert made.secret not in str(await api.rows("SELECT l::text FROM audit_log l"))


async def test_the_one_before_is_kept_for_a_day(api: Api, client: Client) -> None:
    first, before = await rotate(client), datetime.now(UTC)
    second = await rotate(client, first.credential.etag)
    found = await signing(api, client)
    assert (found.secret, found.previous_secret) == (second.secret, first.secret)
    until = found.previous_valid_until.ToDatetime(tzinfo=UTC)
    assert before + timedelta(hours=24) <= until <= datetime.now(UTC) + timedelta(hours=24)
    await refused(rotate(client, first.credential.etag), ErrorReason.STALE_ETAG)
    # One's own takes its place as well; the first is not kept any longer.
    own = new_secret()
    await store(client, given(own))
    found = await signing(api, client)
    assert (found.secret, found.previous_secret) == (own, second.secret)
    # The same again is no rotation.
    await store(client, given(own))
    assert await signing(api, client) == found


async def test_callers_do_not_say_which_was_before(api: Api, client: Client) -> None:
    await store(client, given(new_secret(), new_secret()))
    assert not (await signing(api, client)).previous_secret


async def test_deleted_it_leaves_nothing_behind(api: Api, client: Client) -> None:
    await rotate(client)
    delete = pb.DeleteCredentialRequest(provider=PROVIDER_WEBHOOK_SIGNING)
    await client.credentials.DeleteCredential(delete)
    await rotate(client)
    assert not (await signing(api, client)).previous_secret


async def test_only_admins_make_one(client: Client, api: Api) -> None:
    for role in ("viewer", "editor", "operator"):
        other = await api.client(role, account_id=client.account_id)
        await refused(rotate(other), ErrorReason.PERMISSION_DENIED)
