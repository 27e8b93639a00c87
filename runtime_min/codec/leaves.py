"""The forms of values without parts; to these belong the unannotated ones, which are taken as they are."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec

from runtime_min.codec.forms import Form
from runtime_min.codec.messages import advice, brief, described
from runtime_min.codec.refusals import RefusedError, made
from runtime_min.codec.table import LEAVES

_WIDEST = 1 << 4096  # beyond a few thousand digits Python refuses to read an integer


class AnyForm(Form):
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
                except RefusedError as refused:
                    raise refused.at(f"[{index}]") from None
            return value
        if kind is dict:
            for key, item in value.items():
                if type(key) is not str:
                    raise RefusedError(
                        f"has the key {key!r}, and without a type only strings come back as they are; "
                        f"annotate it as dict[{type(key).__name__}, ...]"
                    )
                try:
                    self.lower(key)
                    self.lower(item)
                except RefusedError as refused:
                    raise refused.at(f"[{key!r}]") from None
            return value
        return self.refuse(value)

    def refuse(self, value: object) -> NoReturn:
        if self._unresolved:
            raise RefusedError(
                f"is {described(value)}, but the annotation {self._unresolved!r} cannot be evaluated at run "
                "time; define what it names at module level, and import it outside of `if TYPE_CHECKING:`"
            )
        raise RefusedError(
            f"is {described(value)}, and has no type to restore it by; {advice(value, self.kinds)}"
        )

    def lift(self, plain: Any) -> Any:
        return plain


def _checked_str(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RefusedError("has a lone surrogate, which cannot be stored; annotate it as bytes") from None
    return value


def _checked_int(value: int) -> int:
    if -_WIDEST < value < _WIDEST:
        return value
    raise RefusedError(
        f"is an integer of {value.bit_length()} bits, and 4096 can be stored; annotate it as bytes"
    )


class ScalarForm(Form):
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


class StrForm(Form):
    """Strings, of what UTF-8 can express."""

    kinds = shapes = native = frozenset({str})

    def lower(self, value: Any) -> Any:
        if type(value) is str:
            return value if value.isascii() else _checked_str(value)
        return self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return plain if type(plain) is str else self.misfit(plain)


class IntForm(Form):
    """Integers of any size, and `True` where an int is declared."""

    kinds = shapes = native = frozenset({int, bool})

    def lower(self, value: Any) -> Any:
        if type(value) is int:
            return _checked_int(value)
        return value if type(value) is bool else self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return plain if type(plain) is int or type(plain) is bool else self.misfit(plain)


class FloatForm(Form):
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


class TextForm(Form):
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


class SubclassForm(Form):
    """A class of the user's that is a str, an int or a float, and declared as itself."""

    proven = False

    def __init__(self, kind: type, base: type) -> None:
        super().__init__(kind.__name__)
        self.kinds = frozenset({kind})
        self._kind = kind
        self._inner: Form = LEAVES[base]
        self._plain: Callable[[Any], Any] = {str: str.__str__, int: int.__index__, float: float.__float__}[
            base
        ]
        self.shapes = self._inner.shapes

    def lower(self, value: Any) -> Any:
        return self._inner.lower(self._plain(value)) if type(value) is self._kind else self.refuse(value)

    def lift(self, plain: Any) -> Any:
        return made(self._kind, self._inner.lift(plain))


class EnumForm(Form):
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
        return value.value if self._flags else LEAVES[Any].lower(self._stored[value])

    def lift(self, plain: Any) -> Any:
        try:
            if self._flags and type(plain) is int:
                return self._kind(plain)
            if type(plain) in self.shapes:
                return self._members[plain]
        except (KeyError, ValueError):
            pass
        raise RefusedError(f"is no member of {self.name}", brief(plain))


class LiteralForm(Form):
    """One of some strings, numbers, and None."""

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__(f"Literal[{', '.join(map(repr, values))}]")
        self._values = {(type(value), value) for value in values}
        self.kinds = self.shapes = self.native = frozenset(type(value) for value in values)

    def lower(self, value: Any) -> Any:
        if type(value) in self.kinds and (type(value), value) in self._values:
            return _checked_str(value) if type(value) is str else value
        raise RefusedError(f"is {brief(value)}, but {self.name} is declared")

    def lift(self, plain: Any) -> Any:
        if type(plain) in self.shapes and (type(plain), plain) in self._values:
            return plain
        return self.misfit(plain)
