"""The fork server: takes requests for runs, forks, kills at the deadline, tells how each ended.

It has one thread and one loop, and holds nothing of any run but its number, its process and its
deadline: scripts go from the executor to the child, past the server.
"""

import gc
import json
import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Final

from executor_service.sandbox.inside.confinement import AROUND_HEAP_BYTES, Confinement
from executor_service.sandbox.inside.engine import EngineFactory
from executor_service.sandbox.inside.frames import Channel
from executor_service.sandbox.inside.script import Prelude, ScriptRun

MAX_MESSAGE_BYTES: Final = 4096

_MIB: Final = 1024 * 1024


@dataclass(slots=True)
class _Run:
    """A child: its number, how it is held, when it is killed, and what its start weighed."""

    number: int
    pid: int
    pidfd: int
    deadline: float
    base_bytes: int
    late: bool = False


class ForkServer:
    """Serves until the executor closes its end."""

    def __init__(
        self,
        control: socket.socket,
        confinement: Confinement,
        make: EngineFactory,
        prelude: Prelude,
    ) -> None:
        self._control = control
        self._confinement = confinement
        self._make = make
        self._prelude = prelude
        # By the file descriptors of their processes.
        self._runs: dict[int, _Run] = {}
        self._poll = select.poll()

    def serve(self) -> None:
        """The loop."""
        # What is here now is shared with every child; a collection would copy its pages.
        gc.collect()
        gc.freeze()
        gc.disable()
        self._poll.register(self._control, select.POLLIN)
        while True:
            for fd, _ in self._poll.poll(self._patience_ms()):
                if fd in self._runs:
                    self._reap(self._runs.pop(fd))
                elif not self._take():
                    self._kill_all()
                    return
            self._kill_late()

    def _patience_ms(self) -> int | None:
        waiting = [run.deadline for run in self._runs.values() if not run.late]
        if not waiting:
            return None
        return max(0, int((min(waiting) - time.monotonic()) * 1000) + 1)

    def _take(self) -> bool:
        """A message of the executor's; False when it is gone."""
        data, fds, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, 1)
        if not data:
            return False
        message = json.loads(data)
        if fds:
            self._start(fds[0], message)
        else:
            self._kill(message["kill"])
        return True

    def _start(self, fd: int, message: dict[str, int]) -> None:
        started = time.monotonic()
        timeout_s = message["timeout_ms"] / 1000
        memory_bytes = message["memory_mb"] * _MIB
        base = self._confinement.memory()[1]
        pid = self._confinement.fork()
        if pid == 0:
            self._be_child(fd, memory_bytes, int(timeout_s) + 2)
        os.close(fd)
        pidfd = os.pidfd_open(pid)
        self._runs[pidfd] = _Run(message["run"], pid, pidfd, started + timeout_s, base)
        self._poll.register(pidfd, select.POLLIN)

    def _be_child(self, fd: int, memory_bytes: int, seconds: int) -> None:
        """Never returns: whatever happens, a child is no second server."""
        status = 1
        try:
            self._confinement.confine(fd, memory_bytes, seconds)
            run = ScriptRun(Channel(0), self._make, self._prelude)
            run.run(memory_bytes - AROUND_HEAP_BYTES)
            status = 0
        finally:
            os._exit(status)

    def _reap(self, run: _Run) -> None:
        self._poll.unregister(run.pidfd)
        os.close(run.pidfd)
        _, status, usage = os.wait4(run.pid, 0)
        told = {
            "run": run.number,
            "status": os.waitstatus_to_exitcode(status),
            "late": run.late,
            "base_kb": run.base_bytes // 1024,
            "peak_kb": usage.ru_maxrss,
            "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000),
        }
        self._control.send(json.dumps(told).encode())

    def _kill(self, number: int) -> None:
        for run in self._runs.values():
            if run.number == number:
                signal.pidfd_send_signal(run.pidfd, signal.SIGKILL)

    def _kill_late(self) -> None:
        now = time.monotonic()
        for run in self._runs.values():
            if not run.late and run.deadline <= now:
                run.late = True
                signal.pidfd_send_signal(run.pidfd, signal.SIGKILL)

    def _kill_all(self) -> None:
        for run in self._runs.values():
            signal.pidfd_send_signal(run.pidfd, signal.SIGKILL)
