"""What calling something means: from a callable to its names in the catalog, and to what is known of them."""

from __future__ import annotations

import datetime
import random
import sys
from collections.abc import Iterator
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from color_checker.catalog import Catalog, Entry
from runtime_min.guard.watchlist import Watchlist, is_a, is_ours, unwrapped

MISSING: Any = object()  # no first argument

# The event loop is deterministic. Frames and weak references are what debuggers and libraries look at.
_PASSED_EFFECTS = frozenset({"scheduling", "interpreter"})
# Imports at run time are common and mostly harmless; so are addresses (`memo[id(self)]`) and warnings, which
# are shown once. `loop.time()` is the workflow's time.
_PASSED_NAMES = frozenset(
    {
        "asyncio.AbstractEventLoop.time",
        "builtins.__import__",
        "builtins.id",
        "builtins.object.__hash__",
        "builtins.object.__repr__",
    }
)
_PASSED_MODULES = ("importlib.", "warnings.")
# Installed packages are not the project's to change. What they log or configure themselves by, the code that
# they generate, their locks, hashes and sets rarely make a difference to the result.
_PASSED_INSTALLED = frozenset({"console", "dynamic-code", "environment", "unordered"})
_PASSED_INSTALLED_NAMES = (
    "_thread.",
    "builtins.hash",
    "threading.Condition",
    "threading.Event",
    "threading.Lock",
    "threading.RLock",
    "threading.current_thread",
    "threading.get_ident",
    "threading.local",
    "threading.main_thread",
)
_RENAMED = {"os._Environ": "os.environ"}
# `random.random` and its kin are methods of a hidden instance.
_HIDDEN_RANDOM: Any = getattr(random, "_inst", None)
_RANDOM_CLASSES = (random.Random, *random.Random.__mro__[1:2])
_RANDOMLY_HASHED = (str, bytes, object, datetime.date, datetime.datetime, datetime.time)
_DESCRIPTORS = (MethodDescriptorType, WrapperDescriptorType, ClassMethodDescriptorType)
_LIMIT = 10_000


