"""Moves lines of code to another indentation."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from color_checker.fixes.code import Code, walk


def indented(
    code: Code, nodes: tuple[cst.CSTNode, ...], indentation: str, renamed: Callable[[cst.CSTNode], str | None]
) -> str | None:
    """The statements, which follow each other, at another indentation; None where that is not possible.

    Lines that begin within a string stay as they are. `renamed` gives other texts for nodes.
    """
    start, end = code.span(nodes[0])[0], code.span(nodes[-1])[1]
    before = code.text[code.line_start(start) : start]
    if before.strip():
        return None
    kept: set[int] = set()
    changes: list[tuple[int, int, str]] = []
    for top in nodes:
        for node in walk(top):
            if isinstance(node, cst.SimpleString | cst.FormattedString):
                first, last = code.span(node)
                kept.update(range(code.lines.place(first)[0] + 1, code.lines.place(last)[0] + 1))
            text = renamed(node)
            if text is not None:
                changes.append((*code.span(node), text))
    first_line, last_line = code.lines.place(start)[0], code.lines.place(end)[0]
    for line in range(first_line, last_line + 1):
        offset = code.lines.starts[line - 1]
        if line in kept:
            continue
        text = code.text[offset : code.next_line(offset)]
        if not text.strip():
            continue
        if text.startswith(before):
            changes.append((offset, offset + len(before), indentation))
        elif not text.lstrip().startswith("#") and line == first_line:
            return None
    parts = []
    last_offset = code.line_start(start)
    for first, last, text in sorted(changes):
        if first < last_offset:
            return None
        parts += [code.text[last_offset:first], text]
        last_offset = last
    return "".join((*parts, code.text[last_offset:end]))
