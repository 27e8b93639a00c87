"""Colored types: what the decorators of all engines make of a function.

A colored function stays the callable that it was to mypy, so that all that it was good for still checks. What
functions have in common, its `fallback`, is no longer `builtins.function` but a `Workflow` or a `Step`. So it
fits where one of these is asked for, overriding, binding, protocols and inference work as ever, and
`color_of` tells its color.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, cast

import msgspec
from mypy.checker import TypeChecker
from mypy.nodes import (
    ARG_STAR,
    ARG_STAR2,
    AssignmentStmt,
    CallExpr,
    ClassDef,
    Decorator,
    Expression,
    FuncDef,
    IntExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    OverloadedFuncDef,
    RefExpr,
    Statement,
    TypeInfo,
)
from mypy.plugin import FunctionContext, MethodContext
from mypy.subtypes import is_same_type, is_subtype
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    Overloaded,
    Parameters,
    ParamSpecType,
    ProperType,
    TupleType,
    Type,
    TypeOfAny,
    TypeType,
    UnionType,
    get_proper_type,
    has_type_vars,
)

from color_checker.engines import ColorSource, Profile
from color_checker.findings import Color
from mypy_plugin.imports import TYPES
from mypy_plugin.names import Names

_CLASSES = {Color.WORKFLOW: "Workflow", Color.STEP: "Step"}
#: For the functions themselves, and for what untyped decorators make of them.
_FUNCTIONS = {Color.WORKFLOW: "WorkflowFunction", Color.STEP: "StepFunction"}
_OPAQUE = {Color.WORKFLOW: "OpaqueWorkflow", Color.STEP: "OpaqueStep"}

#: Full name of a class → the color of its objects.
_COLORS = {
    f"{TYPES}.{name}": color for classes in (_CLASSES, _FUNCTIONS, _OPAQUE) for color, name in classes.items()
} | {"runtime_min.colors.Workflow": Color.WORKFLOW, "runtime_min.colors.Step": Color.STEP}

#: What the result of a decorator factory is called: mypy asks for a hook by that when it is applied.
_APPLIED = "(...)"

_Context: TypeAlias = FunctionContext | MethodContext
_Hook: TypeAlias = Callable[[_Context], Type]


class Origin(msgspec.Struct, frozen=True):
    """Where a color comes from.

    Attributes:
        engine: the engine's name.
        by: dotted name of the decorator.
    """

    engine: str
    by: str


class _Decoration(NamedTuple):
    """One decorator that gives a color."""

    profile: Profile
    source: ColorSource
    name: str


# -- questions ---------------------------------------------------------------------------------------


def color_of(typ: Type | None) -> Color | None:
    """The color of what has this type; None if it has none, or more than one."""
    match get_proper_type(typ):
        case CallableType() as function if not function.is_type_obj():
            return _COLORS.get(function.fallback.type.fullname)
        case Overloaded(items=items):
            return _common(items)
        case UnionType(items=items):
            return _common(items)
        case TypeType(item=item):
            return color_of(item)
        case Instance(type=info):
            return next((_COLORS[base.fullname] for base in info.mro if base.fullname in _COLORS), None)
        case _:
            return None


def origin_of(typ: Type | None) -> Origin | None:
    """The engine and the decorator that a colored type has its color from, where that is known."""
    match get_proper_type(typ):
        case CallableType(fallback=fallback) if color_of(typ) is not None and fallback.last_known_value:
            engine, _, by = str(fallback.last_known_value.value).partition(" ")
            return Origin(engine, by)
        case Overloaded(items=items):
            return origin_of(items[0])
        case UnionType(items=items):
            origins = {origin_of(item) for item in items}
            return origins.pop() if len(origins) == 1 else None
        case Instance(type=info) if color_of(typ) is not None and info.fullname.startswith("runtime_min."):
            return Origin("runtime_min", f"runtime_min.{info.name.lower()}")
        case _:
            return None


def _common(types: list[Type] | list[CallableType]) -> Color | None:
    colors = {color_of(typ) for typ in types}
    return colors.pop() if len(colors) == 1 else None


def shown(typ: Type) -> Type:
    """The type as users should see it: each colored function in it as `Workflow[...]` or `Step[...]`."""
    match get_proper_type(typ):
        case CallableType() as function if color_of(function) is not None:
            fallback = function.fallback
            plain = next(base for base in fallback.type.mro if base.name in _CLASSES.values())
            is_opaque = fallback.type.name in _OPAQUE.values()
            return Instance(plain, fallback.args if is_opaque else _arguments(function))
        case Instance(type=info, args=args) as instance if args and _COLORS.get(info.fullname) is None:
            return instance.copy_modified(args=[shown(arg) for arg in args])
        case TupleType(items=items) as group:
            return group.copy_modified(items=[shown(item) for item in items])
        case UnionType(items=items):
            return UnionType([shown(item) for item in items])
        case _:
            return typ


# -- hooks -------------------------------------------------------------------------------------------


def function_hook(names: Names, fullname: str) -> _Hook | None:
    """The hook for a decorator, for a function that makes one, and for what such a function makes."""
    name = fullname.removesuffix(_APPLIED)
    decoration = _decoration(names, name)
    if decoration is None:
        return _other_hook(names, name, fullname)
    if name != fullname:
        return lambda ctx: _applied(ctx, decoration)
    return lambda ctx: _called(ctx, decoration)


method_hook = function_hook


def _called(ctx: _Context, decoration: _Decoration) -> Type:
    """Of a decorator's call: with the function it colors, or with settings only, which gives a decorator."""
    return _applied(ctx, decoration) if _decorated(ctx) is not None else _decorator(ctx, decoration.name)


