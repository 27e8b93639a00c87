"""Which plain functions can have to do with colors at all: the others need not be analyzed.

Plain code matters for the borders: it may call a workflow, use a primitive, hand a step away. To do
so it must somewhere name a colored function, a workflow's class or something of an engine. Names are
compared as they are written, after the module bodies have been linked, so that an alias counts too.
What gets hold of a colored thing without naming it is called by something that does, and is looked
at then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from color_checker.facts import Attr, Body, Import, Load, TypeExpr
from color_checker.values import Class, Ext, ExtBound, ExtInst, Func, Inst, Marker, Value

if TYPE_CHECKING:
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: Names of methods that say nothing: half of all classes have them.
_ANYBODYS = frozenset({"__call__", "__init__", "execute", "handle", "main", "run", "start"})


class _Written(NamedTuple):
    """The names in a body: those that it reads, all, and the modules that it imports."""

    loads: frozenset[str]
    all: frozenset[str]
    modules: frozenset[str]


def _names_in(body: Body) -> _Written:
    loads = frozenset(op.name for op in body.ops if isinstance(op, Load))
    others = (op.name for op in body.ops if isinstance(op, Attr | Import))
    return _Written(
        loads, loads.union(others), frozenset(op.module for op in body.ops if isinstance(op, Import))
    )


class Mentions:
    """The names that matter, as known when it is made."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._colored = {func.facts.name for func in linker.colors.functions} - _ANYBODYS
        self._colored |= {info.facts.name for info in linker.colors.workflow_classes}
        self._colored |= _giving_colors(linker) - _ANYBODYS
        self._in_module: dict[ModuleInfo, frozenset[str]] = {}
        self._mentioning: dict[tuple[str, int], bool] = {}

    def by(self, func: Func) -> bool:
        """Whether the function names anything that has to do with colors."""
        known = self._mentioning.get(func.key)
        if known is None:
            known = self._named(func, func.module.derived(func.index, _names_in))
            self._mentioning[func.key] = known
        return known

    def would_be_by(self, func: Func, body: Body) -> bool:
        """The same if the function had that body."""
        return self._named(func, _names_in(body))

    def _named(self, func: Func, written: _Written) -> bool:
        names = self._names(func.module)
        if any(head in names for param in func.facts.params for head in _heads(param.annotation)):
            return True
        return (
            not written.loads.isdisjoint(names)
            or not written.all.isdisjoint(self._colored)
            or any(map(self.linker.is_sdk, written.modules))
        )

    def _names(self, module: ModuleInfo) -> frozenset[str]:
        """The module's own names for what matters."""
        known = self._in_module.get(module)
        if known is None:
            activation = module.activation
            cells = activation.body.cells if activation is not None else {}
            known = self._in_module[module] = frozenset(
                name
                for name, slots in cells.items()
                if activation is not None
                and any(self._matters(value) for slot in slots for value in activation.var(slot).values)
            )
        return known

    def _matters(self, value: Value) -> bool:
        colors = self.linker.colors
        match value:
            case Func():
                return value in colors.functions
            case Class() | Inst():
                return value.info in colors.workflow_classes
            case Ext() | ExtInst() | ExtBound():
                return self.linker.is_sdk(value.dotted)
        return isinstance(value, Marker)


def _heads(annotation: TypeExpr | None) -> Iterator[str]:
    """The first parts of the dotted names in an annotation."""
    if annotation is not None:
        yield annotation.name.partition(".")[0]
        for arg in annotation.args:
            yield from _heads(arg)


def _giving_colors(linker: Linker) -> set[str]:
    """The last names of what colors functions: `self.worker.add_orchestrator(fn)` has no other."""
    return {source.name.rpartition(".")[2] for profile in linker.profiles for source in profile.colors}
