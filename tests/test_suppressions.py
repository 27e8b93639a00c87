"""Comments that speak to color-checker: where they count, and what is a mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from color_checker.suppressions import Ignore, Pragmas, scan


def targets(source: str) -> list[tuple[int, tuple[str, ...]]]:
    found = scan(source)
    assert found.problems == ()
    return [(ignore.target, ignore.names) for ignore in found.ignores]


def reasons(source: str) -> list[str]:
    return [problem.reason for problem in scan(source).problems]


def test_a_comment_after_code_suppresses_on_its_line() -> None:
    found = scan("x = 1\ny = now()  # color: ignore[clock, network]\n")
    assert found == Pragmas(ignores=(Ignore(2, ("clock", "network"), 12, 43, 2),))


def test_a_comment_without_brackets_suppresses_everything() -> None:
    assert targets("y = now()  # color: ignore\n") == [(1, ())]


def test_a_comment_alone_on_its_line_suppresses_on_the_next_line_with_code() -> None:
    assert targets("# color: ignore[clock]\n\n# why\ny = now()\n") == [(4, ("clock",))]
    assert targets("def f():\n    x = 1\n# color: ignore[clock]\n    return now()\n") == [(4, ("clock",))]


def test_inside_a_statement_the_physical_line_counts() -> None:
    source = "x = [\n    now(),  # color: ignore[clock]\n    # color: ignore[random]\n\n    random(),\n]\n"
    assert targets(source) == [(2, ("clock",)), (5, ("random",))]


def test_other_comments_may_stand_before_and_after() -> None:
    assert targets("f()  # noqa # color: ignore[clock] # see the docs\n") == [(1, ("clock",))]
    assert targets("f()  # type: ignore # color:ignore[clock] - on purpose\n") == [(1, ("clock",))]


def test_strings_that_look_like_comments_are_strings() -> None:
    assert scan('x = "# color: ignore[clock]"\ny = """\n# color: workflow\n"""\n') == Pragmas()


def test_columns_count_characters() -> None:
    (ignore,) = scan('x = "é𝄞"  # color: ignore[clock]\n').ignores
    assert (ignore.column, ignore.end_column) == (11, 33)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("f()  # color: ignore[]", "names no rule"),
        ("f()  # color: ignore[ , ]", "names no rule"),
        ("f()  # color: ignore[clock", "has a bracket that is not closed"),
        ("f()  # color: ignore clock", "says what to ignore without brackets"),
        ("f()  # color: ignore[Not A Rule]", 'names "Not A Rule"'),
        ("f()  # color: ignore[clock,]", 'names ""'),
        ("f()  # color: ignore[CC201]", "names the code CC201: write the rule's name"),
        ("f()  # color: ingore[clock]", "says `ingore`; did you mean `ignore`?"),
        ("f()  # color: Ignore", "says `Ignore`; did you mean `ignore`?"),
        ("# color: ignore[clock]\n", "is followed by no code"),
        ("x = 1  # color: pure", "stands at no function"),
        ("x = 1\n# color: workflow\nimport y", "stands at no function"),
        ("# color: step\n\nimport x", "gives a whole module the color step"),
    ],
)
def test_a_malformed_comment_is_a_problem(source: str, reason: str) -> None:
    (found,) = reasons(source)
    assert found.startswith(reason)


def test_the_good_names_beside_a_bad_one_still_count() -> None:
    found = scan("f()  # color: ignore[clock, B@D]\n")
    assert [ignore.names for ignore in found.ignores] == [("clock",)]
    assert [(problem.line, problem.column) for problem in found.problems] == [(1, 6)]


@pytest.mark.parametrize(
    "comment",
    ["# color: red", "# color: pure white", "# color: purple", "# color: #fff", "# color:", "#color"],
)
def test_comments_about_real_colors_are_left_alone(comment: str) -> None:
    assert scan(f"paint()  {comment}\n") == Pragmas()


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\ndef f(): pass  # color: pure\n",
        "x = 1\n\n\n# color: pure\ndef f(): pass\n",
        "x = 1\ndef f(  # color: pure\n    a,\n): pass\n",
        "x = 1\ndef f(\n    a,\n):  # color: pure\n    pass\n",
    ],
)
def test_a_function_gets_its_color_on_its_def_or_above_it(source: str) -> None:
    found = scan(source)
    line = next(number for number, text in enumerate(source.split("\n"), 1) if text.startswith("def"))
    assert found == Pragmas(colors=((line, "pure"),))


def test_a_color_on_or_above_a_decorator_is_on_the_decorators_line() -> None:
    assert scan("x = 1\n# color: step\n@dec\ndef f(): pass\n").colors == ((3, "step"),)
    assert scan("x = 1\n@dec  # color: step\ndef f(): pass\n").colors == ((2, "step"),)
    assert scan("x = 1\n@dec\n# color: step\nasync def f(): pass\n").colors == ((4, "step"),)


def test_a_nested_function_has_a_color_of_its_own() -> None:
    source = (
        "class A:\n    # color: workflow\n    async def run(self):\n        def g(): ...  # color: pure\n"
    )
    assert scan(source) == Pragmas(colors=((3, "workflow"), (4, "pure")))


@pytest.mark.parametrize(
    "top",
    [
        "# color: workflow\n",
        "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n# color: workflow\nimport x\n",
        '"""Doc."""\n\n# color: workflow - all of it\nimport x\n',
        '# color: workflow\n"""Doc."""\n',
        "# color: workflow\n\ndef f(): pass\n",
    ],
)
def test_a_comment_before_all_code_colors_the_module(top: str) -> None:
    assert scan(top) == Pragmas(module_color="workflow")


def test_at_the_top_a_comment_right_above_a_function_colors_the_function() -> None:
    assert scan("# color: workflow\n# why\ndef f(): pass\n") == Pragmas(colors=((3, "workflow"),))


def test_what_stands_before_a_syntax_error_counts() -> None:
    assert targets("f()  # color: ignore[clock]\nx = (\n") == [(1, ("clock",))]


def test_every_kind_of_line_end_counts_lines_alike() -> None:
    for end in ("\n", "\r\n", "\r"):
        assert targets(end.join(["x", "y  # color: ignore[clock]", "z", ""])) == [(2, ("clock",))]


@pytest.mark.parametrize(
    "source",
    [
        "step\r\0]$0777\\x\r",
        "f'{(\u2028async ?)\fcf'{async \f\n}(\t'x = 1def f():",
        "x = '\ud800'\n",
        "f'\\}'\n",
        "1__2\n",
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_upsets_the_tokenizer_of_some_python_upsets_nobody_else(source: str) -> None:
    assert scan(source + "  # color: step").colors == ()


PIECES = st.sampled_from([
    "# color: ", "#color:", "ignore", "ignore[", "clock", ",", "]", "pure", "workflow", "step", "\n", "    ",
    "def f():", "@x", "(", ")", '"""', "'", "\\", "f'{", "}", "\0", "\r", "\f", "é", "\ud800", "class A:",
    "async ", "1", " - ", "\t", "x = 1",
])  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_any_text_can_be_scanned(text: str) -> None:
    source = text + "  # color: ignore[clock]"
    found = scan(source)
    assert scan(source) == found
    last = len(source.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(1 <= ignore.line <= last and ignore.column < ignore.end_column for ignore in found.ignores)
    assert all(1 <= ignore.target <= last for ignore in found.ignores)
