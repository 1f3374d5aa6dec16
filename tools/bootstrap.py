"""Installs everything into .venv from the hash-locked list, when that is not what it holds already.

Runs before anything is installed, so it uses the standard library alone. A lock keeps two `make`
commands started together from installing into the same folder at once.
"""

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "treadle-installed"
SOURCES = ("requirements.lock", "pyproject.toml")


def main() -> int:
    """Return 0 when the environment is complete."""
    with (ROOT / SOURCES[0]).open(encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = _wanted()
        if STAMP.exists() and STAMP.read_text(encoding="ascii") == wanted:
            return 0
        STAMP.unlink(missing_ok=True)
        if not _works():
            print(f"Creating .venv with Python {sys.version.split()[0]}", flush=True)
            venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(VENV)
        print("Installing what requirements.lock lists", flush=True)
        for arguments in (
            ["--require-hashes", "--requirement", "requirements.lock"],
            ["--no-deps", "--no-build-isolation", "--editable", "."],
        ):
            code = _pip(arguments)
            if code != 0:
                return code
        STAMP.write_text(wanted, encoding="ascii")
    return 0


def _wanted() -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((ROOT / name).read_bytes())
    # An environment that was moved or copied has the wrong paths in its scripts.
    digest.update(str(VENV).encode())
    return digest.hexdigest()


def _works() -> bool:
    if not PYTHON.exists():
        return False
    command = [str(PYTHON), "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _pip(arguments: list[str]) -> int:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    as_root = ["--root-user-action=ignore"]
    return subprocess.run([*command, *as_root, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