def _decorator(ctx: _Context, name: str) -> Type:
    """What a call with settings gives, under the name by which mypy asks for a hook when it is applied."""
    made = get_proper_type(ctx.default_return_type)
    if isinstance(made, AnyType):
        # mypy keeps saying that this decorator has no types, if it is told to.
        untyped = AnyType(TypeOfAny.unannotated)
        function = ctx.api.named_generic_type("builtins.function", [])
        made = CallableType([untyped, untyped], [ARG_STAR, ARG_STAR2], [None, None], untyped, function)
    if isinstance(made, CallableType) and not made.is_type_obj():
        # A variable drops the name of what it holds.
        note = LiteralType(name, ctx.api.named_generic_type("builtins.str", []))
        fallback = made.fallback.copy_modified(last_known_value=note)
        return made.copy_modified(name=name + _APPLIED, fallback=fallback)
    return ctx.default_return_type


def _applied(ctx: _Context, decoration: _Decoration) -> Type:
    """What a decorator makes of a function: what the SDK says, and it has a color."""
    decorated, result = _decorated(ctx), get_proper_type(ctx.default_return_type)
    if decorated is None or _is_constructor(ctx):
        return ctx.default_return_type
    api, exact = _api(ctx), not _is_in_class(ctx, decorated)
    marked: FunctionLike | None
    if isinstance(result, AnyType):
        marked = _opaque(api, decorated, decoration, exact=exact)
    else:
        marked = _marked(api, result, decoration, exact=exact)
    if marked is None:
        return ctx.default_return_type
    if isinstance(ctx.context, Decorator):
        _mark_overloads(api, ctx.context, decoration)
    return marked


def _decorated(ctx: _Context) -> FunctionLike | None:
    """The function that is given to a decorator as its first argument."""
    if not ctx.arg_types or not ctx.arg_types[0]:
        return None
    given = get_proper_type(ctx.arg_types[0][0])
    return given if isinstance(given, CallableType | Overloaded) and not given.is_type_obj() else None


