"""A workflow of a file as a checked draft: what saving and activating would say, and its plan."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Json, OnError, Plan
from action_service.domain.triggers import Condition, Operator, ReEntry, Trigger
from action_service.domain.workflow import (
    MAX_ACTIONS,
    MAX_BRANCHES,
    Action,
    Branch,
    Workflow,
)
from action_service.use_cases.activate import checked_plan
from action_service.use_cases.edit_actions import AddAction, new_action_violations
from action_service.use_cases.events import event_types
from action_service.use_cases.triggers import trigger_violations
from common.catalogue import catalogue
from common.errors import FieldViolation, TreadleError
from devstack.loading import ActionEntry, FileError, with_own_ids
from devstack.seeds.document import SeededWorkflow, filled_in
from devstack.seeds.records import CannotSeedError
from devstack.simulate.account import SimulatedAccount, made_id
from devstack.simulate.reading import Source

_UNSET: Final = datetime(2000, 1, 1, tzinfo=UTC)
_PLACED: Final = re.compile(r"(?:actions|branches)\[(?P<id>[0-9a-f-]{36})\]\.?(?P<rest>.*)")
_FILE_NAMES: Final[Mapping[str, str]] = {
    "config": "action_config",
    "fallback_action_id": "fallback",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A workflow that may become active; `branches` are their names by id."""

    plan: Plan
    branches: Mapping[str, str]


async def checked_draft(source: Source, account: SimulatedAccount, postal_address: str) -> Draft:
    """The plan of the source's workflow. Raises FileError with all that keeps it from being one."""
    return await _Checking(source, account).run(postal_address)


