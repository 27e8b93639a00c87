"""Models of `functools`, `contextlib`, dataclasses and decorators, through which functions pass."""

from __future__ import annotations

from collections.abc import Callable

from color_checker.models.call import Model, ModelCall
from color_checker.solver import Var
from color_checker.values import DATA, Class, Const, Coro, ExtInst, FieldDefault, Func, Value


def identity(call: ModelCall) -> None:
    """Gives its first argument."""
    for var in call.args.positional[:1]:
        call.give_from(var)


def cast(call: ModelCall) -> None:
    """`typing.cast(type, x)`: gives its second argument, without what the type rules out."""
    kinds, source = call.args.get(0), call.args.get(1)
    if kinds is None or source is None:
        return

    def arrived(kind: Value) -> None:
        exclusion = call.linker.exclusions.of_value(kind)

        def given(value: Value) -> None:
            left = exclusion.left_of(value)
            if left is not None:
                call.give(left)

        call.watch(source, given)

    def unknown() -> bool:
        call.give_from(source)
        return True

    call.watch(kinds, arrived)
    call.linker.if_empty(kinds, unknown)


def identity_decorator(name: str) -> Model:
    """A decorator, or what takes options and gives one, that keeps the function as it is."""

    def kept(call: ModelCall, value: Value) -> Value:
        is_option = isinstance(value, Const | ExtInst) or value is DATA
        return call.linker.ext(name) if is_option else value

    return _decorator(name, kept)


def class_decorator(name: str) -> Model:
    """A decorator that keeps the class as it is, or what takes options by keyword and gives such a one."""

    def kept(call: ModelCall, value: Value) -> Value | None:
        # A decorator below this one of which nothing is known may seem to give other things, too.
        return value if isinstance(value, Class) or value is DATA else None

    return _decorator(name, kept)


def _decorator(name: str, kept: Callable[[ModelCall, Value], Value | None]) -> Model:
    """Gives what is `kept` of its argument; without one, which is with options, itself."""

    def model(call: ModelCall) -> None:
        if not call.args.positional:
            call.give(call.linker.ext(name))

        def arrived(value: Value) -> None:
            left = kept(call, value)
            if left is not None:
                call.give(left)

        call.watch_first(arrived)

    return model


def partial(*, is_method: bool) -> Model:
    """`functools.partial(f, *args)`, `partialmethod(f, *args)`."""

    def model(call: ModelCall) -> None:
        if call.args.positional:
            rest = call.args.without_first()
            rest.is_method = is_method
            call.give(call.linker.calls.partial(call.args.positional[0], rest))

    return model


def wraps(call: ModelCall) -> None:
    """`functools.wraps(f)`: a decorator that keeps what it decorates."""
    call.give(call.linker.ext("functools.update_wrapper"))


def register(call: ModelCall) -> None:
    """`@f.register`, `@f.register(int)`: one more function that calling `f` may run."""
    receiver, linker = call.receiver, call.linker
    if not isinstance(receiver, Func):
        return
    dispatched = receiver.attributes.setdefault("<dispatch>", Var())

    def arrived(value: Value) -> None:
        if isinstance(value, Func):
            linker.solver.add(dispatched, value)
            call.give(value)
        else:
            call.give(linker.ext_bound("functools.singledispatch.register", receiver))

    for var in call.args.positional:
        call.watch(var, arrived)


def context_manager(call: ModelCall) -> None:
    """`@contextmanager`: calling the result makes a manager that runs the generator."""
    call.watch_first(lambda value: call.give(call.linker.calls.factory(value)))


def enter_context(call: ModelCall) -> None:
    """`stack.enter_context(manager)`."""
    for var in call.args.positional[:1]:
        call.linker.containers.enter(call.activation, call.position, var, call.dst, is_async=False)


def enter_async_context(call: ModelCall) -> None:
    """`await stack.enter_async_context(manager)`."""
    result = Var()
    for var in call.args.positional[:1]:
        call.linker.containers.enter(call.activation, call.position, var, result, is_async=True)
    call.give(Coro(result))


def field(call: ModelCall) -> None:
    """`field(default=x)`, `field(default_factory=f)`, of dataclasses and their kin."""
    default = call.args.keywords.get("default") or call.args.get(0) or Var()
    factory = call.args.keywords.get("default_factory") or call.args.keywords.get("factory") or Var()
    # Who writes `init=` or `kw_only=` at all does not write what goes without saying.
    positional = call.args.keywords.keys().isdisjoint(("init", "kw_only"))
    call.give(FieldDefault(default, factory, positional=positional))


def field_factory(call: ModelCall) -> None:
    """`attrs.Factory(f)` in place of a default."""
    call.give(FieldDefault(Var(), call.args.get(0) or call.args.keywords.get("factory") or Var()))
