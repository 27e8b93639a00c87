"""Lists a new step where the project lists its steps for the engine."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from color_checker.activation import Activation
from color_checker.engines.rewriting import Extraction
from color_checker.fixes.code import Code, dotted, walk
from color_checker.fixes.edits import Edit
from color_checker.fixes.problem import Problem


def registrations(
    problem: Problem, node: Activation, path: str, step: str, extraction: Extraction, module: str = ""
) -> Iterator[Edit]:
    """`activities=[…, step]` in the calls that list the workflow, too, or all if none does."""
    if not extraction.registered or problem.profile is None:
        return
    names = set(node.name.split("."))
    found = [
        (one, file, code, call)
        for file in _files(problem)
        if any(f"{name.rpartition('.')[2]}(" in problem.text(file) for name in extraction.registered)
        if (code := problem.code(file)) is not None
        for one, call in _calls(problem, code, file, extraction)
    ]
    those = [item for item in found if _mentions(item[3], names)] or found
    for keyword, file, code, call in those:
        listed = next((a.value for a in call.args if a.keyword and a.keyword.value == keyword), None)
        if isinstance(listed, cst.List):
            yield from _added(problem, code, file, listed, path, module or node.module.name, step)


def _files(problem: Problem) -> Iterator[str]:
    """The files that import the engine."""
    assert problem.profile is not None
    for source in problem.analysis.project.files:
        head = problem.analysis.project.head(source)
        if head is not None and any(problem.profile.owns(fact.module) for fact in head.imports):
            yield source.path


def _calls(problem: Problem, code: Code, file: str, extraction: Extraction) -> Iterator[tuple[str, cst.Call]]:
    assert problem.profile is not None
    lasts = {name.rpartition(".")[2]: (name, keyword) for name, keyword in extraction.registered.items()}
    imports = problem.imports(code, file)
    for node in walk(code.module):
        if isinstance(node, cst.Call) and dotted(node.func).rpartition(".")[2] in lasts:
            name, keyword = lasts[dotted(node.func).rpartition(".")[2]]
            if problem.profile.canonical(imports.resolve(node.func)) == name:
                yield keyword, node


def _mentions(call: cst.Call, names: set[str]) -> bool:
    return any(isinstance(node, cst.Name) and node.value in names for node in walk(call))


def _added(
    problem: Problem, code: Code, file: str, listed: cst.List, path: str, module: str, step: str
) -> Iterator[Edit]:
    text = step
    if file != path:
        named = problem.imports(code, file).express(f"{module}:{step}", listed)
        if named is None:
            return
        text = named.text
        yield from named.edits
    elements = listed.elements
    if not elements:
        yield code.edit(file, listed, f"[{text}]")  # not put in: two fixes would need a comma between
        return
    last = elements[-1]
    end = code.span(last.value)[1]
    indentation = code.indentation(code.span(last)[0])
    separator = f",{code.newline}{indentation}" if indentation else ", "
    yield code.insert(file, end, f"{separator}{text}")
