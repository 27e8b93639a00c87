"""A progress bar on stderr for work that somebody waits for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from color_checker.report.options import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

Advance = Callable[[int], None]
DELAY = 0.7


@contextmanager
def progress(
    total: int,
    label: str,
    *,
    stream: TextIO | None = None,
    delay: float = DELAY,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """Give a function that counts units of work up to `total`.

    A bar appears only if `stream` (stderr) is a terminal and the work takes longer than `delay`
    seconds, and is gone when the work is done. Nothing is imported before that.
    """
    stream = stream or sys.stderr
    if not is_terminal(stream):
        yield lambda number: None
        return
    bar = LateBar(total, label, stream, clock() + delay, clock)
    try:
        yield bar.advance
    finally:
        bar.close()


class LateBar:
    """A bar that is not there before its time has come."""

    def __init__(
        self, total: int, label: str, stream: TextIO, appears_at: float, clock: Callable[[], float]
    ) -> None:
        self.total = total
        self.label = label
        self.stream = stream
        self.appears_at = appears_at
        self.clock = clock
        self.done = 0
        self.bar: Progress | None = None

    def advance(self, number: int) -> None:
        """Count `number` units of work as done."""
        self.done += number
        if self.bar is None and self.clock() >= self.appears_at:
            self.bar = self.appear()
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.done)

    def appear(self) -> Progress:
        """Draw the bar for the first time."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(file=self.stream),
            transient=True,
        )
        bar.add_task(self.label, total=self.total)
        bar.start()
        return bar

    def close(self) -> None:
        """Take the bar away, also after an exception."""
        if self.bar is not None:
            self.bar.stop()
