"""Builtins and library functions through which functions and objects flow, modeled by hand.

The catalog says what a function *does*; this module says where values *go* for the few dozen
functions where that decides who calls whom.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from color_checker.arguments import Args
from color_checker.solver import Var
from color_checker.values import (
    DATA,
    Box,
    Class,
    Const,
    Coro,
    Descriptor,
    ExtInst,
    FieldDefault,
    Func,
    Inst,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.link import Linker

Model = Callable[["Linker", "Activation", int, Args, Var, "Value | None"], None]


# -- builtins ---------------------------------------------------------------------------------------


def _super(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    if len(args.positional) == 2:
        _explicit_super(linker, args, dst)
        return
    scope: Activation | None = activation
    while scope is not None and scope.facts.owner < 0:
        scope = scope.env
    if scope is None or scope.env is None or not scope.facts.params:
        return
    owner = linker.colors.class_of_body(scope.env)
    if owner is None:
        return
    linker.solver.watch(scope.var(0), lambda receiver: _super_of(linker, owner, receiver, dst))


def _explicit_super(linker: Linker, args: Args, dst: Var) -> None:
    def arrived(value: Value) -> None:
        if isinstance(value, Class):
            linker.solver.watch(
                args.positional[1], lambda receiver: _super_of(linker, value.info, receiver, dst)
            )

    linker.solver.watch(args.positional[0], arrived)


def _super_of(linker: Linker, owner: ClassInfo, receiver: Value, dst: Var) -> None:
    if isinstance(receiver, Inst | Class):
        linker.solver.add(dst, linker.calls.super_object(owner, receiver))


def _getattr(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    if len(args.positional) < 2:
        return
    if len(args.positional) > 2:
        linker.solver.flow(args.positional[2], dst)

    def named(name: Value) -> None:
        if isinstance(name, Const) and isinstance(name.value, str):
            text = name.value
            linker.solver.watch(
                args.positional[0],
                lambda value: linker.attributes.read(activation, position, value, text, dst),
            )

    linker.solver.watch(args.positional[1], named)
    linker.solver.watch(
        args.positional[0], lambda value: linker.solver.add(dst, DATA) if value is DATA else None
    )


def _setattr(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    if len(args.positional) < 3:
        return

    def named(name: Value) -> None:
        if isinstance(name, Const) and isinstance(name.value, str):
            text = name.value
            linker.solver.watch(
                args.positional[0],
                lambda value: linker.attributes.store(activation, position, value, text, args.positional[2]),
            )

    linker.solver.watch(args.positional[1], named)


def _map(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    elements = _elements_of(linker, activation, position, args.positional[1:])
    results = Var()
    for index, var in enumerate(args.positional):
        # Any callable argument counts: swapped arguments are a mistake that is made.
        linker.calls.call_all(activation, position, var, Args(elements if index == 0 else ()), results)
    linker.solver.add(dst, linker.calls.iterator(activation, position, "map", results))


def _filter(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    elements = _elements_of(linker, activation, position, args.positional[1:])
    if args.positional:
        linker.calls.call_all(activation, position, args.positional[0], Args(elements), Var())
    if elements:
        linker.solver.add(dst, linker.calls.iterator(activation, position, "filter", elements[0]))


def _elements_of(
    linker: Linker, activation: Activation, position: int, iterables: tuple[Var, ...]
) -> tuple[Var, ...]:
    elements = []
    for iterable in iterables:
        element = Var()
        linker.containers.iterate(activation, position, iterable, element, is_async=False)
        elements.append(element)
    return tuple(elements)


def _collection(kind: str) -> Model:
    """`list(xs)` and the like: a new container with the same elements."""

    def model(
        linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
    ) -> None:
        box = linker.containers.box(activation, (position, kind), kind)
        for element in _elements_of(linker, activation, position, args.positional):
            linker.solver.flow(element, box.elements)
        if "key" in args.keywords:
            linker.calls.call_all(activation, position, args.keywords["key"], Args((box.elements,)), Var())
        linker.solver.add(dst, box)

    return model


def _same_positions(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    """`tuple(xs)` and `list(xs)` keep the positions of what is known of `xs`."""
    box = linker.containers.box(activation, (position, "copy"), "list")

    def arrived(value: Value) -> None:
        if isinstance(value, Box) and value.kind in ("list", "tuple"):
            linker.containers.update_positions(value, box)
        else:
            linker.containers.iterate_value(activation, position, value, box.elements, is_async=False)

    for var in args.positional[:1]:
        linker.solver.watch(var, arrived)
    linker.solver.add(dst, box)


def _dict(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    box = linker.containers.box(activation, (position, "dict"), "dict")
    for name, var in args.keywords.items():
        linker.solver.flow(var, linker.containers.slot(box, name))
        linker.solver.add(box.dict_keys, linker.constant("str", name))
    for source in (*args.positional, *args.double_stars):
        linker.containers.update(source, box)
        _pairs(linker, activation, position, source, box)
    linker.solver.add(dst, box)


def _pairs(linker: Linker, activation: Activation, position: int, source: Var, box: Box) -> None:
    """`dict([(key, value), …])`."""

    def arrived(value: Value) -> None:
        if isinstance(value, Box) and value.kind == "dict":
            return
        pair = Var()
        linker.containers.iterate_value(activation, position, value, pair, is_async=False)
        key, item = Var(), Var()
        zero, one = Var(), Var()
        linker.solver.add(zero, linker.constant("int", 0))
        linker.solver.add(one, linker.constant("int", 1))
        linker.solver.watch(pair, lambda two: linker.containers.read(activation, position, two, zero, key))
        linker.solver.watch(pair, lambda two: linker.containers.read(activation, position, two, one, item))
        linker.containers.store(box, key, item)

    linker.solver.watch(source, arrived)


def _first_element(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    """`min`, `max`: one of the arguments or of the elements of the only one."""
    elements = _elements_of(linker, activation, position, args.positional[:1])
    several = args.positional if len(args.positional) > 1 else elements
    for var in several:
        linker.solver.flow(var, dst)
    if "key" in args.keywords:
        for var in several:
            linker.calls.call_all(activation, position, args.keywords["key"], Args((var,)), Var())
    if "default" in args.keywords:
        linker.solver.flow(args.keywords["default"], dst)


def _iter(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    if len(args.positional) == 2:
        results = Var()
        linker.calls.call_all(activation, position, args.positional[0], Args(), results)
        linker.solver.add(dst, linker.calls.iterator(activation, position, "iter", results))
        return

    def arrived(value: Value) -> None:
        if isinstance(value, Inst):
            method = Var()
            linker.attributes.special(activation, position, value, "__iter__", method)
            linker.calls.call_all(activation, position, method, Args(), dst)
        else:
            element = Var()
            linker.containers.iterate_value(activation, position, value, element, is_async=False)
            linker.solver.add(dst, linker.calls.iterator(activation, position, "iter", element))

    for var in args.positional:
        linker.solver.watch(var, arrived)


def _next(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    def arrived(value: Value) -> None:
        if isinstance(value, Inst):
            method = Var()
            linker.attributes.special(activation, position, value, "__next__", method)
            linker.calls.call_all(activation, position, method, Args(), dst)
        else:
            linker.containers.iterate_value(activation, position, value, dst, is_async=False)

    for var in args.positional[:1]:
        linker.solver.watch(var, arrived)
    for var in args.positional[1:]:
        linker.solver.flow(var, dst)


def _enumerate(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    pair = linker.containers.box(activation, (position, "pair"), "tuple")
    linker.solver.add(linker.containers.slot(pair, 0), linker.ext_inst("builtins.int"))
    for element in _elements_of(linker, activation, position, args.positional[:1]):
        linker.solver.flow(element, linker.containers.slot(pair, 1))
    _iterator_over(linker, activation, position, pair, dst)


def _zip(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    row = linker.containers.box(activation, (position, "row"), "tuple")
    for index, element in enumerate(_elements_of(linker, activation, position, args.positional)):
        linker.solver.flow(element, linker.containers.slot(row, index))
    for star in args.stars:
        linker.containers.iterate(activation, position, star, row.elements, is_async=False)
    _iterator_over(linker, activation, position, row, dst)


def _iterator_over(linker: Linker, activation: Activation, position: int, value: Value, dst: Var) -> None:
    elements = Var()
    linker.solver.add(elements, value)
    linker.solver.add(dst, linker.calls.iterator(activation, position, "row", elements))


def _type(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    def arrived(value: Value) -> None:
        if isinstance(value, Inst):
            linker.solver.add(dst, linker.class_value(value.info))
        elif isinstance(value, ExtInst):
            linker.solver.add(dst, linker.ext(value.dotted))
        else:
            linker.solver.add(dst, DATA)

    if len(args.positional) == 1:
        linker.solver.watch(args.positional[0], arrived)


def _descriptor(kind: str) -> Model:
    """`property(f)`, `staticmethod(f)` …"""

    def model(
        linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
    ) -> None:
        getter, setter = Var(), Var()
        first = args.get(0) or args.get("fget")
        second = args.get(1) or args.get("fset")
        if first is not None:
            linker.solver.flow(first, getter)
        if second is not None:
            linker.solver.flow(second, setter)
        linker.solver.add(dst, Descriptor(kind, getter, setter))

    return model


def _property_setter(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, receiver: Value | None
) -> None:
    if isinstance(receiver, Descriptor) and args.positional:
        linker.solver.flow(args.positional[0], receiver.setter)
        linker.solver.add(dst, receiver)


def _property_getter(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, receiver: Value | None
) -> None:
    if isinstance(receiver, Descriptor) and args.positional:
        linker.solver.flow(args.positional[0], receiver.getter)
        linker.solver.add(dst, receiver)


def _through(methods: tuple[str, ...], result: str) -> Model:
    """A builtin that calls a special method: `len`, `str`, `hash` …"""

    def model(
        linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
    ) -> None:
        for var in args.positional:
            linker.calls.stringify(activation, position, var, methods)
        linker.solver.add(dst, linker.ext_inst(result) if result else DATA)

    return model


def _new(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    def arrived(value: Value) -> None:
        if isinstance(value, Class):
            linker.solver.add(dst, linker.instance(value.info))

    for var in args.positional[:1]:
        linker.solver.watch(var, arrived)


def _method_caller(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    """`operator.methodcaller("name", *args)`: a function of the object."""
    function = Var()
    linker.solver.add(function, linker.ext("operator.methodcaller.__call__"))
    linker.solver.add(dst, linker.calls.partial(function, args))


def _call_method(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    if len(args.positional) < 2:
        return
    method = Var()
    receiver = args.positional[-1]
    _getattr(linker, activation, position, Args((receiver, args.positional[0])), method, None)
    linker.calls.call_all(activation, position, method, Args(args.positional[1:-1], args.keywords), dst)


def _attribute_getter(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    """`operator.attrgetter("name")`; of several names the results are not told apart."""
    function = Var()
    linker.solver.add(function, linker.ext("operator.attrgetter.__call__"))
    linker.solver.add(dst, linker.calls.partial(function, args))


def _get_attributes(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    for name in args.positional[:-1]:
        _getattr(linker, activation, position, Args((args.positional[-1], name)), dst, None)


def _unknown(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    """A namespace as a dict: what is looked up in it by name is not followed, so its call is a gap."""


# -- functools, contextlib, dataclasses, typing, copy --------------------------------------------------


def _partial(*, is_method: bool) -> Model:
    def model(
        linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
    ) -> None:
        if args.positional:
            rest = args.without_first()
            rest.is_method = is_method
            linker.solver.add(dst, linker.calls.partial(args.positional[0], rest))

    return model


def _identity(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    for var in args.positional[:1]:
        linker.solver.flow(var, dst)


def _second(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    for var in args.positional[1:2]:
        linker.solver.flow(var, dst)


def _identity_decorator(name: str) -> Model:
    """A decorator, or what takes options and gives one, that keeps the function as it is."""

    def model(
        linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
    ) -> None:
        if not args.positional:
            linker.solver.add(dst, linker.ext(name))

        def arrived(value: Value) -> None:
            if isinstance(value, Const | ExtInst) or value is DATA:
                linker.solver.add(dst, linker.ext(name))
            else:
                linker.solver.add(dst, value)

        for var in args.positional[:1]:
            linker.solver.watch(var, arrived)

    return model


def _wraps(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    linker.solver.add(dst, linker.ext("functools.update_wrapper"))


def _register(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, receiver: Value | None
) -> None:
    """`@f.register`, `@f.register(int)`: one more function that calling `f` may run."""
    if not isinstance(receiver, Func):
        return
    dispatched = receiver.attributes.setdefault("<dispatch>", Var())

    def arrived(value: Value) -> None:
        if isinstance(value, Func):
            linker.solver.add(dispatched, value)
            linker.solver.add(dst, value)
        else:
            linker.solver.add(dst, linker.ext_bound("functools.singledispatch.register", receiver))

    for var in args.positional:
        linker.solver.watch(var, arrived)


def _reduce(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    elements = _elements_of(linker, activation, position, args.positional[1:2])
    for var in (*args.positional[2:], *elements):
        linker.solver.flow(var, dst)
    if args.positional:
        linker.calls.call_all(activation, position, args.positional[0], Args((dst, *elements)), dst)


def _context_manager(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    for var in args.positional[:1]:
        linker.solver.watch(var, lambda value: linker.solver.add(dst, linker.calls.factory(value)))


def _enter_context(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    for var in args.positional[:1]:
        linker.containers.enter(activation, position, var, dst, is_async=False)


def _enter_async_context(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    result = Var()
    for var in args.positional[:1]:
        linker.containers.enter(activation, position, var, result, is_async=True)
    linker.solver.add(dst, Coro(result))


def _field(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    default = args.keywords.get("default") or args.get(0) or Var()
    factory = args.keywords.get("default_factory") or args.keywords.get("factory") or Var()
    linker.solver.add(dst, FieldDefault(default, factory))


def _chain(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    elements = Var()
    for element in _elements_of(linker, activation, position, args.positional):
        linker.solver.flow(element, elements)
    for star in _elements_of(linker, activation, position, args.stars):
        linker.containers.iterate(activation, position, star, elements, is_async=False)
    linker.solver.add(dst, linker.calls.iterator(activation, position, "chain", elements))


def _defaultdict(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    box = linker.containers.box(activation, (position, "defaultdict"), "dict")
    for var in args.positional[:1]:
        linker.calls.call_all(activation, position, var, Args(), box.elements)
    for source in args.positional[1:]:
        linker.containers.update(source, box)
    linker.solver.add(dst, box)


# -- asyncio ------------------------------------------------------------------------------------------


def _gather(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    box = linker.containers.box(activation, (position, "gather"), "list")
    for index, var in enumerate(args.positional):
        target = linker.containers.slot(box, index) if not args.stars else box.elements
        _await_into(linker, activation, position, var, target)
    for star in args.stars:
        element = Var()
        linker.containers.iterate(activation, position, star, element, is_async=False)
        _await_into(linker, activation, position, element, box.elements)
    result = Var()
    linker.solver.add(result, box)
    linker.solver.add(dst, Coro(result))


def _await_into(linker: Linker, activation: Activation, position: int, source: Var, dst: Var) -> None:
    linker.solver.watch(source, lambda value: linker.unwrap(activation, position, value, dst))


def _run(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    for var in args.positional[:1]:
        _await_into(linker, activation, position, var, dst)


def _wait(
    linker: Linker, activation: Activation, position: int, args: Args, dst: Var, _: Value | None
) -> None:
    pair = linker.containers.box(activation, (position, "wait"), "tuple")
    for index in (0, 1):
        group = linker.containers.box(activation, (position, "group", index), "set")
        for element in _elements_of(linker, activation, position, args.positional[:1]):
            linker.solver.flow(element, group.elements)
        linker.solver.add(linker.containers.slot(pair, index), group)
    result = Var()
    linker.solver.add(result, pair)
    linker.solver.add(dst, Coro(result))


MODELS: dict[str, Model] = {
    "builtins.globals": _unknown,
    "builtins.locals": _unknown,
    "builtins.vars": _unknown,
    "builtins.object.__getattribute__": _getattr,
    "builtins.super": _super,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.sorted": _collection("list"),
    "builtins.reversed": _collection("list"),
    "builtins.list": _same_positions,
    "builtins.tuple": _same_positions,
    "builtins.set": _collection("set"),
    "builtins.frozenset": _collection("frozenset"),
    "collections.deque": _collection("list"),
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "collections.ChainMap": _dict,
    "builtins.min": _first_element,
    "builtins.max": _first_element,
    "builtins.iter": _iter,
    "builtins.aiter": _iter,
    "builtins.next": _next,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.type": _type,
    "builtins.property": _descriptor("property"),
    "functools.cached_property": _descriptor("cached_property"),
    "builtins.staticmethod": _descriptor("staticmethod"),
    "builtins.classmethod": _descriptor("classmethod"),
    "abc.abstractproperty": _descriptor("property"),
    "builtins.property.setter": _property_setter,
    "builtins.property.deleter": _property_setter,
    "builtins.property.getter": _property_getter,
    "builtins.str": _through(("__str__", "__repr__"), "builtins.str"),
    "builtins.repr": _through(("__repr__",), "builtins.str"),
    "builtins.format": _through(("__format__", "__str__", "__repr__"), "builtins.str"),
    "builtins.print": _through(("__str__", "__repr__"), ""),
    "builtins.len": _through(("__len__",), "builtins.int"),
    "builtins.bool": _through(("__bool__", "__len__"), "builtins.bool"),
    "builtins.int": _through(("__int__", "__index__"), "builtins.int"),
    "builtins.float": _through(("__float__",), "builtins.float"),
    "builtins.bytes": _through(("__bytes__",), "builtins.bytes"),
    "builtins.hash": _through(("__hash__",), "builtins.int"),
    "builtins.abs": _through(("__abs__",), ""),
    "builtins.round": _through(("__round__",), ""),
    "builtins.object.__new__": _new,
    "operator.methodcaller": _method_caller,
    "operator.methodcaller.__call__": _call_method,
    "operator.attrgetter": _attribute_getter,
    "operator.attrgetter.__call__": _get_attributes,
    "functools.partial": _partial(is_method=False),
    "functools.partialmethod": _partial(is_method=True),
    "functools.wraps": _wraps,
    "functools.update_wrapper": _identity,
    "functools.cache": _identity,
    "functools.lru_cache": _identity_decorator("functools.lru_cache"),
    "functools.total_ordering": _identity,
    "functools.singledispatch": _identity,
    "functools.singledispatchmethod": _identity,
    "functools.singledispatch.register": _register,
    "functools.reduce": _reduce,
    "contextlib.contextmanager": _context_manager,
    "contextlib.asynccontextmanager": _context_manager,
    "contextlib.closing": _identity,
    "contextlib.aclosing": _identity,
    "contextlib.ExitStack.enter_context": _enter_context,
    "contextlib.AsyncExitStack.enter_context": _enter_context,
    "contextlib.AsyncExitStack.enter_async_context": _enter_async_context,
    "dataclasses.dataclass": _identity_decorator("dataclasses.dataclass"),
    "dataclasses.field": _field,
    "attr.ib": _field,
    "attrs.field": _field,
    "attr.field": _field,
    "pydantic.Field": _field,
    "msgspec.field": _field,
    "dataclasses.replace": _identity,
    "attrs.define": _identity_decorator("attrs.define"),
    "attr.s": _identity_decorator("attr.s"),
    "typing.cast": _second,
    "typing_extensions.cast": _second,
    "typing.overload": _identity,
    "typing.final": _identity,
    "typing_extensions.override": _identity,
    "typing.override": _identity,
    "typing.no_type_check": _identity,
    "typing.assert_never": _identity,
    "abc.abstractmethod": _identity,
    "atexit.register": _identity,
    "copy.copy": _identity,
    "copy.deepcopy": _identity,
    "itertools.chain": _chain,
    "itertools.cycle": _chain,
    "itertools.islice": _chain,
    "itertools.chain.from_iterable": _chain,
    "collections.defaultdict": _defaultdict,
    "asyncio.gather": _gather,
    "asyncio.create_task": _identity,
    "asyncio.ensure_future": _identity,
    "asyncio.shield": _identity,
    "asyncio.wait_for": _identity,
    "asyncio.TaskGroup.create_task": _identity,
    "asyncio.AbstractEventLoop.create_task": _identity,
    "asyncio.run_coroutine_threadsafe": _identity,
    "asyncio.run": _run,
    "asyncio.AbstractEventLoop.run_until_complete": _run,
    "asyncio.Runner.run": _run,
    "asyncio.as_completed": _collection("list"),
    "asyncio.wait": _wait,
}


# -- methods of containers ----------------------------------------------------------------------------


def box_method(
    linker: Linker, activation: Activation, position: int, box: Box, name: str, args: Args, dst: Var
) -> None:
    """A method of a list, tuple, set, dict, deque or generator."""
    activation.external.setdefault(position, {})[f"builtins.{box.kind}.{name}"] = None
    boxes = [box, *box.parents]
    solver, containers = linker.solver, linker.containers
    first, second = args.get(0), args.get(1)
    if name in ("append", "add", "appendleft", "send", "put", "put_nowait") and first is not None:
        for target in boxes:
            solver.flow(first, target.elements)
    elif name == "insert" and second is not None:
        for target in boxes:
            solver.flow(second, target.elements)
    elif name in (
        "extend",
        "extendleft",
        "update",
        "union",
        "intersection",
        "difference",
        "symmetric_difference",
    ):
        for target in boxes:
            _extend(linker, activation, position, target, args)
        solver.add(dst, box)
    elif name in ("get", "pop", "setdefault", "__getitem__", "popleft"):
        if box.kind == "dict" or first is not None:
            containers.read(activation, position, box, first, dst)
        else:
            containers.all_elements(box, dst)
        if second is not None:
            solver.flow(second, dst)
            if name == "setdefault" and first is not None:
                containers.store(box, first, second)
    elif name in ("values", "copy", "__iter__", "__enter__", "fromkeys", "popitem", "items", "keys"):
        _view(linker, activation, position, box, name, dst)
    elif name == "sort" and "key" in args.keywords:
        elements = Var()
        containers.all_elements(box, elements)
        linker.calls.call_all(activation, position, args.keywords["key"], Args((elements,)), Var())
    elif name in ("join", "encode", "format", "strip", "split", "decode"):
        solver.add(dst, linker.ext_inst("builtins.str"))
    else:
        solver.add(dst, DATA)


def _extend(linker: Linker, activation: Activation, position: int, box: Box, args: Args) -> None:
    for var in args.positional:
        if box.kind == "dict":
            linker.containers.update(var, box)
        else:
            linker.containers.iterate(activation, position, var, box.elements, is_async=False)
    for name, var in args.keywords.items():
        linker.solver.flow(var, linker.containers.slot(box, name))


def _view(linker: Linker, activation: Activation, position: int, box: Box, name: str, dst: Var) -> None:
    if name in ("copy", "__enter__"):
        linker.solver.add(dst, box)
        return
    view = linker.containers.box(activation, (position, name, id(box)), "list")
    if name in ("items", "popitem"):
        pair = linker.containers.box(activation, (position, "pair", id(box)), "tuple")
        linker.solver.flow(box.dict_keys, linker.containers.slot(pair, 0))
        linker.containers.all_elements(box, linker.containers.slot(pair, 1))
        linker.solver.add(view.elements, pair)
        linker.solver.add(dst, pair if name == "popitem" else view)
        return
    if name in ("keys", "__iter__") and box.kind == "dict":
        linker.solver.flow(box.dict_keys, view.elements)
    else:
        linker.containers.all_elements(box, view.elements)
    linker.solver.add(dst, view)
