"""Regenerates the Python package `treadle/` from `protos/`.

The package is committed so that a client can import it without any tool; CI fails when running this
changes it.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "treadle"


def main() -> int:
    """Brings the package up to date; returns the exit code of buf."""
    with TemporaryDirectory() as folder:
        exit_code = _generate(Path(folder))
        if exit_code == 0:
            _synchronize(Path(folder) / PACKAGE.name)
    return exit_code


def _generate(folder: Path) -> int:
    # buf finds `python` and the plugins on PATH; they must be this interpreter's own.
    bin_dir = str(Path(sys.executable).parent)
    env = os.environ | {"PATH": f"{bin_dir}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        ["buf", "generate", "--output", str(folder)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        return done.returncode
    package = folder / PACKAGE.name
    for stub in package.rglob("*_pb2_grpc.pyi"):
        if not stub.with_suffix(".py").exists():
            stub.unlink()
    for part in [package, *(p for p in package.rglob("*") if p.is_dir())]:
        (part / "__init__.py").touch()
    (package / "__init__.py").write_text(
        '"""The contracts as Python: generated from protos/ by tools/gen.py, never edited."""\n'
    )
    (package / "py.typed").touch()
    return 0


def _synchronize(generated: Path) -> None:
    """Writes what differs and removes what is no more: who imports the package is not disturbed."""
    wanted = {path.relative_to(generated) for path in generated.rglob("*") if path.is_file()}
    for name in wanted:
        target, content = PACKAGE / name, (generated / name).read_bytes()
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for path in PACKAGE.rglob("*"):
        is_ours = path.is_file() and "__pycache__" not in path.parts
        if is_ours and path.relative_to(PACKAGE) not in wanted:
            path.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
