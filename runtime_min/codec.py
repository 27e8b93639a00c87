"""How values become bytes that come back as the same values.

A type is turned into a `_Form` once; a form *lowers* a value to what JSON holds and *lifts* it back. Lowering
is strict: it accepts a value only if lifting gives an equal one of the same type, and refuses all others.
Classes that run code of their own when they are made (`__post_init__`, converters, pydantic, hooks) prove it
each time: what was written is read back and compared, before anything is stored.
"""

from __future__ import annotations

import base64
import collections.abc
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import ipaddress
import math
import operator
import pathlib
import re
import sys
import threading
import types
import typing
import uuid
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NoReturn, Protocol, TypeVar

import msgspec

from runtime_min.errors import NotReadable, NotStorable

_DEEPEST = 100
_WIDEST = 1 << 4096  # beyond a few thousand digits Python refuses to read an integer
_MISSING: Any = object()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Codec(Protocol):
    """Stores values; `encode` and `decode` are told the annotation, or the `Call` whose arguments these are.

    `encode` gives the plain bytes, of which the runtime takes digests; `seal` is applied to what is stored.
    """

    def encode(self, value: object, type: object = Any) -> bytes:
        """The value as bytes; `NotStorable` if it would not come back as it is."""

    def decode(self, data: bytes, type: object = Any) -> Any:
        """The value that was encoded; `NotReadable` if it does not fit the type."""

    def seal(self, data: bytes) -> bytes:
        """What is stored for these plain bytes: encrypted, compressed, or as they are."""

    def unseal(self, data: bytes) -> bytes:
        """The plain bytes."""


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """The parameters of a function, as a type: of the pair of positional and keyword arguments.

    Attributes:
        function: its name, for messages.
        positional: names and types of the parameters that can be given by position.
        keywords: names and types of the parameters that can be given by name.
        more: the type of each of `*args`, or None.
        more_keywords: the type of each of `**kwargs`, or None.
    """

    function: str
    positional: tuple[tuple[str, object], ...]
    keywords: Mapping[str, object]
    more: object = None
    more_keywords: object = None


@dataclasses.dataclass(frozen=True)
class Unresolved:
    """An annotation that cannot be evaluated; counts as `Any`."""

    text: str


