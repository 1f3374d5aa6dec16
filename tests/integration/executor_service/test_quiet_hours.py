"""Messages put off by quiet hours go out after them: engine, ledger and executor together.

The executor's clock is the test's, and so is the scheduler's word that an instant has come.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from common.catalogue import catalogue
from common.clock import SYSTEM_CLOCK
from common.grpc.client import ServiceTokens, connect
from common.nats import RESULTS_SUBJECT, JetStreamTrials, PullConsumer, action_consumer
from devstack.simulator.app import Simulator
from devstack.simulator.server import serving
from executor_service.adapters.dead_letters import JetStreamDeadLetters
from executor_service.adapters.ledger import LedgerClient
from executor_service.adapters.providers import sms_gateways
from executor_service.fleet import run_fleet
from executor_service.gate import Gate
from executor_service.handlers.communication.send_sms import SendSmsHandler
from executor_service.metrics import Metrics
from executor_service.pipeline import Action, Pipeline
from executor_service.publisher import ResultPublisher, jetstream_publisher
from executor_service.settings import ExecutorSettings
from executor_service.worker import CategoryWorker
from tests.support.action_api import SECRET, running_api
from tests.support.engine import Bench, HandScheduler, Step, bench, result_for
from tests.support.inbound import Providers
from tests.support.permits import MemoryPermits
from tests.unit.executor_service.handlers.harness import FixedClock
from tests.unit.executor_service.handlers.memory import MemoryCredentials
from treadle.dispatch.v1.result_pb2 import ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask

FROM = "+14155550100"
SMS = Step(
    "send_sms",
    {"message": "Hello", "from_number": FROM, "quiet_hours_start": "21:00"},
)
# In Berlin it is half past eleven, and quiet until nine.
NIGHT = datetime(2099, 1, 26, 22, 30, tzinfo=UTC)
MORNING = datetime(2099, 1, 27, 8, tzinfo=UTC)
PEOPLE = 5
HOLD = {
    "cause": "quiet_hours",
    "zones": ["Europe/Berlin"],
    "zone_source": "contact",
    "hours": "21:00-09:00",
}


@asynccontextmanager
async def sending(
    surroundings: Bench, api: str, twilio: str, clock: FixedClock
) -> AsyncGenerator[None]:
    """An executor of text messages whose time is `clock`'s, with the real ledger."""
    settings = ExecutorSettings(
        jwt_secret=SECRET,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token=SecretStr("x"),
        twilio_base_url=twilio,
    )
    metrics = Metrics(CollectorRegistry())
    handler = SendSmsHandler(sms_gateways(settings, MemoryCredentials()), clock)
    publisher = ResultPublisher(jetstream_publisher(surroundings.js))
    async with connect(api, token=ServiceTokens(SECRET, "executor").token) as channel:
        worker = CategoryWorker(
            "communication",
            source=PullConsumer(
                surroundings.nc,
                surroundings.js,
                action_consumer("executor-communication", "communication"),
            ),
            pipeline=Pipeline(
                {"send_sms": Action(catalogue().get("send_sms"), handler)},
                ledger=LedgerClient(channel),
                gate=Gate(MemoryPermits(), SYSTEM_CLOCK, at_a_time=PEOPLE),
                clock=SYSTEM_CLOCK,
                metrics=metrics,
            ),
            publisher=publisher,
            dead_letters=JetStreamDeadLetters(surroundings.js),
            trials=JetStreamTrials(surroundings.js),
            metrics=metrics,
            slots=PEOPLE,
            max_deliver=5,
        )
        stop = asyncio.Event()
        job = asyncio.create_task(run_fleet([worker], publisher, stop))
        yield
        stop.set()
        await job


async def due(surroundings: Bench, tasks: Sequence[ActionTask]) -> None:
    """The scheduler's word that the instants of the tasks have come."""
    results = [result_for(task) for task in tasks]
    for result in results:
        result.due.SetInParent()
    await surroundings.js.publish(
        RESULTS_SUBJECT, ActionResultBatch(results=results).SerializeToString()
    )


async def held_until_morning(scheduler: HandScheduler, count: int) -> list[ActionTask]:
    """The next so many tasks that are put off, all to the end of the quiet hours."""
    delayed: list[DelayedTask] = [await scheduler.take() for _ in range(count)]
    assert {each.not_before.ToDatetime(UTC) for each in delayed} == {MORNING}
    return [each.task for each in delayed]


async def test_messages_put_off_at_night_arrive_in_the_morning(
    database_url: str, nats_url: str
) -> None:
    clock, simulator = FixedClock(NIGHT), Simulator()
    async with (
        bench(database_url, nats_url) as surroundings,
        running_api(database_url) as api,
        serving(simulator, "127.0.0.1", 0) as twilio,
        sending(surroundings, api.address, twilio, clock),
    ):
        await surroundings.start_engine()
        scheduler = HandScheduler(surroundings)
        await scheduler.start()
        home = await surroundings.seed([SMS], contacts=PEOPLE)
        numbers = [f"+4915112345{number}00" for number in range(PEOPLE)]
        for contact, number in zip(home.contact_ids, numbers, strict=True):
            await surroundings.execute(
                "UPDATE contacts SET phone = :phone, timezone = 'Europe/Berlin'"
                " WHERE id = CAST(:id AS uuid)",
                phone=number,
                id=contact,
            )
        await surroundings.start(home)
        tasks = await held_until_morning(scheduler, PEOPLE)
        assert await surroundings.rows(
            "SELECT DISTINCT status, retry_count, reason, hold FROM workflow_action_executions"
        ) == [("scheduled", 0, "quiet hours 21:00-09:00 (Europe/Berlin)", HOLD)]

        # Who is woken too early is put off again; who says STOP meanwhile is not written to.
        clock.instant = MORNING - timedelta(minutes=1)
        await due(surroundings, tasks[:1])
        tasks[:1] = await held_until_morning(scheduler, 1)
        providers = Providers(surroundings, home)
        await providers.twilio(
            MessageSid="SM1", SmsStatus="received", From=numbers[-1], To=FROM, Body="Stop"
        )
        assert simulator.inbox.page().total == 0
        assert await surroundings.rows("SELECT * FROM send_claims") == []

        clock.instant = MORNING
        await due(surroundings, tasks)
        await surroundings.until(
            "SELECT count(*) FROM workflow_executions WHERE state = 'completed'", PEOPLE
        )
        sent = await surroundings.rows(
            "SELECT m.provider_message_id, c.phone FROM messages m"
            " JOIN contacts c ON c.id = m.contact_id ORDER BY c.phone"
        )
        assert [number for _, number in sent] == numbers[:-1]
        assert simulator.inbox.page(provider="twilio").total == len(sent)
        for message_id, number in sent:
            await providers.twilio(
                MessageSid=str(message_id), MessageStatus="delivered", From=FROM, To=str(number)
            )
            assert (await providers.message(str(message_id)))[0] == "delivered"
        reasons = await surroundings.rows(
            "SELECT reason FROM workflow_action_executions WHERE status = 'skipped'"
        )
        assert len(reasons) == 1
        assert str(reasons[0][0]).startswith("suppressed: answered STOP")
        await scheduler.stop()
