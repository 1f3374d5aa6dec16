"""The walk: everything that is to be done at an instant is done, then the clock goes to the next.

Events of an instant come before its timers, as an event that is there when the time is up counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from action_service.domain.contact_events import CONTACT_UPDATED, EventSource, updated_data
from action_service.domain.messages import AUTOMATIC, AUTOMATIC_TYPES
from action_service.domain.plan import Json, PlanStep
from action_service.domain.provider_compliance import opted_out
from action_service.domain.retry import RetryTiming
from action_service.domain.states import ActionStatus, ExecutionState
from action_service.domain.triggers import matches
from action_service.engine.batch import BatchProcessor
from action_service.engine.codec import TaskEncoder, decode_result, opt_out_of
from action_service.engine.event_arrivals import EventWaits
from action_service.engine.triggers import Event
from action_service.engine.turns import Turns
from action_service.use_cases.start_executions import start_executions
from common.nats import DELAY_SUBJECT, RESULTS_SUBJECT
from devstack.simulate.account import SimulatedAccount, made_id
from devstack.simulate.clock import VirtualClock
from devstack.simulate.compliance import Compliance, MemoryLedger
from devstack.simulate.contact import SimulatedContact
from devstack.simulate.desk import Desk
from devstack.simulate.draft import Draft, triggers_of
from devstack.simulate.executor import SimulatedExecutor
from devstack.simulate.happenings import ChangeHappens, EventHappens, Happening, Happenings, about
from devstack.simulate.narrator import Narrator
from devstack.simulate.office import Office, spoken
from devstack.simulate.rows import StepRow
from devstack.simulate.scenario import Scenario
from devstack.simulate.store import MemoryStore
from devstack.simulate.streams import Streams
from devstack.simulate.timeline import Timeline, step_name
from devstack.simulate.timers import MemoryTimers
from scheduler_service.use_cases.fire_due import FireDue
from scheduler_service.use_cases.take_delayed import TakeDelayed
from scheduler_service.use_cases.take_waits import TakeWaits
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask

_TIMING: Final = "treadle.actions.timing."
_ACTIONS: Final = "treadle.actions."
_OPEN: Final = frozenset({ExecutionState.RUNNING, ExecutionState.WAITING, ExecutionState.PAUSED})
# Every turn ends a wait, a retry or a deferral, and all of these are limited.
_MAX_TURNS: Final = 100_000


class SimulationError(RuntimeError):
    """The walk cannot go on: a fault of the simulation itself."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a walk is made of."""

    draft: Draft
    account: SimulatedAccount
    contact: SimulatedContact
    scenario: Scenario
    clock: VirtualClock
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Walked:
    """What came of it; `state` is the execution's, `left` what did not happen any more."""

    setting: Setting
    start: datetime
    timeline: Timeline
    steps: Sequence[StepRow]
    state: ExecutionState
    reason: str | None
    left: Sequence[str]