class JsonCodec:
    """JSON, readable in the journal; the default.

    `enc_hook(value)` and `dec_hook(type, stored)` add further classes, as msgspec's hooks do: the former
    gives something that JSON can hold, the latter makes the value again. The class has to be annotated.
    """

    def __init__(
        self,
        *,
        enc_hook: Callable[[Any], Any] | None = None,
        dec_hook: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self._builder = _Builder(enc_hook, dec_hook)
        self._plans: dict[object, _Plan] = {}

    def encode(self, value: object, type: object = Any) -> bytes:
        """The value as JSON; `NotStorable` if it would not come back as it is."""
        try:
            plan = self._plans[type]
        except (KeyError, TypeError):
            plan = self._plan(type)
        return plan.encode(value)

    def decode(self, data: bytes, type: object = Any) -> Any:
        """The value that was encoded; `NotReadable` if it does not fit the type."""
        try:
            plan = self._plans[type]
        except (KeyError, TypeError):
            plan = self._plan(type)
        return plan.decode(data)

    def seal(self, data: bytes) -> bytes:
        """The bytes as they are."""
        return data

    def unseal(self, data: bytes) -> bytes:
        """The bytes as they are."""
        return data

    def _plan(self, type: object) -> _Plan:
        plan = _Plan(self._builder.form(type))
        with contextlib.suppress(TypeError):  # Annotated with something unhashable
            self._plans[type] = plan
        return plan


class SealedCodec:
    """Another codec, whose bytes are sealed before they are stored: encrypted, or compressed."""

    def __init__(
        self, codec: Codec, *, seal: Callable[[bytes], bytes], open: Callable[[bytes], bytes]
    ) -> None:
        self._seal = seal
        self._open = open
        self._codec = codec
        self.encode = codec.encode
        self.decode = codec.decode

    def seal(self, data: bytes) -> bytes:
        """What is stored for these plain bytes."""
        return self._seal(self._codec.seal(data))

    def unseal(self, data: bytes) -> bytes:
        """The plain bytes."""
        return self._codec.unseal(self._open(data))


class _RefusedError(Exception):
    """A value cannot be lowered or lifted; the steps of its path are added from the inside out."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str] = []

    def at(self, step: str) -> _RefusedError:
        self.steps.append(step)
        return self

    def __str__(self) -> str:
        path = "".join(reversed(self.steps)) or "value"
        return f"{'value' + path if path[0] in '.[' else path}: {self.reason}"


class _Plan:
    """All that is needed to store and to read the values of one type."""

    def __init__(self, form: _Form) -> None:
        self._form = form
        self._lower = form.lower
        self._proven = all(part.proven for part in _reachable(form))

    def encode(self, value: object) -> bytes:
        try:
            plain = self._lower(value)
            data = _encode(plain)
            if len(data) > _DEEPEST and data.count(b"[") + data.count(b"{") > _DEEPEST:
                _check_depth(plain)
            if not self._proven:
                self._prove(value, data)
        except _RefusedError as refused:
            raise NotStorable(str(refused)) from None
        except RecursionError:
            raise NotStorable(
                "value: contains itself, or is nested too deeply; pass its id, or a flat form"
            ) from None
        return data

    def decode(self, data: bytes) -> Any:
        try:
            return self._form.lift(_decode(data))
        except _RefusedError as refused:
            raise NotReadable(str(refused)) from None
        except RecursionError:
            raise NotReadable("value: is nested too deeply") from None
        except msgspec.MsgspecError as error:
            raise NotReadable(f"value: is not JSON: {error}") from None

    def _prove(self, value: object, data: bytes) -> None:
        try:
            restored = self._form.lift(_decode(data))
        except _RefusedError as refused:
            refused.reason = f"cannot be read back once it is stored: {refused.reason}"
            raise
        found = _difference(value, restored)
        if found is not None:
            raise found


def _check_depth(plain: object) -> None:
    """Refuse what could be written here, and then not be read where the stack is deeper."""
    level, depth = [plain], 0
    while level := [item for outer in level for item in _items(outer)]:
        depth += 1
        if depth > _DEEPEST:
            raise RecursionError


def _items(plain: object) -> Iterable[object]:
    if type(plain) is list:
        return plain
    return plain.values() if type(plain) is dict else ()


# Forms


class _Form:
    """How the values of one type are stored.

    Attributes:
        name: the type, for messages and for tags.
        kinds: the exact classes of the values that may be accepted.
        shapes: the classes of what they are lowered to.
        native: those of the shapes that are lifted as they are.
        proven: whether whatever is lowered comes back equal; if not, it is compared each time.
    """

    kinds: frozenset[type]
    shapes: frozenset[type]
    native: frozenset[type] = frozenset()
    proven = True

    def __init__(self, name: str) -> None:
        self.name = name

    def lower(self, value: Any) -> Any:
        raise NotImplementedError

    def lift(self, plain: Any) -> Any:
        raise NotImplementedError

    def parts(self) -> Iterable[_Form]:
        return ()

    def refuse(self, value: object) -> NoReturn:
        raise _RefusedError(
            f"is {_describe(value)}, but {self.name} is declared; {_advice(value, self.kinds)}"
        )

    def misfit(self, plain: object) -> NoReturn:
        raise _RefusedError(f"{_brief(plain)} is recorded, which is no {self.name}")


class _Any(_Form):
    """What JSON holds as it is; all else would come back as something else."""

    kinds = frozenset({type(None), bool, int, float, str, list, dict})
    shapes = kinds
    native = kinds

    def __init__(self, unresolved: str = "") -> None:
        super().__init__("Any")
        self._unresolved = unresolved

    def lower(self, value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return value if value.isascii() else _checked_str(value)
        if kind is bool or value is None:
            return value
        if kind is int:
            return _checked_int(value)
        if kind is float and math.isfinite(value):
            return value
        if kind is list:
            for index, item in enumerate(value):
                try:
                    self.lower(item)
                except _RefusedError as refused:
                    raise refused.at(f"[{index}]") from None
            return value
        if kind is dict:
            for key, item in value.items():
                if type(key) is not str:
                    raise _RefusedError(
                        f"has the key {key!r}, and without a type only strings come back as they are; "
                        f"annotate it as dict[{type(key).__name__}, ...]"
                    )
                try:
                    self.lower(key)
                    self.lower(item)
                except _RefusedError as refused:
                    raise refused.at(f"[{key!r}]") from None
            return value
        return self.refuse(value)

    def refuse(self, value: object) -> NoReturn:
        if self._unresolved:
            raise _RefusedError(
                f"is {_describe(value)}, but the annotation {self._unresolved!r} cannot be evaluated at run "
                "time; define what it names at module level, and import it outside of `if TYPE_CHECKING:`"
            )
        raise _RefusedError(
            f"is {_describe(value)}, and has no type to restore it by; {_advice(value, self.kinds)}"
        )

    def lift(self, plain: Any) -> Any:
        return plain


def _checked_str(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _RefusedError("has a lone surrogate, which cannot be stored; annotate it as bytes") from None
    return value


def _checked_int(value: int) -> int:
    if -_WIDEST < value < _WIDEST:
        return value
    raise _RefusedError(
        f"is an integer of {value.bit_length()} bits, and 4096 can be stored; annotate it as bytes"
    )


class _Scalar(_Form):
    """None or bool: JSON has them."""

    def __init__(self, kind: type) -> None:
        super().__init__("None" if kind is type(None) else kind.__name__)
        self.kinds = self.shapes = self.native = frozenset({kind})
        self._kind = kind

    def lower(self, value: Any) -> Any:
        if type(value) is self._kind:
            return value
        return self.refuse(value)

    def lift(self, plain: Any) -> Any:
        if type(plain) is self._kind:
            return plain
        return self.misfit(plain)


class _Str(_Form):
    """Strings, of what UTF-8 can express."""

    kinds = shapes = native = frozenset({str})

    def lower(self, value: Any) -> Any:
        if type(value) is str:
            return value if value.isascii() else _checked_str(value)
        return self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return plain if type(plain) is str else self.misfit(plain)


class _Int(_Form):
    """Integers of any size, and `True` where an int is declared."""

    kinds = shapes = native = frozenset({int, bool})

    def lower(self, value: Any) -> Any:
        if type(value) is int:
            return _checked_int(value)
        return value if type(value) is bool else self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return plain if type(plain) is int or type(plain) is bool else self.misfit(plain)


class _Float(_Form):
    """Floats, and the ints that may stand for them; what is not finite is written as `{"float": "nan"}`."""

    kinds = frozenset({float, int, bool})
    shapes = frozenset({float, int, bool, dict})
    native = kinds

    def lower(self, value: Any) -> Any:
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        return _checked_int(value) if type(value) in self.kinds else self.refuse(value)

    def lift(self, plain: Any) -> Any:
        if type(plain) in self.kinds:
            return plain
        if type(plain) is dict and len(plain) == 1 and plain.get("float") in ("nan", "inf", "-inf"):
            return float(plain["float"])
        return self.misfit(plain)


class _Text(_Form):
    """A class whose values are written as a string."""

    shapes = frozenset({str})

    def __init__(self, kind: type, to_text: Callable[[Any], str], from_text: Callable[[str], Any]) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self._kind = kind
        self._to_text = to_text
        self._from_text = from_text

    def lower(self, value: Any) -> Any:
        if type(value) is self._kind:
            return _checked_str(self._to_text(value))
        return self.refuse(value)

    def lift(self, plain: Any) -> Any:
        if type(plain) is str:
            try:
                return self._from_text(plain)
            except (ValueError, ArithmeticError, KeyError, OSError, msgspec.MsgspecError):
                pass
        return self.misfit(plain)


class _Subclass(_Form):
    """A class of the user's that is a str, an int or a float, and declared as itself."""

    proven = False

    def __init__(self, kind: type, base: type) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self._kind = kind
        self._inner: _Form = _LEAVES[base]
        self._plain: Callable[[Any], Any] = {str: str.__str__, int: int.__index__, float: float.__float__}[
            base
        ]
        self.shapes = self._inner.shapes

    def lower(self, value: Any) -> Any:
        return self._inner.lower(self._plain(value)) if type(value) is self._kind else self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return _made(self._kind, self._inner.lift(plain))


class _Enum(_Form):
    """An enum member: by its value if all are strings, or all integers; else by its name."""

    def __init__(self, kind: type[enum.Enum]) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self._kind = kind
        members = kind.__members__
        kinds = {type(member.value) for member in members.values()}
        by_value = kinds in ({int}, {str})
        self._stored = {member: member.value if by_value else member.name for member in members.values()}
        self._members = {stored: member for member, stored in self._stored.items()}
        self._flags = issubclass(kind, enum.Flag)
        self.shapes = frozenset(kinds) if by_value else frozenset({str})
        if self._flags:
            self.shapes = frozenset({int})

    def lower(self, value: Any) -> Any:
        if type(value) is not self._kind:
            return self.refuse(value)
        return value.value if self._flags else _LEAVES[Any].lower(self._stored[value])

    def lift(self, plain: Any) -> Any:
        try:
            if self._flags and type(plain) is int:
                return self._kind(plain)
            if type(plain) in self.shapes:
                return self._members[plain]
        except (KeyError, ValueError):
            pass
        raise _RefusedError(f"{_brief(plain)} is recorded, which {self.name} does not have")


class _Literal(_Form):
    """One of some strings, numbers, and None."""

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__(f"Literal[{', '.join(map(repr, values))}]")
        self._values = {(type(value), value) for value in values}
        self.kinds = self.shapes = self.native = frozenset(type(value) for value in values)

    def lower(self, value: Any) -> Any:
        if type(value) in self.kinds and (type(value), value) in self._values:
            return _checked_str(value) if type(value) is str else value
        raise _RefusedError(f"is {_brief(value)}, but {self.name} is declared")

    def lift(self, plain: Any) -> Any:
        if type(plain) in self.shapes and (type(plain), plain) in self._values:
            return plain
        return self.misfit(plain)


class _Items(_Form):
    """A list, a set, or a tuple of any length."""

    shapes = frozenset({list})

    def __init__(self, kind: type, item: _Form) -> None:
        dots = ", ..." if kind is tuple else ""
        super().__init__(f"{kind.__name__}[{item.name}{dots}]")
        self.kinds = frozenset({kind})
        self._kind: Any = kind
        self._item = item
        self._unordered = kind in (set, frozenset)

    def lower(self, value: Any) -> Any:
        if type(value) is not self._kind:
            return self.refuse(value)
        lower = self._item.lower
        try:
            plain = [lower(item) for item in value]
        except _RefusedError:
            raise _first_refusal(lower, value, self._unordered) from None
        if self._unordered:
            plain.sort(
                key=_encode
            )  # the order of a set differs between processes, and with it the digest would
        return plain

    def lift(self, plain: Any) -> Any:
        if type(plain) is not list:
            return self.misfit(plain)
        lift = self._item.lift
        try:
            items = [lift(item) for item in plain]
        except _RefusedError:
            raise _first_refusal(lift, plain, False) from None
        return items if self._kind is list else _made(self._kind, items)

    def parts(self) -> Iterable[_Form]:
        return (self._item,)


def _first_refusal(convert: Callable[[Any], Any], items: Iterable[Any], unordered: bool) -> _RefusedError:
    for index, item in enumerate(items):
        try:
            convert(item)
        except _RefusedError as refused:
            return refused.at(f"{{{_brief(item)}}}" if unordered else f"[{index}]")
    return _RefusedError("changed while it was being stored")


class _Tuple(_Form):
    """A tuple with a type for each place."""

    kinds = frozenset({tuple})
    shapes = frozenset({list})

    def __init__(self, items: Sequence[_Form]) -> None:
        super().__init__(f"tuple[{', '.join(item.name for item in items) or '()'}]")
        self._items = tuple(items)

    def lower(self, value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(self._items):
            return self.refuse(value)
        return [
            _at(item.lower, part, index)
            for index, (item, part) in enumerate(zip(self._items, value, strict=True))
        ]

    def lift(self, plain: Any) -> Any:
        if type(plain) is not list or len(plain) != len(self._items):
            return self.misfit(plain)
        places = enumerate(zip(self._items, plain, strict=True))
        return tuple([_at(item.lift, part, index) for index, (item, part) in places])

    def refuse(self, value: object) -> NoReturn:
        if type(value) is tuple:
            raise _RefusedError(f"has {len(value)} items, but {self.name} is declared")
        super().refuse(value)

    def parts(self) -> Iterable[_Form]:
        return self._items


def _at(convert: Callable[[Any], Any], value: Any, key: object) -> Any:
    try:
        return convert(value)
    except _RefusedError as refused:
        raise refused.at(f"[{key!r}]") from None


class _Dict(_Form):
    """A dict: an object if all keys are strings or can be written as such, else a list of pairs."""

    kinds = frozenset({dict})

    def __init__(self, key: _Form, value: _Form) -> None:
        super().__init__(f"dict[{key.name}, {value.name}]")
        self._key = key
        self._value = value
        self._as_text = key.shapes == frozenset({str})
        self._mixed = not self._as_text and str in key.native
        self.shapes = frozenset({dict} if self._as_text else {dict, list} if self._mixed else {list})

    def lower(self, value: Any) -> Any:
        if type(value) is not dict:
            return self.refuse(value)
        pairs = [(self._lower_key(key), _at(self._value.lower, item, key)) for key, item in value.items()]
        if self._as_text or (self._mixed and all(type(key) is str for key in value)):
            return dict(pairs)
        return pairs

    def _lower_key(self, key: Any) -> Any:
        try:
            return self._key.lower(key)
        except _RefusedError as refused:
            raise refused.at(f".keys()[{_brief(key)}]") from None

    def lift(self, plain: Any) -> Any:
        if type(plain) not in self.shapes:
            return self.misfit(plain)
        pairs = plain.items() if type(plain) is dict else plain
        try:
            return {_at(self._key.lift, key, key): _at(self._value.lift, item, key) for key, item in pairs}
        except (TypeError, ValueError):  # no pairs, or keys that cannot be keys
            return self.misfit(plain)

    def parts(self) -> Iterable[_Form]:
        return (self._key, self._value)


class _TypedDict(_Form):
    """A dict with a type for each key; absent keys stay absent."""

    kinds = shapes = frozenset({dict})

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.items: dict[str, _Form] = {}

    def lower(self, value: Any) -> Any:
        if type(value) is not dict:
            return self.refuse(value)
        return self._convert(
            value, operator.attrgetter("lower"), "has the key {key!r}, which {name} does not declare"
        )

    def lift(self, plain: Any) -> Any:
        if type(plain) is not dict:
            return self.misfit(plain)
        return self._convert(
            plain, operator.attrgetter("lift"), "{key!r} is recorded, which {name} does not declare"
        )

    def _convert(
        self, items: dict[Any, Any], way: Callable[[_Form], Callable[[Any], Any]], unknown: str
    ) -> Any:
        converted = {}
        for key, item in items.items():
            form = self.items.get(key)
            if form is None:
                raise _RefusedError(unknown.format(key=key, name=self.name))
            converted[key] = _at(way(form), item, key)
        return converted

    def parts(self) -> Iterable[_Form]:
        return self.items.values()


@dataclasses.dataclass(slots=True)
class _Field:
    """A field of a record.

    Attributes:
        name: of the attribute.
        key: in JSON.
        parameter: of the constructor; "" if it has none for this field.
        optional: whether the class gives a value itself.
    """

    name: str
    key: str
    parameter: str
    optional: bool
    form: _Form


class _Record(_Form):
    """A dataclass, an attrs class, a msgspec struct or a named tuple: an object of its fields."""

    shapes = frozenset({dict})

    def __init__(self, kind: type, *, constructor: bool, proven: bool) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self.proven = proven
        self._kind = kind
        self._constructor = constructor
        self._fields: list[_Field] = []

    def fill(self, fields: list[_Field]) -> None:
        """Give it its fields; later, since they may be of its own type."""
        if not self._constructor:
            for field in fields:
                field.parameter = ""
        self._fields = fields
        self._keys = tuple(field.key for field in fields)
        self._simple = self._constructor and _by_position(self._kind) == [field.parameter for field in fields]
        self._lowers = [field.form.lower for field in fields]
        self._lifts = [field.form.lift for field in fields]
        self._get = _getter([field.name for field in fields])
        self._strict = self.proven or issubclass(self._kind, tuple)
        slots = [inspect.ismemberdescriptor(getattr(self._kind, field.name, None)) for field in fields]
        self._attributes = 0 if issubclass(self._kind, tuple) else slots.count(False)

    def lower(self, value: Any) -> Any:
        if type(value) is not self._kind:
            return self.refuse(value)
        try:
            plain = dict(zip(self._keys, map(operator.call, self._lowers, self._get(value)), strict=True))
        except _RefusedError:
            raise self._locate(value) from None
        except AttributeError as error:
            raise _RefusedError(f"is incomplete: {error}") from None
        if self._strict and len(getattr(value, "__dict__", ())) > self._attributes:
            self._check_extras(value)
        return plain

    def _locate(self, value: object) -> _RefusedError:
        for field in self._fields:
            try:
                field.form.lower(getattr(value, field.name))
            except _RefusedError as refused:
                return refused.at(f".{field.name}")
        return _RefusedError("changed while it was being stored")

    def _check_extras(self, value: object) -> None:
        extras = _attributes(value).keys() - {field.name for field in self._fields}
        if extras:
            name = min(extras)
            raise _RefusedError(
                f"has the attribute {name!r}, which is no field of {self.name} and would be lost; declare it"
            )

    def lift(self, plain: Any) -> Any:
        if type(plain) is not dict:
            return self.misfit(plain)
        if self._simple and tuple(plain) == self._keys:
            try:
                return self._kind(*map(operator.call, self._lifts, plain.values()))
            except Exception:  # noqa: BLE001 - what is wrong is found below
                pass
        return self._lift_fields(plain)

    def _lift_fields(self, plain: dict[str, Any]) -> Any:
        arguments: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for field in self._fields:
            item = plain.get(field.key, _MISSING)
            if item is not _MISSING:
                try:
                    lifted = field.form.lift(item)
                except _RefusedError as refused:
                    raise refused.at(f".{field.name}") from None
                if field.parameter:
                    arguments[field.parameter] = lifted
                else:
                    rest[field.name] = lifted
            elif not field.optional:
                raise _RefusedError(
                    f"{_brief(plain)} is recorded, which lacks the field {field.key!r} of {self.name}"
                )
        if plain and not arguments and not rest:
            return self.misfit(plain)
        return self._make(arguments, rest)

    def _make(self, arguments: dict[str, Any], rest: dict[str, Any]) -> Any:
        if self._constructor:
            value = _made(self._kind, **arguments)
        else:
            value = object.__new__(self._kind)
        for name, item in rest.items():
            object.__setattr__(value, name, item)
        return value

    def parts(self) -> Iterable[_Form]:
        return [field.form for field in self._fields]


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])


