"""create_contact: SPEC-WFL-003 R3.1."""

from typing import Any

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id


def refused(name: str, config: dict[str, Any], message: str) -> Case:
    """A case in which the rendered values are no contact."""
    return Case(name, config, outcome="failed", error="invalid_config", message=message)


CASES = [
    Case("creates a contact", {"email": "bea@example.com"}, claims=0),
    refused(
        "refuses a first name that rendering makes too long",
        {"first_name": "{% for i in (1..201) %}x{% endfor %}"},
        "^first_name: .*200 characters",
    ),
    refused(
        "refuses a last name that rendering makes too long",
        {"last_name": "{% for i in (1..201) %}x{% endfor %}"},
        "^last_name: .*200 characters",
    ),
    refused(
        "refuses an email that rendering makes invalid",
        {"email": "{{ contact.last_name }}"},
        "^email: must be an email address",
    ),
    refused(
        "refuses a phone number that rendering makes invalid",
        {"phone": "{{ contact.first_name }}"},
        "^phone: must be a phone number in E.164",
    ),
    refused(
        "refuses a phone number that no country has",
        {"phone": "+9991234"},
        "^phone: must be a phone number in E.164",
    ),
    refused(
        "names the custom field whose value is missing",
        {"custom_fields": {"plan": "{{ contact.custom_fields.tier }}"}},
        r"^custom_fields\.plan: contact\.custom_fields\.tier has no value",
    ),
    refused(
        "refuses custom fields that rendering makes too large",
        {"custom_fields": {"all": "{% for i in (1..5000) %}0123456789abcd{% endfor %}"}},
        "^custom_fields: .*65,536 characters",
    ),
    refused("refuses a contact of nothing", {}, "^nothing is known of the contact: give first"),
    refused(
        "refuses a contact that comes to nothing",
        {"first_name": "{{ contact.nickname | default: '' }}", "custom_fields": {"plan": " "}},
        "^nothing is known of the contact",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_create_contact_action(bench: Bench, case: Case) -> None:
    await bench.check("create_contact", "sink", case)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"first_name": " Bea "}, {"first_name": "Bea"}),
        ({"last_name": "{{ contact.last_name }}"}, {"last_name": "Öz <b>"}),
        ({"email": "{{ contact.first_name }}@example.com"}, {"email": "Ann@example.com"}),
        ({"phone": "{{ contact.phone }}"}, {"phone": "+4915112345678"}),
        # As people write them into forms.
        ({"email": "{{ ' bea@example.com ' }}"}, {"email": "bea@example.com"}),
        ({"phone": "{{ ' +1 (415) 555-0100' }}"}, {"phone": "+14155550100"}),
        (
            {"email": "b@example.com", "phone": "{{ contact.nickname | default: '' }}"},
            {"email": "b@example.com"},
        ),
        (
            {
                "custom_fields": {
                    "plan": "{{ contact.custom_fields.plan }}",
                    "visits": 3,
                    "vip": False,
                    "topics": ["a", "{{ contact.first_name }}"],
                    "blank": "{{ contact.nickname | default: ' ' }}",
                    "none": None,
                }
            },
            {"custom_fields": {"plan": "gold", "visits": 3, "vip": False, "topics": ["a", "Ann"]}},
        ),
    ],
)
async def test_effect_carries_what_is_stored(
    bench: Bench, config: dict[str, Any], expected: dict[str, Any]
) -> None:
    handling = {"duplicate_handling": "DUPLICATE_HANDLING_SKIP"}
    assert await bench.change("create_contact", config) == handling | expected


@pytest.mark.parametrize("handling", ["skip", "update", "create_duplicate"])
async def test_effect_carries_what_is_done_with_duplicates(bench: Bench, handling: str) -> None:
    config = {"phone": "+14155550100", "duplicate_handling": handling}
    found = await bench.change("create_contact", config)
    assert found["duplicate_handling"] == f"DUPLICATE_HANDLING_{handling.upper()}"
