"""Brings a database to the newest schema by the services' own commands, as an operator would."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

_OWNERS = ("action_service", "scheduler_service")


def migrate(env: Mapping[str, str]) -> None:
    """Run every service's migrations with these TREADLE_ variables."""
    for service in _OWNERS:
        if find_spec(service) is None or find_spec(f"{service}.adapters") is None:
            continue
        command = ["-m", service, "migrate"]
        if find_spec(f"{service}.__main__") is None:
            url = env["TREADLE_DATABASE_URL"]
            command = ["-c", f"from {service}.adapters.migrations import upgrade; upgrade({url!r})"]
        done = subprocess.run(
            [sys.executable, *command],
            env=_without_treadle(os.environ) | dict(env),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{service} migrate failed:\n{done.stdout}\n{done.stderr}")


def _without_treadle(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith("TREADLE_")}
