"""Which loggers a project keeps quiet while a workflow is replayed, by a filter of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from color_checker.facts import NOTHING, Attr, Body, Call, Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from color_checker.activation import Activation


def is_silent_on_replay(node: Activation, position: int) -> bool:
    """Whether the call at `position` is made on a logger of its module that has a filter for replays.

    Such a filter is known by its name (`logger.addFilter(WorkflowReplayFilter())`), and stands in the
    module or in the function that makes the logger.
    """
    body = node.module.activation
    name = _logger(node, position)
    if body is None or not name:
        return False
    slots = set(body.body.cells.get(name, ()))
    if any(_filters(body, slot) for slot in _called_attributes(body, slots)):
        return True
    made = (body.maker(slot) for slot in slots)
    makers = (target for place, op in made if isinstance(op, Call) for target in body.targets.get(place, ()))
    return any(_filters(maker, slot) for maker in makers for slot in _called_attributes(maker, None))


def _logger(node: Activation, position: int) -> str:
    """The module's name on which the call at `position` is made; "" if it is made on none."""
    call = node.body.ops[position]
    if not isinstance(call, Call):
        return ""
    _, method = node.maker(call.func)
    _, owner = node.maker(method.obj) if isinstance(method, Attr) else (NOTHING, None)
    return owner.name if isinstance(owner, Load) and not owner.level else ""


def _called_attributes(node: Activation, owners: set[int] | None) -> Iterator[int]:
    """The slots of `x.addFilter`, for any object or those in `owners`."""
    for op in node.module.derived(node.index, _add_filter):
        if owners is None or op.obj in owners:
            yield op.dst


def _add_filter(body: Body) -> tuple[Attr, ...]:
    return tuple(op for op in body.ops if isinstance(op, Attr) and op.name == "addFilter")


def _filters(node: Activation, method: int) -> bool:
    """Whether the method is given something that has to do with replays."""
    ops = node.body.ops
    given = {slot for op in ops if isinstance(op, Call) and op.func == method for slot in op.args}
    made = {op.func for op in ops if isinstance(op, Call) and op.dst in given}
    named = {name for name, slots in node.body.cells.items() if not (given | made).isdisjoint(slots)}
    named |= {op.name for op in ops if isinstance(op, Load | Attr) and op.dst in given | made}
    return any("replay" in name.lower() for name in named)
