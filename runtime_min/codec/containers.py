"""The forms of lists, tuples, dictionaries and the arguments of a call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NoReturn

from runtime_min.codec.annotations import Arguments
from runtime_min.codec.forms import Form
from runtime_min.codec.messages import brief
from runtime_min.codec.plain import encode_json
from runtime_min.codec.refusals import RefusedError, made


class ItemsForm(Form):
    """A list, a set, or a tuple of any length."""

    shapes = frozenset({list})

    def __init__(self, kind: type, item: Form) -> None:
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
        except RefusedError:
            raise _first_refusal(lower, value, self._unordered) from None
        if self._unordered:
            plain.sort(
                key=encode_json
            )  # the order of a set differs between processes, and with it the digest would
        return plain

    def lift(self, plain: Any) -> Any:
        if type(plain) is not list:
            return self.misfit(plain)
        lift = self._item.lift
        try:
            items = [lift(item) for item in plain]
        except RefusedError:
            raise _first_refusal(lift, plain, False) from None
        return items if self._kind is list else made(self._kind, items)

    def parts(self) -> Iterable[Form]:
        return (self._item,)


def _first_refusal(convert: Callable[[Any], Any], items: Iterable[Any], unordered: bool) -> RefusedError:
    for index, item in enumerate(items):
        try:
            convert(item)
        except RefusedError as refused:
            return refused.at(f"{{{brief(item)}}}" if unordered else f"[{index}]")
    return RefusedError("changed while it was being stored")


class TupleForm(Form):
    """A tuple with a type for each place."""

    kinds = frozenset({tuple})
    shapes = frozenset({list})

    def __init__(self, items: Sequence[Form]) -> None:
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
            raise RefusedError(f"has {len(value)} items, but {self.name} is declared")
        super().refuse(value)

    def parts(self) -> Iterable[Form]:
        return self._items


def _at(convert: Callable[[Any], Any], value: Any, key: object) -> Any:
    try:
        return convert(value)
    except RefusedError as refused:
        raise refused.at(f"[{key!r}]") from None


class DictForm(Form):
    """A dict: an object if all keys are strings or can be written as such, else a list of pairs."""

    kinds = frozenset({dict})

    def __init__(self, key: Form, value: Form) -> None:
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
        except RefusedError as refused:
            raise refused.at(f".keys()[{brief(key)}]") from None

    def lift(self, plain: Any) -> Any:
        if type(plain) not in self.shapes:
            return self.misfit(plain)
        pairs = plain.items() if type(plain) is dict else plain
        try:
            return {_at(self._key.lift, key, key): _at(self._value.lift, item, key) for key, item in pairs}
        except (TypeError, ValueError):  # no pairs, or keys that cannot be keys
            return self.misfit(plain)

    def parts(self) -> Iterable[Form]:
        return (self._key, self._value)


class TypedDictForm(Form):
    """A dict with a type for each key; absent keys stay absent."""

    kinds = shapes = frozenset({dict})

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.items: dict[str, Form] = {}

    def lower(self, value: Any) -> Any:
        if type(value) is not dict:
            return self.refuse(value)
        for key in value.keys() - self.items.keys():
            raise RefusedError(f"has the key {key!r}, which {self.name} does not declare")
        return {key: _at(self.items[key].lower, item, key) for key, item in value.items()}

    def lift(self, plain: Any) -> Any:
        if type(plain) is not dict:
            return self.misfit(plain)
        for key in plain.keys() - self.items.keys():
            raise RefusedError(f"is no key of {self.name}", repr(key))
        return {key: _at(self.items[key].lift, item, key) for key, item in plain.items()}

    def parts(self) -> Iterable[Form]:
        return self.items.values()


class ArgumentsForm(Form):
    """The arguments of a call: a list, or `{"args": [...], "kwargs": {...}}`."""

    def __init__(self, call: Arguments, form: Callable[[object], Form]) -> None:
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
            except RefusedError:
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
            except RefusedError:
                lifted = tuple(self._one_by_one("lift", args))
        else:
            lifted = tuple(self._one_by_one("lift", args))
        return lifted, self._by_name("lift", kwargs) if kwargs else {}

    def _one_by_one(self, way: Literal["lower", "lift"], args: Sequence[Any]) -> list[Any]:
        return [self._at(*self._place(index), way, item) for index, item in enumerate(args)]

    def _place(self, index: int) -> tuple[str, Form]:
        count = len(self._positional)
        if index < count:
            return self._positional[index]
        if self._more is None:
            raise RefusedError(f"more arguments are recorded than the {count} that it takes").at(self.name)
        return f"args[{index - count}]", self._more

    def _by_name(self, way: Literal["lower", "lift"], kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: self._at(name, self._keyword(name), way, item) for name, item in kwargs.items()}

    def _keyword(self, name: str) -> Form:
        form = self._keywords.get(name, self._more_keywords)
        if form is None:
            raise RefusedError(f"there is no parameter of this name in {self.name}").at(name)
        return form

    def _at(self, name: str, form: Form, way: Literal["lower", "lift"], value: Any) -> Any:
        try:
            return form.lower(value) if way == "lower" else form.lift(value)
        except RefusedError as refused:
            raise refused.at(name) from None

    def misfit(self, plain: object) -> NoReturn:
        raise RefusedError("is no list of arguments", brief(plain)).at(self.name)

    def parts(self) -> Iterable[Form]:
        others = [form for form in (self._more, self._more_keywords) if form]
        return [*(form for _, form in self._positional), *self._keywords.values(), *others]
