"""What all kinds of records have in common, over gRPC on a real Postgres."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from action_service.use_cases.records.kinds import KINDS
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from tests.support.records import Records, serves

CREATABLE = [kind for kind in KINDS if serves("Create", kind)]
UPDATABLE = [kind for kind in KINDS if serves("Update", kind)]
DELETABLE = [kind for kind in KINDS if serves("Delete", kind)]
UNIQUE = [
    "team",
    "tag",
    "custom_field",
    "pipeline",
    "campaign",
    "course",
    "audio_file",
    "messenger_page",
]
# A field of each kind that changes, and what it is changed to.
CHANGE: dict[str, dict[str, Any]] = {kind: {"name": "Changed"} for kind in UPDATABLE} | {
    "custom_field": {"label": "Changed"},
    "task": {"title": "Changed"},
    "messenger_identity": {"last_message_at": Timestamp(seconds=5)},
}
# Those of which some text changes.
RENAMED = [kind for kind in UPDATABLE if kind != "messenger_identity"]
EACH_CREATABLE = pytest.mark.parametrize("kind", CREATABLE)
EACH_UPDATABLE = pytest.mark.parametrize("kind", UPDATABLE)
EACH_RENAMED = pytest.mark.parametrize("kind", RENAMED)
EACH_DELETABLE = pytest.mark.parametrize("kind", DELETABLE)


@pytest.fixture
def api(shared_api: Api) -> Api:
    return shared_api


@pytest.fixture
def records(client: Client) -> Records:
    return Records(client)


def test_every_kind_that_is_served_is_tried() -> None:
    assert CREATABLE == [
        "user",
        "team",
        "tag",
        "custom_field",
        "pipeline",
        "opportunity",
        "task",
        "note",
        "campaign",
        "course",
        "audio_file",
        "messenger_page",
        "messenger_identity",
    ]
    assert set(CREATABLE) - set(UPDATABLE) == {"note"}
    assert set(CREATABLE) - set(DELETABLE) == {"user"}


@EACH_CREATABLE
async def test_what_is_created_is_there(api: Api, records: Records, kind: str) -> None:
    given = await records.sample(kind)
    created = await records.create(kind, **given)
    assert await records.get(kind, created.id) == created
    assert created in await records.list(kind)
    for name, value in given.items():
        if name not in ("stages", "steps", "field_type", "content_type"):
            assert getattr(created, name) == value
    audit = await api.rows(
        "SELECT operation, before, after FROM audit_log WHERE entity_id = CAST(:id AS uuid)",
        id=created.id,
    )
    assert [row[:2] for row in audit] == [(f"{kind}.created", None)]
    after: Any = audit[0][2]
    assert set(given) <= set(after)


@EACH_CREATABLE
async def test_nothing_but_what_callers_may_set_is_taken(records: Records, kind: str) -> None:
    outputs = {"id": str(uuid4()), "created_at": {"seconds": 1}}
    created = await records.new(kind, **outputs)
    assert created.id != outputs["id"]
    assert created.created_at.seconds > 1


@EACH_CREATABLE
async def test_the_same_request_again_has_the_same_answer(records: Records, kind: str) -> None:
    given = await records.sample(kind)
    request_id = str(uuid4())
    first, second = await asyncio.gather(
        *(records.create(kind, request_id=request_id, **given) for _ in range(2))
    )
    assert first == second
    assert [each.id for each in await records.list(kind)].count(first.id) == 1
    texts = ("name", "title", "content", "psid")
    changed = given | {next(name for name in texts if name in given): "x"}
    await refused(
        records.create(kind, request_id=request_id, **changed), ErrorReason.REQUEST_ID_REUSED
    )


@EACH_RENAMED
async def test_an_update_changes_what_it_names(api: Api, records: Records, kind: str) -> None:
    created = await records.new(kind)
    ((name, value),) = CHANGE[kind].items()
    changed = await records.update(kind, created.id, etag=created.etag, **{name: value})
    assert changed.etag != created.etag
    assert await records.get(kind, created.id) == changed
    before, after = MessageToDict(created), MessageToDict(changed)
    differing = {key for key in {**before, **after} if before.get(key) != after.get(key)}
    assert differing <= {name, "etag", "updatedAt"}
    audit = await api.rows(
        "SELECT before, after FROM audit_log"
        " WHERE operation = :operation AND entity_id = CAST(:id AS uuid)",
        operation=f"{kind}.updated",
        id=created.id,
    )
    assert audit == [({name: getattr(created, name)}, {name: value})]
    # Nothing changes, and nothing is written down.
    assert await records.update(kind, created.id, **{name: value}) == changed
    # What was read can be sent back whole, with a mask or without.
    values = {field.name: value for field, value in changed.ListFields()}
    assert await records.update(kind, created.id, **values) == changed
    assert await records.update(kind, created.id, mask=(name,), **values) == changed


@EACH_UPDATABLE
async def test_an_update_of_a_stale_record_is_refused(records: Records, kind: str) -> None:
    created = await records.new(kind)
    changes = [
        records.update(kind, created.id, etag=created.etag, **CHANGE[kind]),
        records.delete(kind, created.id, etag=f"{created.etag}0")
        if serves("Delete", kind)
        else records.update(kind, created.id, etag="r0", **CHANGE[kind]),
    ]
    await changes[0]
    await refused(changes[1], ErrorReason.STALE_ETAG)
    error = await refused(
        records.update(kind, created.id, etag=created.etag, **CHANGE[kind]), ErrorReason.STALE_ETAG
    )
    assert created.id in error.message


@EACH_RENAMED
async def test_of_two_updates_at_once_one_is_stale(records: Records, kind: str) -> None:
    created = await records.new(kind)
    (name,) = CHANGE[kind]
    changes: list[dict[str, Any]] = [{name: f"By {index}"} for index in range(4)]
    outcomes = await asyncio.gather(
        *(records.update(kind, created.id, etag=created.etag, **values) for values in changes),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


@EACH_UPDATABLE
async def test_masks_name_what_can_be_updated(records: Records, kind: str) -> None:
    created = await records.new(kind)
    spec = KINDS[kind].spec
    for name in set(spec.message.fields) - spec.editable | {"nonsense"}:
        error = await refused(
            records.update(kind, created.id, mask=(name,)), ErrorReason.MALFORMED_REQUEST
        )
        assert fields(error) == ["update_mask"]


@EACH_DELETABLE
async def test_what_is_deleted_is_gone(api: Api, records: Records, kind: str) -> None:
    created = await records.new(kind)
    await records.delete(kind, created.id, etag=getattr(created, "etag", ""))
    await refused(records.get(kind, created.id), ErrorReason.NOT_FOUND)
    await refused(records.delete(kind, created.id), ErrorReason.NOT_FOUND)
    assert await records.list(kind) == []
    audit = await api.rows(
        "SELECT before, after FROM audit_log"
        " WHERE operation = :operation AND entity_id = CAST(:id AS uuid)",
        operation=f"{kind}.deleted",
        id=created.id,
    )
    assert len(audit) == 1
    assert audit[0][0]
    assert audit[0][1] is None


@pytest.mark.parametrize("kind", KINDS)
async def test_ids_that_are_none_or_unknown(records: Records, kind: str) -> None:
    error = await refused(records.get(kind, "x"), ErrorReason.MALFORMED_REQUEST)
    assert fields(error) == [f"{kind}_id"]
    error = await refused(records.get(kind, str(uuid4())), ErrorReason.NOT_FOUND)
    assert error.metadata["entity"] == kind.replace("_", " ")


@EACH_CREATABLE
async def test_another_accounts_record_is_not_there(api: Api, client: Client, kind: str) -> None:
    created = await Records(client).new(kind)
    stranger = Records(await api.client())
    await refused(stranger.get(kind, created.id), ErrorReason.NOT_FOUND)
    assert created.id not in [each.id for each in await stranger.list(kind)]
    if kind in UPDATABLE:
        change = stranger.update(kind, created.id, **CHANGE[kind])
        await refused(change, ErrorReason.NOT_FOUND)
    if kind in DELETABLE:
        await refused(stranger.delete(kind, created.id), ErrorReason.NOT_FOUND)
    assert await Records(client).get(kind, created.id) == created


@pytest.mark.parametrize("kind", UNIQUE)
async def test_names_are_taken_once_in_an_account(api: Api, records: Records, kind: str) -> None:
    given = await records.sample(kind)
    await records.create(kind, **given)
    error = await refused(records.create(kind, **given), ErrorReason.ALREADY_EXISTS)
    assert fields(error) == [f"{kind}.name"]
    await Records(await api.client()).new(kind, name=given["name"])
    if kind != "custom_field":
        other = await records.new(kind)
        rename = records.update(kind, other.id, name=given["name"])
        assert fields(await refused(rename, ErrorReason.ALREADY_EXISTS)) == [f"{kind}.name"]


@EACH_CREATABLE
async def test_who_may_read_and_change(api: Api, client: Client, kind: str) -> None:
    created = await Records(client).new(kind)
    viewer = Records(await api.client("viewer", account_id=client.account_id))
    editor = Records(await api.client("editor", account_id=client.account_id))
    assert await viewer.get(kind, created.id) == created
    await refused(viewer.create(kind), ErrorReason.PERMISSION_DENIED)
    in_directory = kind in ("user", "team")
    reason = ErrorReason.PERMISSION_DENIED if in_directory else ErrorReason.VALIDATION_FAILED
    await refused(editor.create(kind), reason)


@EACH_CREATABLE
async def test_lists_are_walked_page_by_page(records: Records, kind: str) -> None:
    made = [await records.new(kind) for _ in range(5)]
    plural = KINDS[kind].plural
    seen: list[Any] = []
    token = ""
    while True:
        page = await records.call("List", kind, page_size=2, page_token=token)
        seen += getattr(page, plural)
        token = page.next_page_token
        if not token:
            break
    mine = [each for each in seen if each.id in {record.id for record in made}]
    if KINDS[kind].by_name:
        assert mine == sorted(made, key=lambda record: record.name)
    else:
        assert mine == made[::-1]
    assert len({each.id for each in seen}) == len(seen)
    first = await records.call("List", kind, page_size=2)
    other = "tag" if kind != "tag" else "course"
    await refused(
        records.call("List", other, page_token=first.next_page_token), ErrorReason.MALFORMED_REQUEST
    )


async def test_a_page_ends_at_the_longest_of_names(records: Records) -> None:
    for last in ("a", "b"):
        await records.new("course", name="\u007f" * 10 + "😀" * 189 + last)
    page = await records.call("List", "course", page_size=1)
    rest = await records.list("course", page_size=1, page_token=page.next_page_token)
    assert rest[0].name.endswith("b")
