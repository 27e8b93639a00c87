"""Lets the engine's own signals through an exception handler."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import libcst as cst

from color_checker.fixes.code import Code, dotted, walk
from color_checker.fixes.edits import Edit, Fix
from color_checker.fixes.problem import Problem
from color_checker.fixes.scopes import is_global

#: What is raised where a workflow is canceled.
_CANCELED = "CancelledError"


def fixes(problem: Problem) -> Iterator[Fix]:
    """`except Exception` for what catches everything, and a `raise` for what catches a cancellation.

    Never safe: what the handler does for a workflow that is leaving is not done any more, or not all.
    """
    end = problem.finding.witness[-1]
    path = problem.paths.get(end.path, "")
    code = problem.code(path)
    if code is None:
        return
    handler = _handlers(code).get((end.line, end.column))
    found = _edit(code, path, handler) if handler is not None else None
    if found is None:
        return
    title, edit = found
    fix = problem.fix(title, (edit,), safe=False)
    if fix is not None:
        yield fix


@lru_cache(maxsize=32)
def _handlers(code: Code) -> dict[tuple[int, int], cst.ExceptHandler]:
    """All handlers of a file, by line and column."""
    return {
        code.lines.place(code.span(node)[0]): node
        for node in walk(code.module)
        if isinstance(node, cst.ExceptHandler)
    }


def _edit(code: Code, path: str, handler: cst.ExceptHandler) -> tuple[str, Edit] | None:
    start = code.span(handler)[0]
    caught = handler.type
    is_everything = caught is None or (isinstance(caught, cst.Name) and caught.value == "BaseException")
    if is_everything:
        if not is_global(code, handler, "Exception"):
            return None
        title = "Catch only `Exception`"
        if caught is None:
            return title, code.insert(path, start + len("except"), " Exception")
        return title, code.edit(path, caught, "Exception")
    if isinstance(caught, cst.Tuple):
        names = [dotted(e.value) for e in caught.elements if dotted(e.value).endswith(_CANCELED)]
        if len(names) != 1:
            return None
        indentation = code.indentation(start)
        clause = f"except {names[0]}:{code.newline}{indentation}{code.indent}raise{code.newline}{indentation}"
        return f"Let `{names[0]}` through", code.insert(path, start, clause)
    if caught is not None and dotted(caught).rpartition(".")[2] == _CANCELED:
        return _raised(code, path, handler)
    return None


def _raised(code: Code, path: str, handler: cst.ExceptHandler) -> tuple[str, Edit] | None:
    """The `raise` at the end of a handler that comes to its end."""
    title = "Raise again at the end"
    body = handler.body.body
    last = body[-1]
    parts = last.body if isinstance(last, cst.SimpleStatementLine) else [last]
    if len(body) == len(parts) == 1 and isinstance(parts[0], cst.Pass):
        return title, code.edit(path, parts[0], "raise")
    if not isinstance(handler.body, cst.IndentedBlock):
        return None
    if isinstance(parts[-1], cst.Raise | cst.Return | cst.Continue | cst.Break):
        return None
    first, end = code.span(body[0])[0], code.next_line(code.span(last)[1])
    above = "" if code.text[:end].endswith(("\n", "\r")) else code.newline
    return title, code.insert(path, end, f"{above}{code.indentation(first)}raise{code.newline}")
