"""Bodies of the action endpoints: SPEC-WFL-003's own, and what Treadle adds to them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import (
    Body,
    Etag,
    Id,
    JsonObject,
    ProtoEnum,
    Resource,
    UuidOrEmpty,
    UuidText,
    examples,
)
from treadle.workflow.v1 import action_pb2

ON_ERROR = ProtoEnum(action_pb2.OnError)
CONFIG_STATUS = ProtoEnum(action_pb2.ConfigStatus)

OnErrorName = Annotated[str, ON_ERROR]
OnErrorShown = Annotated[str, ON_ERROR.documented]
ConfigStatusShown = Annotated[str, CONFIG_STATUS.documented]
MAX_INT32 = 2**31 - 1

_ADD_EXAMPLE: JsonObject = {
    "action_type": "send_email",
    "action_config": {
        "template_id": "550e8400-e29b-41d4-a716-446655440000",
        "subject": "Welcome {{contact.first_name}}!",
        "from_name": "Support Team",
        "from_email": "support@example.com",
        "track_opens": True,
        "track_clicks": True,
    },
    "position": 1,
}


class AddActionBody(Body):
    """A new action: its type, and the rest as far as it differs from the defaults."""

    model_config = examples(_ADD_EXAMPLE)

    action_type: str = Field(
        min_length=1,
        max_length=50,
        description="One of GET /api/v1/action-types.",
        examples=["send_email"],
    )
    action_config: JsonObject | None = Field(
        default=None,
        description="As the type's schema says. Left out, the action starts with its type's "
        "default configuration and may be incomplete.",
    )
    position: int | None = Field(
        default=None,
        ge=1,
        le=MAX_INT32,
        description="From 1. With neither this nor `previous_action_id` the action is appended; "
        "when both are given they must agree.",
    )
    previous_action_id: UuidText | None = None
    branch_id: UuidText | None = Field(default=None, description="The main path when left out.")
    name: str | None = Field(
        default=None, description="Unique in the workflow; later steps may read `steps.<name>`."
    )
    is_enabled: bool | None = Field(
        default=None, description="Disabled actions are skipped; true when left out."
    )
    on_error: OnErrorName | None = Field(
        default=None, description="What a run does when the action fails for good; `stop` if null."
    )
    fallback_action_id: UuidText | None = Field(
        default=None, description="Where a run goes on after a failure with `on_error: fallback`."
    )
    allow_incomplete: bool | None = Field(
        default=None,
        description="Store a configuration that still lacks required values (a form saved "
        "half-way).",
    )


class UpdateActionBody(Body):
    """Changes to an action; what is left out or null stays as it is."""

    model_config = examples({"action_config": {"tag_name": "customer"}, "is_enabled": True})

    action_config: JsonObject | None = Field(
        default=None,
        description="Replaces the whole configuration. A secret given as `********` keeps its "
        "stored value.",
    )
    name: str | None = Field(default=None, description="An empty string takes the name away.")
    is_enabled: bool | None = None
    on_error: OnErrorName | None = None
    fallback_action_id: UuidOrEmpty | None = Field(
        default=None, description="An empty string takes the fallback away."
    )
    allow_incomplete: bool | None = None
    etag: Etag | None = Field(
        default=None, description="As If-Match: refuse the change when the action has changed."
    )


class ReorderActionsBody(Body):
    """The complete new order of one path."""

    model_config = examples(
        {
            "action_ids": [
                "770e8400-e29b-41d4-a716-446655440000",
                "660e8400-e29b-41d4-a716-446655440000",
            ],
            "branch_id": None,
        }
    )

    action_ids: list[UuidText] = Field(
        min_length=1, max_length=50, description="Every action of the path, once each."
    )
    branch_id: UuidText | None = Field(default=None, description="The main path when null.")
    etag: Etag | None = Field(default=None, description="The workflow's etag, as If-Match.")


class ConfigViolation(Resource):
    """One thing that keeps an action's configuration from being valid."""

    field: str = Field(description="Path in `action_config`.", examples=["field_updates[0].value"])
    detail: str


class Action(Resource):
    """One step of a workflow."""

    id: Id
    workflow_id: Id
    action_type: str = Field(examples=["send_email"])
    action_config: JsonObject = Field(
        description="As stored; a stored secret is shown as `********`."
    )
    name: str | None
    position: int = Field(description="From 1, without gaps, in the workflow or branch.")
    previous_action_id: Id | None
    next_action_id: Id | None
    branch_id: Id | None = Field(description="null on the main path.")
    is_enabled: bool
    on_error: OnErrorShown
    fallback_action_id: Id | None
    config_status: ConfigStatusShown = Field(
        description="Whether the action could run as it is configured."
    )
    config_violations: list[ConfigViolation]
    created_at: datetime
    updated_at: datetime
    created_by: Id | None
    etag: str


class ActionList(Resource):
    """Actions of a workflow: the main path by position, then each branch by position."""

    actions: list[Action]
    next_page_token: str | None = Field(description="null on the last page.")
