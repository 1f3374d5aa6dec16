"""SPEC-WFL-003 R1.3: what a configuration may hold, and how it is said what it may not."""

from typing import Any

import pytest

from common.catalogue import (
    Arity,
    ConfigStatus,
    MessageSpec,
    ViolationKind,
    catalogue,
    path_of,
    pointer_of,
)
from common.catalogue.violations import segments_of
from tests.unit.common.catalogue.cases import CASES, UUID, VALID, placed

_RIGHT = [(case.type, case.path, value) for case in CASES for value in case.right]
_WRONG = [(case.type, case.path, *wrong) for case in CASES for wrong in case.wrong]
# The specification requires no field of it.
_WITHOUT_VALUES = {"create_contact": ConfigStatus.VALID}


def _ids(value: object) -> str:
    return repr(value)[:40]


def _outcome(type_name: str, config: Any) -> list[tuple[str, str]]:
    outcome = catalogue().get(type_name).validate(config)
    return [(v.field, v.description) for v in outcome.violations]


@pytest.mark.parametrize("type_name", VALID)
def test_a_valid_configuration_has_no_violations(type_name: str) -> None:
    outcome = catalogue().get(type_name).validate(VALID[type_name])
    assert outcome.violations == ()
    assert outcome.status is ConfigStatus.VALID


@pytest.mark.parametrize(("type_name", "path", "value"), _RIGHT, ids=_ids)
def test_right_values(type_name: str, path: str, value: object) -> None:
    assert _outcome(type_name, placed(VALID[type_name], segments_of(path), value)) == []


@pytest.mark.parametrize(("type_name", "path", "description", "value"), _WRONG, ids=_ids)
def test_wrong_values(type_name: str, path: str, description: str, value: object) -> None:
    found = _outcome(type_name, placed(VALID[type_name], segments_of(path), value))
    assert [field for field, _ in found] == [path]
    assert description in found[0][1]


def _paths(message: MessageSpec, prefix: str = "") -> set[str]:
    paths: set[str] = set()
    for field in message.fields.values():
        paths.add(f"{prefix}{field.name}")
        if field.message is not None:
            item = "[0]" if field.arity is Arity.LIST else ""
            paths |= _paths(field.message, f"{prefix}{field.name}{item}.")
    return paths


@pytest.mark.parametrize("type_name", sorted(catalogue().types))
def test_every_field_has_cases(type_name: str) -> None:
    covered = {case.path for case in CASES if case.type == type_name and case.wrong}
    assert _paths(catalogue().get(type_name).config) <= covered


@pytest.mark.parametrize("type_name", sorted(catalogue().types))
def test_an_empty_configuration_is_incomplete(type_name: str) -> None:
    spec = catalogue().get(type_name)
    outcome = spec.validate({})
    required = [name for name, field in spec.config.fields.items() if field.required]
    assert [v.field for v in outcome.violations] == required
    assert {v.kind for v in outcome.violations} <= {ViolationKind.MISSING}
    assert outcome.status is _WITHOUT_VALUES.get(type_name, ConfigStatus.INCOMPLETE)


@pytest.mark.parametrize("type_name", sorted(catalogue().types))
def test_the_defaults_are_incomplete_at_most(type_name: str) -> None:
    spec = catalogue().get(type_name)
    status = spec.validate(spec.defaults()).status
    assert status is _WITHOUT_VALUES.get(type_name, ConfigStatus.INCOMPLETE)


def test_all_violations_come_at_once_in_the_order_of_the_fields() -> None:
    config = {
        "subjct": "Hi",
        "attachments": ["https://example.com/a", "ftp://b", 3],
        "track_opens": "yes",
        "from_email": "support",
        "subject": "{{ contact.first_name",
    }
    outcome = catalogue().get("send_email").validate(config)
    assert [(v.field, v.kind) for v in outcome.violations] == [
        ("template_id", ViolationKind.MISSING),
        ("subject", ViolationKind.INVALID),
        ("from_name", ViolationKind.MISSING),
        ("from_email", ViolationKind.INVALID),
        ("track_opens", ViolationKind.MALFORMED),
        ("attachments[1]", ViolationKind.INVALID),
        ("attachments[2]", ViolationKind.MALFORMED),
        ("subjct", ViolationKind.MALFORMED),
    ]
    assert outcome.status is ConfigStatus.INVALID
    assert [v.field for v in outcome.malformed] == ["track_opens", "attachments[2]", "subjct"]


