"""Writes what the engine offers in place of a call with an effect."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst
import msgspec

from color_checker.engines.rewriting import Rewrite
from color_checker.fixes.code import Code
from color_checker.fixes.edits import Edit, Fix
from color_checker.fixes.imports import Imports
from color_checker.fixes.problem import Problem
from color_checker.fixes.templates import may_await, may_yield, parenthesized, render, waits


def fixes(problem: Problem) -> Iterator[Fix]:
    """The engine's own clock, random numbers, timer, logger … in the place of the call."""
    cause, profile = problem.cause, problem.profile
    if cause is None or profile is None or cause.node.module.library:
        return
    path = problem.paths.get(cause.node.module.path, "")
    code = problem.code(path)
    if code is None:
        return
    place = problem.program.place(cause.node, cause.site.at)
    call = code.expression(place.span, cst.Call)
    if not isinstance(call, cst.Call):
        return
    dotted = cause.site.dotted.removeprefix("builtins.")
    imports = problem.imports(code, path)
    if not _names(call.func, dotted, imports):
        return
    for rewrite in profile.rewrites:
        if dotted not in rewrite.of:
            continue
        fix = _written(problem, rewrite, dotted, code, imports, call)
        if fix is not None:
            yield fix
            return


def _names(func: cst.BaseExpression, dotted: str, imports: Imports) -> bool:
    """Whether the called expression is plainly that function or, of some object, that method."""
    if imports.resolve(func) in (dotted, f"builtins.{dotted}"):
        return True
    owner = dotted.rpartition(".")[0]
    is_method = owner.rpartition(".")[2][:1].isupper()
    return is_method and isinstance(func, cst.Attribute) and func.attr.value == dotted.rpartition(".")[2]


def _written(
    problem: Problem, rewrite: Rewrite, dotted: str, code: Code, imports: Imports, call: cst.Call
) -> Fix | None:
    cause = problem.cause
    assert cause is not None
    holes = arguments(rewrite.call, call, code, imports)
    if rewrite.changes and problem.is_read_only():
        return None
    if holes is None or not _fits(rewrite, code, call):
        return None
    if rewrite.inside == "sync" and problem.is_in_coroutine(cause.node):
        return None
    name = dotted.rpartition(".")[2]
    values = {
        "context": problem.context(cause.node),
        "call": code.source(call),
        "function": code.source(call.func),
        "name": name,
        "word": name,
        "arguments": written_arguments(code, call),
        "logged": _logged(code, call),
        **holes,
    }
    rendered = render(rewrite.write, values, lambda wanted: imports.express(wanted, call))
    if rendered is None:
        return None
    if _breaks_string(rewrite, code, call):
        return None
    edit: Edit | None = code.edit(imports.path, call, parenthesized(code, call, rendered.text))
    if rendered.text.startswith("if "):
        # The whole statement goes under the condition: it must be nothing but the call.
        is_alone = isinstance(code.parent(call), cst.Expr)
        edit = _guarded(code, imports.path, call, rendered.text) if is_alone else None
    if edit is None:
        return None
    in_helper = not problem.is_workflow(cause.node)
    title = f"Use `{_short(rendered.text)}`"
    fix = problem.fix(title, (edit, *rendered.imports), safe=rewrite.safe and not in_helper)
    return fix and msgspec.structs.replace(fix, in_helper=in_helper)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."


def _fits(rewrite: Rewrite, code: Code, call: cst.Call) -> bool:
    """Whether the expression can stand where the call stands."""
    word = waits(re.sub(r"<[\w.:]+>", "x", rewrite.write)) or ("await" if "await " in rewrite.write else "")
    if word == "await" and not may_await(code, call):
        return False
    if word == "yield" and not may_yield(code, call):
        return False
    if isinstance(code.parent(call), cst.CompFor | cst.For) and getattr(
        code.parent(call), "asynchronous", None
    ):
        return False
    function = code.function(call)
    is_async = isinstance(function, cst.FunctionDef) and function.asynchronous is not None
    return not rewrite.inside or (rewrite.inside == "async") == is_async


def arguments(pattern: str, call: cst.Call, code: Code, imports: Imports) -> dict[str, str] | None:
    """The call's arguments by the names that the pattern gives them; None if it means other calls."""
    names = [name for name in pattern.strip("()").replace(" ", "").split(",") if name]
    if names in (["*"], ["+"]):
        return {} if call.args or names == ["*"] else None
    if len(names) != len(call.args) or any(arg.star for arg in call.args):
        return None
    found: dict[str, str] = {}
    for name, arg in zip(names, call.args, strict=True):
        if "." in name:
            if imports.resolve(arg.value) != name:
                return None
            continue
        if arg.keyword is not None and arg.keyword.value != name:
            return None
        if isinstance(arg.value, cst.Name) and arg.value.value == "None":
            return None
        found[name] = code.source(arg.value)
    return found


def written_arguments(code: Code, call: cst.Call) -> str:
    """All arguments, as written between the parentheses."""
    if not call.args:
        return ""
    first, last = call.args[0], call.args[-1]
    end = code.span(last.value)[1]
    return code.text[code.span(first)[0] : end]


def _logged(code: Code, call: cst.Call) -> str | None:
    """The arguments of a `print` as those of a logger's method; None where it asks for more than that."""
    if any(arg.star or arg.keyword is not None for arg in call.args):
        return None
    values = [code.source(arg.value) for arg in call.args]
    if not values:
        return '""'
    if len(values) == 1:
        return values[0]
    return ", ".join(['"' + " ".join(["%s"] * len(values)) + '"', *values])


def _breaks_string(rewrite: Rewrite, code: Code, call: cst.Call) -> bool:
    """Whether it would end the f-string that it is in, before Python 3.12."""
    return any(
        isinstance(outer, cst.FormattedString) and outer.quote[-1:] in rewrite.write
        for outer in code.around(call)
    )


def _guarded(code: Code, path: str, call: cst.Call, text: str) -> Edit | None:
    """The edit that puts the call under a condition, if `text` is `if …: call`."""
    statement = code.statement(call)
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    start, end = code.span(statement.body[0])
    indentation = code.indentation(start)
    head, _, rest = text.partition(": ")
    if code.line_start(start) + len(indentation) != start:
        return None
    return code.lines.edit(path, start, end, f"{head}:{code.newline}{indentation}{code.indent}{rest}")
