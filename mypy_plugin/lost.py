"""Where a color gets lost or mixed up, as far as types show it: rule `color-lost`.

The analyzer follows functions by their values, into the project's own code and to what its catalog knows.
Types add what other packages ask for, receivers that it does not know, and what an annotation hides.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from mypy.argmap import map_actuals_to_formals
from mypy.nodes import (
    AssignmentStmt,
    CallExpr,
    Decorator,
    Expression,
    FuncDef,
    FuncItem,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    RefExpr,
    ReturnStmt,
    Var,
)
from mypy.types import (
    AnyType,
    CallableType,
    Overloaded,
    Type,
    TypeOfAny,
    UnionType,
    get_proper_type,
)

from color_checker.catalog import Catalog, load_catalog
from color_checker.engines import Profile
from color_checker.findings import Color
from color_checker.later import is_test
from color_checker.rules.color_lost import ColorLost
from mypy_plugin.arguments.handed import argument
from mypy_plugin.coloring import color_of, origin_of, public_name
from mypy_plugin.visit import Visit

#: These keep a function, so that others call it; the catalog lists only what calls its argument at once.
_PARTIALS = frozenset({"functools.partial", "functools.partialmethod"})

#: These look at functions, or hand them back.
_LOOKING = frozenset({"abc", "builtins", "dataclasses", "functools", "inspect", "pytest", "types", "typing",
                      "typing_extensions", "unittest"})  # fmt: skip


class _Colored(NamedTuple):
    """An expression that stands for a workflow or step."""

    color: Color
    profile: Profile
    by: str
    name: str

    @property
    def word(self) -> str:
        return self.profile.step_word if self.color is Color.STEP else self.color.value


def check(visit: Visit, node: Node, around: tuple[FuncItem, ...]) -> None:
    """Report a workflow or step that is given to what does not see its color, or wants the other one."""
    match node:
        case CallExpr():
            _check_call(visit, node, around)
        case AssignmentStmt(rvalue=RefExpr() as value):
            _check_assignment(visit, node, value, around)
        case ReturnStmt(expr=RefExpr() as value):
            _check_return(visit, node, value, around)


CHECKS = ((CallExpr, check), (AssignmentStmt, check), (ReturnStmt, check))


# -- calls -------------------------------------------------------------------------------------------


def _check_call(visit: Visit, call: CallExpr, around: tuple[FuncItem, ...]) -> None:
    if not call.args:
        return
    given = [
        (at, found) for at, value in enumerate(call.args) if (found := _colored(visit, value)) is not None
    ]
    if not given and not any(map(_is_function, call.args)):
        return
    callees = visit.callees(call)
    engines = [engine for name in callees if (engine := visit.names.engine(name)) is not None]
    if engines:
        profile, name = engines[0]
        _check_operation(visit, call, profile, public_name(name), around)
        return
    for at, colored in given:
        if callees and _is_lost(visit, colored, around) and not is_test(visit.path):
            receiver = next((name for name in callees if _receives(visit, call, at, name, colored)), None)
            if receiver is not None:
                message = ColorLost.message(colored.name, colored.word, public_name(receiver))
                visit.report(ColorLost, call, message, around=around)


def _is_function(value: Expression) -> bool:
    return isinstance(value, RefExpr) and isinstance(value.node, FuncDef | Decorator)


def _check_operation(
    visit: Visit, call: CallExpr, profile: Profile, operation: str, around: tuple[FuncItem, ...]
) -> None:
    """A step where the engine's operation takes a workflow, or the other way round."""
    # Where a direct call is recorded, either may stand for the other.
    if profile.direct_step_call == "recorded":
        return
    known, started = profile.operation(operation), profile.started(operation)
    kind = "child" if started is not None else known.kind if known is not None else ""
    keys = started if started is not None else known.target if known is not None else ()
    wanted = {"step": Color.STEP, "child": Color.WORKFLOW}.get(kind)
    target = argument(call, keys)
    if wanted is None or target is None:
        return
    colored = _colored(visit, target) or _registered(visit, target)
    if colored is None or colored.profile.name != profile.name or colored.color is wanted:
        return
    short = operation.rpartition(".")[2]
    takes = profile.step_word if wanted is Color.STEP else "workflow"
    visit.report(
        ColorLost,
        call,
        f"`{short}` takes {_a(takes)}, and `{colored.name}` is {_a(colored.word)}. {_why(profile, takes)} "
        f"{_instead(profile, colored, started is not None)}",
        around=around,
    )


