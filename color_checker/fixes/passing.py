"""Puts an import into the block that keeps it out of the engine's sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.fixes.code import Code
from color_checker.fixes.edits import Fix
from color_checker.fixes.problem import Problem
from color_checker.fixes.scopes import bound
from color_checker.fixes.templates import render


def fixes(problem: Problem) -> Iterator[Fix]:
    """`with workflow.unsafe.imports_passed_through():` around the import, where the engine has that."""
    code = problem.code(problem.path)
    if code is None:
        return
    line = _import_line(code, problem.finding.line)
    if line is None or not isinstance(code.parent(line), cst.Module):
        return
    imports = problem.imports(code, problem.path)
    start, end = code.span(line)
    if len(code.text[start:end].splitlines()) > 1:
        return
    for profile in problem.program.profiles.values():
        if not profile.imports_block or not any(profile.owns(name) for name in imports.names.values()):
            continue
        rendered = render(profile.imports_block, {}, lambda wanted: imports.express(wanted, code.module))
        above = _binding(code, rendered.text.partition(".")[0]) if rendered is not None else None
        if rendered is None or above is None:
            continue
        import_ = code.text[start : code.next_line(end)].rstrip("\r\n")  # with its comment
        block = f"with {rendered.text}:{code.newline}{code.indent}{import_}"
        if code.span(above)[0] < start:
            edits = [code.lines.edit(problem.path, start, start + len(import_), block)]
        else:
            edits = [
                code.lines.edit(problem.path, start, code.next_line(end), ""),
                code.insert(problem.path, code.next_line(code.span(above)[1]), block + code.newline),
            ]
        fix = problem.fix(f"Put it under `with {rendered.text}`", tuple(edits), safe=True)
        if fix is not None:
            yield fix
            return


def _binding(code: Code, name: str) -> cst.CSTNode | None:
    """The module's first statement that binds the name."""
    return next((node for node in code.module.body if name in bound(node)), None)


def _import_line(code: Code, line: int) -> cst.SimpleStatementLine | None:
    for node in code.module.body:
        if (
            isinstance(node, cst.SimpleStatementLine)
            and len(node.body) == 1
            and isinstance(node.body[0], cst.Import | cst.ImportFrom)
            and code.lines.place(code.span(node)[0])[0] == line
        ):
            return node
    return None
