"""The parameters of a function: checks a call against them, and stores its arguments."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import sys
import threading
import types
import typing
import weakref
from collections.abc import Callable
from inspect import Parameter
from typing import Any

from runtime_min.codec import Codec
from runtime_min.codec.annotations import Arguments, evaluate
from runtime_min.errors import NotReadable


class Parameters:
    """What a function takes and gives.

    Arguments are stored as they are passed: by position as a JSON array, such as `["order-17", 499]`; if any
    are passed by name, as `{"args": ["order-17"], "kwargs": {"amount": 499}}`. Defaults are not stored, so
    that a default can be changed without breaking the digests of recorded calls; the function then sees the
    new one.
    """

    def __init__(self, fn: Callable[..., Any], skip_first: bool = False) -> None:
        self._name: str = getattr(fn, "__name__", type(fn).__name__)
        parameters = list(inspect.signature(fn).parameters.values())[1 if skip_first else 0 :]
        self._signature = inspect.Signature(parameters)
        self._resolve: Callable[[], dict[str, object]] | None = functools.partial(_hints, fn)
        self._is_async = inspect.iscoroutinefunction(fn)
        needed = [one for one in parameters if one.default is Parameter.empty and one.kind not in _VARIADIC]
        self._after = _after(parameters)
        self._needs_names = any(one.kind is Parameter.KEYWORD_ONLY for one in needed)
        self._least = sum(one.kind is not Parameter.KEYWORD_ONLY for one in needed)
        by_position = sum(one.kind in _POSITIONAL for one in parameters)
        self._most = (
            sys.maxsize if any(one.kind is Parameter.VAR_POSITIONAL for one in parameters) else by_position
        )

    @classmethod
    def of(cls, fn: Callable[..., Any], skip_first: bool = False) -> Parameters:
        """The parameters of a function; without the first one, if it is a method and that is `self`."""
        known = _known.setdefault(fn, {})
        if skip_first not in known:
            known[skip_first] = cls(fn, skip_first)
        return known[skip_first]

    @property
    def result(self) -> object:
        """The annotated type of what it gives, or of what awaiting it gives; `Any` if there is none."""
        return self._types[1]

    @property
    def is_resolved(self) -> bool:
        """Whether the annotations were evaluated."""
        return self._resolve is None

    @functools.cached_property
    def _call(self) -> Arguments:
        return self._types[0]

    @functools.cached_property
    def _types(self) -> tuple[Arguments, object]:
        """The annotations; evaluated when first needed, since they may name what is defined further below."""
        with _resolving:
            if self._resolve is not None:
                hints = self._resolve()
                call = _call(self._name, list(self._signature.parameters.values()), hints)
                self._resolved = call, _result(hints.get("return", Any), self._is_async)
                self._resolve = None  # it holds the function, which is a weak key
            return self._resolved

    def encode(self, codec: Codec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """The arguments as bytes.

        Raises:
            TypeError: they are not what the function takes.
            NotStorable: one of them would not come back as it is.
        """
        if kwargs or not self._least <= len(args) <= self._most or self._needs_names:
            self._bind(args, kwargs)
        return codec.encode((args, kwargs), self._call)

    def decode(self, codec: Codec, data: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments that were encoded; `NotReadable` if the function no longer takes them."""
        try:
            args, kwargs = codec.decode(data, self._call)
            if kwargs or not self._least <= len(args) <= self._most or self._needs_names:
                self._bind(args, kwargs)
        except NotReadable as error:
            owner = f"{self._name}()"
            raise NotReadable(error.reason, error.path, error.recorded, owner) from None
        except TypeError as error:
            raise NotReadable(
                f"{error}; the call was recorded with other parameters than it has now"
            ) from None
        return args, kwargs

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if len(args) < len(self._after):
            needed, possible = self._after[len(args)]
            if needed <= kwargs.keys() <= possible:
                return  # what `Signature.bind` finds as well, and takes its time
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._name}() {error}") from None


_known: weakref.WeakKeyDictionary[Callable[..., Any], dict[bool, Parameters]] = weakref.WeakKeyDictionary()
_resolving = threading.Lock()
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def _after(parameters: list[Parameter]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """For each number of positional arguments, the names that then have to be given, and those that can be.

    Nothing, if there are parameters that this does not describe.
    """
    if not all(one.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY) for one in parameters):
        return []
    found = []
    for count in range(1 + sum(one.kind is Parameter.POSITIONAL_OR_KEYWORD for one in parameters)):
        rest = parameters[count:]
        needed = frozenset(one.name for one in rest if one.default is Parameter.empty)
        found.append((needed, frozenset(one.name for one in rest)))
    return found


def _hints(fn: Callable[..., Any]) -> dict[str, object]:
    """The annotations of a function, evaluated one by one, so that one that fails leaves the others alone."""
    inner: Any = inspect.unwrap(fn)
    raw = getattr(inner, "__annotations__", {})
    names = getattr(inner, "__globals__", {})
    local = {variable.__name__: variable for variable in getattr(inner, "__type_params__", ())}
    return {name: evaluate(hint, names, local | _closure(inner)) for name, hint in raw.items()}


def _closure(fn: Any) -> dict[str, Any]:
    """The variables of enclosing functions that a function uses."""
    if not isinstance(fn, types.FunctionType):
        return {}
    found = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found


def _call(name: str, parameters: list[Parameter], hints: dict[str, object]) -> Arguments:
    positional: list[tuple[str, object]] = []
    keywords: dict[str, object] = {}
    more: object = None
    more_keywords: object = None
    for one in parameters:
        hint = hints.get(one.name, Any)
        if one.kind in _POSITIONAL:
            positional.append((one.name, hint))
        if one.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
            keywords[one.name] = hint
        if one.kind is Parameter.VAR_POSITIONAL:
            more = Any if typing.get_origin(hint) is typing.Unpack else hint
        if one.kind is Parameter.VAR_KEYWORD:
            more_keywords = hint
            if typing.get_origin(hint) is typing.Unpack:
                keywords |= typing.get_type_hints(typing.get_args(hint)[0], include_extras=True)
                more_keywords = Any
    return Arguments(name, tuple(positional), keywords, more, more_keywords)


def _result(hint: object, is_async: bool) -> object:
    origin = typing.get_origin(hint)
    if not is_async and origin in (collections.abc.Awaitable, collections.abc.Coroutine):
        return typing.get_args(hint)[-1]
    return hint
