"""Containers, iteration, subscripts and context managers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from color_checker.arguments import Args
from color_checker.solver import Var
from color_checker.values import (
    DATA,
    LOST,
    NONE,
    Box,
    Class,
    Const,
    Coro,
    Ext,
    ExtBound,
    ExtInst,
    Gen,
    Inst,
    Manager,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker

#: What stands for the types in its brackets.
_SPECIAL_FORMS = frozenset(
    f"{module}.{name}"
    for module in ("typing", "typing_extensions")
    for name in ("Annotated", "Optional", "Union")
)


class Containers:
    """What goes into containers and comes out again, for the linker."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker

    def box(self, activation: Activation, key: tuple[object, ...], kind: str) -> Box:
        """The container made at that place."""
        box = activation.boxes.get(key)
        if box is None:
            box = activation.boxes[key] = Box(kind, Var(), Var())
        return box

    def slot(self, box: Box, key: str | int) -> Var:
        """What is under a constant key."""
        var = box.keyed.get(key)
        if var is None:
            var = box.keyed[key] = Var()
            for listener in tuple(box.listeners):
                listener(key, var)
        return var

    def store(self, box: Box, key: Var, value: Var) -> None:
        """`box[key] = value`."""
        linker = self.linker
        known = {item.value for item in key.values if isinstance(item, Const)}

        def arrived(item: Value) -> None:
            if isinstance(item, Const):
                linker.solver.flow(value, self.slot(box, item.value))
                known.add(item.value)
            else:
                linker.solver.flow(value, box.elements)

        linker.solver.flow(key, box.dict_keys)
        linker.solver.watch(key, arrived)

        def unknown() -> bool:
            linker.solver.flow(value, box.elements)
            return True

        if not key.values:
            linker.if_empty(key, unknown)

    def all_elements(self, box: Box, dst: Var) -> None:
        """Everything in the container, whatever its key."""
        solver = self.linker.solver
        solver.flow(box.elements, dst)

        def new_key(_: str | int, var: Var) -> None:
            solver.flow(var, dst)

        box.listeners.append(new_key)
        for var in box.keyed.values():
            solver.flow(var, dst)

    def spread(self, activation: Activation, position: int, source: Var, box: Box) -> None:
        """`[*source]`."""
        self.iterate(activation, position, source, box.elements, is_async=False)

    def update(self, source: Var, box: Box) -> None:
        """`{**source}` and `dict.update`."""
        solver = self.linker.solver

        def arrived(value: Value) -> None:
            if isinstance(value, Box) and value is not box:
                solver.flow(value.elements, box.elements)
                solver.flow(value.dict_keys, box.dict_keys)
                self._copy_keys(value, box, set())
            elif value is DATA:
                solver.add(box.elements, DATA)

        solver.watch(source, arrived)

    def update_positions(self, source: Box, box: Box) -> None:
        """`list(source)`: what is under each position stays there."""
        self.linker.solver.flow(source.elements, box.elements)
        self._copy_keys(source, box, set())

    # -- subscripts -----------------------------------------------------------------------------

    def read(self, activation: Activation, position: int, value: Value, key: Var | None, dst: Var) -> None:
        """`value[key]`; without a key, an unpacked element at an unknown position."""
        linker = self.linker
        match value:
            case Box():
                self._read_box(value, key, dst)
            case Inst():
                method = Var()
                linker.attributes.special(activation, position, value, "__getitem__", method)
                linker.calls.call_all(activation, position, method, Args((key or Var(),)), dst)
                if not linker.attributes.has(value, "__getitem__"):
                    self.iterate_value(activation, position, value, dst, is_async=False)
                    if value.info.external_bases():
                        linker.solver.add(dst, DATA)
            case Gen() | Manager():
                self.iterate_value(activation, position, value, dst, is_async=False)
            case Ext(dotted=dotted) if dotted in _SPECIAL_FORMS and key is not None:
                self._read_form(dotted, key, dst)
            case Class() | Ext():
                # `list[int]`, `Task[Result]`: a class with type arguments is still the class.
                linker.solver.add(dst, self._subscripted(value))
            case ExtInst():
                linker.solver.add(dst, self._element_of(value))
            case Const(kind="str"):
                linker.solver.add(dst, linker.ext_inst("builtins.str"))
            case ExtBound():
                linker.solver.add(dst, DATA)
            case _:
                if value is DATA or value is LOST:
                    linker.solver.add(dst, value)

    def _read_form(self, dotted: str, types: Var, dst: Var) -> None:
        """`Annotated[Order, ...]`, `Union[Order, Refund]`: whatever the types in it are."""
        solver = self.linker.solver

        def arrived(value: Value) -> None:
            if not isinstance(value, Box):
                solver.add(dst, value)
            elif dotted.endswith(".Annotated"):
                solver.flow(self.slot(value, 0), dst)
            else:
                self.all_elements(value, dst)

        solver.watch(types, arrived)

    def _subscripted(self, value: Value) -> Value:
        if isinstance(value, Ext):
            entry = self.linker.catalog.lookup(value.dotted)
            if entry is not None and entry.kind == "value":
                return DATA
        return value

    def _element_of(self, value: ExtInst) -> Value:
        if value.dotted in ("builtins.str", "builtins.bytes"):
            return value
        return DATA

    def _read_box(self, box: Box, key: Var | None, dst: Var) -> None:
        linker = self.linker
        if key is None:
            self.all_elements(box, dst)
            return
        linker.solver.flow(box.elements, dst)
        everything = False

        def arrived(item: Value) -> None:
            nonlocal everything
            if isinstance(item, Const) and item.kind == "slice" and box.kind in ("list", "tuple"):
                self._slice(box, str(item.value), dst)
            elif isinstance(item, Const) and not (isinstance(item.value, int) and item.value < 0):
                linker.solver.flow(self.slot(box, item.value), dst)
            elif isinstance(item, ExtInst) and item.dotted == "builtins.slice":
                linker.solver.add(dst, box)
            elif not everything:
                everything = True
                self.all_elements(box, dst)

        linker.solver.watch(key, arrived)

        def unknown() -> bool:
            self.all_elements(box, dst)
            return True

        if not key.values:
            linker.if_empty(key, unknown)

    def _slice(self, box: Box, text: str, dst: Var) -> None:
        """`box[lower:upper]` with constant bounds keeps what is known of positions."""
        linker = self.linker
        lower_text, _, upper_text = text.partition(":")
        lower = int(lower_text or 0)
        upper = int(upper_text) if upper_text else None
        part = Box(box.kind, Var(), Var())
        linker.solver.flow(box.elements, part.elements)

        def new_key(key: str | int, var: Var) -> None:
            if isinstance(key, int) and lower <= key and (upper is None or key < upper):
                linker.solver.flow(var, self.slot(part, key - lower))

        box.listeners.append(new_key)
        for key, var in list(box.keyed.items()):
            new_key(key, var)
        linker.solver.add(dst, part)

    def store_item(
        self, activation: Activation, position: int, value: Value, key: Var, source: Var | None
    ) -> None:
        """`value[key] = source`, or `del value[key]` without a source."""
        linker = self.linker
        if isinstance(value, Box):
            if source is not None:
                self.store(value, key, source)
                for parent in value.parents:
                    self.store(parent, key, source)
        elif isinstance(value, Inst):
            method = Var()
            name = "__delitem__" if source is None else "__setitem__"
            linker.attributes.special(activation, position, value, name, method)
            args = Args((key,)) if source is None else Args((key, source))
            linker.calls.call_all(activation, position, method, args, Var())

    def replace(
        self, activation: Activation, position: int, source: Var, key: Var, value: Var, dst: Var
    ) -> None:
        """The containers of `source` after `[key] = value` flow to `dst`; other aliases see both values."""
        linker = self.linker
        replaced = {item.value for item in key.values if isinstance(item, Const)}

        def arrived(item: Value) -> None:
            if not isinstance(item, Box):
                linker.solver.add(dst, item)
                return
            box = self.box(activation, (position, item), item.kind)
            if not box.parents:
                box.parents.append(item)
                box.parents.extend(item.parents)
                linker.solver.flow(item.elements, box.elements)
                linker.solver.flow(item.dict_keys, box.dict_keys)
                self._copy_keys(item, box, replaced)
                self.store(box, key, value)
            linker.solver.add(dst, box)

        linker.solver.watch(source, arrived)

    def _copy_keys(self, source: Box, box: Box, without: set[str | int]) -> None:
        def new_key(key: str | int, var: Var) -> None:
            if key not in without:
                self.linker.solver.flow(var, self.slot(box, key))

        source.listeners.append(new_key)
        for key, var in list(source.keyed.items()):
            new_key(key, var)

    # -- iteration ------------------------------------------------------------------------------

    def iterate(
        self, activation: Activation, position: int, source: Var, dst: Var, *, is_async: bool
    ) -> None:
        """`for dst in source`."""
        self.linker.solver.watch(
            source,
            lambda value: self.iterate_value(activation, position, value, dst, is_async=is_async),
        )

    def iterate_value(
        self, activation: Activation, position: int, value: Value, dst: Var, *, is_async: bool
    ) -> None:
        """The elements of one value flow to `dst`."""
        linker = self.linker
        if value is DATA or value is LOST:
            linker.solver.add(dst, value)
            return
        match value:
            case Box(kind="dict"):
                linker.solver.flow(value.dict_keys, dst)
            case Box():
                self.all_elements(value, dst)
            case Gen():
                linker.solver.flow(value.elements, dst)
            case Manager():
                linker.solver.flow(value.elements, dst)
            case Inst():
                self._iterate_instance(activation, position, value, dst, is_async=is_async)
            case Class():
                if value.info.is_enum():
                    linker.solver.add(dst, linker.instance(value.info))
            case Const(kind="str"):
                linker.solver.add(dst, linker.ext_inst("builtins.str"))
            case ExtInst():
                linker.solver.add(dst, self._element_of(value))
            case Ext():
                linker.solver.add(dst, DATA)
            case Coro() if not is_async:
                # `await` written as `yield from`.
                linker.solver.flow(value.result, dst)

    def _iterate_instance(
        self, activation: Activation, position: int, value: Inst, dst: Var, *, is_async: bool
    ) -> None:
        linker = self.linker
        start, step = ("__aiter__", "__anext__") if is_async else ("__iter__", "__next__")
        method, iterator = Var(), Var()
        linker.attributes.special(activation, position, value, start, method)
        linker.calls.call_all(activation, position, method, Args(), iterator)

        def advance(item: Value) -> None:
            if not isinstance(item, Inst):
                self.iterate_value(activation, position, item, dst, is_async=is_async)
                return
            next_method, element = Var(), Var()
            linker.attributes.special(activation, position, item, step, next_method)
            linker.calls.call_all(activation, position, next_method, Args(), element)
            if is_async:
                linker.solver.watch(
                    element, lambda awaited: linker.unwrap(activation, position, awaited, dst)
                )
            else:
                linker.solver.flow(element, dst)

        linker.solver.watch(iterator, advance)
        if linker.attributes.has(value, start):
            return
        if linker.attributes.has(value, "__getitem__"):
            getter = Var()
            linker.attributes.special(activation, position, value, "__getitem__", getter)
            linker.calls.call_all(activation, position, getter, Args((Var(),)), dst)
        elif value.info.external_bases():
            linker.solver.add(dst, DATA)

    # -- context managers -------------------------------------------------------------------------

    def enter(self, activation: Activation, position: int, source: Var, dst: Var, *, is_async: bool) -> None:
        """`with source as dst`."""
        self.linker.solver.watch(
            source, lambda value: self._enter(activation, position, value, dst, is_async=is_async)
        )

    def _enter(
        self, activation: Activation, position: int, value: Value, dst: Var, *, is_async: bool
    ) -> None:
        linker = self.linker
        if isinstance(value, Manager):
            linker.solver.flow(value.elements, dst)
        elif isinstance(value, Inst):
            names = ("__aenter__", "__aexit__") if is_async else ("__enter__", "__exit__")
            entered = Var()
            for name, result in zip(names, (entered, Var()), strict=True):
                method = Var()
                linker.attributes.special(activation, position, value, name, method)
                args = Args() if name.endswith("enter__") else Args((Var(), Var(), Var()))
                linker.calls.call_all(activation, position, method, args, result)
            if is_async:
                linker.solver.watch(entered, lambda item: linker.unwrap(activation, position, item, dst))
            else:
                linker.solver.flow(entered, dst)
            if not linker.attributes.has(value, names[0]):
                linker.solver.add(dst, value)
        elif isinstance(value, Coro):
            linker.solver.flow(value.result, dst)
        elif value is not NONE:
            linker.solver.add(dst, value)
