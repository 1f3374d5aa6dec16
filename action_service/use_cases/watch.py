"""Watching executions: one poller per watched execution, however many watch it.

Polling keeps the hot path free of notifications that nobody listens to. A poll is one indexed query
for a fingerprint; the execution and its log are read only when that has changed.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from action_service.use_cases.executions import Snapshot, snapshot
from action_service.use_cases.ports import Database

# However many are watched, callers and their changes have the other connections.
AT_ONCE = 2


class _Feed:
    """What the watchers of one execution share."""

    def __init__(self) -> None:
        self.watchers = 0
        self.latest: Snapshot | None = None
        self.failure: Exception | None = None
        self.changed = asyncio.Event()
        self.poller: asyncio.Task[None] | None = None

    def publish(self, *, latest: Snapshot | None = None, failure: Exception | None = None) -> None:
        """Wakes the watchers; each waits for the event that stands here when it looks."""
        self.latest = latest or self.latest
        self.failure = failure
        self.changed.set()
        self.changed = asyncio.Event()


class ExecutionWatcher:
    """Hands out the states of executions as they change."""

    def __init__(
        self, database: Database, *, interval: timedelta = timedelta(milliseconds=250)
    ) -> None:
        self._database = database
        self._interval = interval.total_seconds()
        self._feeds: dict[tuple[UUID, UUID], _Feed] = {}
        self._looks = asyncio.Semaphore(AT_ONCE)

    async def watch(self, account_id: UUID, execution_id: UUID) -> AsyncGenerator[Snapshot]:
        """The execution as it stands, then at every change, until it has ended.

        Refuses an execution that is not there. States that follow each other faster than the
        interval may be passed over; the last one never is.
        """
        with self._feed(account_id, execution_id) as feed:
            seen: Snapshot | None = None
            while seen is None or not seen.execution.has_ended:
                changed = feed.changed
                if feed.latest is not None and feed.latest is not seen:
                    seen = feed.latest
                    yield seen
                elif feed.failure is not None:
                    raise feed.failure
                else:
                    await changed.wait()

    @contextmanager
    def _feed(self, account_id: UUID, execution_id: UUID) -> Generator[_Feed]:
        key = (account_id, execution_id)
        feed = self._feeds.get(key)
        # One that is over tells no more, even while its watchers still read what it told: an
        # execution that failed may have been opened again.
        if feed is None or (feed.poller is not None and feed.poller.done()):
            feed = self._feeds[key] = _Feed()
            feed.poller = asyncio.create_task(self._poll(feed, account_id, execution_id))
        feed.watchers += 1
        try:
            yield feed
        finally:
            feed.watchers -= 1
            if feed.watchers == 0:
                if feed.poller is not None:
                    feed.poller.cancel()
                if self._feeds.get(key) is feed:
                    del self._feeds[key]

    async def _poll(self, feed: _Feed, account_id: UUID, execution_id: UUID) -> None:
        fingerprint: str | None = None
        try:
            while feed.latest is None or not feed.latest.execution.has_ended:
                if feed.latest is not None:
                    await asyncio.sleep(self._interval)
                async with self._looks, self._database.reading(account_id) as tx:
                    found = await tx.executions.fingerprint(execution_id)
                    if found is not None and found == fingerprint:
                        continue
                    # Read after the fingerprint: a change in between is seen again, not missed.
                    latest = await snapshot(tx, execution_id)
                fingerprint = found
                if latest != feed.latest:
                    feed.publish(latest=latest)
        except Exception as error:  # noqa: BLE001 - it is the watchers' to report
            feed.publish(failure=error)
