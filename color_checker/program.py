"""The linked and colored program, as the rules see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import msgspec

from color_checker import sites
from color_checker.activation import Activation, Operation
from color_checker.catalog import Catalog
from color_checker.causes import Cause, find_causes
from color_checker.coloring import CodeColor, Reach, Step, code_colors, reaching
from color_checker.colors import DECLARED
from color_checker.config import Config
from color_checker.engines import Profile
from color_checker.facts import (
    NOTHING,
    Attr,
    Await,
    Call,
    Import,
    Load,
    MakeClass,
    MakeFunction,
    Op,
    Region,
)
from color_checker.findings import Color, Effect, Finding, Frame, Severity
from color_checker.guards import CallsOutside, Guards
from color_checker.later import Change, changes
from color_checker.link import Linker
from color_checker.modules import ModuleInfo
from color_checker.mutations import Mutations
from color_checker.origins import Origin
from color_checker.silence import is_silent_on_replay
from color_checker.sites import EffectSite, Gap
from color_checker.state import State, scopes_around
from color_checker.suppression_index import Suppressions
from color_checker.tracer import Focus, Tracer
from color_checker.values import Ext, ExtBound, Value

#: More attributes and calls in a row are cut off where an expression is shown.
_LONGEST_SHOWN = 12

#: In place of the source of an expression without a name.
_UNNAMED = "…"

_REPLAYED = (Color.WORKFLOW, Color.PURE)


class RuleNames(Protocol):
    """What a finding says of its rule."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def severity(self) -> Severity: ...


