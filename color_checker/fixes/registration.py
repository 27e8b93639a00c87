"""Lists a new step where the project lists its steps for the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import PurePath

import libcst as cst

from color_checker.activation import Activation
from color_checker.engines.rewriting import Extraction
from color_checker.fixes.code import Code, dotted, walk
from color_checker.fixes.edits import Edit
from color_checker.fixes.problem import Problem, Registration


def registrations(
    problem: Problem, node: Activation, path: str, step: str, extraction: Extraction, module: str = ""
) -> Iterator[Edit]:
    """`activities=[…, step]` in the calls that list the workflow, too; if none does, in the nearest ones."""
    if not extraction.registered or problem.profile is None:
        return
    engine = problem.profile.name
    if engine not in problem.known.registrations:
        problem.known.registrations[engine] = list(_all(problem, extraction))
    found = problem.known.registrations[engine]
    by_name = problem.known.nodes
    workflows = [by_name[name] for name in problem.finding.workflows if name in by_name] or [node]
    named = [item for item in found if any(any(_names(problem, item, w)) for w in workflows)]
    exact = [item for item in named if any(_means(problem, item, w) for w in workflows)]
    for keyword, file, code, call in (
        exact or named or _nearest(found, problem.paths.get(workflows[0].module.path, path))
    ):
        listed = next((a.value for a in call.args if a.keyword and a.keyword.value == keyword), None)
        if isinstance(listed, cst.List):
            yield from _added(problem, code, file, listed, path, module or node.module.name, step)


def _all(problem: Problem, extraction: Extraction) -> Iterator[Registration]:
    """All calls that list steps."""
    for file in _files(problem):
        if any(f"{name.rpartition('.')[2]}(" in problem.text(file) for name in extraction.registered):
            code = problem.code(file)
            if code is not None:
                for keyword, call in _calls(problem, code, file, extraction):
                    yield keyword, file, code, call


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


def _names(problem: Problem, item: Registration, workflow: Activation) -> Iterator[str]:
    """What names or attributes in the arguments of the call mean that end with the workflow's name."""
    _, file, code, call = item
    name = workflow.name.removeprefix(f"{workflow.module.name}.").partition(".")[0]
    imports = problem.imports(code, file)
    for arg in call.args:
        for node in walk(arg.value):
            if isinstance(node, cst.Name | cst.Attribute) and dotted(node).rpartition(".")[2] == name:
                yield imports.resolve(node) or name


def _means(problem: Problem, item: Registration, workflow: Activation) -> bool:
    """Whether one of them is the workflow itself, and not another one of the name.

    What a script imports may stand beside it.
    """
    file, path = item[1], problem.paths.get(workflow.module.path, "")
    for meant in _names(problem, item, workflow):
        module = meant.rpartition(".")[0]
        beside = os.path.join(os.path.dirname(file), *module.lstrip(".").split("."))
        if (module == workflow.module.name or f"{beside}.py" == path) or (not module and file == path):
            return True
    return False


def _nearest(found: Sequence[Registration], path: str) -> Iterator[Registration]:
    """Those in the folder, or below the folder around it, that is the nearest to the file."""
    near = [_folders_in_common(item[1], path) for item in found]
    return (item for item, count in zip(found, near, strict=True) if count == max(near))


def _folders_in_common(one: str, other: str) -> int:
    pairs = zip(PurePath(one).parent.parts, PurePath(other).parent.parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


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
