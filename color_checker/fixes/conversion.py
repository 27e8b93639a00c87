"""Makes a step of the helper that a workflow calls, for all workflows that call it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from color_checker.activation import Activation
from color_checker.engines.rewriting import Extraction
from color_checker.facts import NOTHING, POSITIONAL, Call
from color_checker.fixes.calls import engine_call
from color_checker.fixes.code import Code, dotted
from color_checker.fixes.edits import Edit, Fix
from color_checker.fixes.hints import Hints
from color_checker.fixes.problem import Problem
from color_checker.fixes.regions import is_caught
from color_checker.fixes.registration import registrations
from color_checker.fixes.scopes import own
from color_checker.fixes.storing import JSON
from color_checker.fixes.templates import render

_Site = tuple[Activation, int]


def fixes(problem: Problem) -> Iterator[Fix]:
    """The helper gets the decorator of a step, and workflows call it through the engine; never safe.

    Only a function of a module, which stays what it is for others that call it, whose arguments and result
    can be stored.
    """
    cause, profile = problem.cause, problem.profile
    if cause is None or profile is None or not cause.chain or problem.is_read_only():
        return
    if problem.is_of_the_loop():
        return
    first = cause.chain[0]
    targets = list(first.caller.targets.get(first.position, ()))
    helpers = {(target.module.key, target.index) for target in targets}
    if len(helpers) != 1 or problem.program.externals(first.caller, first.position):
        return
    for extraction in profile.extractions:
        if not extraction.nested:
            fix = _Converting(problem, extraction, targets[0]).fix(first.caller)
            if fix is not None:
                yield fix
            return


class _Converting:
    """One attempt."""

    def __init__(self, problem: Problem, extraction: Extraction, helper: Activation) -> None:
        self.problem = problem
        self.extraction = extraction
        self.helper = helper
        self.path = problem.paths.get(helper.module.path, "")

    def fix(self, caller: Activation) -> Fix | None:
        """The fix, if all that calls the function in workflows can call a step."""
        code = self.problem.code(self.path)
        if code is None or not self._is_plain():
            return None
        definition = self._definition(code)
        if definition is None or not self._can_be_stored(code, definition):
            return None
        replayed, others = self._sites()
        changes_kind = self.extraction.step == "async" and definition.asynchronous is None
        if (changes_kind or self.extraction.parameters) and (others or self._is_named_elsewhere(replayed)):
            return None
        if self.extraction.step == "sync" and definition.asynchronous is not None:
            return None
        edits = self._decorated(code, definition, changes_kind)
        if edits is None:
            return None
        is_data = self._is_surely_data(code, definition)
        for site in replayed:
            found = self._called(site, is_data=is_data)
            if found is None:
                return None
            edits += found
        name = self.helper.facts.name
        edits += registrations(
            self.problem, caller, self.path, name, self.extraction, self.helper.module.name
        )
        assert self.problem.profile is not None
        title = f"Make `{name}` a {self.problem.profile.step_word}"
        if self.problem.profile.step_word[0] in "aeiou":
            title = title.replace(" a ", " an ", 1)
        return self.problem.fix(title, tuple(dict.fromkeys(edits)), safe=False)

    def _is_plain(self) -> bool:
        """Whether it is an ordinary function of a module, with plain parameters."""
        facts = self.helper.facts
        parent = self.helper.module.facts.functions[facts.parent] if facts.parent != NOTHING else None
        return (
            facts.kind == "function"
            and facts.owner == NOTHING
            and parent is not None
            and parent.kind == "module"
            and not facts.decorators
            and not facts.is_generator
            and not self.helper.module.library
            and all(param.kind == POSITIONAL for param in facts.params)
            and not (self.extraction.packed and len(facts.params) > 1)
            and not (self.extraction.nothing and not facts.params)
            and self.problem.program.linker.colors.of(self.helper) is None
            and not self._calls_engine()
        )

    def _can_be_stored(self, code: Code, definition: cst.FunctionDef) -> bool:
        """Whether the engine can store what the function is given and what it returns, used or not."""
        typed = self.extraction.typed
        for node in self._activations():
            storing = self.problem.storing(code, node, self.extraction.stored)
            plain = self.problem.storing(code, node, json=JSON)
            for param in definition.params.params:
                is_plain = plain.is_stored(param.name.value, definition) or param.annotation is not None
                if not storing.is_stored(param.name.value, definition) or (typed and not is_plain):
                    return False
            for returned in _returned(definition):
                is_plain = plain.is_data(returned) or definition.returns is not None
                if not storing.is_data(returned) or (typed and not is_plain):
                    return False
        return True

    def _activations(self) -> list[Activation]:
        """The function in all ways in which it is called."""
        helper = self.helper
        return [
            node
            for node in self.problem.program.linker.activations.values()
            if node.index == helper.index and node.module is helper.module
        ]

    def _is_surely_data(self, code: Code, definition: cst.FunctionDef) -> bool:
        """Whether all that it returns is known, so that nobody misses what is dropped."""
        storing = self.problem.storing(code, self.helper, self.extraction.stored)
        hints = Hints(self.problem, code, self.helper, storing)
        return definition.returns is not None or all(
            hints.expression(node) and storing.is_data(node) for node in _returned(definition)
        )

    def _calls_engine(self) -> bool:
        pending, seen = [self.helper], {self.helper}
        while pending:
            node = pending.pop()
            if node.operations:
                return True
            for targets in node.targets.values():
                pending += [target for target in targets if target not in seen]
                seen.update(targets)
        return False

    def _definition(self, code: Code) -> cst.FunctionDef | None:
        for node in code.module.body:
            if isinstance(node, cst.FunctionDef) and node.name.value == self.helper.facts.name:
                line = code.lines.place(code.span(node.name)[0])[0]
                if line == self.helper.facts.line:
                    return node
        return None

    def _sites(self) -> tuple[list[_Site], list[_Site]]:
        """Where it is called: in replayed code, and elsewhere; each place once."""
        program = self.problem.program
        replayed = set(program.replayed_nodes)
        found: dict[bool, dict[object, _Site]] = {True: {}, False: {}}
        for node in program.linker.activations.values():
            for position, targets in node.targets.items():
                if any(t.index == self.helper.index and t.module is self.helper.module for t in targets):
                    found[node in replayed].setdefault(program.place_of(node, position), (node, position))
        return list(found[True].values()), list(found[False].values())

    def _is_named_elsewhere(self, sites: list[_Site]) -> bool:
        """Whether a text of the project may use the function in another way than by the calls known."""
        name = re.compile(rf"\b{re.escape(self.helper.facts.name)}\b")
        calls: dict[str, int] = {}
        for node, _ in sites:
            calls[node.module.key] = calls.get(node.module.key, 0) + 1
        for source in self.problem.analysis.project.files:
            lines = [
                line
                for line in self.problem.text(source.path).splitlines()
                if name.search(line)
                and not line.lstrip().startswith(("from ", "import ", "def ", "async def "))
            ]
            if len(lines) > calls.get(source.path, 0):
                return True
        return False

    def _called(self, site: _Site, *, is_data: bool) -> list[Edit] | None:
        """The edits of one call in replayed code; None if it cannot be a call of a step.

        Where the result is dropped, and may be anything, a step that returns nothing is better.
        """
        problem, (node, position) = self.problem, site
        if node.module.library or not (problem.is_workflow(node) or problem.is_only_replayed(node)):
            return None
        path = problem.paths.get(node.module.path, "")
        code = problem.code(path)
        place = problem.program.place_of(node, position)
        if code is None or not isinstance(node.body.ops[position], Call):
            return None
        call = code.expression(place.span, cst.Call)
        if not isinstance(call, cst.Call) or not dotted(call.func):
            return None
        if is_caught(code, call, self.extraction):
            return None
        storing = problem.storing(code, node, self.extraction.stored)
        result = code.parent(call) if isinstance(code.parent(call), cst.Await) else call
        dropped = isinstance(code.parent(result), cst.Expr)
        assert isinstance(result, cst.BaseExpression)
        given = all(storing.is_data(arg.value) for arg in call.args)
        if not given or not (is_data if dropped else storing.is_data(result)):
            return None
        imports = problem.imports(code, path)
        edits = engine_call(
            problem, self.extraction, code, imports, node, position, self.helper.facts,
            name=self.helper.facts.name,
        )  # fmt: skip
        return edits or None

    def _decorated(self, code: Code, definition: cst.FunctionDef, changes_kind: bool) -> list[Edit] | None:
        """The edits of the definition."""
        facts = self.helper.facts
        imports = self.problem.imports(code, self.path)
        values = {"step": facts.name, "input": facts.params[-1].name if facts.params else None}
        decorator = render(
            self.extraction.decorator, values, lambda wanted: imports.express(wanted, definition)
        )
        if decorator is None:
            return None
        start = code.span(definition)[0]
        edits = list(decorator.imports)
        text = f"{decorator.text}{code.newline}" if decorator.text else ""
        if changes_kind:
            text += "async "
        if text:
            edits.append(code.insert(self.path, start, text))
        if self.extraction.parameters:
            opening = code.text.index("(", code.span(definition.name)[1]) + 1
            comma = ", " if facts.params else ""
            edits.append(code.insert(self.path, opening, ", ".join(self.extraction.parameters) + comma))
        return edits


def _returned(definition: cst.FunctionDef) -> list[cst.BaseExpression]:
    """What the function returns."""
    return [
        node.value for node in own(definition.body) if isinstance(node, cst.Return) and node.value is not None
    ]
