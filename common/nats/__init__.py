"""NATS as the doorbell: streams, a pull consumer that hands on what is there, publishing."""

from common.nats.connection import connect
from common.nats.publish import MESSAGE_ID, Outgoing, publish_all, publish_one
from common.nats.pull import Delivery, PullConsumer
from common.nats.streams import (
    ACK_WAIT,
    ACTIONS,
    DEAD,
    DELAY,
    DELAY_SUBJECT,
    EVENTS,
    FORGET_SUBJECT,
    RESULTS,
    RESULTS_SUBJECT,
    ConsumerSpec,
    action_consumer,
    ensure_streams,
)

__all__ = [
    "ACK_WAIT",
    "ACTIONS",
    "DEAD",
    "DELAY",
    "DELAY_SUBJECT",
    "EVENTS",
    "FORGET_SUBJECT",
    "MESSAGE_ID",
    "RESULTS",
    "RESULTS_SUBJECT",
    "ConsumerSpec",
    "Delivery",
    "Outgoing",
    "PullConsumer",
    "action_consumer",
    "connect",
    "ensure_streams",
    "publish_all",
    "publish_one",
]
