"""Says that color-checker itself has failed, so that mypy can go on with its own work."""

from __future__ import annotations

import sys
import traceback


class Failures:
    """Mistakes of ours, each said once in a run."""

    def __init__(self, *, show_traceback: bool = False) -> None:
        """`show_traceback`: as mypy's option of that name."""
        self._show_traceback = show_traceback
        self._said: set[str] = set()

    def begin(self) -> None:
        """The project is looked at anew, by the daemon: what fails now is said again."""
        self._said.clear()

    def say(self, error: Exception) -> None:
        """Write one line on standard error, and the traceback if it is wanted."""
        what = f"{type(error).__name__}: {error}".replace("\n", " ")
        if what in self._said:
            return
        self._said.add(what)
        hint = "" if self._show_traceback else " (--show-traceback shows where)"
        sys.stderr.write(f"mypy_plugin (color-checker) failed, findings may be missing: {what}{hint}\n")
        if self._show_traceback:
            sys.stderr.writelines(traceback.format_exception(error))
