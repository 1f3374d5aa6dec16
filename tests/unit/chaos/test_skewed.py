"""A service's clock steps when somebody writes into its file."""

import subprocess
import sys
from pathlib import Path

from devstack.datadir import project_root
from tests.chaos.skewed import write_offset

LOOK = """
import sys, time
from common.clock import SYSTEM_CLOCK
for line in sys.stdin:
    print(round(SYSTEM_CLOCK.now().timestamp() - time.time()), *sys.argv[1:], flush=True)
"""


def test_the_clock_of_a_running_process_is_stepped(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(LOOK)
    file = tmp_path / "clock"
    write_offset(file, 0)
    command = [sys.executable, "-m", "tests.chaos.skewed", str(file), "service", "--role", "x"]
    with subprocess.Popen(
        command,
        cwd=project_root(),
        env={"PYTHONPATH": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for offset in (0, 90, -3600, 0):
            write_offset(file, offset)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{offset} --role x\n"
