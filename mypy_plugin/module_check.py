"""The check of one module's color, when mypy has checked everything in it."""

from __future__ import annotations

from collections.abc import Callable

from mypy.checker import TypeChecker
from mypy.nodes import CallExpr, FuncItem, Node

from color_checker.places import Spot
from mypy_plugin import arguments, lost, storable
from mypy_plugin.names import Names
from mypy_plugin.project import Project
from mypy_plugin.typed_places import types_at
from mypy_plugin.visit import Visit
from mypy_plugin.walk import walk

#: What is done at each node of a class.
Check = Callable[[Visit, Node, tuple[FuncItem, ...]], None]

CHECKS: tuple[tuple[type[Node], Check], ...] = (
    (CallExpr, arguments.check),
    *storable.CHECKS,
    *lost.CHECKS,
)

_CHECKS_OF: dict[type[Node], list[Check]] = {}
for _kind, _check in CHECKS:
    _CHECKS_OF.setdefault(_kind, []).append(_check)


def check_module(api: TypeChecker, names: Names, project: Project) -> frozenset[str]:
    """Report what is wrong about color in the module that mypy is checking.

    Returns the paths of the files in which other things are found, now that the types in this one are known.
    """
    visit = Visit(api, names, project)
    changed = _learn(visit)
    for finding in project.findings(visit.path):
        visit.emit(finding)
    for node, around in walk(visit.file, _CHECKS_OF):
        for check in _CHECKS_OF[type(node)]:
            check(visit, node, around)
    return changed


def _learn(visit: Visit) -> frozenset[str]:
    """Answer the analyzer's questions about the module, before its findings are asked for."""
    project, path = visit.project, visit.path
    changed: frozenset[str] = frozenset()
    asked: tuple[Spot, ...] = ()
    while (questions := project.questions(path)) != asked:
        asked = questions
        lines = None if visit.text.isascii() else visit.text.encode("utf-8", "replace").split(b"\n")
        changed |= project.learn(path, asked, types_at(asked, visit.file, visit.type_of, lines))
    return changed
