"""Turns imports into bindings, and notes them for the graph of modules."""

from __future__ import annotations

import ast

from color_checker.extraction.visitor import Visitor
from color_checker.facts import Import, ImportFact


class Imports(Visitor):
    """Visits imports."""

    def import_statement(self, node: ast.Import) -> None:
        for alias in node.names:
            dst = self.scope.new()
            at = self.at(node)
            self._note_import(alias.name, 0, (), node, at)
            bound = alias.name if alias.asname else alias.name.partition(".")[0]
            self.emit(Import(dst, bound, "", 0, at))
            if not alias.asname and bound != alias.name:
                # `import a.b` binds `a` but loads `a.b` too.
                self.emit(Import(self.scope.new(), alias.name, "", 0, at))
            self.store_name(alias.asname or bound, dst, node)

    def from_import(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        at = self.at(node)
        self._note_import(module, node.level, tuple(alias.name for alias in node.names), node, at)
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((module, node.level))
                continue
            dst = self.scope.new()
            self.emit(Import(dst, module, alias.name, node.level, at))
            self.store_name(alias.asname or alias.name, dst, node)

    def _note_import(self, module: str, level: int, names: tuple[str, ...], node: ast.stmt, at: int) -> None:
        typing_only = any(
            region.kind == "type-checking" and region.line <= node.lineno <= region.end_line
            for region in self.scope.regions
        )
        self.imports.append(ImportFact(module, level, names, node.lineno, at, typing_only))
