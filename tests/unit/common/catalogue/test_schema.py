"""JSON Schema of the actions: valid, and of one mind with the validation."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from common.catalogue import ActionSpec, catalogue
from common.catalogue.violations import segments_of
from tests.unit.common.catalogue.cases import CASES, VALID, placed
from tests.unit.common.catalogue.strategies import configs

SPECS = list(catalogue().types.values())


def _accepts(schema: dict[str, Any], value: object) -> bool:
    validator = cast("Any", Draft202012Validator(schema))
    return bool(validator.is_valid(value))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_schemas_are_valid_schemas(spec: ActionSpec) -> None:
    for schema in (spec.config_schema(), spec.output_schema()):
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        cast("Any", Draft202012Validator).check_schema(schema)
        for field in schema["properties"].values():
            assert field["title"]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
@given(data=st.data())
def test_what_is_valid_fits_the_schema(spec: ActionSpec, data: st.DataObject) -> None:
    config = data.draw(configs(spec))
    if not spec.validate(config).violations:
        assert _accepts(spec.config_schema(), config)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_valid_and_incomplete_configurations(spec: ActionSpec) -> None:
    schema = spec.config_schema()
    assert _accepts(schema, VALID[spec.type])
    assert _accepts(schema, {}) is (spec.type == "create_contact")
    assert not _accepts(schema, VALID[spec.type] | {"unknown": 1})


# What JSON Schema has no words for, or what is a matter of Liquid.
_BEYOND = (
    "template", "did you mean 'contact'", "single line", "NUL", "Unicode", "blank", "kept exactly",
    "finite", "user name", "65,536", "mask", "http or https", "HTTP client", "10,000", "printable",
    "must be JSON", "65,536 characters", "such as", "the calendar has",
)  # fmt: skip


# Where null is a value; elsewhere it means that the field is not given, for which there is no need.
_NULLABLE = ("field_updates[0].value", "custom_fields.plan", "payload.deep.list[1]")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.type}.{case.path}")
def test_wrong_values_do_not_fit_the_schema(case: Any) -> None:
    schema = catalogue().get(case.type).config_schema()
    loc = segments_of(case.path)
    for value in case.right:
        if value is not None or case.path in _NULLABLE:
            assert _accepts(schema, placed(VALID[case.type], loc, value)), value
    for description, value in case.wrong:
        if not any(word in description for word in _BEYOND):
            assert not _accepts(schema, placed(VALID[case.type], loc, value)), (description, value)


def test_rules_between_fields_are_conditions() -> None:
    schema = catalogue().get("webhook_call").config_schema()
    base = VALID["webhook_call"]
    assert not _accepts(schema, base | {"auth_type": "bearer"})
    assert not _accepts(schema, base | {"auth_type": "bearer", "auth_config": {"key": "x"}})
    assert _accepts(schema, base | {"auth_type": "bearer", "auth_config": {"token": "x"}})
    assert _accepts(schema, base | {"auth_type": "none"})
    schema = catalogue().get("create_contact").config_schema()
    duplicate = {"duplicate_handling": "create_duplicate"}
    assert not _accepts(schema, duplicate | {"email": "ann@example.com"})
    assert _accepts(schema, duplicate | {"phone": "+14155550100"})
    assert _accepts(schema, {"email": "ann@example.com"})


def test_fields_say_what_a_form_needs() -> None:
    email = catalogue().get("send_email").config_schema()["properties"]
    assert email["template_id"] == {
        "title": "Template",
        "description": "The email template that gives the body.",
        "type": "string",
        "minLength": 1,
        "format": "uuid",
        "pattern": email["template_id"]["pattern"],
        "x-treadle-kind": "uuid",
        "x-treadle-reference": "email_template",
    }
    assert email["subject"]["x-treadle-template"] is True
    assert email["subject"]["examples"] == ["Welcome {{contact.first_name}}!"]
    assert email["track_opens"]["default"] is True
    assert email["reply_to"]["format"] == "email"
    assert "format" not in email["attachments"]["items"], "merge fields are no URLs"
    hook = catalogue().get("webhook_call").config_schema()["properties"]
    assert hook["method"]["enum"] == ["GET", "POST", "PUT", "PATCH", "DELETE"]
    assert (hook["timeout_seconds"]["minimum"], hook["timeout_seconds"]["maximum"]) == (1, 300)
    assert hook["auth_config"]["properties"]["token"]["writeOnly"] is True
    duration = catalogue().get("wait_time").config_schema()["properties"]["duration"]
    assert duration["examples"] == [2]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_openapi_shows_the_same_schema(spec: ActionSpec) -> None:
    shown = TypeAdapter(spec.model).json_schema()
    for key in ("properties", "required", "additionalProperties", "allOf"):
        assert shown.get(key) == spec.config_schema().get(key)


def test_a_schema_may_be_changed_by_whoever_asked_for_it() -> None:
    spec = catalogue().get("add_tag")
    spec.config_schema()["properties"].clear()
    assert spec.config_schema()["properties"]
