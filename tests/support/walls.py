"""A program, not a module: `python walls.py <path>...`; tries what a run's process must not do.

Each attempt is made twice, in a child of its own: behind the namespaces and Landlock alone, and
behind everything. Prints what came of both as JSON: the attempt's answer or its error, and the
signal that the process died of or its exit status.
"""

import ctypes
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


def _connect(address: tuple[str, int]) -> str:
    with socket.socket() as client:
        client.connect(address)
    return "connected"


def _abstract() -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0treadle-walls")
    return "connected"


def _open_fds() -> list[int]:
    found: list[int] = []
    for fd in range(256):
        try:
            os.fstat(fd)
        except OSError:
            continue
        found.append(fd)
    return found


def _executable_memory() -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    return "mapped"


def _ptrace() -> int:
    return kernel.call(101, ctypes.c_long(0))


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
    "mount": lambda: kernel.mount("none", "/", "tmpfs", 0),
    "trace": _ptrace,
    "who am I": os.getuid,
    "whose child am I": os.getppid,
    "what is my environment": lambda: dict(os.environ),
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
        "open": _in_child(confinement, _open_fds, confined=False),
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
