"""Limits and circuits in Postgres: one row for each account and peer, whose lock orders changes.

Executors ask for any account, so their requests run outside the accounts' row-level security; each
is matched with the account it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.adapters.sql import Repository
from action_service.domain.traffic import CircuitState, Limit, Traffic, acquire, report
from action_service.use_cases.traffic import Policy
from action_service.use_cases.traffic_ports import PermitAnswer, PermitRequest
from common.ids import new_id

_NAMES: Final = tuple(field.name for field in fields(Traffic))
_COLUMNS: Final = ", ".join(f"c.{name}" for name in _NAMES)
_ASSIGNMENTS: Final = ", ".join(f"{name} = :{name}" for name in _NAMES)

# Made of constants, as all below. Rows are locked in one order by everybody.
_LOCK = text(
    f"""
    SELECT c.account_id, c.peer, {_COLUMNS}, l.per_second, l.burst, now() AS now
    FROM provider_circuits c
    JOIN unnest(CAST(:accounts AS uuid[]), CAST(:peers AS text[])) AS k(account_id, peer)
      ON c.account_id = k.account_id AND c.peer = k.peer
    LEFT JOIN provider_limits l ON l.account_id = c.account_id AND l.peer = c.peer
    ORDER BY c.account_id, c.peer
    FOR UPDATE OF c
    """  # noqa: S608
)
_ADD = text(
    """
    INSERT INTO provider_circuits (account_id, peer)
    SELECT k.account_id, k.peer
    FROM unnest(CAST(:accounts AS uuid[]), CAST(:peers AS text[])) AS k(account_id, peer)
    JOIN accounts a ON a.id = k.account_id
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
    """
)
_SET = text(
    f"UPDATE provider_circuits SET {_ASSIGNMENTS}, updated_at = now()"  # noqa: S608
    " WHERE account_id = :account AND peer = :peer"
)
_LIST = text(
    f"SELECT c.peer, {_COLUMNS} FROM provider_circuits c"  # noqa: S608
    " WHERE c.account_id = :account ORDER BY c.peer LIMIT :limit"
)
_LOCK_ONE = text(
    f"SELECT {_COLUMNS} FROM provider_circuits c"  # noqa: S608
    " WHERE c.account_id = :account AND c.peer = :peer FOR UPDATE"
)
_ADD_ONE = text(
    "INSERT INTO provider_circuits (account_id, peer) VALUES (:account, :peer)"
    " ON CONFLICT DO NOTHING"
)
_LIMITS = text("SELECT peer, per_second, burst FROM provider_limits WHERE account_id = :account")
_SET_LIMIT = text(
    "INSERT INTO provider_limits (id, account_id, peer, per_second, burst)"
    " VALUES (:id, :account, :peer, :per_second, :burst)"
    " ON CONFLICT (account_id, peer) DO UPDATE"
    " SET per_second = excluded.per_second, burst = excluded.burst, updated_at = now()"
    " RETURNING id"
)
_CLEAR_LIMIT = text(
    "DELETE FROM provider_limits WHERE account_id = :account AND peer = :peer RETURNING id"
)
_NOW = text("SELECT now()")

_Key = tuple[UUID, str]


class PostgresPermitDesk:
    """Answers executors."""

    def __init__(self, engine: AsyncEngine, policy: Policy) -> None:
        self._engine = engine
        self._policy = policy

    async def answer(self, requests: Sequence[PermitRequest]) -> Sequence[PermitAnswer]:
        """Each request, in their order, in one transaction."""
        keys = [(request.account_id, request.peer) for request in requests]
        answers = await self._answer(requests, keys, settled=False)
        if answers is None:
            # In a transaction of its own: rows that others lock are waited for in one order only.
            async with self._engine.begin() as connection:
                await connection.execute(_ADD, _arrays(keys))
            answers = await self._answer(requests, keys, settled=True)
        return answers or []

    async def _answer(
        self, requests: Sequence[PermitRequest], keys: list[_Key], *, settled: bool
    ) -> list[PermitAnswer] | None:
        """None when rows are missing that may be added, which changes nothing."""
        async with self._engine.begin() as connection:
            rows = {
                (row.account_id, row.peer): row
                for row in await connection.execute(_LOCK, _arrays(keys))
            }
            if len(rows) < len(keys) and not settled:
                return None
            now = await _now(connection, rows)
            answers: list[PermitAnswer] = []
            changes: list[dict[str, object]] = []
            for key, request in zip(keys, requests, strict=True):
                row = rows.get(key)
                # Of an account that is not there nothing is kept.
                before = Traffic() if row is None else _traffic(row)
                limit = self._limit_of(request.peer, row)
                after = before
                for outcomes in request.outcomes:
                    after = report(after, outcomes, self._policy.rules, now)
                after, given = acquire(after, request.wish, limit, self._policy.rules, now)
                answers.append(PermitAnswer(given, limit))
                if row is not None and after != before:
                    changes.append({"account": key[0], "peer": key[1], **asdict(after)})
            if changes:
                await connection.execute(_SET, changes)
            return answers

    def _limit_of(self, peer: str, row: Row[Any] | None) -> Limit:
        if row is None or row.per_second is None:
            return self._policy.limit_of(peer)
        return Limit(row.per_second, row.burst)


class TrafficReader(Repository):
    """Reads circuits and limits."""

    async def circuits(self, limit: int) -> Mapping[str, Traffic]:
        """Those that something has happened to lately, by peer."""
        return {row.peer: _traffic(row) for row in await self._run(_LIST, limit=limit)}

    async def limits(self) -> Mapping[str, Limit]:
        """Those that the account has set, by peer."""
        return {row.peer: Limit(row.per_second, row.burst) for row in await self._run(_LIMITS)}

    async def now(self) -> datetime:
        """The transaction's time."""
        return (await self._run(_NOW)).scalar_one()


class TrafficWriter(TrafficReader):
    """Reads and changes circuits and limits."""

    async def lock(self, peer: str) -> Traffic:
        """The circuit, kept from every other change."""
        await self._run(_ADD_ONE, peer=peer)
        return _traffic((await self._run(_LOCK_ONE, peer=peer)).one())

    async def set(self, peer: str, traffic: Traffic) -> None:
        """Stores a circuit that is locked."""
        await self._run(_SET, peer=peer, **asdict(traffic))

    async def set_limit(self, peer: str, limit: Limit) -> UUID:
        """Sets a limit; returns the id of its record."""
        values = {"per_second": limit.per_second, "burst": limit.burst}
        return (await self._run(_SET_LIMIT, id=new_id(), peer=peer, **values)).scalar_one()

    async def clear_limit(self, peer: str) -> UUID | None:
        """Forgets the limit; returns the id of its record."""
        return (await self._run(_CLEAR_LIMIT, peer=peer)).scalar()


def _arrays(keys: Sequence[_Key]) -> dict[str, object]:
    return {"accounts": [key[0] for key in keys], "peers": [key[1] for key in keys]}


async def _now(connection: AsyncConnection, rows: Mapping[_Key, Row[Any]]) -> datetime:
    for row in rows.values():
        return row.now
    return (await connection.execute(_NOW)).scalar_one()


def _traffic(row: Row[Any]) -> Traffic:
    values: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
    values["state"] = CircuitState(row.state)
    return Traffic(**values)
