"""Runs a service whose clock may be set wrong: `python -m tests.chaos.skewed FILE MODULE [ARG...]`.

Services tell the time by `common.clock.SystemClock` alone (Postgres has a clock of its own). This
puts an offset on what that says, read from a file of eight bytes, a double, at each look: whoever
writes there steps the clock of the running process, as a bad time server would.
"""

import mmap
import runpy
import struct
import sys
from datetime import datetime, timedelta
from pathlib import Path

from common.clock import SystemClock

_FORMAT = struct.Struct("d")


def write_offset(file: Path, seconds: float) -> None:
    """Sets how far the clock of the process that reads `file` is off."""
    with file.open("r+b" if file.exists() else "w+b") as out:
        out.write(_FORMAT.pack(seconds))


def skew(file: Path) -> None:
    """Has every system clock of this process go by the offset in `file`."""
    with file.open("rb") as source:
        offset = mmap.mmap(source.fileno(), _FORMAT.size, prot=mmap.PROT_READ)
    true_now = SystemClock.now

    def now(self: SystemClock) -> datetime:
        return true_now(self) + timedelta(seconds=_FORMAT.unpack_from(offset)[0])

    SystemClock.now = now


def main() -> None:
    """Runs the module as `python -m` would."""
    file, module, *arguments = sys.argv[1:]
    skew(Path(file))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