class Judge:
    """Finds what a call means, and remembers the callables that never mean anything.

    Attributes:
        harmless: callables whose calls need no look, by address; the values keep them alive, so that no other
            object gets their address. Emptied when it grows too large.
        harmless_globals: the same for what is called by a global name: functions of modules, and classes.
        harmless_kinds: the same for classes whose instances may all be called, such as `Step`.
    """

    def __init__(self, catalog: Catalog, watchlist: Watchlist) -> None:
        self.harmless: dict[int, object] = {}
        self.harmless_globals: dict[int, object] = {}
        self.harmless_kinds: dict[int, type] = {}
        self._harmless_methods: dict[tuple[int, int | str], object] = {}
        self._catalog = catalog
        self._watchlist = watchlist

    def entry(self, callee: object, first: object) -> Entry | None:
        """The catalog's entry if calling `callee` has an effect; a helper is watched from now on.

        `first` is the first argument, of a method the object, or MISSING.
        """
        kind = type(callee)
        if is_a(callee, FunctionType):
            return self._function(callee, first)
        if is_a(callee, MethodType):
            return self._method(callee)
        if is_a(callee, type):
            return self._class(callee, first)
        if kind is BuiltinFunctionType or kind is MethodWrapperType:
            return self._builtin(callee, first)
        if any(kind is descriptor for descriptor in _DESCRIPTORS):  # a metaclass may define ==
            return self._descriptor(callee, first)
        inner = unwrapped(callee)
        if inner is not callee:
            return self.entry(inner, MISSING)
        return self._instance(callee, kind)

    def remembers(self, callee: object, first: object) -> bool:
        """Whether a callable that is made anew by each run or access is known to be harmless."""
        if type(callee) is FunctionType:
            code = id(callee.__code__)
            if code in self.harmless:
                return True
            return first is not _HIDDEN_RANDOM and (id(type(first)), code) in self._harmless_methods
        if type(callee) is MethodType:
            return self.remembers(callee.__func__, callee.__self__)
        if type(callee) is BuiltinFunctionType:
            owner = callee.__self__
            holder = owner if type(owner) is type else type(owner)
            return owner is not _HIDDEN_RANDOM and (id(holder), callee.__name__) in self._harmless_methods
        return False

    def passes(self, code: CodeType) -> None:
        """Functions of this code are harmless, whoever calls them."""
        self._keep(code, self.harmless)

    def effect_of(self, names: Iterator[str]) -> Entry | None:
        """The entry of the first name that the catalog knows, if it has an effect that matters here."""
        for name in names:
            entry = self._catalog.lookup(name)
            if entry is not None:
                return entry if _matters(entry) else None
        return None

    def _function(self, function: FunctionType, first: object) -> Entry | None:
        code = function.__code__
        if self._watchlist.is_project_code(function):
            self._watchlist.watch(function)
            if first is not MISSING and "." in code.co_qualname:
                self._watchlist.consider(type(first))
            self._remember(function, code)
            return None
        module = function.__globals__.get("__name__")
        if is_ours(module):
            self._remember(function, code)
            return None
        self._watchlist.consider(function)
        is_method = "." in code.co_qualname and "<locals>" not in code.co_qualname
        if not is_method or first is MISSING:
            entry = self.effect_of(_names_of_function(function))
            if entry is None and not is_method:
                self._remember(function, code)
            return entry
        entry = self.effect_of(self._names_of_method(function.__name__, first, function))
        if entry is None and first is not _HIDDEN_RANDOM:
            self._remember_method(type(first), id(code), code)
        return entry

    def _method(self, method: MethodType) -> Entry | None:
        function = method.__func__
        if is_a(function, FunctionType):
            return self._function(function, method.__self__)
        return self.entry(function, method.__self__)

    def _class(self, owner: type, first: object) -> Entry | None:
        if not self._watchlist.is_watchable(owner.__module__):
            entry = self.effect_of(_names_of_class(owner))
            if entry is None and (owner is map or owner is filter) and callable(first):
                return self.entry(first, MISSING)
        else:
            self._watchlist.consider(owner)
            bases = (base for base in owner.__mro__ if not self._watchlist.is_watchable(base.__module__))
            entry = next(filter(None, (self.effect_of(_names_of_class(base)) for base in bases)), None)
        if entry is None and owner is not map and owner is not filter:
            self._keep(owner, self.harmless_globals)
        return entry

    def _builtin(self, function: Any, first: object) -> Entry | None:
        owner = function.__self__
        if owner is None or is_a(owner, ModuleType):
            module = owner.__name__ if owner is not None else function.__module__
            entry = self.effect_of(iter((f"{module}.{function.__qualname__}",)))
            if entry is None and not self._may_call(module, function, first):
                self._keep(function, self.harmless_globals)
            return entry
        # Each access makes another object of these, so the class and the name are remembered.
        holder = owner if is_a(owner, type) else type(owner)
        entry = self.effect_of(self._names_of_method(function.__name__, owner, None))
        if entry is None and owner is not _HIDDEN_RANDOM:
            self._remember_method(holder, function.__name__, holder)
        return entry

    def _may_call(self, module: str, function: Any, first: object) -> bool:
        """Whether a builtin calls its first argument; if so, that is considered."""
        entry = self._catalog.lookup(f"{module}.{function.__qualname__}")
        if entry is None or 0 not in entry.calls:
            return False
        self._watchlist.consider(first)
        return True

    def _descriptor(self, descriptor: Any, first: object) -> Entry | None:
        owner: type = descriptor.__objclass__
        if first is _HIDDEN_RANDOM and owner in _RANDOM_CLASSES:
            return self.effect_of(iter((f"random.{descriptor.__name__}",)))
        receiver = owner if first is MISSING else first
        entry = self.effect_of(self._names_of_method(descriptor.__name__, receiver, None))
        if entry is None and owner not in _RANDOM_CLASSES:
            self._keep(descriptor, self.harmless)
        return entry

    def _instance(self, callee: object, kind: type) -> Entry | None:
        if is_ours(kind.__module__):
            self.harmless_kinds[id(kind)] = kind
            return None
        call = getattr(kind, "__call__", None)  # noqa: B004 - the method is wanted
        return self._function(call, callee) if is_a(call, FunctionType) else None

    def _names_of_method(self, name: str, receiver: object, function: FunctionType | None) -> Iterator[str]:
        """By the class of the object: an inherited method may mean something else there."""
        owner = receiver if is_a(receiver, type) else type(receiver)
        if is_ours(owner.__module__):
            return
        if receiver is _HIDDEN_RANDOM:
            yield f"random.{name}"
        if any(receiver is stream for stream in (sys.stdin, sys.stdout, sys.stderr)):
            yield f"sys.stdout.{name}"
        for base in owner.__mro__:
            for known in _names_of_class(base):
                if name in ("__init__", "__new__"):  # of a class: what making an object does
                    yield known
                elif name in vars(base) or self._is_listed(known):
                    yield f"{known}.{name}"
        if function is not None:
            yield from _names_of_function(function)

    def _is_listed(self, name: str) -> bool:
        entry = self._catalog.lookup(name)
        return entry is not None and entry.kind in ("class", "value")

    def _remember(self, function: FunctionType, code: Any) -> None:
        # A closure is made anew by each run: its code is remembered, but not the function.
        self._keep(code, self.harmless)
        if function.__closure__ is None and "<locals>" not in code.co_qualname:
            is_method = "." in code.co_qualname
            self._keep(function, self.harmless if is_method else self.harmless_globals)

    def _remember_method(self, owner: type, method: int | str, alive: object) -> None:
        if len(self._harmless_methods) >= _LIMIT:
            self._harmless_methods.clear()
        self._harmless_methods[id(owner), method] = (owner, alive)

    def _keep(self, callee: object, table: dict[int, object]) -> None:
        if len(table) >= _LIMIT:
            table.clear()
        table[id(callee)] = callee


