"""Finds the functions whose arguments or results an engine stores, and the types of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
from mypy.nodes import (
    ARG_STAR2,
    CallExpr,
    Context,
    Decorator,
    Expression,
    FuncDef,
    Import,
    ImportFrom,
    LambdaExpr,
    MemberExpr,
    NameExpr,
    RefExpr,
    StrExpr,
    SymbolNode,
)
from mypy.types import CallableType, Instance, Type, UnpackType, get_proper_type

from color_checker.engines import ColorSource, Profile
from mypy_plugin.callees import methods
from mypy_plugin.storable.shapes import awaited

if TYPE_CHECKING:
    from mypy_plugin.visit import Visit

_FORMS = ("decorator", "class-decorator", "registration", "argument", "base-class")


class Stored(msgspec.Struct, frozen=True):
    """One type of which an engine stores values.

    Attributes:
        profile: the engine.
        converter: the name of the converter that it uses if no other is chosen.
        function: what the function is called.
        parameter: the parameter that has the type, "" for the result.
        place: the annotation, or what stands for it.
    """

    profile: Profile
    converter: str
    function: str
    parameter: str
    type: Type
    place: Context


class Use(msgspec.Struct, frozen=True):
    """That a function gets its color by a decorator, registration or call of this name."""

    profile: Profile
    name: str
    call: CallExpr | None


def uses_of_decorator(visit: Visit, node: Decorator) -> Iterator[Use]:
    """What the decorators of a function make of it."""
    for expression in dict.fromkeys((*node.original_decorators, *node.decorators)):
        call = expression if isinstance(expression, CallExpr) else None
        names = visit.callees(call) if call is not None else names_of(visit, expression)
        found = [use for use in map(visit.names.engine, names) if use is not None]
        for profile, name in found:
            yield Use(profile, name, call)
        if not names:
            yield from _untyped_use(visit, node, call.callee if call is not None else expression, call)


def _untyped_use(
    visit: Visit, node: Decorator, decorator: Expression, call: CallExpr | None
) -> Iterator[Use]:
    """What a decorator of an SDK without types makes of the function, as the analyzer knows it."""
    last = decorator.name if isinstance(decorator, MemberExpr | NameExpr) else ""
    if not last or not visit.names.imports_engine(_imported(visit)):
        return
    coloring = visit.project.coloring(visit.path, node.func.line)
    profile = visit.names.profile(coloring.engine) if coloring is not None else None
    if profile is not None:
        for name in profile.argument_converters | profile.result_converters:
            if name.rpartition(".")[2] == last:
                yield Use(profile, name, call)
                return


def _imported(visit: Visit) -> list[str]:
    """The modules that a module imports."""
    found = []
    for one in visit.file.imports:
        if isinstance(one, ImportFrom):
            found.append(one.id)
        elif isinstance(one, Import):
            found += [module for module, _ in one.ids]
    return found


def names_of(visit: Visit, expression: Expression) -> tuple[str, ...]:
    """The full names of what an expression stands for, as `Visit.callees` has those of a call."""
    if isinstance(expression, MemberExpr):
        receiver = visit.type_of(expression.expr)
        if receiver is not None:
            found = tuple(methods(receiver, expression.name))
            if found and "" not in found:
                return found
    return (expression.fullname,) if isinstance(expression, RefExpr) and expression.fullname else ()


def stored_by_decorator(visit: Visit, node: Decorator) -> Iterator[Stored]:
    """What is stored of a decorated function."""
    seen: set[str] = set()
    for use in uses_of_decorator(visit, node):
        if use.name not in seen and not _chooses(use):
            seen.add(use.name)
            if not _is_dynamic(use):
                yield from _stored(use, node.func, node.func.type, _skipped(node.func))


def unannotated(visit: Visit, node: Decorator) -> tuple[Use, tuple[str, ...]] | None:
    """The parameters of a function that is not annotated at all, if its arguments are stored."""
    if node.func.type is not None:
        return None
    for use in uses_of_decorator(visit, node):
        if use.profile.argument_converter(use.name) and not _chooses(use) and not _is_dynamic(use):
            engines = next((len(source.parameters) for source in _sources(use)), 0)
            names = node.func.arg_names[_skipped(node.func) + engines :]
            if names:
                return use, tuple(name for name in names if name)
    return None


def stored_by_call(visit: Visit, node: CallExpr) -> Iterator[Stored]:
    """What is stored of the functions that a call gets: those that it registers or runs as steps."""
    for name in visit.callees(node):
        found = visit.names.engine(name)
        if found is None:
            continue
        use = Use(*found, node)
        for source in _sources(use):
            if source.by in ("registration", "argument") and not _chooses(use):
                for argument in picked(node, source.argument):
                    yield from _stored_of_argument(visit, use, argument)


def _stored_of_argument(visit: Visit, use: Use, argument: Expression) -> Iterator[Stored]:
    function = _function(argument.node) if isinstance(argument, RefExpr) else None
    if function is not None and function.fullname.startswith(f"{visit.file.fullname}."):
        if isinstance(argument.node if isinstance(argument, RefExpr) else None, FuncDef | Decorator):
            yield from _stored(use, function, function.type, _skipped(function))
    elif isinstance(argument, RefExpr | LambdaExpr):
        found = visit.type_of(argument)
        name = getattr(argument, "name", "") or "the lambda"
        if isinstance(found, CallableType) and not found.is_type_obj():
            yield from _stored(use, None, found, 0, place=argument, called=name)


def _function(node: SymbolNode | None) -> FuncDef | None:
    match node:
        case FuncDef():
            return node
        case Decorator(func=function):
            return function
    return None


def _stored(
    use: Use, function: FuncDef | None, declared: Type | None, skipped: int, *,
    place: Context | None = None, called: str = "",
) -> Iterator[Stored]:  # fmt: skip
    signature = get_proper_type(declared) if declared is not None else None
    if not isinstance(signature, CallableType):
        return
    profile = use.profile
    name = function.name if function is not None else called
    context = place if place is not None else function
    assert context is not None
    converter = profile.argument_converter(use.name)
    if converter:
        for index, (parameter, taken) in _parameters(use, signature, skipped):
            where = _annotation(function, index) or context
            yield Stored(profile, converter, name, parameter, taken, where)
    converter = profile.result_converter(use.name)
    if converter:
        result = signature.ret_type
        is_generator = any(source.generator for source in _sources(use))
        given = _returned(result) if is_generator else awaited(result)
        if given is not None:
            where = _result_annotation(function) or context
            yield Stored(profile, converter, name, "", given, where)


def _parameters(use: Use, signature: CallableType, skipped: int) -> Iterator[tuple[int, tuple[str, Type]]]:
    """The parameters whose arguments are stored, with their positions."""
    by_name = _named_parameter(use)
    engines = [bool(dotted) for source in _sources(use)[:1] for dotted in source.parameters]
    for index, (name, kind, taken) in enumerate(
        zip(signature.arg_names, signature.arg_kinds, signature.arg_types, strict=True)
    ):
        position = index - skipped
        if position < 0 or kind == ARG_STAR2 or (position < len(engines) and engines[position]):
            continue
        if by_name is not None and name != by_name:
            continue
        if not isinstance(get_proper_type(taken), UnpackType):
            yield index, (name or f"#{index + 1}", taken)


def _named_parameter(use: Use) -> str | None:
    """The name of the one parameter that is stored, where the decorator says it."""
    wanted = use.profile.stored_parameter(use.name)
    if not wanted or use.call is None:
        return None
    for argument in picked(use.call, wanted):
        return argument.value if isinstance(argument, StrExpr) else ""
    return None


def _returned(result: Type) -> Type | None:
    """What a generator returns in the end; what a function gives that is none."""
    proper = awaited(result)
    if not isinstance(proper, Instance) or proper.type.fullname not in _GENERATORS:
        return proper
    return proper.args[2] if len(proper.args) == 3 else None


_GENERATORS = ("typing.Generator", "typing.Iterator", "typing.Iterable", "types.GeneratorType")


def _skipped(function: FuncDef) -> int:
    """How many leading parameters are `self` or `cls`."""
    return 1 if function.info and not function.is_static else 0


def _annotation(function: FuncDef | None, index: int) -> Context | None:
    if function is None or index >= len(function.arguments):
        return None
    argument = function.arguments[index]
    return argument.type_annotation if argument.type_annotation is not None else argument


def _result_annotation(function: FuncDef | None) -> Context | None:
    written = function.unanalyzed_type if function is not None else None
    if isinstance(written, CallableType) and written.ret_type.line > 0:
        return written.ret_type
    return None


def _sources(use: Use) -> list[ColorSource]:
    return [source for form in _FORMS for source in use.profile.sources(use.name, form)]


def _chooses(use: Use) -> bool:
    """Whether another converter is chosen for this function alone."""
    wanted = use.profile.converter_choice(use.name)
    return use.call is not None and any(True for _ in picked(use.call, wanted))


def _is_dynamic(use: Use) -> bool:
    """Whether the function takes what it gets as it was stored (`@activity.defn(dynamic=True)`)."""
    return use.call is not None and "dynamic" in use.call.arg_names


def picked(call: CallExpr, wanted: Sequence[int | str]) -> Iterator[Expression]:
    """The arguments of a call at some positions, or with some names."""
    for index, (name, argument) in enumerate(zip(call.arg_names, call.args, strict=True)):
        if (name if name is not None else index) in wanted:
            yield argument
