"""The streams and durable consumers Treadle uses, and how they come to be.

Every service makes sure of what it needs when it starts and again when a stream turns out to be
gone: nothing in them is the only copy of anything, so an empty one is as good as the old one. One
that is there gets the settings of whoever comes: TREADLE_NATS_REPLICAS and
TREADLE_NATS_ACK_WAIT_SECONDS have to be the same for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, BadRequestError, NotFoundError

from common.nats.connection import NATS_TROUBLE

_log = structlog.get_logger(__name__)

RESULTS_SUBJECT = "treadle.results"
DELAY_SUBJECT = "treadle.scheduler.delay"
FORGET_SUBJECT = "treadle.scheduler.forget"
ACK_WAIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream: its subjects, and for how long it keeps and de-duplicates messages."""

    name: str
    subjects: tuple[str, ...]
    retention: RetentionPolicy
    max_age: timedelta | None = None
    duplicate_window: timedelta = timedelta(minutes=2)


ACTIONS = StreamSpec("TREADLE_ACTIONS", ("treadle.actions.>",), RetentionPolicy.WORK_QUEUE)
RESULTS = StreamSpec("TREADLE_RESULTS", (RESULTS_SUBJECT,), RetentionPolicy.WORK_QUEUE)
DELAY = StreamSpec("TREADLE_DELAY", ("treadle.scheduler.>",), RetentionPolicy.WORK_QUEUE)
EVENTS = StreamSpec(
    "TREADLE_EVENTS", ("treadle.events.>",), RetentionPolicy.LIMITS, timedelta(days=7)
)
DEAD = StreamSpec("TREADLE_DEAD", ("treadle.dead.>",), RetentionPolicy.LIMITS, timedelta(days=30))
STREAMS: Sequence[StreamSpec] = (ACTIONS, RESULTS, DELAY, EVENTS, DEAD)


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """A durable pull consumer with explicit acks, shared by all replicas of its service."""

    stream: StreamSpec
    durable: str
    filter_subject: str
    ack_wait: timedelta = ACK_WAIT
    max_deliver: int = -1
    max_ack_pending: int = 20_000


def action_consumer(durable: str, category: str) -> ConsumerSpec:
    """The consumer through which all executors of a category share its tasks."""
    return ConsumerSpec(ACTIONS, durable, f"treadle.actions.{category}.>")


async def ensure_streams(js: JetStreamContext, *, replicas: int = 1) -> None:
    """Creates the streams that are missing and brings the settings of the others up to date.

    Safe to be called by many processes at once.
    """
    for spec in STREAMS:
        wanted = _config(spec, replicas)
        try:
            found = await _found_or_added(js, wanted)
            await _update(js, found, wanted)
        except NotFoundError:
            # Deleted in between.
            await js.add_stream(wanted)


async def made_at(nc: Client, js: JetStreamContext, spec: StreamSpec) -> datetime | None:
    """Since when there is this stream; None when it is not there, or nobody can say."""
    if not nc.is_connected:
        return None
    try:
        return (await js.stream_info(spec.name)).created
    except NATS_TROUBLE:
        return None


def _config(spec: StreamSpec, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=spec.name,
        subjects=list(spec.subjects),
        retention=spec.retention,
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=spec.max_age.total_seconds() if spec.max_age else None,
        duplicate_window=spec.duplicate_window.total_seconds(),
        allow_direct=False,
    )


async def _found_or_added(js: JetStreamContext, wanted: StreamConfig) -> StreamConfig:
    name = wanted.name or ""
    try:
        return (await js.stream_info(name)).config
    except NotFoundError:
        try:
            return (await js.add_stream(wanted)).config
        except BadRequestError:
            # Another process was faster; what counts is that it is there.
            return (await js.stream_info(name)).config


async def _update(js: JetStreamContext, found: StreamConfig, wanted: StreamConfig) -> None:
    """Changes what is ours to say; placement, limits and the like are the operators'."""
    if _ours(found) == _ours(wanted):
        return
    config = found.evolve(
        subjects=wanted.subjects,
        retention=wanted.retention,
        num_replicas=wanted.num_replicas,
        max_age=wanted.max_age,
        duplicate_window=wanted.duplicate_window,
    )
    try:
        await js.update_stream(config)
    except NotFoundError:
        raise
    except APIError as error:
        # It works as it is, and some changes the server refuses for good.
        _log.warning("stream_not_updated", stream=wanted.name, reason=error.description)
    else:
        _log.info("stream_updated", stream=wanted.name, replicas=wanted.num_replicas)


def _ours(config: StreamConfig) -> tuple[object, ...]:
    return (
        sorted(config.subjects or ()),
        None if config.retention is None else RetentionPolicy(config.retention),
        config.num_replicas,
        config.max_age or 0.0,
        config.duplicate_window,
    )


async def ensure_consumer(js: JetStreamContext, spec: ConsumerSpec) -> None:
    """Creates the consumer or brings its settings up to date, and its stream.

    After a full disk a stream may keep messages that the consumer has acknowledged. Nobody gets
    them any more, but they count as queued: for executors' room, and for whose turn it is.
    """
    made = await js.add_consumer(
        spec.stream.name,
        ConsumerConfig(
            durable_name=spec.durable,
            filter_subject=spec.filter_subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=spec.ack_wait.total_seconds(),
            max_deliver=spec.max_deliver,
            max_ack_pending=spec.max_ack_pending,
        ),
    )
    acknowledged = made.ack_floor.stream_seq if made.ack_floor is not None else 0
    is_queue = spec.stream.retention is RetentionPolicy.WORK_QUEUE
    if acknowledged and is_queue and await _is_left(js, spec, acknowledged):
        # What bears a number below `seq`, of those that are the consumer's.
        await js.purge_stream(spec.stream.name, seq=acknowledged + 1, subject=spec.filter_subject)


async def _is_left(js: JetStreamContext, spec: ConsumerSpec, acknowledged: int) -> bool:
    """Whether the stream still has a message of the consumer's with such a number, or a lower one.

    Asked first, because a purge has what was given back wait for the ack wait.
    """
    try:
        first = await js.get_msg(spec.stream.name, seq=1, subject=spec.filter_subject, next=True)
    except NotFoundError:
        return False
    return first.seq is not None and first.seq <= acknowledged
