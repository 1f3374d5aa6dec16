"""A file on its way in: every row is seen before anything is stored, so that a file is taken whole
or refused with the reason.

What is kept of it are the rows, encoded in the batches in which they will be imported.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import orjson

from action_service.domain.contact_import import Column, Row
from action_service.domain.csv_rows import CsvError, CsvRows
from action_service.use_cases.imports.columns import read_header
from common.errors import ErrorReason, FieldViolation, TreadleError, invalid

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 1_000_000
BATCH_ROWS = 500
# A batch is done in one transaction and is to be short.
_BATCH_CELLS_LENGTH = 1024 * 1024


class Upload:
    """Takes the pieces of a file; raises TreadleError as soon as it cannot be imported."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        """`mapping` is the contact field by column, where the header does not say it."""
        self._mapping = mapping
        self._csv = CsvRows()
        self._size = 0
        self._batch: list[tuple[int, Sequence[str]]] = []
        self._length = 0
        self.columns: Sequence[Column] = ()
        self.total_rows = 0
        self.batches: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Takes the next piece."""
        self._size += len(data)
        if self._size > MAX_BYTES:
            raise TreadleError(
                ErrorReason.REQUEST_TOO_LARGE,
                f"a file may have at most {MAX_BYTES // 1024**2} MiB; split it",
            )
        self._take(self._csv.feed(data))

    def close(self) -> None:
        """Ends the file."""
        self._take(self._csv.close())
        self._end_batch()
        if not self.columns:
            raise _refused("the file is empty; its first row must name the columns")
        if not self.total_rows:
            raise _refused("there are no rows below the header")

    def _take(self, rows: Iterator[Row]) -> None:
        try:
            for row in rows:
                self._add(row)
        except CsvError as error:
            raise _refused(str(error)) from None

    def _add(self, row: Row) -> None:
        if not self.columns:
            if row.number != 1:
                raise _refused("row 1 is blank; it must name the columns")
            self.columns = read_header(row.cells, self._mapping)
            return
        self.total_rows += 1
        if self.total_rows > MAX_ROWS:
            raise _refused(f"a file may have at most {MAX_ROWS:,} rows; split it")
        self._batch.append((row.number, row.cells))
        self._length += sum(map(len, row.cells))
        if len(self._batch) == BATCH_ROWS or self._length > _BATCH_CELLS_LENGTH:
            self._end_batch()

    def _end_batch(self) -> None:
        if self._batch:
            self.batches.append(orjson.dumps(self._batch))
            self._batch, self._length = [], 0


def rows_of(batch: bytes) -> list[Row]:
    """The rows of a batch that an upload has made."""
    rows = cast("list[tuple[int, list[str]]]", orjson.loads(batch))
    return [Row(number, cells) for number, cells in rows]


def _refused(why: str) -> TreadleError:
    return invalid([FieldViolation("data", why)])
