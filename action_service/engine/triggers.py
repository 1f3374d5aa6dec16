"""Events start workflows: once per event, by the re-entry rule, and not in circles without end.

Which workflows listen is read anew for every pull, after its events were committed: a trigger that
became active before an event misses none. What an event starts commits in one transaction, in which
the workflow is locked against pausing and the contact's place in it against other engines; the
message is acked after that. One that comes again finds what it has started.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from action_service.domain.plan import Json, Plan
from action_service.domain.triggers import (
    Entry,
    ReEntry,
    Trigger,
    entry_decision,
    is_heard,
    matches,
)
from action_service.engine.batch import encode_tasks
from action_service.engine.codec import TaskEncoder
from action_service.engine.effects import Start
from action_service.engine.model import BadItemError, StoreUnavailableError, Task
from action_service.engine.ports import ContextReads, Ringer
from action_service.engine.starting import Beginnings, begin
from action_service.engine.turns import Turns, begin_in_turn
from common.ids import new_id_text

_log = structlog.get_logger(__name__)


class Event(NamedTuple):
    """Something that happened to a contact, off the wire."""

    id: str
    account_id: str
    type: str
    contact_id: str
    occurred_at: datetime
    data: Mapping[str, Json]
    # The executions that led to it, oldest first.
    origin: tuple[str, ...]

    def shown(self) -> dict[str, Json]:
        """What templates read as `event`."""
        return {
            "id": self.id,
            "type": self.type,
            "occurred_at": self.occurred_at.isoformat(),
            "data": dict(self.data),
        }


class Listener(NamedTuple):
    """An active workflow with triggers."""

    workflow_id: str
    account_id: str
    triggers: tuple[Trigger, ...]
    active_since: datetime

    def hears(self, event: Event) -> bool:
        """Whether one of the triggers is for the event."""
        return is_heard(event.occurred_at, self.active_since) and any(
            trigger.event_type == event.type and matches(trigger, event.data)
            for trigger in self.triggers
        )


class Startable(NamedTuple):
    """A listener that is locked against pausing, and what its executions run on."""

    listener: Listener
    re_entry: ReEntry
    version_id: str
    now: datetime


class Place(NamedTuple):
    """A contact in a workflow."""

    workflow_id: str
    contact_id: str
    account_id: str


class Runs(NamedTuple):
    """What executions there are of a workflow for a contact."""

    open: bool
    any: bool


class Candidate(NamedTuple):
    """An event, and a workflow that one of its triggers may start for it."""

    event: Event
    workflow_id: str

    @property
    def place(self) -> Place:
        """Where the event would bring its contact."""
        return Place(self.workflow_id, self.event.contact_id, self.event.account_id)


class TriggerTransaction(ContextReads, Protocol):
    """One transaction that starts executions for events."""

    async def lock(self, workflow_ids: Collection[str]) -> Sequence[Startable]:
        """Those of the workflows that are active, locked so."""
        ...

    async def enter(self, places: Collection[Place]) -> Mapping[Place, Runs]:
        """Locks the places, and says how each stands; leaves out contacts that are gone."""
        ...

    async def started(self, event_ids: Collection[str]) -> Collection[tuple[str, str]]:
        """The (event, workflow) pairs for which there is an execution already."""
        ...

    async def workflows_of(self, execution_ids: Collection[str]) -> Mapping[str, str]:
        """The workflow of each execution."""
        ...

    async def plan(self, version_id: str) -> Plan:
        """The plan of a version."""
        ...

    async def begin(self, beginnings: Beginnings) -> None:
        """Stores new executions; raises BadItemError."""
        ...

    async def refuse(self, refused: Sequence[Candidate], reason: str) -> None:
        """Has the workflows' audit logs say what was not started; once for each event."""
        ...


