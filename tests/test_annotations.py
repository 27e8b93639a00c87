"""Annotations and decorators as dotted names."""

from __future__ import annotations

import ast

import pytest

from color_checker.annotations import dotted_name, type_expr
from color_checker.facts import TypeExpr


def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a"),
        ("a.b.c", "a.b.c"),
        ("a.b(1)", "a.b"),
        ("a.b(1)(2)", "a.b"),
        ("a[int].b(c)", "a.b"),
        ("a().b", "a.b"),
        ("(lambda: 1)", ""),
        ("'a'", ""),
        ("a + b", ""),
        ("[a].b", ""),
    ],
)
def test_a_dotted_name_also_stands_behind_calls_and_subscripts(text: str, name: str) -> None:
    assert dotted_name(parsed(text)) == name


def test_nothing_has_no_name() -> None:
    assert dotted_name(None) == ""


INT, STR, NONE = TypeExpr("int"), TypeExpr("str"), TypeExpr("None")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", INT),
        ("datetime.date", TypeExpr("datetime.date")),
        ("None", NONE),
        ("list[int]", TypeExpr("list", (INT,))),
        ("typing.Dict[str, int]", TypeExpr("typing.Dict", (STR, INT))),
        ("dict[str, list[int]]", TypeExpr("dict", (STR, TypeExpr("list", (INT,))))),
        ("int | str | None", TypeExpr("|", (INT, STR, NONE))),
        ("int | list[str | None]", TypeExpr("|", (INT, TypeExpr("list", (TypeExpr("|", (STR, NONE)),))))),
        (
            "Callable[[int, str], None]",
            TypeExpr("Callable", (TypeExpr("[]", (INT, STR)), NONE)),
        ),
        ("Callable[..., int]", TypeExpr("Callable", (TypeExpr(""), INT))),
        ("Literal['int', 'str']", TypeExpr("Literal")),
        ("typing.Literal[1]", TypeExpr("typing.Literal")),
    ],
)
def test_types_are_names_with_arguments(text: str, expected: TypeExpr) -> None:
    assert type_expr(parsed(text)) == expected
    assert type_expr(parsed(repr(text))) == expected, "quoted"


def test_parts_may_be_quoted() -> None:
    assert type_expr(parsed("list['int | None']")) == TypeExpr("list", (TypeExpr("|", (INT, NONE)),))


@pytest.mark.parametrize("text", ["'no type'", "''", "'('", "1", "f(x)", "x if y else z", "'\\x00'", "a @ b"])
def test_what_is_no_type_has_no_name(text: str) -> None:
    assert type_expr(parsed(text)) == TypeExpr("")


def test_a_long_string_is_no_type() -> None:
    assert type_expr(ast.Constant("x" * 501)) == TypeExpr("")
    assert type_expr(ast.Constant("x" * 500)) == TypeExpr("x" * 500)


def test_a_union_may_be_long() -> None:
    union = type_expr(parsed(" | ".join(f"C{number}" for number in range(900))))
    assert [member.name for member in union.args] == [f"C{number}" for number in range(900)]


def test_no_annotation_is_an_unknown_type() -> None:
    assert type_expr(None) == TypeExpr("")
