"""`python -m benchmarks [--workload W1] [--executions N]`: one JSON line per workload and size."""

import argparse
import asyncio
import json
import sys

from benchmarks.subject import running_stack, subject
from benchmarks.workloads import WORKLOADS, Workload
from devstack.stack import Stack


def main() -> int:
    """Runs the chosen workloads; 1 when one of them did not do its work exactly once."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--workload", choices=sorted(WORKLOADS), help="one only; all by default")
    parser.add_argument("--executions", type=int, help="instead of the workload's own sizes")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each size")
    arguments = parser.parse_args()
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
