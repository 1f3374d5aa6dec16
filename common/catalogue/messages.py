"""The catalogue as it is served: over gRPC, over REST, and by the command line."""

from typing import Any

from common.catalogue.convert import set_struct
from common.catalogue.spec import ActionSpec, catalogue
from treadle.catalog.v1 import catalog_pb2


def action_type_json(spec: ActionSpec) -> dict[str, Any]:
    """One entry of `GET /api/v1/action-types`."""
    return {
        "type": spec.type,
        "category": spec.category,
        "label": spec.label,
        "description": spec.help,
        "defaults": spec.defaults(),
        "config_schema": spec.config_schema(),
        "output_schema": spec.output_schema(),
    }


def action_type_message(spec: ActionSpec) -> catalog_pb2.ActionType:
    """One ActionType of CatalogService."""
    message = catalog_pb2.ActionType(
        type=spec.type, category=spec.category, label=spec.label, description=spec.help
    )
    set_struct(message.defaults, spec.defaults())
    set_struct(message.config_schema, spec.config_schema())
    set_struct(message.output_schema, spec.output_schema())
    return message


def action_types(category: str = "") -> tuple[catalog_pb2.ActionType, ...]:
    """All ActionTypes by category, then type; only those of `category` when it is given."""
    return tuple(
        action_type_message(spec)
        for spec in catalogue().types.values()
        if category in ("", spec.category)
    )
