"""The clients of the action service, against real gRPC servers that keep records in memory."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from grpc import aio
from pydantic import SecretStr

from common.catalogue import SEALED_PREFIX
from common.errors import ErrorReason, TreadleError
from common.grpc.client import ServiceTokens, connect
from common.ids import new_id
from executor_service.adapters.credentials import KEEP as KEEP_CREDENTIALS
from executor_service.adapters.credentials import MAX_CREDENTIALS, CredentialClient
from executor_service.adapters.ledger import LedgerClient
from executor_service.adapters.secrets import KEEP as KEEP_SECRETS
from executor_service.adapters.secrets import SecretClient
from executor_service.adapters.templates import KEEP, TemplateClient
from executor_service.ports import (
    ClaimDecision,
    Credential,
    EmailTemplate,
    Refused,
    TemplateNotFoundError,
)
from tests.support.executor_peers import Contacts, Credentials, Ledger, action_api
from tests.unit.executor_service.handlers.harness import FixedClock
from treadle.credential.v1.credential_pb2 import (
    PROVIDER_SENDGRID,
    PROVIDER_TWILIO,
    PROVIDER_WEBHOOK_SIGNING,
    Secret,
    SendgridSecret,
)

SECRET = SecretStr("x" * 40)
ACCOUNT = str(new_id())


@pytest.fixture
async def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def contacts() -> Contacts:
    return Contacts(ACCOUNT)  # pyright: ignore[reportAbstractUsage] - no other RPC is called


@pytest.fixture
async def credentials() -> Credentials:
    made = Credentials()  # pyright: ignore[reportAbstractUsage] - no other RPC is called
    made.secrets[ACCOUNT] = [sendgrid("SG.1")]
    return made


@pytest.fixture
async def channel(
    ledger: Ledger, contacts: Contacts, credentials: Credentials
) -> AsyncGenerator[aio.Channel]:
    tokens = ServiceTokens(SECRET, "executor")
    async with (
        action_api(SECRET, ledger, contacts, credentials) as address,
        connect(address, token=tokens.token) as channel,
    ):
        yield channel


def sendgrid(api_key: str) -> Secret:
    """A secret for SendGrid."""
    return Secret(sendgrid=SendgridSecret(api_key=api_key))


async def key(client: CredentialClient) -> str:
    """The key of the test's account as the client has it."""
    credential = await client.get(ACCOUNT, PROVIDER_SENDGRID)
    assert credential is not None
    return credential.secret.sendgrid.api_key


async def claim(client: LedgerClient, attempt_id: str) -> ClaimDecision | Refused:
    """Claims an attempt of the test's account."""
    return await client.claim(
        attempt_id=attempt_id, action_execution_id=str(new_id()), account_id=ACCOUNT
    )


async def test_decisions(channel: aio.Channel) -> None:
    client = LedgerClient(channel)
    assert await claim(client, "a") is ClaimDecision.GRANTED
    assert await claim(client, "a") is ClaimDecision.ALREADY_CLAIMED
    assert await claim(client, "stale-b") is ClaimDecision.STALE


async def test_claims_gather_while_a_call_is_under_way(
    channel: aio.Channel, ledger: Ledger
) -> None:
    client = LedgerClient(channel)
    ledger.gate.clear()
    first = asyncio.create_task(claim(client, "0"))
    await ledger.called.wait()
    rest = [asyncio.create_task(claim(client, str(number))) for number in range(1, 601)]
    await asyncio.sleep(0.02)
    ledger.gate.set()
    decisions = await asyncio.gather(first, *rest)
    assert set(decisions) == {ClaimDecision.GRANTED}
    assert [len(call) for call in ledger.calls] == [1, 500, 100]


async def test_incomplete_answer_decides_nothing(channel: aio.Channel, ledger: Ledger) -> None:
    ledger.short = True
    with pytest.raises(TreadleError):
        await claim(LedgerClient(channel), "a")


async def test_cancelled_claim_leaves_the_others_alone(
    channel: aio.Channel, ledger: Ledger
) -> None:
    client = LedgerClient(channel)
    ledger.gate.clear()
    one, other = asyncio.create_task(claim(client, "a")), asyncio.create_task(claim(client, "b"))
    await ledger.called.wait()
    one.cancel()
    ledger.gate.set()
    assert await other is ClaimDecision.GRANTED


