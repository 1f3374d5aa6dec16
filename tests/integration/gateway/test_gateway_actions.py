"""The action endpoints: what goes on to the action service and what comes back."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from common.catalogue import catalogue
from common.errors import (
    ErrorReason,
    FieldViolation,
    TreadleError,
    failed_precondition,
    invalid,
    not_found,
    stale_etag,
)
from tests.support.gateway import Script, client
from treadle.workflow.v1 import action_pb2, action_service_pb2

WORKFLOW = "880e8400-e29b-41d4-a716-446655440000"
ACTION = "770e8400-e29b-41d4-a716-446655440000"
ACTIONS = f"/api/v1/workflows/{WORKFLOW}/actions"

# The example of SPEC-WFL-003, word for word.
EXAMPLE = {
    "action_type": "send_email",
    "action_config": {
        "template_id": "550e8400-e29b-41d4-a716-446655440000",
        "subject": "Welcome {{contact.first_name}}!",
        "from_name": "Support Team",
        "from_email": "support@example.com",
        "track_opens": True,
        "track_clicks": True,
    },
    "position": 1,
    "previous_action_id": "660e8400-e29b-41d4-a716-446655440000",
}


def stored(
    action_type: str = "add_tag", config: dict[str, object] | None = None
) -> action_pb2.Action:
    spec = catalogue().get(action_type)
    created = datetime(2026, 1, 26, 10, tzinfo=UTC)
    return action_pb2.Action(
        id=ACTION,
        workflow_id=WORKFLOW,
        action_type=action_type,
        config=spec.to_message({"tag_name": "vip"} if config is None else config),
        position=1,
        is_enabled=True,
        on_error=action_pb2.ON_ERROR_STOP,
        config_status=action_pb2.CONFIG_STATUS_VALID,
        created_at=created,
        updated_at=created,
        etag="e1",
    )


async def test_the_specifications_example(admin: httpx.AsyncClient, script: Script) -> None:
    action = stored("send_email", EXAMPLE["action_config"])  # pyright: ignore[reportArgumentType]
    script.on("AddAction", action_service_pb2.AddActionResponse(action=action))

    answer = await admin.post(ACTIONS, json=EXAMPLE)

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{ACTIONS}/{ACTION}"
    assert answer.headers["etag"] == '"e1"'
    body = answer.json()
    assert body["id"] == ACTION
    assert body["workflow_id"] == WORKFLOW
    assert body["action_type"] == "send_email"
    assert body["action_config"] == EXAMPLE["action_config"]
    assert body["position"] == 1
    assert body["is_enabled"] is True
    assert body["created_at"] == "2026-01-26T10:00:00Z"
    sent: action_service_pb2.AddActionRequest = script.last
    assert sent.workflow_id == WORKFLOW
    assert sent.config.send_email.subject == "Welcome {{contact.first_name}}!"
    assert not sent.config.send_email.HasField("reply_to")
    assert sent.position == 1
    assert sent.previous_action_id == EXAMPLE["previous_action_id"]


async def test_null_and_absent_are_the_same(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("AddAction", action_service_pb2.AddActionResponse(action=stored()))
    bare = {"action_type": "add_tag"}
    nulls = {
        **bare,
        "action_config": None,
        "position": None,
        "previous_action_id": None,
        "branch_id": None,
        "name": None,
        "is_enabled": None,
        "on_error": None,
        "fallback_action_id": None,
        "allow_incomplete": None,
    }

    for body in (bare, nulls):
        assert (await admin.post(ACTIONS, json=body)).status_code == 201

    first, second = (request for _, request in script.requests)
    assert first == second
    assert not first.HasField("config")
    assert not first.HasField("position")
    assert first.is_enabled


async def test_an_update_sends_only_what_is_given(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("GetAction", action_service_pb2.GetActionResponse(action=stored()))
    script.on("UpdateAction", action_service_pb2.UpdateActionResponse(action=stored()))

    answer = await admin.put(
        f"{ACTIONS}/{ACTION}",
        json={"action_config": {"tag_name": "gold"}, "on_error": "continue", "name": ""},
        headers={"If-Match": '"e1"'},
    )

    assert answer.status_code == 200
    sent: action_service_pb2.UpdateActionRequest = script.last
    assert sent.config.add_tag.tag_name == "gold"
    assert sorted(sent.update_mask.paths) == ["config", "name", "on_error"]
    assert sent.HasField("name")
    assert sent.on_error == action_pb2.ON_ERROR_CONTINUE
    assert sent.etag == "e1"
    assert not sent.HasField("is_enabled")


async def test_an_update_without_configuration_asks_nothing_first(
    admin: httpx.AsyncClient, script: Script
) -> None:
    script.on("UpdateAction", action_service_pb2.UpdateActionResponse(action=stored()))

    answer = await admin.put(f"{ACTIONS}/{ACTION}", json={"is_enabled": False, "etag": "e7"})

    assert answer.status_code == 200
    assert [name for name, _ in script.requests] == ["UpdateAction"]
    assert script.last.etag == "e7"
    assert list(script.last.update_mask.paths) == ["is_enabled"]


async def test_an_etag_in_header_and_body_must_agree(admin: httpx.AsyncClient) -> None:
    answer = await admin.put(
        f"{ACTIONS}/{ACTION}", json={"etag": "e1"}, headers={"If-Match": '"e2"'}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/etag"


async def test_secrets_never_leave(admin: httpx.AsyncClient, script: Script) -> None:
    config: dict[str, object] = {
        "url": "https://example.com",
        "method": "POST",
        "auth_type": "bearer",
        "auth_config": {"token": "hush"},
    }
    action = stored("webhook_call", config)
    script.on("GetAction", action_service_pb2.GetActionResponse(action=action))

    answer = await admin.get(f"{ACTIONS}/{ACTION}")

    assert answer.json()["action_config"]["auth_config"] == {"token": "********"}
    assert "hush" not in answer.text


async def test_delete_reorder_and_list(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("DeleteAction", action_service_pb2.DeleteActionResponse())
    script.on("ReorderActions", action_service_pb2.ReorderActionsResponse(actions=[stored()]))
    script.on(
        "ListActions",
        action_service_pb2.ListActionsResponse(actions=[stored()], next_page_token="n"),
    )

    deleted = await admin.delete(f"{ACTIONS}/{ACTION}", headers={"If-Match": '"e1"'})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert script.last.etag == "e1"

    order = {"action_ids": [ACTION], "branch_id": None}
    reordered = await admin.post(f"{ACTIONS}/reorder", json=order)
    assert reordered.status_code == 200
    assert [a["id"] for a in reordered.json()["actions"]] == [ACTION]

    listed = await admin.get(ACTIONS, params={"page_size": 3})
    assert listed.json()["next_page_token"] == "n"
    assert script.last.page_size == 3


async def test_all_faults_of_a_body_are_told_at_once(
    admin: httpx.AsyncClient, script: Script
) -> None:
    answer = await admin.post(
        ACTIONS,
        json={
            "action_type": "update_contact",
            "action_config": {
                "field_updates": [{"field": "first_name", "value": "{{ broken", "x": 1}],
                "update_mod": "set",
            },
            "position": "first",
            "previous_action_id": "nobody",
            "colour": "red",
        },
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["reason"] == "VALIDATION_FAILED"
    assert problem["type"] == "urn:treadle:error:validation-failed"
    assert {error["pointer"] for error in problem["errors"]} == {
        "/action_config/field_updates/0/value",
        "/action_config/field_updates/0/x",
        "/action_config/update_mod",
        "/position",
        "/previous_action_id",
        "/colour",
    }
    assert script.requests == []


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("config.send_email.subject", "/action_config/subject"),
        ("config.subject", "/action_config/subject"),
        ("subject", "/action_config/subject"),
        ("attachments[2]", "/action_config/attachments/2"),
        ("position", "/position"),
        ("previous_action_id", "/previous_action_id"),
    ],
)
async def test_violations_of_the_service_point_into_the_body(
    admin: httpx.AsyncClient, script: Script, field: str, pointer: str
) -> None:
    script.on("AddAction", invalid([FieldViolation(field, "is wrong")]))

    answer = await admin.post(ACTIONS, json=EXAMPLE)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": pointer, "detail": "is wrong"}]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (not_found("workflow", WORKFLOW), 404),
        (stale_etag("action", ACTION), 412),
        (failed_precondition(ErrorReason.WORKFLOW_NOT_EDITABLE, "pause it first"), 409),
        (failed_precondition(ErrorReason.ACTION_LIMIT_REACHED, "full", limit="50"), 422),
    ],
)
async def test_refusals_keep_reason_and_metadata(
    admin: httpx.AsyncClient, script: Script, error: TreadleError, status: int
) -> None:
    script.on("AddAction", error)

    answer = await admin.post(ACTIONS, json=EXAMPLE)

    assert answer.status_code == status
    problem = answer.json()
    assert problem["status"] == status
    assert problem["reason"] == error.reason.value
    assert problem["detail"] == error.message
    assert problem.get("metadata", {}) == error.metadata
    assert problem["instance"] == f"urn:treadle:request:{answer.headers['x-request-id']}"


@pytest.mark.parametrize("key", ["0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10", "order 1001", "x" * 255])
async def test_the_same_idempotency_key_is_the_same_request_id(
    admin: httpx.AsyncClient, script: Script, key: str
) -> None:
    script.on("AddAction", action_service_pb2.AddActionResponse(action=stored()))

    for _ in range(2):
        await admin.post(ACTIONS, json=EXAMPLE, headers={"Idempotency-Key": key})

    first, second = (UUID(request.request_id) for _, request in script.requests)
    assert first == second


@pytest.mark.parametrize("key", [b"", b"caf\xe9", b"x" * 256])
async def test_a_bad_idempotency_key_is_malformed(admin: httpx.AsyncClient, key: bytes) -> None:
    answer = await admin.post(ACTIONS, json=EXAMPLE, headers={b"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_who_calls_is_settled_before_what_they_say(gateway_url: str) -> None:
    async with client(gateway_url) as nobody:
        answer = await nobody.post(ACTIONS, json={"nonsense": True})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")

    async with client(gateway_url, "viewer") as viewer:
        answer = await viewer.post(ACTIONS, json=EXAMPLE)
    assert answer.status_code == 403
    assert answer.json()["metadata"] == {"permission": "workflow:edit"}