def _by_position(kind: Any) -> list[str]:
    """The parameters of a constructor that can be given by position."""
    parameters = inspect.signature(kind).parameters.values()
    return [one.name for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]


def _made(make: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """What a constructor gives; whatever it raises, the value is not one that it takes."""
    try:
        return make(*arguments, **keywords)
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001
        raise _RefusedError(f"is not accepted: {type(error).__name__}: {error}") from None


class _Pydantic(_Form):
    """A pydantic model: as it dumps itself."""

    shapes = frozenset({dict, list, str, int, float, bool, type(None)})  # a RootModel can be anything
    proven = False

    def __init__(self, kind: Any) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self._kind = kind

    def lower(self, value: Any) -> Any:
        if type(value) is not self._kind:
            return self.refuse(value)
        plain = _made(value.model_dump, mode="json", by_alias=True, round_trip=True)
        try:
            return _LEAVES[Any].lower(plain)
        except _RefusedError as refused:
            refused.reason = f"{self.name} dumps something that JSON cannot hold; give it a serializer"
            raise

    def lift(self, plain: Any) -> Any:
        return _made(self._kind.model_validate_json, _encode(plain))


class _Hooked(_Form):
    """A class that only the user's hooks know."""

    shapes = frozenset({dict, list, str, int, float, bool, type(None)})
    proven = False

    def __init__(
        self, kind: type, enc_hook: Callable[[Any], Any], dec_hook: Callable[[Any, Any], Any]
    ) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self._kind = kind
        self._enc_hook = enc_hook
        self._dec_hook = dec_hook

    def lower(self, value: Any) -> Any:
        if type(value) is not self._kind:
            return self.refuse(value)
        plain = _made(msgspec.to_builtins, _made(self._enc_hook, value), str_keys=True)
        return _LEAVES[Any].lower(plain)

    def lift(self, plain: Any) -> Any:
        return _made(self._dec_hook, self._kind, plain)


class _Unsupported(_Form):
    """A class that nobody knows how to store."""

    kinds = shapes = frozenset()

    def lower(self, value: Any) -> Any:
        return self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return self.misfit(plain)

    def refuse(self, value: object) -> NoReturn:
        raise _RefusedError(
            f"is {_describe(value)}, and is declared as {self.name}, which cannot be stored; pass its id or "
            "what it is made from, annotate it as a dataclass, or give the codec hooks for it"
        )


class _Union(_Form):
    """One of several types.

    Members that JSON keeps apart are written as they are; those that it does not, as `{"Card": ...}`.
    """

    def __init__(self, members: Sequence[_Form], tagged: Iterable[_Form] | None = None) -> None:
        super().__init__(" | ".join(member.name for member in members))
        self._members = members
        marked = list(_colliding(members) if tagged is None else tagged)
        self._tags = _tags(marked)
        self._tagged = {tag: member for member, tag in self._tags.items()}
        self._by_shape: dict[type, list[_Form]] = {}
        for member in members:
            for shape in () if member in self._tags else member.shapes:
                self._by_shape.setdefault(shape, []).append(member)
        self.kinds = frozenset().union(*(member.kinds for member in members))
        self.shapes = frozenset(self._by_shape) | frozenset({dict} if self._tags else ())
        self.native = frozenset(
            shape
            for shape, found in self._by_shape.items()
            if all(shape in member.native for member in found)
        )
        self._by_kind = {kind: [one for one in members if kind in one.kinds] for kind in self.kinds}

    def lower(self, value: Any) -> Any:
        members = self._by_kind.get(type(value)) or self.refuse(value)
        for member in members[:-1]:
            try:
                return self._mark(member, member.lower(value))
            except _RefusedError:
                continue
        return self._mark(members[-1], members[-1].lower(value))

    def _mark(self, member: _Form, plain: Any) -> Any:
        tag = self._tags.get(member)
        return plain if tag is None else {tag: plain}

    def lift(self, plain: Any) -> Any:
        if self._tags and type(plain) is dict and len(plain) == 1:
            (tag,) = plain
            if tag in self._tagged:
                return self._tagged[tag].lift(plain[tag])
        found = self._by_shape.get(type(plain))
        if found is None:
            return self._guess(plain)
        for member in found[:-1]:  # if there are several, all lift it as it is, or not at all
            try:
                return member.lift(plain)
            except _RefusedError:
                continue
        return found[-1].lift(plain)

    def _guess(self, plain: Any) -> Any:
        """Lift what was recorded when only one type was declared; only if it fits but one of those of now."""
        found = []
        for member in self._tags:
            try:
                found.append(member.lift(plain))
            except _RefusedError:
                continue
        return found[0] if len(found) == 1 else self.misfit(plain)

    def parts(self) -> Iterable[_Form]:
        return self._members


def _colliding(members: Sequence[_Form]) -> list[_Form]:
    """Members that JSON does not keep apart from each other, or from the tags that these need."""

    def collide(one: _Form, other: _Form) -> bool:
        return bool((one.shapes & other.shapes) - (one.native & other.native))

    found = [one for one in members if any(one is not other and collide(one, other) for other in members)]
    return [one for one in members if one in found or dict in one.shapes] if found else []


def _tags(marked: Sequence[_Form]) -> dict[_Form, str]:
    """A different name for each."""
    tags: dict[_Form, str] = {}
    names = [form.name for form in marked]
    for number, form in enumerate(marked):
        tag = form.name
        if names.count(tag) > 1:
            tag = " | ".join(sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in form.kinds))
        tags[form] = f"{tag}#{number}" if tag in tags.values() else tag
    return tags


