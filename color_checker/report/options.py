"""How a report is written: width, color and the characters that the output can take."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import msgspec

if TYPE_CHECKING:
    from color_checker.rules.base import Rule

Lines = Callable[[str], Sequence[str]]
Rules = Mapping[str, "type[Rule]"]


class Options(msgspec.Struct, frozen=True):
    """What the output can show and what the user asked for.

    Attributes:
        color: write colors and bold face.
        width: columns to wrap prose at; paths and names are never broken.
        encoding: what the output is encoded in; characters it lacks are shown as escapes.
        seconds: also say how long the run took (JSON: else null, for equal bytes).
        engines: names of the engines that were looked for, for the hint when nothing was found.
        strict: gaps are among the findings, so the summary does not point to `--strict`.
        typed: names of rules that were selected but need a type checker.
    """

    color: bool = False
    width: int = 80
    encoding: str = "utf-8"
    seconds: bool = False
    engines: tuple[str, ...] = ()
    strict: bool = False
    typed: tuple[str, ...] = ()

    @classmethod
    def for_stream(
        cls,
        stream: TextIO,
        *,
        environ: Mapping[str, str] = os.environ,
        seconds: bool = False,
        engines: tuple[str, ...] = (),
        strict: bool = False,
    ) -> Options:
        """Options that fit `stream`, with NO_COLOR, FORCE_COLOR and TERM=dumb respected."""
        terminal = is_terminal(stream)
        return cls(
            color=wants_color(terminal, environ),
            width=max(40, _columns()) if terminal else 80,
            encoding=getattr(stream, "encoding", None) or "utf-8",
            seconds=seconds,
            engines=engines,
            strict=strict,
        )

    def can_show(self, characters: str) -> bool:
        """Whether the output's encoding has all of `characters`."""
        try:
            characters.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def _columns() -> int:
    import shutil  # not needed where nobody looks

    return shutil.get_terminal_size().columns


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at `stream`; a closed or odd one counts as not."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def wants_color(terminal: bool, environ: Mapping[str, str]) -> bool:
    """The conventions of no-color.org and force-color.org; NO_COLOR wins."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return terminal and environ.get("TERM") != "dumb"


def no_lines(path: str) -> Sequence[str]:
    """The sources of a caller that has none."""
    return ()
