"""What all repositories share: one transaction of one account, lists, JSON, array parameters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.domain.plan import Json


class Listing:
    """A page of a list, with one statement for each set of filters.

    A single one that allows for the absence of each (`:x IS NULL OR …`) would be planned once for
    all of them, and so without the index that any of them needs.
    """

    def __init__(self, select: str, filters: Mapping[str, str], order: str) -> None:
        """`select` ends inside a WHERE clause; `filters` are conditions by parameter's name."""
        self._select = select
        self._filters = filters
        self._order = order
        self._statements: dict[tuple[str, ...], TextClause] = {}

    def by(self, given: Mapping[str, object]) -> tuple[TextClause, dict[str, object]]:
        """The statement for those filters whose value is not None, and these values."""
        values = {name: given[name] for name in self._filters if given.get(name) is not None}
        names = tuple(values)
        statement = self._statements.get(names)
        if statement is None:
            conditions = "".join(f" AND {self._filters[name]}" for name in names)
            statement = text(f"{self._select}{conditions} ORDER BY {self._order} LIMIT :limit")
            self._statements[names] = statement
        return statement, values


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

    async def _list(self, listing: Listing, limit: int, **given: object) -> CursorResult[Any]:
        """The first `limit` rows of `listing`, by those filters whose value is not None."""
        statement, values = listing.by(given)
        return await self._run(statement, limit=limit, **values)


def to_json(value: Mapping[str, Json] | Sequence[Json] | None) -> str | None:
    """A `jsonb` parameter."""
    return None if value is None else orjson.dumps(value).decode()


def as_list(values: Iterable[UUID]) -> list[UUID]:
    """An array parameter: asyncpg takes lists only."""
    return list(values)
