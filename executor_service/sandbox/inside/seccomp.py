"""The system calls that a run may make: those that an interpreter cannot do without.

A filter of classic BPF, put together here (seccomp(2)); whatever is not named kills the process.
Memory is never executable: the engines interpret. It is the process's own, and lies where the
kernel puts it: pages far apart take more for their tables, which no limit counts, than they hold.
"""

import ctypes
import errno
from typing import Final, NamedTuple

from executor_service.sandbox.inside import kernel

# linux/seccomp.h
_MODE_FILTER: Final = 2
_KILL_PROCESS: Final = 0x8000_0000
_ERRNO: Final = 0x0005_0000
_ALLOW: Final = 0x7FFF_0000

# linux/bpf_common.h: load, mask, jump when equal, when at least, when bits are set, return
_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_AND: Final = 0x54
_ANY_OF: Final = 0x45
_RETURN: Final = 0x06

# struct seccomp_data: the number, the architecture, both halves of the first argument and the low
# ones of the others.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST_ARGUMENT: Final = (16, 20)
_SECOND_ARGUMENT: Final = 24
_THIRD_ARGUMENT: Final = 32
_FOURTH_ARGUMENT: Final = 40

_EVERY_BIT: Final = 0xFFFF_FFFF
# linux/mman.h, the same on both architectures: private, anonymous, not reserved, a stack; may move.
_PROT_EXEC: Final = 4
_MAP_FLAGS: Final = 0x02 | 0x20 | 0x4000 | 0x2_0000
_MREMAP_FLAGS: Final = 1
# linux/futex.h: wait and wake, each also by bits; whether private, and by which clock, is the same.
_FUTEX_OPERATIONS: Final = (0, 1, 9, 10)
_FUTEX_FLAGS: Final = 128 | 256
# Calls of the x32 interface, which share the architecture of x86_64.
_X32: Final = 0x4000_0000


class Calls(NamedTuple):
    """An architecture: its name in linux/audit.h and its numbers of the calls."""

    architecture: int
    allowed: dict[str, int]
    # Allowed for memory that is not executable, nobody else's, and where the kernel wants it.
    mmap: int
    mprotect: int
    mremap: int
    # Allowed to wait and to wake: what a lock needs. The kernel's code for the rest has had holes.
    futex: int
    # Answered with an error: abort(3) tries them, and goes on to end the process by itself.
    refused: dict[str, int]


X86_64: Final = Calls(
    architecture=0xC000_003E,
    allowed={
        "read": 0,
        "write": 1,
        "munmap": 11,
        "brk": 12,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "sched_yield": 24,
        "madvise": 28,
        "exit": 60,
        "gettimeofday": 96,
        "time": 201,
        "clock_gettime": 228,
        "exit_group": 231,
        "getrandom": 318,
    },
    mmap=9,
    mprotect=10,
    mremap=25,
    futex=202,
    refused={"rt_sigaction": 13, "getpid": 39, "gettid": 186, "tgkill": 234},
)
AARCH64: Final = Calls(
    architecture=0xC000_00B7,
    allowed={
        "read": 63,
        "write": 64,
        "exit": 93,
        "exit_group": 94,
        "clock_gettime": 113,
        "sched_yield": 124,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "gettimeofday": 169,
        "brk": 214,
        "munmap": 215,
        "madvise": 233,
        "getrandom": 278,
    },
    mmap=222,
    mprotect=226,
    mremap=216,
    futex=98,
    refused={"rt_sigaction": 134, "getpid": 172, "gettid": 178, "tgkill": 131},
)
_BY_MACHINE: Final = {"x86_64": X86_64, "aarch64": AARCH64}


class Instruction(NamedTuple):
    """One of struct sock_filter: the jumps count from the next instruction."""

    code: int
    if_true: int
    if_false: int
    operand: int


def assemble(calls: Calls) -> list[Instruction]:
    """The filter for an architecture."""
    program = [
        Instruction(_LOAD, 0, 0, _ARCHITECTURE),
        Instruction(_EQUAL, 1, 0, calls.architecture),
        Instruction(_RETURN, 0, 0, _KILL_PROCESS),
        Instruction(_LOAD, 0, 0, _NUMBER),
        Instruction(_AT_LEAST, 0, 1, _X32),
        Instruction(_RETURN, 0, 0, _KILL_PROCESS),
    ]
    for number in calls.allowed.values():
        program += _when(number, _ALLOW)
    for number in calls.refused.values():
        program += _when(number, _ERRNO | errno.EPERM)
    not_executable = (_THIRD_ARGUMENT, _PROT_EXEC)
    anywhere = [(half, _EVERY_BIT) for half in _FIRST_ARGUMENT]
    flags = (_FOURTH_ARGUMENT, ~_MAP_FLAGS & _EVERY_BIT)
    program += _without(calls.mmap, not_executable, flags, *anywhere)
    program += _without(calls.mprotect, not_executable)
    program += _without(calls.mremap, (_FOURTH_ARGUMENT, ~_MREMAP_FLAGS & _EVERY_BIT))
    return [*program, *_locking(calls.futex), Instruction(_RETURN, 0, 0, _KILL_PROCESS)]


def _without(number: int, *forbidden: tuple[int, int]) -> list[Instruction]:
    """Allows a call in which none of these bits is set, each given with where they are."""
    checks: list[Instruction] = []
    for argument, bits in forbidden:
        checks += [
            Instruction(_LOAD, 0, 0, argument),
            Instruction(_ANY_OF, 0, 1, bits),
            Instruction(_RETURN, 0, 0, _KILL_PROCESS),
        ]
    checks.append(Instruction(_RETURN, 0, 0, _ALLOW))
    return [Instruction(_EQUAL, 0, len(checks), number), *checks]


def _locking(number: int) -> list[Instruction]:
    """Verdicts for operations; any other one falls through to the end of the program."""
    operations = [
        Instruction(_LOAD, 0, 0, _SECOND_ARGUMENT),
        Instruction(_AND, 0, 0, ~_FUTEX_FLAGS & _EVERY_BIT),
    ]
    for operation in _FUTEX_OPERATIONS:
        operations += _when(operation, _ALLOW)
    return [Instruction(_EQUAL, 0, len(operations), number), *operations]


def _when(number: int, verdict: int) -> list[Instruction]:
    return [Instruction(_EQUAL, 0, 1, number), Instruction(_RETURN, 0, 0, verdict)]


class _SockFilter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_uint16), ("filter", ctypes.POINTER(_SockFilter)))


class Filter:
    """The filter of this machine, ready to be put on; made before the fork, for it costs time."""

    def __init__(self) -> None:
        program = assemble(_BY_MACHINE[kernel.machine()])
        self._instructions = (_SockFilter * len(program))(*program)
        self._program = _SockFprog(len(program), self._instructions)

    def put_on(self) -> None:
        """From here on, for good. Raises OSError when the kernel has no such filters."""
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.prctl(kernel.PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(self._program))
