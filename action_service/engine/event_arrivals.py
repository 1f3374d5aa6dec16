"""Events end the waits for them and move the instants of others, whole batches at once."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, cast

from action_service.domain.contact_events import CONTACT_UPDATED
from action_service.domain.event_waits import (
    awaited_type,
    moves_instant,
)
from action_service.domain.plan import Plan, PlanStep
from action_service.domain.progress import Due
from action_service.engine.batch import BatchProcessor, encode_tasks
from action_service.engine.codec import TaskEncoder
from action_service.engine.dated_waits import Moved, attempts_of, rung_for
from action_service.engine.event_waits import Arrivals, EventWait, Parked, wait_of
from action_service.engine.model import Dispatch, Result, StoreUnavailableError
from action_service.engine.ports import ContextReads, Ringer
from action_service.engine.triggers import Event


class Rearming(ContextReads, Protocol):
    """One transaction in which waits are planned anew."""

    async def now(self) -> datetime:
        """The database's clock, not later than anything that is read."""
        ...

    async def expect_answers(self, attempts: Mapping[str, str]) -> None:
        """See DatedWaits."""
        ...


class EventWaitStore(Arrivals, Protocol):
    """The log of events, and who waits. Its methods raise StoreUnavailableError."""

    async def heard(
        self, account_ids: Collection[str], event_types: Collection[str]
    ) -> Collection[tuple[str, str]]:
        """The (account, type) pairs that some version of a workflow may wait for."""
        ...

    async def log(self, events: Sequence[Event]) -> None:
        """Keeps the events; those that are there already stay as they are."""
        ...

    async def listening(self, contacts: Collection[tuple[str, str]]) -> Sequence[Parked]:
        """The contacts' (account, contact) current attempts at steps that wait for events."""
        ...

    async def dated(self, contacts: Collection[tuple[str, str]]) -> Sequence[Parked]:
        """Their current attempts at steps that wait for an instant, which no operator has set."""
        ...

    async def plan(self, version_id: str) -> Plan:
        """The plan of a version."""
        ...

    def rearming(self) -> AbstractAsyncContextManager[Rearming]:
        """A transaction to plan waits anew in."""
        ...


class EventWaits:
    """Has events end and move waits."""

    def __init__(
        self,
        store: EventWaitStore,
        processor: BatchProcessor,
        ringer: Ringer,
        encoder: TaskEncoder,
    ) -> None:
        self._store = store
        self._processor = processor
        self._ringer = ringer
        self._encoder = encoder

    async def heard(
        self, account_ids: Collection[str], event_types: Collection[str]
    ) -> Collection[tuple[str, str]]:
        """See EventWaitStore."""
        return await self._store.heard(account_ids, event_types)

    async def handle(self, events: Sequence[Event]) -> None:
        """Ends the waits that the events end, and has instants that they move worked out anew.

        Raises StoreUnavailableError, also when somebody else holds an execution just now: all of it
        may come again.
        """
        await self._store.log(events)
        contacts = {(event.account_id, event.contact_id) for event in events}
        await self._end(contacts, {event.type for event in events})
        if changes := _changes(events):
            await self._move(changes)

    async def _end(self, contacts: Collection[tuple[str, str]], types: Collection[str]) -> None:
        parked: dict[str, Parked] = {}
        asked: list[EventWait] = []
        for each in await self._store.listening(contacts):
            step = await self._step(each)
            if step is not None and awaited_type(step) in types:
                parked[each.action_execution_id] = each
                asked.append(wait_of(step, each))
        if not asked:
            return
        arrived = await self._store.arrivals(asked)
        done = await self._processor.process([_ended(parked[id_]) for id_ in arrived])
        if done.busy:
            raise StoreUnavailableError(f"{len(done.busy)} executions are held by others")

    async def _move(self, changes: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
        """Rings for waits for an instant with the contact as it is now; the later plan counts."""
        found: list[tuple[Parked, PlanStep, str]] = []
        for each in await self._store.dated(changes.keys()):
            step = await self._step(each)
            changed = changes[each.account_id, each.contact_id]
            if step is not None and moves_instant(step, changed):
                found.append((each, step, max(changed.values())))
        if not found:
            return
        plans = {each.version_id: await self._store.plan(each.version_id) for each, _, _ in found}
        async with self._store.rearming() as tx:
            now = await tx.now()
            moved = [
                Moved(_again(each, step, plans[each.version_id], now), event_id)
                for each, step, event_id in found
            ]
            await tx.expect_answers(attempts_of(moved))
            dispatches = [dispatch for dispatch, _ in moved]
            tasks = await encode_tasks(tx, self._encoder, dispatches, plans)
        await self._ringer.ring(rung_for(tasks, moved))

    async def _step(self, parked: Parked) -> PlanStep | None:
        return (await self._store.plan(parked.version_id)).by_id.get(parked.action_id)


def _changes(events: Sequence[Event]) -> dict[tuple[str, str], dict[str, str]]:
    """The fields of contacts that changed, each with the event that says so."""
    changes: dict[tuple[str, str], dict[str, str]] = {}
    for event in events:
        changed = event.data.get("changes")
        if event.type == CONTACT_UPDATED and isinstance(changed, Mapping):
            fields = changes.setdefault((event.account_id, event.contact_id), {})
            fields.update(dict.fromkeys(cast("Mapping[str, object]", changed), event.id))
    return changes


def _ended(parked: Parked) -> Result:
    """Word that the wait is over; what ends it is looked up where that is decided."""
    reached_at = parked.reached_at
    return Result(parked.attempt_id, parked.execution_id, reached_at, reached_at, Due())


def _again(parked: Parked, step: PlanStep, plan: Plan, now: datetime) -> Dispatch:
    return Dispatch(
        step,
        parked.version_id,
        parked.account_id,
        plan.workflow_id,
        parked.execution_id,
        parked.action_execution_id,
        parked.attempt_id,
        1,
        parked.contact_id,
        parked.reached_at,
        read_at=now,
    )
