"""Which functions are workflows and steps, and what the calls into an engine mean."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from color_checker.arguments import Args, constant_string
from color_checker.callables import functions_in, instance_calls
from color_checker.engines import ColorSource, Operation, Profile
from color_checker.facts import KWARG, VARARG, ImportFact
from color_checker.findings import Color
from color_checker.solver import Var
from color_checker.typed import says_nothing
from color_checker.values import (
    DATA,
    Bound,
    Box,
    Class,
    Const,
    Coro,
    Descriptor,
    Func,
    Inst,
    Marker,
    Partial,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo, Mro
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: So many arguments are expected of an engine that calls a function which takes any number of them.
_MOST_ARGUMENTS = 8

#: The engine of functions that a comment has colored.
DECLARED = ""


class Coloring(msgspec.Struct, frozen=True):
    """The color of one function.

    Attributes:
        engine: the engine's name, or DECLARED.
        name: under which it is registered.
        entry: the engine calls it; false for the function inside a decorator's wrapper.
        source: what gave the color; None for a comment.
        by: dotted name of the decorator, registration or base class that gave it.
    """

    color: Color
    engine: str
    name: str
    entry: bool = True
    source: ColorSource | None = None
    by: str = ""


class _LookedAt:
    """What was known when the methods of a workflow class were looked at: bases, colors and methods."""

    __slots__ = ("colored", "members", "mro")

    def __init__(self, mro: Mro, colored: int) -> None:
        self.mro = mro
        self.colored = colored
        self.members: list[tuple[Var, int]] = []

    def is_up_to_date(self, mro: Mro, colored: int) -> bool:
        """Whether nothing has come since, so that looking again would give nothing new."""
        return (
            self.mro is mro
            and self.colored == colored
            and all(len(var.values) == count for var, count in self.members)
        )


class Colors:
    """The colors of functions, for the linker."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self.functions: dict[Func, Coloring] = {}
        #: Functions that some call runs as a step although nothing declares them one.
        self.run_as_step: dict[Func, str] = {}
        self._looked_at: dict[ClassInfo, _LookedAt] = {}
        self._beside: set[tuple[ClassInfo, ColorSource]] = set()
        self.workflow_classes: dict[ClassInfo, tuple[Profile, ColorSource]] = {}
        #: Names under which steps and workflows are registered: engine → name → functions.
        self.registered: dict[str, dict[str, dict[Func, None]]] = {}
        self._bodies: dict[Activation, ClassInfo] = {}
        self._entries: dict[str, tuple[Profile, ColorSource]] = {}
        self._owning: dict[str, list[Profile]] = {}
        #: Of so many functions those that are entry points have been made roots.
        self._rooted = 0
        self._roots: dict[tuple[Func, Value | None], Activation] = {}
        #: The class of the object on which something outside of the program calls a function.
        self._called_on: dict[Func, ClassInfo] = {}
        self._profiles = {profile.name: profile for profile in linker.profiles}
        for profile in linker.profiles:
            for source in profile.colors:
                for entry in source.entries:
                    self._entries[entry] = (profile, source)

    # -- questions ------------------------------------------------------------------------------

    def of(self, activation: Activation) -> Coloring | None:
        """The color of the function that is activated."""
        func = activation.func
        return self.functions.get(func) if func is not None else None

    def function_of(self, activation: Activation) -> Func | None:
        """The function value of an activation, if it has a color or is run as a step."""
        func = activation.func
        return func if func in self.functions or func in self.run_as_step else None

    def is_replayed(self, activation: Activation) -> bool:
        """Whether the engine replays it, or it is declared to be deterministic."""
        coloring = self.of(activation)
        return coloring is not None and coloring.color in (Color.WORKFLOW, Color.PURE)

    def is_border(self, activation: Activation) -> bool:
        """Whether a call to it leaves the caller's color."""
        coloring = self.of(activation)
        return coloring is not None and coloring.entry and coloring.color is not Color.PURE

    def counts(self, activation: Activation) -> bool:
        """Whether it is a workflow or step of its own, not the function inside a wrapper that is one."""
        coloring = self.of(activation)
        if coloring is not None:
            return coloring.entry
        return self.function_of(activation) in self.run_as_step

    def class_wrapped_for(self, activation: Activation) -> ClassInfo | None:
        """The class of which the activated function is a method, if a decorator has made it elsewhere."""
        return self._called_on.get(activation.func) if activation.func is not None else None

    def class_of_body(self, body: Activation) -> ClassInfo | None:
        """The class whose body is activated."""
        known = self._bodies.get(body)
        if known is None and body.facts.kind == "class":
            for info in self.linker.classes.values():
                self._bodies[info.activation] = info
            known = self._bodies.get(body)
        return known

    # -- giving colors --------------------------------------------------------------------------

    def color(self, func: Func, coloring: Coloring) -> None:
        """`func` has a color; the first one counts."""
        if func in self.functions:
            return
        self.functions[func] = coloring
        if coloring.entry and coloring.color in (Color.WORKFLOW, Color.STEP):
            names = self.registered.setdefault(coloring.engine, {})
            names.setdefault(coloring.name or func.facts.name, {})[func] = None
        if func.env.facts.kind in ("function", "lambda"):
            self._color_wrapped(func, coloring)

    def _color_wrapped(self, func: Func, coloring: Coloring) -> None:
        """A decorator's wrapper has been colored: the function inside it is the user's own."""
        inner = msgspec.structs.replace(coloring, entry=False)

        def arrived(value: Value) -> None:
            wrapped = value.func if isinstance(value, Bound) else value
            if isinstance(wrapped, Func) and wrapped is not func and wrapped.env is not func.env:
                self.color(wrapped, inner)

        for slot, _ in enumerate(func.env.facts.params):
            self.linker.solver.watch(func.env.var(slot), arrived)

    def declare(self, func: Func) -> None:
        """Take the color from a comment at the definition."""
        for line, color in func.module.facts.pragmas.colors:
            if func.facts.kind == "function" and func.facts.first_line <= line <= func.facts.line:
                self.color(func, Coloring(Color(color), DECLARED, func.facts.name))

    def declare_module(self, module: ModuleInfo) -> None:
        """Functions of a workflow module that nothing else colors are pure, under the engine it imports."""
        names = [name for fact in module.facts.imports for name in (fact.module, *_members(fact))]
        engine = next((p.name for p in self.linker.profiles if any(map(p.owns, names))), DECLARED)
        for func in self.linker.functions_of(module):
            colored = func in self.functions or func in self.run_as_step
            if func.facts.kind == "function" and func.env.facts.kind in ("module", "class") and not colored:
                self.color(func, Coloring(Color.PURE, engine, func.facts.name))

    def inherited(self, info: ClassInfo) -> None:
        """A base class of `info` has become known: some bases color methods."""
        for base in info.external_bases():
            for profile in self._owners(base):
                for source in profile.sources(base, "base-class"):
                    for name in source.entry_methods:
                        self._color_method(info, name, profile, source)

    def _color_method(self, info: ClassInfo, name: str, profile: Profile, source: ColorSource) -> None:
        def arrived(value: Value) -> None:
            if isinstance(value, Func):
                self.color(value, Coloring(source.color, profile.name, name, source=source, by=source.name))

        if info.own(name):
            self.linker.solver.watch(self.linker.attributes.member(info, name), arrived)

    def _owners(self, dotted: str) -> list[Profile]:
        known = self._owning.get(dotted)
        if known is None:
            known = [profile for profile in self.linker.profiles if profile.owns(dotted)]
            self._owning[dotted] = known
        return known

    # -- roots ----------------------------------------------------------------------------------

    def add_roots(self) -> bool:
        """Activate what engines call by themselves. Whether there was anything new."""
        before = len(self.linker.roots), len(self.functions)
        for info, (profile, source) in list(self.workflow_classes.items()):
            self._add_class(info, profile, source)
        fresh = list(islice(self.functions.items(), self._rooted, None))
        self._rooted += len(fresh)
        for func, coloring in fresh:
            if coloring.entry:
                self._add_function(func, coloring)
        return before != (len(self.linker.roots), len(self.functions))

    def _add_class(self, info: ClassInfo, profile: Profile, source: ColorSource) -> None:
        """The entry points of a workflow class, inherited ones too."""
        linker = self.linker
        looked_at = self._looked_at.get(info)
        if looked_at is not None and looked_at.is_up_to_date(info.mro(), len(self.functions)):
            return
        self._looked_at[info] = looked_at = _LookedAt(info.mro(), len(self.functions))
        for entry in info.mro():
            if isinstance(entry, str):
                continue
            for name in entry.facts.methods:
                member = linker.attributes.member(entry, name)
                looked_at.members.append((member, len(member.values)))
                for value in list(member.values):
                    if not isinstance(value, Func):
                        continue
                    if name in source.entry_methods and value not in self.functions:
                        given = Coloring(source.color, profile.name, name, source=source, by=source.name)
                        self.color(value, given)
                    coloring = self.functions.get(value)
                    if coloring is not None and coloring.entry:
                        self.root(value, linker.instance(info), coloring)

    def _add_function(self, func: Func, coloring: Coloring) -> None:
        owner = self.class_of_body(func.env)
        if owner is not None:
            self._color_methods_beside(owner, coloring)
        if owner is None or "staticmethod" in func.facts.decorators:
            self.root(func, None, coloring)
        elif owner not in self.workflow_classes:
            self.root(func, self.linker.instance(owner, is_open=owner.is_abstract()), coloring)

    def _color_methods_beside(self, owner: ClassInfo, coloring: Coloring) -> None:
        """A class whose method a decorator colors has entry points without one: its `__init__`."""
        source = coloring.source
        if source is None or source.by != "decorator" or (owner, source) in self._beside:
            return
        self._beside.add((owner, source))
        for profile in self.linker.profiles:
            if profile.name == coloring.engine:
                for name in source.entry_methods:
                    self._color_method(owner, name, profile, source)

    def root(self, func: Func, receiver: Value | None, coloring: Coloring | None) -> Activation:
        """The activation by which something outside the program calls `func`."""
        linker = self.linker
        known = self._roots.get((func, receiver))
        if known is not None:
            return known
        activation = self._roots[func, receiver] = linker.activation(func, receiver, None, 0)
        if isinstance(receiver, Inst):
            self._called_on.setdefault(func, receiver.info)
        if activation in linker.roots and receiver is None:
            return activation
        linker.roots[activation] = None
        if coloring is not None and coloring.color in (Color.WORKFLOW, Color.PURE):
            linker.deepen(activation)
        types = coloring.source.parameters if coloring is not None and coloring.source is not None else ()
        given: list[Value | None] = [linker.ext_inst(name) if name else None for name in types]
        if receiver is not None:
            given.insert(0, receiver)
        for slot, param in enumerate(activation.facts.params):
            plain = coloring is not None and (param.annotation is None or says_nothing(param.annotation))
            if param.kind == VARARG:
                self._fill_rest(activation, given[slot:], plain=plain)
                continue
            value = given[slot] if slot < len(given) and param.kind != KWARG else None
            if value is not None:
                linker.solver.add(activation.var(slot), value)
            elif plain:
                linker.solver.add(activation.var(slot), DATA)
            elif coloring is not None and coloring.color is Color.WORKFLOW:
                linker.types.fill_with_data(activation.var(slot), activation)
        return activation

    def _fill_rest(self, activation: Activation, given: list[Value | None], *, plain: bool) -> None:
        """What the engine passes to a wrapper's `*args`: the object whose method it wraps, its data."""
        rest = self.linker.containers.box(activation, ("args",), "tuple")
        for position in range(max(len(given), _MOST_ARGUMENTS if plain else 0)):
            value = given[position] if position < len(given) else None
            if value is not None or plain:
                self.linker.solver.add(self.linker.containers.slot(rest, position), value or DATA)

    # -- decorators -----------------------------------------------------------------------------

    def mark(self, marker: Marker, args: Args, dst: Var) -> None:
        """A coloring decorator that has its options is applied."""
        profile = self._profiles[marker.engine]
        self._decorate(profile, marker.dotted, marker.name, args, dst, marker.injected)

    def suffix(self, func: Func, name: str) -> Marker | None:
        """`@my_update.validator`: an attribute of a colored method that colors another."""
        coloring = self.functions.get(func)
        if coloring is None or coloring.source is None or name not in coloring.source.entry_suffixes:
            return None
        return self.linker.marker(coloring.engine, coloring.source.entries[0], f"{coloring.name}.{name}")

    def helper(self, func: Func, name: str, dst: Var, bound: Bound | None = None) -> None:
        """Other attributes of functions that library decorators add; `bound` for a method of an object."""
        linker = self.linker
        coloring = self.functions.get(func)
        if name in ("register", "dispatch"):
            linker.solver.add(dst, linker.ext_bound("functools.singledispatch.register", func))
        elif coloring is not None:
            variants = coloring.source.variants if coloring.source is not None else ()
            dotted = next((one for one in variants if one.endswith(f".{name}")), None)
            linker.solver.add(dst, DATA if dotted is None else linker.ext_bound(dotted, bound or func))

    def _decorate(
        self,
        profile: Profile,
        dotted: str,
        name: str,
        args: Args,
        dst: Var,
        injected: tuple[str, str] = ("", ""),
    ) -> None:
        """Color what arrives as first argument, and hand it back as Python would."""
        solver = self.linker.solver
        given = name or self._given_name(profile, dotted, args)
        marker = self.linker.marker(profile.name, dotted, given, injected)
        if not args.positional:
            solver.add(dst, marker)
            return

        def arrived(value: Value) -> None:
            if isinstance(value, Func | Bound | Class | Descriptor | Partial):
                solver.add(dst, value)
                self._color_value(profile, dotted, given, value)
                self._inject(value, injected)
            else:
                solver.add(dst, marker)

        solver.watch(args.positional[0], arrived)

    def _given_name(self, profile: Profile, dotted: str, args: Args) -> str:
        for by in ("decorator", "class-decorator"):
            for source in profile.sources(dotted, by):
                for var in args.pick(source.name_argument):
                    return constant_string(var)
        return constant_string(args.keywords.get("name"))

    def _color_value(self, profile: Profile, dotted: str, name: str, value: Value) -> None:
        if isinstance(value, Class):
            for source in profile.sources(dotted, "class-decorator"):
                self.workflow_classes.setdefault(value.info, (profile, source))
            for source in profile.sources(dotted, "decorator"):
                if not profile.sources(dotted, "class-decorator"):
                    self._color_method(value.info, "__call__", profile, source)
            return
        sources = profile.sources(dotted, "decorator")
        if not sources and dotted in self._entries:
            sources = (self._entries[dotted][1],)
        for source in sources[:1]:
            for func in self._functions_in(value):
                given = name or func.facts.name
                by = profile.canonical(dotted)
                self.color(func, Coloring(source.color, profile.name, given, source=source, by=by))

    def _functions_in(self, value: Value) -> list[Func]:
        """The functions that get the color when `value` is given one: of a class, what its instances run."""
        if isinstance(value, Class):
            return list(instance_calls(self.linker, value.info))
        return list(functions_in(self.linker, value))

    # -- calls into an engine ---------------------------------------------------------------------

    def engine_call(
        self, activation: Activation, position: int, dotted: str, receiver: Value | None, args: Args, dst: Var
    ) -> bool:
        """Whether an engine owns the name; if so, what the call means has been noted."""
        owners = self._owners(dotted)
        for profile in owners:
            self._call_of(profile, activation, position, profile.canonical(dotted), receiver, args, dst)
        return bool(owners)

    def _call_of(
        self, profile: Profile, activation: Activation, position: int, dotted: str,
        receiver: Value | None, args: Args, dst: Var,
    ) -> None:  # fmt: skip
        injected = self._injection(profile, dotted, args)
        if injected[0] or self._is_decorator(profile, dotted):
            self._decorate(profile, dotted, "", args, dst, injected)
            return
        for source in profile.sources(dotted, "registration"):
            self._register(profile, source, args)
        running = profile.sources(dotted, "argument")
        for source in running:
            self._run_argument(profile, source, activation, position, dotted, args, dst)
        operation = profile.operation(dotted)
        if operation is not None and not (running and operation.returns == "target"):
            types = running[0].parameters if running else ()
            self._operate(profile, operation, activation, position, dotted, args, dst, types)
        if operation is None:
            self._other_call(profile, dotted, receiver, args, dst)

    def _is_decorator(self, profile: Profile, dotted: str) -> bool:
        return (
            dotted in self._entries
            or bool(profile.sources(dotted, "decorator"))
            or bool(profile.sources(dotted, "class-decorator"))
        )

    def _other_call(
        self, profile: Profile, dotted: str, receiver: Value | None, args: Args, dst: Var
    ) -> None:
        linker = self.linker
        if isinstance(receiver, Func | Bound):
            # A variant: the colored function with other settings.
            linker.solver.add(dst, receiver)
            return
        returned = profile.returned(dotted)
        if returned:
            # Whether it is a coroutine does not matter: awaiting an instance gives the same.
            linker.solver.add(dst, linker.ext_inst(returned))
            return
        last = dotted.rpartition(".")[2]
        if last[:1].isupper():
            linker.solver.add(dst, linker.ext_inst(dotted))
        else:
            linker.solver.add(dst, DATA)
            # It may also have been a decorator with options that says nothing about colors.
            linker.solver.add(dst, linker.marker(profile.name, dotted, ""))
        linker.calls.pass_through(args, dst)

    def _injection(self, profile: Profile, dotted: str, args: Args) -> tuple[str, str]:
        """Parameter and type that a decorator fills in by name (Azure's `context_name=`)."""
        for name in profile.inherited(dotted):
            if name in profile.injections:
                injection = profile.injections[name]
                given = next((constant_string(var) for var in args.pick(injection.argument)), "")
                return given, injection.type
        return "", ""

    def _inject(self, value: Value, injected: tuple[str, str]) -> None:
        parameter, dotted = injected
        for func in self._functions_in(value) if parameter else ():
            target = self.root(func, None, self.functions.get(func))
            for slot, param in enumerate(func.facts.params):
                if param.name == parameter:
                    self.linker.solver.add(target.var(slot), self.linker.ext_inst(dotted))

    def _register(self, profile: Profile, source: ColorSource, args: Args) -> None:
        name = next((constant_string(var) for var in args.pick(source.name_argument)), "")

        def arrived(value: Value) -> None:
            if isinstance(value, Box):
                for var in (value.elements, *value.keyed.values()):
                    self.linker.solver.watch(var, arrived)
            for func in self._functions_in(value):
                given = name or func.facts.name
                self.color(func, Coloring(source.color, profile.name, given, source=source, by=source.name))

        for var in args.pick(source.argument):
            self.linker.solver.watch(var, arrived)

    def _run_argument(
        self, profile: Profile, source: ColorSource, activation: Activation, position: int, dotted: str,
        args: Args, dst: Var,
    ) -> None:  # fmt: skip
        """The call runs its argument on the spot, as a step or as a part of the workflow."""
        linker = self.linker
        result = Var()
        self._deliver(profile.operation(dotted), result, dst)
        given = Args(tuple(self._typed(name) for name in source.parameters))

        def arrived(value: Value) -> None:
            if isinstance(value, Box):
                for var in (value.elements, *value.keyed.values()):
                    linker.solver.watch(var, arrived)
            elif source.color is Color.WORKFLOW:
                raw = Var()
                linker.calls.call(activation, position, value, given, raw)
                linker.solver.watch(raw, lambda item: self._settle(activation, position, item, result))
            else:
                self._run_step(profile, source, activation, position, dotted, value, result)

        for var in args.pick(source.argument):
            linker.solver.watch(var, arrived)

    def _typed(self, dotted: str) -> Var:
        var = Var()
        self.linker.solver.add(var, self.linker.ext_inst(dotted) if dotted else DATA)
        return var

    def _settle(self, activation: Activation, position: int, value: Value, result: Var) -> None:
        """A branch of the workflow may be a coroutine function or not: its result is awaited for it."""
        if isinstance(value, Coro):
            self.linker.solver.flow(value.result, result)
        else:
            self.linker.solver.add(result, value)

    def _run_step(
        self, profile: Profile, source: ColorSource, activation: Activation, position: int, dotted: str,
        value: Value, result: Var,
    ) -> None:  # fmt: skip
        linker = self.linker
        record = linker.operation(activation, position, profile.name, dotted)
        receiver = value.receiver if isinstance(value, Bound) else None
        for func in self._functions_in(value):
            self.run_as_step.setdefault(func, profile.name)
            target = linker.activation(func, receiver, None, 0)
            record.targets[target] = None
            if receiver is not None and target.facts.params:
                linker.solver.add(target.var(0), receiver)
            self._hand_over(source.parameters, target, receiver)
            linker.solver.flow(target.returns, result)
            linker.solver.add(result, DATA)

    def _hand_over(self, types: tuple[str, ...], target: Activation, receiver: Value | None) -> None:
        """The engine gives the leading parameters after self objects of these classes."""
        first = 0 if receiver is None else 1
        for slot, dotted in enumerate(types, first):
            if slot < len(target.facts.params):
                self.linker.solver.add(target.var(slot), self.linker.ext_inst(dotted) if dotted else DATA)

    def _operate(
        self, profile: Profile, operation: Operation, activation: Activation, position: int, dotted: str,
        args: Args, dst: Var, types: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        linker = self.linker
        record = linker.operation(activation, position, profile.name, dotted)
        result = Var()
        hands_out = operation.returns in ("target", "handle")

        def arrived(value: Value) -> None:
            if isinstance(value, Const) and isinstance(value.value, str):
                record.names[value.value] = None
                linker.solver.add(result, DATA)
            elif isinstance(value, Coro) and hands_out:
                # `start_child(flow(x))`: the call has been written out.
                linker.solver.flow(value.result, result)
            for func in self._functions_in(value):
                receiver = value.receiver if isinstance(value, Bound) else self._self_of(func)
                target = linker.activation(func, receiver, None, 0)
                record.targets[target] = None
                self._hand_over(types, target, receiver)
                if hands_out:
                    linker.solver.flow(target.returns, result)

        for var in args.pick(operation.target):
            linker.solver.watch(var, arrived)
        self._deliver(operation, result, dst)

    def _self_of(self, func: Func) -> Value | None:
        owner = self.class_of_body(func.env)
        bound = owner is not None and "staticmethod" not in func.facts.decorators
        return self.linker.instance(owner) if owner is not None and bound else None

    def _deliver(self, operation: Operation | None, result: Var, dst: Var) -> None:
        """What an operation's call gives: something to await, or the result itself."""
        solver = self.linker.solver
        if operation is None:
            solver.flow(result, dst)
            solver.add(dst, Coro(result))
            return
        if "." in operation.returns:
            solver.add(result, self.linker.ext_inst(operation.returns))
        elif operation.returns not in ("target", "handle") or not operation.target:
            solver.add(result, DATA)
        else:
            self.linker.if_empty(result, lambda: self._data(result))
        if operation.awaitable:
            solver.add(dst, Coro(result))
            if "." in operation.returns:
                solver.flow(result, dst)
        else:
            solver.flow(result, dst)

    def _data(self, result: Var) -> bool:
        self.linker.solver.add(result, DATA)
        return True

    def binds(self, func: Func) -> Coloring | None:
        """The color of a function that only binds its arguments when it is called (AWS)."""
        coloring = self.functions.get(func)
        if coloring is not None and coloring.source is not None and coloring.source.binds:
            return coloring
        return None


def _members(fact: ImportFact) -> list[str]:
    return [f"{fact.module}.{name}" for name in fact.names]
