"""`treadle modules`: what scripts of `custom_code` may import, in a folder that executors read."""

import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, cast

import typer
from rich.table import Table

from common.script_modules import MAX_MODULE_BYTES, ModuleStore, ModuleStoreError, check_name
from devstack.datadir import DataDir, default_data_dir
from devstack.terminal import JsonOption, console, failing_politely, print_json

_NPM_TIMEOUT_S: Final = 120
# Of a package of the registry. What npm takes besides, such as a repository of git, it may build.
_VERSION: Final = re.compile(r"[\w.+~^-]+")

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
            return read_archive(_fetched(source.removeprefix("npm:"), Path(folder)))
    path = Path(source)
    try:
        return _read_package(partial(_file, path)) if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise ModuleStoreError(f"{error.filename} cannot be read: {error.strerror}") from error


def read_archive(path: Path) -> bytes:
    """The bundle of a package as npm packs them. Raises ModuleStoreError.

    Nothing is unpacked and no link is followed: strangers have made it.
    """
    try:
        with tarfile.open(path) as packed:
            return _read_package(partial(_member, packed))
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ModuleStoreError("what npm fetched is no package") from error


def _fetched(package: str, folder: Path) -> Path:
    """The archive of a package as npm has it; none of its scripts is run."""
    name, _, version = package[1:].partition("@")
    check_name(package[:1] + name)
    if version and not _VERSION.fullmatch(version):
        raise ModuleStoreError(f"{version!r} is no version, such as 8.0.0")
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
    return archive


def _read_package(read: Callable[[str], bytes]) -> bytes:
    """The bundle that a package names, whose files `read` has."""
    try:
        said: object = json.loads(read("package.json"))
    except ValueError as error:
        raise ModuleStoreError("its package.json is no JSON") from error
    entry = _entry(cast("Mapping[str, Any]", said)) if isinstance(said, dict) else None
    if entry is None:
        raise ModuleStoreError("its package.json names no ES module")
    return read(entry)


def _file(folder: Path, name: str) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ModuleStoreError("its package.json names a file outside of it")
    return path.read_bytes()


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    wanted = PurePosixPath(name).parts
    for member in packed:
        # The first folder may have any name, as npm has it.
        if member.isreg() and PurePosixPath(member.name).parts[1:] == wanted:
            if member.size > MAX_MODULE_BYTES:
                raise ModuleStoreError(f"its {name} is larger than {MAX_MODULE_BYTES // 1024} KiB")
            file = packed.extractfile(member)
            return b"" if file is None else file.read()
    raise ModuleStoreError(f"it has no file {name}")


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
