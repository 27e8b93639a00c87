"""Which fixes there are for a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from color_checker.findings import Effect, Finding
from color_checker.fixes import awaiting, calls, conversion, extraction, ordering, passing, rewriting
from color_checker.fixes.edits import Fix, Read
from color_checker.fixes.problem import Problem

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
}


def fixes_for(finding: Finding, analysis: Analysis, read: Read) -> tuple[Fix, ...]:
    """The fixes for a finding of the analysis, the best first; none if there are none.

    `read` gives the text of the file at an absolute path, as it was analyzed. Where a text has changed
    since, there is no fix, or one that does not fit: check again first.
    """
    fixers = FIXERS.get(finding.name, ())
    if not fixers:
        return ()
    problem = Problem(finding, analysis, read)
    if not problem.path:
        return ()
    found = dict.fromkeys(fix for fixer in fixers for fix in fixer(problem))
    return tuple(sorted(found, key=lambda fix: not fix.safe))