class _Later(_Form):
    """A type that is being made: an alias that contains itself."""

    form: _Form

    def lower(self, value: Any) -> Any:
        return self.form.lower(value)

    def lift(self, plain: Any) -> Any:
        return self.form.lift(plain)

    def parts(self) -> Iterable[_Form]:
        return (self.form,)


class _Call(_Form):
    """The arguments of a call: a list, or `{"args": [...], "kwargs": {...}}`."""

    def __init__(self, call: Call, form: Callable[[object], _Form]) -> None:
        super().__init__(call.function)
        self._positional = [(name, form(hint)) for name, hint in call.positional]
        self._lowers = [one.lower for _, one in self._positional]
        self._lifts = [one.lift for _, one in self._positional]
        self._keywords = {name: form(hint) for name, hint in call.keywords.items()}
        self._more = None if call.more is None else form(call.more)
        self._more_keywords = None if call.more_keywords is None else form(call.more_keywords)

    def lower(self, value: Any) -> Any:
        args, kwargs = value
        if len(args) <= len(self._lowers):
            try:
                plain = list(map(operator.call, self._lowers, args))
            except _RefusedError:
                plain = self._one_by_one("lower", args)
        else:
            plain = self._one_by_one("lower", args)
        return {"args": plain, "kwargs": self._by_name("lower", kwargs)} if kwargs else plain

    def lift(self, plain: Any) -> Any:
        args: Any = plain
        kwargs: Any = {}
        if type(plain) is dict:
            args, kwargs = plain.get("args"), plain.get("kwargs")
        if type(args) is not list or type(kwargs) is not dict:
            return self.misfit(plain)
        if len(args) <= len(self._lifts):
            try:
                lifted = tuple(map(operator.call, self._lifts, args))
            except _RefusedError:
                lifted = tuple(self._one_by_one("lift", args))
        else:
            lifted = tuple(self._one_by_one("lift", args))
        return lifted, self._by_name("lift", kwargs) if kwargs else {}

    def _one_by_one(self, way: Literal["lower", "lift"], args: Sequence[Any]) -> list[Any]:
        return [self._at(*self._place(index), way, item) for index, item in enumerate(args)]

    def _place(self, index: int) -> tuple[str, _Form]:
        count = len(self._positional)
        if index < count:
            return self._positional[index]
        if self._more is None:
            raise _RefusedError(f"more arguments are recorded than the {count} that it takes").at(self.name)
        return f"args[{index - count}]", self._more

    def _by_name(self, way: Literal["lower", "lift"], kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: self._at(name, self._keyword(name), way, item) for name, item in kwargs.items()}

    def _keyword(self, name: str) -> _Form:
        form = self._keywords.get(name, self._more_keywords)
        if form is None:
            raise _RefusedError(f"there is no parameter of this name in {self.name}").at(name)
        return form

    def _at(self, name: str, form: _Form, way: Literal["lower", "lift"], value: Any) -> Any:
        try:
            return form.lower(value) if way == "lower" else form.lift(value)
        except _RefusedError as refused:
            raise refused.at(name) from None

    def misfit(self, plain: object) -> NoReturn:
        raise _RefusedError(f"{_brief(plain)} is recorded, which are no arguments").at(self.name)

    def parts(self) -> Iterable[_Form]:
        others = [form for form in (self._more, self._more_keywords) if form]
        return [*(form for _, form in self._positional), *self._keywords.values(), *others]


