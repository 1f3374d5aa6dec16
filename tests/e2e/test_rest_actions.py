"""The steps of a workflow over REST, on every service as it runs: SPEC-WFL-003 R1.1 to R1.3."""

import re
from typing import Any

import httpx
import pytest

from tests.support.account import Account
from tests.support.rest_drafts import Draft, new_draft, new_workflow, ok, refused, tagging

NOBODY = "00000000-0000-4000-8000-000000000000"
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
def draft(account: Account) -> Draft:
    return new_draft(account)


def test_add_action_to_workflow(account: Account) -> None:
    """R1.1, AC-001: the specification's example request gives its example response."""
    http = account.http("editor")
    template = ok(
        http.post(
            "/api/v1/email-templates",
            json={"name": "Welcome", "html_body": "<p>Hello {{contact.first_name}}</p>"},
        )
    ).json()["id"]
    workflow = new_workflow(http)
    actions = f"/api/v1/workflows/{workflow}/actions"
    first = ok(http.post(actions, json={"action_type": "add_tag"})).json()["id"]
    config = {
        "template_id": template,
        "subject": "Welcome {{contact.first_name}}!",
        "from_name": "Support Team",
        "from_email": "support@example.com",
        "track_opens": True,
        "track_clicks": True,
    }

    answer = http.post(
        actions,
        json={
            "action_type": "send_email",
            "action_config": config,
            "position": 2,
            "previous_action_id": first,
        },
    )

    assert answer.status_code == 201
    added = answer.json()
    assert answer.headers["location"] == f"{actions}/{added['id']}"
    assert answer.headers["etag"] == f'"{added["etag"]}"'
    assert added["workflow_id"] == workflow
    assert added["action_type"] == "send_email"
    assert added["action_config"] == config
    assert added["position"] == 2
    assert added["is_enabled"] is True
    assert RFC_3339_UTC.fullmatch(added["created_at"])
    assert added["previous_action_id"] == first
    assert added["config_status"] == "valid"
    assert added["created_by"] == str(account.user_id)
    assert ok(http.get(answer.headers["location"])).json() == added


def test_action_creation(draft: Draft) -> None:
    """R1.2, AC-002: a new action has its type's defaults, a place, and links to its neighbours."""
    types = ok(draft.http.get("/api/v1/action-types")).json()["action_types"]
    for kind in types:
        added = ok(draft.http.post(draft.actions, json={"action_type": kind["type"]})).json()
        assert added["action_config"] == kind["defaults"]
        # Nothing has to be said of a contact that is made.
        status = "incomplete" if kind["config_schema"].get("required") else "valid"
        assert added["config_status"] == status
        assert bool(added["config_violations"]) == (status == "incomplete")

    listed = ok(draft.http.get(draft.actions)).json()["actions"]
    assert [a["position"] for a in listed] == list(range(1, len(types) + 2))
    ids = [a["id"] for a in listed]
    assert [a["previous_action_id"] for a in listed] == [None, *ids[:-1]]
    assert [a["next_action_id"] for a in listed] == [*ids[1:], None]

    body = {"action_type": "wait_time", "previous_action_id": ids[0]}
    between = ok(draft.http.post(draft.actions, json=body)).json()
    assert (between["position"], between["next_action_id"]) == (2, ids[1])
    first = ok(draft.http.get(f"{draft.actions}/{ids[0]}")).json()
    assert first["next_action_id"] == between["id"]


def test_action_configuration(draft: Draft) -> None:
    """R1.3, AC-003: settings are validated, saved, and their status shown."""
    path = f"{draft.actions}/{draft.step['id']}"

    half = ok(draft.http.put(path, json={"action_config": {}, "allow_incomplete": True}))
    assert half.json()["config_status"] == "incomplete"
    assert [v["field"] for v in half.json()["config_violations"]] == ["tag_name"]

    whole = ok(
        draft.http.put(
            path,
            json={
                "action_config": {"tag_name": "{{contact.first_name}}", "tag_color": "#1f77b4"},
                "name": "tag them",
                "on_error": "continue",
                "is_enabled": False,
            },
            headers={"If-Match": half.headers["etag"]},
        )
    ).json()
    assert whole["config_status"] == "valid"
    assert whole["config_violations"] == []
    assert whole["action_config"] == {"tag_name": "{{contact.first_name}}", "tag_color": "#1f77b4"}
    assert (whole["name"], whole["on_error"], whole["is_enabled"]) == (
        "tag them",
        "continue",
        False,
    )
    assert ok(draft.http.get(path)).json() == whole


