"""The errors that a user can cause, each with a message that says what to do."""

from __future__ import annotations


class ColorCheckerError(Exception):
    """The base of all errors of this package. The message is one line that says what the user can do.

    The command line prints it and exits with 2.
    """


class ConfigError(ColorCheckerError):
    """A configuration or baseline file is not valid; the message names file and key, or file and line."""


class UsageError(ColorCheckerError):
    """The command was called in a way that makes no sense."""


class SourceError(ColorCheckerError):
    """A source file cannot be read or decoded; it becomes an `InputError` in the report.

    Attributes:
        reason: one clause, without the path.
        line: the line of the trouble, from 1; 1 if it is the file as a whole.
        column: its column, from 1.
    """

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


def did_you_mean(word: str, known: list[str]) -> str:
    """A hint such as `; did you mean "clock"?`, or "" when nothing known is close."""
    import difflib  # slow to import, and only needed on the way out

    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
