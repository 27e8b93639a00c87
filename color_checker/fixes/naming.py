"""Writes the registered name where a step or child workflow is called by one that is nearly the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from color_checker.activation import Activation
from color_checker.facts import Call
from color_checker.findings import Color
from color_checker.fixes.edits import Fix
from color_checker.fixes.problem import Problem

_DIGITS = re.compile(r"\d+")
_SEPARATORS = re.compile(r"[\W_]+")


def fixes(problem: Problem) -> Iterator[Fix]:
    """`"charge"` for `"chrage"`, where the name stands in the call itself.

    Never safe: another project may register the name. What is only alike, such as `charge` and
    `charge_later`, or `v1` and `v2`, is no slip.
    """
    end = problem.finding.witness[-1]
    path = problem.paths.get(end.path, "")
    code = problem.code(path)
    if code is None:
        return
    for node, position, op in _calls(problem, end.path, (end.line, end.column)):
        call = code.expression(problem.program.place_of(node, position).span, cst.Call)
        for color, keys in _targets(problem, node, position):
            literal = _literal(call, keys) if isinstance(call, cst.Call) and not op.stars else None
            if literal is None:
                continue
            names = problem.known.registered(problem.finding.engine, color)
            called = str(literal.evaluated_value)
            meant = [name for name in names if is_slip(called, name)] if called not in names else []
            if len(meant) != 1:
                continue
            edit = code.edit(path, literal, _written(meant[0], literal))
            fix = problem.fix(f"Call it `{meant[0]}`", (edit,), safe=False)
            if fix is not None:
                yield fix
                return


def _calls(problem: Problem, shown: str, place: tuple[int, int]) -> Iterator[tuple[Activation, int, Call]]:
    """The calls of the engine that begin at the place."""
    program = problem.program
    for node in program.replayed_nodes:
        if node.module.path == shown and node.facts.first_line <= place[0] <= node.facts.end_line:
            for position in node.operations:
                op = node.body.ops[position]
                found = program.place_of(node, position)
                if isinstance(op, Call) and (found.line, found.column) == place:
                    yield node, position, op


def _targets(
    problem: Problem, node: Activation, position: int
) -> Iterator[tuple[Color, tuple[int | str, ...]]]:
    """What the engine's call takes by its name, and which argument that is."""
    for record in problem.program.operations(node, position):
        profile = problem.program.profile(record.engine)
        operation = profile.operation(record.dotted) if profile is not None else None
        if operation is not None and operation.string_target and record.engine == problem.finding.engine:
            yield Color.STEP if operation.kind == "step" else Color.WORKFLOW, operation.target


def _literal(call: cst.Call, keys: tuple[int | str, ...]) -> cst.SimpleString | None:
    """The argument, if it is a plain text."""
    for index, arg in enumerate(call.args):
        name = arg.keyword.value if arg.keyword is not None else index
        if name in keys and not arg.star:
            value = arg.value
            is_text = isinstance(value, cst.SimpleString) and isinstance(value.evaluated_value, str)
            return value if is_text and isinstance(value, cst.SimpleString) else None
    return None


def is_slip(written: str, meant: str) -> bool:
    """Whether one name is so near to the other that a slip of the pen is more likely than another thing."""
    if _DIGITS.findall(written) != _DIGITS.findall(meant):
        return False
    first, second = (_SEPARATORS.sub("", name).casefold() for name in (written, meant))
    if first == second:
        return True
    shorter = min(len(first), len(second))
    if shorter < 4 or abs(len(first) - len(second)) > 2:
        return False
    return _distance(first, second) <= (1 if shorter < 8 else 2)


def _distance(first: str, second: str) -> int:
    """How many letters have to be put in, left out, replaced, or swapped with the next one."""
    rows = [list(range(len(second) + 1))]
    for row, letter in enumerate(first, start=1):
        line = [row]
        for column, other in enumerate(second, start=1):
            best = min(rows[-1][column] + 1, line[-1] + 1, rows[-1][column - 1] + (letter != other))
            swapped = row > 1 and column > 1 and (first[row - 2], letter) == (other, second[column - 2])
            line.append(min(best, rows[-2][column - 2] + 1) if swapped else best)
        rows.append(line)
    return rows[-1][-1]


def _written(name: str, literal: cst.SimpleString) -> str:
    """The name as a text, in the quotes that are there."""
    quote = literal.quote
    return f"{quote}{name}{quote}" if name.isprintable() and not set(name) & {"\\", *quote} else repr(name)
