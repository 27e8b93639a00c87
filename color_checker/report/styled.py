"""Writes lines in color; only imported when colors are wanted, because rich takes longer than a warm run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text


class StyledLines:
    """A stream that takes lines made of text and styles."""

    def __init__(self, stream: TextIO, width: int) -> None:
        self._console = _Console(
            file=stream, width=width, force_terminal=True, color_system="standard", no_color=False,
            legacy_windows=False, highlight=False, markup=False, emoji=False,
        )  # fmt: skip

    def write(self, spans: Iterable[tuple[str, str]]) -> None:
        """Write one line as it is, without the spaces at its end."""
        text = Text.assemble(*spans)
        text.rstrip()
        self._console.print(text, soft_wrap=True, no_wrap=True, overflow="ignore", crop=False)


class _Console(Console):
    """A console that leaves it to its caller what happens when nobody reads on."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