async def test_ledger_out_of_reach() -> None:
    tokens = ServiceTokens(SECRET, "executor")
    async with connect(
        "127.0.0.1:1", token=tokens.token, timeout=timedelta(seconds=0.2)
    ) as channel:
        with pytest.raises(TreadleError):
            await claim(LedgerClient(channel), "a")


async def test_template_is_remembered_for_a_while(channel: aio.Channel, contacts: Contacts) -> None:
    clock = FixedClock()
    client = TemplateClient(channel, ServiceTokens(SECRET, "executor"), clock)
    assert await client.get(ACCOUNT, "t") == EmailTemplate("<p>1</p>", "")
    contacts.html = "<p>2</p>"
    assert (await client.get(ACCOUNT, "t")).html == "<p>1</p>"
    clock.instant += KEEP
    assert (await client.get(ACCOUNT, "t")).html == "<p>2</p>"
    assert contacts.calls == 2


async def test_template_is_asked_for_once_by_many(channel: aio.Channel, contacts: Contacts) -> None:
    client = TemplateClient(channel, ServiceTokens(SECRET, "executor"), FixedClock())
    await asyncio.gather(*(client.get(ACCOUNT, "t") for _ in range(50)))
    assert contacts.calls == 1


async def test_template_of_another_account_is_not_found(channel: aio.Channel) -> None:
    client = TemplateClient(channel, ServiceTokens(SECRET, "executor"), FixedClock())
    await client.get(ACCOUNT, "t")
    with pytest.raises(TemplateNotFoundError):
        await client.get(str(new_id()), "t")
    with pytest.raises(TemplateNotFoundError):
        await client.get(ACCOUNT, "other")


async def test_template_service_out_of_reach() -> None:
    tokens = ServiceTokens(SECRET, "executor")
    async with connect("127.0.0.1:1", timeout=timedelta(seconds=0.2)) as channel:
        with pytest.raises(TreadleError) as raised:
            await TemplateClient(channel, tokens, FixedClock()).get(ACCOUNT, "t")
    assert raised.value.reason in {
        ErrorReason.DEADLINE_EXCEEDED,
        ErrorReason.DEPENDENCY_UNAVAILABLE,
    }


async def test_credential_is_remembered_for_a_while(
    channel: aio.Channel, credentials: Credentials
) -> None:
    clock = FixedClock()
    client = CredentialClient(channel, clock)
    assert await key(client) == "SG.1"
    credentials.secrets[ACCOUNT] = [sendgrid("SG.2")]
    assert await key(client) == "SG.1"
    clock.instant += KEEP_CREDENTIALS
    assert await key(client) == "SG.2"
    assert credentials.calls == 2


async def test_that_there_is_none_is_remembered_too(
    channel: aio.Channel, credentials: Credentials
) -> None:
    clock = FixedClock()
    client = CredentialClient(channel, clock)
    stranger = str(new_id())
    for _ in range(3):
        assert await client.get(ACCOUNT, PROVIDER_TWILIO) is None
        assert await client.get(stranger, PROVIDER_SENDGRID) is None
        assert await client.get(ACCOUNT, PROVIDER_SENDGRID, "other") is None
    assert credentials.calls == 3
    credentials.secrets[stranger] = [sendgrid("SG.theirs")]
    clock.instant += KEEP_CREDENTIALS
    found = await client.get(stranger, PROVIDER_SENDGRID)
    assert found is not None
    assert found.secret.sendgrid.api_key == "SG.theirs"


async def test_a_refused_credential_is_asked_for_anew_once(
    channel: aio.Channel, credentials: Credentials
) -> None:
    client = CredentialClient(channel, FixedClock())
    for calls in (1, 2, 2, 2):
        credential = await client.get(ACCOUNT, PROVIDER_SENDGRID)
        assert credential is not None
        client.refused(credential)
        assert credentials.calls == calls
    credentials.secrets[ACCOUNT] = [sendgrid("SG.2")]
    # Still remembered: the old one was asked for anew before.
    assert await key(client) == "SG.1"