def _reachable(form: _Form) -> Iterable[_Form]:
    seen = {form}
    todo = [form]
    while todo:
        yield (one := todo.pop())
        new = set(one.parts()) - seen
        seen |= new
        todo += new


# Types that are written as strings


def _write_time(value: Any) -> str:
    """ISO 8601 with the time zone behind it in brackets, as RFC 9557 has it: `...+01:00[Europe/Berlin]`."""
    zone = value.tzinfo
    text: str = value.isoformat()
    if type(zone) is zoneinfo.ZoneInfo and zone.key:
        text += f"[{zone.key}]"
    elif zone is not None and not _is_offset(zone):
        raise _RefusedError(
            f"has the time zone {zone!r}, which cannot be stored; "
            "use a ZoneInfo, or .astimezone(timezone.utc)"
        )
    return text + "[fold=1]" if value.fold else text


def _is_offset(zone: datetime.tzinfo) -> bool:
    """Whether a zone is an offset from UTC, without a name of its own."""
    if zone is datetime.UTC:
        return True
    return type(zone) is datetime.timezone and str(zone) == str(datetime.timezone(zone.utcoffset(None)))


_TIME = re.compile(r"(?P<iso>[^\[]*)(\[(?P<zone>[^\]=]+)\])?(?P<fold>\[fold=1\])?")


