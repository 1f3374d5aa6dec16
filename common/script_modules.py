"""The ES modules that an operator has installed for scripts of `custom_code`: a folder of bundles.

Each bundle is one file of pure ECMAScript, named in `manifest.json` with its SHA-256. Whoever reads
a bundle checks it against that, so that what runs is what was installed. The folder is written by
`treadle modules` and read by executors, which may have it as a read-only volume.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

# Of one bundle: it is sent to each run that may import it.
MAX_MODULE_BYTES: Final = 2 * 1024 * 1024
MANIFEST: Final = "manifest.json"

# A name that npm would take, with or without a scope.
_NAME: Final = re.compile(r"(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*")
_MAX_NAME: Final = 214
# What imports, what exports, and what would be CommonJS; in source text, which may be minified.
_IMPORTS: Final = re.compile(
    r"""(?:^|[;}\s])(?:import|export)\s*(?:[\w$*{},\s]+?\s*from\s*)?["']([^"'\n]+)["']"""
    r"""|\bimport\s*\(\s*["']([^"'\n]+)["']"""
)
_EXPORTS: Final = re.compile(
    r"(?:^|[;}\s])export\s*(?:[{*]|default\b|const\b|let\b|var\b|"
    r"function\b|async\b|class\b)"
)


class ModuleStoreError(Exception):
    """A module is not there, not what was installed, or none; the message is for users."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A module: its name, its SHA-256 in hex, its size in bytes."""

    name: str
    sha256: str
    size: int


class ModuleStore:
    """The folder; None for none, in which there are no modules."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        # By hash: a bundle that was good once stays good.
        self._sources: dict[str, str] = {}

    def installed(self) -> list[Installed]:
        """All modules by name."""
        return [
            Installed(name, said["sha256"], said["size"])
            for name, said in sorted(self._manifest().items())
        ]

    def sources(self, names: Iterable[str]) -> Mapping[str, str]:
        """The modules' sources by name. Raises ModuleStoreError."""
        wanted = tuple(dict.fromkeys(names))
        manifest = self._manifest() if wanted else {}
        return {name: self._source(name, manifest) for name in wanted}

    def add(self, name: str, source: bytes, *, expected: str = "") -> Installed:
        """Installs a bundle, in the place of another one of the name.

        `expected` is the SHA-256 that it must have, if any. Raises ModuleStoreError.
        """
        folder = self._writable()
        check_name(name)
        check_source(source)
        digest = sha256(source).hexdigest()
        if expected and digest != expected.lower():
            raise ModuleStoreError(f"its SHA-256 is {digest}, not {expected.lower()}")
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f"{digest}.mjs", source)
        manifest = self._manifest()
        manifest[name] = {"sha256": digest, "size": len(source)}
        self._write(folder, manifest)
        return Installed(name, digest, len(source))

    def remove(self, name: str) -> None:
        """Forgets a module. Raises ModuleStoreError when there is none of the name."""
        folder = self._writable()
        manifest = self._manifest()
        if name not in manifest:
            raise ModuleStoreError(f"the module {name!r} is not installed")
        digest = manifest.pop(name)["sha256"]
        self._write(folder, manifest)
        if all(said["sha256"] != digest for said in manifest.values()):
            (folder / f"{digest}.mjs").unlink(missing_ok=True)

    def _writable(self) -> Path:
        if self._folder is None:
            raise ModuleStoreError("no folder of modules is configured")
        return self._folder

    def _manifest(self) -> dict[str, dict[str, Any]]:
        if self._folder is None:
            return {}
        try:
            return json.loads((self._folder / MANIFEST).read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ModuleStoreError("the list of installed modules cannot be read") from error

    def _source(self, name: str, manifest: Mapping[str, Mapping[str, Any]]) -> str:
        if self._folder is None or name not in manifest:
            raise ModuleStoreError(f"the module {name!r} is not installed")
        digest = manifest[name]["sha256"]
        if digest not in self._sources:
            try:
                data = (self._folder / f"{digest}.mjs").read_bytes()
            except OSError as error:
                raise ModuleStoreError(f"the module {name!r} cannot be read") from error
            if sha256(data).hexdigest() != digest:
                raise ModuleStoreError(f"the module {name!r} is not what was installed")
            self._sources[digest] = data.decode()
        return self._sources[digest]

    def _write(self, folder: Path, manifest: dict[str, dict[str, Any]]) -> None:
        text = json.dumps(dict(sorted(manifest.items())), indent=2) + "\n"
        _replace(folder / MANIFEST, text.encode())


def check_name(name: str) -> None:
    """Raises ModuleStoreError unless npm would take the name."""
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise ModuleStoreError(f"{name!r} is no name of a module, such as slugify or @acme/tools")


def check_source(source: bytes) -> None:
    """Raises ModuleStoreError unless this is one file of pure ESM."""
    if len(source) > MAX_MODULE_BYTES:
        raise ModuleStoreError(f"it is larger than {MAX_MODULE_BYTES // 1024} KiB")
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        raise ModuleStoreError("it is not UTF-8") from error
    for found in _IMPORTS.finditer(text):
        wanted = found[1] or found[2]
        raise ModuleStoreError(
            f"it imports {wanted!r}; bundle it into one file first, for example with"
            " esbuild --bundle --format=esm"
        )
    if not _EXPORTS.search(text):
        raise ModuleStoreError("it exports nothing: it is no ES module")


def _replace(path: Path, data: bytes) -> None:
    """Writes the file whole or not at all: executors may be reading."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.replace(path)
