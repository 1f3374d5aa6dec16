"""update_contact: SPEC-WFL-003 R3.2."""

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from common.catalogue import contact_fields
from executor_service.domain.outcome import Completed
from executor_service.handlers.crm.update_contact import UpdateContactHandler
from tests.unit.executor_service.handlers.harness import CONTACT, Bench, Case, case_id
from treadle.catalog.v1.update_contact_pb2 import ContactFieldUpdate, UpdateContactConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


def changing(field: str, value: Any, mode: str | None = None) -> dict[str, Any]:
    """A configuration that changes one field."""
    config: dict[str, Any] = {"field_updates": [{"field": field, "value": value}]}
    return config | ({"update_mode": mode} if mode else {})


def refused(name: str, config: dict[str, Any], message: str) -> Case:
    """A case whose rendered value does not fit its field."""
    return Case(name, config, outcome="failed", error="invalid_config", message=message)


CASES = [
    Case(
        "lists the changed fields",
        {
            "field_updates": [
                {"field": "first_name", "value": "Bea"},
                {"field": "custom_fields.plan", "value": "silver"},
            ]
        },
        output={"fields": ["first_name", "custom_fields.plan"]},
        claims=0,
    ),
    refused(
        "refuses an email that rendering makes invalid",
        changing("email", "{{ contact.last_name }}"),
        r"field_updates\[0\].*email",
    ),
    refused(
        "refuses a phone number that rendering makes invalid",
        changing("phone", "{{ contact.first_name }}"),
        r"field_updates\[0\].*phone",
    ),
    refused(
        "refuses a zone that rendering makes invalid",
        changing("timezone", "{{ contact.first_name }}"),
        r"field_updates\[0\].*time zone",
    ),
    refused(
        "refuses an owner that rendering makes invalid",
        changing("owner_id", "{{ contact.first_name }}"),
        r"field_updates\[0\].*(user|UUID)",
    ),
    refused(
        "refuses to append lines to a name",
        changing("last_name", "\n{{ contact.first_name }}", "append"),
        r"field_updates\[0\].*single line",
    ),
    refused(
        "refuses to append too much to a name",
        changing("last_name", "{% for i in (1..201) %}x{% endfor %}", "append"),
        r"field_updates\[0\].*200",
    ),
    refused(
        "refuses to increment by a text",
        changing("custom_fields.visits", "{{ contact.first_name }}", "increment"),
        "increment needs a number",
    ),
    *(
        refused(
            f"refuses to increment by {step!r}",
            changing("custom_fields.visits", step, "increment"),
            "increment needs a number from -1,000,000,000,000,000 to 1,000,000,000,000,000 with "
            "at most 15 decimals",
        )
        for step in (1e300, -1e16, 1e15 + 1, "9" * 16, 1e-16, "0.0000000000000001")
    ),
    refused(
        "refuses a zone that is a path",
        changing("timezone", "../../../etc/passwd"),
        r"field_updates\[0\].*time zone",
    ),
    refused(
        "refuses an address as strictly as the api",
        changing("email", "ann..lee@example.com"),
        r"field_updates\[0\].*email",
    ),
    refused(
        "refuses an extension as the api does",
        changing("phone", "+1 415 555 0100 ext. 5"),
        r"field_updates\[0\].*phone",
    ),
    refused(
        "names the value that is missing",
        changing("first_name", "{{ contact.nickname }}"),
        r"field_updates\[0\]\.value: contact\.nickname has no value",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_update_contact_action(bench: Bench, case: Case) -> None:
    await bench.check("update_contact", "sink", case)


@pytest.mark.parametrize(
    ("config", "mode", "value"),
    [
        (changing("first_name", "  Bea "), "SET", "Bea"),
        (changing("email", "{{ contact.first_name }}@example.com"), "SET", "Ann@example.com"),
        (changing("phone", "+1 (415) 555-0100"), "SET", "+14155550100"),
        (changing("timezone", "Asia/Kolkata"), "SET", "Asia/Kolkata"),
        (changing("custom_fields.plan", "silver"), "SET", "silver"),
        (changing("custom_fields.age", 41), "SET", 41),
        (changing("custom_fields.vip", True), "SET", True),
        (changing("custom_fields.plan", None), "SET", None),
        (changing("last_name", " II", "append"), "APPEND", " II"),
        (
            changing("custom_fields.log", "+{{ contact.custom_fields.visits }}", "append"),
            "APPEND",
            "+3",
        ),
        (changing("custom_fields.visits", 2, "increment"), "INCREMENT", 2),
        (
            changing("custom_fields.visits", "{{ contact.custom_fields.visits }}", "increment"),
            "INCREMENT",
            3,
        ),
        (changing("custom_fields.score", "-0.5", "increment"), "INCREMENT", -0.5),
        (changing("custom_fields.score", 1e15, "increment"), "INCREMENT", 1e15),
        (changing("custom_fields.score", "0.000000000000001", "increment"), "INCREMENT", 1e-15),
        (changing("first_name", "{{ contact.nickname | default: ' ' }}"), "SET", None),
    ],
)
async def test_effect_carries_the_value(
    bench: Bench, config: dict[str, Any], mode: str, value: object
) -> None:
    result = await bench.result("update_contact", config)
    assert result.WhichOneof("outcome") == "completed", result
    update = MessageToDict(result.completed)["effects"][0]["updateContact"]
    assert update["contactId"] == CONTACT["id"]
    assert update["mode"] == f"UPDATE_MODE_{mode}"
    assert update["changes"] == [{"field": config["field_updates"][0]["field"], "value": value}]


async def test_one_bad_change_refuses_all(bench: Bench) -> None:
    config = {
        "field_updates": [
            {"field": "first_name", "value": "Bea"},
            {"field": "email", "value": "{{ contact.first_name }}"},
        ]
    }
    result = await bench.result("update_contact", config)
    assert result.WhichOneof("outcome") == "failed"


@pytest.mark.parametrize("field", contact_fields())
def test_every_built_in_field_can_be_cleared(field: str) -> None:
    config = UpdateContactConfig(field_updates=[ContactFieldUpdate(field=field)])
    config.field_updates[0].value.null_value = 0  # pyright: ignore[reportAttributeAccessIssue] - NULL_VALUE
    outcome = UpdateContactHandler().apply(ActionTask(contact_id="c"), config)
    assert isinstance(outcome, Completed), outcome
