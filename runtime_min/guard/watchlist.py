"""Which code belongs to workflows: their functions, and the helpers that these call or cause to be called.

A helper that is called by its name is seen at the call. What Python calls by itself (a property, `__add__`,
`__enter__`, a `key=` of `sorted`) is not; so the functions and classes that watched code mentions become
candidates: a candidate that starts while a workflow runs is watched from then on.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import sysconfig
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import (
    CodeType,
    FunctionType,
    GenericAlias,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any, Literal, NamedTuple, TypeGuard, TypeVar

from color_checker.catalog import Catalog

T = TypeVar("T")

Role = Literal["watched", "candidate"]

# What a workflow may use freely, and what the guard must not look into.
_OURS = ("runtime_min", "msgspec")
_STANDARD = frozenset(sys.stdlib_module_names)
_STANDARD_PATHS = ("<frozen ", sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_INSTALLED = re.compile(r".*[/\\](?:site|dist)-packages[/\\][^/\\]+")
_CACHED = type(functools.cache(len))
_NAME = re.compile(r"[^\W\d]\w*")


class _Candidate(NamedTuple):
    code: weakref.ref[CodeType]
    function: weakref.ref[FunctionType]


class Watchlist:
    """The code objects that are watched, and the candidates.

    `on_change` is told of every code object that gets another role. Code objects are known by their address,
    as their own comparison is by content and slow; one that dies is forgotten.
    """

    def __init__(self, catalog: Catalog, on_change: Callable[[CodeType, Role], None]) -> None:
        self.watched: dict[int, weakref.ref[CodeType]] = {}
        self.candidates: dict[int, _Candidate] = {}
        self._with_workflows: set[str] = set()  # packages that are installed, and the project all the same
        self._on_change = on_change
        self._catalog = catalog
        self._classes: dict[int, weakref.ref[type]] = {}
        self._modules: dict[str, bool] = {}

    def watch(self, function: object) -> None:
        """Watch a function, method or class, and make candidates of what it mentions; cheap when repeated."""
        for inner in _functions_of(function):
            code = inner.__code__
            if id(code) not in self.watched:
                for nested in _with_nested(code):
                    self._add(nested)
                for value in (*_mentioned(inner), _class_of(inner)):
                    self.consider(value)
        if is_a(function, MethodType):
            self.consider(function.__self__)

    def watch_workflow(self, function: object) -> None:
        """Watch a function or method, and count its package as the project's, also where it is installed."""
        self._with_workflows.update(_package_of(inner.__code__) for inner in _functions_of(function))
        self.watch(function)

    def is_installed(self, code: CodeType) -> bool:
        """Whether the code is of a package that the project only uses."""
        package = _package_of(code)
        return bool(package) and package not in self._with_workflows

    def start(self, code: CodeType) -> None:
        """A candidate starts while a workflow runs: it is part of it."""
        candidate = self.candidates.get(id(code))
        function = candidate.function() if candidate is not None else None
        if function is not None:
            self.watch(function)
        else:  # that closure is gone, another one of the same code is running
            for nested in _with_nested(code):
                self._add(nested)

    def consider(self, value: object) -> None:
        """Make a candidate of a function, of the methods of a class, of the class of an object."""
        value = unwrapped(value)
        for function in _functions_of(value):
            if self.is_project_code(function):
                self._add_candidate(function)
            else:
                for inner in _wrapped_by(function):
                    self.consider(inner)
        if is_a(value, FunctionType) or is_a(value, ModuleType):
            return
        owner = value if is_a(value, type) else type(value)
        if self.is_watchable(owner.__module__) and id(owner) not in self._classes:
            self._classes[id(owner)] = weakref.ref(owner, _forgetter(self._classes, id(owner)))
            self._consider_class(owner)

    def is_project_code(self, function: FunctionType) -> bool:
        """Whether nobody but its own source says what `function` does, so that it has to be watched."""
        name = function.__globals__.get("__name__")
        if not isinstance(name, str):
            return True
        if name.partition(".")[0] in _STANDARD:  # a project may have a module of such a name
            return not function.__code__.co_filename.startswith((*_STANDARD_PATHS, "<string>"))
        return self.is_watchable(name)

    def is_watchable(self, module: object) -> bool:
        """Whether a module is neither ours, nor of the standard library, nor described by the catalog."""
        if not isinstance(module, str):
            return False
        try:
            return self._modules[module]
        except KeyError:
            top = module.partition(".")[0]
            known = top in _OURS or top in _STANDARD or self._catalog.covers(module)
            self._modules[module] = not known
            return not known

    def codes(self) -> Iterator[CodeType]:
        """All code objects that have a role and are alive."""
        for reference in list(self.watched.values()):
            if (code := reference()) is not None:
                yield code
        for candidate in list(self.candidates.values()):
            if (code := candidate.code()) is not None:
                yield code

    def _add(self, code: CodeType) -> None:
        key = id(code)
        if key not in self.watched:
            self.candidates.pop(key, None)
            self.watched[key] = weakref.ref(code, _forgetter(self.watched, key))
            self._on_change(code, "watched")

    def _add_candidate(self, function: FunctionType) -> None:
        key = id(function.__code__)
        if key not in self.watched and key not in self.candidates:
            code = weakref.ref(function.__code__, _forgetter(self.candidates, key))
            self.candidates[key] = _Candidate(code, weakref.ref(function))
            self._on_change(function.__code__, "candidate")

    def _consider_class(self, owner: type) -> None:
        for base in owner.__mro__:
            if self.is_watchable(base.__module__):
                for member in list(vars(base).values()):
                    for function in _functions_of(member):
                        self.consider(function)
                module = sys.modules.get(base.__module__)
                for value in _annotated(base, vars(module) if is_a(module, ModuleType) else {}):
                    self.consider(value)