def _why(profile: Profile, takes: str) -> str:
    if any(operation.string_target for operation in profile.operations.values()):
        return f"The engine looks for {_a(takes)} of that name and finds none."
    return (
        f"It is not made to run as {_a(takes)}: the engine does not record there what it needs on a replay."
    )


def _instead(profile: Profile, colored: _Colored, starts: bool) -> str:
    if colored.color is Color.STEP:
        return f"{'In a workflow, write' if starts else 'Write'} `{profile.advice('step', colored.name)}`."
    return f"Write `{profile.advice('child', colored.name)}`."


def _receives(visit: Visit, call: CallExpr, at: int, callee: str, colored: _Colored) -> bool:
    """Whether the callee is outside the project, knows nothing of the engine, and calls this argument."""
    module = _module_of(visit, callee)
    if module is None or visit.project.holds(os.path.abspath(module.path)):
        return False
    entry = _catalog().lookup(callee)
    keys = entry.calls if entry is not None else ()
    if entry is not None and entry.name in _PARTIALS:
        keys = (0,)
    if entry is not None:
        name = call.arg_names[at]
        return at in keys if name is None else name in keys
    top = callee.partition(".")[0]
    return (
        top not in _LOOKING and _asks_for_callable(visit, call, at) and not _uses_engine(visit, top, colored)
    )


def _asks_for_callable(visit: Visit, call: CallExpr, at: int) -> bool:
    """Whether a parameter for this argument is declared as a plain callable."""
    match visit.type_of(call.callee):
        case CallableType() as callee:
            signatures = [callee]
        case Overloaded(items=items):
            signatures = items
        case _:
            return False
    return any(_is_plain_callable(declared) for one in signatures for declared in _formals(call, at, one))


def _formals(call: CallExpr, at: int, callee: CallableType) -> Iterator[Type]:
    anything = AnyType(TypeOfAny.special_form)
    mapped = map_actuals_to_formals(
        call.arg_kinds, call.arg_names, callee.arg_kinds, callee.arg_names, lambda _: anything
    )
    for formal, actuals in enumerate(mapped):
        if at in actuals:
            yield callee.arg_types[formal]


def _is_plain_callable(typ: Type | None) -> bool:
    match get_proper_type(typ):
        case CallableType() as function:
            return not function.is_type_obj() and color_of(function) is None
        case UnionType(items=items):
            return any(_is_plain_callable(item) for item in items)
        case _:
            return False


def _module_of(visit: Visit, dotted: str) -> MypyFile | None:
    while dotted:
        dotted = dotted.rpartition(".")[0]
        if dotted in visit.api.modules:
            return visit.api.modules[dotted]
    return None


def _uses_engine(visit: Visit, package: str, colored: _Colored) -> bool:
    """Whether a package works with the engine itself, so that it knows what it is given."""
    for name, module in visit.api.modules.items():
        if name.partition(".")[0] == package:
            for symbol in module.names.values():
                origin = symbol.fullname or ""
                if colored.profile.owns(origin) or origin in colored.profile.packages:
                    return True
    return False


# -- annotations -------------------------------------------------------------------------------------


def _check_assignment(
    visit: Visit, node: AssignmentStmt, value: RefExpr, around: tuple[FuncItem, ...]
) -> None:
    for target in node.lvalues:
        if isinstance(target, NameExpr | MemberExpr) and _is_plain_callable(_declared(visit, target)):
            _check_hidden(visit, node, value, f"`{target.name}`", around)


