"""The Dockerfile and the list of what it installs, without a container engine."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.deployments import ROOT, SETTINGS

LOCK = ROOT / "deploy" / "requirements.lock"
ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)", re.M)


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line and not line.startswith("#")]
    return [(keyword, rest) for keyword, _, rest in (line.partition(" ") for line in lines)]


def copied() -> Iterator[str]:
    """What is copied from the project."""
    for keyword, rest in instructions():
        if keyword == "COPY" and "--from" not in rest:
            yield rest.split()[0]


def pinned(path: Path) -> dict[str, str]:
    return {m["name"]: m["version"] for m in ENTRY.finditer(path.read_text(encoding="ascii"))}


def normal(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_everything_copied_is_there_and_let_through() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert set(copied()) == allowed
    for name in copied():
        assert (ROOT / name).exists()


def test_the_process_is_not_root_and_the_base_is_slim() -> None:
    users = [rest for keyword, rest in instructions() if keyword == "USER"]
    assert users == ["10001:10001"]
    bases = {rest.split()[0] for keyword, rest in instructions() if keyword == "FROM"}
    assert bases == {"python:3.13-slim"}


def test_nothing_secret_is_built_in() -> None:
    for keyword, rest in instructions():
        assert keyword != "ARG"
        if keyword == "ENV":
            assert "TREADLE" not in rest


def test_the_list_is_locked_by_hash_and_names_no_host() -> None:
    text = LOCK.read_text(encoding="ascii")
    assert "://" not in text
    blocks = [block for block in re.split(r"\n(?=\S)", text) if block.strip()]
    assert all("--hash=sha256:" in block for block in blocks)
    assert len(blocks) == len(pinned(LOCK))


def test_the_list_agrees_with_the_projects_own() -> None:
    """When this fails: make lock."""
    everything = pinned(ROOT / "requirements.lock")
    for name, version in pinned(LOCK).items():
        assert everything.get(name) == version, name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {normal(requirement) for requirement in project["dependencies"]}
    assert needed <= set(pinned(LOCK))


def test_what_is_copied_and_installed_is_enough(tmp_path: Path) -> None:
    """The processes start from the copied folders and the listed packages alone."""
    for name in copied():
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    installed = set(pinned(LOCK))
    absent = {
        package
        for package, owners in packages_distributions().items()
        if not {normal(owner) for owner in owners} & installed
    }
    modules = [f"{service}.{part}" for service in SETTINGS for part in ("__main__", "bootstrap")]
    script = f"""
import importlib, sys
absent = {absent - set(SETTINGS) - {"common", "treadle"}!r}
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
for module in {[*modules, "common.healthcheck"]!r}:
    importlib.import_module(module)
from executor_service.handlers import categories
from scheduler_service.use_cases.waits import planners
assert categories() and planners()
for name, module in sorted(sys.modules.items()):
    file = getattr(module, "__file__", None) or ""
    if file.startswith({str(ROOT)!r}) and "/site-packages/" not in file:
        sys.exit(name + " comes from the project")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
