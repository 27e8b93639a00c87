"""Which code asks whether a workflow runs, and so runs only in one, or only outside.

The question is a call of the engine's (`workflow.in_workflow()`), or of a function of the project that
answers nothing else (`in_temporal_workflow()`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from color_checker.facts import NOTHING, Attr, Call, Const, Load, Operate, Region, Return
from color_checker.values import Ext, ExtBound, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker

#: How many functions may stand between a question and the engine's answer.
_DEEPEST = 3


class Guards:
    """The lines and operations behind a test for a running workflow."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self.profiles = tuple(profile for profile in linker.profiles if profile.workflow_guards)
        self._answers: dict[Activation, bool] = {}

    def only_inside(self, node: Activation, line: int, position: int = NOTHING) -> bool:
        """Whether the line (or the operation in it) runs only in a workflow."""
        return any(not region.negated for region in self._regions(node, line, position))

    def only_outside(self, node: Activation, line: int, position: int = NOTHING) -> bool:
        """Whether the line (or the operation in it) runs only where no workflow does."""
        return any(region.negated for region in self._regions(node, line, position))

    def comes_from_outside(self, node: Activation, position: int, dotted: str) -> bool:
        """Whether the method `dotted` is called on what a function only gives where no workflow runs."""
        call = node.body.ops[position]
        if not self.profiles or not isinstance(call, Call):
            return False
        _, method = node.maker(call.func)
        at, source = node.maker(method.obj) if isinstance(method, Attr) else (NOTHING, None)
        targets = node.targets.get(at, ()) if isinstance(source, Call) else ()
        if not targets:
            return False
        receivers = {
            value.receiver
            for value in _values(node, call.func)
            if isinstance(value, ExtBound) and value.dotted == dotted
        }
        given = {value for target in targets for value in target.returns.values}
        inside = {value for target in targets for value in self._given_inside(target)}
        # What only its type is known of is among neither.
        return bool(receivers) and receivers <= given and receivers.isdisjoint(inside)

    def _given_inside(self, node: Activation) -> Iterator[Value]:
        """What a function returns where a workflow runs."""
        lines = {
            op.dst: node.module.facts.span(op.at)[0]
            for op in node.body.ops
            if isinstance(op, Attr | Call | Load)
        }
        for op in node.body.ops:
            if isinstance(op, Return) and not self.only_outside(node, lines.get(op.value, 0)):
                yield from _values(node, op.value)

    def _regions(self, node: Activation, line: int, position: int) -> Iterator[Region]:
        if not self.profiles:
            return
        for region in node.body.regions:
            if _holds(region, line, position) and self._asks(node, region.slot, _DEEPEST):
                yield region

    def _asks(self, node: Activation, slot: int, depth: int) -> bool:
        """Whether the slot says that a workflow runs."""
        position, op = node.maker(slot)
        if not isinstance(op, Call):
            return False
        targets = node.targets.get(position, ())
        return self._is_question(node, op) or (
            bool(targets) and all(self._answers_only(target, depth) for target in targets)
        )

    def _is_question(self, node: Activation, op: Call) -> bool:
        return any(
            profile.matches(profile.workflow_guards, profile.canonical(value.dotted))
            for value in node.slots[op.func].values
            if isinstance(value, Ext | ExtBound)
            for profile in self.profiles
        )

    def _answers_only(self, node: Activation, depth: int) -> bool:
        """Whether a function does nothing but say whether a workflow runs."""
        if node not in self._answers:
            self._answers[node] = False
            self._answers[node] = depth > 0 and self._is_answer(node, depth - 1)
        return self._answers[node]

    def _is_answer(self, node: Activation, depth: int) -> bool:
        facts = node.facts
        asked = [param for param in facts.params if param.name not in ("self", "cls")]
        if facts.is_async or facts.is_generator or asked:
            return False
        questions = set(self._questions(node, depth))
        if not questions or self._turns(node, questions):
            return False
        declared = facts.returns is not None and facts.returns.name == "bool"
        ops = node.body.ops
        yes_or_no = questions | {op.dst for op in ops if isinstance(op, Const) and op.kind == "bool"}
        return declared or all(op.value in yes_or_no for op in ops if isinstance(op, Return))

    def _questions(self, node: Activation, depth: int) -> Iterator[int]:
        """The slots of a body that say whether a workflow runs, be it by not raising."""
        for position, op in enumerate(node.body.ops):
            if isinstance(op, Call) and (self._asks(node, op.dst, depth) or self.is_tried(node, position)):
                yield op.dst

    def is_tried(self, node: Activation, position: int) -> bool:
        """Whether it is something that raises outside of workflows, and the error is caught."""
        at = getattr(node.body.ops[position], "at", node.facts.at)
        line = node.module.facts.span(at)[0]
        return any(
            handler.try_line <= line <= handler.try_end_line and not handler.raises and not handler.in_finally
            for handler in node.body.handlers
        ) and any(
            profile.is_primitive(dotted)
            for dotted in node.external.get(position, ())
            for profile in self.profiles
            if profile.owns(dotted)
        )

    @staticmethod
    def _turns(node: Activation, questions: set[int]) -> bool:
        """Whether it says the opposite: `return not workflow.in_workflow()`."""
        returned = {op.value for op in node.body.ops if isinstance(op, Return)}
        return any(
            isinstance(op, Operate) and op.left in questions and op.dst in returned for op in node.body.ops
        )


def _values(node: Activation, slot: int) -> tuple[Value, ...]:
    return tuple(node.slots[slot].values) if slot != NOTHING else ()


def _holds(region: Region, line: int, position: int) -> bool:
    if region.kind == "if":
        return region.line <= line <= region.end_line
    return region.kind == "either" and region.first <= position < region.last


class CallsOutside:
    """The calls, as (caller, position), that are made only where no workflow runs, and those in `also`."""

    def __init__(self, guards: Guards, also: Container[tuple[Activation, int]] = ()) -> None:
        self.guards = guards
        self.also = also

    def __contains__(self, call: object) -> bool:
        assert isinstance(call, tuple)
        node, position = call
        if (node, position) in self.also:
            return True
        at = getattr(node.body.ops[position], "at", node.facts.at)
        return self.guards.only_outside(node, node.module.facts.span(at)[0], position)
