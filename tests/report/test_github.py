"""The GitHub Actions format: exact commands, and escapes that the runner reads back."""

from __future__ import annotations

from color_checker.findings import InputError, Report, Summary
from color_checker.report import Options
from color_checker.report.github import commands
from tests.report.samples import REPORT, finding

EXPECTED = """\
::error file=app/broken.py,line=3,col=7,title=not checked::invalid syntax
::error file=app/secret.py,title=not checked::permission denied
::error file=app/trial.py,line=4,col=19,endLine=4,endColumn=33,title=CC201 clock::Reads it.%0A\
app.trial.ProTrial.run (app/trial.py:4)%0A→ datetime.datetime.now (app/trial.py:4)
::warning file=app/vanished.py,line=3,col=1,endLine=3,endColumn=1,title=CC901 unused-suppression::\
This suppression suppresses nothing.
Found 1 error, 1 warning in 2 files (3 files, 40 lines, 1 workflow, 0 steps checked).
2 files could not be read or parsed, see the errors above.
1 can be fixed with `color-checker fix`.
"""


def test_a_report_becomes_these_commands() -> None:
    report = Report(
        findings=(finding(message="Reads it."), REPORT.findings[3]),
        errors=REPORT.errors,
        summary=Summary(files=3, lines=40, workflows=1),
    )
    assert commands(report, Options()) == EXPECTED


def test_a_note_is_a_notice() -> None:
    assert commands(Report((finding(severity="note"),)), Options()).startswith("::notice file=")


def test_the_workflows_that_share_a_finding_are_named() -> None:
    assert "%0AReached by a, b\n" in commands(Report((finding(workflows=("a", "b")),)), Options())


def test_nothing_in_a_finding_can_end_its_command_or_start_another() -> None:
    report = Report(
        findings=(finding(path="a,line=9::b%.py", message="50%\r\n::error::x", witness=()),),
        errors=(InputError("c.py", 0, 0, "x\n::stop-commands::y"),),
    )
    first, second, *rest = commands(report, Options()).splitlines()
    assert first == "::error file=c.py,title=not checked::x%0A::stop-commands::y"
    assert second == (
        "::error file=a%2Cline=9%3A%3Ab%25.py,line=4,col=19,endLine=4,endColumn=33,title=CC201 clock::"
        "50%25%0A::error::x"
    )
    assert not any(line.startswith("::") for line in rest)