def test_reorder_and_delete(draft: Draft) -> None:
    http = draft.http
    ids = [draft.step["id"]]
    for name in ("a", "b", "c"):
        body = {"action_type": "add_tag", "action_config": {"tag_name": name}}
        ids.append(ok(http.post(draft.actions, json=body)).json()["id"])
    wanted = [ids[2], ids[0], ids[3], ids[1]]

    reordered = ok(
        http.post(f"{draft.actions}/reorder", json={"action_ids": wanted, "branch_id": None})
    ).json()["actions"]
    assert [a["id"] for a in reordered] == wanted
    assert [a["action_config"]["tag_name"] for a in reordered] == ["b", "new", "c", "a"]

    gone = f"{draft.actions}/{ids[0]}"
    assert http.delete(gone).status_code == 204
    assert http.get(gone).status_code == 404
    left = ok(http.get(draft.actions)).json()["actions"]
    assert [(a["id"], a["position"]) for a in left] == [(ids[2], 1), (ids[3], 2), (ids[1], 3)]
    assert left[0]["next_action_id"] == ids[3]
    audit = ok(http.get(f"{draft.path}/audit")).json()["entries"]
    assert audit[0]["operation"] == "action.deleted"
    assert audit[0]["entity_id"] == ids[0]


def test_a_workflow_with_an_incomplete_action_is_not_activated(draft: Draft) -> None:
    added = ok(draft.http.post(draft.actions, json={"action_type": "send_sms"})).json()
    before = draft.state()

    answer = draft.http.post(f"{draft.path}/activate")

    refused(answer, 422, "WORKFLOW_NOT_VALID", set())
    assert any(added["id"] in e["field"] for e in answer.json()["errors"])
    assert draft.state() == before


def test_the_same_idempotency_key_adds_once(draft: Draft) -> None:
    headers = {"Idempotency-Key": "form 17, second click"}

    first = ok(draft.http.post(draft.actions, json=tagging(tag_name="once"), headers=headers))
    again = ok(draft.http.post(draft.actions, json=tagging(tag_name="once"), headers=headers))
    other = draft.http.post(draft.actions, json=tagging(tag_name="twice"), headers=headers)

    assert again.json() == first.json()
    refused(other, 422, "REQUEST_ID_REUSED", set())
    assert len(ok(draft.http.get(draft.actions)).json()["actions"]) == 2


def test_accounts_and_roles_are_kept_apart(draft: Draft, account: Account) -> None:
    step = f"{draft.actions}/{draft.step['id']}"
    before = draft.state()
    with Account(account.stack) as stranger:
        for answer in (
            stranger.http("admin").get(step),
            stranger.http("admin").put(step, json={"is_enabled": False}),
            stranger.http("admin").delete(step),
            stranger.http("admin").post(draft.actions, json=tagging(tag_name="x")),
        ):
            refused(answer, 404, "NOT_FOUND", set())
    for role in ("viewer", "operator"):
        http = account.http(role)
        assert http.get(step).status_code == 200
        refused(http.delete(step), 403, "PERMISSION_DENIED", set())
    with httpx.Client(base_url=account.stack.gateway_url, timeout=60, trust_env=False) as nobody:
        refused(nobody.get(step), 401, "UNAUTHENTICATED", set())
    assert draft.state() == before


def test_secrets_are_stored_and_never_shown(draft: Draft) -> None:
    config: dict[str, Any] = {
        "url": "https://example.com/hook",
        "method": "POST",
        "auth_type": "bearer",
        "auth_config": {"token": "s3cr3t-t0k3n"},
    }
    body = {"action_type": "webhook_call", "action_config": config}
    added = ok(draft.http.post(draft.actions, json=body))
    masked = {**config, "auth_config": {"token": "********"}}
    assert added.json()["action_config"] == masked

    path = f"{draft.actions}/{added.json()['id']}"
    kept = ok(draft.http.put(path, json={"action_config": {**masked, "timeout_seconds": 5}}))

    assert kept.json()["config_status"] == "valid"
    for answer in (added, kept, draft.http.get(path), draft.http.get(f"{draft.path}/audit")):
        assert "s3cr3t" not in answer.text
