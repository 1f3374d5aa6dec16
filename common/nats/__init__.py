"""NATS as the doorbell: streams, a pull consumer that hands on what is there, publishing."""

from common.nats.connection import NATS_TROUBLE, connect
from common.nats.dead_letters import (
    ACCOUNT_HEADER,
    DEAD_EVENTS,
    DEAD_RESULTS,
    DELIVERIES_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
    store_dead_letter,
    stored_at,
)
from common.nats.lane import Bury, Poison, run_lane
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
    made_at,
)
from common.nats.trials import JetStreamTrials, Trials

__all__ = [
    "ACCOUNT_HEADER",
    "ACK_WAIT",
    "ACTIONS",
    "DEAD",
    "DEAD_EVENTS",
    "DEAD_RESULTS",
    "DELAY",
    "DELAY_SUBJECT",
    "DELIVERIES_HEADER",
    "EVENTS",
    "FORGET_SUBJECT",
    "MESSAGE_ID",
    "NATS_TROUBLE",
    "ORIGIN_HEADER",
    "REASON_HEADER",
    "RESULTS",
    "RESULTS_SUBJECT",
    "Bury",
    "ConsumerSpec",
    "Delivery",
    "JetStreamTrials",
    "Outgoing",
    "Poison",
    "PullConsumer",
    "Trials",
    "action_consumer",
    "connect",
    "ensure_streams",
    "made_at",
    "publish_all",
    "publish_one",
    "run_lane",
    "store_dead_letter",
    "stored_at",
]
