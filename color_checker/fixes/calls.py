"""Writes the engine's call of a step in the place of a direct one."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.activation import Activation
from color_checker.engines.rewriting import Extraction
from color_checker.facts import NOTHING, POSITIONAL, POSITIONAL_ONLY, Call, FunctionFacts
from color_checker.findings import Color
from color_checker.fixes.code import Code, dotted
from color_checker.fixes.edits import Edit, Fix
from color_checker.fixes.imports import Imports
from color_checker.fixes.problem import Problem
from color_checker.fixes.templates import may_await, may_yield, parenthesized, render, waits
from color_checker.values import Func


def fixes(problem: Problem) -> Iterator[Fix]:
    """`await workflow.execute_activity(charge, order, …)` for `charge(order)`; never safe.

    Timeouts are only something to begin with.
    """
    found = _direct_call(problem)
    profile = problem.profile
    if found is None or profile is None or problem.is_read_only():
        return
    node, position, target = found
    path = problem.paths.get(node.module.path, "")
    code = problem.code(path)
    if code is None or not (problem.is_workflow(node) or problem.is_only_replayed(node)):
        return
    coloring = problem.program.linker.colors.of(target)
    for extraction in profile.extractions:
        if extraction.nested:
            continue
        edits = engine_call(
            problem, extraction, code, problem.imports(code, path), node,
            position, target.facts,
            name=coloring.name if coloring is not None else target.facts.name,
            given=len(extraction.parameters),
        )  # fmt: skip
        fix = problem.fix(f"Let {profile.title} call it", tuple(edits), safe=False) if edits else None
        if fix is not None:
            yield fix
            return


def _direct_call(problem: Problem) -> tuple[Activation, int, Activation] | None:
    """The function and the operation that call a step's body, and the step."""
    end = problem.finding.witness[-1]
    program = problem.program
    for node in program.nodes:
        if node.module.path != end.path:
            continue
        for position, targets in node.targets.items():
            place = program.place_of(node, position)
            if (place.line, place.column) != (end.line, end.column):
                continue
            for target in targets:
                coloring = program.linker.colors.of(target)
                if coloring is not None and coloring.color is Color.STEP:
                    return node, position, target
    return None


def engine_call(
    problem: Problem, extraction: Extraction, code: Code, imports: Imports, node: Activation, position: int,
    step: FunctionFacts, *, name: str, given: int = 0,
) -> list[Edit]:  # fmt: skip
    """The edits that make the call of the function `step` one of the engine; none if that cannot be.

    Args:
        name: under which the step is registered.
        given: how many of the first arguments the engine itself gives.
    """
    call = code.expression(problem.program.place_of(node, position).span, cst.Call)
    if not isinstance(call, cst.Call) or dotted(call.func).rpartition(".")[2] == "" or step.owner != NOTHING:
        return []
    op = node.body.ops[position]
    if not isinstance(op, Call) or not _is_plain(problem, node, op, step):
        return []
    values = arguments_in_order(code, call, step)
    if values is None or (extraction.packed and len(values) - given > 1):
        return []
    values = values[given:]
    template = extraction.call
    if not values and extraction.call_none:
        template = extraction.call_none
    elif len(values) > 1 and extraction.call_many:
        template = extraction.call_many
    replaced = code.parent(call) if isinstance(code.parent(call), cst.Await) else call
    if not _fits(code, template, replaced):
        return []
    rendered = render(
        template,
        {
            "context": problem.context(node),
            "step": name if '"$step"' in template else code.source(call.func),
            "arguments": ", ".join(values),
        },
        lambda wanted: imports.express(wanted, call),
    )
    if rendered is None:
        return []
    return [
        code.edit(imports.path, replaced, parenthesized(code, replaced, rendered.text)),
        *rendered.imports,
    ]


def _is_plain(problem: Problem, node: Activation, op: Call, step: FunctionFacts) -> bool:
    """Whether what is called is the function itself: not, say, a `partial` of it."""
    values = problem.program.values(node, op.func)
    return bool(values) and all(isinstance(value, Func) and value.facts is step for value in values)


def _fits(code: Code, template: str, node: cst.CSTNode) -> bool:
    word = waits(template)
    if word == "await":
        return may_await(code, node)
    return word != "yield" or may_yield(code, node)


def arguments_in_order(code: Code, call: cst.Call, step: FunctionFacts) -> list[str] | None:
    """The call's arguments in the order of the parameters; None if they cannot be given by position."""
    if any(arg.star for arg in call.args):
        return None
    names = [param.name for param in step.params if param.kind in (POSITIONAL_ONLY, POSITIONAL)]
    if len(names) != len(step.params):
        return None
    found: dict[str, str] = {}
    for index, arg in enumerate(call.args):
        name = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
        if name not in names or name in found:
            return None
        found[name] = code.source(arg.value)
    given = names[: len(found)]
    return [found[name] for name in given] if set(given) == set(found) else None