def _forgetter(table: dict[int, Any], key: int) -> Callable[[object], None]:
    return lambda _: table.pop(key, None)


def _package_of(code: CodeType) -> str:
    """The path of the installed package or module that the code belongs to; "" for the project's own."""
    found = _INSTALLED.match(code.co_filename)
    return found[0] if found is not None else ""


def is_ours(module: object) -> bool:
    """Whether a module is of the runtime itself."""
    return isinstance(module, str) and module.partition(".")[0] in _OURS


def is_a(value: object, kind: type[T]) -> TypeGuard[T]:
    """Like isinstance, but never asks the object: proxies load what they stand for when asked."""
    return issubclass(type(value), kind)


def unwrapped(value: object) -> object:
    """What is called in the end when a bound method, a `partial` or a cached function is called."""
    while True:
        if is_a(value, functools.partial):
            value = value.func
        elif is_a(value, _CACHED):
            value = value.__wrapped__
        elif is_a(value, MethodType):
            value = value.__func__
        elif is_a(value, GenericAlias) or type(value).__module__ == "typing":
            origin = getattr(value, "__origin__", None)
            if origin is None:
                return value
            value = origin
        else:
            return value


def _functions_of(value: object) -> Iterator[FunctionType]:
    """The Python functions in a function, method, property, `partial`, class method."""
    value = unwrapped(value)
    if is_a(value, FunctionType):
        yield value
    elif is_a(value, staticmethod) or is_a(value, classmethod):
        yield from _functions_of(value.__func__)
    elif is_a(value, property):
        for accessor in (value.fget, value.fset, value.fdel):
            yield from _functions_of(accessor)
    elif is_a(value, functools.cached_property):
        yield from _functions_of(value.func)
    elif is_a(value, functools.singledispatchmethod):
        for function in (value.func, *value.dispatcher.registry.values()):
            yield from _functions_of(function)


def _wrapped_by(function: FunctionType) -> Iterator[object]:
    """What a library's wrapper calls: the decorated function, what its closure holds."""
    yield from (value for value in _closure(function).values() if not is_a(value, type))
    registry = getattr(function, "registry", None)  # singledispatch
    if is_a(registry, MappingProxyType):
        yield from registry.values()


def _mentioned(function: FunctionType) -> Iterator[object]:
    """The values of the names that a function's code uses, and of those in its annotations."""
    scope = {**function.__globals__, **_closure(function)}
    names = {name for code in _with_nested(function.__code__) for name in (*code.co_names, *code.co_freevars)}
    for name in names & scope.keys():
        value = scope[name]
        yield value
        if is_a(value, ModuleType):
            yield from (inner for key in names if (inner := vars(value).get(key)) is not None)
    yield from function.__defaults__ or ()
    yield from _annotated(function, scope)


def _class_of(function: FunctionType) -> object:
    """The class in which a method was defined, if it can be found by name."""
    scope: Mapping[str, object] = function.__globals__
    owner: object = None
    for name in function.__qualname__.split(".")[:-1]:
        owner = scope.get(name)
        if not is_a(owner, type):
            return None
        scope = vars(owner)
    return owner


def _annotated(owner: type | FunctionType, scope: Mapping[str, object]) -> Iterator[object]:
    """The classes that annotations name; a rough look, for text too, that runs nothing."""
    pending = list(inspect.get_annotations(owner).values())
    while pending:
        annotation = pending.pop()
        if is_a(annotation, str):
            yield from (scope[name] for name in _NAME.findall(annotation) if name in scope)
        else:
            yield annotation
            if type(annotation).__module__ in ("types", "typing"):  # list[Order], Order | None
                pending.extend(getattr(annotation, "__args__", ()))


def _closure(function: FunctionType) -> dict[str, object]:
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            values[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return values


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _with_nested(constant)
