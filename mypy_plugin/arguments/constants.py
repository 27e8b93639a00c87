"""Whether a variable may hold a text, as far as can be seen without any analysis."""

from __future__ import annotations

import re

from mypy.nodes import Expression, ImportFrom, MemberExpr, MypyFile, NameExpr

from color_checker.texts import source_text
from mypy_plugin.project import Project

#: Assigned a text: `NAME = "x"`, `NAME: str = ("x"`, and also `f(name="x")`.
_ASSIGNED = r"(?<!\w){}\s*(?::[^=\n]*)?=\s*\(?\s*[rRuUfF]?[\"']"


class Constants:
    """The texts of a project's files, looked through for what is assigned in them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._texts: tuple[str, ...] | None = None
        self._known: dict[str, bool] = {}

    def may_be(self, expression: Expression, file: MypyFile) -> bool:
        """Whether anything of the name of a variable or attribute in a file is assigned a text anywhere."""
        if not isinstance(expression, NameExpr | MemberExpr):
            return True
        if expression.name == "value" and isinstance(expression, MemberExpr):
            return self.may_be(expression.expr, file)  # of an enumeration's member
        name = _imported_as(expression.name, file)
        if name not in self._known:
            self._known[name] = self._is_assigned(name)
        return self._known[name]

    def _is_assigned(self, name: str) -> bool:
        if self._texts is None:
            self._texts = tuple(source_text(path) for path in self._project.files)
        pattern = re.compile(_ASSIGNED.format(re.escape(name)))
        return any(name in text and pattern.search(text) for text in self._texts)


def _imported_as(name: str, file: MypyFile) -> str:
    """What is called `name` here where it comes from."""
    for statement in file.imports:
        for there, here in statement.names if isinstance(statement, ImportFrom) else ():
            if here == name:
                return there
    return name
