"""The filter's program, run by a small interpreter of what it is made of."""

import pytest

from executor_service.sandbox.inside.seccomp import AARCH64, X86_64, Calls, assemble

ALLOW = 0x7FFF_0000
KILL = 0x8000_0000
EPERM = 0x0005_0001
EXEC = 4

BOTH = pytest.mark.parametrize("calls", [X86_64, AARCH64], ids=["x86_64", "aarch64"])


def verdict(calls: Calls, number: int, *arguments: int, architecture: int = 0) -> int:
    """What the kernel would answer to a call."""
    data = {0: number, 4: architecture or calls.architecture}
    for place, value in enumerate((*arguments, *[0] * (6 - len(arguments)))):
        data[16 + 8 * place] = value & 0xFFFF_FFFF
        data[20 + 8 * place] = value >> 32
    program = assemble(calls)
    accumulator = 0
    at = 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        match code:
            case 0x20:
                accumulator = data[operand]
            case 0x06:
                return operand
            case 0x54:
                accumulator &= operand
            case 0x15:
                at += if_true if accumulator == operand else if_false
            case 0x35:
                at += if_true if accumulator >= operand else if_false
            case 0x45:
                at += if_true if accumulator & operand else if_false
            case _:
                raise AssertionError(code)


@BOTH
def test_only_what_is_named_is_allowed(calls: Calls) -> None:
    named = {*calls.allowed.values(), *_with_conditions(calls)}
    for number in range(600):
        expected = ALLOW if number in named else KILL
        if number in calls.refused.values():
            expected = EPERM
        assert verdict(calls, number) == expected, number


@BOTH
def test_memory_is_never_executable(calls: Calls) -> None:
    for number in (calls.mmap, calls.mprotect):
        assert verdict(calls, number, 0, 4096, EXEC) == KILL
        assert verdict(calls, number, 0, 4096, EXEC | 1) == KILL
        assert verdict(calls, number, 0, 4096, 3) == ALLOW


@BOTH
def test_memory_lies_where_the_kernel_puts_it_and_is_nobody_else_s(calls: Calls) -> None:
    private = 0x22
    assert verdict(calls, calls.mmap, 0, 4096, 3, private) == ALLOW
    assert verdict(calls, calls.mmap, 0, 4096, 3, private | 0x4000 | 0x2_0000) == ALLOW
    for place in (4096, 1 << 31, 1 << 32, 1 << 40):
        assert verdict(calls, calls.mmap, place, 4096, 3, private) == KILL
    shared, fixed, populated, large = 0x21, 0x32, 0x8022, 0x4_0022
    for flags in (shared, fixed, populated, large):
        assert verdict(calls, calls.mmap, 0, 4096, 3, flags) == KILL
    may_move, to_a_place = 1, 3
    assert verdict(calls, calls.mremap, 4096, 4096, 8192, may_move) == ALLOW
    assert verdict(calls, calls.mremap, 4096, 4096, 8192, to_a_place, 1 << 40) == KILL


@BOTH
def test_locks_wait_and_wake_and_do_nothing_else(calls: Calls) -> None:
    flags = (0, 128, 256, 128 | 256)
    for operation in range(32):
        for flag in flags:
            expected = ALLOW if operation in (0, 1, 9, 10) else KILL
            assert verdict(calls, calls.futex, 0, operation | flag) == expected
    assert verdict(calls, calls.futex, 0, 0x8000_0000) == KILL


@BOTH
def test_another_architecture_is_not_listened_to(calls: Calls) -> None:
    i386 = 0x4000_0003
    assert all(verdict(calls, number, architecture=i386) == KILL for number in range(600))


def test_the_x32_interface_is_none() -> None:
    assert all(verdict(X86_64, 0x4000_0000 + number) == KILL for number in range(600))


@BOTH
def test_no_number_has_two_meanings(calls: Calls) -> None:
    numbers = [*calls.allowed.values(), *calls.refused.values(), *_with_conditions(calls)]
    assert len(numbers) == len(set(numbers))


def _with_conditions(calls: Calls) -> tuple[int, ...]:
    return calls.mmap, calls.mprotect, calls.mremap, calls.futex
