"""A program, not a module: `python walls.py <path>...`; tries what a run's process must not do.

Each attempt is made twice, in a child of its own: behind the namespaces and Landlock alone, and
behind everything. Prints what came of both as JSON: the attempt's answer or its error, and the
signal that the process died of or its exit status.
"""

import ctypes
import errno
import json
import mmap
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:] = sys.argv[1:]

from executor_service.sandbox.inside import kernel  # noqa: E402
from executor_service.sandbox.inside.confinement import Confinement  # noqa: E402

MIB = 1024 * 1024
_MMAP, _MREMAP = {"x86_64": (9, 25), "aarch64": (222, 216)}[kernel.machine()]


def _connect(address: tuple[str, int]) -> str:
    with socket.socket() as client:
        client.connect(address)
    return "connected"


def _abstract() -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0treadle-walls")
    return "connected"


def _open_fds() -> list[int]:
    """Found by reading and writing nothing, as a run may not ask."""
    return [fd for fd in range(1024) if _takes(os.read, fd, 0) or _takes(os.write, fd, b"")]


def _takes(use: Callable[[int, Any], object], fd: int, nothing: object) -> bool:
    try:
        use(fd, nothing)
    except OSError as error:
        return error.errno != errno.EBADF
    return True


def _executable_memory() -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    return "mapped"


def _by_number(number: int) -> Callable[[], int]:
    """A call that asks for nothing sensible: a kernel that listens answers with an error."""
    return lambda: kernel.call(number, *[ctypes.c_long(-1)] * 6)


def _memory_far_away() -> int:
    return kernel.call(_MMAP, *map(ctypes.c_long, (1 << 40, 4096, 3, 0x22, -1, 0)))


def _memory_moved_far_away() -> int:
    place = ctypes.addressof(ctypes.create_string_buffer(8192))
    arguments = (place - place % 4096, 4096, 4096, 3, 1 << 40)
    return kernel.call(_MREMAP, *map(ctypes.c_long, arguments))


# By which code escapes where filters have forgotten them; these have one number everywhere.
NEW_CALLS = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "fsopen": 430,
    "pidfd_open": 434,
    "clone3": 435,
    "openat2": 437,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "memfd_secret": 447,
    "futex_wake": 454,
}
OLD_CALLS = {
    "x86_64": {
        "ioctl": 16,
        "shmget": 29,
        "socket": 41,
        "sendmsg": 46,
        "recvmsg": 47,
        "clone": 56,
        "ptrace": 101,
        "personality": 135,
        "prctl": 157,
        "keyctl": 250,
        "unshare": 272,
        "perf_event_open": 298,
        "setns": 308,
        "process_vm_readv": 310,
        "seccomp": 317,
        "memfd_create": 319,
        "bpf": 321,
        "userfaultfd": 323,
        "pkey_mprotect": 329,
    },
    "aarch64": {
        "ioctl": 29,
        "personality": 92,
        "unshare": 97,
        "ptrace": 117,
        "prctl": 167,
        "shmget": 194,
        "socket": 198,
        "sendmsg": 211,
        "recvmsg": 212,
        "keyctl": 219,
        "clone": 220,
        "perf_event_open": 241,
        "setns": 268,
        "process_vm_readv": 270,
        "seccomp": 277,
        "memfd_create": 279,
        "bpf": 280,
        "userfaultfd": 282,
        "pkey_mprotect": 288,
    },
}


def _old_interface() -> Callable[[], int]:
    """Asks for the process's id by i386's interrupt, which code for x86_64 can raise too."""
    # mov eax, 20; int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))
    ask = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    return lambda: ask() if code else 0


OTHER_INTERFACES: dict[str, Callable[[], int]] = (
    # getpid, of x32 and of i386.
    {"x32": _by_number(0x4000_0000 + 39), "i386": _old_interface()}
    if kernel.machine() == "x86_64"
    else {}
)


ATTEMPTS: dict[str, Callable[[], Any]] = {
    "read a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "read the environment": lambda: os.open("/proc/self/environ", os.O_RDONLY),
    "list the root": lambda: [str(each) for each in Path("/").iterdir()],
    "make a file": lambda: os.open("/x", os.O_CREAT | os.O_WRONLY),
    "run a program": lambda: os.execv("/bin/sh", ["sh", "-c", "true"]),
    "connect": lambda: _connect(("127.0.0.1", 80)),
    "connect to an abstract socket": _abstract,
    "kill the parent": lambda: os.kill(os.getppid() or 99_999, signal.SIGTERM),
    "fork": lambda: os.fork() or os._exit(0),
    "executable memory": _executable_memory,
    "memory far away": _memory_far_away,
    "memory moved far away": _memory_moved_far_away,
    "mount": lambda: kernel.mount("none", "/", "tmpfs", 0),
    "who am I": os.getuid,
    "whose child am I": os.getppid,
    "what is my environment": lambda: dict(os.environ),
    "what is open": _open_fds,
}
# Nothing but the filter is asked about these.
CALLS: dict[str, Callable[[], Any]] = {
    **{name: _by_number(number) for name, number in NEW_CALLS.items()},
    **{name: _by_number(number) for name, number in OLD_CALLS[kernel.machine()].items()},
    **OTHER_INTERFACES,
}
# Memory alone is allowed, and bounded.
MEMORY: dict[str, Callable[[], Any]] = {
    "memory within the limit": lambda: len(bytearray(40 * MIB)),
    "memory over the limit": lambda: len(bytearray(90 * MIB)),
}


def _in_child(confinement: Confinement, attempt: Callable[[], Any], *, confined: bool) -> Any:
    reading, writing = os.pipe()
    pid = confinement.fork()
    if pid == 0:
        status = 1
        try:
            if confined:
                confinement.confine(writing, 64 * MIB, 5)
                writing = 0
            try:
                said = attempt()
            except OSError as error:
                said = f"errno {error.errno}"
            except MemoryError:
                said = "MemoryError"
            os.write(writing, json.dumps(said).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    said = os.read(reading, 65_536)
    os.close(reading)
    return json.loads(said) if said else os.waitstatus_to_exitcode(status)


def main() -> None:
    """Tries everything."""
    confinement = Confinement()
    told = {
        "isolation": confinement.isolation,
        "landlock": confinement.landlock,
        "calls": {
            name: _in_child(confinement, attempt, confined=True) for name, attempt in CALLS.items()
        },
        "behind namespaces": {
            name: _in_child(confinement, attempt, confined=False)
            for name, attempt in ATTEMPTS.items()
        },
        "behind everything": {
            name: _in_child(confinement, attempt, confined=True)
            for name, attempt in {**ATTEMPTS, **MEMORY}.items()
        },
    }
    print(json.dumps(told))


main()
