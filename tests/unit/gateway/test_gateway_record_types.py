"""Every kind of record: its bodies, its resource and its routes are what the contract declares."""

from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from common.catalogue import Arity, Shape
from gateway import faults
from gateway.mapping.records import filters, given, shown
from gateway.models.base import Body
from gateway.models.records import is_always_there, list_query
from gateway.record_table import (
    CAMPAIGNS,
    COURSE_ACCESSES,
    ENROLLMENTS,
    NOTES,
    OPPORTUNITIES,
    PIPELINES,
    RECORD_TYPES,
    TASKS,
    TEAMS,
    USERS,
)
from gateway.record_type import RecordType
from tests.unit.common.catalogue.strategies import JSON
from treadle.record.v1 import campaign_pb2, course_pb2, opportunity_pb2, pipeline_pb2, task_pb2

ID = "880e8400-e29b-41d4-a716-446655440000"
NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
# Served by routes of their own, or to services alone.
VERBS = {"MarkNotificationRead", "SetCourseProgress", "ResolveConversation"}

each = pytest.mark.parametrize("record", RECORD_TYPES, ids=lambda record: record.path)
made = pytest.mark.parametrize(
    "record", [r for r in RECORD_TYPES if r.rpc("Create")], ids=lambda record: record.path
)
changed = pytest.mark.parametrize(
    "record", [r for r in RECORD_TYPES if r.rpc("Update")], ids=lambda record: record.path
)


