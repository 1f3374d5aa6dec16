"""Configurations of actions: may they be stored, could they run, what do people see of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from action_service.domain.plan import Json
from action_service.domain.workflow import Action
from action_service.use_cases.checks import below
from action_service.use_cases.ports import Transaction
from common.catalogue import (
    ActionSpec,
    ConfigStatus,
    FieldSpec,
    MessageSpec,
    UnknownActionTypeError,
    ValidationOutcome,
    Violation,
    ViolationKind,
    catalogue,
)
from common.catalogue.kinds import check_kind
from common.errors import FieldViolation, invalid

EMAIL_TEMPLATE = "email_template"
WORKFLOW_ACTION = "workflow_action"
WORKFLOW_BRANCH = "workflow_branch"

_UNKNOWN_REFERENCE = {
    EMAIL_TEMPLATE: "there is no email template with this id",
    WORKFLOW_ACTION: "there is no action with this id in the workflow",
    WORKFLOW_BRANCH: "there is no branch with this id in the workflow",
}


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action as people see it: secrets masked, with its configuration's status.

    `config` is None for a type that this deployment does not have.
    """

    action: Action
    config: Mapping[str, Json] | None
    status: ConfigStatus
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that a configuration points to."""

    field: str
    kind: str
    id: UUID


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


def references(spec: ActionSpec, config: Mapping[str, Json]) -> tuple[Reference, ...]:
    """Every record that the configuration points to, by a well-formed id."""
    return tuple(_references(spec.config, config, ""))


def _references(message: MessageSpec, config: Mapping[str, Json], path: str) -> Iterator[Reference]:
    for name, field in message.fields.items():
        value = config.get(name)
        if field.reference is None and field.message is None:
            continue
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            place = below(path, name) if path else name
            place += f"[{index}]" if isinstance(value, list) else ""
            yield from _reference(field, item, place)


def _reference(field: FieldSpec, value: Json, place: str) -> Iterator[Reference]:
    if field.message is not None and isinstance(value, dict):
        yield from _references(field.message, value, place)
    elif (
        field.reference is not None and isinstance(value, str) and check_kind("uuid", value) is None
    ):
        yield Reference(place, field.reference, UUID(value))


async def view(tx: Transaction, action: Action) -> ActionView:
    """The action as people see it."""
    return (await views(tx, [action]))[0]


async def views(tx: Transaction, actions: Sequence[Action]) -> list[ActionView]:
    """Actions of one workflow as people see them; records they point to are looked up together."""
    pointing: dict[UUID, tuple[Reference, ...]] = {}
    for action in actions:
        spec = catalogue().types.get(action.action_type)
        if spec is not None and (found := references(spec, action.config)):
            pointing[action.id] = found
    known: set[tuple[str, UUID]] = set()
    if pointing:
        everything = [reference for found in pointing.values() for reference in found]
        known = await _known(tx, actions[0].workflow_id, everything)
    return [_view(action, pointing.get(action.id, ()), known) for action in actions]


async def _known(
    tx: Transaction, workflow_id: UUID, wanted: Sequence[Reference]
) -> set[tuple[str, UUID]]:
    kinds = {reference.kind for reference in wanted}
    known: set[tuple[str, UUID]] = set()
    if EMAIL_TEMPLATE in kinds:
        ids = {r.id for r in wanted if r.kind == EMAIL_TEMPLATE}
        known |= {(EMAIL_TEMPLATE, each) for each in await tx.templates.known(list(ids))}
    if WORKFLOW_ACTION in kinds:
        known |= {(WORKFLOW_ACTION, a.id) for a in await tx.actions.of(workflow_id)}
    if WORKFLOW_BRANCH in kinds:
        known |= {(WORKFLOW_BRANCH, b.id) for b in await tx.workflows.branches(workflow_id)}
    return known


def _view(
    action: Action, pointing: Sequence[Reference], known: set[tuple[str, UUID]]
) -> ActionView:
    spec = catalogue().types.get(action.action_type)
    if spec is None:
        unknown = Violation(
            "", f"this deployment has no action type {action.action_type}", ViolationKind.INVALID
        )
        return ActionView(action, None, ConfigStatus.INVALID, (unknown,))
    dangling = [
        Violation(r.field, _UNKNOWN_REFERENCE[r.kind], ViolationKind.INVALID)
        for r in pointing
        if (r.kind, r.id) not in known
    ]
    outcome = ValidationOutcome((*spec.validate(action.config).violations, *dangling))
    return ActionView(action, spec.redact(action.config), outcome.status, outcome.violations)
