"""Takes a linked program apart, so that its memory is free without a search for cyclic garbage.

Nearly everything in a linked program refers to everything else. To find out that nobody needs it any more
the collector looks at all there is in the process: half a second for a program of a million objects. Cut
where the circles are, it goes away by itself in a quarter of that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from color_checker.solver import Var, Watcher

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.link import Linker
    from color_checker.values import Box

#: So many activations are taken apart in a millisecond or two.
_STEP = 32


def dissolve(linker: Linker) -> None:
    """Make the linker useless and let go of all that it has made."""
    for _ in dissolving(linker):
        pass


def dissolving(linker: Linker) -> Iterator[None]:
    """The same in steps of about a millisecond. After the first one the linker is of no use."""
    for func in list(linker.functions()):
        _cut(*func.attributes.values())
        func.attributes, func.defaults = {}, ()
    for number, activation in enumerate(linker.activations.values()):
        _cut_activation(activation)
        if not number % _STEP:
            yield
    for module in linker.modules.values():
        _cut(*module.names.values())
        module.names, module.activation, module.submodules = {}, None, {}
    for info in linker.classes.values():
        _cut_class(info)
    parts = (linker.colors, linker.attributes, linker.containers, linker.calls, linker.types)
    for part in (*parts, linker.exclusions, linker.solver, linker):
        vars(part).clear()


def _cut_activation(activation: Activation) -> None:
    _cut(*activation.slots, *activation.cells.values(), activation.returns, activation.yields)
    for box in activation.boxes.values():
        _cut_box(box)
    activation.slots, activation.cells, activation.boxes, activation.deferred = [], {}, {}, []
    activation.targets, activation.operations = {}, {}
    activation.coroutine = activation.generator = activation.func = activation.env = activation.self_class = (
        None
    )


def _cut_box(box: Box) -> None:
    _cut(box.elements, box.dict_keys, *box.keyed.values())
    box.listeners, box.parents, box.keyed = [], [], {}


def _cut_class(info: ClassInfo) -> None:
    _cut(*info.attributes.values(), *info.instance_vars.values())
    info.attributes, info.instance_vars, info.listeners, info.open_listeners = {}, {}, [], []
    info.bases, info.derived = [], []
    del info._mro  # it begins with the class itself


def _cut(*variables: Var) -> None:
    """Let go of what variables hold and lead to, and of what those do that they lead to."""
    todo = list(variables)
    while todo:
        var = todo.pop()
        if var.edges is not None:
            todo += var.edges
            var.edges = None
        if var.watchers is not None:
            for watcher in var.watchers:
                _cut_circle(watcher)
            var.watchers = None
        var.values = {}


def _cut_circle(watcher: Watcher) -> None:
    """A function that names itself, to watch something else as well, holds on to itself."""
    with contextlib.suppress(ValueError):  # an empty cell: it was cut before
        for cell in getattr(watcher, "__closure__", None) or ():
            if cell.cell_contents is watcher:
                del cell.cell_contents
