"""An import-linter contract of our own: modules that may import the standard library only."""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StdlibOnlyContract(Contract):
    """The modules, and what is below them, import each other and the standard library.

    Listing what is forbidden instead would forget each dependency that is added later.
    """

    modules = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the base class's signature
        """Collect every import that leads elsewhere."""
        strays = [
            (importer, imported)
            for package in self._packages()
            for importer in sorted(_with_descendants(graph, package))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not _is_below(imported, package)
            and imported.partition(".")[0] not in sys.stdlib_module_names
        ]
        return ContractCheck(kept=not strays, metadata={"strays": strays})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Show each such import."""
        for importer, imported in check.metadata["strays"]:
            output.print_error(f"{importer} imports {imported}")

    def _packages(self) -> list[str]:
        names: list[str] = self.modules  # pyright: ignore[reportAssignmentType] - fields become values
        return names


def _with_descendants(graph: ImportGraph, package: str) -> set[str]:
    return {package} | graph.find_descendants(package)


def _is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
