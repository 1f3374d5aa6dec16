"""The rows and first attempts of new executions, whoever starts them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from action_service.domain.plan import Plan, PlanStep
from action_service.domain.progress import steps_from
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.engine.effects import Start
from action_service.engine.model import Dispatch, NewAction, NewExecution
from action_service.engine.writing import lease_of, skipped_action
from common.ids import new_id_text


@dataclass(slots=True)
class Beginnings:
    """The rows of new executions, and their attempts to be dispatched."""

    executions: list[NewExecution] = field(default_factory=list[NewExecution])
    actions: list[NewAction] = field(default_factory=list[NewAction])
    dispatches: list[Dispatch] = field(default_factory=list[Dispatch])


def begin(starts: Iterable[Start], plans: Mapping[str, Plan], now: datetime) -> Beginnings:
    """What the starts are stored as; `plans` are by version id, `now` is the database's clock.

    Raises KeyError when a start names a first action that its plan does not have.
    """
    made = Beginnings()
    paths: dict[tuple[str, str | None], tuple[Sequence[PlanStep], PlanStep | None]] = {}
    for start in starts:
        key = (start.version_id, start.first_action_id)
        if key not in paths:
            paths[key] = steps_from(plans[start.version_id], start.first_action_id)
        _begin_one(made, start, *paths[key], now)
    return made


def _begin_one(
    made: Beginnings,
    start: Start,
    skipped: Sequence[PlanStep],
    first: PlanStep | None,
    now: datetime,
) -> None:
    made.actions.extend(
        skipped_action(start.account_id, start.execution_id, start.contact_id, step)
        for step in skipped
    )
    if first is None:
        made.executions.append(_execution(start, ExecutionState.COMPLETED))
        return
    action_execution_id, attempt_id = new_id_text(), new_id_text()
    made.executions.append(
        _execution(start, ExecutionState.RUNNING, first.id, action_execution_id, attempt_id)
    )
    made.actions.append(
        NewAction(
            action_execution_id,
            start.account_id,
            start.execution_id,
            first.id,
            start.contact_id,
            first.action_type,
            ActionStatus.PENDING,
            attempt_id,
            now + lease_of(first),
        )
    )
    made.dispatches.append(
        Dispatch(
            first,
            start.version_id,
            start.account_id,
            start.workflow_id,
            start.execution_id,
            action_execution_id,
            attempt_id,
            1,
            start.contact_id,
            now,
            start.event is not None,
        )
    )


def _execution(
    start: Start,
    state: ExecutionState,
    action_id: str | None = None,
    action_execution_id: str | None = None,
    attempt_id: str | None = None,
) -> NewExecution:
    return NewExecution(
        start.execution_id,
        start.account_id,
        start.workflow_id,
        start.version_id,
        start.contact_id,
        None if start.event is None else orjson.dumps(start.event).decode(),
        state,
        action_id,
        action_execution_id,
        attempt_id,
        f"{{{','.join(start.origin)}}}" if start.origin else None,
        start.trigger_event_id,
        start.enrollment_id,
    )