def _is_constructor(ctx: _Context) -> bool:
    """Whether it is an `__init__`, of which mypy makes the type of a class."""
    return isinstance(ctx.context, Decorator) and ctx.context.func.name == "__init__"


def _is_in_class(ctx: _Context, decorated: ProperType) -> bool:
    """Whether the function may be bound to an object or class, which takes its first parameter away."""
    functions = [ctx.context.func] if isinstance(ctx.context, Decorator) else []
    if isinstance(decorated, CallableType) and isinstance(decorated.definition, FuncDef | Decorator):
        definition = decorated.definition
        functions.append(definition.func if isinstance(definition, Decorator) else definition)
    return any(function.info for function in functions)


# -- marking -----------------------------------------------------------------------------------------


def _marked(
    api: TypeChecker, typ: ProperType, decoration: _Decoration, *, exact: bool
) -> FunctionLike | None:
    """The callable with the color; None if it is no callable, or the classes of colors cannot be found."""
    if isinstance(typ, Overloaded):
        items = [_marked(api, item, decoration, exact=False) for item in typ.items]
        found = [item for item in items if isinstance(item, CallableType)]
        return Overloaded(found) if len(found) == len(items) else None
    if not isinstance(typ, CallableType) or typ.is_type_obj():
        return None
    fallback = _fallback(api, _FUNCTIONS[decoration.source.color], typ, decoration, exact=exact)
    if fallback is None:
        return None
    result = typ.ret_type
    if decoration.source.binds:
        result = _marked(api, get_proper_type(result), decoration, exact=True) or result
    return typ.copy_modified(ret_type=result, fallback=fallback)


def _opaque(
    api: TypeChecker, decorated: ProperType, decoration: _Decoration, *, exact: bool
) -> CallableType | None:
    """A callable with the color that is as lenient as what an untyped decorator gives, which is Any."""
    if not isinstance(decorated, CallableType):
        return None
    fallback = _fallback(api, _OPAQUE[decoration.source.color], decorated, decoration, exact=exact)
    if fallback is None:
        return None
    return decorated.copy_modified(
        arg_types=[_anything(), _anything()],
        arg_kinds=[ARG_STAR, ARG_STAR2],
        arg_names=[None, None],
        ret_type=_anything(),
        variables=(),
        is_ellipsis_args=True,
        implicit=False,
        fallback=fallback,
    )


def _fallback(
    api: TypeChecker, name: str, typ: CallableType, decoration: _Decoration, *, exact: bool
) -> Instance | None:
    """What a function of that color has in common with others of it."""
    info = _class_of(api, name)
    if info is None:
        return None
    arguments = _arguments(typ) if exact and _is_concrete(typ) else _any_arguments()
    return Instance(info, arguments, last_known_value=_origin(api, decoration))


def _class_of(api: TypeChecker, name: str) -> TypeInfo | None:
    """A class of `colors`; None if the plugin is not installed where mypy looks for the project's modules."""
    module = api.modules.get(TYPES)
    symbol = module.names.get(name) if module is not None else None
    if symbol is None or not isinstance(symbol.node, TypeInfo):
        return None
    _join_as_functions(api, symbol.node)
    return symbol.node


def _join_as_functions(api: TypeChecker, info: TypeInfo) -> None:
    """Let two steps with different parameters have in common that they are functions, as mypy says of others.

    What mypy takes in such a case is the bound of the class's ParamSpec, which no source text can set.
    """
    for variable in info.defn.type_vars:
        if isinstance(variable, ParamSpecType):
            variable.upper_bound = api.named_generic_type("builtins.function", [])


def _is_concrete(typ: CallableType) -> bool:
    """Whether parameters and result say all, so that they can stand as arguments of `Step`."""
    return not (
        typ.variables or typ.unpack_kwargs or typ.type_guard is not None or typ.type_is is not None
    ) and not has_type_vars(typ)


