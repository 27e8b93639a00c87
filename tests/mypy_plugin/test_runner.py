"""The runner of annotated programs fails when mypy reports something else than the program announces."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mypy_plugin.runner import check, expectations, parsed

CLOCK = """\
import time

from runtime_min import workflow


@workflow
async def flow() -> float:
    reveal_type(1 + 1)  # R: builtins.int
    number: int = ""  # M: assignment "Incompatible types"
    return time.time()  # E: clock "time.time"  # N: Proof:
"""


def test_a_program_that_gets_what_it_announces_passes(tmp_path: Path) -> None:
    result = check(tmp_path, CLOCK)
    assert [message.place for message in result.ours] == [("app.py", 10, "clock")]


@pytest.mark.parametrize(
    ("announced", "instead", "complaint"),
    [
        ('  # E: clock "time.time"', "", "not announced"),
        ("return time.time()", "return 1.0", "not reported"),
        ('"time.time"', '"time.monotonic"', "not reported"),
        ("E: clock", "E: random", "not reported"),
        ("builtins.int", "builtins.str", "not reported"),
        ('  # M: assignment "Incompatible types"', "", "not announced"),
        ("N: Proof:", "N: Disproof:", "not reported"),
    ],
)
def test_a_program_that_gets_something_else_fails(
    tmp_path: Path, announced: str, instead: str, complaint: str
) -> None:
    assert announced in CLOCK
    with pytest.raises(AssertionError, match=complaint):
        check(tmp_path, CLOCK.replace(announced, instead))


def test_a_marker_for_a_rule_that_does_not_exist_is_a_mistake_in_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no rule of ours: clok"):
        check(tmp_path, "x = 1  # E: clok\n")


def test_markers_of_all_kinds_may_stand_on_one_line() -> None:
    (first, second, third, fourth) = expectations('x  # E: clock "a, \\"b\\"", random # R: int # N: note\n')
    assert (first.code, first.text) == ("clock", 'a, "b"')
    assert (second.code, second.text) == ("random", "")
    assert (third.kind, third.text) == ("R", "int")
    assert (fourth.kind, fourth.text) == ("N", "note")


def test_mypys_output_is_read_with_and_without_columns_and_codes() -> None:
    with_all, without, of_file = parsed(
        "a/b.py:1:2: error: Bad [thing]  [arg-type]\na.py:3: note: Fine\na.py: error: Twice\nSuccess: no\n"
    )
    assert (with_all.path, with_all.line, with_all.column) == ("a/b.py", 1, 2)
    assert (with_all.text, with_all.code) == ("Bad [thing]", "arg-type")
    assert (without.line, without.column, without.severity, without.code) == (3, 0, "note", "")
    assert (of_file.line, of_file.severity) == (0, "error")