class Place(msgspec.Struct, frozen=True, order=True):
    """A piece of source text; lines and columns count from 1, the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def span(self) -> tuple[int, int, int, int]:
        """The place within its file."""
        return self.line, self.column, self.end_line, self.end_column


class Program:
    """What rules ask. A *node* is an `Activation`: a function (or module, or class body) in one context."""

    def __init__(self, linker: Linker, config: Config, suppressions: Suppressions) -> None:
        self.linker = linker
        self.config = config
        self.suppressions = suppressions
        self.catalog: Catalog = linker.catalog
        self.profiles: dict[str, Profile] = {profile.name: profile for profile in linker.profiles}
        self.code: dict[Activation, CodeColor] = code_colors(linker)
        self.guards = Guards(linker)
        #: What functions outside of the program are given to call; filled by `crossings`.
        self.callbacks: dict[Activation, list[tuple[int, str, Effect | None, int]]] = {}
        self._effects: dict[Activation, list[EffectSite]] = {}
        self._gaps: dict[Activation, list[Gap]] = {}

    # -- nodes ----------------------------------------------------------------------------------

    @cached_property
    def nodes(self) -> list[Activation]:
        """All nodes of the project's own files, in source order."""
        nodes = (node for node in self.linker.activations.values() if not node.module.library)
        return sorted(nodes, key=lambda node: node.source_order)

    @cached_property
    def modules(self) -> list[ModuleInfo]:
        """The project's own modules that were linked, by path."""
        return sorted((m for m in self.linker.modules.values() if not m.library), key=lambda m: m.path)

    def color(self, node: Activation) -> Color:
        """The color of the code that the node is; nested functions have that of the function around."""
        code = self.code.get(node)
        return code.color if code is not None else Color.PLAIN

    def engine(self, node: Activation) -> str:
        """The name of the engine that the node's color comes from, "" if none."""
        code = self.code.get(node)
        return code.engine if code is not None else ""

    def profile(self, engine: str) -> Profile | None:
        """The engine's profile; None for code that is colored by a comment in a file without engine."""
        return self.profiles.get(engine)

    def workflow_name(self, node: Activation) -> str:
        """The dotted name of the colored function that the node belongs to."""
        code = self.code.get(node)
        return (code.owner if code is not None else node).name

    def is_replayed(self, node: Activation) -> bool:
        """Whether it is workflow or pure code."""
        return self.color(node) in _REPLAYED

    def runs_replayed(self, node: Activation) -> bool:
        """Whether it is workflow or pure code, or is reached by such code."""
        return self.is_replayed(node) or any(node in reach for reach in self.reaches.values())

    # -- reach ----------------------------------------------------------------------------------

    @cached_property
    def reaches(self) -> dict[str, Reach]:
        """For each engine what its replayed code reaches, without crossing into steps and other workflows."""
        by_engine: dict[str, list[Activation]] = {}
        for node, code in self.code.items():
            if code.color in _REPLAYED and node.facts.kind in ("function", "lambda"):
                by_engine.setdefault(code.engine, []).append(node)
        outside = CallsOutside(self.guards)
        return {engine: Reach(self.linker, nodes, outside) for engine, nodes in sorted(by_engine.items())}

    @cached_property
    def replayed_nodes(self) -> list[Activation]:
        """Everything that replayed code of any engine reaches, itself included."""
        found = {node: None for reach in self.reaches.values() for node in reach.nodes()}
        return sorted(found, key=lambda node: node.source_order)

    @cached_property
    def workflows_reaching(self) -> dict[Activation, tuple[str, ...]]:
        """For each replayed node the names of the workflows that reach it."""
        nodes = self.replayed_nodes
        names = {node: self.workflow_name(node) for node in nodes if self.is_replayed(node)}
        return reaching(self.linker, nodes, names)

    # -- state ----------------------------------------------------------------------------------

    @cached_property
    def mutations(self) -> Mutations:
        """What replayed code, and the steps that share objects with it, change outside of themselves."""
        inner = self.inner_steps
        steps = Reach(self.linker, inner).nodes()
        focus = Focus(
            scopes=frozenset(scope for scopes in inner.values() for scope in scopes),
            receivers=frozenset(step for step, scopes in inner.items() if step in scopes),
        )
        nodes = dict.fromkeys((*self.replayed_nodes, *steps))
        return Mutations(Tracer(State(self.linker), nodes, focus))

    @cached_property
    def inner_steps(self) -> dict[Activation, frozenset[Activation]]:
        """The step code that shares objects with workflow code, each with the functions they belong to.

        These are the workflow code around it, and the step itself if its first parameter is an object
        whose class has a workflow, too.
        """
        classes = {
            node.env
            for node, code in self.code.items()
            if code.color is Color.WORKFLOW and code.owner is node and node.facts.owner != NOTHING
        }
        found: dict[Activation, frozenset[Activation]] = {}
        for node, code in self.code.items():
            if code.color is not Color.STEP or node.facts.kind not in ("function", "lambda"):
                continue
            scopes = {scope for scope in scopes_around(node) if self.is_replayed(scope)}
            if node.facts.owner != NOTHING and node.env in classes:
                scopes.add(node)
            if scopes and not node.module.library:
                found[node] = frozenset(scopes)
        return dict(sorted(found.items(), key=lambda item: item[0].source_order))

    @cached_property
    def changes(self) -> dict[Origin, Change]:
        """The state of modules and classes that is changed after import, though not by replayed code."""
        return changes(self.mutations, self.replayed_nodes)

    def workflows_of(self, node: Activation) -> tuple[str, ...]:
        """The names of the workflows that reach the node's function, in whatever context."""
        return self._workflows_by_function[node.module.key, node.index]

    @cached_property
    def _workflows_by_function(self) -> dict[tuple[str, int], tuple[str, ...]]:
        found: dict[tuple[str, int], set[str]] = {}
        for node, names in self.workflows_reaching.items():
            found.setdefault((node.module.key, node.index), set()).update(names)
        return {function: tuple(sorted(names)) for function, names in found.items()}

    # -- operations -----------------------------------------------------------------------------

    def ops(self, node: Activation) -> Iterator[tuple[int, Op]]:
        """The operations of a node's body with their positions."""
        return enumerate(node.body.ops)

    def values(self, node: Activation, slot: int) -> tuple[Value, ...]:
        """What a slot of the node may be."""
        return tuple(node.slots[slot].values) if slot != NOTHING else ()

    def callees(self, node: Activation, position: int) -> tuple[Activation, ...]:
        """The functions of the analyzed code that the operation calls."""
        return tuple(node.targets.get(position, ()))

    def externals(self, node: Activation, position: int) -> tuple[str, ...]:
        """The dotted names outside the analyzed code that the operation calls."""
        return tuple(node.external.get(position, ()))

    def external_calls(self, node: Activation) -> Iterator[tuple[int, Call, str]]:
        """The calls out of the analyzed code, with the dotted names that they call."""
        for position in sorted(node.external) if node.external else ():
            op = node.body.ops[position]
            if isinstance(op, Call):
                for dotted in node.external[position]:
                    yield position, op, dotted

    def operations(self, node: Activation, position: int) -> tuple[Operation, ...]:
        """The engine operations that the operation is."""
        return tuple(node.operations.get(position, {}).values())

    def effects(self, node: Activation) -> list[EffectSite]:
        """The effects in the node's own body."""
        if node not in self._effects:
            self._effects[node] = sites.effects(self.linker, node)
        return self._effects[node]

    def gaps(self, node: Activation) -> list[Gap]:
        """The unresolved calls in the node's own body."""
        if node not in self._gaps:
            self._gaps[node] = sites.gaps(self.linker, node)
        return self._gaps[node]

    # -- places ---------------------------------------------------------------------------------

    def place(self, node: Activation, at: int) -> Place:
        """The place `at` (of an operation, parameter …) in the node's file."""
        return Place(node.module.path, *node.module.facts.span(at))

    def place_of(self, node: Activation, position: int) -> Place:
        """The place of an operation."""
        return self.place(node, getattr(node.body.ops[position], "at", node.facts.at))

    def regions(self, node: Activation, line: int) -> Iterator[Region]:
        """The `with` and `if` regions of the node's body that contain the line."""
        for region in node.body.regions:
            if region.line <= line <= region.end_line:
                yield region

    def names_behind(self, node: Activation, slot: int) -> tuple[str, ...]:
        """Dotted names outside the analyzed code that a slot is, or is the result of calling."""
        names = [v.dotted for v in self.values(node, slot) if isinstance(v, Ext | ExtBound)]
        _, op = node.maker(slot)
        if isinstance(op, Call):
            names += [v.dotted for v in self.values(node, op.func) if isinstance(v, Ext | ExtBound)]
        return tuple(dict.fromkeys(names))

    def is_unsandboxed(self, node: Activation, line: int) -> bool:
        """Whether the line stands under a context manager that makes it the user's own business."""
        return self._is_under(node, line, "with", lambda profile: profile.unsandboxed)

    def is_replay_guarded(self, node: Activation, line: int) -> bool:
        """Whether the line runs only while replaying, or only while not."""
        return self._is_under(node, line, "if", lambda profile: profile.replay_guards)

    def _is_under(
        self, node: Activation, line: int, kind: str, wanted: Callable[[Profile], tuple[str, ...]]
    ) -> bool:
        """Whether a region of that kind around the line is one of an engine's `wanted` names."""
        return any(
            profile.matches(wanted(profile), profile.canonical(name))
            for region in self.regions(node, line)
            if region.kind == kind
            for name in self.names_behind(node, region.slot)
            for profile in self.linker.profiles
        )

    def is_workflow_guarded(self, node: Activation, line: int, position: int = NOTHING) -> bool:
        """Whether the line, or the operation in it, runs only in a workflow: `if workflow.in_workflow():`."""
        return self.guards.only_inside(node, line, position)

    def is_outside(self, node: Activation, line: int, position: int = NOTHING) -> bool:
        """Whether the line, or the operation in it, runs only where no workflow does."""
        return self.guards.only_outside(node, line, position)

    # -- causes ---------------------------------------------------------------------------------

    @cached_property
    def causes(self) -> list[Cause]:
        """Every effect that replayed code reaches and may not have, in order of its finding."""
        return find_causes(self)

    def is_allowed(self, node: Activation, site: EffectSite, engine: str) -> bool:
        """Whether code that the engine replays may have that effect there, whatever comments say."""
        profile = self.profiles.get(engine)
        if profile is not None and not self._is_pure(node) and profile.is_legal(site.dotted):
            return True
        line = self.place(node, site.at).line
        if self.is_unsandboxed(node, line) or self._is_outside_site(node, line, site):
            return True
        return site.effect is Effect.CONSOLE and (
            self.is_replay_guarded(node, line) or is_silent_on_replay(node, site.position)
        )

    def _is_outside_site(self, node: Activation, line: int, site: EffectSite) -> bool:
        return self.is_outside(node, line, site.position) or self.guards.comes_from_outside(
            node, site.position, site.dotted
        )

    def _is_pure(self, node: Activation) -> bool:
        """Whether the code is declared pure itself, so that what an engine makes harmless is not."""
        code = self.code.get(node)
        if code is None or code.color is not Color.PURE:
            return False
        coloring = self.linker.colors.of(code.owner)
        return coloring is None or coloring.source is not None or code.engine == DECLARED

    def witness(self, chain: Iterable[Step], node: Activation, at: int, what: str) -> tuple[Frame, ...]:
        """The frames from the colored function over the chain to `node`, and what it does at `at`."""
        frames = []
        for step in chain:
            place = self.place_of(step.caller, step.position)
            frames.append(Frame(step.caller.name, place.path, place.line, place.column))
        place = self.place(node, at)
        frames.append(Frame(node.name, place.path, place.line, place.column))
        frames.append(Frame(what, place.path, place.line, place.column))
        return tuple(frames)

    def witness_of(
        self, node: Activation, position: int, what: str, chain: Iterable[Step] = ()
    ) -> tuple[Frame, ...]:
        """The witness whose last link is the operation of `node` at `position`."""
        return self.witness(chain, node, getattr(node.body.ops[position], "at", node.facts.at), what)

    @staticmethod
    def anchor(chain: Sequence[Step], node: Activation, position: int) -> tuple[Activation, int]:
        """Where to report what `node` does at `position`: the first call of the chain that leads there."""
        return (chain[0].caller, chain[0].position) if chain else (node, position)

    # -- findings -------------------------------------------------------------------------------

    @cached_property
    def _ways(self) -> dict[Activation, tuple[str, Reach]]:
        """For each node that replayed code reaches the engine that does so by the fewest calls."""
        found: dict[Activation, tuple[int, str, Reach]] = {}
        for engine, reach in self.reaches.items():
            for node in reach.nodes():
                calls = len(reach.chain(node))
                if node not in found or calls < found[node][0]:
                    found[node] = (calls, engine, reach)
        return {node: (engine, reach) for node, (_, engine, reach) in found.items()}

    def way_to(self, node: Activation) -> tuple[str, tuple[Step, ...]]:
        """An engine whose replayed code reaches `node`, and the shortest chain of calls there."""
        engine, reach = self._ways[node]
        return engine, tuple(reach.chain(node))

    def shown(self, node: Activation, slot: int) -> str:
        """What the slot's expression looks like in the source, as far as names, attributes and calls go."""
        ends: list[str] = []
        while len(ends) < _LONGEST_SHOWN:
            _, op = node.maker(slot)
            match op:
                case Attr():
                    ends.append(f".{op.name}")
                    slot = op.obj
                case Call():
                    ends.append("(...)")
                    slot = op.func
                case Await():
                    slot = op.obj
                    ends.append("")
                case _:
                    return "".join((self._shown_name(node, slot, op), *reversed(ends)))
        return "".join((_UNNAMED, *reversed(ends)))

    def _shown_name(self, node: Activation, slot: int, op: Op | None) -> str:
        match op:
            case Load():
                return op.name
            case Import():
                return op.name or op.module
            case MakeFunction():
                return node.module.facts.functions[op.function].name
            case MakeClass():
                return node.module.facts.classes[op.class_index].name
            case _ if 0 <= slot < len(node.facts.params):
                return node.facts.params[slot].name
        return _UNNAMED

    def replayed_finding(
        self, rule: RuleNames, node: Activation, at: int, message: str, what: str
    ) -> Finding | None:
        """A finding about place `at` of a node that replayed code reaches.

        It is reported there if the node is colored code, else at the call in the colored function that
        leads to it. `what` ends the witness. None if a comment at the place itself suppresses it.
        """
        engine, chain = self.way_to(node)
        place = self.place(node, at)
        if self.is_outside(node, place.line):
            return None
        anchor = node
        if chain:
            if self.suppressions.covers(place.path, place.line, rule.name):
                return None
            anchor, place = chain[0].caller, self.place_of(chain[0].caller, chain[0].position)
        return self.finding(
            rule.code, rule.name, rule.severity, anchor, place, message, engine=engine,
            witness=self.witness(chain, node, at, what), workflows=self.workflows_of(node),
        )  # fmt: skip

    def finding(
        self, code: str, name: str, severity: Severity, node: Activation, place: Place, message: str, *,
        effect: Effect | None = None, witness: tuple[Frame, ...] = (), workflows: tuple[str, ...] = (),
        engine: str | None = None,
    ) -> Finding:  # fmt: skip
        """A finding at `place`, which lies in `node`. Without a witness, it is the node and the place."""
        return Finding(
            code=code, name=name, severity=severity, path=place.path, line=place.line, column=place.column,
            end_line=place.end_line, end_column=place.end_column, message=message, function=node.name,
            color=self.color(node), engine=self.engine(node) if engine is None else engine, effect=effect,
            witness=witness or (Frame(node.name, place.path, place.line, place.column),),
            workflows=workflows,
        )  # fmt: skip


def shown_name(dotted: str) -> str:
    """A dotted name as a user would write it: builtins have no module."""
    return dotted.removeprefix("builtins.")
