"""Posts what providers tell of messages and payments, signed, after the call that made them.

Each callback waits until the one before it in its story has been answered or given up once, as each
status of a message follows the one before it; what has to be tried again comes later, out of order.
Nothing here holds up an answer of the simulator: callbacks wait in a heap until they are due, and
at most `CONCURRENCY` requests are under way.
"""

import asyncio
import heapq
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Final
from urllib.parse import parse_qsl, urlencode

import httpx
import orjson

from common.clock import SYSTEM_CLOCK, Clock
from devstack.simulator.call import JsonObject
from devstack.simulator.journal import Journal
from devstack.simulator.signing import Signer

CONCURRENCY: Final = 16
# Those beyond are not posted: nobody who sends a million messages at the simulator reads them all.
MAX_WAITING: Final = 200_000
KEEP_RECORDS: Final = 100_000
MAX_BATCH: Final = 500
PATIENCE_SECONDS: Final = 15.0
# SendGrid, Meta and Stripe try for hours and days; here a minute is as long.
_AGAIN_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Callback:
    """One thing that a provider tells of one message.

    `content` is posted as a form or as JSON; of those in a batch, many are posted as one list.
    """

    provider: str
    url: str
    kind: str
    message_id: str
    content: Mapping[str, object]
    sign: Signer
    # Pauses after the callback before, or after the call: one is as long as the pace says.
    pauses: float = 1.0
    as_form: bool = False
    in_batch: bool = False
    # The member that says when it happened, in seconds: when it is first posted.
    instant: str = ""
    # Done right before it is posted, and with what it was answered, when that is good.
    due: Callable[[], None] | None = None
    heard: Callable[[str], None] | None = None

    def at(self, now: datetime) -> "Callback":
        """With its instant."""
        if not self.instant:
            return self
        seconds = int(now.timestamp())
        return replace(self, content={**self.content, self.instant: seconds}, instant="")


@dataclass(frozen=True, slots=True)
class Record:
    """That a callback was posted: the status it was answered with, None for no answer."""

    provider: str
    kind: str
    message_id: str
    url: str
    request: int
    attempt: int
    status: int | None
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class _Waiting:
    callback: Callback
    # What follows it.
    rest: tuple[Callback, ...]
    attempt: int = 1


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    waiting: _Waiting = field(compare=False)


