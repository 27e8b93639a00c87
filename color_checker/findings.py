"""The vocabulary of results: colors, effects, findings and the report that holds them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class Color(StrEnum):
    """What a function is to a durable-execution engine."""

    WORKFLOW = "workflow"
    STEP = "step"
    PURE = "pure"
    PLAIN = "plain"


class Effect(StrEnum):
    """What a call does that a replay cannot repeat; each value is the name of a CC2xx rule."""

    CLOCK = "clock"
    RANDOM = "random"
    IDENTITY = "identity"
    ENVIRONMENT = "environment"
    FILESYSTEM = "filesystem"
    NETWORK = "network"
    PROCESS = "process"
    THREAD = "thread"
    SCHEDULING = "scheduling"
    UNORDERED = "unordered"
    BLOCKING = "blocking"
    CONSOLE = "console"
    INTERPRETER = "interpreter"
    DYNAMIC_CODE = "dynamic-code"


Severity = Literal["error", "warning", "note"]


class Frame(msgspec.Struct, frozen=True, order=True):
    """One link of a witness: a function and the place in it that leads to the next link.

    The last frame of a witness names the effectful thing itself (`datetime.datetime.now`)
    and has the place of the call that reaches it.
    """

    function: str
    path: str
    line: int
    column: int


class Finding(msgspec.Struct, frozen=True):
    """One violation of one rule at one place.

    Lines and columns count from 1, columns in characters; `end_column` is the first one after the
    underlined code.
    """

    code: str
    name: str
    severity: Severity
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    function: str
    color: Color
    engine: str
    effect: Effect | None
    witness: tuple[Frame, ...]
    fix: bool = False
    workflows: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The order of every report: path, line, column, code, message."""
        return (self.path, self.line, self.column, self.code, self.message)


class InputError(msgspec.Struct, frozen=True, order=True):
    """A file that could not be read or parsed; the others are still checked."""

    path: str
    line: int
    column: int
    reason: str


class Summary(msgspec.Struct, frozen=True):
    """What was looked at, and how much of it stayed unresolved."""

    files: int = 0
    lines: int = 0
    functions: int = 0
    workflows: int = 0
    steps: int = 0
    calls: int = 0
    gaps: int = 0
    suppressed: int = 0
    seconds: float | None = None


class Report(msgspec.Struct, frozen=True):
    """Everything one run of the analyzer found; findings and errors are sorted."""

    findings: tuple[Finding, ...] = ()
    errors: tuple[InputError, ...] = ()
    summary: Summary = Summary()
    gaps: tuple[Finding, ...] = ()
