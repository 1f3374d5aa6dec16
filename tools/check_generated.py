"""Fails when the committed package `treadle/` is not what protos/ generates; changes nothing."""

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("protos", "tools", "buf.yaml", "buf.gen.yaml")


def main() -> int:
    """Regenerate in a copy, so that it works outside git and beside a running stack too."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in INPUTS:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name)
            else:
                shutil.copy(source, copy / name)
        done = subprocess.run([sys.executable, "tools/gen.py"], cwd=copy, check=False)
        if done.returncode != 0:
            return done.returncode
        differing = _differences(ROOT / "treadle", copy / "treadle")
    for path in differing:
        sys.stderr.write(f"treadle/{path} is not what protos/ generates; run `make gen`\n")
    return 1 if differing else 0


def _differences(committed: Path, generated: Path) -> list[str]:
    left, right = _files(committed), _files(generated)
    same = {
        name
        for name in left & right
        if filecmp.cmp(committed / name, generated / name, shallow=False)
    }
    return sorted((left | right) - same)


def _files(folder: Path) -> set[str]:
    return {
        os.fspath(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


if __name__ == "__main__":
    raise SystemExit(main())
