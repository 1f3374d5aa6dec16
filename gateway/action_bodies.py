"""Reads the bodies of actions, whose configuration has the shape that the action's type declares.

Everything wrong is reported at once: what the body's model finds, and what the catalogue finds in
the configuration. The catalogue's findings alone stop a request here only when the configuration
cannot become a protobuf message; otherwise the action service decides, which knows the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request
from pydantic import JsonValue, ValidationError

from common.catalogue import ActionSpec, UnknownActionTypeError, ViolationKind, catalogue
from gateway import faults
from gateway.headers import CallerDep, UpstreamDep
from gateway.models.actions import AddActionBody, UpdateActionBody
from gateway.models.base import Body
from gateway.parameters import ActionId, WorkflowId
from gateway.pointers import BodyFields, Path, parse
from gateway.problems import Fault, InvalidRequestError, body_fault
from gateway.requests import read_object
from treadle.workflow.v1 import action_pb2, action_service_pb2

_CONFIG: Final = "action_config"

B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class AddAction:
    """A read request to add an action."""

    body: AddActionBody
    config: action_pb2.ActionConfig | None


@dataclass(frozen=True, slots=True)
class UpdateAction:
    """A read request to change an action."""

    body: UpdateActionBody
    config: action_pb2.ActionConfig | None


@cache
def action_fields(body: type[Body]) -> BodyFields:
    """Where the action service's field names are in a body with a configuration.

    It may name a value from the request (`config.send_email.subject`), or from the configuration
    alone (`subject`).
    """
    moved: dict[Path, Path] = {("config", name): (_CONFIG,) for name in catalogue().types}
    return BodyFields.of(body, moved=moved | {("config",): (_CONFIG,)}, nest=_CONFIG)


async def _read_add(request: Request, caller: CallerDep) -> AddAction:
    del caller  # who may not call at all is told so before what is wrong with the body
    values = await read_object(request)
    body, found = _shaped(AddActionBody, values)
    spec: ActionSpec | None = None
    action_type = values.get("action_type")
    if isinstance(action_type, str) and action_type:
        try:
            spec = catalogue().get(action_type)
        except UnknownActionTypeError as error:
            found.append(body_fault(str(error), "action_type"))
    config = _config(spec, values, found)
    if body is None or found:
        raise InvalidRequestError(found)
    return AddAction(body, config)


async def _read_update(
    request: Request,
    workflow_id: WorkflowId,
    action_id: ActionId,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> UpdateAction:
    values = await read_object(request)
    body, found = _shaped(UpdateActionBody, values)
    spec: ActionSpec | None = None
    if isinstance(values.get(_CONFIG), dict):
        # An action keeps its type for life, so it does not matter that this is another call.
        stored = await caller.call(
            upstream.actions.GetAction,
            action_service_pb2.GetActionRequest(workflow_id=workflow_id, action_id=action_id),
        )
        try:
            spec = catalogue().get(stored.action.action_type)
        except UnknownActionTypeError as error:
            found.append(body_fault(str(error), _CONFIG))
    config = _config(spec, values, found)
    if body is None or found:
        raise InvalidRequestError(found)
    return UpdateAction(body, config)


AddActionDep = Annotated[AddAction, Depends(_read_add)]
UpdateActionDep = Annotated[UpdateAction, Depends(_read_update)]


def _shaped(model: type[B], values: Mapping[str, JsonValue]) -> tuple[B | None, list[Fault]]:
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return None, faults.from_pydantic(errors, body=model)


def _config(
    spec: ActionSpec | None, values: Mapping[str, JsonValue], found: list[Fault]
) -> action_pb2.ActionConfig | None:
    """Make the typed configuration; what is wrong with it joins `found`."""
    config = values.get(_CONFIG)
    if spec is None or not isinstance(config, dict):
        return None
    outcome = spec.validate(config)
    if found or outcome.malformed:
        draft = values.get("allow_incomplete") is True
        found.extend(
            body_fault(violation.description, _CONFIG, *parse(violation.field))
            for violation in outcome.violations
            if not (draft and violation.kind is ViolationKind.MISSING)
        )
        return None
    return spec.to_message(config)
