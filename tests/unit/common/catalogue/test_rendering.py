"""Merge fields of whole configurations."""

from typing import Any

import pytest

from common.catalogue import ConfigRenderError, catalogue, render_config
from tests.unit.common.catalogue.cases import UUID, VALID

CONTEXT = {
    "contact": {
        "id": "c1",
        "first_name": "Ann",
        "plan": "pro",
        "url": "https://example.com/a b",
        "lines": " a\r\nBcc: x \n",
        "nul": "a\0b",
        "lone": "a\udc00",
        "long": "x" * 2000,
        "space": " ",
        "markup": "{{contact.plan}}",
        "big": "x" * 70_000,
        "cyrillic": "Анна",
        "budget": "1250.50",
        "visits": 3,
    }
}


def _rendered(type_name: str, config: dict[str, Any]) -> dict[str, Any]:
    spec = catalogue().get(type_name)
    assert spec.validate(config).malformed == ()
    message = spec.to_message(config)
    before = message.SerializeToString(deterministic=True)
    rendered = render_config(spec, message, CONTEXT)
    assert message.SerializeToString(deterministic=True) == before, "the task is not changed"
    answer = type(message)()
    getattr(answer, type_name).CopyFrom(rendered)
    return spec.from_message(answer)


def test_every_template_field_is_rendered_once() -> None:
    config = {
        "url": "https://example.com/{{contact.id}}",
        "method": "POST",
        "headers": {"X-Plan": "{{contact.plan}}", "X-Same": "s"},
        "payload": {
            "name": "{{contact.first_name}}",
            "list": ["{{contact.plan}}", {"deep": "{{contact.markup}}"}, 7],
            "{{key}}": "{{contact.plan}}",
        },
        "auth_config": {"token": "{{secret}}"},
    }
    assert _rendered("webhook_call", config) == {
        "url": "https://example.com/c1",
        "method": "POST",
        "headers": {"X-Plan": "pro", "X-Same": "s"},
        "payload": {
            "list": ["pro", {"deep": "{{contact.plan}}"}, 7],
            "name": "Ann",
            "{{key}}": "pro",
        },
        "auth_config": {"token": "{{secret}}"},
    }


def test_lists_and_nested_messages_are_rendered() -> None:
    config = {
        "field_updates": [
            {"field": "first_name", "value": "{{contact.plan}}"},
            {"field": "custom_fields.n", "value": 7},
        ]
    }
    assert _rendered("update_contact", config) == {
        "field_updates": [
            {"field": "first_name", "value": "pro"},
            {"field": "custom_fields.n", "value": 7},
        ]
    }
    email = VALID["send_email"] | {"attachments": ["https://example.com/{{contact.id}}"]}
    assert _rendered("send_email", email)["attachments"] == ["https://example.com/c1"]


@pytest.mark.parametrize(
    ("type_name", "field", "source", "message", "missing"),
    [
        ("add_tag", "tag_name", "{{contact.nick}}", "contact.nick has no value", "contact.nick"),
        ("add_tag", "tag_name", "{{contact.space}}", "must not be blank, once rendered", None),
        ("add_tag", "tag_name", "{{contact.long}}", "at most 100 characters, not 2,000", None),
        ("add_tag", "tag_name", "{{contact.nul}}", "cannot be stored", None),
        ("add_tag", "tag_name", "{{contact.lone}}", "not valid Unicode", None),
        ("add_tag", "tag_name", "{{ 1 | divided_by: 0 }}", "divide by 0", None),
        ("add_tag", "tag_name", "{{ contact.id", "is never closed", None),
        ("webhook_call", "url", "{{contact.url}}", "must be an absolute http", None),
        ("send_sms", "message", "{{contact.long}}", "at most 1,600 characters", None),
    ],
)
def test_what_cannot_be_rendered_names_field_and_cause(
    type_name: str, field: str, source: str, message: str, missing: str | None
) -> None:
    spec = catalogue().get(type_name)
    config = spec.to_message(VALID[type_name] | {field: source})
    with pytest.raises(ConfigRenderError) as failed:
        render_config(spec, config, CONTEXT)
    assert failed.value.field == field
    assert failed.value.missing == missing
    assert str(failed.value).startswith(f"{field}: ")
    assert message in str(failed.value)


