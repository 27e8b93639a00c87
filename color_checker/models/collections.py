"""Models of builtins, `collections` and `itertools` that make, copy or go through collections."""

from __future__ import annotations

from color_checker.arguments import Args
from color_checker.models.call import Model, ModelCall
from color_checker.solver import Var
from color_checker.values import Box, Inst, Value


def collection(kind: str) -> Model:
    """`sorted(xs)`, `set(xs)` and the like: a new container with the same elements."""

    def model(call: ModelCall) -> None:
        box = call.box(kind, kind)
        for element in call.elements(call.args.positional):
            call.linker.solver.flow(element, box.elements)
        if "key" in call.args.keywords:
            call.run(call.args.keywords["key"], Args((box.elements,)), Var())
        call.give(box)

    return model


def same_positions(call: ModelCall) -> None:
    """`tuple(xs)` and `list(xs)` keep the positions of what is known of `xs`."""
    box = call.box("list", "copy")

    def arrived(value: Value) -> None:
        if isinstance(value, Box) and value.kind in ("list", "tuple"):
            call.linker.containers.update_positions(value, box)
        else:
            call.iterate_value(value, box.elements)

    call.watch_first(arrived)
    call.give(box)


def dictionary(call: ModelCall) -> None:
    """`dict(mapping, name=value)`, `dict([(key, value), …])`."""
    box = call.box("dict", "dict")
    for name, var in call.args.keywords.items():
        call.linker.solver.flow(var, call.slot(box, name))
        call.linker.solver.add(box.dict_keys, call.linker.constant("str", name))
    for source in (*call.args.positional, *call.args.double_stars):
        call.linker.containers.update(source, box)
        _pairs(call, source, box)
    call.give(box)


def _pairs(call: ModelCall, source: Var, box: Box) -> None:
    linker = call.linker

    def part(pair: Var, index: int) -> Var:
        at, found = Var(), Var()
        linker.solver.add(at, linker.constant("int", index))
        call.watch(pair, lambda two: linker.containers.read(call.activation, call.position, two, at, found))
        return found

    def arrived(value: Value) -> None:
        if isinstance(value, Box) and value.kind == "dict":
            return
        pair = Var()
        call.iterate_value(value, pair)
        linker.containers.store(box, part(pair, 0), part(pair, 1))

    call.watch(source, arrived)


def default_dict(call: ModelCall) -> None:
    """`defaultdict(factory, mapping)`: its elements are also what the factory gives."""
    box = call.box("dict", "defaultdict")
    for var in call.args.positional[:1]:
        call.run(var, Args(), box.elements)
    for source in call.args.positional[1:]:
        call.linker.containers.update(source, box)
    call.give(box)


def mapped(call: ModelCall) -> None:
    """`map(f, xs, ys)`."""
    elements = call.elements(call.args.positional[1:])
    results = Var()
    for index, var in enumerate(call.args.positional):
        # Any callable argument counts: swapped arguments are a mistake that is made.
        call.run(var, Args(elements if index == 0 else ()), results)
    call.give_iterator("map", results)


def filtered(call: ModelCall) -> None:
    """`filter(f, xs)`."""
    elements = call.elements(call.args.positional[1:])
    if call.args.positional:
        call.run(call.args.positional[0], Args(elements), Var())
    if elements:
        call.give_iterator("filter", elements[0])


def reduced(call: ModelCall) -> None:
    """`functools.reduce(f, xs, start)`."""
    elements = call.elements(call.args.positional[1:2])
    for var in (*call.args.positional[2:], *elements):
        call.give_from(var)
    if call.args.positional:
        call.run(call.args.positional[0], Args((call.dst, *elements)), call.dst)


def one_of(call: ModelCall) -> None:
    """`min`, `max`: one of the arguments or of the elements of the only one."""
    elements = call.elements(call.args.positional[:1])
    several = call.args.positional if len(call.args.positional) > 1 else elements
    for var in several:
        call.give_from(var)
    if "key" in call.args.keywords:
        for var in several:
            call.run(call.args.keywords["key"], Args((var,)), Var())
    if "default" in call.args.keywords:
        call.give_from(call.args.keywords["default"])


def iterator(call: ModelCall) -> None:
    """`iter(xs)`, `iter(f, sentinel)`."""
    if len(call.args.positional) == 2:
        results = Var()
        call.run(call.args.positional[0], Args(), results)
        call.give_iterator("iter", results)
        return

    def arrived(value: Value) -> None:
        if isinstance(value, Inst):
            _special(call, value, "__iter__")
        else:
            element = Var()
            call.iterate_value(value, element)
            call.give_iterator("iter", element)

    call.watch_first(arrived)


def next_element(call: ModelCall) -> None:
    """`next(xs, default)`."""

    def arrived(value: Value) -> None:
        if isinstance(value, Inst):
            _special(call, value, "__next__")
        else:
            call.iterate_value(value, call.dst)

    call.watch_first(arrived)
    for var in call.args.positional[1:]:
        call.give_from(var)


def _special(call: ModelCall, value: Inst, name: str) -> None:
    method = Var()
    call.linker.attributes.special(call.activation, call.position, value, name, method)
    call.run(method, Args(), call.dst)


def enumerated(call: ModelCall) -> None:
    """`enumerate(xs)`."""
    pair = call.box("tuple", "pair")
    call.linker.solver.add(call.slot(pair, 0), call.linker.ext_inst("builtins.int"))
    for element in call.elements(call.args.positional[:1]):
        call.linker.solver.flow(element, call.slot(pair, 1))
    _give_rows(call, pair)


def zipped(call: ModelCall) -> None:
    """`zip(xs, ys)`."""
    row = call.box("tuple", "row")
    for index, element in enumerate(call.elements(call.args.positional)):
        call.linker.solver.flow(element, call.slot(row, index))
    for star in call.args.stars:
        call.iterate(star, row.elements)
    _give_rows(call, row)


def _give_rows(call: ModelCall, row: Box) -> None:
    rows = Var()
    call.linker.solver.add(rows, row)
    call.give_iterator("row", rows)


def chained(call: ModelCall) -> None:
    """`itertools.chain(xs, ys)`, `chain.from_iterable(xss)` and what else repeats or selects elements."""
    elements = Var()
    for element in call.elements(call.args.positional):
        call.linker.solver.flow(element, elements)
    for star in call.elements(call.args.stars):
        call.iterate(star, elements)
    call.give_iterator("chain", elements)
