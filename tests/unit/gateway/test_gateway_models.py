"""Bodies: strictness, enums read from the contracts, values between protobuf and JSON."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from gateway import faults
from gateway.mapping.actions import action
from gateway.mapping.values import json_object, struct
from gateway.models.actions import CONFIG_STATUS, ON_ERROR, AddActionBody, UpdateActionBody
from gateway.models.base import Body
from gateway.models.contacts import ContactBatchBody
from gateway.models.executions import EXECUTION_STATE, StartExecutionsBody
from gateway.models.workflows import CreateWorkflowBody
from treadle.workflow.v1 import action_pb2

ID = "0199D2A4-6F0E-7CC1-9F2B-0C5C1A7F3D10"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def found(model: type[Body], values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(values)
    errors = raised.value.errors(include_url=False, include_input=False)
    return {fault.pointer or "": fault.detail for fault in faults.from_pydantic(errors, body=model)}


def test_enums_are_spelled_as_the_contracts_say() -> None:
    assert list(ON_ERROR.names) == ["stop", "continue", "fallback"]
    assert ON_ERROR.number("fallback") == action_pb2.ON_ERROR_FALLBACK
    assert ON_ERROR.number(None) == action_pb2.ON_ERROR_UNSPECIFIED
    assert CONFIG_STATUS.name(action_pb2.CONFIG_STATUS_INCOMPLETE) == "incomplete"
    assert CONFIG_STATUS.shown(99) == "unspecified"
    assert "waiting" in EXECUTION_STATE.names


def test_types_are_strict_and_names_known() -> None:
    assert found(
        AddActionBody,
        {
            "action_type": 1,
            "position": "1",
            "is_enabled": "yes",
            "on_eror": "stop",
            "on_error": "explode",
            "branch_id": "main",
        },
    ) == {
        "/action_type": "must be a string",
        "/position": "must be a whole number",
        "/is_enabled": "must be true or false",
        "/on_eror": "is not a field of this request; did you mean on_error?",
        "/on_error": "must be one of 'stop', 'continue' or 'fallback'",
        "/branch_id": "must be a UUID",
    }


def test_a_missing_value_and_a_wrong_bound() -> None:
    assert found(AddActionBody, {"position": 0}) == {
        "/action_type": "is required",
        "/position": "must be greater than or equal to 1",
    }
    assert found(CreateWorkflowBody, {"name": ""}) == {"/name": "must have at least 1 character"}
    assert found(ContactBatchBody, {"contacts": [{"email": 1}, {"emial": ""}]}) == {
        "/contacts/0/email": "must be a string",
        "/contacts/1/emial": "is not a field of this request",
    }


def test_contacts_are_one_or_many() -> None:
    assert "either contact_id or contact_ids" in found(StartExecutionsBody, {})[""]


def test_uuids_become_canonical_and_may_be_taken_away_where_it_says_so() -> None:
    body = AddActionBody.model_validate({"action_type": "add_tag", "previous_action_id": ID})
    assert body.previous_action_id == ID.lower()
    assert UpdateActionBody.model_validate({"fallback_action_id": ""}).fallback_action_id == ""
    for wrong in (ID.replace("-", ""), "{" + ID + "}", ID + "\n", ""):
        assert "/branch_id" in found(AddActionBody, {"action_type": "x", "branch_id": wrong})


@given(st.dictionaries(st.text(), json_values))
def test_json_survives_the_way_through_a_struct(value: dict[str, Any]) -> None:
    back = json_object(Struct.FromString(struct(value).SerializeToString()))

    assert back == value
    assert all(not isinstance(v, float) or not v.is_integer() for v in back.values())


def test_large_floats_stay_floats_of_the_same_value() -> None:
    assert json_object(struct({"x": 1e300, "y": -0.5})) == {"x": 1e300, "y": -0.5}
    assert math.isclose(json_object(struct({"x": 0.1}))["x"], 0.1)  # pyright: ignore[reportArgumentType]


def test_an_action_of_a_type_not_known_here_is_still_shown() -> None:
    created = datetime(2026, 1, 26, tzinfo=UTC)
    message = action_pb2.Action(
        id="a", workflow_id="w", action_type="brew_tea", created_at=created, updated_at=created
    )

    shown = action(message)

    assert shown.action_type == "brew_tea"
    assert shown.action_config == {}
    assert isinstance(shown, BaseModel)
