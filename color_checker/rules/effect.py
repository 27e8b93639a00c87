"""The base of the effect rules CC201 to CC214: what they say and how they say it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar

from color_checker.causes import Cause
from color_checker.findings import Effect, Finding
from color_checker.program import Program, shown_name
from color_checker.rules.base import Rule


def use_instead(replacement: str) -> str:
    """One sentence out of a replacement, which is code (`workflow.now()`) or one clause."""
    if _is_code(replacement):
        return f"Use `{replacement}`."
    if replacement.partition(" ")[0] in IMPERATIVES:
        return replacement[0].upper() + replacement[1:] + "."
    return f"Use {replacement}."


def _is_code(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


#: Words with which the clauses of profiles and rules begin that are sentences already.
IMPERATIVES = frozenset(
    {
        "call",
        "choose",
        "compute",
        "decide",
        "derive",
        "do",
        "draw",
        "encrypt",
        "format",
        "give",
        "hash",
        "import",
    }
    | {
        "keep",
        "leave",
        "make",
        "move",
        "pass",
        "put",
        "read",
        "run",
        "seed",
        "sleep",
        "start",
        "use",
        "verify",
    }
    | {"wait", "write"}
)


class EffectRule(Rule):
    """A call that workflow or pure code reaches has an effect that a replay does not repeat.

    One cause, one finding: a call that makes an object with the effect (`open`, `ThreadPoolExecutor()`) is
    reported, the methods that the same function then calls on it are not; the bodies of steps and of
    other colored functions are not followed.

    Attributes:
        does: what the call does, as the predicate of a sentence.
        harm: what goes wrong on replay, one sentence.
        instead: what to write where the engine profile has no better advice, one clause.
    """

    effect: ClassVar[Effect]
    does: ClassVar[str]
    harm: ClassVar[str]
    instead: ClassVar[str]

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each cause, at the colored function's call that leads to it."""
        for cause in program.causes:
            if cause.site.effect is self.effect:
                yield self._finding(program, cause)

    def _finding(self, program: Program, cause: Cause) -> Finding:
        site = cause.site
        profile = program.profile(cause.engine)
        own = profile.replacement(site.dotted, None) if profile is not None else ""
        general = profile.replacement(site.dotted, site.effect) if profile is not None else ""
        callee = shown_name(site.dotted)
        return program.finding(
            self.code, self.name, self.severity, cause.anchor,
            program.place_of(cause.anchor, cause.position),
            self.message(callee, own or site.advice or general or None),
            effect=site.effect, engine=cause.engine, workflows=cause.workflows,
            witness=program.witness(cause.chain, cause.node, site.at, callee),
        )  # fmt: skip

    @classmethod
    def message(cls, callee: str, replacement: str | None = None) -> str:
        """What is wrong with reaching `callee`, why on replay, and what to write instead."""
        return f"`{callee}` {cls.does}. {cls.harm} {use_instead(replacement or cls.instead)}"
