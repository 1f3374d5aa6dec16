"""send_notification: SPEC-WFL-003 R5.1."""

from typing import Any

import pytest

from tests.unit.executor_service.handlers.harness import Bench, Case, case_id

USER = "660e8400-e29b-41d4-a716-446655440000"
TO_OWNER: dict[str, Any] = {
    "recipient_type": "contact_owner",
    "channels": ["in_app"],
    "title": "Hot lead",
    "message": "{{ contact.first_name }} called",
}
CASES = [
    Case("notifies the owner", TO_OWNER, claims=0, sent=0),
    Case(
        "notifies users",
        TO_OWNER | {"recipient_type": "specific_user", "recipient_ids": [USER]},
    ),
    Case("notifies a team", TO_OWNER | {"recipient_type": "team", "team_id": USER}),
    Case("notifies a role", TO_OWNER | {"recipient_type": "role", "role": "sales"}),
    # The fleet of internal actions has no provider: the engine has emails and SMS sent.
    Case("calls nobody itself", TO_OWNER | {"channels": ["email", "sms"]}, claims=0, sent=0),
    Case(
        "names the value that is missing",
        TO_OWNER | {"message": "{{ contact.nickname }}"},
        outcome="failed",
        error="invalid_config",
        message=r"message: contact\.nickname has no value",
    ),
    Case(
        "refuses a title that rendering makes blank",
        TO_OWNER | {"title": "{% if false %}x{% endif %}"},
        outcome="failed",
        error="invalid_config",
        message="title: ",
    ),
    Case(
        "refuses a title that rendering makes too long",
        TO_OWNER | {"title": "{% for i in (1..201) %}x{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="title: .*200",
    ),
    Case(
        "refuses a message that rendering makes too long",
        TO_OWNER | {"message": "{% for i in (1..2501) %}xx{% endfor %}"},
        outcome="failed",
        error="invalid_config",
        message="message: .*5,000",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_send_notification_action(bench: Bench, case: Case) -> None:
    await bench.check("send_notification", "twilio", case)


async def test_effect_is_the_configuration_rendered(bench: Bench) -> None:
    config = {
        "recipient_type": "specific_user",
        "recipient_ids": [USER],
        "channels": ["in_app", "email", "sms"],
        "title": "{{ contact.first_name }}",
        "message": "{{ contact.last_name }} called",
    }
    assert await bench.change("send_notification", config) == {
        "recipient_type": "RECIPIENT_TYPE_SPECIFIC_USER",
        "recipient_ids": [USER],
        "channels": [
            "NOTIFICATION_CHANNEL_IN_APP",
            "NOTIFICATION_CHANNEL_EMAIL",
            "NOTIFICATION_CHANNEL_SMS",
        ],
        "title": "Ann",
        "message": "Öz <b> called",
    }
