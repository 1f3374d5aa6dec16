"""What may be set on a record follows from its message."""

from typing import Any, cast

import pytest
from google.protobuf.descriptor import Descriptor

from common.catalogue.records import RecordSpec, record_spec
from treadle.record.v1 import course_pb2, opportunity_pb2, pipeline_pb2, team_pb2, user_pb2

ID = "550e8400-e29b-41d4-a716-446655440000"


def spec(message: type[Any]) -> RecordSpec:
    return record_spec(cast("Descriptor", message.DESCRIPTOR))


def test_outputs_are_no_inputs() -> None:
    opportunity = spec(opportunity_pb2.Opportunity)
    assert set(opportunity.inputs.fields) == {
        "contact_id",
        "name",
        "pipeline_id",
        "stage_id",
        "value",
        "currency",
    }
    assert opportunity.editable == set(opportunity.inputs.fields) - {"contact_id"}
    assert "status" in opportunity.message.fields


def test_reading_takes_inputs_in_their_usual_form() -> None:
    pipeline = pipeline_pb2.Pipeline(
        id=ID,
        name="Sales",
        stages=[{"id": ID.upper(), "name": "New"}, {"id": "", "name": "", "outcome": 0}],
        etag="r1",
    )
    assert spec(pipeline_pb2.Pipeline).read(pipeline) == {
        "name": "Sales",
        "stages": [{"id": ID, "name": "New"}, {"name": ""}],
    }
    assert spec(team_pb2.Team).read(team_pb2.Team(member_ids=[ID.upper(), "x"])) == {
        "member_ids": [ID, "x"]
    }


def test_an_empty_text_is_no_value_unless_one_is_required() -> None:
    user = user_pb2.User(name="", email="", is_active=False)
    assert spec(user_pb2.User).read(user) == {"name": "", "is_active": False}


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"name": "A", "stages": [{"name": "B"}]}, []),
        ({}, ["name", "stages"]),
        ({"name": None, "stages": None}, ["name", "stages"]),
        (
            {"name": "A", "stages": [{"name": "B", "outcome": 9}, {}]},
            ["stages[0].outcome", "stages[1].name"],
        ),
        ({"name": "A", "stages": [{"name": "B"}], "etag": "r1"}, ["etag"]),
    ],
)
def test_all_violations_are_found_at_once(values: dict[str, Any], wrong: list[str]) -> None:
    found = spec(pipeline_pb2.Pipeline).violations(values)
    assert [violation.field for violation in found] == wrong


def test_a_message_is_filled_from_what_is_stored() -> None:
    course = course_pb2.Course()
    values = {"name": "Basics", "created_at": "2026-01-26T10:00:00.5Z"}
    spec(course_pb2.Course).fill(course, values)
    assert (course.name, course.created_at.nanos) == ("Basics", 500_000_000)
