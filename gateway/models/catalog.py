"""Bodies of the action-type endpoints: what a palette and its forms need."""

from pydantic import Field

from gateway.models.base import JsonObject, Resource


class ActionType(Resource):
    """An action type."""

    type: str = Field(examples=["add_tag"])
    category: str = Field(examples=["crm"])
    label: str = Field(examples=["Add tag"])
    description: str
    defaults: JsonObject = Field(description="The configuration a new action starts with.")
    config_schema: JsonObject = Field(description="JSON Schema 2020-12 of `action_config`.")
    output_schema: JsonObject = Field(
        description="JSON Schema 2020-12 of what later steps read as `steps.<action>.<field>`."
    )


class ActionTypeList(Resource):
    """All action types, by category and type."""

    action_types: list[ActionType]
