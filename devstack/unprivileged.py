"""An ordinary user for Postgres, which refuses to run as root.

No account is created: `nobody` exists nearly everywhere, and any other that is not root will do.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROBE = """
import os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1]))
sys.exit(0 if all(os.access(path, int(sys.argv[3])) for path in sys.argv[4:]) else 1)
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group by number."""

    uid: int
    gid: int

    def can_run(self, programs: Sequence[Path]) -> bool:
        """Tell whether the account can read and execute every file, by trying it."""
        return self._can(os.R_OK | os.X_OK, programs)

    def can_enter(self, folder: Path) -> bool:
        """Tell whether the account can reach what a folder holds, by trying it."""
        return self._can(os.X_OK, [folder])

    def _can(self, mode: int, paths: Sequence[Path]) -> bool:
        arguments = [str(self.uid), str(self.gid), str(mode), *map(str, paths)]
        probe = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROBE, *arguments], check=False, cwd="/"
        )
        return probe.returncode == 0

    def own(self, path: Path) -> None:
        """Make the account the owner of one path."""
        os.chown(path, self.uid, self.gid)


def service_account() -> Account | None:
    """Return whom to run as instead of root; None when this process is not root."""
    return _somebody() if os.geteuid() == 0 else None


def named_alias() -> int | None:
    """Return a user id that has a name, when this process's own has none; else None.

    A container may run under a bare number, but initdb wants to know the name of its user.
    """
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return _somebody().uid
    return None


def _somebody() -> Account:
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not others:
        raise RuntimeError("Postgres does not run as root, and the system has no other user")
    entry = min(others, key=lambda entry: entry.pw_name != "nobody")
    return Account(entry.pw_uid, entry.pw_gid)
