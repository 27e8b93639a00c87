"""What one source file says, with nothing resolved outside it.

A function body becomes a list of small operations over numbered *slots*. A slot holds the values of
one expression, or of one local variable between two assignments to it (static single assignment
form, built on the fly as in Braun et al., "Simple and Efficient Construction of Static Single
Assignment Form", CC 2013), which is what makes the analysis flow-sensitive for locals.

Everything here is a function of the file's bytes alone, so it can be cached by content hash. Bodies
are kept encoded (`msgspec.Raw`) until somebody asks for them: most functions never are.

Whenever these structures, or what the extractor puts in them, change meaning, `inputs.FACTS_FORMAT` must
change, too.
"""

from __future__ import annotations

import msgspec

from color_checker.suppressions import Pragmas

#: In place of a slot: there is no value.
NOTHING = -1

#: The method of an `Operate` that gives an instance of a class without calling it (`except E as e`).
INSTANTIATE = "<instance>"


class TypeExpr(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An annotation as written: a dotted name and its arguments (`dict[str, Clock]`).

    Unions have the name "|", a list of types (in `Callable`) "[]", and what is no type at all "".
    """

    name: str
    args: tuple[TypeExpr, ...] = ()


class Load(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=0):
    """Read a name that is no local slot. `level` counts enclosing function scopes; 0 is the module."""

    dst: int
    name: str
    level: int
    at: int


class Const(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=1):
    """A constant. `value` is kept for strings and integers, else only `kind`, the type, is known."""

    dst: int
    kind: str
    value: str | int | None


class Attr(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=2):
    """Read `obj.name`."""

    dst: int
    obj: int
    name: str
    at: int


class Call(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=3):
    """Call `func`. `stars` and `double_stars` are the slots behind `*` and `**`."""

    dst: int
    func: int
    args: tuple[int, ...]
    keywords: tuple[tuple[str, int], ...]
    stars: tuple[int, ...]
    double_stars: tuple[int, ...]
    at: int


class Item(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=4):
    """Read `obj[key]`."""

    dst: int
    obj: int
    key: int
    at: int


class Build(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=5):
    """A display: list, tuple or set of `items`; `stars` are unpacked into it."""

    dst: int
    kind: str
    items: tuple[int, ...]
    stars: tuple[int, ...]
    at: int


class BuildDict(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=6):
    """A dict display."""

    dst: int
    pairs: tuple[tuple[int, int], ...]
    stars: tuple[int, ...]
    at: int


class Iterate(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=7):
    """Take elements from `obj`. `ordered` is false where the order cannot matter."""

    dst: int
    obj: int
    is_async: bool
    ordered: bool
    at: int


class Await(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=8):
    """Await `obj`."""

    dst: int
    obj: int
    at: int


class Yield(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=9):
    """Yield `value` to the caller; `dst` is what the caller sends."""

    dst: int
    value: int
    delegates: bool
    at: int


class Enter(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=10):
    """Enter and leave the context manager `obj`."""

    dst: int
    obj: int
    is_async: bool
    at: int


class Operate(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=11):
    """An operator, as the special method that Python calls for it."""

    dst: int
    method: str
    left: int
    right: int
    at: int


class Merge(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=12):
    """One of several values: where branches of the code meet.

    With `type_`, only those that are instances of that class, or with `negated` only the others: what is
    left of a variable behind `isinstance`.
    """

    dst: int
    sources: tuple[int, ...]
    type_: int = NOTHING
    negated: bool = False


class StoreGlobal(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=13):
    """Rebind a name of an enclosing scope (`global`, `nonlocal`); `level` as in `Load`."""

    name: str
    level: int
    value: int
    at: int


class StoreAttr(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=14):
    """Assign `obj.name`; `value` is NOTHING for `del`."""

    obj: int
    name: str
    value: int
    at: int


class StoreItem(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=15):
    """Assign `obj[key]`; `value` is NOTHING for `del`."""

    obj: int
    key: int
    value: int
    at: int


class MakeFunction(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=16):
    """A `def` or `lambda` is evaluated: `function` indexes `ModuleFacts.functions`."""

    dst: int
    function: int
    defaults: tuple[int, ...]


class MakeClass(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=17):
    """A `class` statement is evaluated: `class_index` indexes `ModuleFacts.classes`."""

    dst: int
    class_index: int
    bases: tuple[int, ...]
    metaclass: int


class Import(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=18):
    """Import a module (`name` is "") or a name from it. `level` counts the leading dots."""

    dst: int
    module: str
    name: str
    level: int
    at: int


class Return(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=19):
    """Return `value` from the function."""

    value: int


class Raise(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=20):
    """Raise `value`."""

    value: int
    at: int


class Format(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=21):
    """Turn values into text: an f-string (or `%`)."""

    dst: int
    parts: tuple[int, ...]
    at: int


class Collect(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=22):
    """A comprehension or generator expression: a collection of unknown length with elements `value`."""

    dst: int
    kind: str
    key: int
    value: int


class Update(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=23):
    """`dst` is the display `obj` after `obj[key] = value`: what was under the key before is gone."""

    dst: int
    obj: int
    key: int
    value: int


Op = (
    Load | Const | Attr | Call | Item | Build | BuildDict | Iterate | Await | Yield | Enter | Operate
    | Merge | StoreGlobal | StoreAttr | StoreItem | MakeFunction | MakeClass | Import | Return | Raise
    | Format | Collect | Update
)  # fmt: skip


class Region(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Lines that run only under a condition or a context manager.

    `kind` is "with" (`slot` is the entered context manager), "if" (`slot` is the test's value,
    `negated` when the lines run if it is false), "either" (the same for one side of a conditional
    expression: the ops from `first` on, before `last`), "type-checking" or "main".
    """

    kind: str
    slot: int
    line: int
    end_line: int
    negated: bool = False
    first: int = 0
    last: int = 0


class Handler(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One `except` clause. No types means a bare `except:`.

    Attributes:
        leaves: a `return` or `break` in it ends what it stands in.
        in_loop: it stands in a loop of its scope, so what comes next may stand above it.
        end_line: its last line.
        in_finally: not a clause but a `return` in `finally`, at `at`; it drops what the lines of the
            `try` and of its clauses raise.
    """

    types: tuple[int, ...]
    bare: bool
    raises: bool
    try_line: int
    try_end_line: int
    earlier: tuple[int, ...]
    at: int
    leaves: bool = False
    in_loop: bool = False
    end_line: int = 0
    in_finally: bool = False


class Loop(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A loop that only ends by leaving it: `while True`. `first` and `last` bound its ops.

    A `for` loop over a call that may never end (`itertools.count()`) is one, too; `iterable` is what
    it takes its elements from.
    """

    first: int
    last: int
    leaves: bool
    at: int
    iterable: int = NOTHING


class Body(msgspec.Struct, array_like=True, frozen=True):
    """What a scope does. `cells` are the names that other scopes see, with every slot bound to them.

    `orderless` are the results of calls whose order is not looked at: they go into `sorted` or a set.
    """

    slots: int
    ops: tuple[Op, ...]
    cells: dict[str, tuple[int, ...]]
    annotated: tuple[tuple[int, TypeExpr], ...]
    regions: tuple[Region, ...]
    handlers: tuple[Handler, ...]
    loops: tuple[Loop, ...]
    unused: tuple[int, ...]
    orderless: tuple[int, ...] = ()


class Param(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A parameter; `kind` is one of the constants below. `default` indexes `MakeFunction.defaults`."""

    name: str
    kind: int
    annotation: TypeExpr | None
    default: int
    mutable_default: bool
    at: int


POSITIONAL_ONLY, POSITIONAL, VARARG, KEYWORD_ONLY, KWARG = range(5)


class FunctionFacts(msgspec.Struct, array_like=True, frozen=True):
    """A scope: the module's own (index 0), a class body, a function or a lambda.

    Attributes:
        kind: "module", "class", "function" or "lambda".
        qualname: as Python names it, without `<locals>`.
        parent: index of the enclosing scope, NOTHING for the module.
        owner: index of the class in whose body a method stands, else NOTHING.
        decorators: the decorators' dotted names as written, outermost first; "" if it is no name.
        higher_order: a parameter is called, captured, returned or handed on, so that callers must
            be told apart.
        stores_self: attributes assigned on the first parameter.
        abstract: declared so, or nothing but a docstring, `...` or `raise NotImplementedError`.
        first_line: of the decorators, if there are any; `line` has the `def`.
    """

    name: str
    qualname: str
    kind: str
    parent: int
    owner: int
    is_async: bool
    is_generator: bool
    params: tuple[Param, ...]
    returns: TypeExpr | None
    decorators: tuple[str, ...]
    higher_order: bool
    stores_self: tuple[str, ...]
    abstract: bool
    first_line: int
    line: int
    end_line: int
    at: int
    raw: msgspec.Raw


class Field(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An annotated name in a class body, in source order."""

    name: str
    annotation: TypeExpr
    has_default: bool


class ClassFacts(msgspec.Struct, array_like=True, frozen=True):
    """A class statement; `scope` indexes its body among the functions."""

    name: str
    qualname: str
    scope: int
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    fields: tuple[Field, ...]
    methods: dict[str, tuple[int, ...]]
    line: int
    at: int


class ImportFact(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A module that the file imports, for the graph of modules; `names` only for `from` imports."""

    module: str
    level: int
    names: tuple[str, ...]
    line: int
    at: int
    type_checking: bool


class Head(msgspec.Struct, array_like=True, frozen=True):
    """What a run needs to know of every file, also of one that has nothing to do with workflows.

    Kept beside the facts, which are about thirty times its size.

    Attributes:
        functions: how many functions and lambdas there are.
        bases: the last parts of the names of all classes' bases.
    """

    lines: int
    functions: int
    imports: tuple[ImportFact, ...]
    bases: tuple[str, ...]
    pragmas: Pragmas


class ModuleFacts(msgspec.Struct, array_like=True, frozen=True):
    """Everything that is known of one file."""

    lines: int
    functions: tuple[FunctionFacts, ...]
    classes: tuple[ClassFacts, ...]
    spans: tuple[int, ...]
    stars: tuple[tuple[str, int], ...]
    exports: tuple[str, ...] | None
    imports: tuple[ImportFact, ...]
    pragmas: Pragmas

    @property
    def head(self) -> Head:
        """The little that is asked of every file."""
        return Head(
            lines=self.lines,
            functions=sum(function.kind in ("function", "lambda") for function in self.functions),
            imports=self.imports,
            bases=tuple(dict.fromkeys(base.rpartition(".")[2] for cls in self.classes for base in cls.bases)),
            pragmas=self.pragmas,
        )

    def span(self, at: int) -> tuple[int, int, int, int]:
        """(line, column, end line, end column) of place `at`; lines and columns from 1."""
        start = at * 4
        line, column, end_line, end_column = self.spans[start : start + 4]
        return line, column, end_line, end_column


_encoder = msgspec.msgpack.Encoder()
_body_decoder = msgspec.msgpack.Decoder(Body)
_module_decoder = msgspec.msgpack.Decoder(ModuleFacts)
_head_decoder = msgspec.msgpack.Decoder(Head)


def encode_body(body: Body) -> msgspec.Raw:
    """`body` as it stands in `FunctionFacts.raw`."""
    return msgspec.Raw(_encoder.encode(body))


def decode_body(raw: msgspec.Raw) -> Body:
    """The body behind `FunctionFacts.raw`."""
    return _body_decoder.decode(raw)


def encode_module(facts: ModuleFacts) -> bytes:
    """`facts` for the store or for another process."""
    return _encoder.encode(facts)


def decode_module(data: bytes) -> ModuleFacts:
    """The inverse of `encode_module`. Raises msgspec.DecodeError or ValidationError."""
    return _module_decoder.decode(data)


def encode_head(head: Head) -> bytes:
    """`head` for the store or for another process."""
    return _encoder.encode(head)


def decode_head(data: bytes) -> Head:
    """The inverse of `encode_head`. Raises msgspec.DecodeError or ValidationError."""
    return _head_decoder.decode(data)
