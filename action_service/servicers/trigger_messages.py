"""Triggers and event types between messages and the domain."""

from collections.abc import Iterable
from typing import cast

from action_service.domain.event_types import EventType
from action_service.domain.plan import Json
from action_service.domain.triggers import Condition, Operator, ReEntry, Trigger
from action_service.servicers.requests import parse_enum
from common.catalogue.convert import read_value, set_value
from treadle.workflow.v1 import workflow_pb2


def trigger_message(trigger: Trigger) -> workflow_pb2.Trigger:
    """The trigger on the wire."""
    return workflow_pb2.Trigger(
        event_type=trigger.event_type,
        conditions=[_condition_message(condition) for condition in trigger.conditions],
    )


def event_type_message(event_type: EventType) -> workflow_pb2.EventType:
    """The kind of event on the wire."""
    return workflow_pb2.EventType(
        name=event_type.name, description=event_type.description, fields=event_type.all_fields
    )


def parse_triggers(messages: Iterable[workflow_pb2.Trigger]) -> list[Trigger]:
    """The triggers that a request names; refuses an operator that there is not."""
    return [
        Trigger(
            message.event_type,
            tuple(
                _condition(f"triggers[{index}].conditions[{at}]", condition)
                for at, condition in enumerate(message.conditions)
            ),
        )
        for index, message in enumerate(messages)
    ]


def parse_re_entry(number: int) -> ReEntry:
    """The rule that a request names."""
    given = parse_enum("re_entry", workflow_pb2.ReEntry, "RE_ENTRY_", number, ReEntry)
    return given or ReEntry.AFTER_FINISHED


def _condition(place: str, message: workflow_pb2.TriggerCondition) -> Condition:
    operator = parse_enum(
        f"{place}.operator",
        workflow_pb2.ConditionOperator,
        "CONDITION_OPERATOR_",
        message.operator,
        Operator,
    )
    value = cast("Json", read_value(message.value))
    return Condition(message.field, operator or Operator.EQUALS, value)


def _condition_message(condition: Condition) -> workflow_pb2.TriggerCondition:
    message = workflow_pb2.TriggerCondition(
        field=condition.field, operator=f"CONDITION_OPERATOR_{condition.operator.value.upper()}"
    )
    if condition.operator.takes_value:
        set_value(message.value, condition.value)
    return message
