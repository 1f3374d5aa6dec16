"""Runs `treadle` as a person does: in the foreground of its own process, seen from outside."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.datadir import process_alive


class Foreground:
    """One `treadle` command under way. A context manager; leaving it ends the command."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devstack", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return "".join(self._lines)

    def wait_for(self, text: str, bound: float = 60) -> None:
        """Wait until it has printed a text."""
        ended = eventually(lambda: text in self.output or self.process.poll() is not None, bound)
        if text not in self.output:
            state = "ended" if ended else "did not get there in time"
            raise AssertionError(f"treadle {state}; its output:\n{self.output}")

    def children(self) -> list[int]:
        """The ids of the processes it has started and that live."""
        return [
            pid
            for pid in (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
            if _parent(pid) == self.process.pid and process_alive(pid)
        ]

    def interrupt(self, bound: float = 60) -> int:
        """Send what Ctrl-C sends and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(bound)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"treadle did not end; its output:\n{self.output}") from None
        self._reader.join()
        return code

    def _read(self) -> None:
        if self.process.stdout is not None:
            self._lines.extend(iter(self.process.stdout.readline, ""))


def eventually(condition: Callable[[], bool], bound: float = 60) -> bool:
    """Wait until a condition holds; tell whether it came to hold in time (seconds)."""
    deadline = time.monotonic() + bound
    while not condition():
        if time.monotonic() >= deadline:
            return condition()
        time.sleep(0.02)
    return True


def all_gone(pids: Sequence[int]) -> bool:
    """Tell whether none of the processes lives."""
    return not any(process_alive(pid) for pid in pids)


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(")")[2].split()[1])
