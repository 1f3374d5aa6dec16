"""Actions as JSON."""

from common.catalogue import UnknownActionTypeError, catalogue
from gateway.mapping.values import instant, text
from gateway.models.actions import CONFIG_STATUS, ON_ERROR, Action, ActionList, ConfigViolation
from gateway.models.base import JsonObject
from treadle.workflow.v1 import action_pb2, action_service_pb2


def config_json(action_type: str, config: action_pb2.ActionConfig) -> JsonObject:
    """The configuration as stored, secrets masked; empty for a type that is not known here."""
    try:
        spec = catalogue().get(action_type)
    except UnknownActionTypeError:
        return {}
    return dict(spec.redact(spec.from_message(config)))


def action(message: action_pb2.Action) -> Action:
    """An action as a resource."""
    return Action(
        id=message.id,
        workflow_id=message.workflow_id,
        action_type=message.action_type,
        action_config=config_json(message.action_type, message.config),
        name=text(message.name),
        position=message.position,
        previous_action_id=text(message.previous_action_id),
        next_action_id=text(message.next_action_id),
        branch_id=text(message.branch_id),
        is_enabled=message.is_enabled,
        on_error=ON_ERROR.shown(message.on_error),
        fallback_action_id=text(message.fallback_action_id),
        config_status=CONFIG_STATUS.shown(message.config_status),
        config_violations=[
            ConfigViolation(field=v.field, detail=v.description) for v in message.config_violations
        ],
        created_at=instant(message.created_at),
        updated_at=instant(message.updated_at),
        created_by=text(message.created_by),
        etag=message.etag,
    )


def action_list(message: action_service_pb2.ListActionsResponse) -> ActionList:
    """A page of actions."""
    return ActionList(
        actions=[action(a) for a in message.actions],
        next_page_token=text(message.next_page_token),
    )
