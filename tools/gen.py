"""Regenerates the Python package `treadle/` from `protos/`.

The package is committed so that a client can import it without any tool; CI fails when running this
changes it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "treadle"


def main() -> int:
    """Replaces the package; returns the exit code of buf."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    # buf finds `python` and the plugins on PATH; they must be this interpreter's own.
    bin_dir = str(Path(sys.executable).parent)
    env = os.environ | {"PATH": f"{bin_dir}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        ["buf", "generate"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        return done.returncode
    for stub in PACKAGE.rglob("*_pb2_grpc.pyi"):
        if not stub.with_suffix(".py").exists():
            stub.unlink()
    for folder in [PACKAGE, *(p for p in PACKAGE.rglob("*") if p.is_dir())]:
        (folder / "__init__.py").touch()
    (PACKAGE / "__init__.py").write_text(
        '"""The contracts as Python: generated from protos/ by tools/gen.py, never edited."""\n'
    )
    (PACKAGE / "py.typed").touch()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
