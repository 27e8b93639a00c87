"""Adds the `await`, or `yield`, without which an engine's call is lost."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.activation import Activation
from color_checker.facts import Call
from color_checker.fixes.edits import Fix
from color_checker.fixes.problem import Problem
from color_checker.fixes.templates import may_await, may_yield, parenthesized


def fixes(problem: Problem) -> Iterator[Fix]:
    """`await f()` where `f()` stands; in the generator functions of an engine `yield f()`."""
    found = _lost_call(problem)
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
    elif may_yield(code, call) and _is_generator(problem, node):
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


def _lost_call(problem: Problem) -> tuple[Activation, int] | None:
    """The function and the place of the call at which the witness ends."""
    end = problem.finding.witness[-1]
    program = problem.program
    for node in program.replayed_nodes:
        unused = frozenset(node.body.unused)
        if node.module.path != end.path or node.module.library:
            continue
        for _, op in program.ops(node):
            if isinstance(op, Call) and op.dst in unused:
                place = program.place(node, op.at)
                if (place.line, place.column) == (end.line, end.column):
                    return node, op.at
    return None


def _is_generator(problem: Problem, node: Activation) -> bool:
    """Whether the engine runs the function itself as a generator."""
    coloring = problem.program.linker.colors.of(node)
    return coloring is not None and coloring.source is not None and coloring.source.generator
