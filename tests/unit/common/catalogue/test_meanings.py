"""What a text must look like may depend on another field; what others fetch is public."""

import pytest

from common.catalogue import ConfigRenderError, catalogue, render_config
from common.catalogue.kinds import check_kind
from treadle.catalog.v1.make_call_pb2 import CALL_DESTINATION_IVR, MakeCallConfig

USER = "550e8400-e29b-41d4-a716-446655440000"
BASE = {"from_number": "+14155550100"}


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("user", USER, None),
        ("user", "Grace", "must be a UUID"),
        ("user", "+14155550123", "must be a UUID"),
        ("queue", "Support", None),
        ("queue", "x" * 101, "must have at most 100 characters"),
        ("external", "+14155550123", None),
        ("external", USER, "must be a phone number in E.164"),
        ("ivr", "https://ivr.example.com/menu", None),
        ("ivr", "http://ivr.example.com/menu", "must be an https URL on a public host"),
        ("ivr", "Support", "must be an https URL on a public host"),
        # Nobody knows yet.
        ("user", "{{ contact.owner_id }}", None),
        ("ivr", "{{ contact.custom_fields.menu }}", None),
    ],
)
def test_a_value_is_read_as_the_other_field_says(
    kind: str, value: str, problem: str | None
) -> None:
    config = BASE | {"destination_type": kind, "destination_value": value}
    found = catalogue().get("make_call").validate(config).violations
    if problem is None:
        assert not found
        return
    (violation,) = found
    assert violation.field == "destination_value"
    assert problem in violation.description
    assert violation.description.endswith(f"when destination_type is {kind}")


def test_it_is_read_so_once_rendered_too() -> None:
    spec = catalogue().get("make_call")
    message = spec.to_message(
        BASE | {"destination_type": "ivr", "destination_value": "{{ contact.first_name }}"}
    )
    with pytest.raises(ConfigRenderError, match=r"destination_value.*once rendered"):
        render_config(spec, message, {"contact": {"first_name": "Ann"}})
    good = render_config(spec, message, {"contact": {"first_name": "https://ivr.example.com/"}})
    assert isinstance(good, MakeCallConfig)
    assert good.destination_type == CALL_DESTINATION_IVR


def test_the_schema_says_it_too() -> None:
    rules = catalogue().get("make_call").config_schema()["allOf"]
    meanings = {
        rule["if"]["properties"]["destination_type"]["enum"][0]: rule["then"]["properties"][
            "destination_value"
        ]
        for rule in rules
    }
    assert meanings["user"]["x-treadle-reference"] == "user"
    assert {kind: shown["x-treadle-kind"] for kind, shown in meanings.items()} == {
        "user": "uuid",
        "queue": "tag",
        "external": "phone",
        "ivr": "public_url",
    }


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://cdn.example.com/offer.mp3", True),
        ("HTTPS://cdn.example.com:8443/offer.mp3?a=b", True),
        ("https://8.8.8.8/offer.mp3", True),
        ("https://[2606:4700::1111]/offer.mp3", True),
        ("http://cdn.example.com/offer.mp3", False),
        ("ftp://cdn.example.com/offer.mp3", False),
        ("//cdn.example.com/offer.mp3", False),
        ("https://localhost/offer.mp3", False),
        ("https://files.internal/offer.mp3", False),
        ("https://printer.local/offer.mp3", False),
        ("https://intranet/offer.mp3", False),
        ("https://127.0.0.1/offer.mp3", False),
        ("https://10.1.2.3/offer.mp3", False),
        ("https://169.254.169.254/latest", False),
        ("https://2130706433/offer.mp3", False),
        ("https://0x7f.1/offer.mp3", False),
        ("https://[::1]/offer.mp3", False),
        ("https://[64:ff9b::7f00:1]/offer.mp3", False),
        ("https://[2002:7f00:1::]/offer.mp3", False),
        ("https://user:secret@cdn.example.com/offer.mp3", False),
        ("https://cdn.example.com:0/offer.mp3", False),
        ("https:///offer.mp3", False),
        ("", False),
    ],
)
def test_what_others_fetch_is_public(url: str, right: bool) -> None:
    problem = check_kind("public_url", url)
    assert (problem is None) == right
    assert right or "must be an https URL on a public host" in (problem or "")
