"""Fills in the code that profiles give for fixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import libcst as cst
import msgspec

from color_checker.fixes.code import Code, Function
from color_checker.fixes.edits import Edit
from color_checker.fixes.imports import Named

_IMPORTED = re.compile(r"<([A-Za-z_][\w.:]*)>")
_HOLE = re.compile(r"\$(\w+)")

_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp)


class Rendered(msgspec.Struct, frozen=True):
    """A template with everything in its place."""

    text: str
    imports: tuple[Edit, ...] = ()


def render(
    template: str, values: Mapping[str, str | None], express: Callable[[str], Named | None]
) -> Rendered | None:
    """The template with names and values; None if one of them cannot be had."""
    edits: list[Edit] = []
    failed = False

    def name(match: re.Match[str]) -> str:
        nonlocal failed
        named = express(match[1])
        if named is None:
            failed = True
            return ""
        edits.extend(named.edits)
        return named.text

    def value(match: re.Match[str]) -> str:
        nonlocal failed
        found = values.get(match[1])
        if found is None:
            failed = True
            return ""
        return found

    # Names first: values are the user's code, in which `<` is an operator.
    text = _HOLE.sub(value, _IMPORTED.sub(name, template))
    return None if failed else Rendered(text, tuple(dict.fromkeys(edits)))


def parenthesized(code: Code, node: cst.CSTNode, text: str) -> str:
    """The expression `text` as it has to be written in the place of `node`."""
    parent = code.parent(node)
    word = text.partition(" ")[0]
    if word == "yield":
        bare = isinstance(parent, cst.Expr | cst.Assign | cst.AnnAssign | cst.AugAssign)
        return text if bare else f"({text})"
    if word == "await":
        left = isinstance(parent, cst.BinaryOperation) and isinstance(parent.operator, cst.Power)
        tight = left or isinstance(parent, cst.Attribute | cst.Await)
        called = isinstance(parent, cst.Call) and parent.func is node
        taken = isinstance(parent, cst.Subscript) and parent.value is node
        return f"({text})" if tight or called or taken else text
    return text


def waits(text: str) -> str:
    """Whether the expression is an `await` or `yield`: that word, else ""."""
    word = text.lstrip("( ").partition(" ")[0]
    return word if word in ("await", "yield") else ""


def may_await(code: Code, node: cst.CSTNode) -> bool:
    """Whether an `await` can stand in the place of the node, in a coroutine function."""
    function = code.function(node)
    return (
        isinstance(function, cst.FunctionDef)
        and function.asynchronous is not None
        and not _is_cut_off(code, node, function, (cst.GeneratorExp,))
    )


def may_yield(code: Code, node: cst.CSTNode) -> bool:
    """Whether a `yield` can stand in the place of the node, in a function that is no coroutine function."""
    function = code.function(node)
    return (
        isinstance(function, cst.FunctionDef)
        and function.asynchronous is None
        and not _is_cut_off(code, node, function, (cst.GeneratorExp, *_COMPREHENSIONS))
    )


def _is_cut_off(code: Code, node: cst.CSTNode, function: Function, kinds: tuple[type, ...]) -> bool:
    """Whether something between the node and its function has a scope, or a kind of loop, of its own."""
    below = node
    for outer in code.around(node):
        if outer is function:
            return False
        if isinstance(outer, cst.ClassDef) and below is outer.body:
            return True
        if isinstance(outer, kinds):
            # The first iterable is evaluated outside.
            clause = getattr(outer, "for_in", None)
            if not (
                isinstance(clause, cst.CompFor) and below is clause and _is_in_iterable(code, node, clause)
            ):
                return True
        below = outer
    return True


def _is_in_iterable(code: Code, node: cst.CSTNode, clause: cst.CompFor) -> bool:
    below = node
    for outer in code.around(node):
        if outer is clause:
            return below is clause.iter
        below = outer
    return False
