"""Bodies of the trigger endpoints: which events start a workflow."""

from typing import Annotated

from pydantic import Field, JsonValue

from gateway.models.base import Body, Etag, ProtoEnum, Resource, examples
from treadle.workflow.v1 import workflow_pb2

RE_ENTRY = ProtoEnum(workflow_pb2.ReEntry)
CONDITION_OPERATOR = ProtoEnum(workflow_pb2.ConditionOperator)

ReEntryName = Annotated[str, RE_ENTRY]
ReEntryShown = Annotated[str, RE_ENTRY.documented]
OperatorName = Annotated[str, CONDITION_OPERATOR]
OperatorShown = Annotated[str, CONDITION_OPERATOR.documented]

_PATH = "Path in the event's data; `GET /api/v1/event-types` lists those of each type."
_VALUE = "Text, a number, true or false; a list of them for `one_of`; nothing for `is_set`."


class ConditionBody(Body):
    """What one value of an event's data must be."""

    field: str = Field(description=_PATH, examples=["tag_name"])
    operator: OperatorName | None = Field(default=None, description="`equals` when left out.")
    value: JsonValue = Field(default=None, description=_VALUE)


class TriggerBody(Body):
    """Events that start the workflow."""

    event_type: str = Field(examples=["tag_added"])
    conditions: list[ConditionBody] | None = Field(
        default=None, description="All must hold; without any, every event of the type counts."
    )


class SetTriggersBody(Body):
    """All triggers of a workflow, and who may enter it again."""

    model_config = examples(
        {
            "triggers": [
                {
                    "event_type": "tag_added",
                    "conditions": [{"field": "tag_name", "operator": "equals", "value": "vip"}],
                }
            ],
            "re_entry": "once",
        }
    )

    triggers: list[TriggerBody] = Field(
        description="At most 20; an empty list for a workflow that is only started by callers."
    )
    re_entry: ReEntryName | None = Field(
        default=None,
        description="Whether a contact that has been in the workflow enters again: `once` (never), "
        "`after_finished` (default) when no execution is under way, `always`.",
    )
    etag: Etag | None = Field(default=None, description="As If-Match.")


class Condition(Resource):
    """What one value of an event's data must be."""

    field: str
    operator: OperatorShown
    value: JsonValue


class Trigger(Resource):
    """Events that start the workflow; all conditions must hold."""

    event_type: str
    conditions: list[Condition]


class EventType(Resource):
    """A kind of event."""

    name: str = Field(examples=["tag_added"])
    description: str
    fields: list[str] = Field(
        description="What conditions can name; `<name>` stands for a custom field.",
        examples=[["tag_id", "tag_name"]],
    )


class EventTypeList(Resource):
    """All events that triggers can name."""

    event_types: list[EventType]
