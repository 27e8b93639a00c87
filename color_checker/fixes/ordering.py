"""Puts `sorted()` around what is iterated in an order that no replay repeats."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.facts import Build, Call, Iterate, Op
from color_checker.fixes.code import Code
from color_checker.fixes.edits import Fix
from color_checker.fixes.problem import Problem
from color_checker.fixes.scopes import is_global
from color_checker.values import Box, Const, Value

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
    safe = _is_sortable(problem, op)
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


def _is_sortable(problem: Problem, op: Op) -> bool:
    """Whether all elements are known to be texts, or to be numbers, so that comparing them cannot fail."""
    cause = problem.cause
    assert cause is not None
    match op:
        case Iterate() | Build():
            slots = [getattr(op, "obj", -1), *getattr(op, "stars", ())]
        case Call():
            slots = [*op.args, *op.stars]
        case _:
            return False
    boxes = [value for slot in slots for value in problem.program.values(cause.node, slot)]
    kinds = {kind for value in boxes for kind in _element_kinds(value)}
    return len(kinds) == 1 and kinds <= {"str", "int"} and problem.is_workflow(cause.node)


def _element_kinds(value: Value) -> set[str]:
    if not isinstance(value, Box):
        return {"?"}
    elements = [element for var in (value.elements, *value.keyed.values()) for element in var.values]
    return {element.kind if isinstance(element, Const) else "?" for element in elements} or {"?"}
