"""What configurations and records point to, as the contracts say."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from action_service.adapters.references import ReferenceReader
from action_service.use_cases.references import KINDS, Reference, references
from common.catalogue import MessageSpec, catalogue
from common.catalogue.fields import enum_name, message_spec
from treadle.options.v1 import options_pb2
from treadle.record.v1 import campaign_pb2, opportunity_pb2

ONE = "550e8400-e29b-41d4-a716-446655440000"
TWO = "660e8400-e29b-41d4-a716-446655440000"
WORKFLOW = UUID(int=7)


def config(action_type: str) -> MessageSpec:
    return catalogue().get(action_type).config


@pytest.mark.parametrize(
    ("message", "values", "found"),
    [
        (
            config("send_email"),
            {"template_id": ONE, "subject": ONE},
            [Reference("template_id", "email_template", UUID(ONE))],
        ),
        (config("send_email"), {"template_id": "nonsense"}, []),
        (config("send_email"), {}, []),
        (config("add_tag"), {"tag_name": ONE}, []),
        (config("assign_to_user"), {"user_id": "{{ contact.custom_fields.closer }}"}, []),
        (
            config("send_notification"),
            {"recipient_ids": [ONE, "{{ nobody }}", TWO]},
            [
                Reference("recipient_ids[0]", "user", UUID(ONE)),
                Reference("recipient_ids[2]", "user", UUID(TWO)),
            ],
        ),
        (
            config("move_pipeline_stage"),
            {"pipeline_id": ONE, "stage_id": TWO},
            [
                Reference("pipeline_id", "pipeline", UUID(ONE)),
                Reference("stage_id", "pipeline_stage", UUID(TWO), UUID(ONE)),
            ],
        ),
        (
            config("add_to_campaign"),
            {"campaign_id": "unreadable", "step_id": TWO},
            [Reference("step_id", "campaign_step", UUID(TWO))],
        ),
        (
            message_spec(opportunity_pb2.Opportunity.DESCRIPTOR),
            {"contact_id": ONE},
            [Reference("contact_id", "contact", UUID(ONE))],
        ),
        (
            message_spec(campaign_pb2.Campaign.DESCRIPTOR),
            {"workflow_id": ONE, "steps": [{"name": "a"}, {"name": "b", "action_id": TWO}]},
            [
                Reference("workflow_id", "workflow", UUID(ONE)),
                Reference("steps[1].action_id", "workflow_action", UUID(TWO), WORKFLOW),
            ],
        ),
    ],
)
def test_references_are_found_by_what_the_contract_says(
    message: MessageSpec, values: dict[str, Any], found: list[Reference]
) -> None:
    assert references(message, values, within={"workflow": WORKFLOW}) == tuple(found)


def test_every_kind_of_reference_can_be_looked_up() -> None:
    enum = options_pb2.DESCRIPTOR.enum_types_by_name["ReferenceKind"]
    declared = {enum_name(enum, value.number) for value in enum.values if value.number}
    assert set(KINDS) == declared
    usable = {kind.usable for kind in KINDS.values() if kind.usable}
    assert ReferenceReader.kinds() == declared | usable


def test_what_is_part_of_something_names_it() -> None:
    def unnamed(message: MessageSpec) -> Iterator[str]:
        for field in message.fields.values():
            if field.message is not None:
                yield from unnamed(field.message)
            kind = KINDS.get(field.reference or "")
            if kind is not None and kind.parent not in (None, "workflow"):
                named = message.fields.get(field.reference_parent or "")
                if named is None or named.reference != kind.parent:
                    yield f"{message.name}.{field.name}"

    for spec in catalogue().types.values():
        assert list(unnamed(spec.config)) == []
