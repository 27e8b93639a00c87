"""Which fixes there are for a finding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from color_checker.findings import Effect, Finding
from color_checker.fixes import (
    awaiting,
    calls,
    conversion,
    extraction,
    naming,
    ordering,
    passing,
    raising,
    rewriting,
)
from color_checker.fixes.edits import Fix, Read
from color_checker.fixes.problem import Known, Problem

if TYPE_CHECKING:
    from color_checker.checking import Analysis

Fixer = Callable[[Problem], Iterator[Fix]]

#: Rule → what may fix its findings, the best first.
FIXERS: dict[str, tuple[Fixer, ...]] = {
    **{effect.value: (rewriting.fixes, conversion.fixes, extraction.fixes) for effect in Effect},
    Effect.UNORDERED.value: (ordering.fixes, extraction.fixes),
    "effectful-import": (passing.fixes,),
    "global-read": (extraction.fixes,),
    "step-bypasses-engine": (calls.fixes,),
    "not-awaited": (awaiting.fixes,),
    "swallows-control-flow": (raising.fixes,),
    "unknown-name": (naming.fixes,),
}


#: What these do always has to be looked at.
_NEVER_SAFE: tuple[Fixer, ...] = (
    calls.fixes, conversion.fixes, extraction.fixes, naming.fixes, raising.fixes,
)  # fmt: skip


def fixes_for(finding: Finding, analysis: Analysis, read: Read) -> tuple[Fix, ...]:
    """The fixes for a finding of the analysis, the best first; none if there are none.

    `read` gives the text of the file at an absolute path, as it was analyzed. Where a text has changed
    since, there is no fix, or one that does not fit: check again first.
    """
    return tuple(sorted(dict.fromkeys(each_fix(finding, analysis, read)), key=lambda fix: not fix.safe))


def each_fix(
    finding: Finding, analysis: Analysis, read: Read, *, unsafe: bool = True, tidy: bool = True,
    known: Known | None = None, taken: Collection[str] = (),
) -> Iterator[Fix]:  # fmt: skip
    """The same one by one, for who needs only the first; without `unsafe`, only those that are safe.

    Without `tidy` they leave imports alone that nothing needs after them, and nobody has looked whether what
    they give can be parsed. `known` saves time where fixes of many findings are asked for; new functions do
    not get the names that are `taken`.
    """
    fixers = FIXERS.get(finding.name, ())
    problem = Problem(finding, analysis, read, tidy=tidy, known=known, taken=taken)
    if not fixers or not problem.path:
        return
    for fixer in fixers:
        if unsafe or fixer not in _NEVER_SAFE:
            yield from (fix for fix in fixer(problem) if unsafe or fix.safe)
