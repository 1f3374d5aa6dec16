"""Rules between fields are read from their options, and mistakes in these are found."""

import pytest

from common.catalogue import CatalogueError, ViolationKind
from common.catalogue.fields import message_spec
from common.catalogue.rules import ForbiddenWhen, RequiredWhen, broken
from treadle.catalog.v1.send_sms_pb2 import SendSmsConfig
from treadle.catalog.v1.webhook_call_pb2 import WebhookCallConfig
from treadle.options.v1 import options_pb2

SPEC = message_spec(WebhookCallConfig.DESCRIPTOR)


@pytest.mark.parametrize(
    ("field", "other_field", "value"),
    [
        ("nope", "auth_type", "basic"),
        ("auth_config.nope", "auth_type", "basic"),
        ("url.nope", "auth_type", "basic"),
        ("auth_config", "nope", "basic"),
        ("auth_config", "url", "basic"),
        ("auth_config", "auth_type", "nope"),
    ],
)
def test_rules_name_what_there_is(field: str, other_field: str, value: str) -> None:
    required = options_pb2.RequiredWhen(field=field, other_field=other_field, values=[value])
    forbidden = options_pb2.ForbiddenWhen(field=field, other_field=other_field, values=[value])
    with pytest.raises(CatalogueError, match="WebhookCallConfig: RequiredWhen names"):
        RequiredWhen.read(required, SPEC)
    with pytest.raises(CatalogueError, match="WebhookCallConfig: ForbiddenWhen names"):
        ForbiddenWhen.read(forbidden, SPEC)


@pytest.mark.parametrize(
    ("config", "breaks"),
    [
        ({}, False),
        ({"auth_config": None}, False),
        ({"auth_config": {}}, False),
        ({"auth_config": {"token": ""}}, False),
        ({"auth_config": {"token": "t"}}, True),
        ({"auth_config": {"token": "t"}, "auth_type": "none"}, True),
        ({"auth_config": {"token": "t"}, "auth_type": "bearer"}, False),
        ({"auth_config": "not an object"}, False),
    ],
)
def test_nested_fields_can_be_forbidden_by_a_default_too(
    config: dict[str, object], breaks: bool
) -> None:
    rule = ForbiddenWhen(("auth_config", "token"), "auth_type", ("none",))
    found = [(each.path, each.kind) for each in broken((rule,), SPEC, config)]
    assert found == ([(rule.path, ViolationKind.INVALID)] if breaks else [])


SMS = message_spec(SendSmsConfig.DESCRIPTOR)


@pytest.mark.parametrize(
    ("config", "breaks"),
    [
        ({}, False),
        ({"purpose": "marketing"}, False),
        ({"purpose": "marketing", "respect_quiet_hours": True}, False),
        ({"purpose": "marketing", "respect_quiet_hours": False}, True),
        ({"purpose": "transactional", "respect_quiet_hours": False}, False),
        ({"respect_quiet_hours": False}, False),
    ],
    ids=["none", "by-default", "quiet", "loud", "transactional", "declared"],
)
def test_one_value_can_be_forbidden(config: dict[str, object], breaks: bool) -> None:
    rule = ForbiddenWhen(("purpose",), "respect_quiet_hours", ("false",), ("marketing",))
    found = [each.text for each in broken((rule,), SMS, config)]
    text = (
        "purpose must not be marketing when respect_quiet_hours is false; "
        "choose another purpose, or another respect_quiet_hours"
    )
    assert found == ([text] if breaks else [])


@pytest.mark.parametrize(
    ("field", "value"), [("purpose", "nope"), ("message", "x")], ids=["value", "no-enum"]
)
def test_a_value_that_is_forbidden_is_one_of_the_field(field: str, value: str) -> None:
    option = options_pb2.ForbiddenWhen(
        field=field, other_field="respect_quiet_hours", values=["false"], field_values=[value]
    )
    with pytest.raises(CatalogueError, match=f"SendSmsConfig: ForbiddenWhen names {field}"):
        ForbiddenWhen.read(option, SMS)
