"""Reads off a linked program which functions it registers with its engines, and what calls them."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.classes import ClassInfo
from color_checker.engines import Passing, Profile
from color_checker.facts import Call
from color_checker.findings import Color
from color_checker.program import Program
from color_checker.registry import constant_texts, picked
from color_checker.values import Func
from mypy_plugin.analyzer.registered import Definition, EngineCall, Place, Registered


def registered_in(program: Program) -> Registered:
    """What a program registers."""
    return _Reading(program).result()


class _Reading:
    """One program, and what was found in it so far."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._names: dict[tuple[str, str, str], dict[Definition, None]] = {}
        self._decorators: dict[Place, tuple[str, tuple[str, ...]]] = {}
        self._mains: dict[Place, tuple[str, Definition]] = {}

    def result(self) -> Registered:
        """All of it."""
        given = _given_names(self._program)
        self._add_functions(given)
        self._add_classes(given)
        calls: dict[str, dict[tuple[int, int], EngineCall]] = {}
        for path, place, call in _engine_calls(self._program):
            calls.setdefault(path, {})[place] = call
        names = {key: tuple(found) for key, found in self._names.items()}
        return Registered(names, self._decorators, self._mains, calls)

    def _add_functions(self, given: dict[tuple[str, int], str]) -> None:
        colors = self._program.linker.colors
        for func, coloring in colors.functions.items():
            if not coloring.entry or coloring.source is None:
                continue
            definition = self._definition(func)
            engine, by = coloring.engine, coloring.by
            self._decorators[definition.path, definition.qualname] = engine, func.facts.decorators
            name = given.get((func.module.key, func.facts.line)) or coloring.name or func.facts.name
            names = {name, *([definition.qualname] if name == func.facts.name else [])}
            for one in names:
                self._add(engine, by, one, definition)
                if self._is_main(engine, by) and not self._is_of_workflow_class(func):
                    self._add(engine, str(coloring.color.value), one, definition)
            if coloring.color is Color.WORKFLOW and self._is_main(engine, by):
                self._mains[definition.path, definition.qualname] = engine, definition

    def _add_classes(self, given: dict[tuple[str, int], str]) -> None:
        colors = self._program.linker.colors
        for info, (profile, source) in colors.workflow_classes.items():
            main = self._main_of(info, profile)
            if main is None:
                continue
            facts = info.activation.facts
            definition = Definition(
                module=info.module.name, path=info.module.source.path, owner=facts.qualname, name=main,
                local=self._is_local(info.module.facts.functions, facts.parent),
            )  # fmt: skip
            name = given.get((info.module.key, facts.line)) or info.facts.name
            self._add(profile.name, str(source.color.value), name, definition)
            self._mains[definition.path, facts.qualname] = profile.name, definition

    def _add(self, engine: str, to: str, name: str, definition: Definition) -> None:
        self._names.setdefault((engine, to, name), {})[definition] = None

    def _main_of(self, info: ClassInfo, profile: Profile) -> str | None:
        """The method of a workflow class with which it begins; those of bases count, too."""
        colors = self._program.linker.colors
        classes = [one for one in info.mro() if isinstance(one, ClassInfo)]
        for func, coloring in colors.functions.items():
            is_main = coloring.engine == profile.name and coloring.by in profile.mains
            if is_main and colors.class_of_body(func.env) in classes:
                return func.facts.name
        return None

    def _is_main(self, engine: str, by: str) -> bool:
        profile = self._program.profile(engine)
        return profile is not None and (
            not profile.mains or by in profile.mains or not self._is_entry(profile, by)
        )

    def _is_entry(self, profile: Profile, by: str) -> bool:
        return any(by in source.entries for source in profile.colors)

    def _is_of_workflow_class(self, func: Func) -> bool:
        colors = self._program.linker.colors
        return colors.class_of_body(func.env) in colors.workflow_classes

    def _definition(self, func: Func) -> Definition:
        owner, _, name = func.facts.qualname.rpartition(".")
        return Definition(
            module=func.module.name, path=func.module.source.path, owner=owner, name=name,
            local=self._is_local(func.module.facts.functions, func.facts.parent),
        )  # fmt: skip

    @staticmethod
    def _is_local(scopes: tuple[object, ...], parent: int) -> bool:
        while parent >= 0:
            scope = scopes[parent]
            if getattr(scope, "kind", "") in ("function", "lambda"):
                return True
            parent = getattr(scope, "parent", -1)
        return False


def _given_names(program: Program) -> dict[tuple[str, int], str]:
    """(module, line of a `def` or `class`) → the name that a decorator above it gives it."""
    found: dict[tuple[str, int], str] = {}
    for node in program.nodes:
        for line, name in _naming_calls(program, node):
            for scope in node.module.facts.functions:
                if scope.kind in ("function", "class") and scope.first_line <= line <= scope.line:
                    found[node.module.key, scope.line] = name
    return found


def _naming_calls(program: Program, node: Activation) -> Iterator[tuple[int, str]]:
    for _, op, dotted in program.external_calls(node):
        for profile in program.profiles.values():
            for argument in _naming_arguments(profile, dotted) if profile.owns(dotted) else ():
                for slot in picked(op, argument):
                    texts, is_whole = constant_texts(program.values(node, slot))
                    if is_whole and len(texts) == 1:
                        yield program.place(node, op.at).line, texts[0]


def _naming_arguments(profile: Profile, dotted: str) -> Iterator[tuple[int | str, ...]]:
    yield from (source.name_argument for source in profile.sources(dotted, "class-decorator"))
    renamed = profile.renamed(dotted)
    if renamed is not None:
        yield renamed


def _engine_calls(program: Program) -> Iterator[tuple[str, tuple[int, int], EngineCall]]:
    for node in program.nodes:
        for _, op, dotted in program.external_calls(node):
            for profile in program.profiles.values():
                passings = profile.passings(dotted) if profile.owns(dotted) else ()
                if passings:
                    place = program.place(node, op.at)
                    names = _names(program, node, op, passings[0])
                    call = EngineCall(profile.name, profile.canonical(dotted), names)
                    yield node.module.source.path, (place.line, place.column), call


def _names(program: Program, node: Activation, op: Call, passing: Passing) -> tuple[str, ...]:
    for slot in picked(op, passing.target):
        texts, is_whole = constant_texts(program.values(node, slot))
        return texts if is_whole else ()
    return ()
