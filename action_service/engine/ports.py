"""What the engine asks of others: transactions, plans, rings, the stream of events."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import NamedTuple, Protocol

from action_service.domain.plan import Plan
from action_service.engine.dated_waits import DatedWaits
from action_service.engine.effects import Applied, AppliedEffect, ContactEvent
from action_service.engine.event_waits import Arrivals
from action_service.engine.model import Dispatch, OptOut, RunContext, Standing, Task, Writes
from action_service.engine.starting import Beginnings


class OutboxRow(NamedTuple):
    """Events of one account and type, as they are stored and published."""

    id: str
    account_id: str
    event_type: str
    # A serialized EventBatch.
    payload: bytes


class Written(NamedTuple):
    """What writing has brought to light."""

    # What providers have told of the messages before.
    events: Sequence[ContactEvent] = ()
    # Messages that are over already, by their providers' ids.
    over: Collection[str] = frozenset()


class ContextReads(Protocol):
    """What templates read, as one transaction sees it."""

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """What the steps of `dispatches` need to read, by action execution id."""
        ...


class EngineTransaction(ContextReads, Arrivals, DatedWaits, Protocol):
    """One transaction of the engine."""

    async def lock(self, execution_ids: Sequence[str]) -> Sequence[Standing]:
        """Locks the executions that exist and have not ended; skips those others hold."""
        ...

    async def busy(self, attempts: Mapping[str, str]) -> Collection[str]:
        """Of attempts (with their executions) that were not locked, those that are current."""
        ...

    async def note_spent(self, attempts: Mapping[str, str]) -> None:
        """Has the timers of attempts (with their executions) forgotten."""
        ...

    async def apply(self, effects: Sequence[AppliedEffect]) -> Applied:
        """Applies effects.

        Nothing of an execution that is refused or held has been applied. Raises BadItemError when
        the database refuses a value and the transaction is lost.
        """
        ...

    async def write(self, writes: Writes) -> Written:
        """Writes rows; returns what providers have told of the messages before. BadItemError."""
        ...

    async def begin(self, beginnings: Beginnings) -> None:
        """Stores new executions."""
        ...

    async def cancel(self, reasons: Mapping[str, str]) -> None:
        """Ends executions, which this transaction has locked, by id with the reason."""
        ...

    async def fail(self, execution_id: str, attempt_id: str, message: str) -> None:
        """Ends an execution as failed while this attempt is its current one, whatever comes next.

        Of the step it logs no more than that the attempt has failed, by us.
        """
        ...

    async def emit(self, events: Sequence[ContactEvent]) -> Sequence[OutboxRow]:
        """Stores events to be published; what is returned may be published after the commit."""
        ...

    async def claim_expired(self, limit: int) -> Sequence[Standing]:
        """Locks executions whose current lease has run out, skipping those others hold."""
        ...

    async def waiting_types(self) -> Sequence[str]:
        """The types of actions of which there are attempts that wait for their turn."""
        ...

    async def claim_turns(self, action_types: Sequence[str], limit: int) -> Sequence[Standing]:
        """Locks executions whose attempt waits for its turn, as many of each account as of others.

        In the order in which they are to be rung for; skips those others hold.
        """
        ...

    async def renew_leases(self, leases: Mapping[str, timedelta]) -> None:
        """Begins the leases of action executions anew, by id, each time twice as long.

        What is merely queued for long is rung for ever more rarely.
        """
        ...

    async def hold(self, execution_ids: Sequence[str]) -> None:
        """Holds locked executions, whose attempt is due and with nobody, while they are paused."""
        ...

    async def release_held(self, limit: int) -> int:
        """Has executions wait for their turn that are held though nothing is paused; how many."""
        ...


class EngineStore(Protocol):
    """Where executions are kept."""

    def transaction(self) -> AbstractAsyncContextManager[EngineTransaction]:
        """A transaction that commits when the block ends well; raises StoreUnavailableError."""
        ...

    async def plan(self, version_id: str) -> Plan:
        """The plan of a version; raises KeyError when there is none."""
        ...


class OptOuts(Protocol):
    """Where is kept who wants no more messages."""

    async def record(self, opt_out: OptOut) -> None:
        """Keeps further messages back; once it returns no claim for one is granted.

        A second time it changes nothing. Raises StoreUnavailableError.
        """
        ...


class Ringer(Protocol):
    """Tells executors and the scheduler that there is work."""

    async def ring(self, tasks: Sequence[Task]) -> None:
        """Publishes tasks; a loss is made good by the sweeper."""
        ...

    async def hand_over(self, task: Task) -> None:
        """Publishes what nobody would make good; StoreUnavailableError when no stream has it."""
        ...


class EventPublisher(Protocol):
    """Hands stored events to their stream."""

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """Publishes committed rows soon; what is lost on the way is found again by a sweep."""
        ...

    async def run(self, stop: asyncio.Event, *, sweep_interval: timedelta) -> None:
        """Publishes what is offered, and at every interval what was left behind, until `stop`."""
        ...
