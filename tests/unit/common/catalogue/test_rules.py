"""Rules between fields are read from their options, and mistakes in these are found."""

import pytest

from common.catalogue import CatalogueError, ViolationKind
from common.catalogue.fields import message_spec
from common.catalogue.rules import ForbiddenWhen, RequiredWhen, broken
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