def _arguments(typ: CallableType) -> list[Type]:
    return [Parameters(typ.arg_types, typ.arg_kinds, typ.arg_names, is_ellipsis_args=typ.is_ellipsis_args),
            typ.ret_type]  # fmt: skip


def _any_arguments() -> list[Type]:
    """For functions whose type changes where they are used: methods, which are bound, and generic ones."""
    return [
        Parameters([_anything(), _anything()], [ARG_STAR, ARG_STAR2], [None, None], is_ellipsis_args=True),
        _anything(),
    ]


def _anything() -> AnyType:
    return AnyType(TypeOfAny.special_form)


def _origin(api: TypeChecker, decoration: _Decoration) -> LiteralType:
    return LiteralType(
        f"{decoration.profile.name} {decoration.name}", api.named_generic_type("builtins.str", [])
    )


def _mark_overloads(api: TypeChecker, decorator: Decorator, decoration: _Decoration) -> None:
    """Where the implementation of an overloaded function is decorated, the variants have its color."""
    function = decorator.func
    names = function.info.names if function.info else api.tree.names
    symbol = names.get(function.name)
    node = symbol.node if symbol is not None else None
    if isinstance(node, OverloadedFuncDef) and node.impl is decorator and isinstance(node.type, Overloaded):
        marked = _marked(api, node.type, decoration, exact=False)
        if marked is not None:
            node.type = marked


# -- other decorators --------------------------------------------------------------------------------

#: What decorators are called, and where those stand that a call makes and that are not the innermost ones:
#: (path, line, column).
_decorators: set[str] = set()
_factories: set[tuple[str, int, int]] = set()
_KEEPS = "@"

_MYPYS_OWN = sys.stdlib_module_names | {"attr", "attrs", "mypy_extensions", "typing_extensions"}


#: Module → function → its decorators, as of when the file was last parsed.
_decorated_as: dict[str, dict[str, tuple[str, ...]]] = {}
_changes = itertools.count(1)
_CHANGE = "__color_change_{}__"


def note_decorators(file: MypyFile) -> None:
    """Remember, when a file has been parsed, what is applied to functions: it may get a colored one.

    The daemon does not look for what functions have in common when it compares them with how they were. Where
    the decorators of a function are others than before, what depends on it is to be checked again.
    """
    found: dict[str, tuple[str, ...]] = {}
    pending: list[tuple[str, Statement]] = [(file.fullname, statement) for statement in file.defs]
    while pending:
        owner, statement = pending.pop()
        match statement:
            case ClassDef(name=name, defs=body):
                pending += [(f"{owner}.{name}", one) for one in body.body]
            case OverloadedFuncDef(items=items):
                pending += [(owner, item) for item in items]
            case FuncDef(name=name):
                found[f"{owner}.{name}"] = ()
            case Decorator(decorators=decorators):
                found[f"{owner}.{statement.func.name}"] = tuple(map(_text, decorators))
                for position, decorator in enumerate(decorators, 1):
                    _note(file, decorator, is_above=position < len(decorators))
    before = _decorated_as.get(file.fullname, found)
    _decorated_as[file.fullname] = found
    changed = {f"<{name}>" for name in found if name in before and before[name] != found[name]}
    if changed:
        _depend_on_change(file, changed)


def _text(decorator: Expression) -> str:
    match decorator:
        case CallExpr(callee=callee):
            return f"{_text(callee)}()"
        case MemberExpr(expr=owner, name=name):
            return f"{_text(owner)}.{name}"
        case NameExpr(name=name):
            return name
        case _:
            return ""


def _depend_on_change(file: MypyFile, triggers: set[str]) -> None:
    """A new name in the file sets off what functions that have changed set off."""
    target = NameExpr(_CHANGE.format(next(_changes)))
    statement = AssignmentStmt([target], IntExpr(0))
    for node in (statement, target, statement.rvalue):
        node.set_line(1, 0, 1, 0)
    file.defs.append(statement)
    file.plugin_deps.setdefault(f"<{file.fullname}.{target.name}>", set()).update(triggers)