class TriggerStore(Protocol):
    """Where triggers and executions are kept."""

    async def listeners(
        self, account_ids: Collection[str], event_types: Collection[str]
    ) -> Sequence[Listener]:
        """The accounts' active workflows that have a trigger for one of the types.

        Raises StoreUnavailableError, as all of these do.
        """
        ...

    async def handled(self, batch_ids: Sequence[str]) -> Collection[str]:
        """Those of the batches that have been dropped."""
        ...

    async def forget(self, batch_ids: Sequence[str]) -> None:
        """Drops batches of events, which have been handled: they are not published again."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[TriggerTransaction]:
        """A transaction that commits when the block ends well."""
        ...


class TriggerProcessor:
    """Starts what events start. Several may run side by side, in one process or many."""

    def __init__(
        self,
        store: TriggerStore,
        ringer: Ringer,
        encoder: TaskEncoder,
        turns: Turns | None = None,
    ) -> None:
        self._store = store
        self._ringer = ringer
        self._encoder = encoder
        self._turns = turns or Turns()

    async def process(self, candidates: Sequence[Candidate]) -> None:
        """Decides about the candidates in their order, and rings for what has started.

        Raises StoreUnavailableError; what is committed by then is known when it comes again.
        """
        try:
            tasks = await self._transact(candidates)
        except StoreUnavailableError:
            raise
        except BadItemError as error:
            await self._halve(candidates, str(error))
        except Exception:  # noqa: BLE001 - whatever it is, it must stop one event only
            _log.exception("events_crashed", count=len(candidates))
            await self._halve(candidates, "crashed")
        else:
            if tasks:
                await self._ringer.ring(tasks)

    async def _halve(self, candidates: Sequence[Candidate], why: str) -> None:
        if len(candidates) > 1:
            middle = len(candidates) // 2
            await self.process(candidates[:middle])
            await self.process(candidates[middle:])
        else:
            event, workflow_id = candidates[0]
            _log.error("event_unusable", event_id=event.id, workflow_id=workflow_id, reason=why)

    async def _transact(self, candidates: Sequence[Candidate]) -> list[Task]:
        """One transaction; returns what is to be rung for once it has committed."""
        async with self._store.transaction() as tx:
            workflows = {
                each.listener.workflow_id: each
                for each in await tx.lock({each.workflow_id for each in candidates})
            }
            # What was heard before the lock may have changed since.
            heard = [
                each
                for each in candidates
                if (startable := workflows.get(each.workflow_id)) is not None
                and startable.listener.hears(each.event)
            ]
            if not heard:
                return []
            starts, refused = await _decide(tx, heard, workflows)
            if refused:
                await tx.refuse(refused, Entry.TOO_DEEP.value)
            if not starts:
                return []
            plans = {
                version_id: await tx.plan(version_id)
                for version_id in {start.version_id for start in starts}
            }
            now = workflows[starts[0].workflow_id].now
            beginnings = begin(starts, plans, now)
            begin_in_turn(self._turns, beginnings)
            await tx.begin(beginnings)
            return await encode_tasks(tx, self._encoder, beginnings.dispatches, plans)


async def _decide(
    tx: TriggerTransaction, heard: Sequence[Candidate], workflows: Mapping[str, Startable]
) -> tuple[list[Start], list[Candidate]]:
    """What starts, and what is refused because it would go on for ever; in the events' order."""
    places = dict(await tx.enter({each.place for each in heard}))
    started = set(await tx.started({each.event.id for each in heard}))
    ancestors = {execution_id for each in heard for execution_id in each.event.origin}
    workflow_of: Mapping[str, str] = await tx.workflows_of(ancestors) if ancestors else {}
    starts: list[Start] = []
    refused: list[Candidate] = []
    for candidate in heard:
        event, workflow_id = candidate
        runs = places.get(candidate.place)
        if runs is None:
            _log.info("event_contact_gone", event_id=event.id, contact_id=event.contact_id)
            continue
        if (event.id, workflow_id) in started:
            continue
        workflow = workflows[workflow_id]
        depth = sum(workflow_of.get(each) == workflow_id for each in event.origin)
        entry = entry_decision(workflow.re_entry, open_run=runs.open, any_run=runs.any, depth=depth)
        if entry is Entry.TOO_DEEP:
            _log.warning("event_too_deep", event_id=event.id, workflow_id=workflow_id)
            refused.append(candidate)
        elif entry is Entry.START:
            places[candidate.place] = Runs(open=True, any=True)
            started.add((event.id, workflow_id))
            starts.append(_start(event, workflow_id, workflow.version_id))
    return starts, refused


def _start(event: Event, workflow_id: str, version_id: str) -> Start:
    return Start(
        event.account_id,
        workflow_id,
        version_id,
        event.contact_id,
        new_id_text(),
        event=event.shown(),
        origin=event.origin,
        trigger_event_id=event.id,
    )
