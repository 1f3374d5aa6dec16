"""The limit on a response's body counts what it becomes in memory."""

import gzip
import zlib

import pytest

from common.egress.body import LEAST_PIECE, MEMBER_WEIGHT, RAW_SLACK, BoundedBody
from common.egress.errors import EgressResponseError, ResponseTooLarge


def read(data: bytes, coding: str = "gzip", limit: int = 1_000_000, step: int = 1_000) -> bytes:
    body = BoundedBody(200, coding, limit)
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.finish()


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_plain(coding: str) -> None:
    assert read(b"x" * 5_000, coding) == b"x" * 5_000


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_gzip(coding: str, step: int) -> None:
    text = b"Hello, " * 1_000
    assert read(gzip.compress(text), coding, step=step) == text


@pytest.mark.parametrize("step", [1, 100_000])
def test_gzip_members_in_a_row(step: int) -> None:
    assert read(gzip.compress(b"one ") + gzip.compress(b"two"), step=step) == b"one two"


def test_an_empty_body_may_be_called_gzip() -> None:
    assert BoundedBody(204, "gzip", 0).finish() == b""


def test_exactly_the_limit_passes() -> None:
    assert len(read(b"x" * 100, "", limit=100)) == 100
    assert len(read(gzip.compress(b"x" * 100), limit=100)) == 100


def test_one_byte_over_does_not() -> None:
    for data, coding in ((b"x" * 101, ""), (gzip.compress(b"x" * 101), "gzip")):
        with pytest.raises(ResponseTooLarge) as too_large:
            read(data, coding, limit=100)
        assert (too_large.value.status, too_large.value.max_bytes) == (200, 100)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    body = BoundedBody(200, "gzip", 1_000)
    with pytest.raises(ResponseTooLarge):
        body.feed(bomb)


def test_a_bomb_in_a_bomb_is_not_asked_for() -> None:
    with pytest.raises(EgressResponseError):
        BoundedBody(200, "gzip, gzip", 1_000)


def test_members_that_unpack_to_nothing_are_bounded() -> None:
    empty = gzip.compress(b"")
    body = BoundedBody(200, "gzip", 1_000)
    with pytest.raises(ResponseTooLarge):
        for _ in range(2 * RAW_SLACK // len(empty)):
            body.feed(empty)


def test_members_cost_what_it_takes_to_read_them() -> None:
    limit = 1_000_000
    most = (limit + RAW_SLACK) // MEMBER_WEIGHT
    with pytest.raises(ResponseTooLarge):
        read(gzip.compress(b"x") * (most + 1), limit=limit, step=limit)
    assert read(gzip.compress(b"x") * (most // 2), limit=limit, step=limit) == b"x" * (most // 2)


def test_pieces_cost_what_it_takes_to_read_them() -> None:
    limit = 100_000
    most = (limit + RAW_SLACK) // LEAST_PIECE
    with pytest.raises(ResponseTooLarge):
        read(b"x" * (most + 1), "", limit=limit, step=1)
    assert read(b"x" * most, "", limit=limit, step=1) == b"x" * most


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "compress", "x"])
def test_other_codings_were_not_asked_for(coding: str) -> None:
    with pytest.raises(EgressResponseError):
        BoundedBody(200, coding, 1_000)


@pytest.mark.parametrize(
    "data",
    [
        b"not gzip",
        gzip.compress(b"x" * 1_000, mtime=0)[:-4],
        gzip.compress(b"x", mtime=0)[:-8] + b"\0" * 8,
        gzip.compress(b"x", mtime=0) + b"trailer",
        zlib.compress(b"x"),
    ],
)
def test_broken_gzip(data: bytes) -> None:
    with pytest.raises(EgressResponseError):
        read(data)
