"""Annotations as a source of values, where flow alone does not tell what something is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from color_checker.facts import NOTHING, FunctionFacts, TypeExpr
from color_checker.solver import Var
from color_checker.values import DATA, NONE, Box, Class, Const, Coro, Ext, ExtInst, Gen, Inst, Mod, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.link import Linker

_TRANSPARENT = frozenset({
    "Optional", "Union", "|", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly",
    "InitVar", "Mapped", "Unpack",
})  # fmt: skip
UNIONS = frozenset({"Optional", "Union", "|"})
_SEQUENCES = {
    "list": "list", "List": "list", "Sequence": "list", "MutableSequence": "list", "Collection": "list",
    "Iterable": "list", "deque": "list", "Deque": "list", "Container": "list", "KeysView": "list",
    "ValuesView": "list", "set": "set", "Set": "set", "frozenset": "frozenset", "FrozenSet": "frozenset",
    "AbstractSet": "set", "MutableSet": "set", "tuple": "tuple", "Tuple": "tuple",
}  # fmt: skip
_MAPPINGS = frozenset({
    "dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "Counter",
    "ChainMap",
})  # fmt: skip
_AWAITABLES = frozenset({"Awaitable", "Coroutine", "Future", "Task"})
_ITERATORS = frozenset({"Iterator", "Generator", "AsyncIterator", "AsyncGenerator", "AsyncIterable"})
_SILENT = frozenset({"", "None", "Any", "object", "Callable", "NoReturn", "Never", "TypeVar", "Hashable"})
_TEXT = frozenset({"Literal", "LiteralString"})

_FLAT = frozenset({"bool", "bytes", "date", "datetime", "float", "int", "str", "timedelta", *_TEXT})

#: A name that is not known after this many rounds will never be.
_MOST_ATTEMPTS = 4


def says_nothing(annotation: TypeExpr) -> bool:
    """Whether all may be where this is declared: `Any`, or `Any | None`."""
    name = annotation.name.rpartition(".")[2]
    return name in ("Any", "object") or (name in _TRANSPARENT and any(map(says_nothing, annotation.args)))


def _is_flat(annotation: TypeExpr) -> bool:
    """Whether values of this type certainly hold nothing of which one could ask what it is."""
    name = annotation.name.rpartition(".")[2]
    if name in _TRANSPARENT:
        return all(map(_is_flat, annotation.args))
    return name in _FLAT or (name in _SILENT and not says_nothing(annotation))


def takes_only_data(facts: FunctionFacts) -> bool:
    """Whether all parameters but `self` are declared as texts, numbers and the like."""
    is_method = facts.owner != NOTHING and "staticmethod" not in facts.decorators
    params = facts.params[1:] if is_method else facts.params
    return all(param.annotation is not None and _is_scalar(param.annotation) for param in params)


def _is_scalar(annotation: TypeExpr) -> bool:
    if annotation.name in UNIONS:
        return all(map(_is_scalar, annotation.args))
    name = annotation.name.rpartition(".")[2]
    return name in _FLAT or name == "None"


#: Builtin types of data, with those whose values are instances of them.
_DATA_TYPES = {
    "bool": ("bool",), "bytes": ("bytes",), "dict": ("dict",), "float": ("float",),
    "frozenset": ("frozenset",), "int": ("int", "bool"), "list": ("list",), "set": ("set",),
    "str": ("str",), "tuple": ("tuple",),
}  # fmt: skip


def _data_type(value: Value) -> str:
    """The builtin type of data; "object" for an instance of a class of its own, "" for what is neither."""
    match value:
        case Const() | Box():
            name = value.kind
        case ExtInst() if value.dotted.startswith("builtins."):
            name = value.dotted.removeprefix("builtins.")
        case Inst() if not value.info.external_bases():
            return "object"
        case _:
            return ""
    return name if name in _DATA_TYPES else ""


class Types:
    """Turns annotations into values, for the linker."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._names: dict[tuple[Activation, str], Var] = {}
        self._attempts: dict[tuple[Var, TypeExpr], int] = {}
        self._filled: set[Box | ClassInfo] = set()

    def inject(self, var: Var, annotation: TypeExpr, scope: Activation, *, element: bool = False) -> bool:
        """Let `var` be what `annotation` says. False if its names are not known yet.

        Args:
            element: the annotation is an iterator's and its elements are wanted.
        """
        if element:
            annotation = annotation.args[0] if annotation.args else TypeExpr("")
        if self._add(var, annotation, scope):
            return True
        key = (var, annotation)
        self._attempts[key] = self._attempts.get(key, 0) + 1
        return self._attempts[key] >= _MOST_ATTEMPTS

    def _add(self, var: Var, annotation: TypeExpr, scope: Activation) -> bool:
        linker = self.linker
        name = annotation.name.rpartition(".")[2]
        if name in _TRANSPARENT:
            args = annotation.args[:1] if name == "Annotated" else annotation.args
            # Every member has to have its say, also after one that is not known yet.
            done = [self._add(var, arg, scope) for arg in args]
            return all(done)
        if name in _SILENT:
            return True
        if name in _TEXT:
            linker.solver.add(var, linker.ext_inst("builtins.str"))
            return True
        if name in _SEQUENCES or name in _MAPPINGS:
            return self._add_box(var, annotation, name, scope)
        if name in _AWAITABLES and annotation.args:
            result = Var()
            linker.solver.add(var, Coro(result))
            return self._add(result, annotation.args[-1], scope)
        if name in _ITERATORS and annotation.args:
            elements = Var()
            linker.solver.add(var, Gen(elements, Var(), is_async=name.startswith("Async")))
            return self._add(elements, annotation.args[0], scope)
        if name in ("type", "Type") and annotation.args:
            return self._add_named(var, annotation.args[0].name, scope, as_class=True)
        if name == "Self":
            return self._add_self(var, scope)
        return self._add_named(var, annotation.name, scope, as_class=False)

    def _add_box(self, var: Var, annotation: TypeExpr, name: str, scope: Activation) -> bool:
        linker = self.linker
        kind = _SEQUENCES.get(name, "dict")
        box = linker.containers.box(scope, ("annotation", annotation), kind)
        linker.solver.add(var, box)
        if not annotation.args:
            linker.solver.add(box.elements, DATA)
            return True
        if kind == "dict":
            keys = self._add(box.dict_keys, annotation.args[0], scope)
            return self._add(box.elements, annotation.args[-1], scope) and keys
        if kind == "tuple" and annotation.args[-1].name != "":
            done = [
                self._add(linker.containers.slot(box, index), arg, scope)
                for index, arg in enumerate(annotation.args)
            ]
            return all(done)
        return self._add(box.elements, annotation.args[0], scope)

    # -- what an engine hands over ------------------------------------------------------------------

    def fill_with_data(self, var: Var, scope: Activation) -> None:
        """What an engine has deserialized is plain data where its type says no more than `Any`.

        Only the contents of containers that stand for an annotation in `scope` are filled, and the fields
        of the project's own classes.
        """

        def arrived(value: Value) -> None:
            if isinstance(value, Box):
                for key, box in scope.boxes.items():
                    if box is value and isinstance(key[-1], TypeExpr):
                        self._fill_box(box, key[-1], scope)
            elif isinstance(value, Inst) and value.info not in self._filled:
                self._filled.add(value.info)
                self._fill_fields(value.info)

        self.linker.solver.watch(var, arrived)

    def _fill_box(self, box: Box, annotation: TypeExpr, scope: Activation) -> None:
        if box in self._filled:
            return
        self._filled.add(box)
        if any(says_nothing(arg) for arg in annotation.args):
            self.linker.solver.add(box.elements, DATA)
        if not all(map(_is_flat, annotation.args)):
            for var in (box.elements, *box.keyed.values()):
                self.fill_with_data(var, scope)

    def _fill_fields(self, info: ClassInfo) -> None:
        for entry in info.mro():
            if not isinstance(entry, str):
                for field in entry.facts.fields:
                    if not _is_flat(field.annotation):
                        var = self.linker.attributes.variable(info, field.name)
                        if says_nothing(field.annotation):
                            self.linker.solver.add(var, DATA)
                        self.fill_with_data(var, entry.activation)

    def _add_self(self, var: Var, scope: Activation) -> bool:
        if scope.self_class is not None:
            self.linker.solver.add(var, self.linker.instance(scope.self_class, is_open=True))
        elif scope.env is not None:
            owner: ClassInfo | None = self.linker.colors.class_of_body(scope.env)
            if owner is not None:
                self.linker.solver.add(var, self.linker.instance(owner, is_open=True))
        return True

    def _add_named(self, var: Var, dotted: str, scope: Activation, *, as_class: bool) -> bool:
        known = [value for value in self.named(dotted, scope).values if value is not NONE]
        for value in known:
            meant = value if as_class else self._instance_of(value)
            if meant is not None:
                self.linker.solver.add(var, meant)
        return bool(known)

    def _instance_of(self, value: Value) -> Value | None:
        linker = self.linker
        if isinstance(value, Class):
            return linker.instance(value.info, is_open=True)
        if isinstance(value, Ext):
            return linker.ext_inst(value.dotted)
        if isinstance(value, Inst | Mod | ExtInst):
            # A type variable, a NewType, or no type at all.
            return None
        return DATA if value is DATA else None

    # -- isinstance -----------------------------------------------------------------------------

    def narrow(self, source: Var, kinds: Var, dst: Var, *, negated: bool) -> None:
        """The values of `source` that are instances of a class in `kinds`, or are not, flow to `dst`."""
        solver = self.linker.solver

        def kind_arrived(kind: Value, value: Value) -> None:
            if isinstance(kind, Box):
                self._narrow_to_any(kind, value, dst, negated=negated)
            elif negated:
                if not self._surely(value, kind):
                    solver.add(dst, value)
            else:
                left = self._as_instance(value, kind)
                if left is not None:
                    solver.add(dst, left)

        solver.watch(source, lambda value: solver.watch(kinds, lambda kind: kind_arrived(kind, value)))
        self.linker.if_empty(kinds, lambda: self._all(source, dst))

    def _all(self, source: Var, dst: Var) -> bool:
        self.linker.solver.flow(source, dst)
        return True

    def _narrow_to_any(self, kinds: Box, value: Value, dst: Var, *, negated: bool) -> None:
        """`isinstance(x, (A, B))`; of its contrary only one class at a time could be excluded."""
        solver = self.linker.solver
        if negated:
            solver.add(dst, value)
            return

        def arrived(kind: Value) -> None:
            left = self._as_instance(value, kind)
            if left is not None:
                solver.add(dst, left)

        for var in (kinds.elements, *kinds.keyed.values()):
            solver.watch(var, arrived)

    def _as_instance(self, value: Value, kind: Value) -> Value | None:
        """What `value` is if it is an instance of `kind`; None if it cannot be one."""
        if isinstance(kind, Class):
            if isinstance(value, Inst):
                if kind.info in value.info.mro():
                    return value
                if value.open and value.info in kind.info.mro():
                    return self.linker.instance(kind.info, is_open=True)
                return None
            if isinstance(value, ExtInst) and value.dotted in kind.info.external_bases():
                return self.linker.instance(kind.info, is_open=True)
            return None
        accepted = self._accepted(kind)
        known = _data_type(value)
        return None if accepted and known and known not in accepted else value

    def _surely(self, value: Value, kind: Value) -> bool:
        """Whether `value` is certainly an instance of `kind`."""
        if isinstance(kind, Class):
            return isinstance(value, Inst) and kind.info in value.info.mro()
        return _data_type(value) in self._accepted(kind)

    def _accepted(self, kind: Value) -> tuple[str, ...]:
        if not isinstance(kind, Ext):
            return ()
        return _DATA_TYPES.get(kind.dotted.removeprefix("builtins."), ())

    def named(self, dotted: str, scope: Activation) -> Var:
        """What a dotted name means in the scope of an annotation."""
        key = (scope, dotted)
        known = self._names.get(key)
        if known is not None:
            return known
        head, _, rest = dotted.partition(".")
        var = Var()
        self._first_name(head, scope, var)
        for name in rest.split(".") if rest else ():
            var = self._attribute(var, name, scope)
        self._names[key] = var
        return var

    def _first_name(self, name: str, scope: Activation, var: Var) -> None:
        outer: Activation | None = scope
        while outer is not None:
            if outer.facts.kind != "module" and name in outer.body.cells:
                self.linker.solver.flow(outer.cell(name, self.linker.solver), var)
                return
            outer = outer.env
        self.linker.name_in(scope.module, name, var)

    def _attribute(self, var: Var, name: str, scope: Activation) -> Var:
        linker = self.linker
        result = Var()
        linker.solver.watch(var, lambda value: linker.attributes.read(scope, 0, value, name, result))
        return result
