"""Turns findings into errors and notes of mypy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mypy.checker import TypeChecker
from mypy.nodes import NameExpr

from color_checker.findings import Finding
from mypy_plugin.codes import CODES

#: How the links of a witness are joined. Consoles that mypy prints to need not know more than ASCII.
_LEADS_TO = " -> "


def emit(api: TypeChecker, finding: Finding) -> None:
    """Report one finding at its place in the file that is being checked, its witness in notes below it."""
    code = CODES[finding.name]
    place = _expression(finding)
    if finding.severity == "note":
        api.note(finding.message, place, code=code)
    else:
        # mypy has no warnings; those of color-checker, too, make a run fail.
        api.fail(finding.message, place, code=code)
    for line in witness_lines(finding):
        api.note(line, place, code=code)


def witness_lines(finding: Finding) -> Iterator[str]:
    """The chain of calls that proves the finding, and where each of its calls stands."""
    frames = finding.witness
    if len(frames) < 2:
        return
    yield f"Proof: {_LEADS_TO.join(frame.function for frame in frames)}"
    if len(frames) > 2:
        for frame, following in pairwise(frames):
            yield f"  {frame.path}:{frame.line}: {frame.function} reaches {following.function}"


def _expression(finding: Finding) -> NameExpr:
    """A place for mypy: an expression, since `# type: ignore` counts on every line of one."""
    place = NameExpr(finding.name)
    place.set_line(finding.line, finding.column - 1, finding.end_line, finding.end_column - 1)
    return place