def matters_in_installed(entry: Entry) -> bool:
    """Whether the effect is worth an error where a package that the project only uses has it."""
    return entry.effect not in _PASSED_INSTALLED and not entry.name.startswith(_PASSED_INSTALLED_NAMES)


def is_random_per_process(value: object) -> bool:
    """Whether `hash(value)` differs from process to process: of text, bytes, dates, and by address."""
    if is_a(value, tuple) or is_a(value, frozenset):
        return any(is_random_per_process(element) for element in value)
    return any(type(value).__hash__ is owner.__hash__ for owner in _RANDOMLY_HASHED)


def _matters(entry: Entry) -> bool:
    return (
        entry.effect is not None
        and entry.effect not in _PASSED_EFFECTS
        and entry.name not in _PASSED_NAMES
        and not entry.name.startswith(_PASSED_MODULES)
    )


def _names_of_function(function: FunctionType) -> Iterator[str]:
    """By what it says of itself, if that is of the same package (numpy, httpx), else by its definition.

    A decorated function says what it wraps.
    """
    code, module = function.__code__, function.__globals__.get("__name__")
    announced: str = function.__module__ or ""
    if not isinstance(module, str) or "<locals>" in code.co_qualname:
        return
    if announced.partition(".")[0] == module.partition(".")[0]:
        yield f"{announced}.{function.__qualname__}"
    yield f"{module}.{code.co_qualname}"


def _names_of_class(owner: type) -> Iterator[str]:
    name = f"{owner.__module__}.{owner.__qualname__}"
    if "<locals>" not in name:
        yield _RENAMED.get(name, name)
