"""Triggers and event types between JSON and messages."""

from collections.abc import Iterable
from typing import cast

from pydantic import JsonValue

from common.catalogue.convert import read_value, set_value
from gateway.models.triggers import (
    CONDITION_OPERATOR,
    Condition,
    ConditionBody,
    EventType,
    EventTypeList,
    Trigger,
    TriggerBody,
)
from treadle.workflow.v1 import workflow_pb2, workflow_service_pb2


def triggers(messages: Iterable[workflow_pb2.Trigger]) -> list[Trigger]:
    """A workflow's triggers as resources."""
    return [
        Trigger(
            event_type=message.event_type,
            conditions=[_condition(condition) for condition in message.conditions],
        )
        for message in messages
    ]


def trigger_messages(bodies: Iterable[TriggerBody]) -> list[workflow_pb2.Trigger]:
    """The triggers that a body names."""
    return [
        workflow_pb2.Trigger(
            event_type=body.event_type,
            conditions=[_condition_message(condition) for condition in body.conditions or ()],
        )
        for body in bodies
    ]


def event_type_list(message: workflow_service_pb2.ListEventTypesResponse) -> EventTypeList:
    """The events that triggers can name."""
    return EventTypeList(
        event_types=[
            EventType(name=each.name, description=each.description, fields=list(each.fields))
            for each in message.event_types
        ]
    )


def _condition(message: workflow_pb2.TriggerCondition) -> Condition:
    return Condition(
        field=message.field,
        operator=CONDITION_OPERATOR.shown(message.operator),
        value=cast("JsonValue", read_value(message.value)),
    )


def _condition_message(body: ConditionBody) -> workflow_pb2.TriggerCondition:
    message = workflow_pb2.TriggerCondition(
        field=body.field, operator=CONDITION_OPERATOR.number(body.operator)
    )
    if body.value is not None:
        set_value(message.value, body.value)
    return message
