"""Child processes that end with this one, and that are ended by nobody else's mistake.

Every child leads a session of its own, so that a Ctrl-C in the terminal reaches only the parent,
which then stops things in order. Signals go only to processes that have not been reaped yet, whose
ids the kernel cannot have given to somebody else.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from devstack.unprivileged import Account

_GUARD = Path(__file__).with_name("guard.py")
_POLL = 0.01


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one program."""

    command: Sequence[str]
    log: Path
    """Receives standard output and standard error, after what it holds already."""
    env: Mapping[str, str] | None = None
    """The whole environment; this process's own when None."""
    cwd: Path | None = None
    account: Account | None = None
    """Whom to run as; this process's own user when None."""
    appear_as: int | None = None
    """The user id that the program is to see as its own."""
    on_parent_death: signal.Signals = signal.SIGKILL
    inherit_fds: tuple[int, ...] = ()
    niceness: int = 0
    """How much it yields to others when processors are short: 0 to 19."""


class Child:
    """One running program."""

    def __init__(self, launch: Launch) -> None:
        if threading.current_thread() is not threading.main_thread():
            # The kernel ties a child to the thread that made it, not to the process: prctl(2).
            raise RuntimeError("children must be started from the main thread")
        account = launch.account
        guard = [
            *(sys.executable, "-I", "-S", str(_GUARD)),
            *(str(int(launch.on_parent_death)), str(os.getpid())),
            *((str(account.uid), str(account.gid)) if account else ("-", "-")),
            "-" if launch.appear_as is None else str(launch.appear_as),
        ]
        with launch.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*guard, *launch.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=launch.env,
                cwd=launch.cwd,
                start_new_session=True,
                pass_fds=launch.inherit_fds,
            )

        if launch.niceness:
            os.setpriority(os.PRIO_PROCESS, self._process.pid, launch.niceness)

    @property
    def pid(self) -> int:
        """The program's process id, also its process group's."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code (negative: the signal that ended it), None while it runs."""
        if self._process.returncode is None and not self.alive():
            return self._reap()
        return self._process.returncode

    def alive(self) -> bool:
        """Tell whether it still runs, without reaping it."""
        if self._process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self, bound: timedelta) -> bool:
        """Wait for its end, at most for `bound`; tell whether it ended."""
        deadline = time.monotonic() + bound.total_seconds()
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone; nothing happens when it has ended."""
        if self.alive():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, as `kill -9` does, with everything in its process group."""
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._reap()

    def stop(self, number: signal.Signals, bound: timedelta) -> bool:
        """Ask it to end and give it `bound`; tell whether it did so by itself."""
        self.send(number)
        return self.finish(bound)

    def finish(self, bound: timedelta) -> bool:
        """Give it `bound` to end, then kill it; tell whether it ended by itself."""
        clean = self.wait(bound)
        self.kill()
        return clean

    def _reap(self) -> int:
        # What its group still holds must go before the id is free for reuse.
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log file, for messages about what went wrong."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
