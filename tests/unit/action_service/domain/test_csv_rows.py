"""Rows out of CSV files that arrive in pieces."""

import csv
import io
from random import Random

import pytest

from action_service.domain.csv_rows import CsvError, CsvRows

FILE = '\ufeffname,"e, mail"\r\n"A ""x""\r\nb",a@b\r\rZoë,z@e\n,\n \t,\n x,"y\nz"'.encode()


def rows_of(data: bytes, piece: int = 1 << 20) -> list[tuple[int, list[str]]]:
    rows = CsvRows()
    found = [
        row
        for start in range(0, len(data), piece)
        for row in rows.feed(data[start : start + piece])
    ]
    return [(number, list(cells)) for number, cells in (*found, *rows.close())]


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 8, 1000])
def test_rows_do_not_depend_on_the_pieces(piece: int) -> None:
    assert rows_of(FILE, piece) == [
        (1, ["name", "e, mail"]),
        (2, ['A "x"\r\nb', "a@b"]),
        (4, ["Zoë", "z@e"]),
        (7, [" x", "y\nz"]),
    ]


def test_what_is_written_is_read(subtests: pytest.Subtests) -> None:
    rng = Random(7)
    for seed in range(50):
        with subtests.test(seed=seed):
            table = [
                ["".join(rng.choices('ab,;"\r\n é😀', k=rng.randrange(6))) for _ in range(3)]
                for _ in range(20)
            ]
            table = [["a", "b", "c"], *(row for row in table if any(cell.strip() for cell in row))]
            text = io.StringIO()
            csv.writer(text).writerows(table)
            read = rows_of(text.getvalue().encode(), rng.randrange(1, 40))
            assert [cells for _, cells in read] == table


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (b"a;b", ["a", "b"]),
        (b'"a,b,c";d', ["a,b,c", "d"]),
        (b'"a;b;c",d', ["a;b;c", "d"]),
        (b"a", ["a"]),
        (b"a,b;c", ["a", "b;c"]),
    ],
)
def test_the_header_tells_the_delimiter(header: bytes, cells: list[str]) -> None:
    assert rows_of(header) == [(1, cells)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'a,b\n"x,y', "row 2: a quote is opened"),
        (b'a\nb\n"x"y\n', "row 3: there is text after a closing quote"),
        (b"a\nx\n\0", "row 3: there is a NUL"),
        (b"a\nx\n\xff", "row 3: the text is not UTF-8"),
        (b"a\nx\n\xc3", "row 3: the text is not UTF-8"),
        ("a,b\n".encode("utf-16"), "row 1: the text is not UTF-8"),
        (b"a\n" + b"x" * 140_000, "row 2: a field is longer"),
        (b"a\n" + b"x," * 600_000, "row 2: the row is longer"),
        (b'a\n"' + b"x\n" * 100_000, "row 2: a field is longer"),
    ],
)
@pytest.mark.parametrize("piece", [10_000, 1 << 20])
def test_what_is_no_csv_is_refused(data: bytes, said: str, piece: int) -> None:
    with pytest.raises(CsvError) as refused:
        rows_of(data, piece)
    assert said in str(refused.value)
