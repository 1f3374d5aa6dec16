"""Reads a response's body in bounded memory: the limit counts decompressed bytes as they come."""

import zlib

from common.egress.errors import EgressResponseError, ResponseTooLarge

# What may come in over the limit as framing of compressed data, so that empty gzip members cannot
# be streamed forever.
RAW_SLACK = 64 * 1024
# What one piece counts for at the least, and each gzip member after the first on top: an answer of
# a million one-byte chunks would be small, and keep everybody else waiting while it is read.
LEAST_PIECE = 64
MEMBER_WEIGHT = 1024

_GZIP_WBITS = zlib.MAX_WBITS | 16


class _Gunzip:
    """A series of gzip members, one after another (RFC 1952 section 2.2)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WBITS)

    @property
    def complete(self) -> bool:
        """Whether the last member has ended."""
        return self._member.eof

    def step(self, data: bytes, max_length: int) -> tuple[bytes, bytes]:
        """Decompress up to `max_length` bytes; returns them, and the data not looked at yet."""
        if self._member.eof:
            self._member = zlib.decompressobj(_GZIP_WBITS)
        inflated = self._member.decompress(data, max_length)
        return inflated, self._member.unconsumed_tail or self._member.unused_data


class BoundedBody:
    """Collects the body of one response."""

    def __init__(self, status: int, content_encoding: str, max_bytes: int) -> None:
        self._status = status
        self._max_bytes = max_bytes
        self._body = bytearray()
        self._weight = 0
        coding = content_encoding.strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise EgressResponseError("the response has a content encoding that was not asked for")
        self._gzip = _Gunzip() if coding.endswith("gzip") else None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes off the wire.

        Raises ResponseTooLarge, or EgressResponseError when they cannot be decompressed.
        """
        self._weigh(max(len(chunk), LEAST_PIECE))
        if self._gzip is None:
            self._append(chunk)
            return
        data = chunk
        while data:
            if self._gzip.complete:
                self._weigh(MEMBER_WEIGHT)
            room = self._max_bytes - len(self._body) + 1
            try:
                inflated, data = self._gzip.step(data, room)
            except zlib.error as error:
                raise EgressResponseError("the response's body is not valid gzip") from error
            self._append(inflated)

    def finish(self) -> bytes:
        """The whole body. Raises EgressResponseError when compressed data broke off."""
        if self._gzip is not None and self._weight and not self._gzip.complete:
            raise EgressResponseError("the response's compressed body is cut short")
        return bytes(self._body)

    def _weigh(self, weight: int) -> None:
        self._weight += weight
        if self._weight > self._max_bytes + RAW_SLACK:
            raise ResponseTooLarge(self._status, self._max_bytes)

    def _append(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._max_bytes:
            raise ResponseTooLarge(self._status, self._max_bytes)
