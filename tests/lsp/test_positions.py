"""Places in texts with characters outside of the first plane, all line ends, and edits to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from pygls.workspace import PositionCodec

from color_checker.lsp.documents import Documents
from color_checker.lsp.positions import Text
from tests.lsp.editor import HELPER, WORKFLOW, Editor, utf16_offset, utf16_position

#: Also what ends a line for `str.splitlines`, but for no editor and not for Python.
_PIECES = st.sampled_from(
    ["a", "é", "漢", "😀", "\t", " ", "\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\n", "\r\n", "\n\n"]
)
_TEXTS = st.lists(_PIECES, max_size=25).map("".join)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "before",
    ["'😀'; ", "'漢字'; ", "'e\u0301 👨\u200d👩\u200d👧'; ", "x =\t1; ", "'\x0c'; "],
    ids=["emoji", "CJK", "combined", "tab", "form feed"],
)
async def test_columns_count_utf16_units(editor: Editor, before: str) -> None:
    editor.write("flow.py", WORKFLOW.replace("today()", f"{before}today()"))
    await editor.start()
    [shown] = await editor.diagnostics("flow.py")
    text = editor.shown("flow.py")
    start, end = utf16_offset(text, shown.range.start), utf16_offset(text, shown.range.end)
    assert text[start:end] == "today()"
    assert shown.range.start == utf16_position(text, text.index("today()"))


@pytest.mark.asyncio
async def test_an_editor_that_prefers_utf8_gets_bytes(editor: Editor) -> None:
    def prefer(capabilities: types.ClientCapabilities) -> None:
        capabilities.general = types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind.Utf8]
        )

    editor.write("flow.py", WORKFLOW.replace("today()", "'漢😀'; today()"))
    await editor.start(change=prefer)
    [shown] = await editor.diagnostics("flow.py")
    assert shown.range.start.character == 8 + len("'漢😀'; ".encode())


@pytest.mark.asyncio
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
async def test_all_line_ends_count(editor: Editor, end: str) -> None:
    editor.write("flow.py", WORKFLOW.replace("\n", end))
    editor.write("helper.py", HELPER.replace("\n", end))
    await editor.start()
    [shown] = await editor.diagnostics("flow.py")
    assert (shown.range.start, shown.range.end) == (types.Position(7, 8), types.Position(7, 15))


@pytest.mark.asyncio
@pytest.mark.parametrize("odd", ["\x0c", "\x0b", "\x1c", "\x85", "\u2028"], ids=ascii)
async def test_edits_below_what_only_python_strings_take_for_a_line_end(editor: Editor, odd: str) -> None:
    await editor.start()
    editor.open("flow.py", f"# above{odd}below\n{WORKFLOW}")
    assert await editor.found("flow.py") == [(9, "clock")]
    editor.replace("flow.py", "        today()", "        pass\n        today()")
    assert await editor.found("flow.py") == [(10, "clock")]
    editor.replace("flow.py", "today()", "pass")
    assert await editor.found("flow.py") == []


@given(text=_TEXTS, data=st.data())
def test_places_are_translated_as_utf16_is_defined(text: str, data: st.DataObject) -> None:
    shown = Text(text, PositionCodec())
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == "\r\n":
        offset += 1  # nothing stands within a line end
    position = utf16_position(text, offset)
    assert shown.offset(position) == offset
    line, column = shown.place(position)
    assert shown.position(line, column) == position


@given(text=_TEXTS, changes=st.lists(st.tuples(st.integers(0), st.integers(0), _TEXTS), max_size=4))
def test_edits_give_the_text_that_the_editor_has(text: str, changes: list[tuple[int, int, str]]) -> None:
    documents = Documents()
    uri = "file:///a.py"
    documents.open(types.TextDocumentItem(uri=uri, language_id="python", version=0, text=text))
    for version, (first, second, new) in enumerate(changes, 1):
        ends = [_outside_line_ends(text, offset % (len(text) + 1)) for offset in (first, second)]
        start, end = min(ends), max(ends)
        change = types.TextDocumentContentChangePartial(
            range=types.Range(start=utf16_position(text, start), end=utf16_position(text, end)), text=new
        )
        path = documents.change(types.VersionedTextDocumentIdentifier(uri=uri, version=version), [change])
        text = text[:start] + new + text[end:]
        document = documents.get(path)
        assert document is not None
        assert (document.text, document.version) == (text, version)


def _outside_line_ends(text: str, offset: int) -> int:
    return offset + 1 if text[offset - 1 : offset + 1] == "\r\n" else offset


@given(head=_TEXTS, old=_TEXTS, new=_TEXTS, tail=_TEXTS)
def test_lines_around_an_edit_keep_their_code(head: str, old: str, new: str, tail: str) -> None:
    analyzed, current = f"{head}\n{old}\n{tail}", f"{head}\n{new}\n{tail}"
    shown = Text(current, PositionCodec(), analyzed)
    before = Text(analyzed, PositionCodec())
    for line, code in enumerate(before.lines, 1):
        if shown.shows(line, line):
            now = shown.position(line, 1)
            assert shown.lines[now.line] == code
            assert shown.place(now)[0] == line
    gone = [line for line in range(1, len(before.lines) + 1) if not shown.shows(line, line)]
    assert len(gone) <= old.count("\n") + 1
    assert all(line > head.count("\n") + 1 for line in gone)