def _check_return(visit: Visit, node: ReturnStmt, value: RefExpr, around: tuple[FuncItem, ...]) -> None:
    function = around[-1] if around else None
    if isinstance(function, FuncDef) and isinstance(function.type, CallableType):
        # What is defined there has no other way out, and often no other type.
        is_local = isinstance(value, NameExpr) and not value.fullname.count(".")
        if _is_plain_callable(function.type.ret_type) and not is_local:
            _check_hidden(visit, node, value, f"The result of `{function.name}`", around)


def _check_hidden(
    visit: Visit, node: AssignmentStmt | ReturnStmt, value: RefExpr, what: str, around: tuple[FuncItem, ...]
) -> None:
    colored = _colored(visit, value)
    # Steps may well go through a variable on their way to the engine, and where they are called it shows.
    if colored is None or colored.color is not Color.WORKFLOW or not _is_lost(visit, colored, around):
        return
    if is_test(visit.path):
        return
    visit.report(
        ColorLost,
        node,
        f"{what} is declared as a plain callable, which hides that `{colored.name}` is a workflow. A call of "
        "it goes past the engine, so it is not recorded, and a replay runs it again. Declare it as "
        "`Workflow[..., Any]`, or give the function to the engine itself.",
        around=around,
    )


def _declared(visit: Visit, target: NameExpr | MemberExpr) -> Type | None:
    """The type that the source gives a variable or attribute."""
    node = target.node
    if isinstance(node, Var):
        return None if node.is_inferred else node.type
    if isinstance(target, MemberExpr):
        return visit.type_of(target)
    return None


# -- colors ------------------------------------------------------------------------------------------


def _colored(visit: Visit, value: Expression) -> _Colored | None:
    """What the type of an expression says of its color."""
    typ = visit.type_of(value)
    color = color_of(typ)
    if color is None:  # as of nearly all
        return None
    origin = origin_of(typ)
    profile = visit.names.profile(origin.engine) if origin is not None else None
    if origin is None or profile is None:
        return None
    return _Colored(color, profile, origin.by, _name(value))


def _registered(visit: Visit, value: Expression) -> _Colored | None:
    """What the analyzer says of a function whose type does not show its color: a call has registered it."""
    if not isinstance(value, RefExpr):
        return None
    node = value.node.func if isinstance(value.node, Decorator) else value.node
    if not isinstance(node, FuncDef) or node.info:
        return None
    module = visit.api.modules.get(node.fullname.rpartition(".")[0])
    # What is defined inside of a workflow is a part of it, and none itself.
    if module is None or node.name not in module.names:
        return None
    found = visit.project.coloring(os.path.abspath(module.path), node.line)
    profile = visit.names.profile(found.engine) if found is not None else None
    if found is None or profile is None or found.color not in (Color.WORKFLOW, Color.STEP):
        return None
    # Elsewhere a function may be the one in one call, and the other in the next.
    if any(source.by == "argument" for source in profile.colors):
        return None
    return _Colored(found.color, profile, "", _name(value))


def _is_lost(visit: Visit, colored: _Colored, around: tuple[FuncItem, ...]) -> bool:
    """Whether a call of it goes past the engine, wherever it is made from there."""
    profile = colored.profile
    if any(source.binds for source in profile.sources(colored.by, "decorator")):
        return False
    if colored.color is Color.WORKFLOW:
        is_main = not profile.mains or colored.by in profile.mains
        return profile.direct_workflow_call == "error" and is_main
    return profile.direct_step_call == "bypass" and visit.coloring(around).color is Color.WORKFLOW


def _name(value: Expression) -> str:
    if isinstance(value, MemberExpr):
        owner = _name(value.expr)
        return f"{owner}.{value.name}" if owner else value.name
    if isinstance(value, NameExpr):
        return value.name
    if isinstance(value, CallExpr):
        return _name(value.callee)
    return ""


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


@cache
def _catalog() -> Catalog:
    return load_catalog()
