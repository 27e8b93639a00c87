"""What the checks of a module ask while its color is checked, and where they report."""

from __future__ import annotations

import os
import re
from functools import cached_property

from mypy.checker import TypeChecker
from mypy.nodes import CallExpr, Context, Expression, FuncItem, MypyFile
from mypy.types import ProperType, get_proper_type

from color_checker.findings import Color, Finding, Frame, Severity
from color_checker.rules import Rule
from color_checker.sources import shown_path
from color_checker.suppressions import scan
from mypy_plugin.analyzer.analyzed import Coloring
from mypy_plugin.callees import callees
from mypy_plugin.names import Names
from mypy_plugin.project import Project
from mypy_plugin.reporting import Reporter

#: A `# type: ignore` before the first statement, which counts for the whole file. The tree does not show it:
#: mypy's parsers leave the statements out, or put them into a block that is never reached.
_IGNORES_ALL = re.compile(r"(?:[ \t]*(?:#.*)?\n)*?[ \t]*#\s*type:\s*ignore\b")

PLAIN = Coloring(Color.PLAIN, "")


class Visit:
    """One module."""

    def __init__(self, api: TypeChecker, names: Names, project: Project) -> None:
        self.api = api
        self.file: MypyFile = api.tree
        self.path = os.path.abspath(api.path)
        self.names = names
        self.project = project
        self._reporter = Reporter(api)
        self._called: tuple[CallExpr | None, tuple[str, ...]] = None, ()

    @cached_property
    def text(self) -> str:
        """What the file holds."""
        return text_of(self.path)

    def type_of(self, expression: Expression) -> ProperType | None:
        """The type of an expression; None where mypy has none: in unannotated and in unreachable code."""
        return get_proper_type(self.api.lookup_type(expression)) if self.api.has_type(expression) else None

    def callees(self, call: CallExpr) -> tuple[str, ...]:
        """The full names of what a call runs, by its type; none if that is not known."""
        # Several checks ask for it.
        if call is not self._called[0]:
            self._called = call, callees(call, self.type_of)
        return self._called[1]

    def coloring(self, around: tuple[FuncItem, ...]) -> Coloring:
        """The color of the code inside of these functions, and the engine that gives it."""
        for function in reversed(around):
            found = self.project.coloring(self.path, function.line)
            if found is not None:
                return found
        return PLAIN

    def report(
        self, rule: type[Rule], node: Context, message: str, *, around: tuple[FuncItem, ...] = (),
        witness: tuple[Frame, ...] = (), severity: Severity | None = None,
    ) -> None:  # fmt: skip
        """One error of a rule at a node, unless a comment or the configuration has it otherwise.

        Where the analyzer has found the same already, there is no second one.
        """
        config = self.project.config
        line = node.line
        if (rule.name, line) in self._known or not config.is_on(rule.name):
            return
        if rule.name in config.ignored_at(self.path) or self._is_ignored(rule.name, line):
            return
        self._known.add((rule.name, line))
        coloring = self.coloring(around)
        severity = config.severity.get(rule.name, severity or rule.severity)
        self.emit(Finding(
            code=rule.code, name=rule.name, severity=severity,
            path=shown_path(self.path), line=line, column=node.column + 1,
            end_line=node.end_line or line, end_column=(node.end_column or node.column) + 1,
            message=message, function=function_name(self.file, around), color=coloring.color,
            engine=coloring.engine, effect=rule.effect, witness=witness,
        ))  # fmt: skip

    def emit(self, finding: Finding) -> None:
        """Report what is known to be wrong."""
        if not self._ignores_all:
            self._reporter.emit(finding)

    @cached_property
    def _ignores_all(self) -> bool:
        """Asked only where there is something to report: the file has to be read for it."""
        return _IGNORES_ALL.match(self.text) is not None

    @cached_property
    def _known(self) -> set[tuple[str, int]]:
        """Rule and line of what has been found; only asked for when the types in the module are known."""
        return {(finding.name, finding.line) for finding in self.project.findings(self.path)}

    def _is_ignored(self, name: str, line: int) -> bool:
        return any(not names or name in names for names in self._ignored.get(line, ()))

    @cached_property
    def _ignored(self) -> dict[int, list[tuple[str, ...]]]:
        ignored: dict[int, list[tuple[str, ...]]] = {}
        for ignore in scan(self.text).ignores:
            ignored.setdefault(ignore.target, []).append(ignore.names)
        return ignored


def function_name(file: MypyFile, around: tuple[FuncItem, ...]) -> str:
    """The dotted name of the code inside of these functions."""
    named = [function.fullname for function in around if function.fullname]
    return named[0] if named else file.fullname


def text_of(path: str) -> str:
    """What a file holds; nothing if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
