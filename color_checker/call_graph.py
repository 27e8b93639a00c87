"""The whole call graph of some files, colors or not: for benchmarks and other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from color_checker.activation import Activation
from color_checker.catalog import load_catalog
from color_checker.config import Config
from color_checker.link import Linker
from color_checker.project import Project
from color_checker.sources import discover
from color_checker.store import Store

#: Decorators that leave the function as it is.
_TRANSPARENT = frozenset({"builtins.staticmethod", "builtins.classmethod", "builtins.property"})


def call_graph(paths: Sequence[Path]) -> dict[str, set[str]]:
    """Who calls whom in the files below `paths`, with every function and module body as a root.

    Names are dotted; builtins are `<builtin>.len`, methods of builtin types `<**PyStr**>.join`, as in
    the PyCG benchmark (Salis et al., "PyCG: Practical Call Graph Generation in Python", ICSE 2021).
    """
    linker = link_everything(paths)
    graph: dict[str, set[str]] = {}
    for activation in list(linker.activations.values()):
        edges = graph.setdefault(_owner(activation), set())
        for targets in activation.targets.values():
            edges.update(target.name for target in targets if target.facts.kind != "class")
        for names in activation.external.values():
            edges.update(filter(None, map(_external_name, names)))
    return graph


def _owner(activation: Activation) -> str:
    """The function or module that runs a scope: a class body runs with the code around it."""
    while activation.facts.kind == "class" and activation.env is not None:
        activation = activation.env
    return activation.name


def _external_name(dotted: str) -> str:
    if dotted in _TRANSPARENT:
        return ""
    if not dotted.startswith("builtins."):
        return dotted
    name = dotted.removeprefix("builtins.")
    owner, dot, method = name.partition(".")
    return f"<**Py{owner.capitalize()}**>.{method}" if dot else f"<builtin>.{name}"


def link_everything(paths: Sequence[Path]) -> Linker:
    """Link the files below `paths` with every function a root."""
    catalog = load_catalog()
    root = Path.cwd()
    sources = discover(paths, Config(), root)
    project = Project(sources, Store.open(None, ""), None, catalog.covers)
    project.load(project.read())
    linker = Linker(project, catalog, ())
    for source in project.files:
        linker.module(source)
    linker.solve()
    while linker.activate_all():
        linker.solve()
    return linker
