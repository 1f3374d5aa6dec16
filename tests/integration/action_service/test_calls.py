"""Calls from the first ring to the step that is done, and what the engine makes of each word."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest

from action_service.adapters.ledger import PostgresClaimLedger
from action_service.adapters.provider_events import PostgresProviderEvents
from action_service.adapters.ringer import NatsRinger
from action_service.domain.claims import Claim, ClaimDecision
from action_service.use_cases.inbound.events import Provider, read_events
from tests.support.action_api import LINKS
from tests.support.engine import (
    Bench,
    HandExecutor,
    HandScheduler,
    Seeded,
    Step,
    bench,
    result_for,
)
from tests.support.inbound import TAG, Providers
from treadle.dispatch.v1 import task_pb2
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2

AUDIO_ID = "550e8400-e29b-41d4-a716-446655440000"
VOICEMAIL = Step(
    "send_voicemail",
    {"audio_file_id": AUDIO_ID, "from_number": "+14155550199", "retry_on_busy": True},
)
STATUS = "SELECT status FROM workflow_action_executions WHERE action_type = 'send_voicemail'"
STATE = "SELECT state FROM workflow_executions"


@dataclass
class Office:
    """One contact to be called, and everybody who has a say in it."""

    bench: Bench
    executor: HandExecutor
    scheduler: HandScheduler
    home: Seeded

    async def claim(self, task: ActionTask) -> ClaimDecision:
        """As an executor does before the call."""
        claim = Claim(UUID(task.attempt_id), UUID(task.action_execution_id), UUID(task.account_id))
        (verdict,) = await PostgresClaimLedger(self.bench.db, LINKS).claim([claim])
        return verdict.decision

    async def accept(
        self, task: ActionTask, call_id: str, *, look_again: timedelta = timedelta(minutes=1)
    ) -> None:
        """The call has been placed, or goes on."""
        result = result_for(task)
        result.claimant = True
        result.accepted.provider_reference = call_id
        result.accepted.look_again_at.FromDatetime(datetime.now(UTC) + look_again)
        result.accepted.reason = "the call is queued; waiting for its end"
        await self.executor.answer(result)

    async def place(self, call_id: str = "CA0") -> ActionTask:
        """A call under way; the scheduler has been told when to look after it."""
        (task,) = await self.executor.take(1)
        assert not task.HasField("call")
        assert await self.claim(task) is ClaimDecision.GRANTED
        await self.accept(task, call_id)
        await self.bench.until(STATUS, "waiting")
        delayed = await self.scheduler.take()
        assert delayed.task.attempt_id == task.attempt_id
        return task

    async def tell(self, status: str, call_id: str = "CA0", **form: str) -> None:
        """Twilio's status callback, once the gateway has believed it."""
        body = urlencode({"CallSid": call_id, "CallStatus": status, **form}).encode()
        told = read_events(Provider.TWILIO, body, "", datetime.now(UTC))
        log = PostgresProviderEvents(
            self.bench.db, LINKS, ringer=NatsRinger(self.bench.nc, self.bench.js)
        )
        await log.record(UUID(self.home.account_id), Provider.TWILIO, told)

    async def due(self, task: ActionTask) -> None:
        """The scheduler's word."""
        result = result_for(task)
        result.due.SetInParent()
        await self.executor.answer(result)

    async def complete(self, task: ActionTask, outcome: str) -> None:
        """The look at a call that has ended."""
        result = result_for(task)
        result.completed.output_json = orjson.dumps({"outcome": outcome})
        result.completed.provider_reference = task.call.call_id
        await self.executor.answer(result)

    async def fail_as_busy(self, task: ActionTask) -> None:
        """The look at a call that met a busy line."""
        result = result_for(task)
        result.claimant = True
        result.failed.error_class = execution_pb2.ERROR_CLASS_LINE_BUSY
        result.failed.message = "the line was busy"
        await self.executor.answer(result)

    async def look(self) -> ActionTask:
        """The next task, which is to look after the call."""
        (task,) = await self.executor.take(1)
        assert task.HasField("call")
        return task

    async def attempts(self) -> list[tuple[object, ...]]:
        """Number, error and call of each attempt that is logged."""
        return await self.bench.rows(
            "SELECT a.number, a.error_class, a.provider_reference FROM workflow_action_attempts a"
            " JOIN workflow_action_executions x ON x.id = a.action_execution_id"
            " WHERE x.action_type = 'send_voicemail' ORDER BY a.number"
        )


