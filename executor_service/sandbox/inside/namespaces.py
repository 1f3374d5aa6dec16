"""Namespaces of its own for the fork server, and an empty root; each run gets more of its own.

An unprivileged user namespace comes first: it is what lets a process that is nobody make the
others. Root becomes nobody before that, so that no id in here is root's outside.
"""

import os
from typing import Final

from executor_service.sandbox.inside import kernel

# Nobody, by the kernel's own convention for ids that mean nothing.
NOBODY: Final = 65_534

SERVER: Final = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)
RUN: Final = (
    kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)


def become_nobody() -> None:
    """Lets go of root's ids where this process has them."""
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def enter() -> None:
    """Moves this process into namespaces of its own, with nothing in them.

    Raises OSError when the kernel, or the container, does not let it; nothing is half done that
    would matter: the process is as well confined as before.
    """
    uid, gid = os.getuid(), os.getgid()
    # A process that has changed its ids may not write its own maps otherwise.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    kernel.unshare(SERVER)
    _write("/proc/self/setgroups", b"deny")
    _write("/proc/self/uid_map", b"%d %d 1" % (NOBODY, uid))
    _write("/proc/self/gid_map", b"%d %d 1" % (NOBODY, gid))
    _empty_root()
    _try_run()


def _write(path: str, text: bytes) -> None:
    """In one piece, and without what Python would have to load for it: there may be no way to."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text)
    finally:
        os.close(fd)


def _empty_root() -> None:
    place = "/tmp"  # noqa: S108 - only the place where the new root is mounted, for a moment
    options = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("none", place, "tmpfs", options, "size=4k,nr_inodes=2,mode=555")
    os.chdir(place)
    kernel.pivot_root()
    kernel.mount(None, "/", None, options | kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)


def _try_run() -> None:
    """Finds out now, not at the first run, whether the namespaces of a run can be had."""
    pid = kernel.fork(RUN)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
