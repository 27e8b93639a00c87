"""Turns findings into errors and notes of mypy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mypy.checker import TypeChecker
from mypy.errors import ErrorInfo
from mypy.nodes import ClassDef, Expression, FuncDef, MypyFile, NameExpr, Node

from color_checker.findings import Finding
from mypy_plugin.codes import CODES
from mypy_plugin.compat import set_context
from mypy_plugin.walk import children_of

#: How the links of a witness are joined. Consoles that mypy prints to need not know more than ASCII.
_LEADS_TO = " -> "


class Reporter:
    """Reports what is found in the module that mypy is checking."""

    def __init__(self, api: TypeChecker) -> None:
        self._api = api
        self._explained: set[str] = set()

    def emit(self, finding: Finding) -> None:
        """Report one finding at its place; notes below it prove it, and say where its rule is explained."""
        api, code = self._api, CODES[finding.name]
        place = _expression(finding)
        known = len(self._infos())
        if finding.severity == "note":
            api.note(finding.message, place, code=code)
        else:
            # mypy has no warnings; those of color-checker, too, make a run fail.
            api.fail(finding.message, place, code=code)
        for line in witness_lines(finding):
            api.note(line, place, code=code)
        if finding.name not in self._explained and len(self._infos()) > known:
            # Once for a module: what is said in one must not depend on what mypy has said of others,
            # for it comes again from mypy's cache while the others change.
            self._explained.add(finding.name)
            api.note(f'See "color-checker explain {finding.name}"', place, code=code)
        context = context_at(api.tree, finding.line)
        for info in self._infos()[known:]:
            set_context(info, *context)

    def _infos(self) -> list[ErrorInfo]:
        return self._api.errors.error_info_map.get(self._api.errors.file, [])


def witness_lines(finding: Finding) -> Iterator[str]:
    """The chain of calls that proves the finding, and where each of its calls stands."""
    frames = finding.witness
    if len(frames) < 2:
        return
    yield f"Proof: {_LEADS_TO.join(frame.function for frame in frames)}"
    if len(frames) > 2:
        for frame, following in pairwise(frames):
            yield f"  {frame.path}:{frame.line}: {frame.function} reaches {following.function}"


def context_at(file: MypyFile, line: int) -> tuple[str | None, str | None]:
    """What `--show-error-context` names: the class and the function at the line, outermost first.

    To mypy the place of an error is the function that it is checking, and that is ours.
    """
    around = list(_definitions_at(file, line))
    functions = [node.name for node in around if isinstance(node, FuncDef)]
    if not functions:
        return (around[-1].name if around else None), None
    first = next(index for index, node in enumerate(around) if isinstance(node, FuncDef))
    nested = len(functions) > 1 or first + 1 < len(around)
    return (around[first - 1].name if first and not nested else None), functions[0]


def _definitions_at(node: Node, line: int) -> Iterator[ClassDef | FuncDef]:
    for child in children_of(node):
        if isinstance(child, Expression):
            continue
        if isinstance(child, ClassDef | FuncDef):
            if not child.line <= line <= (child.end_line or child.line):
                continue
            yield child
        yield from _definitions_at(child, line)


def _expression(finding: Finding) -> NameExpr:
    """A place for mypy: an expression, since `# type: ignore` counts on every line of one."""
    place = NameExpr(finding.name)
    place.set_line(finding.line, finding.column - 1, finding.end_line, finding.end_column - 1)
    return place