def _read_time(kind: Any, text: str) -> Any:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    value = kind.fromisoformat(match["iso"])
    if match["zone"]:
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(match["zone"]))
    return value.replace(fold=1) if match["fold"] else value


def _write_zone(zone: zoneinfo.ZoneInfo) -> str:
    if not zone.key:
        raise _RefusedError("is a time zone without a key; make it as ZoneInfo(key)")
    return zone.key


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _read_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _text_forms() -> list[_Text]:
    moments = [
        _Text(kind, _write_time, functools.partial(_read_time, kind))
        for kind in (datetime.datetime, datetime.time)
    ]
    paths = [
        _Text(kind, str, kind)
        for kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath, type(pathlib.Path()))
    ]
    return [
        *moments,
        *paths,
        _Text(datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
        _Text(
            datetime.timedelta, msgspec.to_builtins, lambda text: msgspec.convert(text, datetime.timedelta)
        ),
        _Text(zoneinfo.ZoneInfo, _write_zone, zoneinfo.ZoneInfo),
        _Text(decimal.Decimal, str, decimal.Decimal),
        _Text(fractions.Fraction, str, fractions.Fraction),
        _Text(uuid.UUID, str, uuid.UUID),
        _Text(bytes, _write_bytes, _read_bytes),
        _Text(bytearray, _write_bytes, lambda text: bytearray(_read_bytes(text))),
        _Text(ipaddress.IPv4Address, str, ipaddress.IPv4Address),
        _Text(ipaddress.IPv6Address, str, ipaddress.IPv6Address),
    ]


def _leaves() -> dict[object, _Form]:
    leaves: dict[object, _Form] = {kind: _Scalar(kind) for kind in (type(None), bool)}
    leaves |= {
        Any: _Any(),
        object: _Any(),
        int: _Int("int"),
        str: _Str("str"),
        float: _Float("float"),
        None: leaves[type(None)],
    }
    for form in _text_forms():
        leaves |= dict.fromkeys(form.kinds, form)
    leaves[pathlib.Path] = leaves[type(pathlib.Path())]
    leaves[pathlib.PurePath] = leaves[type(pathlib.PurePath())]
    return leaves


_LEAVES = _leaves()


# From types to forms

_WRAPPERS = frozenset(
    getattr(typing, name)
    for name in ("Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly")
    if hasattr(typing, name)
)
_LISTS = (collections.abc.Sequence, collections.abc.Collection, collections.abc.Iterable)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


@dataclasses.dataclass(frozen=True)
class _Scope:
    """What type variables and `Self` stand for, inside a class."""

    variables: Mapping[object, _Form] = dataclasses.field(default_factory=dict)
    owner: _Form | None = None


_TOP = _Scope()


class _Builder:
    """Makes forms, once for each class."""

    def __init__(
        self, enc_hook: Callable[[Any], Any] | None, dec_hook: Callable[[Any, Any], Any] | None
    ) -> None:
        self._enc_hook = enc_hook
        self._dec_hook = dec_hook
        self._lock = threading.RLock()  # a form is in use only once it is complete
        self._classes: dict[object, _Form] = {}
        self._aliases: dict[object, _Later] = {}

    def form(self, type: object) -> _Form:
        with self._lock:
            if isinstance(type, Call):
                return _Call(type, self.form)
            try:
                return self._form(type, _TOP)
            except RecursionError:
                return _Unsupported(_name(type))

    def _form(self, type: Any, scope: _Scope) -> _Form:
        if isinstance(type, Unresolved):
            return _Any(type.text)
        if isinstance(type, TypeVar):
            return scope.variables.get(type) or self._form(_bound(type), scope)
        if type is typing.Self:
            return scope.owner or _LEAVES[Any]
        if isinstance(type, typing.NewType):
            return self._form(type.__supertype__, scope)
        if typing.get_origin(type) is None and _is_alias(type):
            return self._alias(type, (), scope)
        if isinstance(type, str | typing.ForwardRef):
            return _Any(type if isinstance(type, str) else type.__forward_arg__)
        origin = typing.get_origin(type)
        if origin is not None:
            return self._parametrized(origin, typing.get_args(type), type, scope)
        if isinstance(type, collections.abc.Hashable) and type in _LEAVES:
            return _LEAVES[type]
        if not inspect.isclass(type):
            return _Unsupported(_name(type))
        if (container := self._container(type, (), scope)) is not None:
            return container
        return self._class(type, ())

    def _alias(self, alias: Any, arguments: tuple[_Form, ...], scope: _Scope) -> _Form:
        key = (alias, arguments)
        if key in self._aliases:
            later = self._aliases[key]
            return getattr(later, "form", later)
        later = self._aliases[key] = _Later(alias.__name__)
        try:
            variables = dict(zip(alias.__type_params__, arguments, strict=False))
            later.form = self._form(alias.__value__, _Scope(variables, scope.owner))
        except NameError as error:
            later.form = _Any(f"{alias.__name__}: {error}")
        return later.form

    def _parametrized(self, origin: Any, arguments: tuple[Any, ...], type: Any, scope: _Scope) -> _Form:
        if origin in _WRAPPERS:
            return self._form(arguments[0], scope)
        if origin is Literal:
            return self._literal(arguments)
        if origin is typing.Union or origin is types.UnionType:
            return self._union(arguments, scope)
        if _is_alias(origin):
            return self._alias(origin, tuple(self._form(argument, scope) for argument in arguments), scope)
        if (container := self._container(origin, arguments, scope)) is not None:
            return container
        if _is_record(origin) or typing.is_typeddict(origin):
            return self._class(origin, tuple(self._form(argument, scope) for argument in arguments))
        return _Unsupported(_name(type))

    def _literal(self, values: tuple[Any, ...]) -> _Form:
        plain = [value for value in values if type(value) in (str, int, bool, type(None))]
        others = list(dict.fromkeys(type(value) for value in values if value not in plain))
        forms = [_Literal(plain)] if plain else []
        return _joined([*forms, *(self._form(kind, _TOP) for kind in others)])

    def _union(self, arguments: tuple[Any, ...], scope: _Scope) -> _Form:
        forms: list[_Form] = []
        for argument in arguments:
            form = self._form(argument, scope)
            forms += form.parts() if type(form) is _Union else (form,)
        for form in forms:
            if isinstance(form, _Any):
                return form
        return _joined(list(dict.fromkeys(forms)))

    def _container(self, kind: Any, arguments: tuple[Any, ...], scope: _Scope) -> _Form | None:
        forms = [self._form(argument, scope) for argument in arguments if argument is not ...]
        first = forms[0] if forms else _LEAVES[Any]
        if kind is tuple:
            if any(
                typing.get_origin(one) is typing.Unpack or getattr(one, "__unpacked__", False)
                for one in arguments
            ):
                return _Unsupported("a tuple of unknown length")
            return _Items(tuple, first) if ... in arguments or arguments == () else _Tuple(forms)
        if kind in (list, set, frozenset):
            return _Items(kind, first)
        if kind is collections.abc.MutableSequence:
            return _Items(list, first)
        if kind is collections.abc.MutableSet:
            return _Items(set, first)
        if kind in _LISTS or kind is collections.abc.Set:
            pair = (list, tuple) if kind in _LISTS else (set, frozenset)
            usual, other = (_Items(one, first) for one in pair)
            return _Union([usual, other], tagged=[other])
        if kind in _DICTS:
            return _Dict(first, forms[1] if len(forms) == 2 else _LEAVES[Any])
        return None

    def _class(self, kind: Any, arguments: tuple[_Form, ...]) -> _Form:
        key = (kind, arguments)
        form = self._classes.get(key)
        if form is None:
            form = self._classes[key] = self._new(kind)
            if arguments:
                form.name += f"[{', '.join(argument.name for argument in arguments)}]"
            if isinstance(form, _Record | _TypedDict):
                try:
                    self._fill(form, kind, arguments)
                except BaseException:
                    del self._classes[key]
                    raise
        return form

    def _new(self, kind: Any) -> _Form:
        if issubclass(kind, enum.Enum):
            return _Enum(kind)
        if typing.is_typeddict(kind):
            return _TypedDict(kind.__name__)
        if hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_dump"):
            return _Pydantic(kind)
        if _is_record(kind):
            return _new_record(kind)
        for base in (str, int, float):
            if issubclass(kind, base):
                return _Subclass(kind, base)
        if self._enc_hook and self._dec_hook:
            return _Hooked(kind, self._enc_hook, self._dec_hook)
        return _Unsupported(kind.__name__)

    def _fill(self, form: _Record | _TypedDict, kind: Any, arguments: tuple[_Form, ...]) -> None:
        scopes = {
            base: _Scope(variables, form)
            for base, variables in self._variables(kind, arguments, form).items()
        }
        hints: dict[str, _Form] = {}
        for base in reversed(kind.__mro__ if not isinstance(form, _TypedDict) else (kind,)):
            for name, hint in _hints(base).items():
                hints[name] = self._form(hint, scopes.get(base, _Scope(owner=form)))
        if isinstance(form, _TypedDict):
            form.items = hints
            return
        fields = _fields(kind)
        for field in fields:
            field.form = hints.get(field.name, _LEAVES[Any])
        form.fill(fields)

    def _variables(
        self, kind: Any, arguments: tuple[_Form, ...], owner: _Form
    ) -> dict[Any, dict[object, _Form]]:
        """What the type variables of a class and of its bases stand for."""
        own = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=False))
        found = {kind: own}
        for base in getattr(kind, "__orig_bases__", ()):
            origin = typing.get_origin(base)
            if inspect.isclass(origin) and origin is not typing.Generic:
                forms = tuple(self._form(argument, _Scope(own, owner)) for argument in typing.get_args(base))
                found |= self._variables(origin, forms, owner)
        return found


