"""Objects whose form another field decides: checked when saved, and again when rendered."""

from typing import Any

import pytest

from common.catalogue import ConfigRenderError, ConfigStatus, catalogue, render_config
from common.catalogue.convert import read_struct
from common.catalogue.violations import segments_of
from tests.unit.common.catalogue.cases import placed
from tests.unit.common.catalogue.messenger_cases import (
    BUTTONS,
    FORMS,
    GENERIC,
    IMAGE,
    QUICK_REPLY,
    TAGGED,
    TEXT,
)

SPEC = catalogue().get("send_messenger")
NAMED = "{{ contact.first_name }}"
_RIGHT = [(base, case.path, value) for base, case in FORMS for value in case.right]
_WRONG = [(base, case.path, *wrong) for base, case in FORMS for wrong in case.wrong]


def _ids(value: object) -> str:
    return repr(value)[-40:]


def rendered(config: dict[str, Any], name: str) -> dict[str, Any]:
    message: Any = render_config(
        SPEC, SPEC.to_message(config), {"contact": {"first_name": name, "custom_fields": {}}}
    )
    return read_struct(message.content)


def failing(config: dict[str, Any], name: str) -> str:
    assert not SPEC.validate(config).violations
    with pytest.raises(ConfigRenderError) as caught:
        rendered(config, name)
    return str(caught.value)


@pytest.mark.parametrize("config", [TEXT, IMAGE, QUICK_REPLY, GENERIC, BUTTONS, TAGGED])
def test_a_message_of_each_type_is_valid(config: dict[str, Any]) -> None:
    assert SPEC.validate(config).status is ConfigStatus.VALID


@pytest.mark.parametrize(("base", "path", "value"), _RIGHT, ids=_ids)
def test_right_values(base: dict[str, Any], path: str, value: object) -> None:
    config = placed(base, segments_of(path), value)
    assert SPEC.validate(config).violations == ()


@pytest.mark.parametrize(("base", "path", "description", "value"), _WRONG, ids=_ids)
def test_wrong_values_are_named_by_their_path(
    base: dict[str, Any], path: str, description: str, value: object
) -> None:
    outcome = SPEC.validate(placed(base, segments_of(path), value))
    assert [violation.field for violation in outcome.violations] == [path]
    assert description in outcome.violations[0].description
    # What is inside the object can be kept, and mended later.
    assert not outcome.malformed or path == "tag"


def test_a_draft_of_each_type_is_incomplete_and_says_what_is_missing() -> None:
    missing = {
        "text": ["content.text"],
        "image": ["content.url"],
        "template": ["content.template_type"],
        "quick_reply": ["content.text", "content.quick_replies"],
    }
    for message_type, paths in missing.items():
        outcome = SPEC.validate({**TEXT, "message_type": message_type, "content": {}})
        assert [violation.field for violation in outcome.violations] == paths
        assert outcome.status is ConfigStatus.INCOMPLETE


def test_limits_hold_for_what_templates_come_to() -> None:
    title = placed(QUICK_REPLY, ("content", "quick_replies", 0, "title"), NAMED)
    assert failing(title, "x" * 21) == (
        "content.quick_replies[0].title: must have at most 20 characters, not 21, once rendered"
    )
    assert rendered(title, "Ann")["quick_replies"] == [{"title": "Ann", "payload": "YES"}]
    text = placed(TEXT, ("content", "text"), NAMED)
    assert "content.text: must have at most 2,000 characters" in failing(text, "x" * 2001)
    assert "content.text: is required and must not be blank" in failing(text, " ")
    image = placed(IMAGE, ("content", "url"), f"{NAMED}")
    assert "content.url: must be an absolute http or https URL" in failing(image, "a.png")


def test_what_comes_to_nothing_is_left_out_and_lines_are_joined() -> None:
    card = {"title": NAMED, "subtitle": "{{ contact.last_name | default: '' }}", "image_url": "x"}
    config = placed(GENERIC, ("content", "elements", 0), {**card, "image_url": "https://a.io/b"})
    assert rendered(config, "Ann\nÖz")["elements"] == [
        {"title": "Ann Öz", "image_url": "https://a.io/b"}
    ]
    only = placed(GENERIC, ("content", "elements", 0), {"title": "x", "subtitle": card["subtitle"]})
    assert "content.elements[0]: needs at least one of subtitle" in failing(only, "Ann")


def test_braces_in_data_are_no_templates() -> None:
    text = placed(TEXT, ("content", "text"), f"Hi {NAMED}")
    assert rendered(text, "{{ contact.email") == {"text": "Hi {{ contact.email"}


def test_the_schema_says_what_each_type_holds() -> None:
    forms = {
        rule["if"]["properties"]["message_type"]["const"]: rule["then"]["properties"]["content"]
        for rule in SPEC.config_schema()["allOf"]
        if "const" in rule["if"]["properties"].get("message_type", {})
    }
    assert list(forms) == ["text", "image", "template", "quick_reply"]
    assert forms["text"]["required"] == ["text"]
    replies = forms["quick_reply"]["properties"]["quick_replies"]
    assert (replies["minItems"], replies["maxItems"]) == (1, 13)
    title = replies["items"]["properties"]["title"]
    assert title["x-treadle-max-rendered-length"] == 20
    card = forms["template"]["properties"]["elements"]["items"]
    assert {"required": ["subtitle"]} in card["allOf"][0]["anyOf"]
