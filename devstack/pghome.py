"""Where an embedded Postgres lives on disk, and as whom it may do so.

Run by root, the server becomes an ordinary user, who must reach both the binaries and the data. A
virtual environment under a private home hides the first: they are copied. A project under a private
home hides the second: the data then lies below `/var/lib/treadle`, with a link in its usual place.
"""

import hashlib
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from devstack.unprivileged import Account, service_account

_SYSTEM_STATE = Path("/var/lib/treadle")
_MAJOR = "16"


class PostgresHomeError(RuntimeError):
    """There is no place where the server could live, or it is somebody else's."""


class PostgresHome:
    """The folders of one server."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        """Keep everything in `folder`, taking the programs from `binaries`."""
        self.folder = folder.absolute()
        self.account: Account | None = service_account()
        self._binaries = binaries
        self._state = self.folder

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self._state / "data"

    @property
    def data_new(self) -> Path:
        """Where a data directory is made before it counts."""
        return self._state / "data.new"

    @property
    def initialised(self) -> bool:
        """Tell whether there is a complete data directory."""
        version = self.data / "PG_VERSION"
        if not version.exists():
            return False
        found = version.read_text(encoding="ascii").strip()
        if found != _MAJOR:
            raise PostgresHomeError(f"{self.data} was made by Postgres {found}, this is {_MAJOR}")
        return True

    def binary(self, name: str) -> Path:
        """Return the path of one of Postgres' programs."""
        return self._binaries / "bin" / name

    def prepare(self) -> None:
        """Make the folders, reachable for whoever will run the server."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.account is not None:
            self.folder.chmod(0o711)
            if not self.account.can_enter(self.folder):
                self._move_out(self.account)
            if not self.account.can_run([self.binary("postgres"), self.binary("initdb")]):
                self._copy_binaries()

    def prepare_new(self) -> None:
        """Make the empty folder in which a new data directory is to be made."""
        shutil.rmtree(self.data_new, ignore_errors=True)
        self.data_new.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(self.data_new)

    @contextmanager
    def secret_file(self, text: str) -> Generator[Path]:
        """Lend a file with this text that the server's user alone can read."""
        path = self._state / "initdb.password"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        try:
            path.write_text(text, encoding="utf-8")
            if self.account is not None:
                self.account.own(path)
            yield path
        finally:
            path.unlink()

    def adopt(self) -> None:
        """Make the finished new data directory the one that counts."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data_new.rename(self.data)

    def forget_old_postmaster(self) -> None:
        """Remove the lock file of a server that was killed.

        The caller holds the stack's lock, which a running server would hold too, so the file is
        stale. Postgres itself takes the process id in it for alive when it is a zombie or reused.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def postmaster_ready(self, pid: int) -> bool:
        """Tell whether this postmaster has declared in its lock file that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return lines[:1] == [str(pid)] and lines[7:8] == ["ready   "]

    def _move_out(self, account: Account) -> None:
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        self._state = _SYSTEM_STATE / digest
        self._state.mkdir(parents=True, exist_ok=True)
        for folder in (_SYSTEM_STATE, self._state):
            folder.chmod(0o711)
        if not account.can_enter(self._state):
            raise PostgresHomeError(
                f"user {account.uid} can reach neither {self.folder} nor {self._state}"
            )
        link = self.folder / "state"
        link.unlink(missing_ok=True)
        link.symlink_to(self._state)

    def _copy_binaries(self) -> None:
        # The shared libraries that the wheel carries lie beside the package, found relative to it.
        package = self._binaries.parent
        target = self._state / "programs"
        copied = target / package.name / self._binaries.name
        if not copied.exists():
            partial = target.with_name("programs.new")
            shutil.rmtree(partial, ignore_errors=True)
            libraries = package.with_name(f"{package.name}.libs")
            for source, name in (
                (libraries, libraries.name),
                (self._binaries, str(copied.relative_to(target))),
            ):
                if source.exists():
                    shutil.copytree(source, partial / name, symlinks=True)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            partial.rename(target)
        self._binaries = copied