def _note(file: MypyFile, decorator: Expression, *, is_above: bool) -> None:
    callee = decorator
    if isinstance(decorator, CallExpr):
        if not is_above:
            return
        _factories.add((file.path, decorator.line, decorator.column))
        callee = decorator.callee
    if isinstance(callee, NameExpr | MemberExpr):
        _decorators.add(callee.name)


def _other_hook(names: Names, name: str, fullname: str) -> _Hook | None:
    """The hook for what is no engine's decorator, as far as its name says."""
    if name == _KEEPS:
        return _kept
    # mypy takes one hook for a name, and has some of its own there: a decorator `@app.get` says nothing about
    # the `get` of a TypedDict.
    if fullname.partition(".")[0] in _MYPYS_OWN:
        return None
    if fullname.rpartition(".")[2] in _decorators:
        return lambda ctx: _other_called(ctx, names, fullname)
    return None


def _other_called(ctx: _Context, names: Names, fullname: str) -> Type:
    """Of a call with a function, or with settings, which gives a decorator."""
    if _decorated(ctx) is not None:
        decoration = _made_before(ctx, names, fullname)
        return _applied(ctx, decoration) if decoration is not None else _kept(ctx)
    place = (_api(ctx).path, ctx.context.line, ctx.context.column)
    made = get_proper_type(ctx.default_return_type)
    if place in _factories and isinstance(made, CallableType) and not made.is_type_obj():
        return made.copy_modified(name=_KEEPS + _APPLIED)
    return ctx.default_return_type


def _made_before(ctx: _Context, names: Names, fullname: str) -> _Decoration | None:
    """The engine's decorator that a variable holds: `step = DBOS.step(retries_allowed=True)`."""
    used = ctx.context.decorators if isinstance(ctx.context, Decorator) else []
    for one in used:
        if isinstance(one, RefExpr) and one.fullname == fullname and _api(ctx).has_type(one):
            held = get_proper_type(_api(ctx).lookup_type(one))
            if isinstance(held, CallableType) and held.fallback.last_known_value is not None:
                return _decoration(names, str(held.fallback.last_known_value.value))
    return None


def _kept(ctx: _Context) -> Type:
    """The result of another decorator, with the color of what it was given, if it takes the same."""
    decorated, result = _decorated(ctx), get_proper_type(ctx.default_return_type)
    if (
        isinstance(ctx.context, Decorator)
        and isinstance(decorated, CallableType)
        and isinstance(result, CallableType)
        and color_of(decorated) is not None
        and color_of(result) is None
        and _takes_the_same(result, decorated)
        and is_subtype(decorated.ret_type, result.ret_type)
    ):
        return result.copy_modified(fallback=decorated.fallback)
    return ctx.default_return_type


def _takes_the_same(one: CallableType, other: CallableType) -> bool:
    return (one.arg_kinds, one.arg_names, len(one.variables)) == (
        other.arg_kinds, other.arg_names, len(other.variables),
    ) and all(map(is_same_type, one.arg_types, other.arg_types))  # fmt: skip


# -- names -------------------------------------------------------------------------------------------


def _decoration(names: Names, fullname: str) -> _Decoration | None:
    found = names.engine(fullname)
    if found is None:
        return None
    profile, name = found
    name = public_name(name)
    for source in profile.sources(name, "decorator"):
        if source.color in _CLASSES:
            return _Decoration(profile, source, name)
    for source in profile.colors:
        if name in source.entries and source.color in _CLASSES:
            return _Decoration(profile, source, name)
    return None


def public_name(dotted: str) -> str:
    """The name without the private modules in which an SDK defines it: `temporalio.workflow.run`."""
    *modules, name = dotted.split(".")
    return ".".join([*(part for part in modules if not part.startswith("_")), name])


def _api(ctx: _Context) -> TypeChecker:
    return cast(TypeChecker, ctx.api)
