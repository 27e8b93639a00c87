"""Reading and assigning attributes: methods, properties, descriptors, inheritance."""

from __future__ import annotations

import builtins
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING

from color_checker.arguments import Args
from color_checker.classes import ClassInfo
from color_checker.solver import Var
from color_checker.sources import SourceFile
from color_checker.values import (
    DATA,
    LOST,
    Bound,
    Box,
    Class,
    Const,
    Coro,
    Descriptor,
    Ext,
    ExtBound,
    ExtInst,
    Factory,
    FieldDefault,
    Func,
    Gen,
    Inst,
    Manager,
    Mod,
    Partial,
    Super,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: External names with more dots than this are not followed further.
_LONGEST_NAME = 5

#: An object of which only a base class is known may be of so many subclasses that define what is read.
_MOST_SUBCLASSES = 16

_MEMBERS = {name: frozenset(dir(value)) for name, value in vars(builtins).items() if isinstance(value, type)}
# The kinds of lists and dictionaries in `collections` are such boxes, too.
_MEMBERS["list"] |= frozenset(dir(deque))
_MEMBERS["dict"] |= frozenset({*dir(Counter), *dir(OrderedDict), *dir(defaultdict)})

#: Methods that give attributes which nobody has assigned.
_COMPUTING = ("__getattr__", "__getattribute__")

_IMPLICIT_STATIC = frozenset({"__new__"})
_IMPLICIT_CLASS = frozenset({"__init_subclass__", "__class_getitem__"})


def has_member(kind: str, name: str) -> bool:
    """Whether a builtin type has the attribute; asked of values that only may be of that type."""
    return name in _MEMBERS.get(kind, (name,))


def builtin_members(dotted: str) -> frozenset[str]:
    """The attributes of a builtin type; of anything else, nothing is known."""
    module, _, name = dotted.partition(".")
    return _MEMBERS.get(name, frozenset()) if module == "builtins" else frozenset()


class Attributes:
    """Attribute access, for the linker."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        #: Attributes that more subclasses define than are looked at, where only the base is known.
        self.too_many: set[tuple[ClassInfo, str]] = set()
        self._read: set[tuple[Activation, int, Value, str, Var]] = set()
        self._making: dict[tuple[ModuleInfo, str], tuple[int, ...]] = {}

    def read(self, activation: Activation, position: int, value: Value, name: str, dst: Var) -> None:
        """Whatever `value.name` is flows to `dst`."""
        linker = self.linker
        if value is DATA or value is LOST:
            linker.solver.add(dst, value)
            return
        match value:
            case Inst():
                self._instance(activation, position, value, name, dst)
            case Class():
                self._class(activation, position, value, name, dst)
            case Mod():
                linker.member(value.info, name, dst)
            case Ext():
                self._external(value, name, dst)
            case ExtInst():
                self._external_instance(value, value.dotted, name, dst)
            case Super():
                self._super(activation, position, value, name, dst)
            case Box() | Const():
                if has_member(value.kind, name):
                    linker.solver.add(dst, linker.ext_bound(f"builtins.{value.kind}.{name}", value))
            case Func():
                self._function(value, name, dst)
            case Bound():
                if name == "__func__":
                    linker.solver.add(dst, value.func)
                elif name == "__self__":
                    linker.solver.add(dst, value.receiver)
                else:
                    self._function(value.func, name, dst, value)
            case Coro():
                # A handle of an engine is awaitable too; its methods give the result again.
                linker.solver.add(dst, linker.ext_bound(f"builtins.coroutine.{name}", value))
            case Gen() | Manager():
                linker.solver.add(dst, linker.ext_bound(f"builtins.generator.{name}", value))
            case Partial():
                if name == "func":
                    linker.solver.flow(value.func, dst)
            case Descriptor():
                self._descriptor_attribute(value, name, dst)
            case ExtBound():
                # An attribute of a method is nothing that calls are made through: names must not grow.
                linker.solver.add(dst, value)
            case Factory():
                linker.solver.add(dst, DATA)

    def special(self, activation: Activation, position: int, value: Inst, name: str, dst: Var) -> None:
        """A special method, which Python looks up on the class only."""
        for info in self._candidates(value, name):
            for owner in info.members(name):
                if isinstance(owner, ClassInfo):
                    self._watch_member(activation, position, owner, name, value, dst)

    def _may_have(self, value: Inst, name: str) -> bool:
        """Whether `special` would find anything."""
        return any(
            isinstance(owner, ClassInfo)
            for info in self._candidates(value, name)
            for owner in info.members(name)
        )

    def has(self, value: Inst, name: str) -> bool:
        """Whether the class or a base in the analyzed code has the method."""
        return any(isinstance(owner, ClassInfo) for owner in value.info.members(name))

    # -- instances ------------------------------------------------------------------------------

    def _instance(self, activation: Activation, position: int, value: Inst, name: str, dst: Var) -> None:
        key = (activation, position, value, name, dst)
        if key in self._read:
            return
        self._read.add(key)

        def look_up() -> None:
            for info in self._candidates(value, name):
                self._in_class_of(activation, position, value, info, name, dst)

        value.info.listeners.append(look_up)
        if value.open:
            value.info.open_listeners.append(look_up)
        look_up()

    def _candidates(self, value: Inst, name: str) -> list[ClassInfo]:
        """The class; where only a declared type is known also the subclasses that have `name`."""
        if not value.open:
            return [value.info]
        below = [info for info in self._subclasses(value.info) if info.own(name) or name in info.stores]
        if len(below) > _MOST_SUBCLASSES:
            self.too_many.add((value.info, name))
            return [value.info]
        return [value.info, *below]

    def _subclasses(self, info: ClassInfo) -> list[ClassInfo]:
        found: dict[ClassInfo, None] = {}
        todo = [info]
        while todo:
            base = todo.pop()
            for source in self.linker.sources.subclasses(base.facts.name):
                self._define_subclasses(source, base.facts.name)
            for candidate in base.derived:
                if candidate not in found and candidate is not info:
                    found[candidate] = None
                    todo.append(candidate)
        return list(found)

    def _define_subclasses(self, source: SourceFile, base: str) -> None:
        """Look at the classes of a file that name `base`, also at those that a function makes."""
        linker = self.linker
        module = linker.module(source)
        if module is None:
            return
        for index in self._makers(module, base):
            for func in linker.closures(module, index):
                owner = linker.colors.class_of_body(func.env)
                linker.colors.root(func, linker.instance(owner) if owner is not None else None, None)

    def _makers(self, module: ModuleInfo, base: str) -> tuple[int, ...]:
        """The functions of a module that make classes which name `base`."""
        known = self._making.get((module, base))
        if known is None:
            functions = module.facts.functions
            parents = {
                functions[cls.scope].parent
                for cls in module.facts.classes
                if any(name.rpartition(".")[2] == base for name in cls.bases)
            }
            known = tuple(index for index in sorted(parents) if functions[index].kind == "function")
            self._making[module, base] = known
        return known

    def _in_class_of(
        self, activation: Activation, position: int, value: Inst, info: ClassInfo, name: str, dst: Var
    ) -> None:
        linker = self.linker
        receiver = value if info is value.info else linker.instance(info)
        if name == "__class__":
            linker.solver.add(dst, linker.class_value(info))
            return
        linker.solver.flow(self.variable(info, name), dst)
        declared = info.declared(name)
        found = declared
        for owner in info.members(name):
            found = True
            if isinstance(owner, ClassInfo):
                self._watch_member(activation, position, owner, name, receiver, dst)
            elif not declared:
                linker.solver.add(dst, linker.ext_bound(linker.canonical(f"{owner}.{name}"), receiver))
        if not found:
            self._computed(activation, position, receiver, name, dst)

    def variable(self, info: ClassInfo, name: str) -> Var:
        """The attribute `name` of all instances of the class."""
        var = info.instance_vars.get(name)
        if var is None:
            var = info.instance_vars[name] = Var()
            self._find_values(info, name, var)
        return var

    def _find_values(self, info: ClassInfo, name: str, var: Var) -> None:
        """Look at the methods that assign the attribute, and at its declared type."""
        linker = self.linker
        for owner, index in info.storing_methods(name):
            func = linker.function(index, owner.activation)
            method = linker.activation(func, linker.instance(info), None, 0)
            linker.solver.add(method.var(0), linker.instance(info))
        for entry in info.mro():
            if isinstance(entry, str):
                continue
            for field in entry.facts.fields:
                if field.name == name:
                    var.excluded = linker.exclusions.of(field.annotation, entry.activation)
                    linker.expect(var, field.annotation, entry.activation)

    def _computed(self, activation: Activation, position: int, value: Inst, name: str, dst: Var) -> None:
        if name.startswith("__") or not any(self._may_have(value, hook) for hook in _COMPUTING):
            return
        getter = Var()
        for hook in _COMPUTING:
            self.special(activation, position, value, hook, getter)
        linker = self.linker
        text = Var()
        linker.solver.add(text, linker.constant("str", name))
        linker.calls.call_all(activation, position, getter, Args((text,)), dst)

    def _watch_member(
        self, activation: Activation, position: int, owner: ClassInfo, name: str, receiver: Value, dst: Var
    ) -> None:
        self.linker.solver.watch(
            self.member(owner, name),
            lambda member: self.bind(activation, position, member, name, receiver, dst),
        )

    def member(self, owner: ClassInfo, name: str) -> Var:
        """What the class body binds to `name`, and what is assigned to it on the class."""
        var = owner.attributes.get(name)
        if var is None:
            var = owner.attributes[name] = Var()
            self.linker.solver.flow(owner.activation.cell(name, self.linker.solver), var)
        return var

    def bind(
        self, activation: Activation, position: int, member: Value, name: str, receiver: Value, dst: Var
    ) -> None:
        """What reading the class member `member` through `receiver` gives."""
        linker = self.linker
        through_class = isinstance(receiver, Class)
        match member:
            case Func():
                if name in _IMPLICIT_STATIC or (through_class and name not in _IMPLICIT_CLASS):
                    linker.solver.add(dst, member)
                else:
                    linker.solver.add(dst, linker.bound(member, receiver))
            case Descriptor():
                self._descriptor(activation, position, member, receiver, dst)
            case Inst():
                self._descriptor_object(activation, position, member, receiver, dst)
            case Factory(func=Func() as func) if not through_class:
                linker.solver.add(dst, linker.calls.factory(linker.bound(func, receiver)))
            case FieldDefault():
                linker.solver.flow(member.default, dst)
            case Partial() if member.args.is_method and not through_class:
                linker.solver.add(
                    dst, linker.calls.partial(member.func, member.args.prepend(receiver, linker))
                )
            case _:
                linker.solver.add(dst, member)

    def _descriptor(
        self, activation: Activation, position: int, member: Descriptor, receiver: Value, dst: Var
    ) -> None:
        linker = self.linker
        if member.kind == "staticmethod":
            linker.solver.flow(member.getter, dst)
        elif member.kind == "classmethod":
            owner = receiver if isinstance(receiver, Class) else linker.class_value(receiver.info)  # type: ignore[attr-defined]
            linker.solver.watch(
                member.getter,
                lambda func: linker.solver.add(
                    dst, linker.bound(func, owner) if isinstance(func, Func) else func
                ),
            )
        elif isinstance(receiver, Class):
            linker.solver.add(dst, member)
        else:
            this = Var()
            linker.solver.add(this, receiver)
            linker.solver.watch(
                member.getter,
                lambda func: linker.calls.call(
                    activation, position, linker.bound(func, receiver) if isinstance(func, Func) else func,
                    Args() if isinstance(func, Func) else Args((this,)), dst,
                ),
            )  # fmt: skip

    def _descriptor_object(
        self, activation: Activation, position: int, member: Inst, receiver: Value, dst: Var
    ) -> None:
        linker = self.linker
        if not self.has(member, "__get__"):
            linker.solver.add(dst, member)
            return
        getter = Var()
        self.special(activation, position, member, "__get__", getter)
        instance, owner = Var(), Var()
        info = receiver.info if isinstance(receiver, Inst | Class) else None
        if isinstance(receiver, Inst):
            linker.solver.add(instance, receiver)
        if info is not None:
            linker.solver.add(owner, linker.class_value(info))
        linker.calls.call_all(activation, position, getter, Args((instance, owner)), dst)

    # -- everything else ------------------------------------------------------------------------

    def _class(self, activation: Activation, position: int, value: Class, name: str, dst: Var) -> None:
        linker = self.linker
        info = value.info

        def look_up() -> None:
            for owner in info.members(name):
                if isinstance(owner, str):
                    linker.solver.add(dst, linker.ext(linker.canonical(f"{owner}.{name}")))
                elif info.is_enum() and not name.startswith("_") and name not in owner.facts.methods:
                    linker.solver.add(dst, linker.instance(info))
                else:
                    self._watch_member(activation, position, owner, name, value, dst)

        key = (activation, position, value, name, dst)
        if key in self._read:
            return
        self._read.add(key)
        info.listeners.append(look_up)
        look_up()

    def _super(self, activation: Activation, position: int, value: Super, name: str, dst: Var) -> None:
        linker = self.linker
        receiver = value.receiver
        assert isinstance(receiver, Inst | Class)

        def look_up() -> None:
            mro = receiver.info.mro()
            rest = mro[mro.index(value.after) + 1 :] if value.after in mro else value.after.mro()[1:]
            for owner in rest:
                if isinstance(owner, str):
                    bound = linker.ext_bound(linker.canonical(f"{owner}.{name}"), receiver)
                    linker.solver.add(dst, bound)
                    return
                if owner.own(name):
                    self._watch_member(activation, position, owner, name, receiver, dst)
                    return
            linker.solver.add(dst, linker.ext_bound(f"builtins.object.{name}", receiver))

        key = (activation, position, value, name, dst)
        if key not in self._read:
            self._read.add(key)
            receiver.info.listeners.append(look_up)
            look_up()

    def _external(self, value: Ext, name: str, dst: Var) -> None:
        linker = self.linker
        if value.dotted.count(".") > _LONGEST_NAME:
            # `node = node.parent` in a loop would make names without end.
            linker.solver.add(dst, value)
            return
        entry = linker.catalog.lookup(value.dotted)
        if entry is not None and entry.kind == "value" and entry.returns:
            if entry.returns == "data":
                linker.solver.add(dst, DATA)
                return
            linker.solver.add(dst, linker.ext_bound(linker.canonical(f"{entry.returns}.{name}"), value))
            return
        dotted = linker.canonical(f"{value.dotted}.{name}")
        linker.solver.add(dst, linker.ext(dotted))
        module = linker.project_module(f"{value.dotted}.{name}", None)
        if module is not None:
            linker.solver.add(dst, linker.module_value(module))
        returned = self._engine_returns(dotted)
        if returned and returned != dotted:
            linker.solver.add(dst, linker.ext_inst(returned))

    def _engine_returns(self, dotted: str) -> str:
        """The class of an engine's attribute; an operation gives something only when it is called."""
        for profile in self.linker.profiles:
            if profile.owns(dotted):
                return profile.returned(dotted) if profile.operation(dotted) is None else ""
        return ""

    def _external_instance(self, value: Value, owner: str, name: str, dst: Var) -> None:
        linker = self.linker
        module, _, cls = owner.partition(".")
        if module == "builtins" and not has_member(cls, name):
            return
        dotted = linker.canonical(f"{owner}.{name}")
        entry = linker.catalog.lookup(dotted)
        if entry is not None and entry.kind == "value":
            if entry.returns == "data":
                linker.solver.add(dst, DATA)
                return
            if "." in entry.returns:
                linker.solver.add(dst, linker.ext_inst(entry.returns))
                return
        linker.solver.add(dst, linker.ext_bound(dotted, value))
        returned = self._engine_returns(dotted)
        if returned:
            linker.solver.add(dst, linker.ext_inst(returned))

    def _function(self, value: Func, name: str, dst: Var, bound: Bound | None = None) -> None:
        linker = self.linker
        if name == "__wrapped__":
            linker.solver.add(dst, value)
            return
        linker.solver.flow(value.attributes.setdefault(name, Var()), dst)
        marker = linker.colors.suffix(value, name)
        if marker is not None:
            linker.solver.add(dst, marker)
        elif name in ("__name__", "__qualname__", "__doc__", "__module__", "__dict__", "__annotations__"):
            linker.solver.add(dst, DATA)
        else:
            linker.colors.helper(value, name, dst, bound)

    def _descriptor_attribute(self, value: Descriptor, name: str, dst: Var) -> None:
        linker = self.linker
        if value.kind in ("property", "cached_property") and name in ("setter", "getter", "deleter"):
            linker.solver.add(dst, linker.ext_bound(f"builtins.property.{name}", value))
        elif name == "__func__":
            linker.solver.flow(value.getter, dst)

    # -- assignment -----------------------------------------------------------------------------

    def store(self, activation: Activation, position: int, value: Value, name: str, source: Var) -> None:
        """`value.name = source`."""
        linker = self.linker
        match value:
            case Inst():
                linker.solver.flow(source, self.variable(value.info, name))
                self._set_property(activation, position, value, name, source)
            case Class():
                linker.solver.flow(source, self.member(value.info, name))
            case Mod():
                value.info.stored.add(name)
                linker.solver.flow(source, value.info.var(name, linker.solver))
            case Func() if not name.startswith("__"):
                # The others are what the interpreter and tools ask a function about, such as `__signature__`.
                linker.solver.flow(source, value.attributes.setdefault(name, Var()))

    def _set_property(
        self, activation: Activation, position: int, value: Inst, name: str, source: Var
    ) -> None:
        linker = self.linker

        def assigned(member: Value) -> None:
            if isinstance(member, Descriptor):
                linker.solver.watch(
                    member.setter,
                    lambda func: linker.calls.call(
                        activation, position, linker.bound(func, value) if isinstance(func, Func) else func,
                        Args((source,)), Var(),
                    ),
                )  # fmt: skip
            elif isinstance(member, Inst) and self.has(member, "__set__"):
                setter, instance = Var(), Var()
                linker.solver.add(instance, value)
                self.special(activation, position, member, "__set__", setter)
                linker.calls.call_all(activation, position, setter, Args((instance, source)), Var())

        for owner in value.info.members(name):
            if isinstance(owner, ClassInfo):
                linker.solver.watch(self.member(owner, name), assigned)
        if self.has(value, "__setattr__"):
            setter, text = Var(), Var()
            linker.solver.add(text, linker.constant("str", name))
            self.special(activation, position, value, "__setattr__", setter)
            linker.calls.call_all(activation, position, setter, Args((text, source)), Var())
