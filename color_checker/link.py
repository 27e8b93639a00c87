"""Links the facts of all files into one program: which values flow where, and who calls whom.

Only what is asked for is looked at: a module's body when something is read from it, a function's
when it is called or is a root. Values flow through inclusion constraints (`solver.py`) that the
operations of a body (`facts.py`) are turned into, one method here for each kind of operation.

The work goes in rounds. Within a round the result does not depend on any order. Between rounds,
what flow alone has left empty is filled in from annotations, and what has turned out to be reached
from a workflow is followed into installed packages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from color_checker.activation import Activation, Operation, Site
from color_checker.arguments import Args
from color_checker.attributes import Attributes
from color_checker.calls import Calls
from color_checker.catalog import Catalog
from color_checker.classes import ClassInfo
from color_checker.colors import Colors
from color_checker.containers import Containers
from color_checker.engines import Profile
from color_checker.exclusions import Exclusions
from color_checker.facts import (
    INSTANTIATE,
    KWARG,
    NOTHING,
    VARARG,
    Attr,
    Await,
    Body,
    Build,
    BuildDict,
    Call,
    Collect,
    Const,
    Enter,
    Format,
    Import,
    Item,
    Iterate,
    Load,
    MakeClass,
    MakeFunction,
    Merge,
    ModuleFacts,
    Op,
    Operate,
    Raise,
    Return,
    StoreAttr,
    StoreGlobal,
    StoreItem,
    TypeExpr,
    Update,
    Yield,
)
from color_checker.modules import BUILTINS, ModuleInfo
from color_checker.solver import Solver, Var
from color_checker.sources import SourceFile
from color_checker.typed import Types, takes_only_data
from color_checker.values import (
    DATA,
    LOST,
    NONE,
    Bound,
    Box,
    Class,
    Coro,
    Ext,
    ExtBound,
    ExtInst,
    Func,
    Gen,
    Inst,
    Marker,
    Mod,
    Value,
)
from color_checker.values import Const as ConstValue

#: With more activations than this, callers are not told apart any more: time and memory stay bounded.
_MOST_CONTEXTS = 60_000


#: A function called from more places than this is a utility, which gains little from being told apart.
_MOST_SITES = 40

#: With more activations than this, callers of one function are told apart at fewer places.
_MANY_CONTEXTS = 10_000
_FEWER_SITES = 8

#: What calls another class's method of this name makes a part, and is no layer around it.
_CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})


class Modules(Protocol):
    """Where the linker gets modules from; see `project.py`."""

    def find(self, name: str, importer: SourceFile | None) -> SourceFile | None:
        """A module of the project."""

    def submodules(self, name: str, importer: SourceFile | None) -> tuple[str, ...]:
        """The names of the modules directly inside a package of the project."""

    def installed(self, name: str) -> SourceFile | None:
        """A module of an installed package whose source is to be read."""

    def facts(self, source: SourceFile) -> ModuleFacts | None:
        """The facts of a file, None if it has none (it is reported elsewhere)."""

    def bodies(self, source: SourceFile) -> dict[int, Body]:
        """Where the decoded bodies of a file's functions are kept."""

    def from_bodies(self, source: SourceFile) -> dict[object, Any]:
        """Where what was found out from single bodies of a file is kept."""

    def subclasses(self, name: str) -> tuple[SourceFile, ...]:
        """The project's files with a class that names `name` among its bases."""


