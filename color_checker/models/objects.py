"""Models of builtins and `operator` for attributes, classes, descriptors and special methods."""

from __future__ import annotations

from color_checker.activation import Activation
from color_checker.arguments import Args
from color_checker.classes import ClassInfo
from color_checker.models.call import Model, ModelCall
from color_checker.solver import Var
from color_checker.values import DATA, Class, Const, Descriptor, ExtInst, Inst, Value


def super_object(call: ModelCall) -> None:
    """`super()`, `super(cls, self)`."""
    if len(call.args.positional) == 2:
        _explicit_super(call)
        return
    scope: Activation | None = call.activation
    while scope is not None and scope.facts.owner < 0:
        scope = scope.env
    if scope is None or scope.env is None or not scope.facts.params:
        return
    owner = call.linker.colors.class_of_body(scope.env)
    if owner is None:
        return
    call.watch(scope.var(0), lambda receiver: _super_of(call, owner, receiver))


def _explicit_super(call: ModelCall) -> None:
    owner, this = call.args.positional

    def arrived(value: Value) -> None:
        if isinstance(value, Class):
            call.watch(this, lambda receiver: _super_of(call, value.info, receiver))

    call.watch(owner, arrived)


def _super_of(call: ModelCall, owner: ClassInfo, receiver: Value) -> None:
    if isinstance(receiver, Inst | Class):
        call.give(call.linker.calls.super_object(owner, receiver))


def get_attribute(call: ModelCall) -> None:
    """`getattr(x, "name", default)`; a name that is not constant is a gap."""
    if len(call.args.positional) < 2:
        return
    if len(call.args.positional) > 2:
        call.give_from(call.args.positional[2])
    _read_named(call, call.args.positional[0], call.args.positional[1], call.dst)


def _read_named(call: ModelCall, source: Var, name: Var, dst: Var) -> None:
    linker = call.linker

    def named(value: Value) -> None:
        if isinstance(value, Const) and isinstance(value.value, str):
            text = value.value
            call.watch(
                source, lambda found: linker.attributes.read(call.activation, call.position, found, text, dst)
            )

    call.watch(name, named)
    call.watch(source, lambda value: linker.solver.add(dst, DATA) if value is DATA else None)


def set_attribute(call: ModelCall) -> None:
    """`setattr(x, "name", value)`."""
    if len(call.args.positional) < 3:
        return
    target, key, source = call.args.positional[:3]
    attributes = call.linker.attributes

    def named(name: Value) -> None:
        if isinstance(name, Const) and isinstance(name.value, str):
            text = name.value
            call.watch(
                target, lambda value: attributes.store(call.activation, call.position, value, text, source)
            )

    call.watch(key, named)


def method_caller(call: ModelCall) -> None:
    """`operator.methodcaller("name", *args)`: a function of the object."""
    _give_function(call, "operator.methodcaller.__call__")


def call_method(call: ModelCall) -> None:
    """What `operator.methodcaller` gives, called: the object comes last."""
    if len(call.args.positional) < 2:
        return
    method = Var()
    name, *args, receiver = call.args.positional
    _read_named(call, receiver, name, method)
    call.run(method, Args(tuple(args), call.args.keywords), call.dst)


def attribute_getter(call: ModelCall) -> None:
    """`operator.attrgetter("name")`; of several names the results are not told apart."""
    _give_function(call, "operator.attrgetter.__call__")


def get_attributes(call: ModelCall) -> None:
    """What `operator.attrgetter` gives, called: the object comes last."""
    for name in call.args.positional[:-1]:
        _read_named(call, call.args.positional[-1], name, call.dst)


def _give_function(call: ModelCall, dotted: str) -> None:
    function = Var()
    call.linker.solver.add(function, call.linker.ext(dotted))
    call.give(call.linker.calls.partial(function, call.args))


def class_of(call: ModelCall) -> None:
    """`type(x)`."""

    def arrived(value: Value) -> None:
        if isinstance(value, Inst):
            call.give(call.linker.class_value(value.info))
        elif isinstance(value, ExtInst):
            call.give(call.linker.ext(value.dotted))
        else:
            call.give(DATA)

    if len(call.args.positional) == 1:
        call.watch_first(arrived)


def new(call: ModelCall) -> None:
    """`object.__new__(cls)`."""

    def arrived(value: Value) -> None:
        if isinstance(value, Class):
            call.give(call.linker.instance(value.info))

    call.watch_first(arrived)


def descriptor(kind: str) -> Model:
    """`property(f)`, `staticmethod(f)` …"""

    def model(call: ModelCall) -> None:
        getter, setter = Var(), Var()
        first = call.args.get(0) or call.args.get("fget")
        second = call.args.get(1) or call.args.get("fset")
        if first is not None:
            call.linker.solver.flow(first, getter)
        if second is not None:
            call.linker.solver.flow(second, setter)
        call.give(Descriptor(kind, getter, setter))

    return model


def property_setter(call: ModelCall) -> None:
    """`@p.setter`, `@p.deleter`."""
    if isinstance(call.receiver, Descriptor) and call.args.positional:
        call.linker.solver.flow(call.args.positional[0], call.receiver.setter)
        call.give(call.receiver)


def property_getter(call: ModelCall) -> None:
    """`@p.getter`."""
    if isinstance(call.receiver, Descriptor) and call.args.positional:
        call.linker.solver.flow(call.args.positional[0], call.receiver.getter)
        call.give(call.receiver)


def through(methods: tuple[str, ...], result: str) -> Model:
    """A builtin that calls a special method: `len`, `str`, `hash` …"""

    def model(call: ModelCall) -> None:
        for var in call.args.positional:
            call.linker.calls.stringify(call.activation, call.position, var, methods)
        call.give(call.linker.ext_inst(result) if result else DATA)

    return model


def unknown(call: ModelCall) -> None:
    """A namespace as a dict: what is looked up in it by name is not followed, so its call is a gap."""
