"""The contract behind our import rules keeps what is allowed and names the rest."""

import pytest
from grimp import ImportGraph

from tests.import_contracts import AllowedImportsContract


def build_graph(*imports: tuple[str, str]) -> ImportGraph:
    graph = ImportGraph()
    for name in ("solver", "solver.checker", "solver.domain", "solver.search", "data"):
        graph.add_module(name)
    for name in ("json", "numpy", "pandas"):
        graph.add_module(name, is_squashed=True)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    return graph


def find_faults(graph: ImportGraph, **options: object) -> list[tuple[str, str]]:
    contract = AllowedImportsContract(
        name="rule", session_options={}, contract_options={"name": "rule", **options}
    )
    check = contract.check(graph, verbose=False)
    assert check.kept == (not check.metadata["faults"])
    return check.metadata["faults"]


CHECKER = {"source_modules": ["solver.checker"], "allowed_modules": ["solver.domain", "numpy"]}


def test_listed_modules_and_the_standard_library_are_kept():
    graph = build_graph(
        ("solver.checker", "solver.domain"),
        ("solver.checker", "numpy"),
        ("solver.checker", "json"),
        ("solver.search", "pandas"),
    )
    assert find_faults(graph, **CHECKER) == []


@pytest.mark.parametrize("imported", ["solver.search", "pandas", "data"])
def test_everything_else_breaks_it(imported):
    graph = build_graph(("solver.checker", imported))
    assert find_faults(graph, **CHECKER) == [("solver.checker", imported)]


def test_within_looks_at_one_package_only():
    graph = build_graph(("data", "pandas"), ("data", "solver.search"), ("data", "solver.domain"))
    options = {
        "source_modules": ["data"],
        "allowed_modules": ["solver.domain"],
        "within": ["solver"],
    }
    assert find_faults(graph, **options) == [("data", "solver.search")]


def test_a_source_that_does_not_exist_is_no_silent_pass():
    with pytest.raises(ValueError, match=r"solver\.planner"):
        find_faults(build_graph(), source_modules=["solver.planner"], allowed_modules=["numpy"])
