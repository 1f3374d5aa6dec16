"""Reading executions and their logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from action_service.domain.execution import ActionExecution, Execution
from action_service.domain.messages import Message, StepDelivery
from action_service.domain.plan import Json
from action_service.domain.unknown_sends import UnknownSend
from action_service.use_cases.action_configs import redacted
from action_service.use_cases.ports import Transaction
from common.errors import not_found

# An execution has one action execution per step it came by; more than this only after migrations.
_WHOLE_LOG = 200


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An action execution, with the action as it was when it ran; secrets masked."""

    run: ActionExecution
    action_name: str | None
    position: int
    config: Mapping[str, Json]
    messages: Sequence[Message] = ()
    deliveries: Sequence[StepDelivery] = ()
    # Where it was not known whether a message was sent.
    unknown_send: UnknownSend | None = None
    # A message of it that was given up, while it is open.
    dead_letter_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An execution and its log at one instant."""

    execution: Execution
    log: tuple[LogEntry, ...]


async def get_execution(tx: Transaction, execution_id: UUID) -> Execution:
    """The execution; refuses one that is not there."""
    execution = await tx.executions.get(execution_id)
    if execution is None:
        raise not_found("execution", execution_id)
    return execution


async def log_page(
    tx: Transaction, execution_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
) -> list[LogEntry]:
    """The log in the order in which its entries came to be."""
    runs = await tx.executions.log_page(execution_id, limit=limit, after=after)
    return await _explained(tx, runs)


async def snapshot(tx: Transaction, execution_id: UUID) -> Snapshot:
    """The execution and its log as they stand."""
    execution = await get_execution(tx, execution_id)
    log = await log_page(tx, execution_id, limit=_WHOLE_LOG, after=None)
    return Snapshot(execution, tuple(log))


async def _explained(tx: Transaction, runs: Sequence[ActionExecution]) -> list[LogEntry]:
    plans = await tx.workflows.plans({run.version_id for run in runs})
    run_ids = [run.id for run in runs]
    messages = await tx.messages.of_steps(run_ids)
    deliveries = await tx.messages.deliveries_of_steps(run_ids)
    unknown = await tx.unknown_sends.of_steps(run_ids)
    dead = await tx.dead_letters.of_steps(run_ids)
    entries: list[LogEntry] = []
    for run in runs:
        step = plans[run.version_id].by_id.get(str(run.action_id))
        name, position, config = None, 0, dict[str, Json]()
        if step is not None:
            name, position = step.name, step.position
            config = redacted(step.action_type, step.config)
        sent, beside = messages.get(run.id, ()), deliveries.get(run.id, ())
        send, letter = unknown.get(run.id), dead.get(run.id)
        entries.append(LogEntry(run, name, position, config, sent, beside, send, letter))
    return entries
