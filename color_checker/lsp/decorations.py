"""What colors a file in the editor: semantic tokens, inlay hints and code lenses."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from lsprotocol import types

from color_checker.findings import Color
from color_checker.lsp.positions import Text
from color_checker.lsp.view import Function, View
from color_checker.program import Place
from color_checker.texts import lines_of

#: The types of tokens; editors color `workflow`, `step` and `effect` as their themes or our pages say.
TOKEN_TYPES = ["workflow", "step", "pure", "effect", "engine"]
_LAST_NAME = re.compile(r"(?:^[\w.]+|\w+)\Z")
_TYPE = {name: index for index, name in enumerate(TOKEN_TYPES)}


def semantic_tokens(view: View, text: Text) -> types.SemanticTokens:
    """The names of colored functions, and in calls those of steps, workflows, effects and the engine.

    Each token is five numbers: lines and characters from the one before, length, type, no modifiers
    (Language Server Protocol 3.17, "Semantic Tokens"). A token lies on one line.
    """
    data: list[int] = []
    line = character = end = 0
    for start, length, kind in sorted(
        _tokens(view, text), key=lambda token: (token[0].line, token[0].character)
    ):
        if start.line == line and start.character < end:
            continue  # they must not overlap
        if start.line != line:
            character = 0
        data += [start.line - line, start.character - character, length, _TYPE[kind], 0]
        line, character, end = start.line, start.character, start.character + length
    return types.SemanticTokens(data=data)


def _tokens(view: View, text: Text) -> Iterator[tuple[types.Position, int, str]]:
    """Start, length and type of each."""
    places = [(function.place, function.color.value) for function in view.functions if function.is_colored]
    places += [(use.place, use.kind) for use in view.uses]
    for place, kind in places:
        if not text.shows(place.line, place.end_line):
            continue
        covered = text.span(*_called(place, text))
        if covered.start.line == covered.end.line and covered.start.character < covered.end.character:
            yield covered.start, covered.end.character - covered.start.character, kind


def _called(place: Place, text: Text) -> tuple[int, int, int, int]:
    """Of a call the name: its arguments keep their own colors, and may go on over many lines."""
    covered = text.span(*place.span)
    code = text.text[text.offset(covered.start) : text.offset(covered.end)]
    start, end = _name(code)
    if not end:
        return place.span
    before = lines_of(code[:start])
    line = place.line + len(before) - 1
    column = len(before[-1]) + (place.column if len(before) == 1 else 1)
    return line, column, line, column + end - start


@functools.lru_cache(maxsize=4096)  # an editor asks after each edit, and most calls are the same then
def _name(code: str) -> tuple[int, int]:
    """Where the dotted name that is called stands in the code of a call; 0 as the end if there is none.

    Where other code stands before the last dot, as in `session().get(url)`, it is what comes behind the dot.
    """
    source = f"({code}\n)"
    try:
        call = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):  # in the middle of an edit
        return 0, 0
    called = ast.get_source_segment(source, call.func) if isinstance(call, ast.Call) else None
    name = _LAST_NAME.search(called) if called and code.startswith(called) else None
    return name.span() if name else (0, 0)


def inlay_hints(view: View, text: Text, lines: range) -> list[types.InlayHint]:
    """The effects of a call behind it, for calls in replayed code on these lines (from 1)."""
    return [
        types.InlayHint(
            position=text.position(use.place.end_line, use.place.end_column),
            label=" ".join(use.what),
            padding_left=True,
            tooltip=f"Has an effect that a replay does not repeat: {', '.join(use.what)}",
        )
        for use in view.uses
        if use.kind == "effect"
        and use.place.end_line in lines
        and text.shows(use.place.line, use.place.end_line)
    ]


def code_lenses(view: View, text: Text) -> list[types.CodeLens]:
    """One above each colored function: "workflow · temporal · 5 steps · 1 problem"."""
    return [
        types.CodeLens(
            range=text.span(*function.place.span),
            command=types.Command(title=" · ".join(_lens(function)), command=""),
        )
        for function in view.functions
        if function.is_colored and text.shows(function.place.line, function.place.end_line)
    ]


def _lens(function: Function) -> Iterator[str]:
    yield function.color.value
    if function.engine:
        yield function.engine
    if function.color is Color.WORKFLOW:
        yield _count(function.steps, "step")
    if function.problems:
        yield _count(function.problems, "problem")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
