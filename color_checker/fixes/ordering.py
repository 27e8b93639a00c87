"""Puts `sorted()` around what is iterated in an order that no replay repeats."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.classes import ClassInfo
from color_checker.facts import Build, Call, Iterate, Op
from color_checker.fixable import is_sortable, iterated
from color_checker.fixes.code import Code, dotted, walk
from color_checker.fixes.edits import Fix
from color_checker.fixes.problem import Problem
from color_checker.fixes.scopes import is_global
from color_checker.values import NONE, Bound, Box, Class, Const, ExtInst, Func, Inst, Value

#: What cannot be compared.
_UNORDERED = frozenset({"object", "None", "dict", "complex"})

#: Functions that do with an iterable what `sorted` does with it, but for the order.
_SAME_AS_SORTED = frozenset({"list"})


def fixes(problem: Problem) -> Iterator[Fix]:
    """`for x in sorted(names)`, and the same for what is handed to a call or unpacked."""
    cause = problem.cause
    if cause is None or cause.node.module.library:
        return
    path = problem.paths.get(cause.node.module.path, "")
    code = problem.code(path)
    if code is None:
        return
    place = problem.program.place(cause.node, cause.site.at)
    found = code.expression(place.span)
    op = cause.node.body.ops[cause.site.position]
    target = _unordered(found, op)
    if (
        target is None
        or not is_global(code, target, "sorted")
        or "sorted" in problem.imports(code, path).bound
    ):
        return
    kinds = _kinds(problem, op)
    if _cannot_be_sorted(kinds):
        return
    safe = is_sortable(kinds) and problem.is_workflow(cause.node)
    if isinstance(found, cst.Call) and target is not found and _is_list(code, found):
        edit = code.edit(path, found.func, "sorted")
    else:
        edit = code.edit(path, target, f"sorted({code.source(target)})")
    fix = problem.fix("Sort it with `sorted()`", (edit,), safe=safe)
    if fix is not None:
        yield fix


def _unordered(found: cst.BaseExpression | None, op: Op) -> cst.BaseExpression | None:
    """The expression whose order shows."""
    match op:
        case Iterate():
            return found
        case Call() if isinstance(found, cst.Call):
            plain = [arg for arg in found.args if not arg.star and arg.keyword is None]
            if len(plain) == len(found.args) == 1:
                return plain[0].value
            starred = [arg for arg in found.args if arg.star == "*"]
            return starred[0].value if len(starred) == 1 else None
        case Build() if isinstance(found, cst.List | cst.Tuple):
            starred_elements = [e for e in found.elements if isinstance(e, cst.StarredElement)]
            return starred_elements[0].value if len(starred_elements) == 1 else None
    return None


def _is_list(code: Code, call: cst.Call) -> bool:
    func = call.func
    return isinstance(func, cst.Name) and func.value in _SAME_AS_SORTED and is_global(code, call, func.value)


def _kinds(problem: Problem, op: Op) -> set[str]:
    """The types of the elements, "?" for those that are not known, "object" for what has no order."""
    cause = problem.cause
    assert cause is not None
    boxes = [value for slot in iterated(op) for value in problem.program.values(cause.node, slot)]
    return {kind for value in boxes for kind in _element_kinds(problem, value)} or {"?"}


def _cannot_be_sorted(kinds: set[str]) -> bool:
    """Whether comparing the elements is known to fail."""
    return bool(kinds & _UNORDERED) or {"str", "int"} <= kinds


def _element_kinds(problem: Problem, value: Value) -> set[str]:
    if not isinstance(value, Box):
        return {"?"}
    elements = [element for var in (value.elements, *value.keyed.values()) for element in var.values]
    return {_kind(problem, element) for element in elements} or {"?"}


def _kind(problem: Problem, element: Value) -> str:
    match element:
        case Const():
            return element.kind
        case ExtInst() if element.dotted.startswith("builtins."):
            return element.dotted.removeprefix("builtins.")
        case Inst() if not _has_order(problem, element.info):
            return "object"
        case Func() | Bound() | Class():
            return "object"
        case _ if element is NONE:
            return "None"
    return "?"


def _has_order(problem: Problem, info: ClassInfo) -> bool:
    """Whether objects of the class may know which of two comes first."""
    entries = [entry for entry in info.mro() if not isinstance(entry, str)]
    return bool(info.external_bases()) or any(
        "__lt__" in entry.facts.methods or _is_made_to_order(problem, entry) for entry in entries
    )


def _is_made_to_order(problem: Problem, info: ClassInfo) -> bool:
    """Whether a decorator may give the class an order, as `@dataclass(order=True)` does."""
    code = problem.code(problem.paths.get(info.module.path, ""))
    if code is None:
        return True
    for node in walk(code.module):
        if isinstance(node, cst.ClassDef) and code.lines.place(code.span(node.name)[0])[0] == info.facts.line:
            return any(not _gives_no_order(decorator.decorator) for decorator in node.decorators)
    return True


def _gives_no_order(decorator: cst.BaseExpression) -> bool:
    called = decorator.func if isinstance(decorator, cst.Call) else decorator
    given = decorator.args if isinstance(decorator, cst.Call) else ()
    is_ordered = any(arg.keyword is None or arg.keyword.value == "order" for arg in given)
    return dotted(called).rpartition(".")[2] == "dataclass" and not is_ordered
