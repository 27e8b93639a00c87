"""Says in sentences what a run looked at, what it found and what it could not resolve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from color_checker.findings import Report, Summary
from color_checker.report.options import Options


def sentences(report: Report, options: Options) -> list[str]:
    """The closing lines of a report for people, the verdict first."""
    return [
        verdict(report),
        *unread(report),
        *fixable(report),
        *unresolved(report, strict=options.strict),
        *suppressed(report.summary),
        *unchecked(options.typed),
        *hint(report, options.engines),
    ]


def verdict(report: Report) -> str:
    """Whether anything was found, and in how much code."""
    summary = report.summary
    if report.findings:
        files = len({finding.path for finding in report.findings})
        return f"Found {found(report)} in {count(files, 'file')} ({scope(summary)} checked{time(summary)})."
    if not summary.files:
        return "No Python file was found, so nothing was checked."
    if not summary.workflows:
        size = f"{count(summary.files, 'file')}, {count(summary.lines, 'line')}"
        return f"No workflow was found ({size} read{time(summary)})."
    colored = f"{count(summary.workflows, 'workflow')} and {count(summary.steps, 'step')}"
    size = f"{count(summary.files, 'file')}, {count(summary.lines, 'line')}"
    return f"No problem found in {colored} ({size}{time(summary)})."


def found(report: Report) -> str:
    """`9 errors, 1 warning`."""
    numbers = Counter(finding.severity for finding in report.findings)
    return ", ".join(count(numbers[kind], kind) for kind in ("error", "warning", "note") if numbers[kind])


def scope(summary: Summary) -> str:
    """`12 files, 840 lines, 5 workflows, 9 steps`."""
    parts = (
        (summary.files, "file"),
        (summary.lines, "line"),
        (summary.workflows, "workflow"),
        (summary.steps, "step"),
    )
    return ", ".join(count(number, word) for number, word in parts)


def time(summary: Summary) -> str:
    """` in 0.4 s`, or nothing when it was not measured."""
    return "" if summary.seconds is None else f" in {summary.seconds:.1f} s"


#: What the reason for an error of syntax says of the Python that parsed it.
_READ_AS = "(read as Python "


def unread(report: Report) -> list[str]:
    """How many files stand outside the verdict."""
    files = len({error.path for error in report.errors})
    if not files:
        return []
    said = f"{count(files, 'file')} could not be read or parsed, see the errors above."
    if any(_READ_AS in error.reason for error in report.errors):
        said += " Code for a newer Python is to be checked with that Python."
    return [said]


def fixable(report: Report) -> list[str]:
    """How many findings the tool can repair itself."""
    number = sum(finding.fix for finding in report.findings)
    return [f"{number} can be fixed with `color-checker fix`."] if number else []


def unresolved(report: Report, *, strict: bool) -> list[str]:
    """What the verdict does not cover. Never silent: a gap may hide anything."""
    summary = report.summary
    if not summary.gaps:
        return []
    way_on = "." if strict else "; run with --strict to see them."
    calls = f"{summary.gaps:,} of {count(summary.calls, 'call')} in workflow code"
    return [f"{calls} could not be resolved (gaps){way_on}"]


def suppressed(summary: Summary) -> list[str]:
    """How many findings comments in the code have silenced."""
    if not summary.suppressed:
        return []
    return [f"{count(summary.suppressed, 'finding')} suppressed by comments in the code."]


def unchecked(rules: Sequence[str]) -> list[str]:
    """Which of the selected rules are not in the verdict at all."""
    if not rules:
        return []
    names, need = " and ".join(rules), "needs" if len(rules) == 1 else "need"
    return [f"Not checked here: {names} {need} types, which only the mypy plugin has."]


def hint(report: Report, engines: Sequence[str]) -> list[str]:
    """Where to look when no workflow was found: a wrong path is noticed here or never."""
    if report.summary.workflows or report.findings:
        return []  # pure code and workflow modules have findings without a workflow
    looked_for = f" Engines looked for: {', '.join(engines)}." if engines else ""
    return [
        f"Is the path right?{looked_for} An engine is found by what a file imports; a framework of your own "
        "needs a profile, named in pyproject.toml: [tool.color-checker] engine-files = [...]."
    ]


def count(number: int, word: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
