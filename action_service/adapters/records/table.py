"""Where a kind of record is stored, and the statements that follow from it.

A column has the name of its field. What is not a column of its own says what it is made of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from sqlalchemy import TextClause, text

from action_service.adapters.sql import Listing
from action_service.use_cases.records.kind import RecordKind


@dataclass(frozen=True)
class Parts:
    """Rows of another table that a record is made of: a list, in order, in one of its fields."""

    field: str
    table: str
    # The column with the record's id.
    owner: str
    # What tells a record's parts apart.
    key: str = "id"
    # The rest of an item; an item without it is the bare key.
    columns: tuple[str, ...] = ()

    @property
    def selected(self) -> str:
        """The list, of the record `t`."""
        if self.columns:
            pairs = ", ".join(f"'{name}', p.{name}" for name in (self.key, *self.columns))
            items = f"jsonb_agg(jsonb_strip_nulls(jsonb_build_object({pairs})) ORDER BY p.position)"
        else:
            items = f"array_agg(CAST(p.{self.key} AS text) ORDER BY p.position)"
        return (
            f"SELECT {items} FROM {self.table} p"  # noqa: S608 - made of constants, as all below
            f" WHERE p.account_id = t.account_id AND p.{self.owner} = t.id"
        )

    @cached_property
    def drop(self) -> TextClause:
        """Deletes all but those of `:keys`."""
        return text(
            f"DELETE FROM {self.table} WHERE account_id = :account AND {self.owner} = :id"  # noqa: S608
            f" AND NOT ({self.key} = ANY(CAST(:keys AS uuid[])))"
        )

    @cached_property
    def keep(self) -> TextClause:
        """Sets those of `:items` that are there."""
        sets = ", ".join(f"{name} = i.{name}" for name in ("position", *self.columns))
        return text(
            f"UPDATE {self.table} p SET {sets} FROM {self._items}"  # noqa: S608
            f" WHERE p.account_id = :account AND p.{self.owner} = :id"
            f" AND p.{self.key} = i.{self.key}"
        )

    @cached_property
    def add(self) -> TextClause:
        """Stores those of `:items` that are not there."""
        names = (self.key, "position", *self.columns)
        return text(
            f"INSERT INTO {self.table} (account_id, {self.owner}, {', '.join(names)})"  # noqa: S608
            f" SELECT :account, :id, {', '.join(f'i.{name}' for name in names)} FROM {self._items}"
            f" WHERE NOT EXISTS (SELECT FROM {self.table} p"
            f" WHERE p.{self.owner} = :id AND p.{self.key} = i.{self.key})"
        )

    @property
    def _items(self) -> str:
        row = f"CAST(NULL AS {self.table})"
        return f"jsonb_populate_recordset({row}, CAST(:items AS jsonb)) i"


@dataclass(frozen=True)
class RecordTable:
    """The table of a kind; SQL names its rows `t`."""

    kind: RecordKind
    table: str
    # Fields that are worked out, as SQL.
    computed: Mapping[str, str] = field(default_factory=dict[str, str])
    parts: Parts | None = None
    # Columns that lists can be narrowed by, and other filters as conditions.
    by_column: Sequence[str] = ()
    by_condition: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def find(self) -> TextClause:
        """The record `:id`."""
        return text(f"{self._select} AND t.id = :id")

    @cached_property
    def lock(self) -> TextClause:
        """Locks the record `:id`."""
        return text(
            f"SELECT FROM {self.table} WHERE account_id = :account AND id = :id FOR NO KEY UPDATE"
        )

    @cached_property
    def delete(self) -> TextClause:
        """Deletes the record `:id`."""
        return text(f"DELETE FROM {self.table} WHERE account_id = :account AND id = :id")  # noqa: S608

    @cached_property
    def page(self) -> Listing:
        """The records after (`after_name`, `after_id`)."""
        if self.kind.by_name:
            order = "t.name, t.id"
            after = {
                "after_name": "t.name >= CAST(:after_name AS text)",
                "after_id": "(t.name > CAST(:after_name AS text)"
                " OR t.id > CAST(:after_id AS uuid))",
            }
        else:
            order = "t.id DESC"
            after = {"after_id": "t.id < CAST(:after_id AS uuid)"}
        columns = {name: f"t.{name} = {_parameter(name)}" for name in self.by_column}
        return Listing(self._select, {**after, **columns, **self.by_condition}, order)

    def insert(self, names: Sequence[str]) -> TextClause:
        """Stores a record of those columns of `:values`."""
        return _insert(self.table, tuple(names))

    def update(self, names: Sequence[str], cleared: Sequence[str]) -> TextClause:
        """Sets those columns of `:values`, and the `cleared` ones to their defaults."""
        fields = self.kind.spec.message.fields
        counted = ["revision = t.revision + 1"] if "etag" in fields else []
        dated = ["updated_at = now()"] if "updated_at" in fields else []
        return _update(self.table, tuple(names), tuple(cleared), (*counted, *dated))

    @cached_property
    def _select(self) -> str:
        columns = ", ".join(self._column(name) for name in self.kind.spec.message.fields)
        return f"SELECT {columns} FROM {self.table} t WHERE t.account_id = :account"  # noqa: S608

    def _column(self, name: str) -> str:
        if name == "etag":
            return "t.revision"
        if self.parts is not None and name == self.parts.field:
            return f"({self.parts.selected}) AS {name}"
        computed = self.computed.get(name)
        return f"t.{name}" if computed is None else f"({computed}) AS {name}"


def _parameter(name: str) -> str:
    return f"CAST(:{name} AS {'uuid' if name.endswith('_id') else 'text'})"


@lru_cache
def _insert(table: str, names: tuple[str, ...]) -> TextClause:
    columns = "".join(f", {name}" for name in names)
    values = "".join(f", r.{name}" for name in names)
    return text(
        f"INSERT INTO {table} (account_id, id{columns})"  # noqa: S608
        f" SELECT :account, :id{values} FROM {_row(table)}"
    )


@lru_cache
def _update(
    table: str, names: tuple[str, ...], cleared: tuple[str, ...], more: tuple[str, ...]
) -> TextClause:
    sets = (
        *(f"{name} = r.{name}" for name in names),
        *(f"{name} = DEFAULT" for name in cleared),
        *more,
    )
    return text(
        f"UPDATE {table} t SET {', '.join(sets)} FROM {_row(table)}"  # noqa: S608
        " WHERE t.account_id = :account AND t.id = :id"
    )


def _row(table: str) -> str:
    """`:values`, each as what its column holds."""
    return f"jsonb_populate_record(CAST(NULL AS {table}), CAST(:values AS jsonb)) r"
