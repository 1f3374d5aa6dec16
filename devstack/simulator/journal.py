"""Keeps the inbox on disk, so that it is still there after a restart of the stack.

One JSON line per message. Each line goes to the operating system at once, which survives the death
of the process; nobody needs a development inbox to survive the machine's.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path


class Journal:
    """An append-only file of lines, rewritten when it has grown too large."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    def lines(self) -> Iterator[bytes]:
        """All whole lines; one that a crash cut short is left out."""
        with self._path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]

    def append(self, line: bytes) -> None:
        """Add a line."""
        self._size += self._file.write(line + b"\n") or 0

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Replace all lines, in one step as seen from outside."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.writelines(line + b"\n" for line in lines)
        self._file.close()
        fresh.replace(self._path)
        self._file = self._path.open("ab", buffering=0)
        self._size = self._path.stat().st_size

    def close(self) -> None:
        """Close the file."""
        self._file.close()
