"""`treadle modules`."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from common.script_modules import MAX_MODULE_BYTES, ModuleStore, ModuleStoreError
from devstack.cli import app
from devstack.modules import read_archive

SOURCE = "export default (x) => 2 * x;\n"


def treadle(*arguments: str) -> tuple[int, str]:
    """The exit status of the command, and what it printed."""
    result = CliRunner().invoke(app, ["modules", *arguments])
    return result.exit_code, result.output


def package(folder: Path, **said: Any) -> str:
    """A package of npm with these lines in its package.json."""
    (folder / "dist").mkdir()
    (folder / "dist" / "index.mjs").write_text(SOURCE, encoding="utf-8")
    (folder / "package.json").write_text(json.dumps(said), encoding="utf-8")
    return str(folder)


def test_a_module_comes_and_goes(tmp_path: Path) -> None:
    bundle = tmp_path / "double.mjs"
    bundle.write_text(SOURCE, encoding="utf-8")
    where = ("--dir", str(tmp_path / "modules"))

    assert treadle("list", *where) == (0, "no module is installed\n")
    status, said = treadle("add", "double", str(bundle), *where)
    digest = ModuleStore(tmp_path / "modules").installed()[0].sha256
    assert (status, said) == (0, f"double  {digest}  {len(SOURCE)} bytes\n")
    status, said = treadle("list", *where)
    assert status == 0
    assert digest in said
    status, said = treadle("list", "--json", *where)
    (listed,) = json.loads(said)["modules"]
    assert (status, listed) == (0, {"name": "double", "sha256": digest, "size": len(SOURCE)})
    assert treadle("remove", "double", *where) == (0, "")
    assert treadle("remove", "double", *where)[0] == 1


@pytest.mark.parametrize(
    "said",
    [
        {"exports": "./dist/index.mjs"},
        {"exports": {".": {"import": "./dist/index.mjs", "require": "./no.cjs"}}},
        {"exports": {"import": {"default": "./dist/index.mjs"}}},
        {"module": "dist/index.mjs", "main": "no.js"},
        {"type": "module", "main": "dist/index.mjs"},
    ],
    ids=["a path", "conditions of a path", "conditions", "module", "main"],
)
def test_a_package_says_where_its_module_is(tmp_path: Path, said: dict[str, Any]) -> None:
    (tmp_path / "package").mkdir()
    folder = package(tmp_path / "package", **said)

    status, _ = treadle("add", "double", folder, "--dir", str(tmp_path / "modules"))

    assert status == 0
    assert ModuleStore(tmp_path / "modules").sources(["double"]) == {"double": SOURCE}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"main": "dist/index.mjs"}, "names no ES module"),
        ({"module": "../../outside.mjs"}, "names a file outside of it"),
    ],
    ids=["CommonJS", "a file outside"],
)
def test_a_package_without_one_is_refused(
    tmp_path: Path, said: dict[str, Any], message: str
) -> None:
    (tmp_path / "package").mkdir()
    folder = package(tmp_path / "package", **said)

    status, output = treadle("add", "double", folder, "--dir", str(tmp_path / "modules"))

    assert status == 1
    assert message in output


PACKAGE_JSON = json.dumps({"exports": "./dist/index.mjs"}).encode()


def archive(folder: Path, *members: tuple[str, bytes | tarfile.TarInfo]) -> Path:
    """A package of npm, as it comes from the registry."""
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as packed:
        for name, said in members:
            member = tarfile.TarInfo(name) if isinstance(said, bytes) else said
            member.name = name
            data = said if isinstance(said, bytes) else b""
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return path


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    """A link to elsewhere."""
    member = tarfile.TarInfo()
    member.type = kind
    member.linkname = target
    return member


def test_an_archive_is_read(tmp_path: Path) -> None:
    packed = archive(
        tmp_path,
        ("camelcase-1.0.0/package.json", PACKAGE_JSON),
        ("camelcase-1.0.0/other/dist/index.mjs", b"export default 0"),
        ("camelcase-1.0.0/dist/index.mjs", SOURCE.encode()),
    )

    assert read_archive(packed) == SOURCE.encode()


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"package/dist/index.mjs": link(tarfile.SYMTYPE, "/etc/passwd")}, "has no file"),
        ({"package/dist/index.mjs": link(tarfile.LNKTYPE, "/etc/passwd")}, "has no file"),
        ({"package/dist": link(tarfile.SYMTYPE, "/etc")}, "has no file"),
        ({"package/dist/index.mjs": b"x" * (MAX_MODULE_BYTES + 1)}, "is larger than 2048 KiB"),
    ],
    ids=["a symbolic link", "a hard link", "a linked folder", "a huge file"],
)
def test_an_archive_that_means_harm_is_refused(
    tmp_path: Path, member: dict[str, bytes | tarfile.TarInfo], message: str
) -> None:
    packed = archive(tmp_path, ("package/package.json", PACKAGE_JSON), *member.items())

    with pytest.raises(ModuleStoreError, match=f"^its? .*{message}"):
        read_archive(packed)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "package.tgz"
    path.write_bytes(b"no archive")

    with pytest.raises(ModuleStoreError, match="no package"):
        read_archive(path)


@pytest.mark.parametrize(
    "source",
    [
        "npm:",
        "npm:../elsewhere",
        "npm:git+https://example.com/x.git",
        "npm:x@file:../y",
        "npm:x@1 2",
    ],
)
def test_npm_is_asked_for_packages_of_its_registry_only(tmp_path: Path, source: str) -> None:
    status, output = treadle("add", "double", source, "--dir", str(tmp_path / "modules"))

    assert status == 1
    assert "such as" in output


def test_a_file_of_another_hash_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "double.mjs"
    bundle.write_text(SOURCE, encoding="utf-8")
    where = ("--dir", str(tmp_path / "modules"))

    status, output = treadle("add", "double", str(bundle), *where, "--sha256", "00")

    assert status == 1
    assert "its SHA-256 is" in output


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.mjs")

    status, output = treadle("add", "double", nowhere, "--dir", str(tmp_path / "modules"))

    assert status == 1
    assert f"{nowhere} cannot be read" in output
