"""What a call does, for each kind of value that can be called."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from color_checker.arguments import Args, Binder
from color_checker.catalog import Entry
from color_checker.classes import ClassInfo
from color_checker.facts import TypeExpr
from color_checker.models import MODELS, ModelCall, container_method
from color_checker.modules import ModuleInfo
from color_checker.solver import Var
from color_checker.sources import SourceFile
from color_checker.values import (
    DATA,
    LOST,
    NONE,
    Bound,
    Box,
    Class,
    Const,
    Coro,
    Data,
    Descriptor,
    Ext,
    ExtBound,
    ExtInst,
    Factory,
    FieldDefault,
    Func,
    Gen,
    Inst,
    Lost,
    Manager,
    Marker,
    Partial,
    Super,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker

_COMPARISONS = frozenset(
    {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__bool__"}
)
_FALLBACKS = {"__contains__": ("__iter__",), "__ne__": ("__eq__",), "__bool__": ("__len__",)}
_SWAPPED = {
    "__lt__": "__gt__",
    "__gt__": "__lt__",
    "__le__": "__ge__",
    "__ge__": "__le__",
    "__eq__": "__eq__",
}

#: A chain of re-exports longer than this is a circle.
_LONGEST_REEXPORT = 30


#: Decorators of pydantic, new and old.
_VALIDATORS = frozenset({"field_validator", "model_validator", "root_validator", "validator"})


class Calls:
    """Calls, for the linker."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._factories: dict[Value, Factory] = {}
        self._iterators: dict[tuple[Activation, int, str], Gen] = {}
        self._supers: dict[tuple[ClassInfo, Value], Super] = {}
        self._library_names: dict[str, Var | None] = {}
        self._partials: set[tuple[Activation, int, Partial, Var]] = set()
        self._constructed: set[tuple[Activation, int, ClassInfo, Var]] = set()
        self._decorated: dict[ClassInfo, list[tuple[int, tuple[str, ...]]]] = {}

    def call(self, activation: Activation, position: int, value: Value, args: Args, dst: Var) -> None:
        """`dst = value(*args)`."""
        linker = self.linker
        if value is DATA or value is LOST:
            linker.solver.add(dst, value)
            return
        match value:
            case Func():
                self.invoke(activation, position, value, None, args, dst)
            case Bound():
                self.invoke(activation, position, value.func, value.receiver, args, dst)
            case Class():
                self._construct(activation, position, value, args, dst)
            case Ext():
                self.external(activation, position, value.dotted, None, args, dst)
            case ExtBound(receiver=Box() as box):
                call = ModelCall(linker, activation, position, args, dst, box)
                container_method(call, box, value.dotted.rpartition(".")[2])
            case ExtBound():
                self.external(activation, position, value.dotted, value.receiver, args, dst)
            case Inst():
                self._call_instance(activation, position, value, args, dst)
            case Partial():
                self._call_partial(activation, position, value, args, dst)
            case Factory():
                self._manage(activation, position, value, args, dst)
            case Marker():
                linker.colors.mark(value, args, dst)
            case Descriptor(kind="staticmethod" | "classmethod"):
                self.call_all(activation, position, value.getter, args, dst)
            case ExtInst():
                self._call_external_instance(activation, position, value, args, dst)

    def _call_partial(
        self, activation: Activation, position: int, value: Partial, args: Args, dst: Var
    ) -> None:
        """Once for each call: `f = partial(f)` in a loop would add arguments without end."""
        key = (activation, position, value, dst)
        if key not in self._partials:
            self._partials.add(key)
            self.call_all(activation, position, value.func, args.after(value.args), dst)

    def _call_external_instance(
        self, activation: Activation, position: int, value: ExtInst, args: Args, dst: Var
    ) -> None:
        dotted = f"{value.dotted}.__call__"
        if self.linker.is_sdk(dotted) and not any(p.operation(dotted) for p in self.linker.profiles):
            # The profile's `returns` does not tell attributes from methods: this is a method's result.
            return
        self.external(activation, position, dotted, value, args, dst)

    def call_all(self, activation: Activation, position: int, functions: Var, args: Args, dst: Var) -> None:
        """Call whatever `functions` may be."""
        self.linker.solver.watch(functions, lambda value: self.call(activation, position, value, args, dst))

    # -- functions ------------------------------------------------------------------------------

    def invoke(
        self, activation: Activation, position: int, func: Func, receiver: Value | None, args: Args, dst: Var
    ) -> None:
        """Call a function of the analyzed code. Installed packages are entered from workflows only."""
        linker = self.linker
        if linker.colors.binds(func) is not None:
            linker.solver.add(dst, self._bound_step(func, args))
            return
        if func.module.library and not activation.deep:
            linker.when_deep(activation, lambda: self.invoke(activation, position, func, receiver, args, dst))
            return
        target = linker.activation(func, receiver, activation, position)
        activation.call(position, target)
        if activation.deep and not target.deep and not linker.colors.is_border(target):
            linker.deepen(target)
        Binder(linker, target, receiver).bind(args)
        self.result(target, dst)
        dispatched = func.attributes.get("<dispatch>")
        if dispatched is not None:
            self.call_all(activation, position, dispatched, args, dst)

    def _bound_step(self, func: Func, args: Args) -> Value:
        """A function whose call runs nothing yet: its engine adds the leading parameters later."""
        function = Var()
        self.linker.solver.add(function, func)
        coloring = self.linker.colors.binds(func)
        assert coloring is not None
        assert coloring.source is not None
        blank = tuple(Var() for _ in coloring.source.parameters)
        return self.partial(function, Args(blank + args.positional, args.keywords))

    def result(self, target: Activation, dst: Var) -> None:
        """What calling `target` gives: its result, or a coroutine or generator."""
        solver = self.linker.solver
        facts = target.facts
        if facts.is_generator:
            if target.generator is None:
                target.generator = Gen(target.yields, target.returns, is_async=facts.is_async)
            solver.add(dst, target.generator)
        elif facts.is_async:
            if target.coroutine is None:
                target.coroutine = Coro(target.returns, target)
            solver.add(dst, target.coroutine)
        else:
            solver.flow(target.returns, dst)

    def factory(self, func: Value) -> Factory:
        """`contextlib.contextmanager(func)`."""
        known = self._factories.get(func)
        if known is None:
            known = self._factories[func] = Factory(func)
        return known

    def partial(self, func: Var, args: Args) -> Partial:
        """`functools.partial(func, *args)`."""
        return Partial(func, args)

    def iterator(self, activation: Activation, position: int, what: str, elements: Var) -> Gen:
        """An iterator over `elements` made by the op at `position`."""
        key = (activation, position, what)
        known = self._iterators.get(key)
        if known is None:
            known = self._iterators[key] = Gen(Var(), Var(), is_async=False)
        self.linker.solver.flow(elements, known.elements)
        return known

    def super_object(self, owner: ClassInfo, receiver: Value) -> Super:
        """`super()` in a method of `owner`."""
        known = self._supers.get((owner, receiver))
        if known is None:
            known = self._supers[owner, receiver] = Super(owner, receiver)
        return known

    def _manage(self, activation: Activation, position: int, value: Factory, args: Args, dst: Var) -> None:
        elements = Var()
        generator = Var()
        self.call(activation, position, value.func, args, generator)
        self.linker.solver.add(dst, Manager(elements))
        self.linker.containers.iterate(activation, position, generator, elements, is_async=False)

    # -- classes --------------------------------------------------------------------------------

    def _construct(self, activation: Activation, position: int, value: Class, args: Args, dst: Var) -> None:
        linker = self.linker
        info = value.info
        instance = linker.instance(info)
        linker.solver.add(dst, instance)
        key = (activation, position, info, dst)
        if info.is_enum() or key in self._constructed:
            return
        self._constructed.add(key)
        if info.module.library and not activation.deep:
            linker.when_deep(activation, lambda: self._initialize(activation, position, instance, args, dst))
        else:
            self._initialize(activation, position, instance, args, dst)

    def _initialize(
        self, activation: Activation, position: int, instance: Inst, args: Args, dst: Var
    ) -> None:
        linker = self.linker
        info = instance.info

        def look_up() -> None:
            created = False
            for owner in info.members("__new__"):
                if isinstance(owner, ClassInfo):
                    this = args.prepend(linker.class_value(info), linker)
                    self._call_member(activation, position, owner, "__new__", None, this, dst)
            for owner in info.members("__init__"):
                if isinstance(owner, ClassInfo):
                    created = True
                    self._call_member(activation, position, owner, "__init__", instance, args, Var())
                else:
                    activation.external.setdefault(position, {})[f"{owner}.__init__"] = None
            if not created:
                self._fill_fields(activation, position, instance, args)

        info.listeners.append(look_up)
        look_up()

    def _call_member(
        self, activation: Activation, position: int, owner: ClassInfo, name: str,
        receiver: Value | None, args: Args, dst: Var,
    ) -> None:  # fmt: skip
        def found(member: Value) -> None:
            if receiver is not None and isinstance(member, Func):
                self.invoke(activation, position, member, receiver, args, dst)
            else:
                self.call(activation, position, member, args, dst)

        self.linker.solver.watch(self.linker.attributes.member(owner, name), found)

    def _fill_fields(self, activation: Activation, position: int, instance: Inst, args: Args) -> None:
        """What a generated `__init__` does: dataclasses, named tuples, pydantic and the like."""
        linker = self.linker
        info = instance.info
        fields = _fields(info)
        for name, var in zip(fields, args.positional, strict=False):
            linker.solver.flow(var, linker.attributes.variable(info, name))
        for name, var in args.keywords.items():
            linker.solver.flow(var, linker.attributes.variable(info, name))
        self._default_fields(activation, position, info, fields, args)
        for hook in ("__post_init__", "__attrs_post_init__", "model_post_init"):
            method = Var()
            linker.attributes.special(activation, position, instance, hook, method)
            self.call_all(activation, position, method, Args(), Var())
        for entry in info.mro():
            if not isinstance(entry, str):
                self._validate(activation, position, instance, entry, fields)

    def _validate(
        self, activation: Activation, position: int, instance: Inst, owner: ClassInfo, fields: list[str]
    ) -> None:
        """A generated `__init__` also runs the methods that are to check or make the values of fields."""
        linker = self.linker
        for index, decorators in self._decorated_methods(owner):
            if not any(_runs_at_construction(decorator, fields) for decorator in decorators):
                continue
            func = linker.function(index, owner.activation)
            data = Var()
            linker.solver.add(data, DATA)
            made = Var()
            static = "staticmethod" in decorators
            receiver = linker.class_value(instance.info) if "classmethod" in decorators else instance
            self.invoke(activation, position, func, None if static else receiver, Args((data, data)), made)
            for field in fields:
                if f"{field}.default" in decorators:
                    linker.solver.flow(made, linker.attributes.variable(instance.info, field))

    def _decorated_methods(self, owner: ClassInfo) -> list[tuple[int, tuple[str, ...]]]:
        """A class's own methods that have decorators: few, and asked for wherever an object is made."""
        if owner not in self._decorated:
            functions = owner.module.facts.functions
            indexes = (index for indexes in owner.facts.methods.values() for index in indexes)
            self._decorated[owner] = [
                (index, functions[index].decorators) for index in indexes if functions[index].decorators
            ]
        return self._decorated[owner]

    def _default_fields(
        self, activation: Activation, position: int, info: ClassInfo, fields: list[str], args: Args
    ) -> None:
        """What fields are that are not given, and which are given in their place."""
        linker = self.linker
        named = set(map(_without_style, args.keywords))
        placed = fields[: len(args.positional)]
        passed_over: dict[int, None] = {}

        def found(place: int, member: Value) -> None:
            if not isinstance(member, FieldDefault):
                return
            name = fields[place]
            if not member.positional and place < len(placed) + len(passed_over) and place not in passed_over:
                # What seemed to be given in its place, and all behind it, is the next field.
                first = place - len(passed_over)
                passed_over[place] = None
                for field, var in zip(fields[place + 1 :], args.positional[first:], strict=False):
                    linker.solver.flow(var, linker.attributes.variable(info, field))
            if _without_style(name) in named or (member.positional and name in placed):
                return
            target = linker.attributes.variable(info, name)
            linker.solver.flow(member.default, target)
            self.call_all(activation, position, member.factory, Args(), target)

        for place, name in enumerate(fields):
            for owner in info.members(name):
                if isinstance(owner, ClassInfo):
                    linker.solver.watch(linker.attributes.member(owner, name), partial(found, place))

    def _call_instance(
        self, activation: Activation, position: int, value: Inst, args: Args, dst: Var
    ) -> None:
        method = Var()
        self.linker.attributes.special(activation, position, value, "__call__", method)
        self.call_all(activation, position, method, args, dst)
        if not self.linker.attributes.has(value, "__call__"):
            for base in value.info.external_bases():
                self.external(activation, position, f"{base}.__call__", value, args, dst)
                return

    # -- outside the analyzed code ------------------------------------------------------------------

    def external(
        self, activation: Activation, position: int, dotted: str, receiver: Value | None, args: Args, dst: Var
    ) -> None:
        """Call something by its dotted name: an engine, a modeled builtin, the catalog, a library."""
        linker = self.linker
        if linker.colors.engine_call(activation, position, dotted, receiver, args, dst):
            activation.external.setdefault(position, {})[dotted] = None
            return
        model = MODELS.get(dotted)
        if model is not None:
            activation.external.setdefault(position, {})[dotted] = None
            model(ModelCall(linker, activation, position, args, dst, receiver))
            return
        entry = linker.catalog.lookup(dotted)
        if entry is not None:
            activation.external.setdefault(position, {})[dotted] = None
            self._catalogued(activation, position, entry, receiver, args, dst)
            return
        self._unlisted(activation, position, dotted, receiver, args, dst)

    def _unlisted(
        self, activation: Activation, position: int, dotted: str, receiver: Value | None, args: Args, dst: Var
    ) -> None:
        linker = self.linker
        self.pass_through(args, dst)
        last = dotted.rpartition(".")[2]
        if last[:1].isupper() and receiver is None:
            linker.solver.add(dst, linker.ext_inst(dotted))

        if self._library_source(dotted) is None:
            activation.external.setdefault(position, {})[dotted] = None
            return

        def enter_library() -> None:
            def found(value: Value) -> None:
                if isinstance(value, Func) and isinstance(receiver, ExtInst | Inst):
                    self.invoke(activation, position, value, receiver, args, dst)
                else:
                    self.call(activation, position, value, args, dst)

            self.library(dotted, found)

        linker.when_deep(activation, enter_library)

    def library(self, dotted: str, found: Callable[[Value], None], depth: int = 0) -> bool:
        """Give `found` what a name of an installed package is. False if its source is not at hand."""
        linker = self.linker
        if depth > _LONGEST_REEXPORT:
            return False
        if dotted not in self._library_names:
            self._library_names[dotted] = self._library_var(dotted)
        var = self._library_names[dotted]
        if var is None:
            return False

        def arrived(value: Value) -> None:
            other = value.dotted if isinstance(value, Ext) else dotted
            if other == dotted or not self.library(other, found, depth + 1):
                found(value)

        linker.solver.watch(var, arrived)
        return True

    def _library_source(self, dotted: str) -> tuple[SourceFile, list[str]] | None:
        """The installed module that a dotted name lies in, and the names in it."""
        parts = dotted.split(".")
        for count in range(len(parts) - 1, 0, -1):
            source = self.linker.sources.installed(".".join(parts[:count]))
            if source is not None:
                return source, parts[count:]
        return None

    def _library_var(self, dotted: str) -> Var | None:
        place = self._library_source(dotted)
        if place is None:
            return None
        module = self.linker.module(place[0], library=True)
        if module is None or module.activation is None:
            return None
        return self._member_path(module.activation, module, place[1])

    def _member_path(self, scope: Activation, module: ModuleInfo, names: list[str]) -> Var:
        linker = self.linker
        var = Var()
        linker.member(module, names[0], var)
        for name in names[1:]:
            var = self._attribute_of(scope, var, name)
        return var

    def _attribute_of(self, scope: Activation, var: Var, name: str) -> Var:
        linker = self.linker
        result = Var()
        linker.solver.watch(var, lambda value: linker.attributes.read(scope, 0, value, name, result))
        return result

    def pass_through(self, args: Args, dst: Var) -> None:
        """What a function outside the analyzed code gets may come back: decorators, `copy`, `cast`."""
        solver = self.linker.solver

        def arrived(value: Value) -> None:
            if not isinstance(value, Const | Ext | Data) and value is not NONE:
                solver.add(dst, value)

        for var in args.everything():
            solver.watch(var, arrived)

    def _catalogued(
        self,
        activation: Activation,
        position: int,
        entry: Entry,
        receiver: Value | None,
        args: Args,
        dst: Var,
    ) -> None:
        linker = self.linker
        result = Var() if entry.is_async else dst
        if entry.is_async:
            linker.solver.add(dst, Coro(result))
        if entry.calls:
            self._callbacks(activation, position, entry, args, result)
        source = args.get(0)
        match entry.returns:
            case "":
                if entry.kind == "class":
                    linker.solver.add(result, linker.ext_inst(entry.name))
                else:
                    linker.solver.add(result, DATA)
                    self.pass_through(args, result)
            case "data":
                linker.solver.add(result, DATA)
            case "argument" if source is not None:
                linker.solver.flow(source, result)
            case "element" if source is not None:
                linker.containers.iterate(activation, position, source, result, is_async=False)
            case "elements" if source is not None:
                box = linker.containers.box(activation, (position, entry.name), "list")
                linker.containers.iterate(activation, position, source, box.elements, is_async=False)
                linker.solver.add(result, box)
            case "self" if receiver is not None:
                linker.solver.add(result, receiver)
            case "self-element" | "self-elements" | "argument" | "element" | "elements" | "self":
                linker.solver.add(result, DATA)
            case dotted:
                linker.solver.add(result, linker.ext_inst(dotted))

    def _callbacks(self, activation: Activation, position: int, entry: Entry, args: Args, dst: Var) -> None:
        """The functions that an external function calls get the elements of its other arguments."""
        linker = self.linker
        callbacks = args.pick(entry.calls)
        elements = []
        for var in args.positional:
            if var not in callbacks:
                element = Var()
                linker.containers.iterate(activation, position, var, element, is_async=False)
                linker.solver.flow(var, element)
                elements.append(element)
        spread = (args.keywords["args"],) if "args" in args.keywords else ()
        for callback in callbacks:
            self.call_all(activation, position, callback, Args(tuple(elements), None, spread), dst)

    # -- operators ------------------------------------------------------------------------------

    def operate(
        self, activation: Activation, position: int, method: str, left: Var, right: Var | None, dst: Var
    ) -> None:
        """`left <op> right`, as the special methods that Python tries for it."""
        linker = self.linker
        linker.solver.watch(
            left, lambda value: self._left_operand(activation, position, method, value, right, dst)
        )
        if right is not None:
            linker.solver.watch(
                right, lambda value: self._right_operand(activation, position, method, value, left, dst)
            )

    def _left_operand(
        self, activation: Activation, position: int, method: str, value: Value, right: Var | None, dst: Var
    ) -> None:
        linker = self.linker
        if isinstance(value, Inst):
            args = Args((right,)) if right is not None else Args()
            names = [method, *_FALLBACKS.get(method, ())]
            if method.startswith("__i") and method not in ("__iter__", "__init__"):
                names.append("__" + method[3:])
            for name in names:
                if linker.attributes.has(value, name):
                    found = Var()
                    linker.attributes.special(activation, position, value, name, found)
                    self.call_all(activation, position, found, args, dst)
                    return
        self._builtin_operand(value, method, dst)

    def _right_operand(
        self, activation: Activation, position: int, method: str, value: Value, left: Var, dst: Var
    ) -> None:
        linker = self.linker
        if isinstance(value, Inst):
            plain = method[3:] if method.startswith("__i") else method[2:]
            name = _SWAPPED.get(method, "__r" + plain)
            if method != "__contains__" and linker.attributes.has(value, name):
                found = Var()
                linker.attributes.special(activation, position, value, name, found)
                self.call_all(activation, position, found, Args((left,)), dst)
        else:
            self._builtin_operand(value, method, dst)

    def _builtin_operand(self, value: Value, method: str, dst: Var) -> None:
        linker = self.linker
        if method in _COMPARISONS:
            linker.solver.add(dst, linker.ext_inst("builtins.bool"))
        elif isinstance(value, Const):
            linker.solver.add(dst, linker.ext_inst(f"builtins.{value.kind}"))
        elif isinstance(value, Class | Ext) and method == "__or__":
            # `Order | Refund` stands for either.
            linker.solver.add(dst, value)
        elif isinstance(value, Box | ExtInst | Data | Lost) or (
            isinstance(value, Inst) and value.info.external_bases()
        ):
            linker.solver.add(dst, value)

    def stringify(self, activation: Activation, position: int, var: Var, methods: tuple[str, ...]) -> None:
        """Turn a value into text by the first of `methods` that its class has."""

        def arrived(value: Value) -> None:
            if not isinstance(value, Inst):
                return
            for name in methods:
                if self.linker.attributes.has(value, name):
                    method = Var()
                    self.linker.attributes.special(activation, position, value, name, method)
                    self.call_all(activation, position, method, Args(), Var())
                    return

        self.linker.solver.watch(var, arrived)


def _without_style(name: str) -> str:
    """What a field's name and its alias have in common: `run_id`, `runId`."""
    return name.replace("_", "").lower()


def _fields(info: ClassInfo) -> list[str]:
    """The fields of a class that are of its objects, in the order of `__init__`'s parameters."""
    fields = (
        field for entry in reversed(info.mro()) if not isinstance(entry, str) for field in entry.facts.fields
    )
    return list(dict.fromkeys(field.name for field in fields if _is_of_objects(field.annotation)))


def _is_of_objects(annotation: TypeExpr) -> bool:
    return annotation.name.rpartition(".")[2] not in ("ClassVar", "KW_ONLY")


def _runs_at_construction(decorator: str, fields: list[str]) -> bool:
    """Whether pydantic's or attrs' `__init__` calls what is decorated so."""
    head, _, last = decorator.rpartition(".")
    return last in _VALIDATORS or (head in fields and last in ("default", "validator"))
