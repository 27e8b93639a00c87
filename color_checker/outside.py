"""Uses of workflow-only primitives, and the code outside of workflows that reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from color_checker.activation import Activation
from color_checker.coloring import Reach, Step
from color_checker.engines import Operation, Profile
from color_checker.facts import Body, Build, BuildDict, Call, Load
from color_checker.findings import Color
from color_checker.program import Program
from color_checker.values import Bound, ExtBound, ExtInst, Func, Value

#: Operations that have a place in the history of their own.
_RECORDED = frozenset({"step", "child", "timer"})


class Use(msgspec.Struct, frozen=True):
    """A call of a workflow-only primitive.

    Attributes:
        chain: the calls that lead there from the code outside of a workflow.
    """

    node: Activation
    position: int
    primitive: str
    profile: Profile
    chain: tuple[Step, ...] = ()

    @property
    def is_recorded(self) -> bool:
        """Whether it starts a step, timer or child workflow."""
        operation: Operation | None = self.profile.operation(self.primitive)
        return operation is not None and operation.kind in _RECORDED

    @property
    def anchor(self) -> tuple[Activation, int]:
        """The first call of the chain; the use itself if there is none."""
        return Program.anchor(self.chain, self.node, self.position)


class Outside:
    """What runs outside of workflows, with code that has asked whether it runs in one left out."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def in_steps(self) -> Iterator[Use]:
        """Primitives that steps reach."""
        nodes = (node for node, code in self.program.code.items() if code.color is Color.STEP)
        reach = Reach(self.program.linker, nodes, _Guarded(self.program))
        for node in reach.nodes():
            chain = tuple(reach.chain(node))
            for use in self._uses(node):
                # A helper with a backend for each of several engines has one for the step's engine, too.
                if not chain or self.program.engine(chain[0].caller) in ("", use.profile.name):
                    yield msgspec.structs.replace(use, chain=chain)

    def in_plain_code(self) -> Iterator[Use]:
        """Primitives in modules, in what they call, and in what unknown code has been given to call."""
        program = self.program
        sources = [node for node in program.nodes if node.facts.kind in ("module", "class")]
        given = self._given_away
        sources += [node for node in program.nodes if self._definition(node) in given]
        reach = Reach(program.linker, sources, _Guarded(program))
        replayed = {self._definition(node) for node in program.replayed_nodes}
        for node in reach.nodes():
            if program.color(node) is Color.PLAIN and self._definition(node) not in replayed:
                uses = list(self._uses(node))
                if not any(self._has_context(use) for use in uses):
                    yield from uses

    def _has_context(self, use: Use) -> bool:
        """Whether it is a method of an object that the engine gives out: a context is at hand here.

        Then the function runs in a workflow, with whatever else it uses.
        """
        op = use.node.body.ops[use.position]
        return isinstance(op, Call) and any(
            isinstance(value, ExtBound) and isinstance(value.receiver, ExtInst)
            for value in self.program.values(use.node, op.func)
        )

    def _uses(self, node: Activation) -> Iterator[Use]:
        guarded = _Guarded(self.program)
        for position in sorted(node.external):
            for dotted in node.external[position]:
                for profile in self.program.linker.profiles:
                    if (
                        profile.owns(dotted)
                        and profile.is_primitive(dotted)
                        and (node, position) not in guarded
                        and not self.program.guards.is_tried(node, position)
                    ):
                        yield Use(node, position, profile.canonical(dotted), profile)

    @cached_property
    def _given_away(self) -> set[tuple[str, int]]:
        """The plain functions that are passed to code which nobody knows, as decorators do it.

        Methods, nested functions and what is mentioned elsewhere may come to a workflow that way (the tools
        and handlers of an agent): not those.
        """
        program = self.program
        mentioned = set(_mentioned(program))
        imported = {
            name for module in program.modules for fact in module.facts.imports for name in fact.names
        }
        given: set[tuple[str, int]] = set()
        for node in program.nodes:
            found = [
                (position, func.key)
                for position, slots in node.module.derived(node.index, _arguments)
                for slot in slots
                for value in node.slots[slot].values
                if (func := _function(value)) is not None
                and func.facts.parent == 0
                and (func.module.key, func.facts.name) not in mentioned
                and func.facts.name not in imported
            ]
            # Last, because it takes longest to say which calls are gaps.
            gaps = {gap.position for gap in program.gaps(node)} if found else set()
            given.update(key for position, key in found if position in gaps)
        return given

    @staticmethod
    def _definition(node: Activation) -> tuple[str, int]:
        return (node.module.key, node.index)


class _Guarded:
    """The calls that are made only if a workflow runs."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def __contains__(self, call: object) -> bool:
        assert isinstance(call, tuple)
        node, position = call
        return self.program.is_workflow_guarded(node, self.program.place_of(node, position).line, position)


def _mentioned(program: Program) -> Iterator[tuple[str, str]]:
    """(Module, name) of the names of modules that functions read, or that go into a container or keyword."""
    for module, index in {(node.module, node.index): None for node in program.nodes}:
        loads, kept = module.derived(index, _reads_and_keeps)
        for name in loads:
            yield module.key, name
        if module.facts.functions[index].kind == "module":
            for name, slots in module.body(index).cells.items():
                if not kept.isdisjoint(slots):
                    yield module.key, name


def _reads_and_keeps(body: Body) -> tuple[frozenset[str], frozenset[int]]:
    """The names of its module that a body reads, and the slots that go into a container or keyword."""
    loads: set[str] = set()
    kept: set[int] = set()
    for op in body.ops:
        match op:
            case Load(level=0):
                loads.add(op.name)
            case Call():
                kept.update(slot for _, slot in op.keywords)
            case Build():
                kept.update(op.items)
            case BuildDict():
                kept.update(value for _, value in op.pairs)
    return frozenset(loads), frozenset(kept)


def _arguments(body: Body) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The calls of a body that have arguments by position: where they stand, and the slots."""
    return tuple((position, op.args) for position, op in enumerate(body.ops) if type(op) is Call and op.args)


def _function(value: Value) -> Func | None:
    if isinstance(value, Bound):
        return value.func
    return value if isinstance(value, Func) else None


def step_word(program: Program, node: Activation) -> str:
    """What users of the engine that runs the step `node` call a step."""
    profile = program.profile(program.engine(node))
    return profile.step_word if profile is not None else "step"


def step_in_words(program: Program, use: Use) -> str:
    """The step from which `use` is reached, with its article: "an activity"."""
    word = step_word(program, use.anchor[0])
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
