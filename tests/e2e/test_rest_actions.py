"""The steps of a workflow over REST, on every service as it runs: SPEC-WFL-003 R1.1 to R1.3."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.account import Account

NOBODY = "00000000-0000-4000-8000-000000000000"
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True)
class Draft:
    """A workflow with one `add_tag` step, and a client that may edit it."""

    http: httpx.Client
    id: str
    step: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/api/v1/workflows/{self.id}"

    @property
    def actions(self) -> str:
        return f"{self.path}/actions"

    def state(self) -> tuple[Any, ...]:
        """Everything about the workflow that a refused change must leave as it was."""
        return tuple(
            ok(self.http.get(path)).json()
            for path in (self.path, self.actions, f"{self.path}/audit")
        )


def ok(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, answer.text
    return answer


def new_workflow(http: httpx.Client, name: str = "Welcome") -> str:
    return ok(http.post("/api/v1/workflows", json={"name": name})).json()["id"]


@pytest.fixture
def draft(account: Account) -> Draft:
    http = account.http("editor")
    workflow = new_workflow(http)
    body = {"action_type": "add_tag", "action_config": {"tag_name": "new"}}
    step = ok(http.post(f"/api/v1/workflows/{workflow}/actions", json=body)).json()
    return Draft(http, workflow, step)


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
        assert added["config_status"] == "incomplete"
        assert added["config_violations"]

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


@dataclass(frozen=True)
class Bad:
    """A request that must be refused."""

    name: str
    body: Any
    status: int
    reason: str
    pointers: set[str] = field(default_factory=set[str])


def adding(name: str, body: Any, *pointers: str, status: int = 422) -> Bad:
    reason = {400: "MALFORMED_REQUEST", 422: "VALIDATION_FAILED"}[status]
    return Bad(name, body, status, reason, set(pointers))


def tagging(**config: object) -> dict[str, object]:
    return {"action_type": "add_tag", "action_config": config}


def waiting(duration: int, unit: str) -> dict[str, object]:
    return {"action_type": "wait_time", "action_config": {"duration": duration, "unit": unit}}


def texting(**config: object) -> dict[str, object]:
    return {"action_type": "send_sms", "action_config": {**SMS, **config}}


SMS = {"message": "Hi", "from_number": "+14155550100"}
EMAIL = {"template_id": "x", "subject": "s", "from_name": "n", "from_email": "a@example.com"}
TAG_NAME = "/action_config/tag_name"
MISSPELLED = "/action_config/tag_nmae"
UPDATE = {"field_updates": [{"field": "shoe_size", "value": 1}]}
UPDATED_FIELD = "/action_config/field_updates/0/field"
SEVERAL = {**texting(message="{% if %}", from_number=5, x=1), "position": "1"}

BAD_ADDITIONS = [
    adding("unknown type", {"action_type": "send_pigeon"}, "/action_type"),
    adding("no type", {"action_config": {"tag_name": "x"}}, "/action_type"),
    adding("unknown body field", {**tagging(tag_name="x"), "colour": 1}, "/colour"),
    adding("unknown field", tagging(tag_nmae="x"), MISSPELLED, TAG_NAME),
    adding("missing field", tagging(), TAG_NAME),
    adding("null for a required field", tagging(tag_name=None), TAG_NAME),
    adding("wrong type", tagging(tag_name=7), TAG_NAME),
    adding("wrong colour", tagging(tag_name="x", tag_color="red"), "/action_config/tag_color"),
    adding("no object", {"action_type": "add_tag", "action_config": []}, "/action_config"),
    adding("over-long", tagging(tag_name="x" * 101), TAG_NAME),
    adding("over-long message", texting(message="x" * 1601), "/action_config/message"),
    adding("bad Liquid", tagging(tag_name="{{ contact.first_name"), TAG_NAME),
    adding("unknown filter", tagging(tag_name="{{ contact.email | explode }}"), TAG_NAME),
    adding("unknown root", tagging(tag_name="{{ secrets.key }}"), TAG_NAME),
    adding(
        "bad UUID in the configuration",
        {"action_type": "send_email", "action_config": EMAIL},
        "/action_config/template_id",
    ),
    adding(
        "bad UUID in the body",
        {**tagging(tag_name="x"), "previous_action_id": "x"},
        "/previous_action_id",
    ),
    adding("before the first", {**tagging(tag_name="x"), "position": 0}, "/position"),
    adding("beyond the end", {**tagging(tag_name="x"), "position": 9}, "/position"),
    adding(
        "unknown neighbour",
        {**tagging(tag_name="x"), "previous_action_id": NOBODY},
        "/previous_action_id",
    ),
    adding("unknown branch", {**tagging(tag_name="x"), "branch_id": NOBODY}, "/branch_id"),
    adding(
        "fallback without target",
        {**tagging(tag_name="x"), "on_error": "fallback"},
        "/fallback_action_id",
    ),
    adding("unknown enum value", waiting(1, "moons"), "/action_config/unit"),
    adding("out of bounds", waiting(0, "days"), "/action_config/duration"),
    adding("too large for its wire type", waiting(2**40, "days"), "/action_config/duration"),
    adding("NUL character", tagging(tag_name="a\0b"), TAG_NAME),
    adding(
        "nested field",
        {"action_type": "update_contact", "action_config": UPDATE},
        UPDATED_FIELD,
    ),
    adding(
        "everything at once",
        SEVERAL,
        "/action_config/message",
        "/action_config/from_number",
        "/action_config/x",
        "/position",
    ),
    adding("malformed JSON", b'{"action_type": "add_tag",', "", status=400),
    adding("no body", b"", "", status=400),
]


@pytest.mark.parametrize("bad", BAD_ADDITIONS, ids=lambda bad: bad.name)
def test_bad_additions_are_refused_and_change_nothing(draft: Draft, bad: Bad) -> None:
    before = draft.state()

    content = bad.body if isinstance(bad.body, bytes) else json.dumps(bad.body).encode()
    headers = {"Content-Type": "application/json"}
    answer = draft.http.post(draft.actions, content=content, headers=headers)

    refused(answer, bad.status, bad.reason, bad.pointers)
    assert draft.state() == before


def refused(answer: httpx.Response, status: int, reason: str, pointers: set[str]) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["reason"]) == (status, reason)
    assert {e["pointer"] for e in problem.get("errors", ()) if "pointer" in e} == pointers


Request = Callable[[Draft], httpx.Response]

BAD_CHANGES: list[tuple[str, Request, int, str, set[str]]] = [
    (
        "bad UUID of the workflow",
        lambda d: d.http.post("/api/v1/workflows/42/actions", json=tagging(tag_name="x")),
        400,
        "MALFORMED_REQUEST",
        set(),
    ),
    (
        "bad UUID of the action",
        lambda d: d.http.put(f"{d.actions}/42", json={"is_enabled": False}),
        400,
        "MALFORMED_REQUEST",
        set(),
    ),
    (
        "no such workflow",
        lambda d: d.http.post(f"/api/v1/workflows/{NOBODY}/actions", json=tagging(tag_name="x")),
        404,
        "NOT_FOUND",
        set(),
    ),
    (
        "no such action",
        lambda d: d.http.put(f"{d.actions}/{NOBODY}", json={"action_config": {"x": 1}}),
        404,
        "NOT_FOUND",
        set(),
    ),
    (
        "stale etag in If-Match",
        lambda d: d.http.put(
            f"{d.actions}/{d.step['id']}", json={"is_enabled": False}, headers={"If-Match": '"0"'}
        ),
        412,
        "STALE_ETAG",
        set(),
    ),
    (
        "stale etag in the body",
        lambda d: d.http.put(
            f"{d.actions}/{d.step['id']}", json={"is_enabled": False, "etag": "0"}
        ),
        412,
        "STALE_ETAG",
        set(),
    ),
    (
        "stale etag on delete",
        lambda d: d.http.delete(f"{d.actions}/{d.step['id']}", headers={"If-Match": '"0"'}),
        412,
        "STALE_ETAG",
        set(),
    ),
    (
        "update with another type's configuration",
        lambda d: d.http.put(f"{d.actions}/{d.step['id']}", json={"action_config": SMS}),
        422,
        "VALIDATION_FAILED",
        {"/action_config/message", "/action_config/from_number", "/action_config/tag_name"},
    ),
    (
        "update to an incomplete configuration",
        lambda d: d.http.put(f"{d.actions}/{d.step['id']}", json={"action_config": {}}),
        422,
        "VALIDATION_FAILED",
        {"/action_config/tag_name"},
    ),
    (
        "reorder with a stranger",
        lambda d: d.http.post(f"{d.actions}/reorder", json={"action_ids": [NOBODY]}),
        422,
        "VALIDATION_FAILED",
        {"/action_ids", "/action_ids/0"},
    ),
    (
        "unsupported media type",
        lambda d: d.http.post(
            d.actions, content="action_type=add_tag", headers={"Content-Type": "text/plain"}
        ),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        set(),
    ),
    (
        "too large",
        lambda d: d.http.post(d.actions, json=tagging(tag_name="x" * 2**20)),
        413,
        "REQUEST_TOO_LARGE",
        set(),
    ),
]


@pytest.mark.parametrize(
    ("request_", "status", "reason", "pointers"),
    [change[1:] for change in BAD_CHANGES],
    ids=[change[0] for change in BAD_CHANGES],
)
def test_bad_changes_are_refused_and_change_nothing(
    draft: Draft, request_: Request, status: int, reason: str, pointers: set[str]
) -> None:
    before = draft.state()

    refused(request_(draft), status, reason, pointers)

    assert draft.state() == before


def test_the_51st_action_is_refused(draft: Draft) -> None:
    for number in range(49):
        ok(draft.http.post(draft.actions, json=tagging(tag_name=f"t{number}")))
    before = draft.state()

    answer = draft.http.post(draft.actions, json=tagging(tag_name="one too many"))

    refused(answer, 422, "ACTION_LIMIT_REACHED", set())
    assert answer.json()["metadata"]["limit"] == "50"
    assert draft.state() == before


def test_an_active_workflow_is_not_edited(draft: Draft) -> None:
    ok(draft.http.post(f"{draft.path}/activate"))
    before = draft.state()
    step = f"{draft.actions}/{draft.step['id']}"

    for answer in (
        draft.http.post(draft.actions, json=tagging(tag_name="x")),
        draft.http.put(step, json={"is_enabled": False}),
        draft.http.delete(step),
        draft.http.post(f"{draft.actions}/reorder", json={"action_ids": [draft.step["id"]]}),
    ):
        refused(answer, 409, "WORKFLOW_NOT_EDITABLE", set())
        assert "pause" in answer.json()["detail"]
    assert draft.state() == before

    ok(draft.http.post(f"{draft.path}/pause"))
    ok(draft.http.put(step, json={"is_enabled": False}))


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
    with httpx.Client(base_url=account.stack.gateway_url, trust_env=False) as nobody:
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