def _is_alias(type: object) -> bool:
    """Whether this was made by the `type` statement."""
    return hasattr(type, "__value__") and not inspect.isclass(type)


def _joined(forms: list[_Form]) -> _Form:
    return forms[0] if len(forms) == 1 else _Union(forms)


def _bound(variable: TypeVar) -> Any:
    if variable.__constraints__:
        return typing.Union[variable.__constraints__]  # noqa: UP007
    return Any if variable.__bound__ is None else variable.__bound__


def _is_record(kind: Any) -> bool:
    return inspect.isclass(kind) and (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or issubclass(kind, msgspec.Struct)
        or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
    )


def _new_record(kind: Any) -> _Form:
    if issubclass(kind, msgspec.Struct):
        return _Record(kind, constructor=True, proven=not hasattr(kind, "__post_init__"))
    if issubclass(kind, tuple):
        return _Record(kind, constructor=True, proven=kind.__new__.__module__.startswith("namedtuple_"))
    own = vars(kind)
    usual = kind.__new__ is object.__new__ and kind.__getattribute__ is object.__getattribute__
    usual = usual and not any(hasattr(kind, name) for name in _OWN_CODE)
    if "__dataclass_fields__" in own:
        # A pseudo-field InitVar is an argument that no attribute keeps.
        if any(str(one._field_type) == "_FIELD_INITVAR" for one in own["__dataclass_fields__"].values()):
            return _Unsupported(f"{kind.__name__}, a dataclass with an InitVar")
        options = own["__dataclass_params__"]
        generated = options.init and (_is_generated(kind.__init__) or hasattr(kind, "__pydantic_validator__"))
        usual = usual and generated and (options.frozen or kind.__setattr__ is object.__setattr__)
        return _Record(kind, constructor=generated, proven=usual)
    if "__attrs_attrs__" in own:
        generated = "__attrs_init__" not in own and _is_generated(kind.__init__)
        usual = usual and generated and not any(one.converter for one in own["__attrs_attrs__"])
        return _Record(kind, constructor=generated, proven=usual)
    return _Record(kind, constructor=False, proven=False)  # it inherits from a dataclass and is none itself


def _is_generated(init: Any) -> bool:
    """Whether dataclasses or attrs wrote a constructor; they leave alone one that the class has."""
    return isinstance(init, types.FunctionType) and init.__code__.co_filename.startswith("<")


_OWN_CODE = ("__post_init__", "__attrs_post_init__", "__attrs_pre_init__", "__pydantic_validator__")


