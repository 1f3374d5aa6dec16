"""What all repositories share: one transaction of one account, JSON, array parameters."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import CursorResult, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.domain.plan import Json


class Repository:
    """Statements on behalf of one account, in the transaction of `connection`.

    Row-level security hides other accounts' rows; each statement names the account all the same.
    """

    def __init__(self, connection: AsyncConnection, account_id: UUID) -> None:
        self._connection = connection
        self._account_id = account_id

    async def _run(self, statement: TextClause, **values: object) -> CursorResult[Any]:
        """Execute `statement`, whose `:account` is the account."""
        return await self._connection.execute(statement, {"account": self._account_id, **values})


def to_json(value: Mapping[str, Json] | None) -> str | None:
    """A `jsonb` parameter."""
    return None if value is None else orjson.dumps(value).decode()


def as_list(values: Iterable[UUID]) -> list[UUID]:
    """An array parameter: asyncpg takes lists only."""
    return list(values)
