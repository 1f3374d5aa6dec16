"""Configurations of actions: may they be stored, could they run, what do people see of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from action_service.domain.event_waits import ALIASES, WAIT_FOR_EVENT
from action_service.domain.plan import Json
from action_service.domain.workflow import Action
from action_service.use_cases.checks import below
from action_service.use_cases.config_secrets import checkable
from action_service.use_cases.events import event_types, unknown_type
from action_service.use_cases.ports import DraftReads
from action_service.use_cases.references import WORKFLOW, Reference, dangling, references, unusable
from common.catalogue import (
    ActionSpec,
    ConfigStatus,
    UnknownActionTypeError,
    ValidationOutcome,
    Violation,
    ViolationKind,
    catalogue,
)
from common.catalogue.kinds import check_kind
from common.errors import FieldViolation, invalid


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action as people see it: secrets masked, with its configuration's status.

    `config` is None for a type that this deployment does not have.
    """

    action: Action
    config: Mapping[str, Json] | None
    status: ConfigStatus
    violations: tuple[Violation, ...]


def spec_of(action_type: str, *, field: str = "action_type") -> ActionSpec:
    """The type's spec; refuses an unknown type with the names it could be."""
    try:
        return catalogue().get(action_type)
    except UnknownActionTypeError as error:
        raise invalid([FieldViolation(field, str(error))]) from None


def storing_violations(
    spec: ActionSpec, config: Mapping[str, Json], *, allow_incomplete: bool
) -> list[FieldViolation]:
    """Why the configuration may not be stored; all reasons at once."""
    return [
        FieldViolation(below("config", v.field), v.description)
        for v in spec.validate(config).violations
        if not (allow_incomplete and v.kind is ViolationKind.MISSING)
    ]


def redacted(action_type: str, config: Mapping[str, Json]) -> dict[str, Json]:
    """The configuration with its secrets masked; nothing of it for an unknown type."""
    spec = catalogue().types.get(action_type)
    return {} if spec is None else spec.redact(config)


async def view(tx: DraftReads, action: Action) -> ActionView:
    """The action as people see it."""
    return (await views(tx, [action]))[0]


async def views(tx: DraftReads, actions: Sequence[Action]) -> list[ActionView]:
    """Actions as people see them; the records that they point to are looked up together."""
    pointing = {action.id: _pointing(action) for action in actions}
    wanted = [each for found in pointing.values() for each in found]
    nowhere = await dangling(tx, wanted)
    problems = {**await unusable(tx, [each for each in wanted if each not in nowhere]), **nowhere}
    deaf = await _deaf(tx, actions)
    return [_view(action, pointing[action.id], problems, deaf) for action in actions]


async def _deaf(tx: DraftReads, actions: Sequence[Action]) -> Mapping[UUID, str]:
    """Actions that wait for events of a type that there is not, and what is wrong with it."""
    waiting = {
        action.id: name
        for action in actions
        if action.action_type == WAIT_FOR_EVENT
        and isinstance(name := action.config.get("event_type"), str)
        and check_kind("event_type", name) is None
    }
    if not waiting:
        return {}
    types = [*ALIASES, *await event_types(tx)]
    return {id_: unknown_type(name, types) for id_, name in waiting.items() if name not in types}


def _pointing(action: Action) -> tuple[Reference, ...]:
    spec = catalogue().types.get(action.action_type)
    if spec is None:
        return ()
    return references(spec.config, action.config, within={WORKFLOW: action.workflow_id})


def _view(
    action: Action,
    pointing: Sequence[Reference],
    problems: Mapping[Reference, str],
    deaf: Mapping[UUID, str],
) -> ActionView:
    spec = catalogue().types.get(action.action_type)
    if spec is None:
        unknown = Violation(
            "", f"this deployment has no action type {action.action_type}", ViolationKind.INVALID
        )
        return ActionView(action, None, ConfigStatus.INVALID, (unknown,))
    leading_nowhere = [
        Violation(reference.field, problems[reference], ViolationKind.INVALID)
        for reference in pointing
        if reference in problems
    ]
    if action.id in deaf:
        leading_nowhere.append(Violation("event_type", deaf[action.id], ViolationKind.INVALID))
    found = spec.validate(checkable(spec, action.config)).violations
    outcome = ValidationOutcome((*found, *leading_nowhere))
    return ActionView(action, spec.redact(action.config), outcome.status, outcome.violations)