class _Checking:
    def __init__(self, source: Source, account: SimulatedAccount) -> None:
        self._source = source
        self._file: SeededWorkflow = source.workflow
        self._account = account
        self._id = made_id("workflows", self._file.name)
        self._ids: dict[str, str] = {}
        # Where actions and branches stand in the file, by id.
        self._places: dict[str, str] = {}

    async def run(self, postal_address: str) -> Draft:
        self._refuse_too_many()
        branches = self._number()
        actions = [self._action(*placed) for placed in self._file.placed_actions]
        workflow = self._workflow(len(actions))
        violations = list(trigger_violations(workflow.triggers, await event_types(self._account)))
        self._refuse(violations)
        try:
            plan = await checked_plan(self._account, workflow, actions, branches, postal_address)
        except TreadleError as error:
            self._refuse(error.violations)
            raise
        return Draft(plan, {str(branch.id): branch.name for branch in branches})

    def _refuse_too_many(self) -> None:
        count = sum(1 for _ in self._file.placed_actions)
        if count > MAX_ACTIONS:
            raise self._error(f"actions: {count} are more than the {MAX_ACTIONS} of a workflow")
        if len(self._file.branches) > MAX_BRANCHES:
            raise self._error(f"branches: there are more than {MAX_BRANCHES}")

    def _number(self) -> list[Branch]:
        """Gives everything its id, and the account what may be referred to."""
        self._account.add("workflow", self._id)
        for place, _, action in self._file.placed_actions:
            action_id = made_id("workflow_action", self._file.name, place)
            self._places[str(action_id)] = self._titled(place, action)
            self._account.add("workflow_action", action_id, self._id)
            if action.name is not None:
                self._ids[f"actions.{action.name}"] = str(action_id)
        branches: list[Branch] = []
        for index, entry in enumerate(self._file.branches):
            branch_id = made_id("workflow_branch", self._file.name, entry.name)
            self._places[str(branch_id)] = f"branches.{index} ({entry.name})"
            self._account.add("workflow_branch", branch_id, self._id)
            self._ids[f"branches.{entry.name}"] = str(branch_id)
            parent = UUID(self._ids[f"actions.{entry.after}"])
            branches.append(Branch(branch_id, self._id, parent, entry.name))
        return branches

    def _action(self, place: str, branch: object, entry: ActionEntry) -> Action:
        action_id = made_id("workflow_action", self._file.name, place)
        title = self._places[str(action_id)]
        given = self._config(entry, title)
        if entry.on_error is not None and entry.on_error not in {each.value for each in OnError}:
            known = ", ".join(each.value for each in OnError)
            raise self._error(f"{title}.on_error: {entry.on_error!r} must be one of {known}")
        branch_name = getattr(branch, "name", None)
        branch_id = None if branch_name is None else UUID(self._ids[f"branches.{branch_name}"])
        fallback = None if entry.fallback is None else UUID(self._ids[f"actions.{entry.fallback}"])
        command = AddAction(
            workflow_id=self._id,
            action_type=entry.action_type,
            config=given,
            branch_id=branch_id,
            name=entry.name,
            is_enabled=entry.is_enabled is not False,
            on_error=OnError(entry.on_error or OnError.STOP),
            fallback_action_id=fallback,
        )
        try:
            self._refuse(new_action_violations(command), title)
        except TreadleError as error:
            self._refuse(error.violations, title)
            raise
        return Action(
            id=action_id,
            workflow_id=self._id,
            action_type=command.action_type,
            config=catalogue().get(command.action_type).defaults() if given is None else given,
            position=int(place.rpartition(".")[2]) + 1,
            previous_action_id=None,
            next_action_id=None,
            branch_id=branch_id,
            is_enabled=command.is_enabled,
            name=command.name,
            on_error=command.on_error,
            fallback_action_id=fallback,
            revision=1,
            created_at=_UNSET,
            updated_at=_UNSET,
            created_by=None,
        )

    def _config(self, entry: ActionEntry, title: str) -> dict[str, Json] | None:
        if entry.action_config is None:
            return None
        own = with_own_ids(entry.action_config, self._ids)
        try:
            filled = filled_in(own, self._account.resolve)
        except CannotSeedError as error:
            raise self._error(f"{title}.action_config: {error}") from None
        return filled if isinstance(filled, dict) else {}

    def _workflow(self, count: int) -> Workflow:
        return Workflow(
            id=self._id,
            name=self._file.name,
            description=self._file.description,
            status=WorkflowStatus.DRAFT,
            version=0,
            action_count=count,
            draft_changed=True,
            revision=1,
            created_at=_UNSET,
            updated_at=_UNSET,
            created_by=None,
            triggers=self._triggers(),
            re_entry=ReEntry(self._file.re_entry or ReEntry.AFTER_FINISHED),
        )

    def _triggers(self) -> tuple[Trigger, ...]:
        try:
            return triggers_of(self._file)
        except ValueError as error:
            raise self._error(f"triggers: {error}") from None

    def _titled(self, place: str, action: ActionEntry) -> str:
        return f"{place} ({action.name})" if action.name else place

    def _refuse(self, violations: Iterable[FieldViolation], title: str = "") -> None:
        found = [self._said(violation, title) for violation in violations]
        if found:
            raise FileError(f"{self._source.file}: {'; '.join(found)}")

    def _said(self, violation: FieldViolation, title: str) -> str:
        """A violation in the file's own terms."""
        place, rest = title, violation.field
        placed = _PLACED.fullmatch(violation.field)
        if placed is not None and placed["id"] in self._places:
            place, rest = self._places[placed["id"]], placed["rest"]
        head, dot, tail = rest.partition(".")
        rest = f"{_FILE_NAMES.get(head, head)}{dot}{tail}"
        where = ".".join(part for part in (place, rest) if part)
        return f"{self._source.place}{where}: {violation.description}"

    def _error(self, text: str) -> FileError:
        return FileError(f"{self._source.file}: {self._source.place}{text}")


def triggers_of(workflow: SeededWorkflow) -> tuple[Trigger, ...]:
    """The triggers of a file's workflow. Raises ValueError for an operator that there is not."""
    return tuple(
        Trigger(
            trigger.event_type,
            tuple(
                Condition(
                    str(each.get("field", "")),
                    Operator(str(each.get("operator", Operator.EQUALS))),
                    each.get("value"),
                )
                for each in trigger.conditions
            ),
        )
        for trigger in workflow.triggers
    )
