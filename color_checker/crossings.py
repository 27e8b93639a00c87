"""Calls that enter colored code past its engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from color_checker.activation import Activation
from color_checker.callables import functions_in
from color_checker.colors import Coloring
from color_checker.facts import Attr, Await, Call, Enter, Yield
from color_checker.findings import Color, Effect
from color_checker.later import is_test
from color_checker.values import Ext, ExtBound, ExtInst, Func, Partial, Super, Value

if TYPE_CHECKING:
    from color_checker.program import Program

#: Callables that keep what they are given and let others call it.
_PARTIALS = frozenset({"functools.partial", "functools.partialmethod"})

#: These run a function in a thread as a part of the caller's context, where the engine finds its workflow.
_KEEP_CONTEXT = frozenset({"asyncio.to_thread", "anyio.to_thread.run_sync", "trio.to_thread.run_sync"})


class Crossing(msgspec.Struct, frozen=True):
    """A workflow or step that a node calls (`receiver` is ""), or hands to `receiver`, which calls it.

    Attributes:
        effect: what calling the receiver does.
    """

    node: Activation
    position: int
    func: Func
    coloring: Coloring
    receiver: str = ""
    effect: Effect | None = None

    @property
    def name(self) -> str:
        """The function's name, with its class."""
        return self.func.facts.qualname

    @property
    def dotted(self) -> str:
        """The function's full name."""
        return f"{self.func.module.name}.{self.name}"


def direct_calls(
    program: Program, node: Activation, color: Color, handed: Collection[Value] = ()
) -> Iterator[Crossing]:
    """The calls by which `node` itself runs the body of a workflow or step.

    `handed` are partials whose making has been reported already.
    """
    colors = program.linker.colors
    for position in sorted(node.targets):
        for target in node.targets[position]:
            func, coloring = colors.function_of(target), colors.of(target)
            if func is None or coloring is None or not coloring.entry or coloring.color is not color:
                continue
            if not _is_called_back(program, node, position, func, handed):
                yield Crossing(node, position, func, coloring)


def _is_called_back(
    program: Program, node: Activation, position: int, func: Func, handed: Collection[Value]
) -> bool:
    """Whether it is not the operation that calls `func`, but something outside that has been given it."""
    op = node.body.ops[position]
    if not isinstance(op, Call):
        return False
    if _comes_from_outside(program, node, op.func):
        return True
    values = program.values(node, op.func)
    callables = [value for value in values if func in functions_in(program.linker, value)]
    if callables:
        return all(value in handed for value in callables)
    return any(isinstance(value, Ext | ExtBound | Partial) for value in values)


def _comes_from_outside(program: Program, node: Activation, slot: int) -> bool:
    """Whether the slot is what unknown code made of its arguments, or an attribute of that.

    `mark(handler=flow)(test)` does not call `flow`, nor does `new_worker(client, Flow).run()` run it.
    """
    for op in reversed(node.body.ops):
        if isinstance(op, Attr | Await | Enter) and op.dst == slot:
            slot = op.obj
        elif isinstance(op, Call) and op.dst == slot:
            values = program.values(node, op.func)
            return any(
                isinstance(value, Ext | ExtBound) and _is_unknown(program, value.dotted) for value in values
            )
    return False


def _is_unknown(program: Program, dotted: str) -> bool:
    """Whether its result is not known, or is the engine's own handle (`Orchestrator.create(flow)`)."""
    owners = [profile for profile in program.profiles.values() if profile.owns(dotted)]
    if owners:
        return any(profile.sources(dotted, "registration") for profile in owners)
    return program.catalog.lookup(dotted) is None


def handed_out(program: Program, node: Activation, color: Color) -> Iterator[Crossing]:
    """Workflows or steps that `node` gives to a function outside the program which calls them."""
    colors = program.linker.colors
    for position, receiver, effect, slot in _given_callbacks(program, node):
        for value in program.values(node, slot):
            for func in functions_in(program.linker, value):
                coloring = colors.functions.get(func)
                if coloring is not None and coloring.entry and coloring.color is color:
                    yield Crossing(node, position, func, coloring, receiver, effect)


def _given_callbacks(program: Program, node: Activation) -> list[tuple[int, str, Effect | None, int]]:
    """What `node` gives to functions outside the program that call it: where, to which, its effect, slot."""
    known = program.callbacks.get(node)
    if known is None:
        known = program.callbacks[node] = [
            (position, *callback)
            for position, op, dotted in program.external_calls(node)
            if op.args or op.keywords
            for callback in _callbacks(program, op, dotted)
        ]
    return known


