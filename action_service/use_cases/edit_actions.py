"""Adding, configuring, deleting and reordering the actions of a draft (SPEC-WFL-003 R1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from action_service.domain import ordering
from action_service.domain.plan import Json, OnError
from action_service.domain.workflow import MAX_ACTIONS, Action, Branch, paths
from action_service.use_cases.action_configs import (
    ActionView,
    spec_of,
    storing_violations,
    view,
    views,
)
from action_service.use_cases.checks import check_etag, text_violations
from action_service.use_cases.config_secrets import checkable, sealed_config
from action_service.use_cases.credential_ports import Vault
from action_service.use_cases.drafts import (
    action_added,
    action_deleted,
    action_updated,
    circles,
    open_draft,
    workflow_changed,
)
from action_service.use_cases.ports import Writer
from action_service.use_cases.references import WORKFLOW_ACTION, references
from common.catalogue import catalogue
from common.catalogue.kinds import check_kind
from common.errors import (
    ErrorReason,
    FieldViolation,
    already_exists,
    failed_precondition,
    invalid,
    not_found,
)
from common.ids import new_id

_MAX_NAME = 100
_UNSET = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAction:
    """A new action; without `config` it starts with its type's defaults."""

    workflow_id: UUID
    action_type: str
    config: Mapping[str, Json] | None = None
    position: int | None = None
    previous_action_id: UUID | None = None
    branch_id: UUID | None = None
    name: str | None = None
    is_enabled: bool = True
    on_error: OnError = OnError.STOP
    fallback_action_id: UUID | None = None
    allow_incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAction:
    """New values for the fields of an action that `mask` names."""

    workflow_id: UUID
    action_id: UUID
    mask: frozenset[str]
    config_type: str | None = None
    config: Mapping[str, Json] | None = None
    name: str | None = None
    is_enabled: bool = True
    on_error: OnError = OnError.STOP
    fallback_action_id: UUID | None = None
    etag: str = ""
    allow_incomplete: bool = False


async def add_action(tx: Writer, vault: Vault, command: AddAction) -> ActionView:
    """Stores a new action at its place and links it to its neighbours."""
    spec = spec_of(command.action_type)
    config = spec.defaults() if command.config is None else command.config
    _refuse(new_action_violations(command))
    await open_draft(tx, command.workflow_id)
    actions = await tx.actions.of(command.workflow_id)
    if len(actions) >= MAX_ACTIONS:
        raise failed_precondition(
            ErrorReason.ACTION_LIMIT_REACHED,
            f"the workflow has its full number of {MAX_ACTIONS} actions",
            limit=str(MAX_ACTIONS),
        )
    _check_name_is_free(actions, command.name)
    branches = await _branches(
        tx, command.workflow_id, needed=bool(command.branch_id or command.fallback_action_id)
    )
    _check_branch(branches, command.branch_id)
    path = paths(actions).get(command.branch_id, ())
    action = Action(
        id=new_id(),
        workflow_id=command.workflow_id,
        action_type=command.action_type,
        config=await sealed_config(tx, vault, spec, config, {}),
        position=_index(command, path) + 1,
        previous_action_id=None,
        next_action_id=None,
        branch_id=command.branch_id,
        is_enabled=command.is_enabled,
        name=command.name,
        on_error=command.on_error,
        fallback_action_id=command.fallback_action_id,
        revision=1,
        created_at=_UNSET,
        updated_at=_UNSET,
        created_by=tx.user_id,
    )
    new_path = ordering.inserted(path, action.position - 1, action.id)
    if action.fallback_action_id is not None:
        _check_fallbacks([*_placed(actions, new_path), action], branches)
    stored = await tx.actions.insert(action, new_path)
    tx.revise(command.workflow_id)
    tx.record(action_added(stored))
    return await view(tx, stored)


def new_action_violations(command: AddAction) -> list[FieldViolation]:
    """Why the action may not be stored, as far as it shows by itself. Refuses an unknown type."""
    spec = spec_of(command.action_type)
    incomplete = command.allow_incomplete or command.config is None
    config = spec.defaults() if command.config is None else command.config
    return [
        *storing_violations(spec, config, allow_incomplete=incomplete),
        *_name_violations(command.name),
        *_error_handling_violations(command.on_error, command.fallback_action_id),
    ]


