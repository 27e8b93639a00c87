"""The check of one module's color, when mypy has checked everything in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial

from mypy.checker import TypeChecker
from mypy.nodes import CallExpr, Expression, FuncItem, Node
from mypy.types import ProperType, get_proper_type

from color_checker.places import Spot
from mypy_plugin import arguments, lost, storable
from mypy_plugin.names import Names
from mypy_plugin.project import Project
from mypy_plugin.typed_places import types_at
from mypy_plugin.visit import Visit, text_of
from mypy_plugin.walk import walk

#: What is done at each node of a class.
Check = Callable[[Visit, Node, tuple[FuncItem, ...]], None]

CHECKS: tuple[tuple[type[Node], Check], ...] = (
    (CallExpr, arguments.check),
    *storable.CHECKS,
    *lost.CHECKS,
)

#: A `# type: ignore` before the first statement, which counts for the whole file. The tree does not show it:
#: mypy's parsers leave the statements out, or put them into a block that is never reached.
_IGNORES_ALL = re.compile(r"(?:[ \t]*(?:#.*)?\n)*?[ \t]*#\s*type:\s*ignore\b")

_CHECKS_OF: dict[type[Node], list[Check]] = {}
for _kind, _check in CHECKS:
    _CHECKS_OF.setdefault(_kind, []).append(_check)


def check_module(api: TypeChecker, names: Names, project: Project) -> frozenset[str]:
    """Report what is wrong about color in the module that mypy is checking.

    Returns the paths of the files in which other things are found, now that the types in this one are known.
    """
    changed = _learn(api, project)
    if _IGNORES_ALL.match(text_of(api.path)):
        return changed
    visit = Visit(api, names, project)
    for finding in project.findings(visit.path):
        visit.emit(finding)
    for node, around in walk(visit.file, _CHECKS_OF):
        for check in _CHECKS_OF[type(node)]:
            check(visit, node, around)
    return changed


def _learn(api: TypeChecker, project: Project) -> frozenset[str]:
    """Answer the analyzer's questions about the module, before its findings are asked for."""
    path = os.path.abspath(api.path)
    changed: frozenset[str] = frozenset()
    asked: tuple[Spot, ...] = ()
    while (questions := project.questions(path)) != asked:
        asked = questions
        text = text_of(path)
        lines = None if text.isascii() else text.encode("utf-8", "replace").split(b"\n")
        answers = types_at(asked, api.tree, partial(_type_of, api), lines)
        changed |= project.learn(path, asked, answers)
    return changed


def _type_of(api: TypeChecker, expression: Expression) -> ProperType | None:
    return get_proper_type(api.lookup_type(expression)) if api.has_type(expression) else None
