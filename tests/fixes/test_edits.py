"""Edits are applied to texts as they are, whatever their line ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from color_checker.fixes import Edit, apply, overlap
from color_checker.fixes.edits import Lines


def _edit(line: int, column: int, end_line: int, end_column: int, text: str) -> Edit:
    return Edit("a.py", line, column, end_line, end_column, text)


def test_edits_of_one_file_are_applied_together() -> None:
    edits = [_edit(2, 1, 2, 2, "B"), _edit(1, 1, 1, 1, "x\n"), _edit(2, 3, 3, 1, "")]
    assert apply(edits, {"a.py": "a\nb c\nd\n"}.__getitem__) == {"a.py": "x\na\nB d\n"}


def test_equal_edits_count_once_and_texts_at_one_place_keep_their_order() -> None:
    edits = [_edit(1, 1, 1, 1, "x"), _edit(1, 1, 1, 1, "y"), _edit(1, 1, 1, 1, "x")]
    assert apply(edits, lambda path: "a") == {"a.py": "xya"}


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match=r"overlap in a\.py:1:2"):
        apply([_edit(1, 1, 1, 3, ""), _edit(1, 2, 1, 4, "")], lambda path: "abcd")


def test_fixes_overlap_if_their_ranges_do_or_they_define_the_same_function() -> None:
    assert overlap([_edit(1, 1, 1, 3, "")], [_edit(1, 2, 1, 2, "x")])
    assert not overlap([_edit(1, 1, 1, 3, "")], [_edit(1, 3, 1, 3, "x")])
    assert not overlap([_edit(1, 1, 1, 3, "")], [_edit(1, 1, 1, 3, "")])
    one, other = "def f():\n    pass\n", "async def f(x):\n    pass\n"
    assert overlap([_edit(1, 1, 1, 1, one)], [_edit(1, 1, 1, 1, other)])
    assert not overlap([_edit(1, 1, 1, 1, one)], [_edit(1, 1, 1, 1, other.replace("f", "g"))])


@given(st.text(alphabet="ab\r\n\f\u2028ä\U0001f600"), st.data())
def test_places_and_offsets_are_each_other_s_inverse(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    lines = Lines(text)
    assert lines.offset(*lines.place(offset)) == offset
    inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
    assert inside_line_end or lines.place(offset)[0] == len(
        text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )


def test_imports_from_one_module_that_two_fixes_need_become_one_line() -> None:
    text = "import os\n"
    edits = [
        Edit("a.py", 2, 1, 2, 1, f"\nfrom temporalio import {name}\n") for name in ("workflow", "activity")
    ]
    assert apply(edits, lambda path: text) == {
        "a.py": "import os\n\nfrom temporalio import activity, workflow\n"
    }


def test_names_that_are_put_into_one_import_are_in_order() -> None:
    text = "from a import workflow\n"
    edits = [Edit("a.py", 1, 15, 1, 15, f"{name}, ") for name in ("step", "sleep", "Retry")]
    assert apply(edits, lambda path: text) == {"a.py": "from a import Retry, sleep, step, workflow\n"}
