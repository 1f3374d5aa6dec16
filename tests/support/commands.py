"""Commands that end before they serve, run in this process: to start one takes seconds."""

import os
import runpy
import sys
from collections.abc import Mapping, Sequence

import pytest

from tests.support.logs import logging_kept


def refused_command(
    arguments: Sequence[str],
    env: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[int, str]:
    """The status and the complaint of `python -m <arguments>` with these TREADLE_ variables."""
    for name in [name for name in os.environ if name.startswith("TREADLE_")]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", list(arguments))
    with logging_kept(), pytest.raises(SystemExit) as ended:
        runpy.run_module(arguments[0], run_name="__main__")
    printed = capsys.readouterr().err
    # A text as the status is what Python prints before it ends with 1.
    code = ended.value.code
    return (code, printed) if isinstance(code, int) else (1, f"{printed}{code}")