class Linker:
    """The program while it is being linked."""

    def __init__(self, modules: Modules, catalog: Catalog, profiles: Iterable[Profile]) -> None:
        self.sources = modules
        self.catalog = catalog
        self.profiles = tuple(profiles)
        self.solver = Solver()
        self.modules: dict[str, ModuleInfo] = {}
        self.activations: dict[tuple[object, ...], Activation] = {}
        self.classes: dict[tuple[str, int, int], ClassInfo] = {}
        self.roots: dict[Activation, None] = {}
        self._heaps: dict[tuple[object, ...], dict[tuple[object, ...], Box]] = {}
        self._contexts: dict[tuple[str, int], int] = {}
        self._hands_on: dict[tuple[str, int], bool] = {}
        self._functions: dict[tuple[str, int, int], Func] = {}
        self._activated: set[Func] = set()
        self._closures: dict[tuple[str, int], list[Func]] = {}
        self._bound: dict[tuple[Func, Value], Bound] = {}
        self._ext: dict[str, Ext] = {}
        self._ext_inst: dict[str, ExtInst] = {}
        self._ext_bound: dict[tuple[str, Value], ExtBound] = {}
        self._class_values: dict[ClassInfo, Class] = {}
        self._instances: dict[tuple[ClassInfo, bool], Inst] = {}
        self._constants: dict[tuple[str, str | int], ConstValue] = {}
        self._module_values: dict[ModuleInfo, Mod] = {}
        self._markers: dict[tuple[str, str, str, tuple[str, str]], Marker] = {}
        self._fallbacks: list[tuple[Var, Callable[[], bool]]] = []
        self._canonical: dict[str, str] = {}
        self._sdk: dict[str, bool] = {}
        self.colors = Colors(self)
        self.attributes = Attributes(self)
        self.containers = Containers(self)
        self.calls = Calls(self)
        self.types = Types(self)
        self.exclusions = Exclusions(self)
        self._handlers: dict[type, Callable[..., None]] = {
            Load: self._load, Const: self._const, Attr: self._attr, Call: self._call, Item: self._item,
            Build: self._build, BuildDict: self._build_dict, Iterate: self._iterate, Await: self._await,
            Yield: self._yield, Enter: self._enter, Operate: self._operate, Merge: self._merge,
            StoreGlobal: self._store_global, StoreAttr: self._store_attr, StoreItem: self._store_item,
            MakeFunction: self._make_function, MakeClass: self._make_class, Import: self._import,
            Return: self._return, Raise: self._raise, Format: self._format, Collect: self._collect,
            Update: self._update,
        }  # fmt: skip

    # -- values ---------------------------------------------------------------------------------

    def ext(self, dotted: str) -> Ext:
        """The external thing of that name."""
        value = self._ext.get(dotted)
        if value is None:
            value = self._ext[dotted] = Ext(dotted)
        return value

    def ext_inst(self, dotted: str) -> ExtInst:
        """An instance of the external class."""
        value = self._ext_inst.get(dotted)
        if value is None:
            value = self._ext_inst[dotted] = ExtInst(dotted)
        return value

    def ext_bound(self, dotted: str, receiver: Value) -> ExtBound:
        """The external method of that receiver."""
        key = (dotted, receiver)
        value = self._ext_bound.get(key)
        if value is None:
            value = self._ext_bound[key] = ExtBound(dotted, receiver)
        return value

    def bound(self, func: Func, receiver: Value) -> Bound:
        """The method of that receiver."""
        key = (func, receiver)
        value = self._bound.get(key)
        if value is None:
            value = self._bound[key] = Bound(func, receiver)
        return value

    def class_value(self, info: ClassInfo) -> Class:
        """The class itself."""
        value = self._class_values.get(info)
        if value is None:
            value = self._class_values[info] = Class(info)
        return value

    def instance(self, info: ClassInfo, *, is_open: bool = False) -> Inst:
        """An instance of the class; `is_open` if it may be of a subclass."""
        value = self._instances.get((info, is_open))
        if value is None:
            value = self._instances[info, is_open] = Inst(info, is_open=is_open)
        return value

    def constant(self, kind: str, value: str | int) -> ConstValue:
        """The constant."""
        known = self._constants.get((kind, value))
        if known is None:
            known = self._constants[kind, value] = ConstValue(kind, value)
        return known

    def module_value(self, info: ModuleInfo) -> Mod:
        """The module as a value."""
        value = self._module_values.get(info)
        if value is None:
            value = self._module_values[info] = Mod(info)
        return value

    def marker(self, engine: str, dotted: str, name: str, injected: tuple[str, str] = ("", "")) -> Marker:
        """The coloring decorator with these options."""
        key = (engine, dotted, name, injected)
        value = self._markers.get(key)
        if value is None:
            value = self._markers[key] = Marker(engine, dotted, name, injected)
        return value

    def function(self, index: int, env: Activation, op: MakeFunction | None = None) -> Func:
        """The function that evaluating the definition of that index in `env` gives; `op` if it is at hand."""
        key = (env.module.key, index, env.number)
        value = self._functions.get(key)
        if value is None:
            made = op or next(o for o in env.body.ops if isinstance(o, MakeFunction) and o.function == index)
            defaults = tuple(None if slot == NOTHING else env.var(slot) for slot in made.defaults)
            value = self._functions[key] = Func(env.module, index, env, defaults)
            self._closures.setdefault(value.key, []).append(value)
        return value

    def functions(self) -> Iterable[Func]:
        """All functions whose definitions have been evaluated."""
        return self._functions.values()

    def functions_of(self, module: ModuleInfo) -> list[Func]:
        """The functions of a module whose definitions have been evaluated."""
        return [func for func in self._functions.values() if func.module is module]

    def closures(self, module: ModuleInfo, index: int) -> tuple[Func, ...]:
        """What evaluating the definition of that index has given so far, one for each scope around it."""
        return tuple(self._closures.get((module.key, index), ()))

    # -- modules --------------------------------------------------------------------------------

    def module(self, source: SourceFile, *, library: bool = False) -> ModuleInfo | None:
        """The module of a file, its body analyzed; None if the file could not be read."""
        info = self.modules.get(source.path)
        if info is None:
            facts = self.sources.facts(source)
            if facts is None:
                return None
            bodies, derived = self.sources.bodies(source), self.sources.from_bodies(source)
            info = self.modules[source.path] = ModuleInfo(source, facts, bodies, derived, library=library)
            activation = Activation(info, 0, None, None, (), len(self.activations))
            self.activations[(info.key, 0)] = activation
            info.activation = activation
            self.solver.later(partial(self._run, activation))
        return info

    def replace_facts(self, module: ModuleInfo, facts: ModuleFacts) -> None:
        """The file of a linked module has changed in nothing that was looked at, except for its places."""
        source = module.source
        module.replace(facts, self.sources.bodies(source), self.sources.from_bodies(source))
        for node in self.activations.values():
            if node.module is module:
                node.facts, node.body = facts.functions[node.index], module.body(node.index)
        for func in self.functions():
            if func.module is module:
                func.facts = facts.functions[func.index]
        for info in self.classes.values():
            if info.module is module:
                info.facts = facts.classes[info.index]

    def project_module(self, name: str, importer: ModuleInfo | None) -> ModuleInfo | None:
        """The project's module of that name, as seen from `importer`."""
        if (importer is not None and importer.library) or self.is_sdk(name):
            return None
        source = self.sources.find(name, importer.source if importer is not None else None)
        return self.module(source) if source is not None else None

    def is_sdk(self, name: str) -> bool:
        """Whether a module is an engine's: its profile says all there is to know, even in its repository."""
        known = self._sdk.get(name)
        if known is None:
            known = self._sdk[name] = any(profile.owns(name) for profile in self.profiles)
        return known

    def name_in(self, module: ModuleInfo, name: str, dst: Var, seen: tuple[ModuleInfo, ...] = ()) -> None:
        """Whatever `name` means in `module` flows to `dst`: its own, a star import's, a builtin."""
        own = module.defines(name) or name in module.stored
        self.solver.flow(module.var(name, self.solver), dst)
        if own or module in seen:
            return
        for target, level in module.facts.stars:
            self._starred(module, target, level, name, dst, (*seen, module))
        if name in BUILTINS and not seen:
            self.solver.add(dst, self.ext(f"builtins.{name}"))
        elif name.startswith("__") and not seen:
            self.solver.add(dst, DATA)

    def _starred(
        self, module: ModuleInfo, target: str, level: int, name: str, dst: Var, seen: tuple[ModuleInfo, ...]
    ) -> None:
        absolute = self.absolute(module, target, level)
        source = self.project_module(absolute, module)
        if source is not None:
            exports = source.facts.exports
            if name in exports if exports is not None else not name.startswith("_"):
                self.name_in(source, name, dst, seen)
        elif name not in BUILTINS and self._has_member(absolute, name):
            self.solver.add(dst, self.ext(f"{absolute}.{name}"))

    def _has_member(self, module: str, name: str) -> bool:
        entry = self.catalog.lookup(f"{module}.{name}")
        return entry is not None and (entry.effect is not None or entry.kind != "function")

    def absolute(self, module: ModuleInfo, target: str, level: int) -> str:
        """The absolute name of an imported module."""
        if not level:
            return target
        package = module.package(level)
        return f"{package}.{target}".strip(".")

    # -- activations ----------------------------------------------------------------------------

    def activation(
        self, func: Func, receiver: Value | None, caller: Activation | None, position: int
    ) -> Activation:
        """The activation of `func` for this receiver and call site, analyzed if it is new."""
        self_class = self._self_class(func, receiver, caller)
        sites = self._sites(func, caller, position)
        key: tuple[object, ...] = (func.module.key, func.index, func.env.number, self_class, sites)
        known = self.activations.get(key)
        if known is None and not self._may_grow(func, sites, caller):
            self_class, sites = (None if len(self.activations) > _MOST_CONTEXTS else self_class), ()
            key = (func.module.key, func.index, func.env.number, self_class, sites)
            known = self.activations.get(key)
        if known is None:
            number = len(self.activations)
            known = Activation(func.module, func.index, func.env, self_class, sites, number, func)
            self._activated.add(func)
            known.boxes = self._heap(known)
            self.activations[key] = known
            self._prepare(known, func)
            self.solver.later(partial(self._run, known))
        return known

    def _heap(self, activation: Activation) -> dict[tuple[object, ...], Box]:
        """The containers made in the activation: shared by all receivers' classes, not by call sites."""
        env = activation.env
        outer = id(env.boxes) if env is not None and env.facts.kind in ("function", "lambda") else 0
        return self._heaps.setdefault((activation.module.key, activation.index, activation.sites, outer), {})

    def _may_grow(self, func: Func, sites: tuple[Site, ...], caller: Activation | None) -> bool:
        """Whether one more context of `func` is affordable."""
        so_far = len(self.activations)
        if not sites or (caller is not None and _defines(caller)):
            # Each definition calls a decorator once, so these do not multiply.
            return so_far <= _MOST_CONTEXTS
        self._contexts[func.key] = count = self._contexts.get(func.key, 0) + 1
        most = _MOST_SITES if so_far <= _MANY_CONTEXTS else _FEWER_SITES
        return count <= most and so_far <= _MOST_CONTEXTS

    def _sites(self, func: Func, caller: Activation | None, position: int) -> tuple[Site, ...]:
        """The call sites by which this call of `func` is told apart from others."""
        if caller is None or not self._gains_from_sites(func):
            return ()
        # In replayed code, and where functions are wrapped.
        if not (caller.deep or _defines(caller) or func.index in func.module.outer):
            return ()
        if caller.sites and _is_layer(func, caller, position):
            return caller.sites
        return ((caller.module.key, caller.index, position), *caller.sites[:1])

    def _gains_from_sites(self, func: Func) -> bool:
        """Whether the function hands on anything by which one call may differ from another."""
        known = self._hands_on.get(func.key)
        if known is None:
            known = func.facts.higher_order and not takes_only_data(func.facts)
            self._hands_on[func.key] = known
        return known

    def _self_class(self, func: Func, receiver: Value | None, caller: Activation | None) -> ClassInfo | None:
        """The receiver's class where it is not the one that defines the method.

        Outside replayed code it matters only to constructors, whose assignments replayed code may read.
        """
        if func.facts.owner == NOTHING or not isinstance(receiver, Inst | Class):
            return None
        if caller is not None and not caller.deep and func.facts.name != "__init__":
            return None
        info = receiver.info
        if info.module is func.module and info.index == func.facts.owner:
            return None
        return info

    def _prepare(self, activation: Activation, func: Func) -> None:
        """Defaults, annotations and the containers behind `*args` and `**kwargs`."""
        solver = self.solver
        for slot, param in enumerate(activation.facts.params):
            var = activation.var(slot)
            if param.kind == VARARG:
                box = self.containers.box(activation, ("args",), "tuple")
                solver.add(var, box)
                var = box.elements
            elif param.kind == KWARG:
                box = self.containers.box(activation, ("kwargs",), "dict")
                solver.add(var, box)
                var = box.elements
            if param.annotation is not None:
                var.excluded = self.exclusions.of(param.annotation, activation)
            if param.default != NOTHING:
                default = func.defaults[param.default]
                if default is not None:
                    solver.flow(default, var)
            if param.annotation is not None and not activation.module.library:
                self.expect(var, param.annotation, activation)
        if activation.facts.returns is not None:
            generator = activation.facts.is_generator
            target = activation.yields if generator else activation.returns
            if not generator:
                target.excluded = self.exclusions.of(activation.facts.returns, activation)
            self.expect(target, activation.facts.returns, activation, element=generator)

    def expect(self, var: Var, annotation: TypeExpr, scope: Activation, *, element: bool = False) -> None:
        """If nothing else flows into `var`, let it be what the annotation says."""
        self._fallbacks.append((var, lambda: self.types.inject(var, annotation, scope, element=element)))

    def if_empty(self, var: Var, action: Callable[[], bool]) -> None:
        """Run `action` between rounds if `var` is still empty; again next time unless it gives True."""
        self._fallbacks.append((var, action))

    def _run(self, activation: Activation) -> None:
        if self.solver.exhausted:
            activation.skipped = True
            self.solver.add(activation.returns, LOST)
            return
        handlers = self._handlers
        for position, op in enumerate(activation.body.ops):
            handlers[type(op)](activation, position, op)
        for slot, annotation in activation.body.annotated:
            activation.var(slot).excluded = self.exclusions.of(annotation, activation)
            self.expect(activation.var(slot), annotation, activation)

    # -- rounds ---------------------------------------------------------------------------------

    def solve(self) -> None:
        """Bring everything to its fixpoint, round by round."""
        while True:
            self.solver.run()
            changed = self.colors.add_roots()
            self.solver.run()
            if not changed | self._deepen() | self._fill_in() | self.solver.run():
                return

    def _fill_in(self) -> bool:
        """What is still empty takes its value from annotations. Whether anything changed."""
        pending, self._fallbacks = self._fallbacks, []
        changed = False
        for var, action in pending:
            if len(var.values) > (NONE in var.values):
                continue
            if action():
                changed = True
            else:
                self._fallbacks.append((var, action))
        return changed | self.solver.run()

    def _deepen(self) -> bool:
        """Mark what a workflow reaches, and do there what is done only there."""
        changed = False
        todo = [root for root in self.roots if self.colors.is_replayed(root)]
        seen = set(todo)
        while todo:
            activation = todo.pop()
            changed |= self.deepen(activation)
            for targets in activation.targets.values():
                for target in targets:
                    if target not in seen and not self.colors.is_border(target):
                        seen.add(target)
                        todo.append(target)
        return changed

    def activate_all(self, wanted: Callable[[Func], bool] = lambda func: True) -> bool:
        """Make roots of the functions that nothing calls. Whether there were any."""
        found = False
        for func in list(self._functions.values()):
            if func not in self._activated and wanted(func):
                owner = self.colors.class_of_body(func.env)
                self.colors.root(func, self.instance(owner) if owner is not None else None, None)
                found = True
        return found

    def deepen(self, activation: Activation) -> bool:
        """A workflow reaches `activation`. Whether that had any consequence."""
        if activation.deep:
            return False
        activation.deep = True
        deferred, activation.deferred = activation.deferred, []
        for action in deferred:
            action()
        return bool(deferred)

    def when_deep(self, activation: Activation, action: Callable[[], None]) -> None:
        """Run `action` once it is known that a workflow reaches `activation`."""
        if activation.deep:
            action()
        else:
            activation.deferred.append(action)

    def operation(self, activation: Activation, position: int, engine: str, dotted: str) -> Operation:
        """The record of the engine operation at `position`."""
        records = activation.operations.setdefault(position, {})
        if dotted not in records:
            records[dotted] = Operation(engine, dotted)
        return records[dotted]

    # -- operations, in the order of facts.py ------------------------------------------------------

    def _load(self, activation: Activation, position: int, op: Load) -> None:
        dst = activation.var(op.dst)
        if not op.level:
            self.name_in(activation.module, op.name, dst)
            return
        scope = self.enclosing(activation, op.level)
        if scope is not None:
            self.solver.flow(scope.cell(op.name, self.solver), dst)

    def enclosing(self, activation: Activation, level: int) -> Activation | None:
        """The function scope `level` steps out; class bodies do not count."""
        scope: Activation | None = activation
        while scope is not None and level:
            scope = scope.env
            if scope is not None and scope.facts.kind != "class":
                level -= 1
        return scope

    def _const(self, activation: Activation, position: int, op: Const) -> None:
        value: Value
        if op.kind == "None":
            value = NONE
        elif op.value is not None:
            value = self.constant(op.kind, op.value)
        else:
            value = self.ext_inst(f"builtins.{op.kind}")
        self.solver.add(activation.var(op.dst), value)

    def _attr(self, activation: Activation, position: int, op: Attr) -> None:
        dst = activation.var(op.dst)
        read = self.attributes.read
        self.solver.watch(
            activation.var(op.obj), lambda value: read(activation, position, value, op.name, dst)
        )

    def _call(self, activation: Activation, position: int, op: Call) -> None:
        slots = activation.slots
        dst, func = slots[op.dst], slots[op.func]
        keywords = {name: slots[slot] for name, slot in op.keywords} if op.keywords else None
        args = Args(
            activation.vars(op.args), keywords, activation.vars(op.stars), activation.vars(op.double_stars)
        )
        call = self.calls.call
        self.solver.watch(func, lambda value: call(activation, position, value, args, dst))
        if len(op.args) == 1 and not op.keywords and self._is_definition(activation, position):
            self.if_empty(func, lambda: self._decorated(args.positional[0], dst))

    def _is_definition(self, activation: Activation, position: int) -> bool:
        """Whether the only argument is a function or class just defined, as a decorator's is."""
        ops = activation.body.ops
        call = ops[position]
        before = ops[position - 1]
        assert isinstance(call, Call)
        return isinstance(before, MakeFunction | MakeClass | Call) and before.dst == call.args[0]

    def _decorated(self, definition: Var, dst: Var) -> bool:
        """A decorator of which nothing is known is taken to hand on what it decorates."""

        def arrived(value: Value) -> None:
            if isinstance(value, Func | Class):
                self.solver.add(dst, value)

        self.solver.watch(definition, arrived)
        return True

    def _item(self, activation: Activation, position: int, op: Item) -> None:
        key = activation.var(op.key) if op.key != NOTHING else None
        dst = activation.var(op.dst)
        read = self.containers.read
        self.solver.watch(activation.var(op.obj), lambda value: read(activation, position, value, key, dst))

    def _build(self, activation: Activation, position: int, op: Build) -> None:
        box = self.containers.box(activation, (position,), op.kind)
        keyed = op.kind != "set" and not op.stars
        for index, slot in enumerate(op.items):
            target = self.containers.slot(box, index) if keyed else box.elements
            self.solver.flow(activation.var(slot), target)
        for slot in op.stars:
            self.containers.spread(activation, position, activation.var(slot), box)
        self.solver.add(activation.var(op.dst), box)

    def _build_dict(self, activation: Activation, position: int, op: BuildDict) -> None:
        box = self.containers.box(activation, (position,), "dict")
        for key, value in op.pairs:
            self.containers.store(box, activation.var(key), activation.var(value))
        for slot in op.stars:
            self.containers.update(activation.var(slot), box)
        self.solver.add(activation.var(op.dst), box)

    def _iterate(self, activation: Activation, position: int, op: Iterate) -> None:
        self.containers.iterate(
            activation, position, activation.var(op.obj), activation.var(op.dst), is_async=op.is_async
        )

    def _await(self, activation: Activation, position: int, op: Await) -> None:
        dst = activation.var(op.dst)

        def awaited(value: Value) -> None:
            self.unwrap(activation, position, value, dst)

        self.solver.watch(activation.var(op.obj), awaited)

    def unwrap(self, activation: Activation, position: int, value: Value, dst: Var) -> None:
        """What awaiting `value` gives flows to `dst`."""
        if isinstance(value, Coro):
            self.solver.flow(value.result, dst)
        elif isinstance(value, Inst):
            method = Var()
            self.attributes.special(activation, position, value, "__await__", method)
            result = Var()
            self.calls.call_all(activation, position, method, Args(), result)
            self.solver.watch(result, lambda item: self._delegate(activation, position, item, Var(), dst))
            if not any(True for _ in value.info.members("__await__")):
                self.solver.add(dst, value)
        elif isinstance(value, ExtInst | Box) or value is DATA or value is LOST:
            self.solver.add(dst, value)

    def _yield(self, activation: Activation, position: int, op: Yield) -> None:
        value = activation.var(op.value)
        dst = activation.var(op.dst)
        if not op.delegates:
            self.solver.flow(value, activation.yields)
            # Orchestrators are generators whose `yield` gives the result of the operation yielded.
            self.solver.watch(value, lambda item: self.unwrap(activation, position, item, dst))
            return
        self.solver.watch(
            value, lambda item: self._delegate(activation, position, item, activation.yields, dst)
        )

    def _delegate(self, activation: Activation, position: int, value: Value, yields: Var, dst: Var) -> None:
        if isinstance(value, Gen):
            self.solver.flow(value.elements, yields)
            self.solver.flow(value.result, dst)
        else:
            self.containers.iterate_value(activation, position, value, yields, is_async=False)

    def _enter(self, activation: Activation, position: int, op: Enter) -> None:
        self.containers.enter(
            activation, position, activation.var(op.obj), activation.var(op.dst), is_async=op.is_async
        )

    def _operate(self, activation: Activation, position: int, op: Operate) -> None:
        left = activation.var(op.left)
        dst = activation.var(op.dst)
        if op.method == INSTANTIATE:
            self.solver.watch(left, lambda value: self._instantiate(value, dst))
            return
        right = activation.var(op.right) if op.right != NOTHING else None
        self.calls.operate(activation, position, op.method, left, right, dst)

    def _instantiate(self, value: Value, dst: Var) -> None:
        if isinstance(value, Class):
            self.solver.add(dst, self.instance(value.info, is_open=True))
        elif isinstance(value, Ext):
            self.solver.add(dst, self.ext_inst(value.dotted))
        elif isinstance(value, Box):
            self.solver.watch(value.elements, lambda item: self._instantiate(item, dst))
            for var in value.keyed.values():
                self.solver.watch(var, lambda item: self._instantiate(item, dst))

    def _merge(self, activation: Activation, position: int, op: Merge) -> None:
        dst = activation.var(op.dst)
        for slot in op.sources:
            if op.type_ == NOTHING:
                self.solver.flow(activation.var(slot), dst)
            else:
                self.types.narrow(activation.var(slot), activation.var(op.type_), dst, negated=op.negated)

    def _store_global(self, activation: Activation, position: int, op: StoreGlobal) -> None:
        value = activation.var(op.value)
        if not op.level:
            activation.module.stored.add(op.name)
            self.solver.flow(value, activation.module.var(op.name, self.solver))
            return
        scope = self.enclosing(activation, op.level)
        if scope is not None:
            self.solver.flow(value, scope.cell(op.name, self.solver))
            for slot in scope.body.cells.get(op.name, ()):
                self.solver.flow(value, scope.var(slot))

    def _store_attr(self, activation: Activation, position: int, op: StoreAttr) -> None:
        if op.value == NOTHING:
            return
        source = activation.var(op.value)
        store = self.attributes.store
        self.solver.watch(
            activation.var(op.obj), lambda value: store(activation, position, value, op.name, source)
        )

    def _store_item(self, activation: Activation, position: int, op: StoreItem) -> None:
        key = activation.var(op.key)
        value = activation.var(op.value) if op.value != NOTHING else None
        store = self.containers.store_item
        self.solver.watch(activation.var(op.obj), lambda obj: store(activation, position, obj, key, value))

    def _make_function(self, activation: Activation, position: int, op: MakeFunction) -> None:
        func = self.function(op.function, activation, op)
        self.colors.declare(func)
        self.solver.add(activation.var(op.dst), func)

    def _make_class(self, activation: Activation, position: int, op: MakeClass) -> None:
        key = (activation.module.key, op.class_index, activation.number)
        info = self.classes.get(key)
        if info is None:
            info = self.classes[key] = ClassInfo(activation.module, op.class_index, activation)
            scope = Activation(
                activation.module, info.facts.scope, activation, None, (), len(self.activations)
            )
            self.activations[(activation.module.key, info.facts.scope, activation.number)] = scope
            info.activation = scope
            for index, slot in enumerate(op.bases):
                self._watch_base(info, index, activation.var(slot))
            if op.metaclass != NOTHING:
                self._watch_base(info, len(op.bases), activation.var(op.metaclass), metaclass=True)
            self.solver.later(partial(self._run, scope))
        # A class statement runs its body.
        activation.call(position, info.activation)
        self.solver.add(activation.var(op.dst), self.class_value(info))

    def _watch_base(self, info: ClassInfo, position: int, var: Var, *, metaclass: bool = False) -> None:
        def arrived(value: Value) -> None:
            if isinstance(value, Class):
                if not metaclass:
                    info.add_base(position, value.info)
            elif isinstance(value, Ext):
                if info.module.library and self.calls.library(value.dotted, arrived):
                    return
                if not metaclass:
                    info.add_base(position, self.catalog.canonical(value.dotted))
            elif isinstance(value, Box | ExtInst) or value is DATA:
                return
            self.colors.inherited(info)

        self.solver.watch(var, arrived)

    def _import(self, activation: Activation, position: int, op: Import) -> None:
        module = activation.module
        dst = activation.var(op.dst)
        name = self.absolute(module, op.module, op.level)
        if op.level and not name and not op.name:
            return
        if not op.name:
            self.solver.add(dst, self.module_or_external(name, module))
            return
        source = self.project_module(name, module) if name else None
        # A package that imports from itself gets its module of that name, which nothing has bound before.
        if source is not None and not (source is module and source.source.package):
            self.member(source, op.name, dst)
            return
        submodule = self.project_module(f"{name}.{op.name}".strip("."), module)
        if submodule is not None:
            self.solver.add(dst, self.module_value(submodule))
        elif source is not None:
            self.member(source, op.name, dst)
        elif name:
            self.solver.add(dst, self.ext(self.canonical(f"{name}.{op.name}")))

    def module_or_external(self, name: str, importer: ModuleInfo) -> Value:
        """The module as a value; a package without `__init__.py` stays a dotted name."""
        source = self.project_module(name, importer)
        return self.module_value(source) if source is not None else self.ext(name)

    def member(self, source: ModuleInfo, name: str, dst: Var) -> None:
        """`source.name`: a name in the module, or a module in the package."""
        own = source.defines(name) or name in source.stored
        if not own and source.source.package:
            submodule = self.project_module(f"{source.name}.{name}", source)
            if submodule is not None:
                self.solver.add(dst, self.module_value(submodule))
                return
        if own or source.facts.stars:
            self.name_in(source, name, dst)
            return
        self.solver.flow(source.var(name, self.solver), dst)
        getter = source.var("__getattr__", self.solver)
        if source.defines("__getattr__"):
            assert source.activation is not None
            self.calls.call_all(source.activation, 0, getter, Args(), dst)

    def canonical(self, dotted: str) -> str:
        """The name under which the catalog or a profile knows an external thing."""
        known = self._canonical.get(dotted)
        if known is None:
            owner = next((profile for profile in self.profiles if profile.owns(dotted)), None)
            known = (owner or self.catalog).canonical(dotted)
            self._canonical[dotted] = known
        return known

    def _return(self, activation: Activation, position: int, op: Return) -> None:
        self.solver.flow(activation.var(op.value), activation.returns)

    def _raise(self, activation: Activation, position: int, op: Raise) -> None:
        if op.value == NOTHING:
            return

        def raised(value: Value) -> None:
            if isinstance(value, Class):
                self.calls.call(activation, position, value, Args(), Var())

        self.solver.watch(activation.var(op.value), raised)

    def _format(self, activation: Activation, position: int, op: Format) -> None:
        self.solver.add(activation.var(op.dst), self.ext_inst("builtins.str"))
        for slot in op.parts:
            self.calls.stringify(
                activation, position, activation.var(slot), ("__format__", "__str__", "__repr__")
            )

    def _collect(self, activation: Activation, position: int, op: Collect) -> None:
        value = activation.var(op.value)
        box = self.containers.box(activation, (position,), op.kind)
        self.solver.flow(value, box.elements)
        if op.key != NOTHING:
            self.solver.flow(activation.var(op.key), box.dict_keys)
        self.solver.add(activation.var(op.dst), box)

    def _update(self, activation: Activation, position: int, op: Update) -> None:
        self.containers.replace(
            activation, position, activation.var(op.obj), activation.var(op.key), activation.var(op.value),
            activation.var(op.dst),
        )  # fmt: skip


def _defines(activation: Activation) -> bool:
    """Whether it is the body of a module or a class, which calls decorators."""
    return activation.facts.kind in ("module", "class")


def _is_layer(func: Func, caller: Activation, position: int) -> bool:
    """Whether the caller is another layer of the same operation: a wrapper's method, or `func` itself.

    The layers get what the outermost one got. To tell apart from which layer a call comes gives nothing new,
    and there are as many ways through them as there are orders in which they may be stacked.
    """
    name = func.facts.name
    if caller.facts.name != name or name in _CONSTRUCTORS:
        return False
    if caller.index == func.index and caller.module is func.module:
        return True
    ops = caller.body.ops
    ways_on = sum(isinstance(op, Attr) and op.name == name for op in ops)
    return ways_on == 1 or _hands_all_on(caller, ops[position])


def _hands_all_on(caller: Activation, op: Op) -> bool:
    """Whether a call has no other arguments than what its function was given."""
    if not isinstance(op, Call):
        return False
    slots = (*op.args, *(slot for _, slot in op.keywords), *op.stars, *op.double_stars)
    return max(slots, default=0) < len(caller.facts.params)
