"""Reads and changes records of any kind.

Values go to the database as one JSON object, which it turns into what its columns hold: no type is
written down a second time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import cast
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import RowMapping, TextClause, text

from action_service.adapters.records.table import Parts
from action_service.adapters.records.tables import DEPENDENTS, TABLES
from action_service.adapters.sql import Repository, to_json
from action_service.domain.plan import Json
from action_service.domain.record import Cursor, Record

_CURRENCY = text("SELECT currency FROM accounts WHERE id = :account")


class RecordReader(Repository):
    """See RecordReads."""

    async def get(self, kind: str, record_id: UUID) -> Record | None:
        """The record; None when the account has no such one."""
        row = (await self._run(TABLES[kind].find, id=record_id)).mappings().first()
        return None if row is None else _record(row)

    async def list_page(
        self, kind: str, *, limit: int, after: Cursor | None, filters: Mapping[str, Json]
    ) -> Sequence[Record]:
        """Those after `after`, by the filters whose value is not None, in the order of the kind."""
        after_name, after_id = after or (None, None)
        place = {"after_name": after_name, "after_id": after_id}
        rows = await self._list(TABLES[kind].page, limit, **place, **filters)
        return [_record(row) for row in rows.mappings()]

    async def dependents(self, kind: str, record_id: UUID) -> Mapping[str, int]:
        """How many records need this one, by what they are called."""
        sources = DEPENDENTS.get(kind)
        if sources is None:
            return {}
        statement = _counting(tuple(sources.values()))
        counts = (await self._run(statement, id=record_id, id_text=str(record_id))).one()
        return {name: count for name, count in zip(sources, counts, strict=True) if count}

    async def currency(self) -> str:
        """The account's currency."""
        return cast("str", (await self._run(_CURRENCY)).scalar_one())


class RecordWriter(RecordReader):
    """See RecordWrites."""

    async def lock(self, kind: str, record_id: UUID) -> Record | None:
        """The record, kept from every other change until the transaction ends."""
        await self._run(TABLES[kind].lock, id=record_id)
        # A statement of its own: the parts as they are now that the lock is had.
        return await self.get(kind, record_id)

    async def add(self, kind: str, record_id: UUID, values: Mapping[str, Json]) -> Record:
        """Stores a record."""
        table = TABLES[kind]
        columns = _columns(table.parts, values)
        given = {name: value for name, value in columns.items() if value is not None}
        await self._run(table.insert(list(given)), id=record_id, values=to_json(given))
        await self._arrange(table.parts, record_id, values)
        return await self._stored(kind, record_id)

    async def update(self, kind: str, record_id: UUID, values: Mapping[str, Json]) -> Record:
        """Sets values of a locked record, which counts as a revision."""
        table = TABLES[kind]
        columns = _columns(table.parts, values)
        given = {name: value for name, value in columns.items() if value is not None}
        statement = table.update(list(given), [name for name in columns if name not in given])
        await self._run(statement, id=record_id, values=to_json(given))
        await self._arrange(table.parts, record_id, values)
        return await self._stored(kind, record_id)

    async def delete(self, kind: str, record_id: UUID) -> None:
        """Deletes a record and its parts."""
        await self._run(TABLES[kind].delete, id=record_id)

    async def _arrange(
        self, parts: Parts | None, record_id: UUID, values: Mapping[str, Json]
    ) -> None:
        """Makes the parts those of `values`, in their order; those with known keys stay."""
        if parts is None or parts.field not in values:
            return
        items = _items(parts, values[parts.field])
        keys = [UUID(cast("str", item[parts.key])) for item in items]
        await self._run(parts.drop, id=record_id, keys=keys)
        if items:
            await self._run(parts.keep, id=record_id, items=to_json(items))
            await self._run(parts.add, id=record_id, items=to_json(items))

    async def _stored(self, kind: str, record_id: UUID) -> Record:
        record = await self.get(kind, record_id)
        if record is None:
            raise LookupError(f"{kind} {record_id} is not stored")
        return record


@lru_cache
def _counting(sources: tuple[str, ...]) -> TextClause:
    counts = ", ".join(f"(SELECT count(*) FROM {source})" for source in sources)  # noqa: S608 - made of constants
    return text(f"SELECT {counts}")


def _columns(parts: Parts | None, values: Mapping[str, Json]) -> dict[str, Json]:
    own = None if parts is None else parts.field
    return {name: value for name, value in values.items() if name != own}


def _items(parts: Parts, value: Json) -> list[dict[str, Json]]:
    items = value if isinstance(value, list) else []
    return [
        {**(item if isinstance(item, dict) else {parts.key: item}), "position": position}
        for position, item in enumerate(items)
    ]


def _record(row: RowMapping) -> Record:
    columns = {str(name): value for name, value in row.items()}
    record_id, revision = columns.pop("id"), columns.pop("revision", 0)
    values = {name: _json(value) for name, value in columns.items() if value not in (None, "")}
    return Record(record_id, values, revision)


def _json(value: object) -> Json:
    match value:
        case UUID():
            return str(value)
        case Decimal():
            return float(value)
        case datetime():
            instant = Timestamp()
            instant.FromDatetime(value)
            return instant.ToJsonString()
        case _:
            return cast("Json", value)