def test_unknown_fields_are_refused_with_the_closest_name() -> None:
    assert _outcome("add_tag", {"tag_name": "x", "tag_colour": "#fff"}) == [
        ("tag_colour", "is not a field of add_tag; did you mean 'tag_color'?")
    ]
    assert _outcome("add_tag", {"tag_name": "x", "zzz": 1}) == [
        ("zzz", "is not a field of add_tag; its fields are tag_name, tag_color")
    ]
    nested = {"field_updates": [{"field": "email", "value": 1, "vlaue": 2}]}
    assert _outcome("update_contact", nested) == [
        ("field_updates[0].vlaue", "is not a field of field_updates[0]; did you mean 'value'?")
    ]


def test_several_problems_inside_one_json_value() -> None:
    payload = {"a": ["{{ x }}", {"b c": "{% if %}"}], "n": 2**60}
    found = _outcome("webhook_call", VALID["webhook_call"] | {"payload": payload})
    assert [field for field, _ in found] == ["payload.a[0]", 'payload.a[1]["b c"]', "payload.n"]


@pytest.mark.parametrize(
    ("auth", "missing"),
    [
        ({}, []),
        ({"auth_type": "none"}, []),
        ({"auth_type": "basic"}, ["auth_config"]),
        ({"auth_type": "basic", "auth_config": None}, ["auth_config"]),
        ({"auth_type": "basic", "auth_config": {}},
         ["auth_config.username", "auth_config.password"]),
        ({"auth_type": "basic", "auth_config": {"username": "a", "password": ""}},
         ["auth_config.password"]),
        ({"auth_type": "bearer", "auth_config": {"username": "a"}}, ["auth_config.token"]),
        ({"auth_type": "bearer", "auth_config": {"token": "t"}}, []),
        ({"auth_type": "api_key", "auth_config": {"header": "X"}}, ["auth_config.key"]),
        ({"auth_type": "api_key", "auth_config": {"key": "k"}}, []),
    ],
)  # fmt: skip
def test_rules_between_fields_name_both(auth: dict[str, Any], missing: list[str]) -> None:
    outcome = catalogue().get("webhook_call").validate(VALID["webhook_call"] | auth)
    assert [v.field for v in outcome.violations] == missing
    for violation in outcome.violations:
        assert violation.kind is ViolationKind.MISSING
        assert f"{violation.field} is required when auth_type is" in violation.description


@pytest.mark.parametrize(
    ("type_name", "config", "missing"),
    [
        ("add_to_campaign", {"start_position": "specific_step"}, ["step_id"]),
        ("add_to_campaign", {"start_position": "specific_step", "step_id": UUID}, []),
        ("move_pipeline_stage", {"opportunity_selector": "specific"}, ["opportunity_id"]),
        ("move_pipeline_stage",
         {"opportunity_selector": "specific", "opportunity_id": "{{ steps.deal.id }}"}, []),
        ("assign_to_user", {"assignment_type": "specific"}, ["user_id"]),
        ("assign_to_user", {"assignment_type": "specific", "user_id": UUID}, []),
        ("assign_to_user", {"assignment_type": "least_busy"}, []),
        ("send_notification", {"recipient_type": "specific_user"}, ["recipient_ids"]),
        ("send_notification", {"recipient_type": "specific_user", "recipient_ids": []},
         ["recipient_ids"]),
        ("send_notification", {"recipient_type": "specific_user", "recipient_ids": [UUID]}, []),
        ("send_notification", {"recipient_type": "team"}, ["team_id"]),
        ("send_notification", {"recipient_type": "team", "team_id": UUID}, []),
        ("send_notification", {"recipient_type": "role"}, ["role"]),
        ("send_notification", {"recipient_type": "role", "role": ""}, ["role"]),
        ("send_notification", {"recipient_type": "role", "role": "sales"}, []),
    ],
)  # fmt: skip
def test_what_one_field_demands_of_another(
    type_name: str, config: dict[str, Any], missing: list[str]
) -> None:
    outcome = catalogue().get(type_name).validate(VALID[type_name] | config)
    assert [(v.field, v.kind) for v in outcome.violations] == [
        (field, ViolationKind.MISSING) for field in missing
    ]
    assert all(f"{v.field} is required when" in v.description for v in outcome.violations)


