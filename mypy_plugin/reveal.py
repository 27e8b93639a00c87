"""What `reveal_type` shows of colored functions: their colors.

To mypy a colored function is a callable, and is written like any other. So the argument of `reveal_type` is
put into a call, of which a hook makes a type that has the color in it. Where no hook was asked in time, what
mypy has said is corrected afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mypy.checker import TypeChecker
from mypy.nodes import (
    ARG_POS,
    AwaitExpr,
    CallExpr,
    Expression,
    ImportFrom,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
)
from mypy.options import Options
from mypy.plugin import FunctionContext
from mypy.types import Type

from mypy_plugin.coloring import shown
from mypy_plugin.imports import TYPES
from mypy_plugin.names import Names
from mypy_plugin.walk import walk

_REVEAL = "reveal_type"
#: What mypy says then, before the type in quotes.
_REVEALED = "Revealed type is "
#: The function in `colors` that gives back what it is given, and what users will not call anything.
_SHOWN = "as_shown"
_NAME = "__color_shown__"


def show_colors(file: MypyFile) -> bool:
    """Prepare what a file reveals, when it has been parsed. If it does, it has to depend on `colors`."""
    if not _may_reveal(file.path):
        return False
    calls = list(_reveals(node for node, _ in walk(file)))
    for call in calls:
        call.args[0] = _wrapped(call.args[0])
    if calls:
        statement = ImportFrom(TYPES, 0, [(_SHOWN, _NAME)])
        statement.set_line(1, 0, 1, 0)
        file.defs.insert(0, statement)
    return bool(calls)


def show_colors_late(api: TypeChecker) -> None:
    """The same in a file that mypy has read again without asking us to prepare it, when it has checked it."""
    revealed = [
        info
        for info in api.errors.error_info_map.get(api.errors.file, ())
        if info.message.startswith(_REVEALED)
    ]
    if not revealed or _NAME in api.tree.names:
        return
    for call in _reveals(node for node, _ in walk(api.tree)):
        argument = call.args[0]
        if api.has_type(argument):
            typ = api.lookup_type(argument)
            before, after = _message(typ, api.options), _message(shown(typ), api.options)
            for info in revealed:
                if (info.line, info.column, info.message) == (argument.line, argument.column, before):
                    info.message = after


def _message(typ: Type, options: Options) -> str:
    return f'{_REVEALED}"{typ.str_with_options(options)}"'


def function_hook(names: Names, fullname: str) -> Callable[[FunctionContext], Type] | None:
    """The hook that makes the shown type."""
    return _show if fullname == f"{TYPES}.{_SHOWN}" else None


def _show(ctx: FunctionContext) -> Type:
    return shown(ctx.arg_types[0][0]) if ctx.arg_types and ctx.arg_types[0] else ctx.default_return_type


def _may_reveal(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _REVEAL.encode() in file.read()
    except OSError:
        return False


def _reveals(nodes: Iterable[Node]) -> Iterable[CallExpr]:
    for node in nodes:
        if (
            isinstance(node, CallExpr)
            and isinstance(node.callee, NameExpr | MemberExpr)
            and node.callee.name == _REVEAL
            and node.arg_kinds == [ARG_POS]
            # These may give nothing, which could then not be passed on.
            and not isinstance(node.args[0], CallExpr | AwaitExpr)
        ):
            yield node


def _wrapped(argument: Expression) -> CallExpr:
    callee = NameExpr(_NAME)
    call = CallExpr(callee, [argument], [ARG_POS], [None])
    callee.set_line(argument)
    call.set_line(argument)
    return call
