"""Secrets inside configurations: sealed in every table, masked in answers, opened for services."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from action_service.adapters.config_sealing import seal_stored_secrets, sealing_stored_secrets
from action_service.adapters.credentials import rewrap_data_keys
from action_service.adapters.driver import driver_of
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.vault import Vault
from action_service.domain.credentials import UnreadableSecretError
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Dispatch
from common.auth import SERVICE_ROLE, issue_token
from common.catalogue import SEALED_PREFIX, SECRET_MASK, is_sealed
from common.errors import ErrorReason
from common.grpc.client import connect
from tests.support.action_api import MASTER_KEY, SECRET, Api, Client, fields, refused
from treadle.credential.v1 import credential_service_pb2 as pb
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceStub
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.workflow.v1 import action_pb2, action_service_pb2

CANARY = "canary-7f31c0aa9d42"
HEADER = "canary-header-51be77"
EVERYTHING = """
    SELECT string_agg(t::text, '') FROM (
        SELECT a::text AS t FROM workflow_actions a
        UNION ALL SELECT v::text FROM workflow_versions v
        UNION ALL SELECT l::text FROM audit_log l UNION ALL SELECT r::text FROM request_log r
        UNION ALL SELECT c::text FROM credentials c
    ) AS everything
"""


def webhook(token: str = CANARY, **headers: str) -> dict[str, Any]:
    return {
        "webhook_call": {
            "url": "https://example.com/hook",
            "method": "HTTP_METHOD_POST",
            "headers": headers,
            "auth_type": "WEBHOOK_AUTH_TYPE_BEARER",
            "auth_config": {"token": token},
        }
    }


async def update(
    client: Client, action: action_pb2.Action, config: action_pb2.ActionConfig
) -> action_pb2.Action:
    request = action_service_pb2.UpdateActionRequest(
        workflow_id=action.workflow_id, action_id=action.id, config=config
    )
    return (await client.actions.UpdateAction(request)).action


async def opened(api: Api, account_id: UUID, *sealed: str) -> list[str]:
    """As an executor."""
    token = issue_token(
        SECRET,
        subject="service:executor",
        account_id=None,
        roles=(SERVICE_ROLE,),
        ttl=timedelta(minutes=1),
    )
    request = pb.OpenSecretsRequest(account_id=str(account_id), sealed=sealed)
    async with connect(api.address, token=lambda: token) as channel:
        return list((await CredentialServiceStub(channel).OpenSecrets(request)).secrets)


async def stored(api: Api, path: str = "auth_config,token") -> list[Any]:
    """The place in every configuration of a draft, oldest first."""
    rows = await api.rows(
        f"SELECT action_config #>> '{{{path}}}' FROM workflow_actions ORDER BY id"
    )
    return [row[0] for row in rows]


async def test_a_secret_is_sealed_wherever_it_is_kept(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    config = webhook(**{"authorization": HEADER, "X-Api-Key": HEADER, "X-Plan": "gold"})
    action = await client.add(workflow.id, config, request_id=str(UUID(int=7)))
    shown = action.config.webhook_call
    assert shown.auth_config.token == SECRET_MASK
    assert dict(shown.headers) == {
        "authorization": SECRET_MASK,
        "X-Api-Key": SECRET_MASK,
        "X-Plan": "gold",
    }
    assert (await client.list(workflow.id))[0].config == action.config
    assert action.config_status == action_pb2.CONFIG_STATUS_VALID
    await client.activate(workflow.id)
    (everything,) = (await api.rows(EVERYTHING))[0]
    assert CANARY not in str(everything)
    assert HEADER not in str(everything)
    (token,), (header,) = await stored(api), await stored(api, "headers,authorization")
    assert token.startswith(SEALED_PREFIX)
    assert await opened(api, client.account_id, token, header) == [CANARY, HEADER]
    (planned,) = await api.rows(
        "SELECT plan #>> '{steps,0,config,auth_config,token}' FROM workflow_versions"
    )
    assert planned == (token,)


async def test_the_mask_keeps_the_secret_and_the_same_secret_is_no_change(
    api: Api, client: Client
) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id, webhook(Cookie=HEADER))
    before, cookie = await stored(api), await stored(api, "headers,Cookie")
    action.config.webhook_call.timeout_seconds = 5
    after = await update(client, action, action.config)
    assert after.config.webhook_call.auth_config.token == SECRET_MASK
    assert after.config.webhook_call.timeout_seconds == 5
    assert (await stored(api), await stored(api, "headers,Cookie")) == (before, cookie)
    action.config.webhook_call.auth_config.token = CANARY
    assert (await update(client, action, action.config)).etag == after.etag
    action.config.webhook_call.auth_config.token = "another"
    changed = await update(client, action, action.config)
    assert changed.etag != after.etag
    (token,) = await stored(api)
    assert await opened(api, client.account_id, token) == ["another"]
    logged = str(await api.rows("SELECT operation, before, after FROM audit_log"))
    assert logged.count("action.updated") == 2
    assert SEALED_PREFIX not in logged


async def test_a_secret_is_not_sent_to_a_host_that_it_was_not_set_for(
    api: Api, client: Client
) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id, webhook(Cookie=HEADER))
    before = await stored(api)
    editor = await api.client("editor", account_id=client.account_id)
    for url in ("https://evil.example.net/hook", "https://example.com.evil.example.net/hook", ""):
        action.config.webhook_call.url = url
        error = await refused(update(editor, action, action.config), ErrorReason.VALIDATION_FAILED)
        assert {"config.headers.Cookie", "config.auth_config.token"} <= {*fields(error)}
    action.config.webhook_call.url = "https://example.com/other"
    await update(editor, action, action.config)
    assert await stored(api) == before
    action.config.webhook_call.CopyFrom(action_pb2.ActionConfig(**webhook("new")).webhook_call)
    action.config.webhook_call.url = "https://evil.example.net/hook"
    after = await update(editor, action, action.config)
    assert after.config.webhook_call.url == "https://evil.example.net/hook"


async def test_a_mask_of_nothing_is_refused(client: Client) -> None:
    workflow = await client.workflow()
    config = webhook(SECRET_MASK, Authorization=SECRET_MASK)
    error = await refused(client.add(workflow.id, config), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["config.headers.Authorization", "config.auth_config.token"]


async def test_a_header_with_merge_fields_is_no_secret(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    value = "Bearer {{ contact.custom_fields.token }}"
    action = await client.add(workflow.id, webhook(Authorization=value))
    assert action.config.webhook_call.headers["Authorization"] == value
    assert await stored(api, "headers,Authorization") == [value]


@pytest.mark.parametrize("length", [1, 4096, 4097])
async def test_limits_are_about_the_secret_itself(client: Client, length: int) -> None:
    workflow = await client.workflow()
    adding = client.add(workflow.id, webhook("x" * length, Authorization="y" * min(length, 4096)))
    if length > 4096:
        assert fields(await refused(adding, ErrorReason.VALIDATION_FAILED)) == [
            "config.auth_config.token"
        ]
        return
    action = await adding
    assert action.config_status == action_pb2.CONFIG_STATUS_VALID
    action.config.webhook_call.timeout_seconds = 9
    await update(client, action, action.config)
    await client.activate(workflow.id)


async def test_what_is_sent_is_never_taken_for_sealed(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    action = await client.add(workflow.id, webhook())
    (token,) = await stored(api)
    action.config.webhook_call.auth_config.token = token
    await update(client, action, action.config)
    (again,) = await stored(api)
    assert again != token
    assert await opened(api, client.account_id, again) == [token]


async def test_it_opens_for_its_account_alone(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id, webhook())
    (token,) = await stored(api)
    stranger = await api.client()
    await stranger.add((await stranger.workflow()).id, webhook("theirs"))
    tampered = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    for account, wrong in (
        (stranger.account_id, token),
        (client.account_id, tampered),
        (client.account_id, f"{SEALED_PREFIX}v1:1:AAAA"),
        (client.account_id, f"{SEALED_PREFIX}v1:77:{token.rpartition(':')[2]}"),
        (client.account_id, f"{SEALED_PREFIX}v9:1:AAAA"),
        (client.account_id, "plain"),
    ):
        error = await refused(opened(api, account, token, wrong), ErrorReason.VALIDATION_FAILED)
        assert CANARY not in f"{error!r} {error.violations}"
    many = opened(api, client.account_id, *[token] * 101)
    assert fields(await refused(many, ErrorReason.VALIDATION_FAILED)) == ["sealed"]
    for role in ("viewer", "editor", "operator", "admin"):
        other = await api.client(role, account_id=client.account_id)
        request = pb.OpenSecretsRequest(account_id=str(client.account_id), sealed=[token])
        await refused(other.credentials.OpenSecrets(request), ErrorReason.PERMISSION_DENIED)


async def test_it_survives_a_change_of_the_master_key(api: Api, client: Client) -> None:
    await client.add((await client.workflow()).id, webhook())
    new_key = bytes(range(100, 132))
    assert await rewrap_data_keys(api.db, Vault([new_key, MASTER_KEY])) == 1
    (token,) = await stored(api)
    # This server has the old key only, so it can neither open nor seal.
    await refused(opened(api, client.account_id, token), ErrorReason.INTERNAL)
    assert await rewrap_data_keys(api.db, Vault([MASTER_KEY, new_key])) == 1
    assert await stored(api) == [token]
    assert await opened(api, client.account_id, token) == [CANARY]


async def test_what_was_stored_plain_is_sealed_once(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    for _ in range(3):
        await client.add(workflow.id, webhook(Cookie=HEADER))
    await client.activate(workflow.id)
    await client.pause(workflow.id)
    last = (await client.list(workflow.id))[-1]
    delete = action_service_pb2.DeleteActionRequest(workflow_id=workflow.id, action_id=last.id)
    await client.actions.DeleteAction(delete)
    # As releases before sealing left them.
    plain = f"""'{{"token": "{CANARY}"}}'"""
    await api.execute(
        "UPDATE workflow_actions SET action_config ="
        f" jsonb_set(action_config, '{{auth_config}}', {plain})"
    )
    await api.execute(
        "UPDATE workflow_versions SET plan ="
        f" jsonb_set(plan, '{{steps,1,config,auth_config}}', {plain})"
    )
    vault = Vault([MASTER_KEY])
    with pytest.raises(UnreadableSecretError):
        await seal_stored_secrets(api.db, Vault([bytes(range(100, 132))]))
    assert await seal_stored_secrets(api.db, vault) == 4
    assert await seal_stored_secrets(api.db, vault) == 0
    (everything,) = (await api.rows(EVERYTHING))[0]
    assert CANARY not in str(everything)
    tokens = await stored(api)
    assert await opened(api, client.account_id, *tokens) == [CANARY] * 3
    (planned,) = await api.rows(
        "SELECT plan #>> '{steps,1,config,auth_config,token}' FROM workflow_versions"
    )
    # A version and its draft have not become different by it.
    assert set(tokens) == {planned[0]}
    etags = {action.etag for action in await client.list(workflow.id)}
    assert len(etags) == 1


async def test_an_api_seals_when_it_starts(api: Api, client: Client) -> None:
    await client.add((await client.workflow()).id, webhook())
    plain = f"""'{{"token": "{CANARY}"}}'"""
    await api.execute(
        "UPDATE workflow_actions SET action_config ="
        f" jsonb_set(action_config, '{{auth_config}}', {plain})"
    )
    async with sealing_stored_secrets(api.db, Vault([MASTER_KEY])), asyncio.timeout(30):
        while await stored(api) == [CANARY]:
            continue
    assert await opened(api, client.account_id, *await stored(api)) == [CANARY]


async def test_a_draft_with_a_plain_secret_can_be_saved(api: Api, client: Client) -> None:
    action = await client.add((await client.workflow()).id, webhook())
    await api.execute(
        "UPDATE workflow_actions SET"
        f""" action_config = jsonb_set(action_config, '{{auth_config,token}}', '"{CANARY}"')"""
    )
    action.config.webhook_call.timeout_seconds = 5
    after = await update(client, action, action.config)
    assert after.config.webhook_call.auth_config.token == SECRET_MASK
    (token,) = await stored(api)
    assert await opened(api, client.account_id, token) == [CANARY]


async def test_a_plan_is_kept_only_once_its_secrets_are_sealed(api: Api, client: Client) -> None:
    workflow = await client.workflow()
    await client.add(workflow.id, webhook())
    await client.activate(workflow.id)
    await api.execute(
        "UPDATE workflow_versions SET plan ="
        f""" jsonb_set(plan, '{{steps,0,config,auth_config,token}}', '"{CANARY}"')"""
    )
    ((version,),) = await api.rows("SELECT id::text FROM workflow_versions")
    plans, encoder = PlanCache(), TaskEncoder()

    async def task() -> ActionTask:
        """A task of the version as an engine makes it that has been running all the time."""
        async with api.db.connect() as connection:
            await connection.execute(text("SELECT 1"))
            driver = await driver_of(connection)
            plan = plans.get(str(version)) or await plans.load(str(version), driver)
        dispatch = Dispatch(
            step=plan.steps[0],
            version_id=str(version),
            account_id=str(client.account_id),
            workflow_id=workflow.id,
            execution_id=str(UUID(int=1)),
            action_execution_id=str(UUID(int=2)),
            attempt_id=str(UUID(int=3)),
            attempt_number=1,
            contact_id=str(UUID(int=4)),
            ready_at=datetime.now(UTC),
        )
        return ActionTask.FromString(encoder.encode(dispatch, plan, None).payload)

    assert (await task()).config.webhook_call.auth_config.token == CANARY
    await seal_stored_secrets(api.db, Vault([MASTER_KEY]))
    assert is_sealed((await task()).config.webhook_call.auth_config.token)
    assert plans.get(str(version)) is not None
