"""`python -m benchmarks [--workload W1] [--executions N]`: one JSON line per workload and size."""

import argparse
import asyncio
import json
import sys

from benchmarks.code import code
from benchmarks.recovery import FAULTS, recover
from benchmarks.subject import running_stack, subject
from benchmarks.workloads import WORKLOADS, Workload
from devstack.stack import Stack

_RECOVERY = "recovery"
_CODE = "code"
_CODE_RUNS = 1000


def main() -> int:
    """Runs the chosen workloads; 1 when one of them did not do its work exactly once."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    names = [*sorted(WORKLOADS), _RECOVERY, _CODE]
    parser.add_argument("--workload", choices=names, help="one only; those of speed by default")
    parser.add_argument("--fault", choices=FAULTS, help="of `recovery`: one only")
    parser.add_argument("--executions", type=int, help="instead of the workload's own sizes")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each size")
    arguments = parser.parse_args()
    if arguments.workload == _RECOVERY:
        return _recover([arguments.fault] if arguments.fault else list(FAULTS), arguments.repeat)
    if arguments.workload == _CODE:
        result = asyncio.run(code(arguments.executions or _CODE_RUNS))
        sys.stdout.write(json.dumps(result) + "\n")
        return 0 if result["ok"] else 1
    names = [arguments.workload] if arguments.workload else list(WORKLOADS)
    sizes = (arguments.executions,) if arguments.executions else None
    return _run(names, sizes, arguments.repeat)


def _run(names: list[str], sizes: tuple[int, ...] | None, repeat: int) -> int:
    failures = 0
    for name in names:
        workload, own_sizes = WORKLOADS[name]
        for size in sizes or own_sizes:
            # A stack of its own for each size: no run pays for the rows of another.
            with running_stack() as stack:
                failures += asyncio.run(_measure(stack, workload, size, repeat))
    return 1 if failures else 0


def _recover(faults: list[str], repeat: int) -> int:
    for fault in faults * repeat:
        with running_stack() as stack:
            asyncio.run(_print_recovery(stack, fault))
    return 0


async def _print_recovery(stack: Stack, fault: str) -> None:
    async with subject(stack) as under_test:
        sys.stdout.write(json.dumps(await recover(under_test, fault)) + "\n")
        sys.stdout.flush()


async def _measure(stack: Stack, workload: Workload, size: int, repeat: int) -> int:
    """Prints a line per run; returns how many did not do their work exactly once."""
    failures = 0
    async with subject(stack) as under_test:
        for _ in range(repeat):
            result = await workload(under_test, size)
            failures += not result["ok"]
            sys.stdout.write(json.dumps(result) + "\n")
            sys.stdout.flush()
    return failures


if __name__ == "__main__":
    raise SystemExit(main())
