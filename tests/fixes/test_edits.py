"""Edits are applied to texts as they are, whatever their line ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from color_checker.fixes import Edit, apply, overlap
from color_checker.fixes.edits import Lines, Moves, Taken


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


@given(st.data())
def test_code_that_is_not_replaced_is_found_where_it_has_moved(data: st.DataObject) -> None:
    text = "".join(f"{number}\n" if number % 3 == 0 else f"{number} " for number in range(100, 140))
    words = sorted(data.draw(st.sets(st.sampled_from(range(100, 140)), max_size=8)))
    lines = Lines(text)
    edits, replaced = [], set()
    for word in words:
        start = text.index(str(word))
        kind = data.draw(st.sampled_from(["above", "away", "other", "both"]))
        if kind in ("above", "both"):
            edits.append(lines.edit("a.py", start, start, "new\n"))
        if kind != "above":
            edits.append(lines.edit("a.py", start, start + 3, "" if kind == "away" else "o\nther"))
            replaced.add(word)
    moves, after = Moves(text, edits), apply(edits, lambda path: text).get("a.py", text)
    for word in range(100, 140):
        place = moves.place(*lines.place(text.index(str(word))))
        if word not in replaced:
            assert place == Lines(after).place(after.index(str(word)))


def test_what_is_replaced_is_where_its_replacement_begins() -> None:
    edits = [_edit(1, 1, 1, 1, "x\n"), _edit(2, 1, 2, 4, "long\nlonger"), _edit(2, 4, 2, 4, "!")]
    moves = Moves("a\nb c d\n", edits)
    assert [moves.place(1, 1), moves.place(2, 1), moves.place(2, 3)] == [(2, 1), (3, 1), (3, 1)]
    assert moves.place(2, 5) == (4, 9)


_PLACES = st.tuples(st.integers(1, 3), st.integers(1, 3))


def _between(one: tuple[int, int], other: tuple[int, int], text: str) -> Edit:
    (line, column), (end_line, end_column) = sorted((one, other))
    return _edit(line, column, end_line, end_column, text)


_EDITS = st.builds(_between, _PLACES, _PLACES, st.sampled_from(["", "def f(): ...", "def g(): ..."]))


@given(st.lists(_EDITS, max_size=12))
def test_what_collides_with_one_of_many_edits_collides_with_them_all(edits: list[Edit]) -> None:
    taken, accepted = Taken(), list[Edit]()
    for edit in edits:
        assert taken.collides([edit]) == any(overlap([edit], [other]) for other in accepted)
        if not taken.collides([edit]):
            taken.add([edit])
            accepted.append(edit)