@pytest.fixture
async def office(database_url: str, nats_url: str) -> AsyncGenerator[Office]:
    async with bench(database_url, nats_url) as surroundings:
        executor = HandExecutor(surroundings, "communication")
        scheduler = HandScheduler(surroundings)
        await executor.start()
        await scheduler.start()
        home = await surroundings.seed([VOICEMAIL, TAG])
        await surroundings.start_engine()
        await surroundings.start(home)
        yield Office(surroundings, executor, scheduler, home)
        await scheduler.stop()
        await executor.stop()


async def test_a_step_is_done_when_its_call_has_ended(office: Office) -> None:
    first = await office.place()
    assert await office.bench.rows(
        "SELECT channel, provider, provider_message_id, state FROM messages"
    ) == [("call", "twilio", "CA0", "queued")]
    for status in ("initiated", "ringing", "in-progress"):
        await office.tell(status)
    assert await office.executor.nothing()
    await office.tell("completed", CallDuration="34", AnsweredBy="machine_end_beep", To="+4915")
    look = await office.look()
    assert look.attempt_id == first.attempt_id
    assert look.call == task_pb2.ProviderCall(
        call_id="CA0",
        status=task_pb2.CALL_STATUS_COMPLETED,
        answered_by="machine_end_beep",
        duration={"seconds": 34},
        placed_at=look.call.placed_at,
        to="+4915",
    )
    assert look.config == first.config
    await office.complete(look, "voicemail_left")
    await office.bench.until(STATUS, "completed")
    assert await office.attempts() == [(1, None, "CA0")]
    heard = [each[0] for each in await Providers(office.bench, office.home).heard()]
    assert heard == ["call_answered", "call_completed", "voicemail_left"]
    ((begun, claimed),) = await office.bench.rows(
        "SELECT a.started_at, c.claimed_at FROM workflow_action_attempts a"
        " JOIN send_claims c ON c.attempt_id = a.id"
    )
    assert begun == claimed


async def test_an_end_that_is_faster_than_the_beginning(office: Office) -> None:
    (task,) = await office.executor.take(1)
    await office.claim(task)
    await office.tell("busy")
    assert await office.executor.nothing()
    await office.accept(task, "CA0")
    look = await office.look()
    assert look.call.status == task_pb2.CALL_STATUS_BUSY


async def test_without_word_the_call_is_looked_after_in_time(office: Office) -> None:
    first = await office.place()
    await office.due(first)
    look = await office.look()
    assert look.call.status == task_pb2.CALL_STATUS_QUEUED
    await office.accept(look, "CA0", look_again=timedelta(minutes=2))
    delayed = await office.scheduler.take()
    assert delayed.task.attempt_id == first.attempt_id
    await office.due(first)
    assert (await office.look()).attempt_id == first.attempt_id
    assert await office.bench.rows(STATUS) == [("waiting",)]


async def test_without_a_scheduler_the_sweeper_rings(office: Office) -> None:
    await office.place()
    await office.bench.execute(
        "UPDATE workflow_action_executions SET lease_until = now() - interval '1 second'"
    )
    assert (await office.look()).call.call_id == "CA0"


async def test_an_end_during_a_look_is_not_missed(office: Office) -> None:
    first = await office.place()
    await office.due(first)
    look = await office.look()
    await office.tell("completed")
    # That look has seen the call ring, and knows nothing of its end.
    await office.accept(look, "CA0", look_again=timedelta(minutes=10))
    again = await office.look()
    assert again.call.status == task_pb2.CALL_STATUS_COMPLETED