def test_records_are_rendered() -> None:
    contact = {
        "first_name": "{{contact.first_name}}",
        "custom_fields": {"plan": "{{contact.plan}}", "tags": ["{{contact.id}}"], "n": 7},
    }
    assert _rendered("create_contact", contact) == {
        "first_name": "Ann",
        "custom_fields": {"n": 7, "plan": "pro", "tags": ["c1"]},
    }
    task = VALID["create_task"] | {
        "title": "Call {{contact.first_name}}",
        "due_date_offset": {"days": 2},
    }
    assert _rendered("create_task", task) == task | {"title": "Call Ann"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{contact.budget}}", "1250.50"),
        (" {{contact.visits}}0 ", " 30 "),
        ("{{contact.visits | times: 1.5}}", "4.5"),
        ("{{contact.nick | default: ''}}", None),
        (99.5, 99.5),
    ],
)
def test_numbers_may_come_from_merge_fields(source: object, value: object) -> None:
    config = VALID["create_opportunity"] | {"name": "{{contact.plan}}", "value": source}
    assert _rendered("create_opportunity", config).get("value") == value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{contact.plan}}", "value: must be a number, or text that is one, once rendered"),
        ("1,{{contact.visits}}", "value: must be a number, or text that is one, once rendered"),
        ("-{{contact.visits}}", "value: must be between 0 and 1,000,000,000,000, once rendered"),
        ("{{contact.nick}}", "value: contact.nick has no value"),
    ],
)
def test_what_is_no_number_once_rendered_is_refused(source: str, message: str) -> None:
    spec = catalogue().get("create_opportunity")
    config = spec.to_message(VALID["create_opportunity"] | {"value": source})
    with pytest.raises(ConfigRenderError) as failed:
        render_config(spec, config, CONTEXT)
    assert str(failed.value).startswith(message)


def test_an_optional_field_that_comes_to_nothing_is_not_given() -> None:
    contact = {
        "first_name": "{{contact.first_name}}",
        "email": "{{contact.nick | default: ''}}",
        "phone": "{% if false %}+14155550100{% endif %}",
    }
    assert _rendered("create_contact", contact) == {"first_name": "Ann"}


def test_a_field_that_another_demands_has_to_come_to_something() -> None:
    spec = catalogue().get("assign_to_user")
    source = {"assignment_type": "specific", "user_id": "{{contact.nick | default: ''}}"}
    with pytest.raises(ConfigRenderError) as failed:
        render_config(spec, spec.to_message(source), CONTEXT)
    assert failed.value.field == "user_id"
    assert "user_id is required when assignment_type is specific" in str(failed.value)
    turns = source | {"assignment_type": "round_robin"}
    assert _rendered("assign_to_user", turns) == {"assignment_type": "round_robin"}


def test_paths_reach_into_json_and_maps() -> None:
    spec = catalogue().get("webhook_call")
    for part, path in (
        ({"payload": {"a": [0, {"b c": "{{contact.nick}}"}]}}, 'payload.a[1]["b c"]'),
        ({"headers": {"X-A": "{{contact.nick}}"}}, "headers.X-A"),
        ({"headers": {"X-A": "{{contact.cyrillic}}"}}, "headers.X-A"),
        ({"payload": {"a": "{{contact.big}}"}}, "payload"),
    ):
        with pytest.raises(ConfigRenderError) as failed:
            render_config(spec, spec.to_message(VALID["webhook_call"] | part), CONTEXT)
        assert failed.value.field == path


def test_lines_are_joined_where_a_single_one_belongs() -> None:
    email = VALID["send_email"] | {"subject": "Hi\n{{contact.lines}}!"}
    assert _rendered("send_email", email)["subject"] == "Hi a Bcc: x !"
    sms = VALID["send_sms"] | {"message": "Hi\n{{contact.first_name}}"}
    assert _rendered("send_sms", sms)["message"] == "Hi\nAnn"


@pytest.mark.parametrize("type_name", VALID)
def test_without_merge_fields_nothing_is_copied(type_name: str) -> None:
    spec = catalogue().get(type_name)
    config = VALID[type_name] | ({"subject": "Hi"} if type_name == "send_email" else {})
    message = spec.to_message(config)
    assert render_config(spec, message, {}) is getattr(message, type_name)


def test_template_strings_have_paths() -> None:
    config = {
        "url": "https://example.com/{{contact.id}}",
        "method": "POST",
        "headers": {"X-A": "{{ user.name }}", "X-B": "b"},
        "payload": {"a b": ["x", "{% if event %}y{% endif %}"]},
        "auth_config": {"token": "{{ not.one }}"},
    }
    spec = catalogue().get("webhook_call")
    assert list(spec.template_strings(config)) == [
        ("url", "https://example.com/{{contact.id}}"),
        ("headers.X-A", "{{ user.name }}"),
        ('payload["a b"][1]', "{% if event %}y{% endif %}"),
    ]
    assert spec.needs(config).roots == {"contact", "user", "event"}
    updates = {"field_updates": [{"field": "email", "value": "{{ contact.x }}"}, {"value": 1}]}
    assert list(catalogue().get("update_contact").template_strings(updates)) == [
        ("field_updates[0].value", "{{ contact.x }}")
    ]


def test_what_is_needed_is_enough_to_render() -> None:
    spec = catalogue().get("send_email")
    config = VALID["send_email"] | {"template_id": UUID}
    part = spec.needs(config).select(CONTEXT)
    assert render_config(spec, spec.to_message(config), part) == render_config(
        spec, spec.to_message(config), CONTEXT
    )
