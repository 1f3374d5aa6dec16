"""The filter's program, run by a small interpreter of what it is made of."""

import pytest

from executor_service.sandbox.inside.seccomp import AARCH64, X86_64, Calls, assemble

ALLOW = 0x7FFF_0000
KILL = 0x8000_0000
EPERM = 0x0005_0001
EXEC = 4

BOTH = pytest.mark.parametrize("calls", [X86_64, AARCH64], ids=["x86_64", "aarch64"])


def verdict(
    calls: Calls, number: int, *, architecture: int = 0, second: int = 0, third: int = 0
) -> int:
    """What the kernel would answer to a call."""
    data = {0: number, 4: architecture or calls.architecture, 24: second, 32: third}
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
    named = {**calls.allowed, **calls.memory, "futex": calls.futex}
    for number in range(600):
        expected = ALLOW if number in named.values() else KILL
        if number in calls.refused.values():
            expected = EPERM
        assert verdict(calls, number) == expected, number


@BOTH
def test_memory_is_never_executable(calls: Calls) -> None:
    for number in calls.memory.values():
        assert verdict(calls, number, third=EXEC) == KILL
        assert verdict(calls, number, third=EXEC | 1) == KILL
        assert verdict(calls, number, third=3) == ALLOW


@BOTH
def test_locks_wait_and_wake_and_do_nothing_else(calls: Calls) -> None:
    flags = (0, 128, 256, 128 | 256)
    for operation in range(32):
        for flag in flags:
            expected = ALLOW if operation in (0, 1, 9, 10) else KILL
            assert verdict(calls, calls.futex, second=operation | flag) == expected
    assert verdict(calls, calls.futex, second=0x8000_0000) == KILL


@BOTH
def test_another_architecture_is_not_listened_to(calls: Calls) -> None:
    i386 = 0x4000_0003
    assert all(verdict(calls, number, architecture=i386) == KILL for number in range(600))


def test_the_x32_interface_is_none() -> None:
    assert all(verdict(X86_64, 0x4000_0000 + number) == KILL for number in range(600))


@BOTH
def test_no_number_has_two_meanings(calls: Calls) -> None:
    named = [calls.allowed, calls.memory, calls.refused]
    numbers = [calls.futex, *(number for each in named for number in each.values())]
    assert len(numbers) == len(set(numbers))
