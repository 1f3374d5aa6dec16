"""Every field of every record that callers may set: what it takes, and what it refuses."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from action_service.use_cases.records.kinds import KINDS
from common.catalogue import FieldSpec, MessageSpec, Shape
from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from tests.support.records import Records, serves

UNKNOWN = str(uuid4())
LONG = "x" * 10_001

# Kind, a value of a field, and what is stored; None when it is the same.
GOOD: list[tuple[str, str, Any, Any]] = [
    ("user", "name", "Ann", None),
    ("user", "email", "ann@example.com", None),
    ("user", "email", "", None),
    ("user", "phone", "+14155550100", None),
    ("user", "role", "sales", None),
    ("user", "is_active", False, None),
    ("team", "name", "Sales", None),
    ("team", "member_ids", [], None),
    ("tag", "name", "VIP", None),
    ("tag", "color", "#fff", None),
    ("custom_field", "name", "plan-2", None),
    ("custom_field", "field_type", "CUSTOM_FIELD_TYPE_DATE", 4),
    ("custom_field", "label", "Plan", None),
    ("pipeline", "name", "Sales", None),
    ("opportunity", "name", "Deal", None),
    ("opportunity", "value", 0, None),
    ("opportunity", "value", 999_999_999_999.99, None),
    ("opportunity", "currency", "EUR", None),
    ("opportunity", "currency", "", "USD"),
    ("task", "title", "Call", None),
    ("task", "description", "a\nb", None),
    ("task", "priority", "TASK_PRIORITY_HIGH", 3),
    ("task", "priority", 0, 2),
    ("task", "status", "TASK_STATUS_DONE", 2),
    ("task", "status", 0, 1),
    ("note", "content", "a\nb", None),
    ("note", "note_type", "NOTE_TYPE_SYSTEM", 3),
    ("note", "note_type", 0, 1),
    ("campaign", "name", "Spring", None),
    ("campaign", "enrollment_limit", 1, None),
    ("campaign", "is_active", False, None),
    ("campaign", "steps", [], None),
    ("course", "name", "Basics", None),
    ("course", "description", "a\nb", None),
    ("course", "welcome_subject", "Hi {{ contact.first_name }}", None),
    ("course", "welcome_subject", "Welcome to {{ course.name }}", None),
    ("audio_file", "name", "Offer", None),
    ("audio_file", "url", "https://cdn.example.com/a.wav?v=1", None),
    ("audio_file", "content_type", "AUDIO_CONTENT_TYPE_WAV", 2),
    ("audio_file", "duration_seconds", 12.5, None),
    ("messenger_page", "name", "Bakery", None),
    ("messenger_page", "facebook_page_id", "102030405060708", None),
    ("messenger_page", "credential", "bakery-2", None),
    ("messenger_page", "credential", "", "default"),
    ("messenger_identity", "psid", "6203981734561", None),
]

# Kind, values, and the fields at fault.
BAD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("user", {"name": " "}, ["name"]),
    ("user", {"name": "x" * 201}, ["name"]),
    ("user", {"name": "a\nb"}, ["name"]),
    ("user", {"name": "a\0b"}, ["name"]),
    ("user", {"email": "nobody", "phone": "415 555"}, ["email", "phone"]),
    ("user", {"email": "a@" + "b" * 250 + ".com"}, ["email"]),
    ("user", {"role": "x" * 41}, ["role"]),
    ("team", {"name": ""}, ["name"]),
    ("team", {"member_ids": ["x"]}, ["member_ids[0]"]),
    ("team", {"member_ids": [UNKNOWN]}, ["member_ids[0]"]),
    ("team", {"member_ids": [UNKNOWN] * 501}, ["member_ids"]),
    ("tag", {"name": "x" * 101}, ["name"]),
    ("tag", {"name": "a\nb", "color": "red"}, ["name", "color"]),
    ("custom_field", {"name": "a b"}, ["name"]),
    ("custom_field", {"name": "1st"}, ["name"]),
    ("custom_field", {"name": "x" * 65}, ["name"]),
    ("custom_field", {"name": "", "field_type": 0}, ["name", "field_type"]),
    ("custom_field", {"field_type": 9}, ["field_type"]),
    ("custom_field", {"label": "x" * 201}, ["label"]),
    ("pipeline", {"name": "", "stages": []}, ["name", "stages"]),
    ("pipeline", {"stages": [{"name": "A"}] * 51}, ["stages"]),
    ("pipeline", {"stages": [{"name": "A"}, {"name": ""}]}, ["stages[1].name"]),
    ("pipeline", {"stages": [{"name": "x" * 201}]}, ["stages[0].name"]),
    ("pipeline", {"stages": [{"id": "x", "name": "A"}]}, ["stages[0].id"]),
    ("pipeline", {"stages": [{"name": "A", "outcome": 9}]}, ["stages[0].outcome"]),
    ("pipeline", {"stages": [{"id": UNKNOWN, "name": "A"}] * 2}, ["stages[1].id"]),
    ("opportunity", {"contact_id": ""}, ["contact_id"]),
    ("opportunity", {"contact_id": UNKNOWN, "name": ""}, ["name", "contact_id"]),
    ("opportunity", {"name": "x" * 301}, ["name"]),
    ("opportunity", {"pipeline_id": ""}, ["pipeline_id"]),
    ("opportunity", {"pipeline_id": UNKNOWN}, ["pipeline_id"]),
    ("opportunity", {"stage_id": "x"}, ["stage_id"]),
    ("opportunity", {"stage_id": UNKNOWN}, ["stage_id"]),
    ("opportunity", {"value": -1}, ["value"]),
    ("opportunity", {"value": 1e13}, ["value"]),
    ("opportunity", {"value": float("nan")}, ["value"]),
    ("opportunity", {"value": 1.005}, ["value"]),
    ("opportunity", {"currency": "euro"}, ["currency"]),
    ("task", {"contact_id": "x"}, ["contact_id"]),
    ("task", {"contact_id": UNKNOWN}, ["contact_id"]),
    ("task", {"title": ""}, ["title"]),
    ("task", {"title": "x" * 301, "description": LONG}, ["title", "description"]),
    ("task", {"assignee_id": UNKNOWN}, ["assignee_id"]),
    ("task", {"priority": 9, "status": 9}, ["priority", "status"]),
    ("note", {"contact_id": UNKNOWN}, ["contact_id"]),
    ("note", {"content": " "}, ["content"]),
    ("note", {"content": LONG}, ["content"]),
    ("note", {"note_type": 9}, ["note_type"]),
    ("campaign", {"name": "x" * 201}, ["name"]),
    ("campaign", {"workflow_id": UNKNOWN}, ["workflow_id"]),
    ("campaign", {"enrollment_limit": 0}, ["enrollment_limit"]),
    ("campaign", {"steps": [{"name": "A"}] * 101}, ["steps"]),
    ("campaign", {"steps": [{"name": ""}]}, ["steps[0].name"]),
    ("campaign", {"steps": [{"id": "x", "name": "A"}]}, ["steps[0].id"]),
    ("campaign", {"steps": [{"name": "A", "action_id": UNKNOWN}]}, ["steps[0].action_id"]),
    ("course", {"name": ""}, ["name"]),
    ("course", {"description": LONG}, ["description"]),
    ("course", {"welcome_subject": "x" * 301}, ["welcome_subject"]),
    ("course", {"welcome_subject": "{{ contact"}, ["welcome_subject"]),
    ("course", {"welcome_subject": "{{ campaign.name }}"}, ["welcome_subject"]),
    ("course", {"welcome_template_id": UNKNOWN}, ["welcome_template_id"]),
    ("audio_file", {"name": "", "url": ""}, ["name", "url"]),
    ("audio_file", {"url": "http://cdn.example.com/a.mp3"}, ["url"]),
    ("audio_file", {"url": "https://10.0.0.1/a.mp3"}, ["url"]),
    ("audio_file", {"content_type": 0}, ["content_type"]),
    ("audio_file", {"content_type": 99}, ["content_type"]),
    ("audio_file", {"duration_seconds": -1}, ["duration_seconds"]),
    ("audio_file", {"duration_seconds": 3601}, ["duration_seconds"]),
    ("messenger_page", {"name": ""}, ["name"]),
    ("messenger_page", {"facebook_page_id": ""}, ["facebook_page_id"]),
    ("messenger_page", {"facebook_page_id": "a/b"}, ["facebook_page_id"]),
    ("messenger_page", {"facebook_page_id": "x" * 101}, ["facebook_page_id"]),
    ("messenger_page", {"credential": "no spaces"}, ["credential"]),
    ("messenger_identity", {"messenger_page_id": UNKNOWN}, ["messenger_page_id"]),
    ("messenger_identity", {"messenger_page_id": "", "psid": ""}, ["messenger_page_id", "psid"]),
    ("messenger_identity", {"psid": "x" * 101}, ["psid"]),
    ("messenger_identity", {"contact_id": UNKNOWN}, ["contact_id"]),
]
# What makes room for a second record of the same name.
CHANGED: dict[str, dict[str, Any]] = {
    "name": {"name": "Other"},
    "facebook_page_id": {"facebook_page_id": "Other"},
}
# Tried with others, in tests of what is special about their kind.
ELSEWHERE = {
    "team.member_ids",
    "pipeline.stages",
    "pipeline.stages.id",
    "pipeline.stages.name",
    "pipeline.stages.outcome",
    "opportunity.contact_id",
    "opportunity.pipeline_id",
    "opportunity.stage_id",
    "task.contact_id",
    "task.assignee_id",
    "task.due_at",
    "note.contact_id",
    "campaign.workflow_id",
    "campaign.steps.id",
    "campaign.steps.name",
    "campaign.steps.action_id",
    "course.welcome_template_id",
    "messenger_identity.messenger_page_id",
    "messenger_identity.contact_id",
    "messenger_identity.last_message_at",
}


@pytest.fixture
def api(shared_api: Api) -> Api:
    return shared_api


@pytest.fixture
def records(client: Client) -> Records:
    return Records(client)


def _paths(message: MessageSpec, path: str) -> Iterator[tuple[str, FieldSpec]]:
    for name, field in message.fields.items():
        yield f"{path}.{name}", field
        if field.message is not None:
            yield from _paths(field.message, f"{path}.{name}")


def test_every_field_is_tried_with_good_and_bad() -> None:
    inputs = {
        path: field
        for kind in KINDS.values()
        if serves("Create", kind.name)
        for path, field in _paths(kind.spec.inputs, kind.name)
    }
    good = {f"{kind}.{name}" for kind, name, _, _ in GOOD} | ELSEWHERE
    bad = {
        f"{kind}.{place.replace('[0]', '').replace('[1]', '')}"
        for kind, _, places in BAD
        for place in places
    }
    assert set(inputs) <= good
    cannot_be_wrong = {path for path, field in inputs.items() if field.shape is Shape.BOOLEAN}
    assert set(inputs) - bad - cannot_be_wrong == {
        "task.due_at",
        "messenger_identity.last_message_at",
    }


@pytest.mark.parametrize(("kind", "name", "value", "stored"), GOOD)
async def test_values_that_are_taken(
    records: Records, kind: str, name: str, value: Any, stored: Any
) -> None:
    other = await records.new(kind)
    if name in KINDS[kind].spec.editable:
        changed = await records.update(kind, other.id, mask=(name,), **{name: value})
        assert getattr(changed, name) == (value if stored is None else stored)
        await records.update(kind, other.id, **CHANGED.get(name, {}))
    created = await records.new(kind, **{name: value})
    assert getattr(created, name) == (value if stored is None else stored)


@pytest.mark.parametrize(("kind", "values", "wrong"), BAD)
async def test_values_that_are_refused(
    records: Records, kind: str, values: dict[str, Any], wrong: list[str]
) -> None:
    given = {**await records.sample(kind), **values}
    expected = [f"{kind}.{name}" for name in wrong]
    error = await refused(records.create(kind, **given), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == expected
    editable = {name: value for name, value in values.items() if name in KINDS[kind].spec.editable}
    if editable == values:
        other = await records.new(kind)
        change = records.update(kind, other.id, mask=tuple(values), **values)
        assert fields(await refused(change, ErrorReason.VALIDATION_FAILED)) == expected
        assert await records.get(kind, other.id) == other
