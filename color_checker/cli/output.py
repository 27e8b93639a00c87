"""Where a command writes, and how to write there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import msgspec

from color_checker.errors import UsageError

if TYPE_CHECKING:
    from color_checker.report import Options


@contextmanager
def target(output: str) -> Iterator[TextIO]:
    """Standard output, or a file of that name. Raises UsageError."""
    if output == "-":
        yield sys.stdout
        return
    try:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            yield file
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from None


def options_for(stream: TextIO, color: str) -> Options:
    """How to write to the stream."""
    from color_checker.report import Options

    options = Options.for_stream(stream)
    return options if color == "auto" else msgspec.structs.replace(options, color=color == "always")
