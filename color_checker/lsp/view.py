"""What an editor shows of a file: its functions with their colors, and its calls that color is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from color_checker.activation import Activation
from color_checker.facts import Call
from color_checker.findings import Color, Effect, Finding
from color_checker.program import Place, Program, shown_name


class Function(msgspec.Struct, frozen=True):
    """A function as it stands in the source.

    Attributes:
        name: dotted.
        place: of its name.
        first_line: of its decorators, or of its `def`.
        is_colored: it has its color itself, and not from the function around it.
        steps: how many steps and children its code asks the engine for.
        problems: how many findings there are in it.
    """

    name: str
    color: Color
    engine: str
    place: Place
    first_line: int
    last_line: int
    is_colored: bool
    effects: tuple[Effect, ...]
    steps: int
    problems: int


class Use(msgspec.Struct, frozen=True):
    """A call, or another use of a name, that color is about.

    Attributes:
        kind: "effect" in replayed code, "step" or "workflow" for what is called, "engine" for a call of the
            engine.
        what: the effects of which kind, or what is called.
    """

    place: Place
    kind: str
    what: tuple[str, ...]


class View(msgspec.Struct, frozen=True):
    """One file."""

    functions: tuple[Function, ...] = ()
    uses: tuple[Use, ...] = ()


def view(program: Program, path: str, findings: Iterable[Finding]) -> View:
    """What there is to show of the file with this path, as reports have it."""
    nodes = [node for node in program.nodes if node.module.path == path]
    found = list(findings)
    return View(tuple(_functions(program, nodes, found)), tuple(_uses(program, nodes, found)))


def _functions(program: Program, nodes: list[Activation], findings: list[Finding]) -> Iterator[Function]:
    contexts: dict[int, list[Activation]] = {}
    for node in nodes:
        if node.facts.kind == "function":
            contexts.setdefault(node.index, []).append(node)
    for same in contexts.values():
        node = same[0]
        code = program.code.get(node)
        facts = node.facts
        inside = range(facts.first_line, facts.end_line + 1)
        yield Function(
            name=node.name, color=program.color(node), engine=program.engine(node),
            place=program.place(node, facts.at), first_line=facts.first_line, last_line=facts.end_line,
            is_colored=code is not None and code.owner is node,
            effects=tuple(sorted({site.effect for each in same for site in program.effects(each)})),
            steps=sum(1 for _ in _operations(program, nodes, inside)),
            problems=sum(finding.line in inside for finding in findings),
        )  # fmt: skip


def _operations(program: Program, nodes: list[Activation], lines: range) -> Iterator[Place]:
    """The places where code on these lines asks the engine for a step or a child."""
    seen = set()
    for node in nodes:
        for position in node.operations:
            place = program.place_of(node, position)
            if place.line in lines and place not in seen and _asks(program, node, position):
                seen.add(place)
                yield place


def _asks(program: Program, node: Activation, position: int) -> bool:
    for asked in program.operations(node, position):
        profile = program.profile(asked.engine)
        operation = profile.operation(asked.dotted) if profile is not None else None
        if operation is None or operation.kind in ("step", "child"):
            return True
    return False


def _uses(program: Program, nodes: list[Activation], findings: list[Finding]) -> Iterator[Use]:
    found: dict[tuple[Place, str], dict[str, None]] = {}
    for finding in findings:
        if finding.effect is not None:
            # Also a call that only leads to an effect, in another function.
            place = Place(finding.path, finding.line, finding.column, finding.end_line, finding.end_column)
            found.setdefault((place, "effect"), {})[finding.effect.value] = None
    for node in nodes:
        for place, kind, name in (*_effects(program, node), *_calls(program, node)):
            found.setdefault((place, kind), {})[name] = None
    for (place, kind), names in sorted(found.items(), key=lambda item: item[0]):
        yield Use(place, kind, tuple(names))


def _effects(program: Program, node: Activation) -> Iterator[tuple[Place, str, str]]:
    if not program.runs_replayed(node):
        return
    engine, _ = program.way_to(node)
    for site in program.effects(node):
        if not program.is_allowed(node, site, engine):
            yield program.place(node, site.at), "effect", site.effect.value


def _calls(program: Program, node: Activation) -> Iterator[tuple[Place, str, str]]:
    for position, op in program.ops(node):
        if not isinstance(op, Call):
            continue
        place = program.place_of(node, position)
        for asked in program.operations(node, position):
            yield place, "engine", shown_name(asked.dotted)
        for target in program.callees(node, position):
            color = program.color(target)
            if color is not Color.PLAIN and not program.operations(node, position):
                yield place, color.value, target.name