@pytest.mark.parametrize("email", ["ann@example.com", "{{ contact.email }}"])
def test_what_one_field_forbids_of_another(email: str) -> None:
    spec = catalogue().get("create_contact")
    outcome = spec.validate({"email": email, "duplicate_handling": "create_duplicate"})
    assert [(v.field, v.kind, v.description) for v in outcome.violations] == [
        (
            "email",
            ViolationKind.INVALID,
            "email must not be given when duplicate_handling is create_duplicate; "
            "leave it out, or choose another duplicate_handling",
        )
    ]
    assert outcome.status is ConfigStatus.INVALID
    for config in ({"phone": "+14155550100"}, {"phone": "+14155550100", "email": None}):
        assert not spec.validate(config | {"duplicate_handling": "create_duplicate"}).violations
    assert not spec.validate({"email": email}).violations, "the default handling allows it"


@pytest.mark.parametrize("value", ["-1", "1000000000000.01", "9" * 40])
def test_numbers_written_as_text_are_held_to_the_bounds(value: str) -> None:
    config = VALID["create_opportunity"] | {"value": value}
    assert _outcome("create_opportunity", config) == [
        ("value", "must be between 0 and 1,000,000,000,000")
    ]


def test_a_number_that_is_null_is_not_given() -> None:
    spec = catalogue().get("create_opportunity")
    config = VALID["create_opportunity"] | {"value": None}
    assert spec.validate(config).violations == ()
    assert "value" not in spec.from_message(spec.to_message(config))


def test_rules_between_fields_are_checked_beside_other_errors() -> None:
    found = _outcome("webhook_call", {"url": "x", "method": "POST", "auth_type": "bearer"})
    assert [field for field, _ in found] == ["url", "auth_config"]


def test_values_of_secrets_are_never_repeated() -> None:
    secret = "s3cr3t" * 1000
    config = {"auth_type": "bearer", "auth_config": {"token": secret, "tokn": secret}}
    found = _outcome("webhook_call", VALID["webhook_call"] | config)
    assert len(found) == 2
    assert "s3cr3t" not in str(found)


@pytest.mark.parametrize("config", [[], "x", 7, None, True])
def test_a_configuration_is_an_object(config: object) -> None:
    assert _outcome("add_tag", config) == [("", "must be an object")]


def test_json_is_not_nested_without_end() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"a": deep}
    outcome = catalogue().get("webhook_call").validate(VALID["webhook_call"] | {"payload": deep})
    assert "must not be nested deeper" in outcome.violations[0].description
    assert outcome.violations[0].kind is ViolationKind.MALFORMED


def test_paths_and_pointers() -> None:
    loc = ("payload", "a b", 0, "x/y~z", 'q"uote', "plain-name", "0")
    path = path_of(loc)
    assert path == 'payload["a b"][0]["x/y~z"]["q\\"uote"].plain-name["0"]'
    assert segments_of(path) == loc
    assert pointer_of(path) == '/payload/a b/0/x~1y~0z/q"uote/plain-name/0'
    assert pointer_of("") == ""
    with pytest.raises(ValueError, match="not a field path"):
        segments_of("a..b")


def test_the_specification_s_example_is_valid() -> None:
    config = {
        "template_id": UUID,
        "subject": "Welcome {{contact.first_name}}!",
        "from_name": "Support Team",
        "from_email": "support@example.com",
        "track_opens": True,
        "track_clicks": True,
    }
    assert _outcome("send_email", config) == []