async def update_action(tx: Writer, vault: Vault, command: UpdateAction) -> ActionView:
    """Stores new values of an action; its type, place and branch stay as they are."""
    await open_draft(tx, command.workflow_id)
    before = await tx.actions.get(command.workflow_id, command.action_id)
    if before is None:
        raise not_found("action", command.action_id)
    check_etag("action", before.id, before.revision, command.etag)
    after, violations = _updated(before, command)
    _refuse(violations)
    if command.config is not None and "config" in command.mask:
        spec = spec_of(before.action_type)
        config = await sealed_config(tx, vault, spec, command.config, before.config)
        after = replace(after, config=config)
    change = action_updated(before, after)
    if change is None:
        return await view(tx, before)
    if before.name != after.name or before.fallback_action_id != after.fallback_action_id:
        actions = await tx.actions.of(command.workflow_id)
        others = [a for a in actions if a.id != after.id]
        _check_name_is_free(others, after.name)
        branches = await _branches(tx, command.workflow_id, needed=True)
        _check_fallbacks([*others, after], branches)
    stored = await tx.actions.update(after)
    tx.revise(command.workflow_id)
    tx.record(change)
    return await view(tx, stored)


async def delete_action(tx: Writer, workflow_id: UUID, action_id: UUID, *, etag: str) -> None:
    """Deletes an action and closes the gap; refuses while others refer to it."""
    await open_draft(tx, workflow_id)
    actions = await tx.actions.of(workflow_id)
    action = next((a for a in actions if a.id == action_id), None)
    if action is None:
        raise not_found("action", action_id)
    check_etag("action", action_id, action.revision, etag)
    found = list(_referrers(action_id, actions, await tx.workflows.branches(workflow_id)))
    if found:
        raise failed_precondition(
            ErrorReason.REFERENCED,
            f"{len(found)} others refer to action {action_id}; change them first",
            violations=[violation for _, violation in found],
            referrers=",".join(str(each) for each, _ in found),
        )
    path = ordering.removed(paths(actions)[action.branch_id], action_id)
    await tx.actions.delete(workflow_id, action_id, path)
    tx.revise(workflow_id)
    tx.record(action_deleted(action))


async def reorder_actions(
    tx: Writer, workflow_id: UUID, branch_id: UUID | None, action_ids: Sequence[UUID], *, etag: str
) -> list[ActionView]:
    """Puts all actions of one path in a new order; returns them in it."""
    await open_draft(tx, workflow_id, etag=etag)
    actions = await tx.actions.of(workflow_id)
    branches = await _branches(tx, workflow_id, needed=True)
    _check_branch(branches, branch_id)
    before = paths(actions).get(branch_id, ())
    try:
        after = ordering.reordered(before, action_ids)
    except ordering.OrderError as error:
        raise _order_refused(error) from None
    if after != before:
        problems = circles(_placed(actions, after), branches)
        _refuse([FieldViolation("action_ids", p.description) for p in problems])
        await tx.actions.arrange(workflow_id, after)
        tx.revise(workflow_id)
        branch = None if branch_id is None else str(branch_id)
        tx.record(
            workflow_changed(
                "workflow.reordered",
                workflow_id,
                {"branch_id": branch, "action_ids": [str(each) for each in before]},
                {"branch_id": branch, "action_ids": [str(each) for each in after]},
            )
        )
    on_path = [a for a in _placed(actions, after) if a.branch_id == branch_id]
    return await views(tx, sorted(on_path, key=lambda a: a.position))


def _updated(before: Action, command: UpdateAction) -> tuple[Action, list[FieldViolation]]:
    """The action with its new values but for its configuration, and what is wrong with them."""
    mask = command.mask
    after = before
    violations: list[FieldViolation] = []
    if "config" in mask:
        violations += _config_violations(before, command)
    if "name" in mask:
        after = replace(after, name=command.name)
        violations += _name_violations(command.name)
    if "is_enabled" in mask:
        after = replace(after, is_enabled=command.is_enabled)
    if "fallback_action_id" in mask:
        after = replace(after, fallback_action_id=command.fallback_action_id)
    if "on_error" in mask:
        after = replace(after, on_error=command.on_error)
        if command.on_error is not OnError.FALLBACK and "fallback_action_id" not in mask:
            after = replace(after, fallback_action_id=None)
    violations += _error_handling_violations(after.on_error, after.fallback_action_id)
    return after, violations


