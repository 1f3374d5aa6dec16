"""Action types as JSON."""

from typing import Final

from common.catalogue import UnknownActionTypeError, action_type_json, catalogue
from gateway.mapping.values import json_object
from gateway.models.base import JsonObject
from gateway.models.catalog import ActionType
from treadle.catalog.v1 import catalog_pb2

_STRUCTS: Final = ("defaults", "config_schema", "output_schema")


def action_type(message: catalog_pb2.ActionType) -> ActionType:
    """An action type as a resource.

    The members of a Struct have no order, but a form wants its fields in the order in which they
    are declared. This process's own catalogue gives it, as long as it says the same.
    """
    shown = ActionType(
        type=message.type,
        category=message.category,
        label=message.label,
        description=message.description,
        defaults=json_object(message.defaults),
        config_schema=json_object(message.config_schema),
        output_schema=json_object(message.output_schema),
    )
    ordered = _declared(message.type)
    return ordered if ordered is not None and ordered == shown else shown


def _declared(type_: str) -> ActionType | None:
    try:
        spec = catalogue().get(type_)
    except UnknownActionTypeError:
        return None
    declared: JsonObject = action_type_json(spec)
    return ActionType.model_validate(declared)