class Walk:
    """One run of one contact."""

    def __init__(self, setting: Setting) -> None:
        """Raises FileError for a scenario that does not fit the workflow."""
        self._setting = setting
        self._clock = clock = setting.clock
        self._start = clock.now()
        # When something was done last.
        self._done_at: datetime | None = None
        self._happenings = Happenings(setting.scenario, setting.draft)
        self._timeline = Timeline()
        draft, contact, scenario = setting.draft, setting.contact, setting.scenario
        self._narrator = Narrator(self._timeline, draft.plan, draft.branches, contact, clock)
        office = Office(setting.account, contact, self._timeline)
        self._store = MemoryStore(draft.plan, office, self._narrator, clock)
        self._compliance = Compliance(contact, setting.account.settings, clock)
        self._desk = Desk(self._timeline, self._step_of, scenario.failures, scenario.answers)
        self._executor = SimulatedExecutor(
            office,
            MemoryLedger(self._store, self._compliance),
            self._desk,
            clock,
            scenario.outputs,
        )
        self._streams = Streams()
        encoder, timers = TaskEncoder(), MemoryTimers(clock)
        self._encoder = encoder
        self._processor = BatchProcessor(
            self._store,
            self._streams,
            self._streams,
            encoder,
            timing=RetryTiming(),
            rng=Random(scenario.seed),
        )
        self._event_waits = EventWaits(self._store, self._processor, self._streams, encoder)
        self._timers = timers
        self._take_waits = TakeWaits(timers, self._streams, results_subject=RESULTS_SUBJECT)
        self._take_delayed = TakeDelayed(timers, self._streams, results_subject=RESULTS_SUBJECT)
        self._fire = FireDue(timers, self._streams, results_subject=RESULTS_SUBJECT, limit=256)

    async def run(self) -> Walked:
        """Walks to the end of the run, or as far as the setting has it."""
        self._happen_at_start()
        await self._begin()
        for _ in range(_MAX_TURNS):
            await self._drain()
            if self._state not in _OPEN or not await self._go_on():
                return self._walked()
        raise SimulationError(f"no end after {_MAX_TURNS} turns")

    @property
    def _state(self) -> ExecutionState:
        if self._store.run is None:
            raise SimulationError("the run has not begun")
        return self._store.run.state

    def _happen_at_start(self) -> None:
        """What is so from the beginning, the run does not hear of."""
        while (found := self._happenings.next(self._start, {})) and found[0] <= self._start:
            self._happen(found[1])
        self._store.events.clear()

    async def _begin(self) -> None:
        plan, event = self._setting.draft.plan, self._setting.scenario.event
        started_by = f" by {event['type']}" if event and "type" in event else ""
        self._narrator.started(f"{plan.workflow_name}: the run starts{started_by}")
        started = await start_executions(
            self._store,
            self._encoder,
            Turns(),
            account_id=str(self._setting.account.id),
            workflow_id=plan.workflow_id,
            contact_ids=[str(self._setting.contact.id)],
            event=event,
        )
        await self._streams.ring(started.tasks)

    async def _drain(self) -> None:
        """Does what is to be done at this instant."""
        while True:
            taken = self._streams.take()
            if taken is not None:
                await self._deliver(*taken)
            elif self._store.events:
                events, self._store.events = self._store.events, []
                self._tell_listeners(events)
                await self._event_waits.handle(events)
            else:
                return
            self._done_at = self._clock.now()
            if self._store.crash is not None:
                raise SimulationError("the store broke") from self._store.crash

    async def _deliver(self, subject: str, payload: bytes) -> None:
        if subject == RESULTS_SUBJECT:
            await self._answer(ActionResultBatch.FromString(payload).results)
        elif subject == DELAY_SUBJECT:
            await self._take_delayed([payload])
        elif subject.startswith(_TIMING):
            await self._take_waits([payload])
        elif subject.startswith(_ACTIONS):
            task = ActionTask.FromString(payload)
            name = step_name(self._step_of(task.action_execution_id))
            await self._answer([await self._executor.run(task, name)])
        else:
            raise SimulationError(f"nobody takes {subject}")

    async def _answer(self, results: Sequence[ActionResult]) -> None:
        for result in results:
            if (opt_out := opt_out_of(result)) is not None:
                self._compliance.suppress(opted_out(opt_out.number))
        await self._processor.process([decode_result(result) for result in results])

    async def _go_on(self) -> bool:
        """Goes to the next instant at which something is to be done; False when there is none."""
        timer = await self._timers.next_due()
        happening = self._happenings.next(self._start, self._narrator.marks)
        instants = [each for each in (timer and timer.at, happening and happening[0]) if each]
        if not instants:
            self._narrator.note("nothing is left to happen, and the run has not ended")
            return False
        at, until = min(instants), self._setting.until
        if until is not None and at > until:
            self._clock.advance_to(until)
            self._narrator.note("the walk ends here; the run goes on")
            return False
        if happening is not None and happening[0] <= at:
            self._clock.advance_to(at)
            if self._clock.now() == self._done_at:
                # It comes after what was done at this instant.
                self._clock.tick()
            self._happen(happening[1])
        else:
            self._clock.advance_to(at)
            await self._fire.longest_due()
        return True

    def _happen(self, happening: Happening) -> None:
        self._happenings.over(happening)
        match happening:
            case EventHappens():
                self._event(happening)
            case ChangeHappens():
                self._change(happening)

    def _event(self, event: EventHappens) -> None:
        now, contact = self._clock.now(), self._setting.contact
        sent = [(r.id, r.step) for r in self._store.steps if r.status is ActionStatus.COMPLETED]
        ids = about(event, self._setting.draft.plan, sent)
        data: dict[str, Json] = {"occurred_at": now.isoformat(), **ids}
        if event.type in AUTOMATIC_TYPES:
            data[AUTOMATIC] = False
        data |= event.data
        of = next((step for row_id, step in sent if row_id == ids.get("action_execution_id")), None)
        words = event.type + (f" (of {step_name(of)})" if of else "")
        self._narrator.event(words, {"type": event.type, "data": dict(event.data)})
        if event.type == "messenger_replied":
            for page, (psid, _) in contact.conversations.items():
                contact.conversations[page] = psid, now
        for consequence in self._compliance.hear(event.type, event.data):
            self._narrator.note(consequence)
        self._store.events.append(self._made_event(event.type, data))

    def _change(self, change: ChangeHappens) -> None:
        contact = self._setting.contact
        found = contact.become(contact.after(change.values, change.when.place))
        words = ", ".join(
            f"{name}: {spoken(value)} -> {spoken(found.after.get(name))}"
            for name, value in found.before.items()
        )
        data = updated_data(EventSource.API, found)
        self._narrator.change(words or "the contact is like that already", data)
        if found:
            self._store.events.append(self._made_event(CONTACT_UPDATED, data))

    def _made_event(self, event_type: str, data: Mapping[str, Json]) -> Event:
        now = self._clock.now()
        event_id = str(made_id("event", event_type, now.isoformat()))
        account_id, contact_id = str(self._setting.account.id), str(self._setting.contact.id)
        return Event(event_id, account_id, event_type, contact_id, now, data, ())

    def _tell_listeners(self, events: Sequence[Event]) -> None:
        """Other workflows of the file that the events would start."""
        contact_id = str(self._setting.contact.id)
        for event in events:
            for workflow in self._setting.account.seed.workflows:
                listens = workflow.active and event.contact_id == contact_id
                if listens and any(
                    trigger.event_type == event.type and matches(trigger, event.data)
                    for trigger in triggers_of(workflow)
                ):
                    self._narrator.note(
                        f"{event.type} sets off the workflow {workflow.name!r}, which is not"
                        " simulated"
                    )

    def _step_of(self, action_execution_id: str) -> PlanStep:
        return self._store.row(action_execution_id).step

    def _walked(self) -> Walked:
        run = self._store.run
        left = [each.words for each in self._happenings.left] + self._desk.unused()
        return Walked(
            self._setting,
            self._start,
            self._timeline,
            self._store.steps,
            self._state,
            run.reason if run else None,
            left,
        )
