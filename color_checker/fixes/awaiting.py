"""Adds the `await`, or `yield`, without which an engine's call is lost."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.fixable import is_generator, lost_call
from color_checker.fixes.edits import Fix
from color_checker.fixes.problem import Problem
from color_checker.fixes.templates import may_await, may_yield, parenthesized


def fixes(problem: Problem) -> Iterator[Fix]:
    """`await f()` where `f()` stands; in the generator functions of an engine `yield f()`."""
    found = lost_call(problem.program, problem.finding)
    if found is None:
        return
    node, at = found
    path = problem.paths.get(node.module.path, "")
    code = problem.code(path)
    place = problem.program.place(node, at)
    if code is None:
        return
    call = code.expression(place.span, cst.Call)
    if call is None:
        return
    if may_await(code, call):
        word = "await"
    elif may_yield(code, call) and is_generator(problem.program, node):
        word = "yield"
    else:
        return
    text = parenthesized(code, call, f"{word} {code.source(call)}")
    fix = problem.fix(
        f"Put `{word}` before it",
        (code.edit(path, call, text),),
        safe=isinstance(code.parent(call), cst.Expr),
    )
    if fix is not None:
        yield fix
