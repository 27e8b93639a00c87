"""Makes forms from types."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import inspect
import pathlib
import threading
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from runtime_min.codec.annotations import Arguments, Unresolved, hints_of, type_name
from runtime_min.codec.classes import new_record
from runtime_min.codec.containers import ArgumentsForm, DictForm, ItemsForm, TupleForm, TypedDictForm
from runtime_min.codec.fields import fields_of
from runtime_min.codec.forms import Form, LaterForm, UnsupportedForm
from runtime_min.codec.kinds import is_record
from runtime_min.codec.leaves import (
    AnyForm,
    EnumForm,
    FloatForm,
    IntForm,
    LiteralForm,
    ScalarForm,
    StrForm,
    SubclassForm,
)
from runtime_min.codec.records import HookedForm, PydanticForm, RecordForm
from runtime_min.codec.table import LEAVES
from runtime_min.codec.texts import text_forms
from runtime_min.codec.unions import UnionForm

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

    variables: Mapping[object, Form] = dataclasses.field(default_factory=dict)
    owner: Form | None = None


_TOP = _Scope()


class Builder:
    """Makes forms, once for each class."""

    def __init__(
        self, enc_hook: Callable[[Any], Any] | None, dec_hook: Callable[[Any, Any], Any] | None
    ) -> None:
        self._enc_hook = enc_hook
        self._dec_hook = dec_hook
        self._lock = threading.RLock()  # a form is in use only once it is complete
        self._classes: dict[object, Form] = {}
        self._aliases: dict[object, LaterForm] = {}

    def form(self, type: object) -> Form:
        """The form of a type, or of the `Arguments` of a call."""
        with self._lock:
            if isinstance(type, Arguments):
                return ArgumentsForm(type, self.form)
            try:
                return self._form(type, _TOP)
            except RecursionError:
                return UnsupportedForm(type_name(type))

    def _form(self, type: Any, scope: _Scope) -> Form:
        if isinstance(type, Unresolved):
            return AnyForm(type.text)
        if isinstance(type, TypeVar):
            return scope.variables.get(type) or self._form(_bound(type), scope)
        if type is typing.Self:
            return scope.owner or LEAVES[Any]
        if isinstance(type, typing.NewType):
            return self._form(type.__supertype__, scope)
        if typing.get_origin(type) is None and _is_alias(type):
            return self._alias(type, (), scope)
        if isinstance(type, str | typing.ForwardRef):
            return AnyForm(type if isinstance(type, str) else type.__forward_arg__)
        origin = typing.get_origin(type)
        if origin is not None:
            return self._parametrized(origin, typing.get_args(type), type, scope)
        if isinstance(type, collections.abc.Hashable) and type in LEAVES:
            return LEAVES[type]
        if not inspect.isclass(type):
            return UnsupportedForm(type_name(type))
        if (container := self._container(type, (), scope)) is not None:
            return container
        return self._class(type, ())

    def _alias(self, alias: Any, arguments: tuple[Form, ...], scope: _Scope) -> Form:
        key = (alias, arguments)
        if key in self._aliases:
            later = self._aliases[key]
            return getattr(later, "form", later)
        later = self._aliases[key] = LaterForm(alias.__name__)
        try:
            variables = dict(zip(alias.__type_params__, arguments, strict=False))
            later.form = self._form(alias.__value__, _Scope(variables, scope.owner))
        except NameError as error:
            later.form = AnyForm(f"{alias.__name__}: {error}")
        return later.form

    def _parametrized(self, origin: Any, arguments: tuple[Any, ...], type: Any, scope: _Scope) -> Form:
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
        if is_record(origin) or typing.is_typeddict(origin):
            return self._class(origin, tuple(self._form(argument, scope) for argument in arguments))
        return UnsupportedForm(type_name(type))

    def _literal(self, values: tuple[Any, ...]) -> Form:
        plain = [value for value in values if type(value) in (str, int, bool, type(None))]
        others = list(dict.fromkeys(type(value) for value in values if value not in plain))
        forms = [LiteralForm(plain)] if plain else []
        return _joined([*forms, *(self._form(kind, _TOP) for kind in others)])

    def _union(self, arguments: tuple[Any, ...], scope: _Scope) -> Form:
        forms: list[Form] = []
        for argument in arguments:
            form = self._form(argument, scope)
            forms += form.parts() if type(form) is UnionForm else (form,)
        for form in forms:
            if isinstance(form, AnyForm):
                return form
        return _joined(list(dict.fromkeys(forms)))

    def _container(self, kind: Any, arguments: tuple[Any, ...], scope: _Scope) -> Form | None:
        forms = [self._form(argument, scope) for argument in arguments if argument is not ...]
        first = forms[0] if forms else LEAVES[Any]
        if kind is tuple:
            if any(
                typing.get_origin(one) is typing.Unpack or getattr(one, "__unpacked__", False)
                for one in arguments
            ):
                return UnsupportedForm("a tuple of unknown length")
            return ItemsForm(tuple, first) if ... in arguments or arguments == () else TupleForm(forms)
        if kind in (list, set, frozenset):
            return ItemsForm(kind, first)
        if kind is collections.abc.MutableSequence:
            return ItemsForm(list, first)
        if kind is collections.abc.MutableSet:
            return ItemsForm(set, first)
        if kind in _LISTS or kind is collections.abc.Set:
            pair = (list, tuple) if kind in _LISTS else (set, frozenset)
            usual, other = (ItemsForm(one, first) for one in pair)
            return UnionForm([usual, other], tagged=[other])
        if kind in _DICTS:
            return DictForm(first, forms[1] if len(forms) == 2 else LEAVES[Any])
        return None

    def _class(self, kind: Any, arguments: tuple[Form, ...]) -> Form:
        key = (kind, arguments)
        form = self._classes.get(key)
        if form is None:
            form = self._classes[key] = self._new(kind)
            if arguments:
                form.name += f"[{', '.join(argument.name for argument in arguments)}]"
            if isinstance(form, RecordForm | TypedDictForm):
                try:
                    self._fill(form, kind, arguments)
                except BaseException:
                    del self._classes[key]
                    raise
        return form

    def _new(self, kind: Any) -> Form:
        if issubclass(kind, enum.Enum):
            return EnumForm(kind)
        if typing.is_typeddict(kind):
            return TypedDictForm(kind.__name__)
        if hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_dump"):
            return PydanticForm(kind)
        if is_record(kind):
            return new_record(kind)
        for base in (str, int, float):
            if issubclass(kind, base):
                return SubclassForm(kind, base)
        if self._enc_hook and self._dec_hook:
            return HookedForm(kind, self._enc_hook, self._dec_hook)
        return UnsupportedForm(kind.__name__)

    def _fill(self, form: RecordForm | TypedDictForm, kind: Any, arguments: tuple[Form, ...]) -> None:
        scopes = {
            base: _Scope(variables, form)
            for base, variables in self._variables(kind, arguments, form).items()
        }
        hints: dict[str, Form] = {}
        for base in reversed(kind.__mro__ if not isinstance(form, TypedDictForm) else (kind,)):
            for name, hint in hints_of(base).items():
                hints[name] = self._form(hint, scopes.get(base, _Scope(owner=form)))
        if isinstance(form, TypedDictForm):
            form.items = hints
            return
        fields = fields_of(kind)
        for field in fields:
            field.form = hints.get(field.name, LEAVES[Any])
        form.fill(fields)

    def _variables(
        self, kind: Any, arguments: tuple[Form, ...], owner: Form
    ) -> dict[Any, dict[object, Form]]:
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


def _joined(forms: list[Form]) -> Form:
    return forms[0] if len(forms) == 1 else UnionForm(forms)


def _bound(variable: TypeVar) -> Any:
    if variable.__constraints__:
        return typing.Union[variable.__constraints__]  # noqa: UP007
    return Any if variable.__bound__ is None else variable.__bound__


def _leaf_forms() -> dict[object, Form]:
    """The forms of all types without parts, by type."""
    leaves: dict[object, Form] = {kind: ScalarForm(kind) for kind in (type(None), bool)}
    leaves |= {
        Any: AnyForm(),
        object: AnyForm(),
        int: IntForm("int"),
        str: StrForm("str"),
        float: FloatForm("float"),
        None: leaves[type(None)],
    }
    for form in text_forms():
        leaves |= dict.fromkeys(form.kinds, form)
    leaves[pathlib.Path] = leaves[type(pathlib.Path())]
    leaves[pathlib.PurePath] = leaves[type(pathlib.PurePath())]
    return leaves


LEAVES.update(_leaf_forms())