def _fields(kind: Any) -> list[_Field]:
    todo = _LEAVES[Any]
    if issubclass(kind, msgspec.Struct):
        return [
            _Field(one.name, one.encode_name, one.name, not one.required, todo)
            for one in msgspec.structs.fields(kind)
        ]
    if issubclass(kind, tuple):
        return [_Field(name, name, name, name in kind._field_defaults, todo) for name in kind._fields]
    if dataclasses.is_dataclass(kind):
        missing = dataclasses.MISSING
        return [
            _Field(
                one.name,
                one.name,
                one.name if one.init else "",
                one.default is not missing or one.default_factory is not missing or not one.init,
                todo,
            )
            for one in dataclasses.fields(kind)
        ]
    nothing = sys.modules["attr"].NOTHING
    return [
        _Field(
            one.name,
            one.name,
            one.alias if one.init else "",
            one.default is not nothing or not one.init,
            todo,
        )
        for one in kind.__attrs_attrs__
    ]


def _hints(kind: Any) -> dict[str, object]:
    """The annotations that a class itself has, evaluated one by one."""
    raw = kind.__annotations__ if typing.is_typeddict(kind) else vars(kind).get("__annotations__", {})
    names = dict(vars(sys.modules.get(kind.__module__, types)))
    local = {variable.__name__: variable for variable in getattr(kind, "__type_params__", ())}
    local.setdefault(kind.__name__, kind)
    return {name: evaluate(hint, names, local) for name, hint in raw.items()}


def evaluate(hint: Any, names: Mapping[str, Any], local: Mapping[str, Any]) -> object:
    """An annotation with its strings evaluated; `Unresolved` if that fails."""
    holder = types.SimpleNamespace(__annotations__={"it": hint})
    try:
        return typing.get_type_hints(holder, dict(names), dict(local), include_extras=True)["it"]
    except Exception:  # noqa: BLE001 - an annotation may be any expression
        return Unresolved(hint if isinstance(hint, str) else _name(hint))


# Comparing what was stored with what comes back


def _difference(value: Any, restored: Any) -> _RefusedError | None:
    """Where two values differ, in type or in content; None if nowhere."""
    if type(value) is not type(restored):
        return _changed(value, restored)
    if isinstance(value, dict):
        keys = list(value)
        found = _difference_of_items(keys, list(restored), lambda index: f".keys()[{index}]")
        items = list(value.values()), list(restored.values())
        return found or _difference_of_items(*items, lambda index: f"[{keys[index]!r}]")
    if isinstance(value, list | tuple):
        return _difference_of_items(value, restored, lambda index: f"[{index}]")
    if isinstance(value, set | frozenset):
        twins = {item: item for item in restored}
        others = [twins.get(item, _MISSING) for item in value]
        return _difference_of_items(list(value), others, lambda index: "") or (
            None if len(value) == len(restored) else _changed(value, restored)
        )
    attributes = {} if isinstance(value, enum.Enum) else _attributes(value)
    if attributes:
        names = list(attributes)
        back = _attributes(restored)
        found = _difference_of_items(
            list(attributes.values()),
            [back.get(name, _MISSING) for name in names],
            lambda index: f".{names[index]}",
        )
        return found or (None if len(back) == len(names) else _changed(value, restored))
    return None if _equal(value, restored) else _changed(value, restored)


def _difference_of_items(
    values: Sequence[Any], others: Sequence[Any], step: Callable[[int], str]
) -> _RefusedError | None:
    for index, (value, other) in enumerate(zip(values, others, strict=False)):
        if found := _difference(value, other):
            return found.at(step(index))
    return None if len(values) == len(others) else _changed(values, others)


def _equal(value: Any, restored: Any) -> bool:
    if isinstance(value, float | decimal.Decimal):
        return repr(value) == repr(restored)
    if isinstance(value, datetime.datetime | datetime.time):
        same = value.replace(tzinfo=None) == restored.replace(tzinfo=None) and value.fold == restored.fold
        return same and _equal_zones(value, restored)
    return bool(value == restored)


def _equal_zones(value: Any, restored: Any) -> bool:
    """Zones that depend on the date have to be the same; fixed offsets may be of different classes."""
    if isinstance(value.tzinfo, zoneinfo.ZoneInfo) or isinstance(restored.tzinfo, zoneinfo.ZoneInfo):
        return bool(value.tzinfo is restored.tzinfo)
    return bool(value.utcoffset() == restored.utcoffset())


def _changed(value: object, restored: object) -> _RefusedError:
    back = "nothing" if restored is _MISSING else _brief(restored)
    return _RefusedError(
        f"is {_brief(value)} and would come back as {back}; "
        "declare its exact type, or pass what it is made from"
    )


def _attributes(value: Any) -> dict[str, Any]:
    """What makes up an object: fields and attributes, except what is cached."""
    kind = type(value)
    found: dict[str, Any] = {}
    if _is_record(kind) and not isinstance(value, tuple):
        found = {field.name: getattr(value, field.name, _MISSING) for field in _fields(kind)}
    for name, item in getattr(value, "__dict__", {}).items():
        if not isinstance(inspect.getattr_static(kind, name, None), functools.cached_property):
            found[name] = item
    if hasattr(kind, "__pydantic_validator__"):
        for name in ("__pydantic_extra__", "__pydantic_private__"):
            found[name] = getattr(value, name, None)
    return found


# Messages


def _name(type: object) -> str:
    return type.__name__ if inspect.isclass(type) else str(type).replace("typing.", "")


def _brief(value: object) -> str:
    text = msgspec.json.encode(value).decode() if _is_plain(value) else _describe(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_plain(value: object) -> bool:
    try:
        _LEAVES[Any].lower(value)
        _encode(value)
    except (_RefusedError, RecursionError, ValueError):
        return False
    return True


def _describe(value: object) -> str:
    kind = type(value)
    if kind is float:
        return f"the float {value!r}"
    if value is None or kind is bool:
        return repr(value)
    name = kind.__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _advice(value: object, wanted: Iterable[type]) -> str:
    """What to write instead."""
    kind = type(value)
    if kind in (set, frozenset, tuple, list, dict):
        parameters = {tuple: "..., ...", dict: "..., ..."}.get(kind, "...")
        return f"annotate it as {kind.__name__}[{parameters}]"
    for base in wanted:
        if kind is not base and issubclass(kind, base) and base in (str, int, float, list, dict, tuple, set):
            return f"annotate it as {kind.__name__}, or pass {base.__name__}(...) of it"
        if kind is not base and issubclass(kind, base):
            return f"annotate it as {kind.__name__}, or as {base.__name__} | {kind.__name__}"
    if (
        (kind in _LEAVES and kind is not object)
        or _is_record(kind)
        or issubclass(kind, enum.Enum)
        or hasattr(kind, "model_dump")
    ):
        return f"annotate it as {kind.__name__}"
    return "pass its id, or what it is made from"
