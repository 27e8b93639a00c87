"""Makes a step of the piece of a workflow that has an effect."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import libcst as cst
import msgspec

from color_checker.activation import Activation
from color_checker.engines.rewriting import Extraction
from color_checker.fixes.annotating import Annotations
from color_checker.fixes.code import Code, dotted, walk
from color_checker.fixes.edits import Edit, Fix
from color_checker.fixes.hints import Hints
from color_checker.fixes.imports import Imports
from color_checker.fixes.problem import Problem
from color_checker.fixes.regions import Region, Search, self_name
from color_checker.fixes.registration import registrations
from color_checker.fixes.templates import parenthesized, render
from color_checker.fixes.text import indented
from color_checker.program import Place

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def fixes(problem: Problem) -> Iterator[Fix]:
    """The effectful expression or statements as a step that the workflow calls; never safe.

    What leads to the effect is looked at from the workflow on; functions in between only if nothing else
    calls them.
    """
    profile = problem.profile
    if profile is None or problem.is_read_only() or problem.is_of_the_loop():
        return
    for node, place in _frames(problem):
        if node.module.library or not (problem.is_workflow(node) or problem.is_only_replayed(node)):
            return
        for extraction in profile.extractions:
            fix = _Extracting(problem, extraction, node, place).fix()
            if fix is not None:
                yield fix
                return


def _frames(problem: Problem) -> Iterator[tuple[Activation, Place]]:
    """The functions from the workflow to the effect, each with what it does to get there."""
    cause, program = problem.cause, problem.program
    if cause is None:
        if problem.anchor is not None:
            yield problem.anchor, Place(problem.finding.path, *problem.span)
        return
    for step in cause.chain:
        yield step.caller, program.place_of(step.caller, step.position)
    yield cause.node, program.place_of(cause.node, cause.site.position)


class _Names(msgspec.Struct, frozen=True):
    """What the new function and its variables are called.

    Attributes:
        word: what it does, for names of steps.
        step: the function.
        packed: the parameter in which all arguments come.
    """

    word: str
    step: str
    packed: str


class _Extracting:
    """One attempt to make a step of something in one function."""

    def __init__(self, problem: Problem, extraction: Extraction, node: Activation, place: Place) -> None:
        self.problem = problem
        self.extraction = extraction
        self.node = node
        self.place = place
        self.path = problem.paths.get(node.module.path, "")

    def fix(self) -> Fix | None:
        """The fix, if there is a piece that can become a step."""
        code = self.problem.code(self.path)
        if code is None:
            return None
        place = self.place
        start = code.lines.offset(place.line, place.column)
        end = code.lines.offset(place.end_line, place.end_column)
        found = code.covering(start, end)
        if found is None or not self._fits(code, found):
            return None
        known = self.problem.known
        storing = self.problem.storing(code, self.node, self.extraction.stored)
        hints = Hints(self.problem, code, self.node, storing)
        key = self.node.module.key
        if key not in known.operations:
            known.operations[key] = list(self._operations(code))
        spans, context = known.operations[key], self.problem.context(self.node)
        region = Search(code, storing, hints, self.extraction, spans, context).around(found)
        if region is None:
            return None
        imports = self.problem.imports(code, self.path)
        annotations = Annotations(hints, imports, region, self.extraction, self.node.module.name)
        return self._written(code, imports, annotations, region, self._names(code, found))

    def _fits(self, code: Code, found: cst.CSTNode) -> bool:
        if not self.extraction.inside:
            return True
        function = code.function(found)
        is_async = isinstance(function, cst.FunctionDef) and function.asynchronous is not None
        if self.extraction.inside == "async":
            return is_async
        return not is_async and not self.problem.is_in_coroutine(self.node)

    def _operations(self, code: Code) -> Iterator[tuple[int, int]]:
        """Where the functions around call the engine, or code that does."""
        program = self.problem.program
        scopes = [node for node in program.nodes if node.module is self.node.module]
        for scope in scopes:
            positions = {*scope.operations, *(p for p in scope.targets if self._calls_engine(scope, p))}
            for position in positions:
                place = program.place_of(scope, position)
                yield (
                    code.lines.offset(place.line, place.column),
                    code.lines.offset(place.end_line, place.end_column),
                )

    def _calls_engine(self, node: Activation, position: int) -> bool:
        """Whether the call leads to one of the engine's."""
        pending = list(node.targets.get(position, ()))
        seen = set(pending)
        while pending:
            target = pending.pop()
            if target.operations or self.problem.program.linker.colors.is_border(target):
                return True
            for targets in target.targets.values():
                pending += [inner for inner in targets if inner not in seen]
                seen.update(targets)
        return False

    def _names(self, code: Code, found: cst.CSTNode) -> _Names:
        profile = self.problem.profile
        assert profile is not None
        taken = code.words.union(self.problem.taken)
        called = found.func if isinstance(found, cst.Call) else found
        last = dotted(called).rpartition(".")[2] if isinstance(called, cst.Name | cst.Attribute) else ""
        if not last and isinstance(called, cst.Attribute):
            last = called.attr.value
        word = _CAMEL.sub("_", last).lower().strip("_") or self.problem.finding.name.replace("-", "_")
        kind = profile.step_word if profile.step_word.isidentifier() else "step"
        step = _free(f"{word}_{kind}", taken)
        return _Names(word, step, _free("arguments", taken))

    # -- writing --------------------------------------------------------------------------------

    def _written(
        self, code: Code, imports: Imports, annotations: Annotations, region: Region, names: _Names
    ) -> Fix | None:
        """The fix that makes a step of the region."""
        extraction = self.extraction
        inputs = [*region.inputs, *region.attributes]
        values = {
            "context": self.problem.context(self.node),
            "owner": _owner(code, region.nodes[0]),
            "step": names.step,
            "word": names.word,
            "input": names.packed if len(inputs) > 1 else inputs[0] if inputs else extraction.nothing,
            "arguments": self._arguments(code, region),
        }
        if extraction.nested and region.expression is not None and not region.waits:
            values["expression"] = _one_line(code, region.expression)
            template = extraction.inline
        else:
            template = _template(extraction, len(inputs), region.waits)
        call = render(
            template,
            values,
            lambda n: imports.express(n, region.nodes[0]),
        )
        if call is None:
            return None
        edits: list[Edit] = list(call.imports)
        if extraction.nested and region.expression is not None:
            if region.waits:
                return None
            edits.append(
                code.edit(self.path, region.expression, parenthesized(code, region.expression, call.text))
            )
            return self._fix(edits, "Run it as a step")
        body = self._body(
            code, region, indented_by="" if not extraction.nested else self._indentation(code, region)
        )
        if body is None:
            return None
        is_async = extraction.step == "async" or region.waits
        word = "async def" if is_async else "def"
        if extraction.nested:
            indentation = self._indentation(code, region)
            given = ", ".join(
                [*annotations.leading(), *(annotations.default(name) for name in region.inputs)]
            )
            head = f"{word} {names.step}({given}){annotations.result()}:{code.newline}"
            start, end = code.span(region.nodes[0])[0], code.span(region.nodes[-1])[1]
            text = f"{head}{body}{code.newline}{indentation}{_bound_to(region, call.text)}"
            edits += [code.lines.edit(self.path, start, end, text), *annotations.edits]
            return self._fix(edits, f"Move it into a step `{names.step}`")
        decorator = render(extraction.decorator, values, lambda n: imports.express(n, region.nodes[0]))
        if decorator is None:
            return None
        edits += decorator.imports
        parameters = ", ".join(self._parameters(annotations, region, names))
        returns = annotations.result()
        edits += annotations.edits
        unpacked = ""
        if extraction.packed and len(inputs) > 1:
            unpacked = f"{code.indent}{', '.join(inputs)} = {names.packed}{code.newline}"
        first = f"{decorator.text}{code.newline}" if decorator.text else ""
        function = f"{first}{word} {names.step}({parameters}){returns}:{code.newline}{unpacked}{body}"
        offset = _above(code, region.nodes[0])
        edits.append(code.insert(self.path, offset, function + code.newline * 3))
        if region.expression is not None:
            edits.append(
                code.edit(self.path, region.expression, parenthesized(code, region.expression, call.text))
            )
        else:
            start, end = code.span(region.nodes[0])[0], code.span(region.nodes[-1])[1]
            edits.append(code.lines.edit(self.path, start, end, _bound_to(region, call.text)))
        edits += registrations(self.problem, self.node, self.path, names.step, extraction)
        return self._fix(edits, f"Move it into a new {self._kind()} `{names.step}`")

    def _fix(self, edits: Iterable[Edit], title: str) -> Fix | None:
        return self.problem.fix(title, tuple(dict.fromkeys(edits)), safe=False)

    def _kind(self) -> str:
        assert self.problem.profile is not None
        return self.problem.profile.step_word

    def _arguments(self, code: Code, region: Region) -> str:
        own = _self_of(code, region)
        given = [*region.inputs, *(f"{own}.{name}" for name in region.attributes)]
        text = ", ".join(given)
        return f"[{text}]" if self.extraction.packed and len(given) > 1 else text

    def _indentation(self, code: Code, region: Region) -> str:
        return code.indentation(code.span(code.statement(region.nodes[0]))[0])

    def _body(self, code: Code, region: Region, indented_by: str) -> str | None:
        """The lines of the new function."""
        indentation = indented_by + code.indent
        own = _self_of(code, region)
        if region.expression is not None:
            text = _without_self(code, region.expression, own, region.attributes)
            if "\n" in text or "\r" in text:
                text = f"({text})"
            return f"{indentation}return {text}"
        lines = indented(
            code, region.nodes, indentation, lambda node: _is_own(code, node, own, region.attributes)
        )
        if lines is None:
            return None
        if region.outputs:
            lines += f"{code.newline}{indentation}return {', '.join(region.outputs)}"
        return lines

    def _parameters(self, annotations: Annotations, region: Region, names: _Names) -> list[str]:
        extraction = self.extraction
        leading = annotations.leading()
        inputs = [*region.inputs, *region.attributes]
        if not inputs:
            return [*leading, *([annotations.unused(extraction.nothing)] if extraction.nothing else [])]
        if extraction.packed and len(inputs) > 1:
            return [*leading, annotations.packed(names.packed)]
        return [*leading, *(annotations.parameter(name) for name in inputs)]


