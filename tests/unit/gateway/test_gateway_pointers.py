"""Fields of services as places in the caller's body."""

import pytest
from pydantic import BaseModel

from gateway.action_bodies import action_fields
from gateway.models.actions import AddActionBody
from gateway.pointers import NO_BODY, BodyFields, parse, pointer


@pytest.mark.parametrize(
    ("path", "tokens"),
    [
        ("subject", ("subject",)),
        ("field_updates[0].value", ("field_updates", 0, "value")),
        ('headers["a.b"]', ("headers", "a.b")),
        ("actions[not a number]", ("actions[not a number]",)),
        ("", ()),
    ],
)
def test_parse(path: str, tokens: tuple[str | int, ...]) -> None:
    assert parse(path) == tokens


def test_pointers_escape_as_rfc_6901_says() -> None:
    assert pointer(()) == ""
    assert pointer(("a/b", "m~n", 0, "")) == "/a~1b/m~0n/0/"


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("config", "/action_config"),
        ("config.send_sms.media_urls[1]", "/action_config/media_urls/1"),
        ("config.message", "/action_config/message"),
        ("message", "/action_config/message"),
        ('headers["X-Plan"]', "/action_config/headers/X-Plan"),
        ("action_type", "/action_type"),
        ("fallback_action_id", "/fallback_action_id"),
    ],
)
def test_actions(field: str, place: str) -> None:
    assert action_fields(AddActionBody).locate(field) == place


def test_what_is_not_in_the_body_has_no_place() -> None:
    class Body(BaseModel):
        name: str

    fields = BodyFields.of(Body, moved={("contact",): (), ("template_id",): ("id",)})

    assert fields.locate("name") == "/name"
    assert fields.locate("contact.email") == "/email"
    assert fields.locate("template_id") == "/id"
    assert fields.locate("workflow_id") is None
    assert fields.locate("") is None
    assert NO_BODY.locate("page_token") is None