def _callbacks(program: Program, op: Call, dotted: str) -> Iterator[tuple[str, Effect | None, int]]:
    """The arguments that something outside the program calls: (its name, its effect, slot)."""
    entry = program.catalog.lookup(dotted)
    name = entry.name if entry is not None else dotted
    keys = (0,) if name in _PARTIALS else entry.calls if entry is not None else ()
    keywords = dict(op.keywords) if keys else {}
    for key in keys:
        if isinstance(key, int) and key < len(op.args):
            yield name, entry.effect if entry is not None else None, op.args[key]
        elif key in keywords:
            yield name, entry.effect if entry is not None else None, keywords[str(key)]


def steps_handed_out(program: Program, node: Activation) -> Iterator[Crossing]:
    """Steps that workflow code gives away so that they will run past their engine.

    Where a direct call is recorded, only a thread or process that does not know the workflow is past it.
    """
    for crossing in handed_out(program, node, Color.STEP):
        source, profile = crossing.coloring.source, program.profile(crossing.coloring.engine)
        if source is not None and source.binds:
            continue
        recorded = profile is not None and profile.direct_step_call == "recorded"
        leaves = crossing.effect in (Effect.THREAD, Effect.PROCESS) and crossing.receiver not in _KEEP_CONTEXT
        if leaves or not recorded:
            yield crossing


def workflows_handed_out(program: Program, node: Activation) -> Iterator[Crossing]:
    """Workflows that any code gives away where their engine needs to start them."""
    for crossing in handed_out(program, node, Color.WORKFLOW):
        profile = program.profile(crossing.coloring.engine)
        if (
            profile is not None
            and profile.direct_workflow_call == "error"
            and is_main(program, crossing.coloring)
        ):
            yield crossing


def partials_made(program: Program, crossings: Iterable[Crossing]) -> frozenset[Value]:
    """The partials that are made of colored functions there: they are reported where that happens."""
    return frozenset(
        value
        for crossing in crossings
        if crossing.receiver in _PARTIALS
        and isinstance(op := crossing.node.body.ops[crossing.position], Call)
        for value in program.values(crossing.node, op.dst)
        if isinstance(value, Partial)
    )


def is_main(program: Program, coloring: Coloring) -> bool:
    """Whether the function is a workflow from its start, not a handler of a running one."""
    profile = program.profile(coloring.engine)
    return profile is not None and (not profile.mains or coloring.by in profile.mains)


def is_inline(program: Program, crossing: Crossing) -> bool:
    """Whether the call makes the callee's code a part of the caller, in a way that the engine supports.

    That is `yield from` for a generator, and a call with the caller's own context for a function.
    """
    node, op = crossing.node, crossing.node.body.ops[crossing.position]
    if not isinstance(op, Call):
        return False
    if crossing.func.facts.is_generator:
        return any(isinstance(use, Yield) and use.delegates and use.value == op.dst for use in node.body.ops)
    profile = program.profile(crossing.coloring.engine)
    return profile is not None and any(map(profile.owns, _classes_given(program, crossing)))


def is_invoked(program: Program, crossing: Crossing) -> bool:
    """Whether the callee gets what only its engine gives it: the caller stands for the engine."""
    profile = program.profile(crossing.coloring.engine)
    if profile is None or not profile.invocations:
        return False
    return any(profile.canonical(name) in profile.invocations for name in _classes_given(program, crossing))


def _classes_given(program: Program, crossing: Crossing) -> Iterator[str]:
    """The classes of the arguments that are objects of an engine or another package."""
    op = crossing.node.body.ops[crossing.position]
    if isinstance(op, Call):
        for slot in (*op.args, *(slot for _, slot in op.keywords)):
            for value in program.values(crossing.node, slot):
                if isinstance(value, ExtInst):
                    yield value.dotted


def is_driven(crossing: Crossing) -> bool:
    """Whether a generator is made and kept, as a unit test does to run an orchestrator by hand."""
    op = crossing.node.body.ops[crossing.position]
    unused = crossing.node.body.unused
    return crossing.func.facts.is_generator and isinstance(op, Call) and op.dst not in unused


def is_tested(crossing: Crossing) -> bool:
    """Whether a test calls what it tests, or a helper of tests calls what a test has given it."""
    return is_test(crossing.node.module.path) or is_test(crossing.func.module.path)


def is_super(program: Program, crossing: Crossing) -> bool:
    """Whether it is `super().run(…)`."""
    node, op = crossing.node, crossing.node.body.ops[crossing.position]
    return isinstance(op, Call) and any(
        isinstance(read, Attr)
        and read.dst == op.func
        and any(isinstance(value, Super) for value in program.values(node, read.obj))
        for read in node.body.ops
    )
