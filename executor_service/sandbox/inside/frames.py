"""Frames between an executor and the process of one run: length, kind, payload.

A frame is four bytes of length (big endian, of what follows), one byte of kind and the payload,
which is JSON in UTF-8. Both sides refuse a length over their limit before they read on.
"""

import os
from enum import IntEnum
from typing import Final

HEADER_BYTES: Final = 4

_CHUNK: Final = 64 * 1024
# Where there may be no memory left.
_PIECE: Final = 1024


class Kind(IntEnum):
    """What a frame says; in this order in the life of a run."""

    # To the child: the script and its data.
    JOB = 1
    # From the child: a line of the console, a call of `fetch`.
    CONSOLE = 2
    FETCH = 3
    # To the child: what came of a call.
    ANSWER = 4
    # From the child, each the last one: what the script returned, or how it failed.
    RETURNED = 5
    FAILED = 6


class FrameError(Exception):
    """The other side does not keep to the protocol, or is gone."""


def encode(kind: Kind, payload: bytes) -> bytes:
    """The frame's bytes."""
    return (len(payload) + 1).to_bytes(HEADER_BYTES, "big") + bytes((kind,)) + payload


class Channel:
    """The child's end of its socket; blocking."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def send(self, kind: Kind, payload: bytes) -> None:
        """Writes the frame. Raises OSError when nobody reads it any more."""
        rest = memoryview(encode(kind, payload))
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def receive(self) -> tuple[Kind, bytes]:
        """The next frame; raises FrameError when there is none."""
        length = int.from_bytes(self._exactly(HEADER_BYTES), "big")
        frame = self._exactly(length)
        return Kind(frame[0]), frame[1:]

    def await_end(self) -> None:
        """Returns when the other side has closed; what it still says is not wanted.

        Whoever goes with something unread resets the line, and takes their own last words with it.
        """
        while os.read(self._fd, _PIECE):
            pass

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = os.read(self._fd, min(size, _CHUNK))
            if not part:
                raise FrameError("the executor is gone")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
