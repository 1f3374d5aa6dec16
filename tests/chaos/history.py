"""Gathers what everybody says happened: the database's rows, and what the providers have received.

Read past the proxies, as superuser: all accounts, and whatever row-level security would hide.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import nats
from nats.errors import Error as NatsError

from common.nats import ACTIONS, DELAY, RESULTS
from devstack.postgres import DATABASE, PostgresError
from devstack.stack import Stack
from tests.chaos.founding import BUSY
from tests.chaos.load import Told
from tests.chaos.model import (
    Attempt,
    Call,
    Claim,
    Delivery,
    History,
    Plan,
    Run,
    Step,
    Unknown,
)
from tests.chaos.schedule import PROVIDERS
from tests.support.e2e_books import broken_rules
from tests.support.e2e_simulator import Providers

_RUNS: Final = """
    SELECT e.id, w.name AS plan, e.contact_id AS contact, e.state, e.event->>'request' AS request,
           extract(epoch FROM e.started_at) AS started, extract(epoch FROM e.ended_at) AS ended,
           e.reason
    FROM treadle.workflow_executions e JOIN treadle.workflows w ON w.id = e.workflow_id
"""
_STEPS: Final = """
    SELECT x.id, x.workflow_execution_id AS run, a.name, x.status,
           extract(epoch FROM x.created_at) AS created, extract(epoch FROM x.started_at) AS started,
           extract(epoch FROM x.completed_at) AS ended, x.attempt_number, x.retry_count AS retries,
           x.outcome, x.error_class, x.result_data->>'ended_by' AS ended_by,
           x.result_data->>'outcome' AS call_outcome
    FROM treadle.workflow_action_executions x
    JOIN treadle.workflow_actions a ON a.id = x.action_id
"""
_ATTEMPTS: Final = """
    SELECT id, action_execution_id AS step, number, error_class, provider_reference AS reference
    FROM treadle.workflow_action_attempts
"""
_CLAIMS: Final = """
    SELECT attempt_id AS attempt, action_execution_id AS step, extract(epoch FROM claimed_at) AS at
    FROM treadle.send_claims
"""
_DELIVERIES: Final = """
    SELECT id, action_execution_id AS step, channel, status FROM treadle.deliveries
"""
_UNKNOWN: Final = """
    SELECT coalesce(delivery_id, action_execution_id) AS key, state, resolution
    FROM treadle.unknown_sends
"""
_CONTACTS: Final = """
    SELECT c.id, c.custom_fields AS numbers,
           (SELECT count(*) FROM treadle.notes n WHERE n.contact_id = c.id) AS notes,
           ARRAY(SELECT t.name FROM treadle.contact_tags g JOIN treadle.tags t ON t.id = g.tag_id
                 WHERE g.contact_id = c.id) AS tags
    FROM treadle.contacts c
"""
# What has an end yet to come, without those that stand at a send that is listed as unknown.
_LEFT: Final = """
    SELECT (SELECT count(*) FROM treadle.workflow_executions e
            LEFT JOIN treadle.workflow_action_executions x ON x.id = e.current_action_execution_id
            LEFT JOIN treadle.unknown_sends u
              ON u.action_execution_id = x.id AND u.delivery_id IS NULL AND u.state = 'open'
            WHERE e.ended_at IS NULL
              AND (x.outcome IS DISTINCT FROM 'unknown' OR u.id IS NULL OR u.due_at IS NOT NULL)
           ) AS "open executions",
           (SELECT count(*) FROM treadle.deliveries WHERE status = 'pending') AS "open deliveries",
           (SELECT count(*) FROM treadle.event_outbox) AS "events nobody has handled",
           (SELECT count(*) FROM scheduler.timers) AS "timers"
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Witness:
    """Reads a stack and the world outside it."""

    stack: Stack
    providers: Providers
    plans: tuple[Plan, ...]

    def left(self) -> dict[str, int] | None:
        """What is still to be done, by what it is; None while nobody can say."""
        try:
            # Before the rows: what a callback that has been answered brings about is among them.
            to_tell = {"callbacks nobody has been told": self.providers.callbacks_waiting()}
            (row,) = self._rows(_LEFT)
            return to_tell | row | asyncio.run(self._messages())
        except (PostgresError, NatsError, OSError, TimeoutError):
            return None

    def history(self, told: Told, misbehaved: Sequence[str]) -> History:
        """Everything, as it stands now."""
        contacts = self._rows(_CONTACTS)
        return History(
            plans=self.plans,
            requests=tuple(told.requests),
            cancelled=frozenset(told.cancelled),
            runs=self._all(Run, _RUNS),
            steps=self._all(Step, _STEPS),
            attempts=self._all(Attempt, _ATTEMPTS),
            claims=self._all(Claim, _CLAIMS),
            calls=tuple(_call(each) for name in PROVIDERS for each in self._received(name)),
            deliveries=self._all(Delivery, _DELIVERIES),
            unknown=self._all(Unknown, _UNKNOWN),
            counters={row["id"]: _counters(row) for row in contacts},
            tags={row["id"]: frozenset(row["tags"]) for row in contacts},
            busy=BUSY,
            broken=broken_rules(self.stack),
            left=self.left() or {"servers that cannot be asked": 1},
            misbehaved=tuple(misbehaved),
        )

    def recoveries(self) -> list[tuple[float, float]]:
        """When each probe began and ended, by the database's clock, in the order of their ends."""
        name = self.plans[0].name
        runs = (run for run in self._all(Run, _RUNS) if run.plan == name)
        found = ((run.started, run.ended) for run in runs if run.ended is not None)
        return sorted(found, key=lambda pair: pair[1])

    def _received(self, provider: str) -> list[dict[str, Any]]:
        return self.providers.received(provider)

    def _all(self, kind: type[T], sql: str) -> tuple[T, ...]:
        return tuple(kind(**row) for row in self._rows(sql))

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        lines = self.stack.postgres.query(f"SELECT row_to_json(r) FROM ({sql}) r", DATABASE)
        return [json.loads(line) for line in lines.splitlines()]

    async def _messages(self) -> dict[str, int]:
        nc = await nats.connect(self.stack.nats.url, max_reconnect_attempts=0, connect_timeout=2)
        try:
            js = nc.jetstream()
            # What consumers have yet to do with them. After a full disk a stream may keep messages
            # that its consumers have acknowledged, and hands them to nobody any more.
            return {
                f"messages in {name}": sum(
                    (each.num_pending or 0) + (each.num_ack_pending or 0)
                    for each in await js.consumers_info(name)
                )
                for name in (ACTIONS.name, RESULTS.name, DELAY.name)
            }
        finally:
            await nc.close()


def _counters(row: Mapping[str, Any]) -> dict[str, int]:
    fields: Mapping[str, Any] = row["numbers"]
    numbers = {name: int(value) for name, value in fields.items() if not isinstance(value, str)}
    return numbers | {"notes": row["notes"]}


def _call(message: Mapping[str, Any]) -> Call:
    at = datetime.fromisoformat(message["received_at"]).timestamp()
    return Call(
        provider=message["provider"],
        key=message["step_key"] or "",
        attempt=message["attempt_id"],
        at=at,
        id=message["id"],
        to=message["to"],
    )
