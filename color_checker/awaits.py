"""Which call results must be awaited (or yielded), and which places of a body wait for the engine."""

from __future__ import annotations

from bisect import bisect_left

from color_checker.activation import Activation
from color_checker.colors import Coloring
from color_checker.engines import Profile
from color_checker.facts import Await, Call, Op, Return, Yield
from color_checker.findings import Color
from color_checker.program import Program
from color_checker.slots import reads
from color_checker.values import DATA, Coro, ExtInst, Func

#: A result that comes through more functions than this is not followed.
_MOST_HELPERS = 40


class Awaits:
    """Questions about one program's operations and coroutines."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._waiting: dict[Activation, bool] = {}
        self._lines: dict[Activation, list[int]] = {}

    # -- results --------------------------------------------------------------------------------

    def is_lost(self, node: Activation, position: int, op: Call) -> bool:
        """Whether dropping the call's result loses work: nothing else has seen it."""
        if self.binds(node, op) is not None or self._is_awaited_anyway(node, position):
            return True
        if not self._is_awaitable(node, op):
            return False
        return self._starts(node, position) or self._is_made_by_callee(node, position, set())

    def binds(self, node: Activation, op: Call) -> Coloring | None:
        """The color of the function of which the call only binds the arguments, for the engine to run it."""
        colorings = [
            self.program.linker.colors.binds(value) if isinstance(value, Func) else None
            for value in self.program.values(node, op.func)
        ]
        return colorings[0] if colorings and None not in colorings else None

    def _is_awaited_anyway(self, node: Activation, position: int) -> bool:
        """Whether each function that the call may run gives an awaitable in a workflow, `async` or not."""
        colorings = [self.program.linker.colors.of(target) for target in self.program.callees(node, position)]
        return bool(colorings) and all(
            coloring is not None and coloring.source is not None and coloring.source.awaitable
            for coloring in colorings
        )

    def _is_awaitable(self, node: Activation, op: Call) -> bool:
        """Whether the result is something to await, whatever the call turns out to call."""
        values = self.program.values(node, op.dst)
        return any(isinstance(value, Coro) for value in values) and all(
            isinstance(value, Coro | ExtInst) or value is DATA for value in values
        )

    def _starts(self, node: Activation, position: int) -> bool:
        """Whether the call itself is an operation whose result must be awaited."""
        for record in self.program.operations(node, position):
            profile = self.program.profile(record.engine)
            operation = profile.operation(record.dotted) if profile is not None else None
            if operation is not None and operation.awaitable:
                return True
        return False

    def _is_made_by_callee(self, node: Activation, position: int, seen: set[Activation]) -> bool:
        """Whether every function that the call may run is a coroutine or hands back a fresh awaitable."""
        targets = [t for t in self.program.callees(node, position) if t not in seen]
        if len(seen) > _MOST_HELPERS:
            return False
        return bool(targets) and all(self._makes_awaitable(target, seen | {target}) for target in targets)

    def _makes_awaitable(self, target: Activation, seen: set[Activation]) -> bool:
        facts = target.facts
        if facts.is_generator:
            return False
        if facts.is_async:
            return True
        returned = [op.value for op in target.body.ops if isinstance(op, Return)]
        return bool(returned) and all(self._is_fresh(target, slot, seen) for slot in returned)

    def _is_fresh(self, node: Activation, slot: int, seen: set[Activation]) -> bool:
        """Whether the slot is the result of starting something, and nothing but the `return` uses it."""
        if sum(slot in reads(op) for op in node.body.ops) != 1:
            return False
        position, op = node.maker(slot)
        if not isinstance(op, Call):
            return False
        return self._starts(node, position) or self._is_made_by_callee(node, position, seen)

    # -- places that wait -----------------------------------------------------------------------

    def waits_between(self, node: Activation, line: int, end_line: int) -> bool:
        """Whether something in these lines waits for the engine, so that it can raise there."""
        lines = self._waits(node)
        first = bisect_left(lines, line)
        return first < len(lines) and lines[first] <= end_line

    def _waits(self, node: Activation) -> list[int]:
        """The lines of a body in which something waits, in order."""
        if node not in self._lines:
            self._lines[node] = sorted(
                self.program.place_of(node, position).line
                for position, op in self.program.ops(node)
                if isinstance(op, Await | Yield | Call) and self.is_wait(node, position, op)
            )
        return self._lines[node]

    def is_wait(self, node: Activation, position: int, op: Op) -> bool:
        """Whether the operation is an `await`, an engine's, or calls a function that has one."""
        if isinstance(op, Await):
            return True
        if isinstance(op, Yield):
            return self.is_orchestrator(node)
        if self.program.operations(node, position):
            return True
        return any(self._has_wait(target) for target in self.program.callees(node, position))

    def is_orchestrator(self, node: Activation) -> bool:
        """Whether the node is a generator whose `yield` waits for the engine."""
        profile = self.program.profile(self.program.way_to(node)[0])
        return node.facts.is_generator and profile is not None and yields(profile)

    def _is_recorded(self, target: Activation) -> bool:
        coloring = self.program.linker.colors.of(target)
        return coloring is not None and coloring.color is Color.STEP and not target.facts.is_async

    def _has_wait(self, node: Activation) -> bool:
        """Whether a synchronous function, or one that it calls, has an operation."""
        if node not in self._waiting:
            self._waiting[node] = self._finds_wait(node)
        return self._waiting[node]

    def _finds_wait(self, node: Activation) -> bool:
        todo, seen = [node], {node}
        for function in todo:
            if self._is_recorded(function) or (function.operations and self._runs_in_place(function)):
                return True
            targets = function.targets.values() if self._runs_in_place(function) else ()
            for target in (target for found in targets for target in found):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return False

    def _runs_in_place(self, node: Activation) -> bool:
        """Whether calling the function runs its body on the spot, as a part of the caller."""
        facts = node.facts
        return not (facts.is_async or facts.is_generator or self.program.linker.colors.is_border(node))


def yields(profile: Profile) -> bool:
    """Whether the engine's workflows are generators."""
    return any(source.generator for source in profile.colors)
