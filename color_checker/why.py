"""Answers what a function is and does: its color, effects with proof, unresolved calls, and who calls it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

import msgspec

from color_checker.activation import Activation
from color_checker.coloring import Reach
from color_checker.colors import DECLARED
from color_checker.engines import Profile
from color_checker.errors import UsageError, did_you_mean
from color_checker.facts import Call
from color_checker.findings import Effect, Frame
from color_checker.graph import CALL, Caller, Key, call_graph, callers, key_of, node_names
from color_checker.program import Program, shown_name
from color_checker.sources import shown_path

_FILE_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(:\d+)?")
_MOST_CANDIDATES = 8

_BY = {
    "decorator": "the decorator `{name}`",
    "class-decorator": "the decorator `{name}` of its class",
    "base-class": "the base class `{name}`",
    "registration": "being registered with `{name}`",
    "argument": "being run by `{name}`",
}


class Reached(msgspec.Struct, frozen=True):
    """An effect, and the shortest chain of calls that leads to it.

    Attributes:
        legal: the engine records it or makes it harmless in replayed code.
    """

    effect: Effect
    what: str
    legal: bool
    witness: tuple[Frame, ...]


class Unresolved(msgspec.Struct, frozen=True, order=True):
    """A call of which it is not known what it runs."""

    path: str
    line: int
    column: int
    function: str
    reason: str


class Resolved(msgspec.Struct, frozen=True, order=True):
    """A call on the line asked for, what it runs, and why that is not all, if it is not.

    Attributes:
        engine: what the profiles say of the names among the targets that are an engine's own.
    """

    line: int
    column: int
    targets: tuple[str, ...]
    unresolved: str
    engine: tuple[str, ...] = ()


class Through(msgspec.Struct, frozen=True, order=True):
    """A step, child workflow or start that the function asks the engine for."""

    path: str
    line: int
    kind: str
    function: str


class Answer(msgspec.Struct, frozen=True):
    """Everything that is known of one function.

    Attributes:
        because: what gave the color, a clause; "" for plain code.
        calls: those on the line that was asked for.
        workflows: the workflows whose replayed code contains it, or that run it as a step or child.
    """

    function: str
    path: str
    line: int
    color: str
    engine: str
    because: str
    calls: tuple[Resolved, ...]
    effects: tuple[Reached, ...]
    unresolved: tuple[Unresolved, ...]
    engine_calls: tuple[Through, ...]
    callers: tuple[Caller, ...]
    workflows: tuple[str, ...]


def explain(program: Program, target: str) -> Answer:
    """The answer for `FILE:LINE` or a dotted name. Raises UsageError if that is no function."""
    names = node_names(program)
    line = 0
    place = _FILE_LINE.fullmatch(target)
    if place and place["file"].endswith(".py"):
        line = int(place["line"])
        key = _at(program, place["file"], line)
    elif target.endswith(".py"):
        key = _at(program, target, 0)
    else:
        key = _named(names, target)
    return _answer(program, names, key, line)


# -- finding the function -------------------------------------------------------------------------


def _at(program: Program, file: str, line: int) -> Key:
    """The innermost function at a line. A lambda counts only where it goes on for several lines."""
    shown = shown_path(os.path.abspath(file))
    modules = {module.path: module for module in program.modules}
    if shown not in modules:
        hint = did_you_mean(shown, list(modules)) or "; name its directory, too"
        raise UsageError(f"{file}: is not among the checked files{hint}")
    module = modules[shown]
    if line > module.facts.lines + 1:
        raise UsageError(f"{file}: has only {module.facts.lines} lines")
    found = 0
    for index, function in enumerate(module.facts.functions):
        first = function.line + 1 if function.kind == "lambda" else function.first_line
        if function.kind in ("function", "lambda") and first <= line <= function.end_line:
            found = index
    return (module.key, found)


def _named(names: Mapping[Key, str], target: str) -> Key:
    """The function of that dotted name, or the only one whose name ends so."""
    keys = {name: key for key, name in names.items()}
    if target in keys:
        return keys[target]
    ending = [name for name in keys if name.endswith(f".{target}")]
    if len(ending) == 1:
        return keys[ending[0]]
    inside = [name for name in keys if f".{target}." in f".{name}"]
    if ending or inside:
        _ambiguous(target, ending or inside)
    last = target.rpartition(".")[2]
    similar = [name for name in keys if name.rpartition(".")[2] == last] or list(keys)
    raise UsageError(f'there is no function "{target}" in the checked files{did_you_mean(target, similar)}')


def _ambiguous(target: str, candidates: list[str]) -> NoReturn:
    more = f" and {len(candidates) - _MOST_CANDIDATES} more" if len(candidates) > _MOST_CANDIDATES else ""
    listed = ", ".join(sorted(candidates)[:_MOST_CANDIDATES])
    raise UsageError(f'"{target}" is not one function; did you mean one of {listed}{more}?')


# -- the answer -----------------------------------------------------------------------------------


def _answer(program: Program, names: Mapping[Key, str], key: Key, line: int) -> Answer:
    nodes = [node for node in program.linker.activations.values() if key_of(node) == key]
    if key not in names:
        raise UsageError("nothing runs that function: it was not analyzed")
    name = names[key]
    graph = call_graph(program)
    first = next(node for node in nodes if node.facts.kind != "class")
    reach = Reach(program.linker, nodes)
    found = callers(graph, name)
    return Answer(
        function=name,
        path=first.module.path,
        line=first.facts.line,
        color=str(program.color(first)),
        engine=program.engine(first),
        because=_because(program, first),
        calls=_calls_at(program, names, nodes, line),
        effects=_effects(program, reach),
        unresolved=_unresolved(program, reach),
        engine_calls=tuple(
            sorted(
                Through(data["path"], data["line"], data["kind"], target)
                for target, data in graph.succ[name].items()
                if data["kind"] != CALL
            )
        ),
        callers=found,
        workflows=_workflows(program, names, nodes, found),
    )


def _because(program: Program, node: Activation) -> str:
    """What gave the color: a decorator, a comment, the function around it …"""
    code = program.code.get(node)
    if code is None:
        return ""
    if code.owner is not node:
        outer = _because(program, code.owner)
        return f"standing in `{code.owner.name}`, colored by {outer}"
    colors = program.linker.colors
    coloring = colors.of(node)
    if coloring is None:
        return "a call that runs it as a step"
    if coloring.source is not None:
        return _BY[coloring.source.by].format(name=coloring.source.name)
    if coloring.engine == DECLARED:
        return f"a comment, `# color: {coloring.color}`"
    return f"the profile of {coloring.engine}"


def _calls_at(
    program: Program, names: Mapping[Key, str], nodes: Iterable[Activation], line: int
) -> tuple[Resolved, ...]:
    found: dict[tuple[int, int], dict[str, None]] = {}
    said: dict[tuple[int, int], dict[str, None]] = {}
    reasons: dict[tuple[int, int], str] = {}
    for node in nodes if line else ():
        gaps = {gap.position: gap.reason for gap in program.gaps(node)}
        for position, op in program.ops(node):
            place = program.place_of(node, position)
            if isinstance(op, Call) and place.line == line:
                start = (place.line, place.column)
                targets = _targets(program, names, node, position)
                found.setdefault(start, {}).update(dict.fromkeys(targets))
                meanings = (_meaning(program, name) for name in program.externals(node, position))
                said.setdefault(start, {}).update(dict.fromkeys(filter(None, meanings)))
                if position in gaps:
                    reasons[start] = gaps[position]
    return tuple(
        sorted(
            Resolved(*place, tuple(targets), reasons.get(place, ""), tuple(said[place]))
            for place, targets in found.items()
        )
    )


def _targets(program: Program, names: Mapping[Key, str], node: Activation, position: int) -> Iterator[str]:
    for target in program.callees(node, position):
        yield names[key_of(target)]
    for dotted in program.externals(node, position):
        yield shown_name(dotted)
    for operation in program.operations(node, position):
        for target in operation.targets:
            yield names[key_of(target)]
        yield from (f'"{name}"' for name in operation.names)


def _meaning(program: Program, dotted: str) -> str:
    """What a profile makes of calling one of its engine's own names; "" if it is no engine's."""
    for profile in program.profiles.values():
        if profile.owns(dotted):
            said = "; ".join(_said(profile, dotted)) or "nothing, so it is taken for harmless"
            return f"{dotted} in the profile of {profile.name}: {said}"
    return ""


def _said(profile: Profile, dotted: str) -> Iterator[str]:
    operation = profile.operation(dotted)
    if operation is not None:
        yield f"an operation, {operation.kind}"
    elif profile.is_primitive(dotted):
        yield "works in workflows only"
    if profile.started(dotted) is not None:
        yield "starts a workflow"
    for by in _BY:
        yield from (f"gives the color {source.color}" for source in profile.sources(dotted, by))
    effect = profile.effect(dotted)
    if effect is not None:
        yield f"the effect {effect}"
    if profile.returned(dotted):
        yield f"gives a {profile.returned(dotted)}"
    if profile.is_anywhere(dotted):
        yield "may be used anywhere"


def _effects(program: Program, reach: Reach) -> tuple[Reached, ...]:
    """Each effect of each place once, by the shortest chain; own ones first."""
    found: dict[tuple[str, int, str], Reached] = {}
    for node in reach.nodes():
        engine = program.engine(reach.chain(node)[0].caller if reach.chain(node) else node)
        for site in program.effects(node):
            legal = program.is_replayed(node) and program.is_allowed(node, site, engine)
            witness = program.witness(reach.chain(node), node, site.at, shown_name(site.dotted))
            known = found.get((node.module.key, site.at, site.dotted))
            if known is None or len(witness) < len(known.witness):
                found[node.module.key, site.at, site.dotted] = Reached(
                    site.effect, shown_name(site.dotted), legal, witness
                )
    return tuple(sorted(found.values(), key=lambda item: (len(item.witness), item.witness, item.what)))


def _unresolved(program: Program, reach: Reach) -> tuple[Unresolved, ...]:
    found = set()
    for node in reach.nodes():
        for gap in program.gaps(node):
            place = program.place(node, gap.at)
            found.add(Unresolved(place.path, place.line, place.column, node.name, gap.reason))
    return tuple(sorted(found))


def _workflows(
    program: Program, names: Mapping[Key, str], nodes: Iterable[Activation], found: Sequence[Caller]
) -> tuple[str, ...]:
    """The workflows that reach it, also as a step or child; without itself."""
    through = {caller.function for caller in found if caller.kind != CALL}
    reaching = program.workflows_reaching
    asked = list(nodes)
    askers = [node for node in reaching if names[key_of(node)] in through]
    result = {workflow for node in (*asked, *askers) for workflow in reaching.get(node, ())}
    return tuple(sorted(result - {node.name for node in asked}))