class Callbacks:
    """The callbacks that wait, and the records of those that were posted."""

    def __init__(
        self, journal: Journal | None = None, *, pace: float = 0.2, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        """`pace` is in seconds, between what is told of a message."""
        self._journal = journal
        self._pace = pace
        self._clock = clock
        self._heap: list[_Due] = []
        self._numbers = count(1)
        self._requests = count(1)
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._records: deque[Record] = deque()
        self._of_message: defaultdict[str, list[Record]] = defaultdict(list)
        self._left_out = 0
        self._under_way = 0

    def follow(self, story: Sequence[Callback]) -> None:
        """Has the callbacks posted, one after the other."""
        if not story:
            return
        if len(self._heap) >= MAX_WAITING:
            self._left_out += len(story)
            return
        self._put(_Waiting(story[0], tuple(story[1:])), story[0].pauses * self._pace)

    def of_message(self, message_id: str) -> Sequence[Record]:
        """What was posted of a message, in order."""
        return tuple(self._of_message.get(message_id, ()))

    def records(self, *, offset: int, limit: int) -> Sequence[Record]:
        """The newest first."""
        newest = len(self._records) - 1 - offset
        return [self._records[n] for n in range(newest, max(newest - limit, -1), -1)]

    def summary(self) -> JsonObject:
        """How many wait and were posted; what was left out was too much."""
        return {
            "waiting": sum(1 + len(due.waiting.rest) for due in self._heap) + self._under_way,
            "posted": len(self._records),
            "left_out": self._left_out,
        }

    def clear(self) -> None:
        """Forget what waits and what was posted."""
        self._heap.clear()
        self._records.clear()
        self._of_message.clear()
        self._left_out = 0
        if self._journal is not None:
            self._journal.rewrite(())

    @asynccontextmanager
    async def posting(self) -> AsyncGenerator[None]:
        """Post what is due, while the context lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=CONCURRENCY)
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False, limits=limits) as http,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                for group in list(self._groups(self._take_due())):
                    await self._slots.acquire()
                    tasks.create_task(self._post(http, group))
                await self._wait()

    async def _wait(self) -> None:
        """Until something is due, or something new may be."""
        self._news.clear()
        pause = self._heap[0].at - asyncio.get_running_loop().time() if self._heap else None
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._news.wait()

    def _put(self, waiting: _Waiting, pause: float) -> None:
        at = asyncio.get_running_loop().time() + pause
        heapq.heappush(self._heap, _Due(at, next(self._numbers), waiting))
        self._news.set()

    def _take_due(self) -> list[_Waiting]:
        now = asyncio.get_running_loop().time()
        due: list[_Waiting] = []
        while self._heap and self._heap[0].at <= now:
            due.append(heapq.heappop(self._heap).waiting)
        self._under_way += len(due)
        return due

    def _groups(self, due: list[_Waiting]) -> Iterator[list[_Waiting]]:
        """What goes with one request each."""
        batches: defaultdict[str, list[_Waiting]] = defaultdict(list)
        for waiting in due:
            if waiting.callback.in_batch:
                batches[waiting.callback.url].append(waiting)
            else:
                yield [waiting]
        for batch in batches.values():
            for first in range(0, len(batch), MAX_BATCH):
                yield batch[first : first + MAX_BATCH]

    async def _post(self, http: httpx.AsyncClient, group: list[_Waiting]) -> None:
        """Make one request, and see to what comes after it."""
        started = self._clock.now()
        for waiting in group:
            if waiting.callback.due is not None:
                waiting.callback.due()
        group = [replace(waiting, callback=waiting.callback.at(started)) for waiting in group]
        try:
            status = await self._request(http, [waiting.callback for waiting in group])
        finally:
            self._slots.release()
            self._under_way -= len(group)
        request, now = next(self._requests), self._clock.now()
        for waiting in group:
            told = waiting.callback
            self._record(
                Record(
                    *(told.provider, told.kind, told.message_id, told.url),
                    *(request, waiting.attempt, status, now),
                )
            )
            if waiting.rest and waiting.attempt == 1:
                self._put(_Waiting(waiting.rest[0], waiting.rest[1:]), self._pause(waiting.rest[0]))
            if (pause := _pause_before_next_try(waiting, status)) is not None:
                self._put(replace(waiting, attempt=waiting.attempt + 1), pause)

    def _pause(self, callback: Callback) -> float:
        return callback.pauses * self._pace

    async def _request(self, http: httpx.AsyncClient, callbacks: list[Callback]) -> int | None:
        first = callbacks[0]
        if first.in_batch:
            body = orjson.dumps([dict(each.content) for each in callbacks])
        elif first.as_form:
            body = urlencode(dict(first.content)).encode()
        else:
            body = orjson.dumps(dict(first.content))
        # What follows the # tells the provider how to call, and is not part of what it calls.
        url = first.url.partition("#")[0]
        headers = {
            "Content-Type": _FORM if first.as_form else _JSON,
            **first.sign(url, body, self._clock.now()),
        }
        try:
            answer = await http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        if answer.is_success and first.heard is not None:
            first.heard(answer.text)
        return answer.status_code

    def _record(self, record: Record) -> None:
        self._records.append(record)
        self._of_message[record.message_id].append(record)
        if len(self._records) > KEEP_RECORDS:
            oldest = self._records.popleft()
            kept = self._of_message[oldest.message_id]
            kept.remove(oldest)
            if not kept:
                del self._of_message[oldest.message_id]
        if self._journal is not None:
            self._journal.append(orjson.dumps(record, option=orjson.OPT_UTC_Z))


def _pause_before_next_try(waiting: _Waiting, status: int | None) -> float | None:
    """None when the provider leaves it at that."""
    if status is not None and status < 300:
        return None
    tries = waiting.attempt - 1
    if waiting.callback.provider != "twilio":
        return _AGAIN_SECONDS[tries] if tries < len(_AGAIN_SECONDS) else None
    # Source: Twilio's "Webhooks: connection overrides". Once more by default, and only if nobody
    # could be reached.
    asked = dict(parse_qsl(waiting.callback.url.partition("#")[2]))
    most = int(asked["rc"]) if asked.get("rc", "").isdecimal() else 1
    policy = frozenset(asked.get("rp", "ct").split(","))
    causes = {"ct", "rt"} if status is None else {f"{status // 100}xx"}
    return _AGAIN_SECONDS[0] if tries < most and policy & {"all", *causes} else None
