"""Making a workflow active: freezing its draft, and what becomes of the executions under way."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from action_service.domain.compliance import Purpose
from action_service.domain.event_waits import WAIT_FOR_EVENT
from action_service.domain.lifecycle import WorkflowCommand, WorkflowStatus
from action_service.domain.migration import resume_point
from action_service.domain.plan import Plan, PlanStep, ordered
from action_service.domain.workflow import Action, Branch, Workflow
from action_service.use_cases.action_configs import ActionView, views
from action_service.use_cases.checks import below
from action_service.use_cases.drafts import circles, lock_workflow, workflow_changed
from action_service.use_cases.ports import DraftReads, Writer
from action_service.use_cases.workflow_ports import Version
from common.catalogue import catalogue
from common.errors import ErrorReason, FieldViolation, failed_precondition
from common.ids import new_id

_PAST = {WorkflowCommand.ACTIVATE: "activated", WorkflowCommand.RESUME: "resumed"}


async def activate_workflow(
    tx: Writer,
    workflow_id: UUID,
    command: WorkflowCommand,
    *,
    migrate: bool,
    etag: str,
    postal_address: str,
) -> Workflow:
    """Makes a draft or a paused workflow active; `command` is ACTIVATE or RESUME.

    A changed draft is frozen as the next version, for which every action must be valid. With
    `migrate`, executions of older versions move to the newest. Held executions go on: the engine
    finds them by itself, batch after batch. `postal_address` is that of accounts without one.
    """
    before, status = await lock_workflow(tx, workflow_id, command, etag=etag)
    version = None
    if before.draft_changed or before.version == 0:
        version = await _freeze(tx, before, postal_address)
    moved = 0
    if migrate and before.status is WorkflowStatus.PAUSED:
        version = version or await tx.workflows.newest_version(workflow_id)
        moved = await migrate_executions(tx, workflow_id, version)
    after = await tx.workflows.set_status(workflow_id, status)
    tx.record(
        workflow_changed(
            f"workflow.{_PAST[command]}",
            workflow_id,
            {"status": before.status.value, "version": before.version},
            {
                "status": after.status.value,
                "version": after.version,
                "executions_migrated": moved,
            },
        )
    )
    return after


async def migrate_executions(tx: Writer, workflow_id: UUID, version: Version) -> int:
    """Moves every open execution of an older version to `version`; returns how many."""
    places = await tx.executions.places(workflow_id, other_than=version.id)
    if not places:
        return 0
    plans = await tx.workflows.plans({place.version_id for place in places})
    fates = [
        (
            place,
            resume_point(
                plans[place.version_id],
                version.plan,
                str(place.action_id),
                in_progress=place.in_progress,
            ),
        )
        for place in places
    ]
    await tx.executions.migrate(workflow_id, version.id, fates)
    return sum(place.count for place in places)


async def _freeze(tx: Writer, workflow: Workflow, postal_address: str) -> Version:
    actions = await tx.actions.of(workflow.id)
    branches = await tx.workflows.branches(workflow.id)
    version = Version(new_id(), await checked_plan(tx, workflow, actions, branches, postal_address))
    await tx.workflows.add_version(version)
    return version


async def checked_plan(
    tx: DraftReads,
    workflow: Workflow,
    actions: Sequence[Action],
    branches: Sequence[Branch],
    postal_address: str,
) -> Plan:
    """The draft as the workflow's next version; refuses one that could not run, with all reasons.

    See `activate_workflow`.
    """
    violations = [
        *_violations(await views(tx, actions)),
        *(
            FieldViolation(f"actions[{p.action_id}].fallback_action_id", p.description)
            for p in circles(actions, branches)
        ),
        *(await _address_violations(tx, actions, postal_address)),
    ]
    violations += _branches_of_others(actions, branches)
    if all(action.branch_id is not None for action in actions):
        violations.append(FieldViolation("actions", "the main path needs at least one action"))
    if violations:
        raise failed_precondition(
            ErrorReason.WORKFLOW_NOT_VALID,
            f"the workflow cannot become active: {len(violations)} problems are to be mended",
            violations=violations,
        )
    return compile_plan(workflow, actions)


def _branches_of_others(
    actions: Sequence[Action], branches: Sequence[Branch]
) -> Iterator[FieldViolation]:
    """A run that went on in another action's branch could come by again and again."""
    parents = {str(branch.id): branch.parent_action_id for branch in branches}
    for action in actions:
        if action.action_type != WAIT_FOR_EVENT:
            continue
        branch_id = str(action.config.get("timeout_branch_id", "")).lower()
        if branch_id in parents and parents[branch_id] != action.id:
            yield FieldViolation(
                f"actions[{action.id}].config.timeout_branch_id",
                "is the branch of another action; create one with this action as its parent",
            )


def compile_plan(workflow: Workflow, actions: Sequence[Action]) -> Plan:
    """The draft as the workflow's next version."""
    steps = ordered(_step(action) for action in actions)
    return Plan(str(workflow.id), workflow.name, workflow.version + 1, steps)


def _step(action: Action) -> PlanStep:
    needs = catalogue().get(action.action_type).needs(action.config)
    fallback = action.fallback_action_id
    return PlanStep(
        id=str(action.id),
        action_type=action.action_type,
        name=action.name,
        config=dict(action.config),
        position=action.position,
        branch_id=None if action.branch_id is None else str(action.branch_id),
        is_enabled=action.is_enabled,
        on_error=action.on_error,
        fallback_action_id=None if fallback is None else str(fallback),
        needs=tuple(sorted(needs.roots)),
    )


async def _address_violations(
    tx: DraftReads, actions: Sequence[Action], postal_address: str
) -> Sequence[FieldViolation]:
    """Marketing email without a sender's postal address is against the law (CAN-SPAM)."""
    emails = [
        action
        for action in actions
        if action.is_enabled
        and action.action_type == "send_email"
        and action.config.get("purpose") != Purpose.TRANSACTIONAL
    ]
    if not emails or postal_address:
        return ()
    account = await tx.accounts.get()
    if account is not None and account.settings.postal_address:
        return ()
    problem = (
        "is marketing, which must show a postal address, and the account has none: set it with "
        "PATCH /api/v1/account, or make the purpose transactional"
    )
    return [FieldViolation(f"actions[{email.id}].config.purpose", problem) for email in emails]


def _violations(found: Sequence[ActionView]) -> Iterator[FieldViolation]:
    for each in found:
        place = f"actions[{each.action.id}]"
        place = f"{place}.action_type" if each.config is None else f"{place}.config"
        for violation in each.violations:
            yield FieldViolation(below(place, violation.field), violation.description)