async def test_a_busy_line_is_called_again_and_both_calls_are_logged(office: Office) -> None:
    first = await office.place()
    await office.tell("busy")
    await office.fail_as_busy(await office.look())
    await office.bench.until(STATUS, "scheduled")
    delayed = await office.scheduler.take()
    assert delayed.task.attempt_id != first.attempt_id
    pause = delayed.not_before.ToDatetime(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(minutes=4) < pause <= timedelta(minutes=5)
    # What is told late of the first call has nothing to do with the second.
    await office.tell("completed")
    assert await office.executor.nothing()
    await office.due(delayed.task)
    second = await office.place("CA1")
    assert (second.attempt_id, second.attempt_number) == (delayed.task.attempt_id, 2)
    await office.tell("completed", "CA1", AnsweredBy="machine_end_beep")
    look = await office.look()
    assert (look.attempt_number, look.call.call_id) == (2, "CA1")
    await office.complete(look, "voicemail_left")
    await office.bench.until(STATUS, "completed")
    assert await office.attempts() == [(1, "line_busy", "CA0"), (2, None, "CA1")]
    assert await office.bench.rows("SELECT count(*) FROM messages") == [(2,)]


async def test_a_line_that_stays_busy_fails_when_it_has_been_called_often_enough(
    office: Office,
) -> None:
    await office.place()
    await office.tell("busy")
    await office.fail_as_busy(await office.look())
    delayed = await office.scheduler.take()
    await office.due(delayed.task)
    await office.place("CA1")
    await office.tell("busy", "CA1")
    await office.fail_as_busy(await office.look())
    await office.bench.until(STATE, "failed")
    assert await office.attempts() == [(1, "line_busy", "CA0"), (2, "line_busy", "CA1")]


async def test_a_second_run_of_the_task_changes_nothing(office: Office) -> None:
    first = await office.place()
    assert await office.claim(first) is ClaimDecision.STALE
    late = result_for(first)
    late.failed.error_class = execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME
    late.failed.message = "it may have been sent"
    await office.executor.answer(late)
    await office.tell("completed")
    await office.complete(await office.look(), "human_answered")
    await office.bench.until(STATUS, "completed")


@pytest.mark.parametrize("what", ["deferred", "skipped", "failed"])
async def test_a_second_run_that_does_not_get_as_far_as_the_claim_changes_nothing(
    office: Office, what: str
) -> None:
    """Quiet hours, limits and the contact's data may be others by then; the call is under way."""
    late = result_for(await office.place())
    match what:
        case "deferred":
            late.deferred.not_before.FromDatetime(datetime.now(UTC))
        case "skipped":
            late.skipped.reason = "the contact has no phone number"
        case _:
            late.failed.error_class = execution_pb2.ERROR_CLASS_SERVICE_UNAVAILABLE
    await office.executor.answer(late)
    await office.tell("completed")
    await office.complete(await office.look(), "human_answered")
    await office.bench.until(STATUS, "completed")
    assert await office.attempts() == [(1, None, "CA0")]


async def test_a_run_that_lost_track_is_put_right_by_the_one_that_called(office: Office) -> None:
    (task,) = await office.executor.take(1)
    await office.claim(task)
    lost = result_for(task)
    lost.failed.error_class = execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME
    lost.failed.message = "it may have been sent"
    await office.executor.answer(lost)
    await office.bench.until("SELECT outcome FROM workflow_action_executions", "unknown")
    await office.accept(task, "CA0")
    await office.bench.until(STATUS, "waiting")
    assert await office.bench.rows("SELECT outcome FROM workflow_action_executions") == [(None,)]


async def test_what_has_begun_is_finished_while_the_workflow_is_paused(office: Office) -> None:
    await office.place()
    await office.bench.execute("UPDATE workflows SET status = 'paused'")
    await office.tell("completed", AnsweredBy="human")
    await office.complete(await office.look(), "human_answered")
    await office.bench.until(STATE, "paused")
    assert await office.bench.rows(STATUS) == [("completed",)]


async def test_words_that_come_twice_ring_once(office: Office) -> None:
    await office.place()
    for _ in range(3):
        await office.tell("completed")
    await office.look()
    assert await office.executor.nothing()


async def test_a_call_of_a_cancelled_run_is_followed_to_its_end(office: Office) -> None:
    await office.place()
    await office.bench.execute(
        "UPDATE workflow_executions SET state = 'cancelled', current_action_id = NULL,"
        " current_action_execution_id = NULL, current_attempt_id = NULL"
    )
    await office.tell("completed", CallDuration="12")
    assert await office.executor.nothing()
    assert await office.bench.rows("SELECT state, details->>'duration_seconds' FROM messages") == [
        ("completed", "12")
    ]


async def test_what_is_told_of_an_erased_contact_is_not_kept(office: Office) -> None:
    await office.place()
    await office.bench.execute("UPDATE messages SET erased_at = now(), details = '{}'")
    await office.tell("completed", To="+4915112345678", RecordingUrl="https://api.twilio.com/r")
    assert (await office.look()).call.status == task_pb2.CALL_STATUS_COMPLETED
    assert await office.bench.rows("SELECT state, details FROM messages") == [("completed", {})]
