"""Stacks over a copy of a server that has been migrated: what all have in common is made once."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from devstack.stack import Stack, StackOptions

StackMaker = Callable[[StackOptions], Stack]


class CopiedStack(Stack):
    """Every service as a process; its Postgres begins as a copy of `pristine`, which is stopped."""

    def __init__(self, pristine: Path, options: StackOptions) -> None:
        super().__init__(options)
        self._pristine = pristine

    def start_servers(self) -> None:
        """Start Postgres, with the schema in it, and NATS."""
        if not self.data.postgres.exists():
            self.data.root.mkdir(parents=True, exist_ok=True)
            copy_server(self._pristine, self.data.postgres)
        super().start_servers()

    def migrate(self) -> None:
        """Nothing is left to do."""


def copy_server(pristine: Path, folder: Path) -> None:
    """Copy a stopped server's folder, with the owners of its files."""
    subprocess.run(["cp", "-a", str(pristine), str(folder)], check=True)
