"""The forms of dataclasses, attrs classes, structs, named tuples, pydantic models and hooked classes."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from runtime_min.codec.fields import MISSING, Field, attributes_of
from runtime_min.codec.forms import Form
from runtime_min.codec.messages import brief
from runtime_min.codec.plain import encode_json
from runtime_min.codec.refusals import RefusedError, made
from runtime_min.codec.table import LEAVES


class RecordForm(Form):
    """A dataclass, an attrs class, a msgspec struct or a named tuple: an object of its fields."""

    shapes = frozenset({dict})

    def __init__(self, kind: type, *, constructor: bool, proven: bool) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self.proven = proven
        self._kind = kind
        self._constructor = constructor
        self._fields: list[Field] = []

    def fill(self, fields: list[Field]) -> None:
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
        except RefusedError:
            raise self._locate(value) from None
        except AttributeError as error:
            raise RefusedError(f"is incomplete: {error}") from None
        if self._strict and len(getattr(value, "__dict__", ())) > self._attributes:
            self._check_extras(value)
        return plain

    def _locate(self, value: object) -> RefusedError:
        for field in self._fields:
            try:
                field.form.lower(getattr(value, field.name))
            except RefusedError as refused:
                return refused.at(f".{field.name}")
        return RefusedError("changed while it was being stored")

    def _check_extras(self, value: object) -> None:
        extras = attributes_of(value).keys() - {field.name for field in self._fields}
        if extras:
            name = min(extras)
            raise RefusedError(
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
            item = plain.get(field.key, MISSING)
            if item is not MISSING:
                try:
                    lifted = field.form.lift(item)
                except RefusedError as refused:
                    raise refused.at(f".{field.name}") from None
                if field.parameter:
                    arguments[field.parameter] = lifted
                else:
                    rest[field.name] = lifted
            elif not field.optional:
                raise RefusedError(f"lacks the field {field.key!r} of {self.name}", brief(plain))
        if plain and not arguments and not rest:
            return self.misfit(plain)
        return self._make(arguments, rest)

    def _make(self, arguments: dict[str, Any], rest: dict[str, Any]) -> Any:
        if self._constructor:
            value = made(self._kind, **arguments)
        else:
            value = object.__new__(self._kind)
        for name, item in rest.items():
            object.__setattr__(value, name, item)
        return value

    def parts(self) -> Iterable[Form]:
        return [field.form for field in self._fields]


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])


def _by_position(kind: Any) -> list[str]:
    """The parameters of a constructor that can be given by position."""
    parameters = inspect.signature(kind).parameters.values()
    return [one.name for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]


class PydanticForm(Form):
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
        plain = made(value.model_dump, mode="json", by_alias=True, round_trip=True)
        try:
            return LEAVES[Any].lower(plain)
        except RefusedError as refused:
            refused.reason = f"{self.name} dumps something that JSON cannot hold; give it a serializer"
            raise

    def lift(self, plain: Any) -> Any:
        return made(self._kind.model_validate_json, encode_json(plain))


class HookedForm(Form):
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
        plain = made(msgspec.to_builtins, made(self._enc_hook, value), str_keys=True)
        return LEAVES[Any].lower(plain)

    def lift(self, plain: Any) -> Any:
        return made(self._dec_hook, self._kind, plain)
