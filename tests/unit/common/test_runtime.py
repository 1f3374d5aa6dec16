"""Signals act on a whole process, so each case is one."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

PROGRAM = """
import asyncio
from datetime import timedelta
from common.runtime import run
from common.telemetry import configure_logging

{main}

configure_logging()
run(main, grace=timedelta(seconds={grace}))
"""
FINISHES = """
async def main(stop):
    print("up", flush=True)
    await stop.wait()
    await asyncio.sleep(0.05)
    print("drained", flush=True)
"""
LINGERS = """
async def main(stop):
    print("up", flush=True)
    try:
        await asyncio.sleep(600)
    finally:
        print("cleaned", flush=True)
"""
CRASHES = """
async def main(stop):
    raise ValueError("boom")
"""
CANNOT = """
from common.runtime import CannotStartError
async def main(stop):
    raise CannotStartError("there is no database")
"""
WAITS = """
from common.runtime import unless_stopped
async def never():
    try:
        print("up", flush=True)
        await asyncio.sleep(600)
    finally:
        print("given up", flush=True)
async def main(stop):
    await unless_stopped(stop, never())
    print("begun", flush=True)
"""
RETURNS = """
async def main(stop):
    print(type(asyncio.get_running_loop()).__module__)
"""


@contextmanager
def _process(main: str, grace: float = 600) -> Generator[subprocess.Popen[str], None, None]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(main=main, grace=grace)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": "."},
    ) as process:
        yield process
        process.kill()


def _rest(process: subprocess.Popen[str]) -> tuple[str, int]:
    output, _ = process.communicate(timeout=60)
    return output, process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_work_finish(number: signal.Signals) -> None:
    with _process(FINISHES) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        output, status = _rest(process)
    assert "drained" in output
    assert f'"signal":"{number.name}"' in output
    assert status == 0


def test_work_that_does_not_finish_in_time_is_cancelled() -> None:
    with _process(LINGERS, grace=0.3) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        output, status = _rest(process)
    assert "cleaned" in output
    assert '"event":"killed"' in output
    assert status == 1


def test_a_second_signal_does_not_wait() -> None:
    with _process(LINGERS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert "stopping" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        output, status = _rest(process)
    assert '"again":true' in output
    assert status == 1


def test_work_that_crashes_is_logged_and_fails_the_process() -> None:
    with _process(CRASHES) as process:
        output, status = _rest(process)
    assert '"event":"crashed"' in output
    assert "ValueError: boom" in output
    assert status == 1


def test_what_is_missing_at_the_start_is_said_without_a_traceback() -> None:
    with _process(CANNOT) as process:
        output, status = _rest(process)
    assert '"reason":"there is no database"' in output
    assert "Traceback" not in output
    assert status == 1


def test_a_start_is_given_up_at_once_when_told_to_stop() -> None:
    with _process(WAITS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        output, status = _rest(process)
    assert "given up" in output
    assert "begun" not in output
    assert status == 0


def test_work_that_ends_by_itself_ends_the_process_on_a_fast_loop() -> None:
    with _process(RETURNS) as process:
        output, status = _rest(process)
    assert output.startswith("uvloop")
    assert status == 0
