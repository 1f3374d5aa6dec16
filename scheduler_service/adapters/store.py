"""Timers in Postgres, for the loops that store and fire them: all accounts, whole batches.

The database's clock alone decides what is due. A claim is a row lock that lasts as long as its
transaction: a process that dies gives its claims back the moment the server sees its connection
close, and one that hangs loses them to the server's time limit.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from scheduler_service.adapters.reach import in_reach
from scheduler_service.domain.timer import DueTimer, HeldTimer, NewTimer, TimerKind
from scheduler_service.domain.turns import Look, next_turn
from scheduler_service.use_cases.ports import NextDue

# DO UPDATE, not DO NOTHING: it waits for a transaction that is just firing the old timer of the
# same attempt. DO NOTHING would find that locked row there and drop the new timer.
_ADD: Final = text(
    """
    INSERT INTO timers
        (attempt_id, account_id, kind, execution_id, action_execution_id, due_at, fire_at,
         planned_at, payload)
    SELECT attempt_id, account_id, kind, execution_id, action_execution_id, due_at, due_at,
           planned_at, payload
    FROM unnest(
        CAST(:attempt_id AS uuid[]), CAST(:account_id AS uuid[]), CAST(:kind AS smallint[]),
        CAST(:execution_id AS uuid[]), CAST(:action_execution_id AS uuid[]),
        CAST(:due_at AS timestamptz[]), CAST(:planned_at AS timestamptz[]),
        CAST(:payload AS bytea[])
    ) AS new (attempt_id, account_id, kind, execution_id, action_execution_id, due_at, planned_at,
              payload)
    ON CONFLICT (attempt_id) DO UPDATE
    SET due_at = excluded.due_at, fire_at = excluded.fire_at, payload = excluded.payload,
        planned_at = excluded.planned_at, failed_tries = 0
    WHERE timers.kind = excluded.kind AND excluded.account_id = timers.account_id
      AND CASE WHEN excluded.kind = :delayed THEN excluded.due_at > timers.due_at
               ELSE excluded.planned_at > timers.planned_at END
    RETURNING attempt_id
    """
)

_HELD: Final = text(
    "SELECT attempt_id, due_at, planned_at FROM timers"
    " WHERE attempt_id = ANY(CAST(:attempts AS uuid[]))"
)

_CLAIM: Final = text(
    """
    SELECT attempt_id, kind, due_at, payload, now() AS claimed_at
    FROM timers
    WHERE fire_at <= now()
    ORDER BY fire_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
    """
)

# From account to account by one probe of the index each: as many as there are, or `most`.
_LOOK: Final = text(
    """
    WITH RECURSIVE seen (account_id, due_at, place) AS (
        (SELECT account_id, due_at, 1 FROM timers WHERE account_id > :after
         ORDER BY account_id, due_at LIMIT 1)
        UNION ALL
        SELECT following.account_id, following.due_at, seen.place + 1
        FROM seen CROSS JOIN LATERAL (
            SELECT account_id, due_at FROM timers WHERE account_id > seen.account_id
            ORDER BY account_id, due_at LIMIT 1
        ) AS following
        WHERE seen.place < :most
    )
    SELECT coalesce(array_agg(account_id ORDER BY place) FILTER (WHERE due_at <= now()), '{}')
               AS due,
           (array_agg(account_id ORDER BY place))[:most] AS last
    FROM seen
    """
)

# What has failed waits for `fire_at`. Said like this it is no range of the index on that column,
# by which an account's timers would have to be read all and sorted.
_CLAIM_SHARES: Final = text(
    """
    SELECT share.*, now() AS claimed_at
    FROM unnest(CAST(:accounts AS uuid[])) AS turn (account_id)
    CROSS JOIN LATERAL (
        SELECT attempt_id, kind, due_at, payload
        FROM timers
        WHERE account_id = turn.account_id AND due_at <= now()
          AND (failed_tries = 0 OR fire_at <= now())
        ORDER BY due_at
        LIMIT :share
        FOR UPDATE SKIP LOCKED
    ) AS share
    LIMIT :limit
    """
)

# Not DELETE alone: it would wait for a transaction that is firing some of them, each at its time.
_FORGET: Final = text(
    """
    DELETE FROM timers WHERE attempt_id IN (
        SELECT attempt_id FROM timers WHERE attempt_id = ANY(CAST(:attempts AS uuid[]))
        FOR UPDATE SKIP LOCKED
    )
    """
)

_HOLD_LIMIT: Final = text("SET LOCAL idle_in_transaction_session_timeout = '30s'")

_REMOVE: Final = text("DELETE FROM timers WHERE attempt_id = ANY(CAST(:attempts AS uuid[]))")

_PUT_OFF: Final = text(
    """
    UPDATE timers
    SET failed_tries = failed_tries + 1,
        fire_at = now() + least(interval '1 second' * power(2, least(failed_tries, 10)),
                                interval '1 minute')
    WHERE attempt_id = ANY(CAST(:attempts AS uuid[]))
    """
)

_NEXT: Final = text(
    "SELECT fire_at, fire_at - clock_timestamp() AS distance FROM timers ORDER BY fire_at LIMIT 1"
)


# How many accounts one claim in turn looks at, due or not.
_ACCOUNTS_A_LOOK: Final = 1_000
_BEFORE_ALL: Final = UUID(int=0)

_Lock: TypeAlias = Callable[[AsyncConnection], Awaitable[Sequence[Row[Any]]]]


class _Claimed(NamedTuple):
    """Due timers and the transaction that holds them; a `Claim`."""

    connection: AsyncConnection
    timers: Sequence[DueTimer]
    claimed_at: datetime

    async def settle(self, delivered: Collection[UUID], failed: Collection[UUID]) -> None:
        if delivered:
            await self.connection.execute(_REMOVE, {"attempts": list(delivered)})
        if failed:
            await self.connection.execute(_PUT_OFF, {"attempts": list(failed)})


class PostgresTimerStore:
    """A `TimerStore` on the table `timers`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._after = _BEFORE_ALL

    async def add(self, timers: Sequence[NewTimer]) -> Mapping[UUID, HeldTimer]:
        """Stores the timers, which must be distinct by attempt, in one transaction."""
        if not timers:
            return {}
        with in_reach():
            return await self._add(timers)

    async def _add(self, timers: Sequence[NewTimer]) -> Mapping[UUID, HeldTimer]:
        async with self._engine.begin() as connection:
            result = await connection.execute(_ADD, _columns(timers))
            stored = set(result.scalars())
            held = [timer.attempt_id for timer in timers if timer.attempt_id not in stored]
            if not held:
                return {}
            rows = await connection.execute(_HELD, {"attempts": held})
            return {row.attempt_id: HeldTimer(row.due_at, row.planned_at) for row in rows}

    async def forget(self, attempt_ids: Sequence[UUID]) -> None:
        """Removes the timers of these attempts but for those that are just being fired."""
        with in_reach():
            async with self._engine.begin() as connection:
                await connection.execute(_FORGET, {"attempts": list(attempt_ids)})

    def claim(self, limit: int) -> AbstractAsyncContextManager[_Claimed]:
        """Claims due timers, those due longest first."""
        return self._claim(lambda connection: self._longest_due(connection, limit))

    def claim_in_turn(self, limit: int) -> AbstractAsyncContextManager[_Claimed]:
        """Claims due timers of the accounts whose turn it is, an equal share of each."""
        return self._claim(lambda connection: self._shares(connection, limit))

    @asynccontextmanager
    async def _claim(self, lock: _Lock) -> AsyncGenerator[_Claimed, None]:
        async with self._engine.begin() as connection:
            await connection.execute(_HOLD_LIMIT)
            rows = await lock(connection)
            timers = [
                DueTimer(row.attempt_id, TimerKind(row.kind), row.due_at, row.payload)
                for row in rows
            ]
            claimed_at = rows[0].claimed_at if rows else datetime.min.replace(tzinfo=UTC)
            yield _Claimed(connection, timers, claimed_at)

    async def _longest_due(self, connection: AsyncConnection, limit: int) -> Sequence[Row[Any]]:
        return (await connection.execute(_CLAIM, {"limit": limit})).all()

    async def _shares(self, connection: AsyncConnection, limit: int) -> Sequence[Row[Any]]:
        asked = {"after": self._after, "most": _ACCOUNTS_A_LOOK}
        found = (await connection.execute(_LOOK, asked)).one()
        turn = next_turn(Look(found.due, found.last), limit)
        self._after = turn.after or _BEFORE_ALL
        if not turn.accounts:
            return ()
        shares = {"accounts": list(turn.accounts), "share": turn.share, "limit": limit}
        return (await connection.execute(_CLAIM_SHARES, shares)).all()

    async def next_due(self) -> NextDue | None:
        """The earliest timer, also when another process has claimed it."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_NEXT)).one_or_none()
        return None if row is None else NextDue(row.fire_at, row.distance)


def _columns(timers: Sequence[NewTimer]) -> dict[str, object]:
    return {
        "attempt_id": [timer.attempt_id for timer in timers],
        "account_id": [timer.account_id for timer in timers],
        "kind": [int(timer.kind) for timer in timers],
        "execution_id": [timer.execution_id for timer in timers],
        "action_execution_id": [timer.action_execution_id for timer in timers],
        "due_at": [timer.due_at for timer in timers],
        "planned_at": [timer.planned_at for timer in timers],
        "payload": [timer.payload for timer in timers],
        "delayed": int(TimerKind.DELAYED_TASK),
    }