def _config_violations(before: Action, command: UpdateAction) -> list[FieldViolation]:
    if command.config is None:
        return [FieldViolation("config", "is required when the mask names it")]
    if command.config_type != before.action_type:
        problem = f"the action is a {before.action_type}; the type of an action cannot change"
        return [FieldViolation("config", problem)]
    spec = spec_of(before.action_type)
    config = spec.restore_secrets(command.config, checkable(spec, before.config))
    return storing_violations(spec, config, allow_incomplete=command.allow_incomplete)


def _refuse(violations: Sequence[FieldViolation]) -> None:
    if violations:
        raise invalid(violations)


def _name_violations(name: str | None) -> Iterator[FieldViolation]:
    if name is None:
        return
    yield from text_violations("name", name, max_length=_MAX_NAME, required=True)
    if check_kind("uuid", name) is None:
        # Later steps find an action's output by its id or its name.
        yield FieldViolation("name", "must not look like an id")


def _error_handling_violations(
    on_error: OnError, fallback_action_id: UUID | None
) -> Iterator[FieldViolation]:
    if on_error is OnError.FALLBACK and fallback_action_id is None:
        yield FieldViolation("fallback_action_id", "is required when on_error is fallback")
    elif on_error is not OnError.FALLBACK and fallback_action_id is not None:
        yield FieldViolation(
            "fallback_action_id", f"only goes with on_error fallback, not {on_error.value}"
        )


def _check_name_is_free(others: Sequence[Action], name: str | None) -> None:
    if name is not None and any(other.name == name for other in others):
        raise already_exists("action", "name", "another action of the workflow has this name")


async def _branches(tx: Writer, workflow_id: UUID, *, needed: bool) -> Sequence[Branch]:
    return await tx.workflows.branches(workflow_id) if needed else ()


def _check_branch(branches: Sequence[Branch], branch_id: UUID | None) -> None:
    if branch_id is not None and all(branch.id != branch_id for branch in branches):
        _refuse([FieldViolation("branch_id", "there is no branch with this id in the workflow")])


def _index(command: AddAction, path: Sequence[UUID]) -> int:
    try:
        return ordering.insertion_index(
            path, position=command.position, previous_id=command.previous_action_id
        )
    except ordering.OrderError as error:
        raise _order_refused(error) from None


def _order_refused(error: ordering.OrderError) -> Exception:
    return invalid(FieldViolation(p.field, p.description) for p in error.problems)


def _check_fallbacks(actions: Sequence[Action], branches: Sequence[Branch]) -> None:
    problems = circles(actions, branches)
    _refuse([FieldViolation("fallback_action_id", p.description) for p in problems])


def _placed(actions: Sequence[Action], path: Sequence[UUID]) -> list[Action]:
    """The actions with the places that `path` gives to those it names."""
    places = {link.id: link for link in ordering.links(path)}
    return [
        replace(
            action,
            position=places[action.id].position,
            previous_action_id=places[action.id].previous_id,
            next_action_id=places[action.id].next_id,
        )
        if action.id in places
        else action
        for action in actions
    ]


def _referrers(
    action_id: UUID, actions: Sequence[Action], branches: Sequence[Branch]
) -> Iterator[tuple[UUID, FieldViolation]]:
    """Ids of what refers to the action, and where."""
    for action in actions:
        place = f"actions[{action.id}]"
        if action.fallback_action_id == action_id:
            yield action.id, FieldViolation(f"{place}.fallback_action_id", "refers to the action")
        spec = catalogue().types.get(action.action_type)
        for reference in references(spec.config, action.config) if spec is not None else ():
            if reference.kind == WORKFLOW_ACTION and reference.id == action_id:
                yield (
                    action.id,
                    FieldViolation(f"{place}.config.{reference.field}", "refers to the action"),
                )
    for branch in branches:
        if branch.parent_action_id == action_id:
            yield (
                branch.id,
                FieldViolation(f"branches[{branch.id}].parent_action_id", "refers to the action"),
            )
