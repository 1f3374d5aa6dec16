"""Timers in Postgres, for the API: one account's at a time, read-only.

Every statement names the account, and runs as a role to which row-level security shows that
account's rows only.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from scheduler_service.adapters.reach import in_reach
from scheduler_service.domain.timer import Timer, TimerKind

_READ_ONLY: Final = text("SET TRANSACTION READ ONLY")
_ROLE: Final = text("SET LOCAL ROLE treadle_scheduler_tenant")
_ACCOUNT: Final = text("SELECT set_config('treadle.account_id', :account, true)")

_COLUMNS: Final = "attempt_id, kind, execution_id, action_execution_id, due_at, created_at"

_GET: Final = text(
    f"SELECT {_COLUMNS} FROM timers WHERE account_id = :account_id AND attempt_id = :attempt_id"  # noqa: S608 - a constant
)

_ORDER: Final = "ORDER BY due_at, attempt_id LIMIT :limit"
_AFTER: Final = "AND (due_at, attempt_id) > (:due_at, :attempt_id)"
_OF_ACCOUNT: Final = f"SELECT {_COLUMNS} FROM timers WHERE account_id = :account_id"  # noqa: S608 - a constant
_OF_EXECUTION: Final = f"{_OF_ACCOUNT} AND execution_id = :execution_id"

_LIST: Final = text(f"{_OF_ACCOUNT} {_ORDER}")
_LIST_AFTER: Final = text(f"{_OF_ACCOUNT} {_AFTER} {_ORDER}")
_LIST_EXECUTION: Final = text(f"{_OF_EXECUTION} {_ORDER}")
_LIST_EXECUTION_AFTER: Final = text(f"{_OF_EXECUTION} {_AFTER} {_ORDER}")


class PostgresTimerReader:
    """A `TimerReader` on the table `timers`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, account_id: UUID, attempt_id: UUID) -> Timer | None:
        """The account's timer of that attempt."""
        async with self._reading(account_id) as connection:
            row = (
                await connection.execute(_GET, {"account_id": account_id, "attempt_id": attempt_id})
            ).one_or_none()
        return None if row is None else _timer(row)

    async def list(
        self,
        account_id: UUID,
        *,
        execution_id: UUID | None,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Timer]:
        """The account's timers, next due first."""
        values: dict[str, object] = {"account_id": account_id, "limit": limit}
        statement = _LIST if after is None else _LIST_AFTER
        if execution_id is not None:
            statement = _LIST_EXECUTION if after is None else _LIST_EXECUTION_AFTER
            values["execution_id"] = execution_id
        if after is not None:
            values["due_at"], values["attempt_id"] = after
        async with self._reading(account_id) as connection:
            return [_timer(row) for row in await connection.execute(statement, values)]

    @asynccontextmanager
    async def _reading(self, account_id: UUID) -> AsyncGenerator[AsyncConnection, None]:
        with in_reach():
            async with self._engine.begin() as connection:
                await connection.execute(_READ_ONLY)
                await connection.execute(_ROLE)
                await connection.execute(_ACCOUNT, {"account": str(account_id)})
                yield connection


def _timer(row: Row[Any]) -> Timer:
    return Timer(
        attempt_id=row.attempt_id,
        kind=TimerKind(row.kind),
        execution_id=row.execution_id,
        action_execution_id=row.action_execution_id,
        due_at=row.due_at,
        created_at=row.created_at,
    )
