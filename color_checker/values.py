"""Abstract values: what an expression may be at run time, as far as calls are concerned.

Values are interned (the same thing is the same object), so sets of them compare by identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.facts import FunctionFacts
    from color_checker.modules import ModuleInfo
    from color_checker.solver import Var


class Value:
    """Anything that can flow through variables."""

    __slots__ = ()


class Func(Value):
    """A function object: its definition and the scope it closes over."""

    __slots__ = ("attributes", "defaults", "env", "facts", "index", "module")

    def __init__(
        self, module: ModuleInfo, index: int, env: Activation, defaults: tuple[Var | None, ...]
    ) -> None:
        self.module = module
        self.index = index
        self.env = env
        self.defaults = defaults
        self.facts: FunctionFacts = module.facts.functions[index]
        self.attributes: dict[str, Var] = {}

    @property
    def key(self) -> tuple[str, int]:
        """The definition, whatever the closure."""
        return (self.module.key, self.index)

    def __repr__(self) -> str:
        return f"Func({self.module.name}.{self.facts.qualname})"


class Bound(Value):
    """A method and the object (or class) that it was read from."""

    __slots__ = ("func", "receiver")

    def __init__(self, func: Func, receiver: Value) -> None:
        self.func = func
        self.receiver = receiver


class Class(Value):
    """A class of the analyzed code."""

    __slots__ = ("info",)

    def __init__(self, info: ClassInfo) -> None:
        self.info = info

    def __repr__(self) -> str:
        return f"Class({self.info.dotted})"


class Inst(Value):
    """An instance of a class of the analyzed code.

    `open` means that only the declared type is known: the object may be of a subclass.
    """

    __slots__ = ("info", "open")

    def __init__(self, info: ClassInfo, *, is_open: bool) -> None:
        self.info = info
        self.open = is_open

    def __repr__(self) -> str:
        return f"Inst({self.info.dotted})"


class Mod(Value):
    """A module of the analyzed code."""

    __slots__ = ("info",)

    def __init__(self, info: ModuleInfo) -> None:
        self.info = info


class Ext(Value):
    """Something outside the analyzed code, by its dotted name."""

    __slots__ = ("dotted",)

    def __init__(self, dotted: str) -> None:
        self.dotted = dotted

    def __repr__(self) -> str:
        return f"Ext({self.dotted})"


class ExtInst(Value):
    """An instance of a class outside the analyzed code, by the class's dotted name."""

    __slots__ = ("dotted",)

    def __init__(self, dotted: str) -> None:
        self.dotted = dotted

    def __repr__(self) -> str:
        return f"ExtInst({self.dotted})"


class ExtBound(Value):
    """A method outside the analyzed code, of a known receiver."""

    __slots__ = ("dotted", "receiver")

    def __init__(self, dotted: str, receiver: Value) -> None:
        self.dotted = dotted
        self.receiver = receiver

    def __repr__(self) -> str:
        return f"ExtBound({self.dotted})"


class Const(Value):
    """A string or integer constant."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: str | int) -> None:
        self.kind = kind
        self.value = value

    def __repr__(self) -> str:
        return f"Const({self.value!r})"


class Box(Value):
    """A list, tuple, set, dict or generator object made at one place in the program.

    `keyed` holds what is known to be under a constant key or index, `elements` the rest (and what
    iterating gives beside `keyed`), `dict_keys` the keys of a dict.
    """

    __slots__ = ("dict_keys", "elements", "keyed", "kind", "listeners", "parents")

    def __init__(self, kind: str, elements: Var, dict_keys: Var) -> None:
        self.kind = kind
        self.elements = elements
        self.dict_keys = dict_keys
        self.keyed: dict[str | int, Var] = {}
        self.listeners: list[Any] = []
        #: The containers that this one was before an assignment to one of its keys.
        self.parents: list[Box] = []

    def __repr__(self) -> str:
        return f"Box({self.kind})"


class Coro(Value):
    """What calling an `async def` gives; awaiting it gives `result`."""

    __slots__ = ("activation", "result")

    def __init__(self, result: Var, activation: Activation | None = None) -> None:
        self.result = result
        self.activation = activation


class Gen(Value):
    """A generator or iterator: iterating gives `elements`, `yield from` gives `result`."""

    __slots__ = ("elements", "is_async", "result")

    def __init__(self, elements: Var, result: Var, *, is_async: bool) -> None:
        self.elements = elements
        self.result = result
        self.is_async = is_async


class Factory(Value):
    """`contextlib.contextmanager(f)`: calling it gives a context manager over the generator of `f`."""

    __slots__ = ("func",)

    def __init__(self, func: Value) -> None:
        self.func = func


class Manager(Value):
    """A context manager that enters with what a generator yields."""

    __slots__ = ("elements",)

    def __init__(self, elements: Var) -> None:
        self.elements = elements


class Partial(Value):
    """`functools.partial(func, …)`."""

    __slots__ = ("args", "func")

    def __init__(self, func: Var, args: Any) -> None:
        self.func = func
        self.args = args


class Super(Value):
    """`super()`: attributes are looked up after `after` in the order of `receiver`'s class."""

    __slots__ = ("after", "receiver")

    def __init__(self, after: ClassInfo, receiver: Value) -> None:
        self.after = after
        self.receiver = receiver


class Descriptor(Value):
    """`property`, `cached_property`, `staticmethod` or `classmethod` around functions."""

    __slots__ = ("getter", "kind", "setter")

    def __init__(self, kind: str, getter: Var, setter: Var) -> None:
        self.kind = kind
        self.getter = getter
        self.setter = setter


class FieldDefault(Value):
    """`dataclasses.field(…)` in a class body: made anew for each instance by `factory`.

    With `init=False` or `kw_only=True` it is not `positional`: passed over by what is given without a name.
    """

    __slots__ = ("default", "factory", "positional")

    def __init__(self, default: Var, factory: Var, *, positional: bool = True) -> None:
        self.default = default
        self.factory = factory
        self.positional = positional


class Marker(Value):
    """A coloring decorator that has been given its options: `@activity.defn(name="x")`."""

    __slots__ = ("dotted", "engine", "injected", "name")

    def __init__(self, engine: str, dotted: str, name: str, injected: tuple[str, str] = ("", "")) -> None:
        self.engine = engine
        self.dotted = dotted
        self.name = name
        #: A parameter that the engine fills, and the class of what it gets.
        self.injected = injected


class Data(Value):
    """Plain deserialized data: whatever one does with it is deterministic."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Data"


class Lost(Value):
    """Something that was not followed to its end, because the program takes too much work."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Lost"


class Nothing(Value):
    """The value None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "None"


DATA = Data()
LOST = Lost()
NONE = Nothing()
