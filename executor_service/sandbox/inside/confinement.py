"""What the fork server, and then each run, gives up; and what is left of it where that fails."""

import os
import resource
from typing import Final

from executor_service.sandbox.inside import kernel, landlock, namespaces
from executor_service.sandbox.inside.seccomp import Filter
from executor_service.sandbox.isolation import Isolation

# The heap of the engine is a little smaller than what the process may take: what is around it,
# results on their way out above all, comes on top.
AROUND_HEAP_BYTES: Final = 8 * 1024 * 1024


class Confinement:
    """Of one fork server. Raises OSError when not even the weaker isolation can be had."""

    def __init__(self) -> None:
        self._filter = Filter()
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        self._page = os.sysconf("SC_PAGE_SIZE")
        namespaces.become_nobody()
        self.problem = ""
        try:
            namespaces.enter()
        except OSError as error:
            self.isolation = Isolation.SECCOMP
            self.problem = f"{error.strerror} (errno {error.errno})"
        else:
            self.isolation = Isolation.NAMESPACES
        self.landlock = landlock.restrict()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        self._flags = namespaces.RUN if self.isolation is Isolation.NAMESPACES else 0
        self._try_filter()

    def memory(self) -> tuple[int, int]:
        """Of this process: its address space, and what of it is in memory, in bytes."""
        size, resident, *_ = os.pread(self._statm, 200, 0).split()
        return int(size) * self._page, int(resident) * self._page

    def fork(self) -> int:
        """A child in namespaces of its own: 0 in the child, its pid here."""
        return kernel.fork(self._flags)

    def confine(self, fd: int, memory_bytes: int, seconds: int) -> None:
        """In a run's process: from here on it can compute, and use `fd`, which becomes 0."""
        kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
        space = self.memory()[0] + memory_bytes
        os.dup2(fd, 0)
        os.closerange(1, os.sysconf("SC_OPEN_MAX"))
        for kind, limit in (
            (resource.RLIMIT_AS, space),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_MEMLOCK, 0),
            (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_NOFILE, 0),
            (resource.RLIMIT_NPROC, 0),
        ):
            resource.setrlimit(kind, (limit, limit))
        kernel.drop_capabilities()
        self._filter.put_on()

    def _try_filter(self) -> None:
        """Finds out now whether the kernel takes the filter, in a child that ends at once."""
        pid = self.fork()
        if pid == 0:
            try:
                kernel.drop_capabilities()
                self._filter.put_on()
            finally:
                os._exit(0 if _filtered() else 1)
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            raise OSError("the kernel has no seccomp filters")


def _filtered() -> bool:
    """Whether a call that the filter refuses is refused."""
    try:
        kernel.call(_GETPID[kernel.machine()])
    except OSError:
        return True
    return False


_GETPID: Final = {"x86_64": 39, "aarch64": 172}
