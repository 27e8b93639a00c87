"""Models of the methods of containers: lists, tuples, sets, dicts, deques and generators."""

from __future__ import annotations

from color_checker.arguments import Args
from color_checker.models.call import ModelCall
from color_checker.solver import Var
from color_checker.values import DATA, Box

_ADDING = frozenset({"append", "add", "appendleft", "send", "put", "put_nowait"})
_EXTENDING = frozenset(
    {"extend", "extendleft", "update", "union", "intersection", "difference", "symmetric_difference"}
)
_READING = frozenset({"get", "pop", "setdefault", "__getitem__", "popleft"})
_VIEWING = frozenset({"values", "copy", "__iter__", "__enter__", "fromkeys", "popitem", "items", "keys"})
#: Of what is taken for a container, but may be a text.
_OF_TEXT = frozenset({"join", "encode", "format", "strip", "split", "decode"})


def container_method(call: ModelCall, box: Box, name: str) -> None:
    """A call of `box.name`."""
    call.activation.external.setdefault(call.position, {})[f"builtins.{box.kind}.{name}"] = None
    first, second = call.args.get(0), call.args.get(1)
    if name in _ADDING and first is not None:
        _put(call, box, first)
    elif name == "insert" and second is not None:
        _put(call, box, second)
    elif name in _EXTENDING:
        for target in (box, *box.parents):
            _extend(call, target)
        call.give(box)
    elif name in _READING:
        _read(call, box, name)
    elif name in _VIEWING:
        _view(call, box, name)
    elif name == "sort" and "key" in call.args.keywords:
        elements = Var()
        call.linker.containers.all_elements(box, elements)
        call.run(call.args.keywords["key"], Args((elements,)), Var())
    elif name in _OF_TEXT:
        call.give(call.linker.ext_inst("builtins.str"))
    else:
        call.give(DATA)


def _put(call: ModelCall, box: Box, element: Var) -> None:
    for target in (box, *box.parents):
        call.linker.solver.flow(element, target.elements)


def _extend(call: ModelCall, box: Box) -> None:
    for var in call.args.positional:
        if box.kind == "dict":
            call.linker.containers.update(var, box)
        else:
            call.iterate(var, box.elements)
    for name, var in call.args.keywords.items():
        call.linker.solver.flow(var, call.slot(box, name))


def _read(call: ModelCall, box: Box, name: str) -> None:
    containers = call.linker.containers
    first, second = call.args.get(0), call.args.get(1)
    if box.kind == "dict" or first is not None:
        containers.read(call.activation, call.position, box, first, call.dst)
    else:
        containers.all_elements(box, call.dst)
    if second is not None:
        call.give_from(second)
        if name == "setdefault" and first is not None:
            containers.store(box, first, second)


def _view(call: ModelCall, box: Box, name: str) -> None:
    linker = call.linker
    if name in ("copy", "__enter__"):
        call.give(box)
        return
    view = call.box("list", name, id(box))
    if name in ("items", "popitem"):
        pair = call.box("tuple", "pair", id(box))
        linker.solver.flow(box.dict_keys, call.slot(pair, 0))
        linker.containers.all_elements(box, call.slot(pair, 1))
        linker.solver.add(view.elements, pair)
        call.give(pair if name == "popitem" else view)
        return
    if name in ("keys", "__iter__") and box.kind == "dict":
        linker.solver.flow(box.dict_keys, view.elements)
    else:
        linker.containers.all_elements(box, view.elements)
    call.give(view)
