"""Rows out of a CSV file that arrives in pieces: UTF-8, RFC 4180, comma or semicolon.

Nothing of the file is kept but the row that is not complete yet, so that a file of any size can be
checked as it comes in. Python's csv module says what a row is.
"""

import codecs
import csv
import re
from collections.abc import Iterator

from action_service.domain.contact_import import Row

# A CR that is the last there is may be half of a CRLF.
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
# Of a row: what is longer is no row but a file with a quote too many, or another kind of file.
_MAX_ROW = 1_048_576


class CsvError(Exception):
    """The file is not what it should be; the text says where, for whoever made the file."""


class CsvRows:
    """Takes bytes in, gives rows out, the header first; blank rows count, but are not given."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        # Lines of the row that has begun, and what follows the last line end.
        self._lines: list[str] = []
        self._rest = ""
        self._delimiter = ""
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Row]:
        """The rows that are complete with these bytes. Raises CsvError."""
        return self._take(data, final=False)

    def close(self) -> Iterator[Row]:
        """The rows that the end of the file completes. Raises CsvError."""
        return self._take(b"", final=True)

    def _take(self, data: bytes, *, final: bool) -> Iterator[Row]:
        fault = ""
        try:
            text = self._decode.decode(data, final)
        except UnicodeDecodeError as error:
            # What comes before it tells in which row it is.
            text = error.object[: error.start].decode("utf-8-sig")
            fault = "the text is not UTF-8; save the file as CSV with UTF-8"
        if "\0" in text:
            text = text[: text.index("\0")]
            fault = "there is a NUL character; the file is no text"
        text = self._rest + text
        start = 0
        for line_end in _LINE_END.finditer(text):
            self._lines.append(text[start : line_end.end()])
            start = line_end.end()
        self._rest = text[start:]
        if final and self._rest and not fault:
            self._lines.append(self._rest)
            self._rest = ""
        if not self._delimiter and self._lines:
            self._delimiter = _delimiter(self._lines[0])
        yield from self._rows(final=final and not fault)
        if fault:
            raise self._error(fault)
        if sum(map(len, self._lines)) + len(self._rest) > _MAX_ROW:
            raise self._error(f"the row is longer than {_MAX_ROW:,} characters")

    def _rows(self, *, final: bool) -> Iterator[Row]:
        lines, used, done = self._lines, 0, 0

        def source() -> Iterator[str]:
            nonlocal used
            for line in lines:
                used += 1
                yield line
            if not final:
                raise _MoreNeededError

        reader = csv.reader(source(), delimiter=self._delimiter or ",", strict=True)
        try:
            for cells in reader:
                done = used
                self._number += 1
                if any(map(str.strip, cells)):
                    yield Row(self._number, cells)
        except _MoreNeededError:
            pass
        except csv.Error as error:
            raise self._error(_in_words(error)) from None
        finally:
            self._lines = lines[done:]

    def _error(self, what: str) -> CsvError:
        return CsvError(f"row {self._number + 1}: {what}")


class _MoreNeededError(Exception):
    """The lines at hand end within a row, perhaps."""


def _delimiter(header: str) -> str:
    """Whichever separates more columns of the header."""
    bare = re.sub(r'"[^"]*"', "", header)
    return ";" if bare.count(";") > bare.count(",") else ","


def _in_words(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return f"a field is longer than {csv.field_size_limit():,} characters; is a quote missing?"
    if "unexpected end" in text:
        return "a quote is opened and not closed before the file ends"
    if "expected after" in text:
        return "there is text after a closing quote; a quote inside a quoted field is doubled"
    return "the row is no CSV (RFC 4180)"