def _template(extraction: Extraction, count: int, waits: bool) -> str:
    if waits and extraction.call_async:
        return extraction.call_async
    if count == 0 and extraction.call_none:
        return extraction.call_none
    return extraction.call_many if count > 1 and extraction.call_many else extraction.call


def _free(name: str, taken: Collection[str]) -> str:
    number = 2
    found = name
    while found in taken:
        found = f"{name}_{number}"
        number += 1
    return found


def _bound_to(region: Region, call: str) -> str:
    if region.returns:
        return f"return {call}" if not call.startswith("yield ") else f"return ({call})"
    return f"{', '.join(region.outputs)} = {call}" if region.outputs else call


def _one_line(code: Code, node: cst.BaseExpression) -> str:
    text = code.source(node)
    return f"({text})" if "\n" in text or "\r" in text else text


def _owner(code: Code, node: cst.CSTNode) -> str | None:
    """The object whose method decorates the outermost function around."""
    found = None
    for outer in code.around(node):
        if isinstance(outer, cst.FunctionDef):
            for decorator in outer.decorators:
                called = decorator.decorator
                name = dotted(called.func if isinstance(called, cst.Call) else called)
                if "." in name:
                    found = name.rpartition(".")[0]
    return found


def _above(code: Code, node: cst.CSTNode) -> int:
    """The offset above the module's statement around the node, its decorators and comments."""
    top: cst.CSTNode = node
    for outer in code.around(node):
        if outer is code.module:
            break
        top = outer
    decorators = getattr(top, "decorators", ())
    start = code.line_start(code.span(decorators[0] if decorators else top)[0])
    while start > 0:
        above = code.line_start(start - 1)
        if not code.text[above:start].startswith("#"):
            break
        start = above
    return start


def _self_of(code: Code, region: Region) -> str:
    function = code.function(region.nodes[0])
    return self_name(code, function) if isinstance(function, cst.FunctionDef) else ""


def _is_own(code: Code, node: cst.CSTNode, own: str, attributes: tuple[str, ...]) -> str | None:
    """What stands for `self.x` in a step, if the node is that."""
    if (
        isinstance(node, cst.Attribute)
        and isinstance(node.value, cst.Name)
        and node.value.value == own
        and node.attr.value in attributes
    ):
        return node.attr.value
    return None


def _without_self(code: Code, top: cst.CSTNode, own: str, attributes: tuple[str, ...]) -> str:
    """The text of the node, with names in the place of attributes of `self`."""
    start, end = code.span(top)
    parts = []
    for node in walk(top):
        name = _is_own(code, node, own, attributes)
        if name is not None:
            first, last = code.span(node)
            parts += [code.text[start:first], name]
            start = last
    return "".join((*parts, code.text[start:end]))
