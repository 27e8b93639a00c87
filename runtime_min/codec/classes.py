"""Whether making an object of a class runs code of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime_min.codec.forms import Form, UnsupportedForm
from runtime_min.codec.kinds import OWN_CODE, is_generated
from runtime_min.codec.records import RecordForm


def new_record(kind: Any) -> Form:
    if issubclass(kind, msgspec.Struct):
        return RecordForm(kind, constructor=True, proven=not hasattr(kind, "__post_init__"))
    if issubclass(kind, tuple):
        return RecordForm(kind, constructor=True, proven=kind.__new__.__module__.startswith("namedtuple_"))
    own = vars(kind)
    usual = kind.__new__ is object.__new__ and kind.__getattribute__ is object.__getattribute__
    usual = usual and not any(hasattr(kind, name) for name in OWN_CODE)
    if "__dataclass_fields__" in own:
        # A pseudo-field InitVar is an argument that no attribute keeps.
        if any(str(one._field_type) == "_FIELD_INITVAR" for one in own["__dataclass_fields__"].values()):
            return UnsupportedForm(f"{kind.__name__}, a dataclass with an InitVar")
        options = own["__dataclass_params__"]
        generated = options.init and (is_generated(kind.__init__) or hasattr(kind, "__pydantic_validator__"))
        usual = usual and generated and (options.frozen or kind.__setattr__ is object.__setattr__)
        return RecordForm(kind, constructor=generated, proven=usual)
    if "__attrs_attrs__" in own:
        generated = "__attrs_init__" not in own and is_generated(kind.__init__)
        usual = usual and generated and not any(one.converter for one in own["__attrs_attrs__"])
        return RecordForm(kind, constructor=generated, proven=usual)
    return RecordForm(
        kind, constructor=False, proven=False
    )  # it inherits from a dataclass and is none itself
