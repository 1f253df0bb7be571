"""A contract for import-linter that names what may be imported, rather than what may not."""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import Module


class AllowedImportsContract(Contract):
    """Modules import nothing but what is listed and the standard library, directly.

    Options
    -------
    source_modules
        Packages that the contract binds, with everything below them.
    allowed_modules
        What they may import, with everything below it.
    within
        Where given, only imports of these packages are looked at.
    """

    source_modules = fields.SetField(subfield=fields.ModuleField())
    allowed_modules = fields.SetField(subfield=fields.ModuleField())
    within = fields.SetField(subfield=fields.ModuleField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Return the check, with every import that is not allowed."""
        allowed = list(_names(self.allowed_modules))
        within = list(_names(self.within))
        faults = []
        for importer in _modules_below(graph, _names(self.source_modules)):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                is_looked_at = _is_below(imported, within) if within else _is_third_party(imported)
                if is_looked_at and not _is_below(imported, allowed):
                    faults.append((importer, imported))
        return ContractCheck(kept=not faults, metadata={"faults": faults})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print every import that is not allowed."""
        for importer, imported in check.metadata["faults"]:
            output.print_error(f"{importer} imports {imported}, which is not on its list")


def _names(modules: "set[Module] | None") -> list[str]:
    return sorted(module.name for module in modules or ())


def _modules_below(graph: ImportGraph, roots: list[str]) -> list[str]:
    missing = [root for root in roots if root not in graph.modules]
    if missing:
        raise ValueError(f"an import contract names modules that do not exist: {missing}")
    return sorted(module for module in graph.modules if _is_below(module, roots))


def _is_below(module: str, roots: list[str]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def _is_third_party(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] not in sys.stdlib_module_names
