"""Which files have to do with workflows: they import an engine, or a file that does."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from color_checker.facts import ImportFact
from color_checker.importers import Importers
from color_checker.project import Project
from color_checker.sources import SourceFile


class Relevant(msgspec.Struct, frozen=True):
    """The files to link (by path), and the names of the engines that they import."""

    files: frozenset[str]
    engines: frozenset[str]


def colored_files(
    project: Project, engines: dict[str, str], *, whole: bool = False,
    wanted: Callable[[SourceFile], bool] = lambda source: False,
) -> Relevant:  # fmt: skip
    """Find them. `engines` maps module names to engines; with `whole`, all files are linked.

    `wanted` says which files are linked although nothing in them asks for it.
    """
    importers = Importers(project)
    tops = frozenset(module.partition(".")[0] for module in engines)
    found: dict[str, None] = {}
    used: set[str] = set()
    for source in project.files:
        head = project.head(source)
        if head is None:
            continue
        names = _engines_of(head.imports, engines, tops)
        if _engines_of((ImportFact(source.module, 0, (), 1, 0, False),), engines, tops):
            # An engine's own source, in its own repository, is not a program that uses it.
            continue
        used |= names
        if names or head.pragmas.colors or head.pragmas.module_color or whole or wanted(source):
            found[source.path] = None
        importers.add(source, head.imports)
    todo = list(found)
    while todo:
        for importer in importers.of(todo.pop()):
            if importer not in found:
                found[importer] = None
                todo.append(importer)
    return Relevant(frozenset(found), frozenset(used))


def _engines_of(imports: tuple[ImportFact, ...], engines: dict[str, str], tops: frozenset[str]) -> set[str]:
    """The engines that are imported; `tops` are the first parts of the names of all engines' modules."""
    names = set()
    for fact in imports:
        if fact.level or fact.module.partition(".")[0] not in tops:
            continue
        for module in (fact.module, *(f"{fact.module}.{name}" for name in fact.names)):
            parts = module.split(".")
            for count in range(1, len(parts) + 1):
                engine = engines.get(".".join(parts[:count]))
                if engine is not None:
                    names.add(engine)
    return names
