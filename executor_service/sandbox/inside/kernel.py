"""The system calls that Python has no function for, by ctypes; failures are OSErrors.

Every function keeps the interpreter's lock: the processes here have one thread.
"""

import ctypes
import os
import platform
import signal
from typing import Final

# linux/sched.h
CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWUTS: Final = 0x0400_0000
CLONE_NEWIPC: Final = 0x0800_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWPID: Final = 0x2000_0000
CLONE_NEWNET: Final = 0x4000_0000

# linux/mount.h
MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16_384
MS_PRIVATE: Final = 1 << 18
_MNT_DETACH: Final = 2

# linux/prctl.h
PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38

_CAPABILITY_VERSION_3: Final = 0x2008_0522

_libc = ctypes.PyDLL(None, use_errno=True)


def machine() -> str:
    """The kernel's architecture, as in `uname -m`."""
    return platform.machine()


# Numbers that are the same wherever they are missing here.
_NUMBERS: Final = {
    "x86_64": {"clone": 56, "pivot_root": 155, "capset": 126},
    "aarch64": {"clone": 220, "pivot_root": 41, "capset": 91},
}
_MACHINE: Final = machine()


def call(number: int, *arguments: object) -> int:
    """A system call by its number; raises OSError."""
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    return _checked(result)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def check_supported() -> None:
    """Raises OSError unless this is a kernel and a machine that is known here."""
    if platform.system() != "Linux" or _MACHINE not in _NUMBERS:
        raise OSError("scripts run on Linux only, on x86_64 and aarch64")


def prctl(option: int, first: int, second: object = None) -> None:
    """See prctl(2)."""
    zero = ctypes.c_ulong(0)
    then = zero if second is None else second
    _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(first), then, zero, zero))


def unshare(flags: int) -> None:
    """See unshare(2)."""
    _checked(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """See mount(2)."""
    _checked(
        _libc.mount(
            None if source is None else source.encode(),
            target.encode(),
            None if kind is None else kind.encode(),
            ctypes.c_ulong(flags),
            data.encode(),
        )
    )


def pivot_root() -> None:
    """Makes the working directory the root and lets go of the old one; see pivot_root(2)."""
    call(_NUMBERS[_MACHINE]["pivot_root"], b".", b".")
    _checked(_libc.umount2(b".", ctypes.c_int(_MNT_DETACH)))
    os.chdir("/")


def fork(flags: int) -> int:
    """`os.fork` into new namespaces: 0 in the child, the child's pid in the parent."""
    nothing = ctypes.c_void_p(None)
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = -1
    try:
        number = _NUMBERS[_MACHINE]["clone"]
        pid = call(
            number,
            ctypes.c_ulong(flags | signal.SIGCHLD),
            nothing,
            nothing,
            nothing,
            nothing,
        )
    finally:
        if pid == 0:
            ctypes.pythonapi.PyOS_AfterFork_Child()
        else:
            ctypes.pythonapi.PyOS_AfterFork_Parent()
    return pid


def drop_capabilities() -> None:
    """Gives up every capability; see capset(2)."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    call(_NUMBERS[_MACHINE]["capset"], ctypes.byref(header), ctypes.byref(none))