async def test_a_replaced_credential_is_had_as_soon_as_the_old_one_is_refused(
    channel: aio.Channel, credentials: Credentials
) -> None:
    client = CredentialClient(channel, FixedClock())
    for number in range(2, 5):
        old = await client.get(ACCOUNT, PROVIDER_SENDGRID)
        assert old is not None
        credentials.secrets[ACCOUNT] = [sendgrid(f"SG.{number}")]
        client.refused(old)
        assert await key(client) == f"SG.{number}"


async def test_credentials_out_of_reach_are_nobody_elses(
    channel: aio.Channel, credentials: Credentials, ledger: Ledger, contacts: Contacts
) -> None:
    credentials.away = True
    with pytest.raises(TreadleError) as raised:
        await CredentialClient(channel, FixedClock()).get(ACCOUNT, PROVIDER_SENDGRID)
    assert raised.value.reason is ErrorReason.DEPENDENCY_UNAVAILABLE
    # As does an API that has not got the service yet.
    tokens = ServiceTokens(SECRET, "executor")
    async with (
        action_api(SECRET, ledger, contacts) as address,
        connect(address, token=tokens.token) as older,
    ):
        with pytest.raises(TreadleError) as raised:
            await CredentialClient(older, FixedClock()).get(ACCOUNT, PROVIDER_SENDGRID)
    assert raised.value.reason is ErrorReason.DEPENDENCY_UNAVAILABLE


async def test_only_so_many_credentials_are_remembered(
    channel: aio.Channel, credentials: Credentials
) -> None:
    client = CredentialClient(channel, FixedClock())
    await key(client)
    for _ in range(MAX_CREDENTIALS):
        await client.get(str(new_id()), PROVIDER_SENDGRID)
    calls = credentials.calls
    await key(client)
    assert credentials.calls == calls + 1


def sealed(secret: str, account: str = ACCOUNT) -> str:
    """As the server of these tests would have sealed it."""
    return f"{SEALED_PREFIX}{account}:{secret}"


async def test_secrets_of_a_configuration_are_opened_together_and_remembered(
    channel: aio.Channel, credentials: Credentials
) -> None:
    clock = FixedClock()
    client = SecretClient(channel, clock)
    config = (sealed("a"), sealed("b"))
    opened = await asyncio.gather(*(client.open(ACCOUNT, config) for _ in range(50)))
    assert {tuple(each) for each in opened} == {("a", "b")}
    assert credentials.calls == 1
    await client.open(ACCOUNT, config[:1])
    assert credentials.calls == 2
    clock.instant += KEEP_SECRETS
    await client.open(ACCOUNT, config)
    assert credentials.calls == 3


async def test_remembered_secrets_are_one_account_s(channel: aio.Channel) -> None:
    client = SecretClient(channel, FixedClock())
    await client.open(ACCOUNT, (sealed("a"),))
    with pytest.raises(TreadleError) as raised:
        await client.open(str(new_id()), (sealed("a"),))
    assert raised.value.reason is ErrorReason.VALIDATION_FAILED


async def test_secrets_wait_for_an_api_that_can_open_them(
    channel: aio.Channel, credentials: Credentials, ledger: Ledger, contacts: Contacts
) -> None:
    credentials.away = True
    with pytest.raises(TreadleError) as raised:
        await SecretClient(channel, FixedClock()).open(ACCOUNT, (sealed("a"),))
    assert raised.value.reason is ErrorReason.DEPENDENCY_UNAVAILABLE
    tokens = ServiceTokens(SECRET, "executor")
    async with (
        action_api(SECRET, ledger, contacts) as address,
        connect(address, token=tokens.token) as older,
    ):
        with pytest.raises(TreadleError) as raised:
            await SecretClient(older, FixedClock()).open(ACCOUNT, (sealed("a"),))
    assert raised.value.reason is ErrorReason.DEPENDENCY_UNAVAILABLE


async def test_an_api_that_knows_no_such_kind_has_no_such_credential(
    channel: aio.Channel, credentials: Credentials
) -> None:
    credentials.unknown = True
    client = CredentialClient(channel, FixedClock())
    assert await client.get(ACCOUNT, PROVIDER_WEBHOOK_SIGNING) is None


def test_a_credential_does_not_show_its_secret() -> None:
    credential = Credential(ACCOUNT, PROVIDER_SENDGRID, "default", "e", sendgrid("SG.canary"))
    assert "canary" not in repr(credential)
