"""What is wrong with the arguments that a call hands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mypy.nodes import ARG_NAMED, ARG_NAMED_OPT, ARG_OPT, ARG_POS, ARG_STAR, ARG_STAR2
from mypy.types import (
    CallableType,
    Instance,
    NoneType,
    ParamSpecType,
    Type,
    UnpackType,
    get_proper_type,
)

from color_checker.engines import Passing
from mypy_plugin.arguments.fitting import fits
from mypy_plugin.arguments.handed import Handed
from mypy_plugin.arguments.signatures import without_first


@dataclass(frozen=True)
class Mistake:
    """Why the arguments do not fit one signature.

    Attributes:
        kind: "missing", "extra", "type", or "keyword" (there is no parameter of that name).
        signature: without what the engine fills.
        count: how many arguments the function gets.
        position: of the argument that is wrong.
        parameter: the name of its parameter.
        declared: its type.
        given: the argument's.
    """

    kind: Literal["missing", "extra", "type", "keyword"]
    signature: CallableType
    count: int = 0
    position: int = 0
    parameter: str = ""
    declared: Type | None = None
    given: Type | None = None


def mistake(signature: CallableType, handed: Handed, passing: Passing) -> Mistake | None:
    """The first one, if any; `signature` has what the engine fills, but no self."""
    if signature.is_ellipsis_args or any(_is_open(one) for one in signature.arg_types):
        return None
    signature = without_first(signature, passing.given)
    if passing.bindings and signature.arg_kinds != [ARG_POS]:
        return None
    if passing.dropped and not signature.arg_kinds:
        return None
    if passing.nothing == "none" and not handed.types and handed.complete:
        return _none_instead(signature, passing)
    return _count(signature, handed) or _types(signature, handed, passing)


def _is_open(shown: Type) -> bool:
    return isinstance(get_proper_type(shown), ParamSpecType | UnpackType)


def _none_instead(signature: CallableType, passing: Passing) -> Mistake | None:
    """Nothing is given, and the function gets None, though not by a parameter that says it is not used."""
    positional = [index for index, kind in enumerate(signature.arg_kinds) if kind is ARG_POS]
    if len(positional) > 1:
        return Mistake("missing", signature, 0)
    for index in positional:
        name, declared = signature.arg_names[index] or "", signature.arg_types[index]
        if (
            not passing.bindings
            and not name.startswith("_")
            and not fits(NoneType(), declared, converted=False)
        ):
            return Mistake("missing", signature, 0, index, name, declared, NoneType())
    return None


def _count(signature: CallableType, handed: Handed) -> Mistake | None:
    count = len(handed.types)
    kinds, names = signature.arg_kinds, signature.arg_names
    places = [index for index, kind in enumerate(kinds) if kind in (ARG_POS, ARG_OPT)]
    if count > len(places) and ARG_STAR not in kinds:
        return Mistake("extra", signature, count + len(handed.keywords))
    for name in handed.keywords:
        if ARG_STAR2 not in kinds and name not in names:
            return Mistake("keyword", signature, parameter=name)
    missing = [index for index in places[count:] if kinds[index] is ARG_POS]
    missing += [index for index, kind in enumerate(kinds) if kind is ARG_NAMED]
    if handed.complete and any(names[index] not in handed.keywords for index in missing):
        return Mistake("missing", signature, count + len(handed.keywords))
    return None


def _types(signature: CallableType, handed: Handed, passing: Passing) -> Mistake | None:
    kinds, names, types = signature.arg_kinds, signature.arg_names, signature.arg_types
    places = [index for index, kind in enumerate(kinds) if kind in (ARG_POS, ARG_OPT)]
    rest = kinds.index(ARG_STAR) if ARG_STAR in kinds else None
    pairs = []
    for position, given in enumerate(handed.types):
        place = places[position] if position < len(places) else rest
        if place is not None:
            pairs.append((position, place, given))
    for name, given in handed.keywords.items():
        if name in names and kinds[names.index(name)] in (ARG_POS, ARG_OPT, ARG_NAMED, ARG_NAMED_OPT):
            pairs.append((len(handed.types), names.index(name), given))
    for position, place, given in pairs:
        if not fits(given, types[place], converted=passing.converted):
            name = names[place] or f"argument {position + 1}"
            return Mistake("type", signature, len(handed.types), position, name, types[place], given)
    return None


def is_sequence(shown: Type) -> bool:
    """Whether it is a list or a tuple."""
    proper = get_proper_type(shown)
    instance = getattr(proper, "partial_fallback", proper)
    return isinstance(instance, Instance) and instance.type.fullname in ("builtins.list", "builtins.tuple")
