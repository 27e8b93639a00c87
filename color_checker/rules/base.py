"""What a rule is: its names, its explanation, its tested examples and its check."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import msgspec

from color_checker.findings import Effect, Finding, Severity

if TYPE_CHECKING:
    from color_checker.program import Program


#: What ends a line of an example that must get findings: `# expect: clock, random`.
EXPECT = re.compile(r" *# expect: ([a-z0-9-]+(?:, [a-z0-9-]+)*)$", re.MULTILINE)


class Example(msgspec.Struct, frozen=True):
    """A small project that shows a rule at work.

    Attributes:
        files: path → source. A line that must get a finding ends in `# expect: NAME` (several names
            separated by commas); every finding on the project must be expected by such a marker.
        title: one clause that says what it shows.
        configuration: the body of `[tool.color-checker]`, as TOML.
    """

    files: dict[str, str]
    title: str = ""
    configuration: str = ""

    def expected(self) -> frozenset[tuple[str, int, str]]:
        """Path, line and rule name of every finding that the markers announce."""
        return frozenset(
            (path, number, name)
            for path, source in self.files.items()
            for number, line in enumerate(source.splitlines(), 1)
            for marker in EXPECT.finditer(line)
            for name in marker[1].split(", ")
        )

    def shown(self) -> dict[str, str]:
        """The files as users see them, without markers."""
        return {path: EXPECT.sub("", source) for path, source in self.files.items()}


class Rule(ABC):
    """One rule. The docstring of a subclass is its public explanation, in Markdown.

    It has a one-line summary and the sections `## What it does`, `## Why is this bad` and
    `## Use instead`; the examples shown to users are the first of `bad` and of `good`.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = "error"
    effect: ClassVar[Effect | None] = None
    bad: ClassVar[tuple[Example, ...]] = ()
    good: ClassVar[tuple[Example, ...]] = ()

    @abstractmethod
    def check(self, program: Program) -> Iterator[Finding]:
        """All findings of this rule in `program`, in any order."""

    @classmethod
    def summary(cls) -> str:
        """The first line of the explanation, without its full stop."""
        return cls.explanation().partition("\n")[0].rstrip(".")

    @classmethod
    def explanation(cls) -> str:
        """The whole explanation, without the examples."""
        return inspect.cleandoc(cls.__doc__ or "")


class TypedRule(Rule):
    """A rule that needs a type checker's types: the mypy plugin checks it, the analyzer alone cannot."""

    def check(self, program: Program) -> Iterator[Finding]:
        """Nothing: without types it is not known."""
        return iter(())
