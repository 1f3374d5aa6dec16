"""An ordinary user for Postgres, which refuses to run as root.

No account is created: `nobody` exists everywhere, and a bare numeric id works where it does not.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_OVERFLOW_ID = 65534

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
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_OVERFLOW_ID, _OVERFLOW_ID)
    return Account(entry.pw_uid, entry.pw_gid)
