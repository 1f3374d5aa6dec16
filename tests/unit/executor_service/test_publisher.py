"""Results: batches grow with the load, acks come after storing, failures hold everything."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from nats.errors import TimeoutError as NatsTimeout

from common.nats import Delivery
from executor_service.publisher import LOOK_AFTER, MAX_BYTES, MAX_RESULTS, Finished, ResultPublisher
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.execution.v1.execution_pb2 import ErrorClass


class Store:
    """A stream in memory, with a gate before it."""

    def __init__(self) -> None:
        self.batches: list[list[ActionResult]] = []
        self.ids: list[str] = []
        self.failures = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, payload: bytes, message_id: str) -> None:
        await self.gate.wait()
        self.ids.append(message_id)
        if self.failures:
            self.failures -= 1
            raise NatsTimeout
        self.batches.append(list(ActionResultBatch.FromString(payload).results))


class Connection:
    """Notes what is said to the server."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []

    async def publish(self, subject: str, payload: bytes = b"") -> None:
        self.said.append((subject, payload))


def delivery(connection: Connection, reply: str) -> Delivery:
    """A delivery that can be acked."""
    made = Delivery.__new__(Delivery)
    made._nc = connection  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - a server that notes
    made.reply = reply
    return made


@asynccontextmanager
async def publishing(store: Store) -> AsyncGenerator[ResultPublisher]:
    """A running publisher."""
    publisher = ResultPublisher(store)
    job = asyncio.create_task(publisher.run())
    yield publisher
    job.cancel()


async def drained(publisher: ResultPublisher) -> None:
    """Waits for the publisher, but not for ever."""
    async with asyncio.timeout(60):
        await publisher.drained()


async def test_lone_result_goes_at_once_and_is_acked_after() -> None:
    store, connection = Store(), Connection()
    store.gate.clear()
    async with publishing(store) as publisher:
        publisher.put_all([Finished((delivery(connection, "r1"),), ActionResult(attempt_id="a"))])
        await asyncio.sleep(0.01)
        assert not connection.said
        store.gate.set()
        await drained(publisher)
    assert [[result.attempt_id for result in batch] for batch in store.batches] == [["a"]]
    assert connection.said == [("r1", b"")]


async def test_results_gather_while_a_message_is_on_its_way() -> None:
    store, connection = Store(), Connection()
    store.gate.clear()
    async with publishing(store) as publisher:
        for number in range(1 + MAX_RESULTS + 3):
            publisher.put_all(
                [
                    Finished(
                        (delivery(connection, str(number)),), ActionResult(attempt_id=str(number))
                    )
                ]
            )
            if number == 0:
                await asyncio.sleep(0.01)
        store.gate.set()
        await drained(publisher)
    assert [len(batch) for batch in store.batches] == [1, MAX_RESULTS, 3]
    sent = [result.attempt_id for batch in store.batches for result in batch]
    assert sent == [str(number) for number in range(1 + MAX_RESULTS + 3)]
    assert [subject for subject, _ in connection.said] == sent


async def test_failure_holds_results_and_acks_until_it_works() -> None:
    store, connection = Store(), Connection()
    store.failures = 2
    async with publishing(store) as publisher:
        publisher.put_all([Finished((delivery(connection, "r"),), ActionResult(attempt_id="a"))])
        await asyncio.sleep(0.02)
        assert not connection.said
        await drained(publisher)
    assert len(store.batches) == 1
    assert len(set(store.ids)) == 1, "a repeated message keeps its id"
    assert connection.said == [("r", b"")]


async def test_messages_stay_below_the_servers_limit() -> None:
    store, connection = Store(), Connection()
    store.gate.clear()
    async with publishing(store) as publisher:
        results = [ActionResult(attempt_id=str(number)) for number in range(8)]
        for result in results:
            result.completed.output_json = b"x" * (MAX_BYTES // 3)
        publisher.put_all(Finished((delivery(connection, "r"),), result) for result in results)
        store.gate.set()
        await drained(publisher)
    assert [len(batch) for batch in store.batches] == [2, 2, 2, 2]


async def test_output_that_no_message_can_hold_fails_its_step_alone() -> None:
    store, connection = Store(), Connection()
    async with publishing(store) as publisher:
        large, small = ActionResult(attempt_id="large"), ActionResult(attempt_id="small")
        large.completed.output_json = b"x" * (MAX_BYTES + 1)
        small.completed.output_json = b"{}"
        publisher.put_all(Finished((delivery(connection, "r"),), item) for item in (large, small))
        await drained(publisher)
    first, second = (result for batch in store.batches for result in batch)
    assert first.failed.error_class == ErrorClass.ERROR_CLASS_INTERNAL
    assert second.WhichOneof("outcome") == "completed"


async def test_no_room_while_too_much_is_unpublished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executor_service.publisher.HIGH_WATER", 2)
    store, connection = Store(), Connection()
    store.gate.clear()
    async with publishing(store) as publisher:
        for _ in range(3):
            publisher.put_all([Finished((delivery(connection, "r"),), ActionResult())])
            await asyncio.sleep(0)
        room = asyncio.create_task(publisher.room())
        await asyncio.sleep(0.01)
        assert not room.done()
        store.gate.set()
        await asyncio.wait_for(room, 60)


class Engines:
    """What engines have yet to do; more than they may until told otherwise."""

    def __init__(self) -> None:
        self.looks = 0
        self.keep_up = asyncio.Event()

    async def room(self) -> None:
        self.looks += 1
        await self.keep_up.wait()


async def test_no_more_is_taken_on_than_engines_act_upon() -> None:
    store, connection, engines = Store(), Connection(), Engines()
    publisher = ResultPublisher(store, engines)
    job = asyncio.create_task(publisher.run())
    # A few results are nothing to look up for.
    await publisher.room()
    assert engines.looks == 0
    answers = (ActionResult(attempt_id=str(number)) for number in range(LOOK_AFTER))
    publisher.put_all(Finished((delivery(connection, "r"),), each) for each in answers)
    await drained(publisher)
    waiting = asyncio.create_task(publisher.room())
    await asyncio.sleep(0)
    assert (engines.looks, waiting.done()) == (1, False)
    engines.keep_up.set()
    await waiting
    # Not again before as many have gone.
    await publisher.room()
    assert engines.looks == 1
    job.cancel()
