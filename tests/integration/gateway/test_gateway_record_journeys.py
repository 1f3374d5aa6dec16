"""Each kind of record from its making to its end, over REST and kept by the real api role."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tests.support.record_rest import RecordRest, pointers, record_rest

Json = dict[str, Any]
# Fields that hold records of their own.
_PARTS = {"stages", "steps"}
UNKNOWN = "880e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    """Callers of a gateway before a real api role."""
    async with record_rest(database_url) as running:
        yield running


@dataclass(frozen=True)
class Journey:
    """What is done with one kind of record, and what must come of it.

    `new` makes the body of a new record, and the records that it needs; `shown` is what the answer
    says beyond the body. `bad` is a change with the places at which it is refused. `found` and
    `lost` are the query parameters, made from the record, of lists with and without it.
    """

    path: str
    new: Callable[[RecordRest], Awaitable[Json]]
    change: Json
    bad: Json
    places: frozenset[str]
    shown: Json = field(default_factory=dict[str, Any])
    found: Callable[[Json], Json] = lambda _: {}
    lost: tuple[Json, ...] = ()
    is_deleted: bool = True


async def _user(_: RecordRest) -> Json:
    return {"name": "Grace Hopper", "email": "grace@example.com", "role": "sales"}


async def _team(rest: RecordRest) -> Json:
    return {"name": "Sales", "member_ids": [await rest.user("Zoe"), await rest.user("Abe")]}


async def _tag(_: RecordRest) -> Json:
    return {"name": "vip", "color": "#1f77b4"}


async def _custom_field(_: RecordRest) -> Json:
    return {"name": "seats", "field_type": "number", "label": "Seats"}


async def _pipeline(_: RecordRest) -> Json:
    stages = [{"id": str(uuid4()), "name": "Lead"}, {"name": "Lost", "outcome": "lost"}]
    return {"name": "Sales", "stages": stages}


async def _opportunity(rest: RecordRest) -> Json:
    pipeline = await rest.pipeline()
    return {
        "contact_id": await rest.contact(),
        "name": "Annual plan",
        "pipeline_id": pipeline["id"],
        "value": 1200.5,
    }


async def _task(rest: RecordRest) -> Json:
    return {
        "contact_id": await rest.contact(),
        "title": "Call back",
        "assignee_id": await rest.user(),
        "due_at": "2026-01-26T10:00:00Z",
    }


async def _note(rest: RecordRest) -> Json:
    return {"contact_id": await rest.contact(), "content": "Asked for\nan offer."}


async def _campaign(rest: RecordRest) -> Json:
    return {
        "name": "Spring",
        "workflow_id": await rest.workflow(),
        "enrollment_limit": 10,
        "steps": [{"name": "Welcome"}],
    }


async def _course(_: RecordRest) -> Json:
    return {"name": "Getting started", "welcome_subject": "Welcome, {{contact.first_name}}"}


async def _audio_file(_: RecordRest) -> Json:
    return {
        "name": "Spring offer",
        "url": "https://cdn.example.com/offer.mp3",
        "content_type": "audio/mpeg",
    }


JOURNEYS = (
    Journey(
        "users",
        _user,
        shown={"phone": None, "is_active": True},
        change={"email": "", "phone": "+14155550100", "is_active": False},
        bad={"name": "", "email": "grace", "is_active": "no"},
        places=frozenset({"/name", "/email", "/is_active"}),
        found=lambda user: {"role": user["role"], "include_inactive": "true"},
        lost=({"role": "support"}, {}),
        is_deleted=False,
    ),
    Journey(
        "teams",
        _team,
        change={"name": "Support", "member_ids": []},
        bad={"name": "x" * 201, "member_ids": ["Zoe"]},
        places=frozenset({"/name", "/member_ids/0"}),
    ),
    Journey(
        "tags",
        _tag,
        shown={"contact_count": 0},
        change={"name": "gold", "color": ""},
        bad={"name": "two\nlines", "color": "blue"},
        places=frozenset({"/name", "/color"}),
    ),
    Journey(
        "custom-fields",
        _custom_field,
        change={"label": "Licences"},
        bad={"label": "x" * 201, "name": "chairs", "field_type": "text"},
        places=frozenset({"/label", "/name", "/field_type"}),
    ),
    Journey(
        "pipelines",
        _pipeline,
        change={"name": "Direct", "stages": [{"name": "Won", "outcome": "won"}]},
        bad={"name": "", "stages": [{"name": "Lead"}, {"outcome": "lost"}]},
        places=frozenset({"/name", "/stages/1/name"}),
    ),
    Journey(
        "opportunities",
        _opportunity,
        shown={"currency": "USD", "status": "open", "closed_at": None},
        change={"name": "Monthly plan", "value": "", "currency": "EUR"},
        bad={"value": -1, "currency": "coins", "stage_id": UNKNOWN[:-1]},
        places=frozenset({"/value", "/currency", "/stage_id"}),
        found=lambda deal: {"contact_id": deal["contact_id"], "stage_id": deal["stage_id"]},
        lost=({"contact_id": UNKNOWN}, {"pipeline_id": UNKNOWN}, {"stage_id": UNKNOWN}),
    ),
    Journey(
        "tasks",
        _task,
        shown={"description": None, "priority": "medium", "status": "open", "completed_at": None},
        change={"title": "Write", "assignee_id": "", "due_at": "", "priority": "high"},
        bad={"title": " ", "due_at": "soon", "status": "late"},
        places=frozenset({"/title", "/due_at", "/status"}),
        found=lambda task: {"contact_id": task["contact_id"], "status": "open"},
        lost=({"status": "done"}, {"assignee_id": UNKNOWN}),
    ),
    Journey(
        "campaigns",
        _campaign,
        shown={"is_active": True, "enrolled_count": 0},
        change={"enrollment_limit": "", "workflow_id": "", "is_active": False},
        bad={"name": "", "enrollment_limit": 0, "steps": [{"name": "x", "id": "1"}]},
        places=frozenset({"/name", "/enrollment_limit", "/steps/0/id"}),
    ),
    Journey(
        "courses",
        _course,
        shown={"description": None, "welcome_template_id": None},
        change={"description": "Five lessons.", "welcome_subject": ""},
        bad={"name": "", "welcome_template_id": "plain"},
        places=frozenset({"/name", "/welcome_template_id"}),
    ),
    Journey(
        "audio-files",
        _audio_file,
        shown={"duration_seconds": None},
        change={"url": "https://cdn.example.com/other.wav", "content_type": "audio/wav"},
        bad={"name": "", "url": "https://127.0.0.1/offer.mp3", "content_type": "video/mp4"},
        places=frozenset({"/name", "/url", "/content_type"}),
    ),
)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.path)
async def test_a_record_from_its_making_to_its_end(rest: RecordRest, journey: Journey) -> None:
    base = f"/api/v1/{journey.path}"
    body = await journey.new(rest)

    made = await _made_once(rest, base, body)
    one = f"{base}/{made['id']}"
    assert body.items() <= _comparable(made, body).items()
    assert journey.shown.items() <= made.items()
    shown = await rest.admin.get(one)
    assert (shown.status_code, shown.json()) == (200, made)
    assert shown.headers["etag"] == f'"{made["etag"]}"'

    assert made["id"] in await rest.listed(journey.path, **journey.found(made))
    await _is_for_its_account_only(rest, base, made["id"])
    await _is_refused(rest, one, journey)

    changed = await _changed_once(rest, one, made, journey.change)
    for query in journey.lost:
        assert made["id"] not in await rest.listed(journey.path, **query)

    if journey.is_deleted:
        await _deleted_once(rest, one, made["etag"], changed["etag"])


async def test_a_note_from_its_making_to_its_end(rest: RecordRest) -> None:
    body = await _note(rest)

    made = await _made_once(rest, "/api/v1/notes", body, has_etag=False)

    assert body.items() <= made.items()
    assert made["note_type"] == "general"
    assert made["context"] == {}
    assert made["author"].startswith("user:")
    one = f"/api/v1/notes/{made['id']}"
    assert (await rest.admin.get(one)).json() == made
    assert await rest.listed("notes", contact_id=body["contact_id"]) == [made["id"]]
    assert await rest.listed("notes", contact_id=UNKNOWN) == []
    await _is_for_its_account_only(rest, "/api/v1/notes", made["id"], has_changes=False)
    assert (await rest.admin.patch(one, json={"content": "Other"})).status_code == 405
    bad = {"contact_id": UNKNOWN, "content": "", "note_type": "secret"}
    assert pointers(await rest.admin.post("/api/v1/notes", json=bad)).keys() == {
        "/content",
        "/note_type",
    }
    dangling = await rest.admin.post("/api/v1/notes", json=body | {"contact_id": UNKNOWN})
    assert pointers(dangling).keys() == {"/contact_id"}

    assert (await rest.admin.delete(one)).status_code == 204
    assert (await rest.admin.get(one)).status_code == 404


async def _made_once(
    rest: RecordRest, base: str, body: Mapping[str, Any], *, has_etag: bool = True
) -> Json:
    """Make a record twice with one key."""
    key = {"Idempotency-Key": "the first"}
    made = await rest.admin.post(base, json=body, headers=key)
    again = await rest.admin.post(base, json=body, headers=key)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{base}/{made.json()['id']}"
    assert ("etag" in made.headers) == has_etag
    assert (again.status_code, again.json()) == (201, made.json())
    return made.json()


async def _is_for_its_account_only(
    rest: RecordRest, base: str, record_id: str, *, has_changes: bool = True
) -> None:
    one = f"{base}/{record_id}"
    assert (await rest.stranger.get(one)).status_code == 404
    listed = (await rest.stranger.get(base)).json()
    assert record_id not in str(listed)
    assert (await rest.stranger.delete(one)).status_code in (404, 405)
    assert (await rest.viewer.get(one)).status_code == 200
    if has_changes:
        assert (await rest.stranger.patch(one, json={})).status_code == 404
        assert (await rest.viewer.patch(one, json={})).status_code == 403


async def _is_refused(rest: RecordRest, one: str, journey: Journey) -> None:
    """Changes that are not valid say where, and leave all as it is."""
    before = (await rest.admin.get(one)).json()
    refused = await rest.admin.patch(one, json=journey.bad)
    assert pointers(refused).keys() == journey.places
    unknown = await rest.admin.patch(one, json={"nonsense": 1})
    assert pointers(unknown) == {"/nonsense": "is not a field of this request"}
    assert (await rest.admin.get(one)).json() == before


async def _changed_once(rest: RecordRest, one: str, made: Json, change: Json) -> Json:
    """Change a record by its etag, which is stale then."""
    condition = {"If-Match": f'"{made["etag"]}"'}
    changed = await rest.admin.patch(one, json=change, headers=condition)
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] != condition["If-Match"]
    after = changed.json()
    expected = {name: None if value == "" else value for name, value in change.items()}
    assert expected.items() <= _comparable(after, expected).items()
    untouched = made.keys() - change.keys() - {"etag", "updated_at"}
    assert {name: after[name] for name in untouched} == {name: made[name] for name in untouched}

    stale = await rest.admin.patch(one, json=change, headers=condition)
    assert stale.status_code == 412
    assert stale.json()["reason"] == "STALE_ETAG"
    assert (await rest.admin.get(one)).json() == after
    return after


async def _deleted_once(rest: RecordRest, one: str, stale: str, current: str) -> None:
    refused = await rest.admin.delete(one, headers={"If-Match": f'"{stale}"'})
    assert refused.status_code == 412
    deleted = await rest.admin.delete(one, headers={"If-Match": f'"{current}"'})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await rest.admin.get(one)).status_code == 404
    assert (await rest.admin.delete(one)).status_code == 404
    assert (await rest.admin.patch(one, json={})).status_code == 404


def _comparable(shown: Json, given: Mapping[str, Any]) -> Json:
    """What is shown, its parts cut down to what was given of them."""
    return shown | {name: _parts(shown[name], given[name]) for name in _PARTS & given.keys()}


def _parts(shown: list[Json], given: list[Json]) -> list[Json]:
    both = zip(shown, given, strict=True)
    return [{name: part[name] for name in wanted} for part, wanted in both]
