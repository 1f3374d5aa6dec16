"""`treadle modules`: what scripts of `custom_code` may import, in a folder that executors read."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer
from rich.table import Table

from common.script_modules import ModuleStore, ModuleStoreError
from devstack.datadir import DataDir, default_data_dir
from devstack.terminal import JsonOption, console, failing_politely, print_json

_NPM_TIMEOUT_S: Final = 120

modules = typer.Typer(
    help="ES modules that scripts may import.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        envvar="TREADLE_EXECUTOR_CODE_MODULES_DIR",
        help="The folder that executors of the category code read.  \\[default: .treadle/modules]",
        show_default=False,
    ),
]


@modules.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What scripts import, such as slugify.")],
    source: Annotated[
        str,
        typer.Argument(
            help="A bundled .js file, the folder of an npm package, or npm:<name>@<version>."
        ),
    ],
    folder: FolderOption = None,
    expected: Annotated[
        str, typer.Option("--sha256", help="Install it only if the file has this SHA-256.")
    ] = "",
) -> None:
    """Install a module, or another version of it, under its SHA-256."""
    with failing_politely():
        added = _store(folder).add(name, read_source(source), expected=expected)
    console().out(f"{added.name}  {added.sha256}  {added.size} bytes", highlight=False)


@modules.command("list")
def list_modules(folder: FolderOption = None, *, as_json: JsonOption = False) -> None:
    """Show what is installed."""
    with failing_politely():
        installed = _store(folder).installed()
    if as_json:
        print_json({"modules": [asdict(each) for each in installed]})
        return
    if not installed:
        console().print("no module is installed")
        return
    table = Table("name", "sha256", "bytes")
    for each in installed:
        table.add_row(each.name, each.sha256, str(each.size))
    console().print(table)


@modules.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="As `treadle modules list` shows it.")],
    folder: FolderOption = None,
) -> None:
    """Forget a module; steps that allow it fail from then on."""
    with failing_politely():
        _store(folder).remove(name)


def _store(folder: Path | None) -> ModuleStore:
    return ModuleStore(folder or DataDir(default_data_dir()).modules)


def read_source(source: str) -> bytes:
    """The bundle that a file, a package's folder or npm has. Raises ModuleStoreError."""
    if source.startswith("npm:"):
        with tempfile.TemporaryDirectory() as folder:
            return _read_package(_fetched(source.removeprefix("npm:"), Path(folder)))
    path = Path(source)
    try:
        return _read_package(path) if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise ModuleStoreError(f"{error.filename} cannot be read: {error.strerror}") from error


def _fetched(package: str, folder: Path) -> Path:
    """The folder of a package as npm has it; none of its scripts is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise ModuleStoreError("npm is not installed here; give a folder or a file")
    command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        subprocess.run(
            [*command, "--", package],
            check=True,
            capture_output=True,
            timeout=_NPM_TIMEOUT_S,
            cwd=folder,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise ModuleStoreError(f"npm could not fetch {package}") from error
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def _read_package(folder: Path) -> bytes:
    try:
        said: object = json.loads((folder / "package.json").read_bytes())
    except ValueError as error:
        raise ModuleStoreError("its package.json is no JSON") from error
    entry = _entry(cast("Mapping[str, Any]", said)) if isinstance(said, dict) else None
    if entry is None:
        raise ModuleStoreError("its package.json names no ES module")
    path = (folder / entry).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ModuleStoreError("its package.json names a file outside of it")
    return path.read_bytes()


def _entry(package: Mapping[str, Any]) -> str | None:
    """The file that `import` of the package reads, as package.json says it."""
    exports: object = package.get("exports")
    if isinstance(exports, dict) and "." in exports:
        exports = cast("Mapping[str, object]", exports)["."]
    while isinstance(exports, dict):
        conditions = cast("Mapping[str, object]", exports)
        exports = conditions.get("import", conditions.get("default"))
    if isinstance(exports, str):
        return exports
    main = package.get("main") if package.get("type") == "module" else None
    entry = package.get("module", main)
    return entry if isinstance(entry, str) else None
