"""Requests that must be refused, each with its code and pointers, and that change nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.account import Account
from tests.support.rest_drafts import Draft, new_draft, ok, refused, tagging

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def draft(account: Account) -> Draft:
    return new_draft(account)


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
