"""Makes the forms of records, by whether making an object of the class runs code of its own."""

from __future__ import annotations

import types
from typing import Any

import msgspec

from runtime_min.codec.forms import Form, UnsupportedForm
from runtime_min.codec.records import RecordForm

_OWN_CODE = ("__post_init__", "__attrs_post_init__", "__attrs_pre_init__", "__pydantic_validator__")


def new_record(kind: Any) -> Form:
    """The form of a record class, still without its fields."""
    if issubclass(kind, msgspec.Struct):
        return RecordForm(kind, constructor=True, proven=not hasattr(kind, "__post_init__"))
    if issubclass(kind, tuple):
        return RecordForm(kind, constructor=True, proven=kind.__new__.__module__.startswith("namedtuple_"))
    own = vars(kind)
    usual = kind.__new__ is object.__new__ and kind.__getattribute__ is object.__getattribute__
    usual = usual and not any(hasattr(kind, name) for name in _OWN_CODE)
    if "__dataclass_fields__" in own:
        # A pseudo-field InitVar is an argument that no attribute keeps.
        if any(str(one._field_type) == "_FIELD_INITVAR" for one in own["__dataclass_fields__"].values()):
            return UnsupportedForm(f"{kind.__name__}, a dataclass with an InitVar")
        options = own["__dataclass_params__"]
        generated = options.init and (_is_generated(kind.__init__) or hasattr(kind, "__pydantic_validator__"))
        usual = usual and generated and (options.frozen or kind.__setattr__ is object.__setattr__)
        return RecordForm(kind, constructor=generated, proven=usual)
    if "__attrs_attrs__" in own:
        generated = "__attrs_init__" not in own and _is_generated(kind.__init__)
        usual = usual and generated and not any(one.converter for one in own["__attrs_attrs__"])
        return RecordForm(kind, constructor=generated, proven=usual)
    # It inherits from a dataclass and is none itself.
    return RecordForm(kind, constructor=False, proven=False)


def _is_generated(init: Any) -> bool:
    """Whether dataclasses or attrs wrote a constructor; they leave alone one that the class has."""
    return isinstance(init, types.FunctionType) and init.__code__.co_filename.startswith("<")