def problems(model: type[Body], values: dict[str, Any]) -> dict[str, str]:
    """What a body is refused for, by JSON pointer."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return {f.pointer or "": f.detail for f in faults.from_pydantic(errors, body=model)}
    return {}


def test_every_call_of_the_services_is_served() -> None:
    services = {r.service.descriptor.full_name: r.service.descriptor for r in RECORD_TYPES}
    declared = {method.name for service in services.values() for method in service.methods}
    calls = [r.rpc(verb) for r in RECORD_TYPES for verb in ("Create", "Get", "Update", "Delete")]

    served = {rpc.name for rpc in calls if rpc} | {r.list_rpc[0].name for r in RECORD_TYPES}

    assert served | VERBS == declared


@each
def test_a_resource_has_every_field(record: RecordType) -> None:
    assert list(record.resource.model_fields) == list(record.spec.message.fields)


@each
def test_what_has_no_value_is_null_or_empty(record: RecordType) -> None:
    resource = record.shown(record.message()).model_dump()

    for name, field in record.spec.message.fields.items():
        if field.arity is Arity.LIST:
            assert resource[name] == []
        elif field.shape is Shape.OBJECT:
            assert resource[name] == {}
        elif not is_always_there(field):
            assert resource[name] is None


@made
def test_a_new_record_takes_what_may_be_set(record: RecordType) -> None:
    settable = {
        name: field
        for name, field in record.spec.message.fields.items()
        if field.editable or field.create_only
    }

    taken = record.create_body.model_fields

    assert list(taken) == list(settable)
    assert {name for name, field in taken.items() if field.is_required()} == {
        name for name, field in settable.items() if field.required
    }
    assert record.example
    assert problems(record.create_body, dict(record.example)) == {}


@changed
def test_a_change_takes_what_may_be_set_later(record: RecordType) -> None:
    editable = [name for name, field in record.spec.message.fields.items() if field.editable]

    taken = record.update_body.model_fields

    assert list(taken) == [*editable, "etag"]
    assert not any(field.is_required() for field in taken.values())
    assert record.change
    assert problems(record.update_body, dict(record.change)) == {}
    assert problems(record.update_body, {}) == {}


@made
def test_what_is_given_is_what_is_shown(record: RecordType) -> None:
    message = record.message()
    example: dict[str, Any] = dict(record.example or {})

    mask = given(message, record.spec.inputs, record.create_body(**example).model_dump())

    assert set(mask.paths) == set(example)
    back = shown(message, record.spec.message)
    for name, value in example.items():
        if name in ("due_at", "last_message_at"):
            assert back[name] == datetime(2026, 1, 26, 10, tzinfo=UTC)
        elif name in ("stages", "steps"):
            items: Any = back[name]
            assert [item["name"] for item in items] == [item["name"] for item in value]
        else:
            assert back[name] == value


_PARTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"name": JSON}, optional={"id": JSON, "outcome": JSON}
)
_TEXTS: st.SearchStrategy[Any] = st.sampled_from(
    [
        *("", ID, "low", "done", "text", "EUR", "+14155550100", "a@b.io", "#fff"),
        *("2026-01-26T10:00:00.123456789+02:00", "0001-01-01T00:00:00Z", "10000-01-01T00:00Z"),
    ]
)
ANYTHING = JSON | _TEXTS | st.lists(_PARTS)


@changed
@hypothesis.given(data=st.data())
def test_whatever_a_body_takes_can_be_sent_and_shown(
    record: RecordType, data: st.DataObject
) -> None:
    names = st.sampled_from(sorted(record.spec.inputs.fields))
    for model, start in ((record.create_body, record.example), (record.update_body, {})):
        values = dict(start or {}) | data.draw(st.dictionaries(names, ANYTHING, max_size=3))
        if problems(model, values):
            continue
        body = model.model_validate(values).model_dump(warnings=False, exclude={"etag"})
        message = record.message()

        mask = given(message, record.spec.inputs, body)

        assert set(mask.paths) == {name for name, value in values.items() if value is not None}
        sent = record.message.FromString(message.SerializeToString())
        assert record.shown(sent).model_dump_json()


def test_values_are_checked_by_their_rules() -> None:
    assert problems(
        USERS.create_body,
        {"name": " ", "email": "grace@", "phone": "030 1234", "role": "x" * 41, "rank": 1},
    ) == {
        "/name": "is required and must not be blank",
        "/email": "must be an email address, such as ann@example.com",
        "/phone": "must be a phone number in E.164, such as +14155550100",
        "/role": "must have at most 40 characters, not 41",
        "/rank": "is not a field of this request",
    }
    assert problems(TEAMS.create_body, {"name": "Sales", "member_ids": [ID, "me"]}) == {
        "/member_ids/1": "must be a UUID, such as 550e8400-e29b-41d4-a716-446655440000"
    }
    assert problems(
        OPPORTUNITIES.create_body,
        {"name": "x", "pipeline_id": ID, "value": -1, "currency": "euro", "status": "won"},
    ) == {
        "/contact_id": "is required",
        "/value": "must be between 0 and 1,000,000,000,000",
        "/currency": "must have at most 3 characters, not 4",
        "/status": "is not a field of this request",
    }
    assert problems(TASKS.create_body, {"due_at": "tomorrow", "priority": "urgent"}) == {
        "/contact_id": "is required",
        "/title": "is required",
        "/due_at": "must be an RFC 3339 date and time, as 2026-01-26T10:00:00Z",
        "/priority": "must be one of 'low', 'medium' or 'high'",
    }


def test_problems_of_parts_are_pointed_at() -> None:
    stages = [{"name": "Lead"}, {"outcome": "lost"}, {"name": "", "colour": "red"}, 4]

    assert problems(PIPELINES.create_body, {"name": "Sales", "stages": stages}) == {
        "/stages/1/name": "is required",
        "/stages/2/name": "is required and must not be blank",
        "/stages/2/colour": "is not a field of this request",
        "/stages/3": "must be an object",
    }
    assert problems(PIPELINES.create_body, {"name": "Sales", "stages": []}) == {
        "/stages": "is required: give at least one item"
    }
    assert problems(CAMPAIGNS.update_body, {"steps": [{"name": "x"}] * 101}) == {
        "/steps": "must have at most 100 items, not 101"
    }


def test_an_empty_string_takes_away_what_need_not_be_there() -> None:
    message = task_pb2.Task()
    body = TASKS.update_body.model_validate(
        {"description": "", "assignee_id": "", "due_at": "", "priority": None, "status": "done"}
    )

    mask = given(message, TASKS.spec.inputs, body.model_dump(exclude={"etag"}))

    assert list(mask.paths) == ["description", "assignee_id", "due_at", "status"]
    assert [field.name for field, _ in message.ListFields()] == ["status"]
    assert problems(CAMPAIGNS.update_body, {"enrollment_limit": ""}) == {}
    for name in ("title", "status", "priority"):
        assert f"/{name}" in problems(TASKS.update_body, {name: ""})
    assert "/contact_id" in problems(TASKS.update_body, {"contact_id": ID})


def test_null_and_absent_are_the_same_in_a_new_record() -> None:
    message = opportunity_pb2.Opportunity()
    body = OPPORTUNITIES.create_body.model_validate(
        {"contact_id": ID, "name": "x", "pipeline_id": ID, "stage_id": None, "value": None}
    )

    given(message, OPPORTUNITIES.spec.inputs, body.model_dump())

    assert {field.name for field, _ in message.ListFields()} == {
        "contact_id",
        "name",
        "pipeline_id",
    }
    assert not message.HasField("value")


def test_records_are_shown_in_the_words_of_rest() -> None:
    deal = OPPORTUNITIES.shown(
        opportunity_pb2.Opportunity(
            id=ID,
            value=0,
            status=pipeline_pb2.STAGE_OUTCOME_LOST,
            stage_changed_at=NOON,
            created_at=NOON,
            updated_at=NOON,
        )
    ).model_dump()
    assert deal["value"] == 0
    assert deal["status"] == "lost"
    assert deal["closed_at"] is None
    assert deal["action_execution_id"] is None

    access = course_pb2.CourseAccess(id=ID, granted_at=NOON)
    access.progress.update({"lessons": [1, 2], "rate": 0.5})
    assert COURSE_ACCESSES.shown(access).model_dump()["progress"] == {
        "lessons": [1, 2],
        "rate": 0.5,
    }
    assert COURSE_ACCESSES.shown(access).model_dump()["access_level"] == "unspecified"
    assert CAMPAIGNS.shown(campaign_pb2.Campaign(id=ID)).model_dump()["enrolled_count"] == 0


def test_filters_become_fields_of_the_request() -> None:
    rpc, members = ENROLLMENTS.list_rpc
    query = list_query(rpc.request, leave_out="campaign_id")

    values = query.model_validate({"contact_id": ID.upper(), "status": "removed"}).model_dump()

    assert members == "campaign_enrollments"
    assert "campaign_id" not in query.model_fields
    assert filters(rpc.request, values) == {
        "page_size": 50,
        "page_token": "",
        "contact_id": ID,
        "status": campaign_pb2.ENROLLMENT_STATUS_REMOVED,
    }


def test_words_and_paths() -> None:
    assert ENROLLMENTS.id_parameter == "enrollment_id"
    assert ENROLLMENTS.id_field == "campaign_enrollment_id"
    assert COURSE_ACCESSES.names == "CourseAccesses"
    assert COURSE_ACCESSES.members == "course_accesses"
    assert not NOTES.has_etag
