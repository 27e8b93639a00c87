"""Models of `asyncio`: what awaits, groups or runs coroutines and tasks."""

from __future__ import annotations

from color_checker.models.call import ModelCall
from color_checker.solver import Var
from color_checker.values import Coro


def gather(call: ModelCall) -> None:
    """`await asyncio.gather(a, b)`: the results, in the order of the arguments."""
    box = call.box("list", "gather")
    for index, var in enumerate(call.args.positional):
        _await_into(call, var, call.slot(box, index) if not call.args.stars else box.elements)
    for element in call.elements(call.args.stars):
        _await_into(call, element, box.elements)
    result = Var()
    call.linker.solver.add(result, box)
    call.give(Coro(result))


def run(call: ModelCall) -> None:
    """`asyncio.run(coroutine)`."""
    for var in call.args.positional[:1]:
        _await_into(call, var, call.dst)


def _await_into(call: ModelCall, source: Var, dst: Var) -> None:
    call.watch(source, lambda value: call.linker.unwrap(call.activation, call.position, value, dst))


def wait(call: ModelCall) -> None:
    """`done, pending = await asyncio.wait(tasks)`."""
    pair = call.box("tuple", "wait")
    for index in (0, 1):
        group = call.box("set", "group", index)
        for element in call.elements(call.args.positional[:1]):
            call.linker.solver.flow(element, group.elements)
        call.linker.solver.add(call.slot(pair, index), group)
    result = Var()
    call.linker.solver.add(result, pair)
    call.give(Coro(result))
