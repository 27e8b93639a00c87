"""Finds who imports a file, resolving only those imports whose words could mean it.

Resolving every import of a large tree takes longer than all else in a run where one file has changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from color_checker.facts import ImportFact
from color_checker.project import Project
from color_checker.sources import SourceFile, absolute_name


class Importers:
    """The imports of a project's files, by the words in which they end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._by_word: dict[str, list[tuple[SourceFile, ImportFact]]] = {}
        self._targets: dict[tuple[str, int], list[str]] = {}
        self._links = _link_words(project)

    def add(self, source: SourceFile, imports: tuple[ImportFact, ...]) -> None:
        """Take the imports of a file."""
        for fact in imports:
            # `from . import x` means the package itself, too, whose name it does not say.
            for word in {fact.module.rpartition(".")[2], *fact.names}:
                self._by_word.setdefault(word, []).append((source, fact))

    def of(self, path: str) -> list[str]:
        """The paths of the files that import the one at `path`."""
        words = {_word(path), *self._links}
        if os.path.basename(path) == "__init__.py":
            words.add("")
        found: dict[str, None] = {}
        for word in words:
            for source, fact in self._by_word.get(word, ()):
                if source.path not in found and path in self._imported(source, fact):
                    found[source.path] = None
        return list(found)

    def _imported(self, source: SourceFile, fact: ImportFact) -> list[str]:
        key = (source.path, id(fact))  # the project keeps all heads; files that hold the same share one
        if key not in self._targets:
            self._targets[key] = imported(self._project, source, fact)
        return self._targets[key]


def imported(project: Project, source: SourceFile, fact: ImportFact) -> list[str]:
    """The paths of the project's files that an import may run."""
    name = absolute_name(source, fact.level, fact.module) if fact.level else fact.module
    if name is None:
        return []
    candidates = [name, *(f"{name}.{member}".strip(".") for member in fact.names)]
    found = (project.find(candidate, source) for candidate in candidates if candidate)
    return [target.path for target in found if target is not None]


def last_words(project: Project, paths: Iterable[str]) -> set[str]:
    """The last parts of the names by which the files at `paths` may be imported."""
    return {"__init__", *_link_words(project), *(_word(path) for path in paths)}


def _link_words(project: Project) -> set[str]:
    return {_word(link) for link, _ in project.sources.links}


def _word(path: str) -> str:
    """The last part of the name by which a file or directory is imported."""
    directory, base = os.path.split(path)
    return os.path.basename(directory) if base == "__init__.py" else base.removesuffix(".py")
