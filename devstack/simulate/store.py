"""The run in memory: what the engine keeps of it in Postgres, told as a timeline while it is kept.

One run of one contact, so nobody else holds a row and no lease runs out.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

import orjson

from action_service.domain.event_waits import DATED, WAIT_FOR_EVENT, Arrival
from action_service.domain.messages import AUTOMATIC
from action_service.domain.plan import Json, Plan
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.engine.dated_waits import DatedWait, HeardChange
from action_service.engine.effects import Applied, AppliedEffect, ContactEvent
from action_service.engine.event_waits import EventWait, Parked
from action_service.engine.model import (
    ActionWrite,
    Advance,
    Dispatch,
    Move,
    NewAction,
    RunContext,
    Standing,
    Writes,
)
from action_service.engine.ports import OutboxRow, Written
from action_service.engine.starting import Beginnings
from action_service.engine.triggers import Event
from action_service.use_cases.start_executions import Startable
from common.ids import new_id_text
from devstack.simulate.clock import VirtualClock
from devstack.simulate.effects import apply as carry_out
from devstack.simulate.narrator import Narrator
from devstack.simulate.office import Office
from devstack.simulate.rows import RunRow, StepRow


class MemoryStore:
    """The stores of the engine, and a transaction of them: each is over before the next begins."""

    def __init__(self, plan: Plan, office: Office, narrator: Narrator, clock: VirtualClock) -> None:
        self._plan = plan
        self._office = office
        self._narrator = narrator
        self._clock = clock
        self._version_id = new_id_text()
        self._heard: list[Event] = []
        self.run: RunRow | None = None
        self.steps: list[StepRow] = []
        # What was emitted and nobody has handled yet.
        self.events: list[Event] = []
        # What went wrong in here, which the engine takes for a fault of one step.
        self.crash: Exception | None = None

    def row(self, action_execution_id: str) -> StepRow:
        """The action execution of an id; raises LookupError."""
        for row in self.steps:
            if row.id == action_execution_id:
                return row
        raise LookupError(action_execution_id)

    def claim(self, attempt_id: str) -> bool:
        """The ledger's claim of the current attempt; whether this is the first."""
        row = self.run.current if self.run else None
        if row is None or row.attempt_id != attempt_id or row.claimed_at is not None:
            return False
        row.claimed_at, row.status = self._clock.now(), ActionStatus.RUNNING
        return True

    def transaction(self) -> AbstractAsyncContextManager["MemoryStore"]:
        """See EngineStore."""
        return self._transaction()

    def rearming(self) -> AbstractAsyncContextManager["MemoryStore"]:
        """See EventWaitStore."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator["MemoryStore"]:
        try:
            yield self
        except Exception as error:
            self.crash = error
            raise

    async def plan(self, version_id: str) -> Plan:
        """See EngineStore."""
        if version_id != self._version_id:
            raise KeyError(version_id)
        return self._plan

    async def now(self) -> datetime:
        """See Rearming."""
        return self._clock.now()

    async def changes(self, waits: Sequence[DatedWait]) -> Sequence[HeardChange]:
        """See DatedWaits: nothing happens while a task is on its way."""
        return ()

    async def expect_answers(self, attempts: Mapping[str, str]) -> None:
        """See DatedWaits: no ring is lost."""

    async def startable(self, account_id: str, workflow_id: str) -> Startable | None:
        """See StartStore."""
        return Startable("active", self._version_id, self._clock.now())

    async def known_contacts(self, account_id: str, contact_ids: Sequence[str]) -> set[str]:
        """See StartStore."""
        return set(contact_ids)

    async def begin(self, beginnings: Beginnings) -> None:
        """See EngineTransaction."""
        for new in beginnings.executions:
            event = None if new.event_json is None else orjson.loads(new.event_json)
            self.run = RunRow(new.id, new.state, event=event)
        self._add(beginnings.actions)
        if self.run is not None and self.steps and self.steps[-1].status is ActionStatus.PENDING:
            self.run.current = self.steps[-1]
        if self.run is not None and self.run.current is None:
            self._end(self.run.state, None)

    async def lock(self, execution_ids: Sequence[str]) -> Sequence[Standing]:
        """See EngineTransaction."""
        run = self.run
        if run is None or run.current is None or run.id not in execution_ids:
            return ()
        row = run.current
        return (
            Standing(
                run.id,
                str(self._office.account.id),
                self._plan.workflow_id,
                self._version_id,
                str(self._office.contact.id),
                run.state,
                "active",
                row.step.id,
                row.id,
                row.attempt_id,
                row.attempt_number,
                row.retry_count,
                row.status,
                run.event is not None,
                row.claimed_at is not None,
                row.provider_reference,
                row.claimed_at,
                row.waits_until,
                row.reached_at,
                self._clock.now(),
                None,
            ),
        )

    async def busy(self, attempts: Mapping[str, str]) -> Collection[str]:
        """See EngineTransaction."""
        return ()

    async def apply(self, effects: Sequence[AppliedEffect]) -> Applied:
        """See EngineTransaction."""
        applied = Applied(self.plan)
        for effect in effects:
            carry_out(self._office, effect, applied)
        return applied

    async def emit(self, events: Sequence[ContactEvent]) -> Sequence[OutboxRow]:
        """See EngineTransaction; they are handled after what is going on now."""
        self.events += [
            Event(
                new_id_text(),
                event.account_id,
                event.type,
                event.contact_id,
                event.occurred_at,
                event.data,
                event.origin,
            )
            for event in events
        ]
        return ()

    async def cancel(self, reasons: Mapping[str, str]) -> None:
        """See EngineTransaction."""
        if self.run is not None and self.run.id in reasons:
            if self.run.current is not None:
                self.run.current.status = ActionStatus.CANCELLED
            self._end(ExecutionState.CANCELLED, reasons[self.run.id])

    async def fail(self, execution_id: str, attempt_id: str, message: str) -> None:
        """See EngineTransaction."""
        run = self.run
        if run is not None and run.current is not None and run.current.attempt_id == attempt_id:
            run.current.status = ActionStatus.FAILED
            self._end(ExecutionState.FAILED, message)

    async def claim_expired(self, limit: int) -> Sequence[Standing]:
        """See EngineTransaction."""
        return ()

    async def waiting_types(self) -> Sequence[str]:
        """See EngineTransaction: nobody waits for a turn here."""
        return ()

    async def claim_turns(self, action_types: Sequence[str], limit: int) -> Sequence[Standing]:
        """See EngineTransaction."""
        return ()

    async def renew_leases(self, leases: Mapping[str, timedelta]) -> None:
        """See EngineTransaction."""

    async def hold(self, execution_ids: Sequence[str]) -> None:
        """See EngineTransaction: nobody waits for a turn here."""

    async def release_held(self, limit: int) -> int:
        """See EngineTransaction."""
        return 0

    async def contexts(self, dispatches: Sequence[Dispatch]) -> Mapping[str, RunContext]:
        """See ContextReads."""
        office = self._office
        outputs: dict[str, Json] = {
            row.step.id: row.output for row in self.steps if row.status is ActionStatus.COMPLETED
        }
        return {
            dispatch.action_execution_id: RunContext(
                contact=office.contact.shown(),
                user=office.contact.owner(),
                account=office.account_shown(),
                steps=outputs,
                event=self.run.event if self.run else None,
            )
            for dispatch in dispatches
        }

    async def write(self, writes: Writes) -> Written:
        """See EngineTransaction."""
        for advance in writes.advances:
            self._advance(advance)
        for change in writes.actions:
            self._change(change)
        self._add(writes.new)
        for begun in writes.begun:
            if self.run and self.run.current and self.run.current.attempt_id == begun.attempt_id:
                self.run.current.provider_reference = begun.provider_reference
        for move in writes.moves:
            self._move(move)
        return Written()

    async def heard(
        self, account_ids: Collection[str], event_types: Collection[str]
    ) -> Collection[tuple[str, str]]:
        """See EventWaitStore; who hears nothing keeps nothing, so all may be kept here."""
        return {(account, name) for account in account_ids for name in event_types}

    async def log(self, events: Sequence[Event]) -> None:
        """See EventWaitStore."""
        self._heard += events

    async def note_spent(self, attempts: Mapping[str, str]) -> None:
        """See EngineTransaction: a timer that fires for nothing is fenced."""

    async def listening(self, contacts: Collection[tuple[str, str]]) -> Sequence[Parked]:
        """See EventWaitStore."""
        return self._parked(contacts, (WAIT_FOR_EVENT,))

    async def dated(self, contacts: Collection[tuple[str, str]]) -> Sequence[Parked]:
        """See EventWaitStore."""
        return self._parked(contacts, DATED)

    def _parked(
        self, contacts: Collection[tuple[str, str]], action_types: Collection[str]
    ) -> Sequence[Parked]:
        row = self.run.current if self.run else None
        account_id, contact_id = str(self._office.account.id), str(self._office.contact.id)
        if (
            self.run is None
            or row is None
            or row.step.action_type not in action_types
            or (account_id, contact_id) not in contacts
        ):
            return ()
        return (
            Parked(
                row.attempt_id,
                self.run.id,
                row.id,
                account_id,
                contact_id,
                self._version_id,
                row.step.id,
                row.reached_at,
            ),
        )

    async def arrivals(self, waits: Sequence[EventWait]) -> Mapping[str, Arrival]:
        """See Arrivals."""
        found: dict[str, Arrival] = {}
        for wait in waits:
            fitting = [event for event in self._heard if self._fits(event, wait)]
            if fitting:
                first = min(fitting, key=lambda event: (event.occurred_at, event.id))
                found[wait.action_execution_id] = Arrival(
                    first.id, first.type, first.occurred_at, first.data
                )
        return found

    def _fits(self, event: Event, wait: EventWait) -> bool:
        if event.type != wait.event_type or event.contact_id != wait.contact_id:
            return False
        if wait.ignores_automatic and event.data.get(AUTOMATIC) is True:
            return False
        if wait.related_action_id is None:
            return event.occurred_at >= wait.since
        sent = {row.id for row in self.steps if row.step.id == wait.related_action_id}
        return event.data.get("action_execution_id") in sent

    def _advance(self, advance: Advance) -> None:
        row = self.row(advance.action_execution_id)
        row.status, row.completed_at = ActionStatus.COMPLETED, advance.completed_at
        row.started_at = row.started_at or advance.started_at
        row.output = orjson.loads(advance.result_json)
        row.error_class = row.error_message = row.reason = None
        following = self._plan.by_id.get(advance.next_action_id or "")
        self._narrator.completed(row.id, row.step, row.output, following)
        if self.run is None or following is None:
            self._end(ExecutionState.COMPLETED, None)
            return
        self.run.state = ExecutionState.RUNNING
        self.run.current = StepRow(
            advance.next_id or "",
            following,
            ActionStatus.PENDING,
            advance.next_attempt_id or "",
            self._clock.now(),
        )
        self.steps.append(self.run.current)

    def _change(self, change: ActionWrite) -> None:
        row = self.row(change.action_execution_id)
        before = row.status
        if change.attempt_id != row.attempt_id:
            row.claimed_at = row.provider_reference = None
        row.status, row.attempt_id = change.status, change.attempt_id
        row.attempt_number, row.retry_count = change.attempt_number, change.retry_count
        row.started_at = row.started_at or change.started_at
        row.completed_at = change.completed_at
        row.waits_until = change.scheduled_at
        row.output = orjson.loads(change.result_json)
        row.error_class, row.error_message = change.error_class, change.error_message
        row.reason = change.reason
        error = (change.error_class, change.error_message) if change.error_class else None
        match change.status:
            case ActionStatus.WAITING if change.scheduled_at is not None:
                again = before is ActionStatus.WAITING and row.provider_reference is None
                self._narrator.waiting(row.id, row.step, change, again=again)
            case ActionStatus.SCHEDULED if change.scheduled_at is not None:
                self._narrator.postponed(row.id, row.step, change)
            case ActionStatus.RUNNING if change.outcome == "unknown":
                self._narrator.unknown(row.id, row.step, change)
            case ActionStatus.FAILED if error is not None:
                self._narrator.failed(row.id, row.step, change)
            case ActionStatus.SKIPPED:
                self._narrator.skipped(row.id, row.step, change.reason or "")
            case ActionStatus.COMPLETED:
                # Steps that are passed over follow; where the run goes on is told with them.
                self._narrator.completed(row.id, row.step, row.output, None)
            case _:
                pass

    def _add(self, new: Sequence[NewAction]) -> None:
        for action in new:
            step = self._plan.by_id[action.action_id]
            row = StepRow(action.id, step, action.status, action.attempt_id, self._clock.now())
            row.reason = action.reason
            self.steps.append(row)
            if action.status is ActionStatus.SKIPPED:
                self._narrator.skipped(row.id, step, action.reason or "")

    def _move(self, move: Move) -> None:
        if self.run is None:
            return
        self.run.state = move.state
        if move.ended:
            self._end(move.state, move.reason)
        elif move.action_execution_id is not None:
            leaving = self.run.current
            self.run.current = self.row(move.action_execution_id)
            if leaving is not None and leaving is not self.run.current:
                self._narrator.goes_on(leaving.step, self.run.current.step)

    def _end(self, state: ExecutionState, reason: str | None) -> None:
        if self.run is None:
            return
        self.run.state, self.run.reason, self.run.current = state, reason, None
        self.run.ended_at = self._clock.now()
        self._narrator.ended(state, reason)
