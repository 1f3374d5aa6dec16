"""The folder of ES modules that scripts may import."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from common.script_modules import MAX_MODULE_BYTES, ModuleStore, ModuleStoreError

SOURCE = b"export const one = 1;\n"


def test_what_is_added_can_be_read(tmp_path: Path) -> None:
    added = ModuleStore(tmp_path / "new").add("@acme/one.js", SOURCE)
    store = ModuleStore(tmp_path / "new")

    assert (added.name, added.sha256) == ("@acme/one.js", sha256(SOURCE).hexdigest())
    assert store.installed() == [added]
    assert store.sources(["@acme/one.js", "@acme/one.js"]) == {"@acme/one.js": SOURCE.decode()}


def test_the_manifest_pins_the_hash(tmp_path: Path) -> None:
    ModuleStore(tmp_path).add("one", SOURCE)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {"one": {"sha256": sha256(SOURCE).hexdigest(), "size": len(SOURCE)}}

    (tmp_path / f"{sha256(SOURCE).hexdigest()}.mjs").write_bytes(b"export const one = 2;\n")

    with pytest.raises(ModuleStoreError, match="'one' is not what was installed"):
        ModuleStore(tmp_path).sources(["one"])


def test_another_version_takes_the_place(tmp_path: Path) -> None:
    store = ModuleStore(tmp_path)
    store.add("one", SOURCE)
    store.add("one", b"export default 2;")

    assert store.sources(["one"]) == {"one": "export default 2;"}


def test_what_is_removed_is_not_there(tmp_path: Path) -> None:
    store = ModuleStore(tmp_path)
    store.add("one", SOURCE)
    store.add("same", SOURCE)
    store.remove("one")

    assert store.sources(["same"])
    with pytest.raises(ModuleStoreError, match="the module 'one' is not installed"):
        store.sources(["one"])
    with pytest.raises(ModuleStoreError, match="the module 'one' is not installed"):
        store.remove("one")
    store.remove("same")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_another_hash_than_expected_is_refused(tmp_path: Path) -> None:
    digest = sha256(SOURCE).hexdigest()
    store = ModuleStore(tmp_path)
    with pytest.raises(ModuleStoreError, match=f"its SHA-256 is {digest}, not 00"):
        store.add("one", SOURCE, expected="00")

    assert store.add("one", SOURCE, expected=digest.upper()).sha256 == digest


def test_without_a_folder_there_is_nothing() -> None:
    store = ModuleStore(None)

    assert store.installed() == []
    assert store.sources([]) == {}
    with pytest.raises(ModuleStoreError, match="'one' is not installed"):
        store.sources(["one"])
    with pytest.raises(ModuleStoreError, match="no folder of modules is configured"):
        store.add("one", SOURCE)


def test_a_manifest_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModuleStoreError, match="cannot be read"):
        ModuleStore(tmp_path).installed()


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "@a", "a b", "node:fs", "x" * 215, "."])
def test_a_name_that_npm_would_not_take_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModuleStoreError, match="is no name of a module"):
        ModuleStore(tmp_path).add(name, SOURCE)


NO_BUNDLES = {
    "a relative import": (b"import x from './x.js';\nexport default x;", "it imports './x.js'"),
    "a built-in": (b'import fs from "node:fs"; export default fs;', "it imports 'node:fs'"),
    "names": (b'import {a as b, c} from "d";export{b}', "it imports 'd'"),
    "everything": (b"import * as d from 'd';export{d}", "it imports 'd'"),
    "a re-export": (b"export * from 'd';", "it imports 'd'"),
    "effects": (b"import 'd';export default 1", "it imports 'd'"),
    "a dynamic import": (b"export const f = () => import('d');", "it imports 'd'"),
    "CommonJS": (b"module.exports = { a: require('a') };", "it exports nothing"),
    "a script": (b"globalThis.x = 1;", "it exports nothing"),
    "no text": (b"export default '\xff';", "it is not UTF-8"),
    "too much": (b"export default 1;" + b" " * MAX_MODULE_BYTES, "it is larger than 2048 KiB"),
}


@pytest.mark.parametrize(("source", "message"), NO_BUNDLES.values(), ids=NO_BUNDLES)
def test_what_is_no_bundle_is_refused(tmp_path: Path, source: bytes, message: str) -> None:
    with pytest.raises(ModuleStoreError, match=message):
        ModuleStore(tmp_path).add("one", source)

    assert not list(tmp_path.iterdir())


BUNDLES = {
    "a default": b"export default 1",
    "names": b"const a=1;export{a as b};",
    "a function": b"export async function f() {}",
    "a class": b"var x;export class A {}",
    "words": b"// It may import nothing.\nexport const text = 'from here to import';",
}


@pytest.mark.parametrize("source", BUNDLES.values(), ids=BUNDLES)
def test_a_bundle_is_taken(tmp_path: Path, source: bytes) -> None:
    assert ModuleStore(tmp_path).add("one", source).size == len(source)
