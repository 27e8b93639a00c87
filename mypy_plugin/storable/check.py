"""Reports types of parameters and results that an engine does not store as they are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from mypy.nodes import CallExpr, Decorator, FuncItem, Node

from color_checker.findings import Severity
from color_checker.rules.not_serializable import NotSerializable
from mypy_plugin.injection import CHECK
from mypy_plugin.storable.converters import Converter
from mypy_plugin.storable.functions import Stored, stored_by_call, stored_by_decorator, unannotated
from mypy_plugin.storable.messages import hint, message
from mypy_plugin.storable.registry import CONVERTERS
from mypy_plugin.storable.shapes import Shape
from mypy_plugin.storable.sources import Sources
from mypy_plugin.storable.troubles import Outcome, Spot, Trouble

if TYPE_CHECKING:
    from mypy_plugin.visit import Visit

#: The worst first.
_ORDER = [Outcome.REFUSED, Outcome.UNREADABLE, Outcome.CHANGED, Outcome.ALIKE, Outcome.UNSURE]
#: What is reported also without `strict`.
_SURE = frozenset({Outcome.REFUSED, Outcome.UNREADABLE, Outcome.CHANGED})


def check_decorator(visit: Visit, node: Node, around: tuple[FuncItem, ...]) -> None:
    """The types of a function that a decorator makes a workflow or a step."""
    assert isinstance(node, Decorator)
    _report(visit, stored_by_decorator(visit, node), (*around, node.func))
    if visit.project.config.strict:
        _report_unannotated(visit, node, around)


def check_call(visit: Visit, node: Node, around: tuple[FuncItem, ...]) -> None:
    """The types of functions that a call registers, or runs as steps."""
    assert isinstance(node, CallExpr)
    _report(visit, stored_by_call(visit, node), around)


def _report(visit: Visit, stored: Iterable[Stored], around: tuple[FuncItem, ...]) -> None:
    for one in stored:
        found = _found(visit, one)
        if found is not None:
            troubles, converter = found
            text = message(
                one.function,
                one.parameter,
                troubles,
                converter,
                lambda module: bool(_own_path(visit, module)),
            )
            severity: Severity = "error" if troubles[0].outcome in _SURE else "warning"
            visit.report(NotSerializable, one.place, text, around=around, severity=severity)


def _report_unannotated(visit: Visit, node: Decorator, around: tuple[FuncItem, ...]) -> None:
    found = unannotated(visit, node)
    converter = CONVERTERS.get(found[0].profile.argument_converter(found[0].name)) if found else None
    if found is not None and converter is not None:
        text = hint(node.func.name, found[1], converter)
        visit.report(NotSerializable, node.func, text, around=(*around, node.func), severity="warning")


def _found(visit: Visit, stored: Stored) -> tuple[list[Trouble], Converter] | None:
    """The troubles of a type, worst first, if every converter has any that may be in use here."""
    default = CONVERTERS.get(stored.converter)
    if default is None or not _troubles(visit, default, stored):
        return None  # so it is seldom asked what is chosen
    verdicts = []
    for name in visit.project.converters(visit.path, stored.profile.name, stored.converter):
        chosen = CONVERTERS.get(name)
        if chosen is None or not (found := _troubles(visit, chosen, stored)):
            return None
        verdicts.append((found, chosen))
    return verdicts[0]


def _troubles(visit: Visit, converter: Converter, stored: Stored) -> list[Trouble]:
    spot = Spot(seen=set(), sources=_sources(visit), result=not stored.parameter)
    found = list(converter.troubles(Shape(stored.type), spot))
    if not visit.project.config.strict:
        # Where the caller is given a result without a type, it may well know what it gets.
        sure = _SURE - {Outcome.CHANGED} if converter.gives_untyped and not stored.parameter else _SURE
        found = [one for one in found if one.outcome in sure]
    return sorted(found, key=lambda one: _ORDER.index(one.outcome))


@lru_cache(maxsize=1)
def _sources(visit: Visit) -> Sources:
    """What the sources show, of which many are looked into more than once while a module is checked."""
    return Sources(partial(_own_path, visit))


def _own_path(visit: Visit, module: str) -> str:
    """The file of one of the project's modules, which have a check of their own; "" for others."""
    file = visit.api.modules.get(module)
    is_own = file is not None and any(name.endswith(CHECK) for name in file.names)
    return file.path if file is not None and is_own else ""


CHECKS = ((Decorator, check_decorator), (CallExpr, check_call))
