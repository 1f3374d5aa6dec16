"""A pull consumer that hands on what is there.

The client library's `fetch(n)` lingers until n messages have come or a time has passed, which ruins
latency under light load. Here a pull request stands all the time: whatever has arrived is handed on
at once, and the request is renewed before it runs dry. The server's idle heartbeats tell when a
subscription has gone silent (a restarted server forgets pull requests); it is then rebuilt.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import Final

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from common.nats.connection import NATS_TROUBLE
from common.nats.streams import ConsumerSpec, ensure_consumer, ensure_streams
from common.readiness import NotReadyError

_log = structlog.get_logger(__name__)

_EXPIRES_S: Final = 30.0
_HEARTBEAT: Final = timedelta(seconds=2)
_MAX_BYTES: Final = 32 * 1024 * 1024
# After so many heartbeats have failed to come the subscription has gone silent.
_SILENT_AFTER: Final = 2.5
_LOOK_S: Final = 0.25
_DRAIN_S: Final = 1.0
_NANOSECONDS: Final = 1_000_000_000


class Delivery:
    """One delivered message; must be acked, naked or termed by its holder."""

    __slots__ = ("_nc", "data", "headers", "reply", "subject")

    def __init__(self, nc: Client, msg: Msg) -> None:
        self._nc = nc
        self.subject: str = msg.subject
        self.data: bytes = msg.data
        self.headers: dict[str, str] | None = msg.headers
        self.reply: str = msg.reply

    @property
    def num_delivered(self) -> int:
        """How often the server has delivered this message, from 1."""
        # $JS.ACK.<stream>.<consumer>.<delivered>.… or, with a domain and account hash,
        # $JS.ACK.<domain>.<hash>.<stream>.<consumer>.<delivered>.…
        tokens = self.reply.split(".")
        return int(tokens[4] if len(tokens) == 9 else tokens[6])

    async def ack(self) -> None:
        """Done; the message leaves the stream."""
        await self._nc.publish(self.reply)

    async def nak(self, delay: float | None = None) -> None:
        """Give back, to be delivered again after `delay` seconds."""
        body = b"-NAK"
        if delay is not None:
            body += b" " + orjson.dumps({"delay": int(delay * _NANOSECONDS)})
        await self._nc.publish(self.reply, body)

    async def in_progress(self) -> None:
        """Still at work: starts the ack wait anew."""
        await self._nc.publish(self.reply, b"+WPI")

    async def term(self) -> None:
        """Never deliver again."""
        await self._nc.publish(self.reply, b"+TERM")


class PullConsumer:
    """Batches from one durable consumer, each as large as what has arrived.

    `capacity` bounds the messages that are requested or held here; `max_bytes` what one request may
    bring, and what may wait here while another is made. Use `start`, then `next_batch` from any
    number of tasks, then `stop`; what `stop` leaves behind is given back to the server.
    """

    def __init__(
        self,
        nc: Client,
        js: JetStreamContext,
        spec: ConsumerSpec,
        *,
        capacity: int = 512,
        replicas: int = 1,
        heartbeat: timedelta = _HEARTBEAT,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        self._nc = nc
        self._js = js
        self._spec = spec
        self._capacity = capacity
        self._replicas = replicas
        self._heartbeat_s = heartbeat.total_seconds()
        self._max_bytes = max_bytes
        self._buffer: deque[Delivery] = deque()
        self._held_bytes = 0
        self._arrived = asyncio.Event()
        self._outstanding = 0
        self._last_heard = 0.0
        self._renew_at = 0.0
        self._rebuild_asked = False
        self._stopped = False
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._keeper: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The durable consumer's name."""
        return self._spec.durable

    @property
    def problem(self) -> str:
        """Why no messages are to be had just now; empty when they are."""
        if self._stopped:
            return "stopping"
        if not self._nc.is_connected:
            return "not connected"
        if self._subscription is None or self._rebuild_asked or self._is_silent():
            return "nothing is heard of it"
        return ""

    async def standing(self) -> None:
        """Raises NotReadyError while there is a problem: see `common.readiness.Check`."""
        if problem := self.problem:
            raise NotReadyError(problem)

    async def start(self) -> None:
        """Makes sure of stream and consumer, and asks for messages."""
        await self._rebuild()
        self._keeper = asyncio.create_task(self._keep(), name=f"pull-{self._spec.durable}")

    async def stop(self) -> None:
        """Stops asking; gives back what nobody took. Waiting `next_batch` calls return empty."""
        self._stopped = True
        self._arrived.set()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        subscription, self._subscription = self._subscription, None
        if subscription is None or self._nc.is_closed:
            return
        # What the server has sent but we have not read yet would else wait for the ack wait.
        with suppress(*NATS_TROUBLE):
            await asyncio.wait_for(subscription.drain(), _DRAIN_S)
        while self._buffer:
            await self._buffer.popleft().nak()
        self._held_bytes = 0

    async def next_batch(self, max_messages: int) -> list[Delivery]:
        """Waits for at least one message and hands on up to `max_messages`; empty once stopped."""
        buffer = self._buffer
        while not buffer:
            if self._stopped:
                return []
            self._arrived.clear()
            await self._arrived.wait()
        if len(buffer) <= max_messages:
            batch = list(buffer)
            buffer.clear()
        else:
            batch = [buffer.popleft() for _ in range(max_messages)]
        self._held_bytes -= sum(len(delivery.data) for delivery in batch)
        if self._outstanding <= self._capacity // 2 and not self._stopped:
            await self._request()
        return batch

    async def flush(self) -> None:
        """Returns once the server has heard what was said of messages, or cannot be reached."""
        with suppress(*NATS_TROUBLE):
            await self._nc.flush(timeout=1)

    async def _on_message(self, msg: Msg) -> None:
        self._last_heard = time.monotonic()
        # The server's own words come on our inbox, messages under their stream subject.
        if msg.headers is not None and msg.subject.startswith("_INBOX.") and not msg.data:
            self._on_status(msg.headers)
            return
        self._outstanding -= 1
        self._held_bytes += len(msg.data)
        self._buffer.append(Delivery(self._nc, msg))
        self._arrived.set()

    def _on_status(self, headers: dict[str, str]) -> None:
        status = headers.get("Status")
        if status == "100":
            return
        pending = headers.get("Nats-Pending-Messages")
        if status in {"404", "408"} or pending is not None:
            # The request has run out, of time or of bytes; what it had not delivered is no longer
            # asked for.
            self._outstanding = max(0, self._outstanding - int(pending or 0))
        else:
            # 409: consumer gone or server shutting down; 503: no JetStream there.
            _log.warning(
                "pull_refused",
                consumer=self._spec.durable,
                status=status,
                description=headers.get("Description"),
            )
            self._rebuild_asked = True

    async def _request(self) -> None:
        wanted = self._capacity - len(self._buffer) - self._outstanding
        if wanted <= 0 or self._held_bytes >= self._max_bytes:
            return
        self._outstanding += wanted
        body = orjson.dumps(
            {
                "batch": wanted,
                "max_bytes": self._max_bytes,
                "expires": int(_EXPIRES_S * _NANOSECONDS),
                "idle_heartbeat": int(self._heartbeat_s * _NANOSECONDS),
            }
        )
        spec = self._spec
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{spec.stream.name}.{spec.durable}"
        await self._nc.publish(subject, body, reply=self._inbox)

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._nc.is_closed:
            await subscription.unsubscribe()

    async def _rebuild(self) -> None:
        """A new subscription and pull request, on a consumer that surely exists."""
        await self._unsubscribe()
        await ensure_streams(self._js, replicas=self._replicas)
        await ensure_consumer(self._js, self._spec)
        self._inbox = self._nc.new_inbox()
        self._subscription = await self._nc.subscribe(
            self._inbox, cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        self._outstanding = 0
        self._rebuild_asked = False
        self._last_heard = time.monotonic()
        await self._request()

    def _is_silent(self) -> bool:
        # With a full buffer no request stands, and so no heartbeat is due.
        silence = time.monotonic() - self._last_heard
        return self._outstanding > 0 and silence > _SILENT_AFTER * self._heartbeat_s

    async def _renew_held(self) -> None:
        """Says of what waits here that it is in good hands, for it may wait past the ack wait."""
        now = time.monotonic()
        if now >= self._renew_at:
            self._renew_at = now + self._spec.ack_wait.total_seconds() / 3
            for delivery in tuple(self._buffer):
                await delivery.in_progress()

    async def _keep(self) -> None:
        """Keeps requests standing and rebuilds a subscription that has gone silent."""
        # Told twice: a wait for an answer that comes at that instant swallows a cancellation.
        while not self._stopped:
            began = time.monotonic()
            await asyncio.sleep(_LOOK_S)
            # What a process that stood still has not heard, it has not read yet: the server was not
            # silent, and what it has sent must not be left in the socket for the ack wait.
            self._last_heard += max(0.0, time.monotonic() - began - _LOOK_S)
            try:
                await self._look_after()
            except NATS_TROUBLE as error:
                # The connection went while we were at it; the next look finds out how it stands.
                self._rebuild_asked = True
                _log.warning(
                    "pull_disturbed", consumer=self._spec.durable, error=type(error).__name__
                )

    async def _look_after(self) -> None:
        if not self._nc.is_connected:
            self._rebuild_asked = True
            return
        await self._renew_held()
        if self._rebuild_asked or self._is_silent():
            await self._rebuild()
            _log.info("pull_rebuilt", consumer=self._spec.durable)
        elif self._outstanding <= self._capacity // 2:
            await self._request()
