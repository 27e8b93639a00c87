"""The text format: exact output, carets under the right cells, plain output where color is not wanted."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len

from color_checker.findings import Frame, InputError, Report, Summary
from color_checker.report import Options, render
from color_checker.report.excerpt import excerpt
from tests.report.samples import REPORT, finding, lines

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def shown(report: Report, **options: object) -> str:
    stream = io.StringIO()
    render(report, "text", stream=stream, lines=lines, options=Options(**options))  # type: ignore[arg-type]
    return stream.getvalue()


EXPECTED = """\
app/broken.py:3:7  error  invalid syntax
app/secret.py  error  permission denied

app/trial.py:4:19  CC201 clock  Reads the wall clock in a workflow.
     4 │ started = datetime.now()  # start
       │           ^^^^^^^^^^^^^^
app/trial.py:5:17  CC201 clock  Reads the wall clock in a workflow.
     5 │ ended = datetime.now()
       │         ^^^^^^^^^^^^^^
    On replay it returns another time than the recorded one, so the workflow may
    take another path. Use `workflow.now()`.
    app.trial.ProTrial.run (temporal workflow)  app/trial.py:4
    └ datetime.datetime.now

app/trial.py:6:10  CC201 clock  Reads the wall clock in a workflow.
     6 │ price = await quote(self.customer, started)
       │         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    On replay it returns another time than the recorded one, so the workflow may
    take another path. Use `workflow.now()`.
    app.trial.ProTrial.run (temporal workflow)  app/trial.py:6
    └ app.quotes.quote  app/quotes.py:5
      └ app.rates.today  app/rates.py:9
        └ datetime.datetime.now
    Reached by app.trial.ProTrial.run, app.other.Other.run

app/vanished.py:3:1  CC901 unused-suppression (warning)  This suppression
    suppresses nothing.

Found 3 errors, 1 warning in 2 files (12 files, 1,840 lines, 5 workflows, 1 step
    checked in 0.4 s).
2 files could not be read or parsed, see the errors above.
1 can be fixed with `color-checker fix`.
2 of 120 calls in workflow code could not be resolved (gaps); run with --strict
    to see them.
3 findings suppressed by comments in the code.
"""


def test_a_report_reads_like_this() -> None:
    assert shown(REPORT) == EXPECTED


def test_color_changes_nothing_but_color() -> None:
    colored = shown(REPORT, color=True)
    assert colored != EXPECTED
    assert ANSI.sub("", colored) == EXPECTED


def test_an_ascii_terminal_gets_only_ascii() -> None:
    report = Report(findings=(finding(path="app/wide.py", line=1, column=16, end_line=1, end_column=21),))
    text = shown(report, encoding="ascii")
    assert text.isascii()
    assert '     1 | log("\\u65e5\\u672c\\u8a9e", now())\n' in text
    assert "    -> datetime.datetime.now\n" in text


def test_input_errors_go_to_the_error_stream_when_there_is_one() -> None:
    out, err = io.StringIO(), io.StringIO()
    render(REPORT, "text", stream=out, error_stream=err, lines=lines, options=Options())
    assert err.getvalue() + out.getvalue() == EXPECTED
    assert "invalid syntax" not in out.getvalue()


def test_a_clean_run_says_what_was_checked() -> None:
    report = Report(summary=Summary(files=12, lines=840, workflows=5, steps=9, seconds=1.26))
    assert shown(report) == ("No problem found in 5 workflows and 9 steps (12 files, 840 lines in 1.3 s).\n")


def test_a_run_without_workflows_asks_whether_the_path_is_right() -> None:
    text = shown(Report(summary=Summary(files=2, lines=30)), engines=("dbos", "temporal"))
    assert text.startswith("No workflow was found (2 files, 30 lines read).\nIs the path right?")
    assert "Engines looked for: dbos, temporal." in text
    assert "[tool.color-checker]" in text


def test_findings_in_pure_code_show_that_the_path_is_right() -> None:
    assert "Is the path right?" not in shown(Report(findings=(finding(),), summary=Summary(files=1, lines=9)))


def test_a_run_without_files_says_so() -> None:
    assert shown(Report()).startswith("No Python file was found, so nothing was checked.\n")


def test_strict_runs_do_not_advise_strict() -> None:
    text = shown(Report(summary=Summary(files=1, workflows=1, calls=9, gaps=1)), strict=True)
    assert "1 of 9 calls in workflow code could not be resolved (gaps).\n" in text


def test_a_long_witness_stays_on_the_page() -> None:
    chain = tuple(Frame(f"f{depth}", "a.py", depth + 1, 1) for depth in range(40))
    text = shown(Report(findings=(finding(witness=chain),)))
    tree = [line for line in text.splitlines() if re.search(r"\bf\d+\b", line)]
    assert len(tree) == 40
    assert max(map(len, tree)) < 80


def test_many_workflows_are_counted_not_listed() -> None:
    names = tuple(f"flow_{number}" for number in range(9))
    text = shown(Report(findings=(finding(workflows=names),)), width=200)
    assert "    Reached by flow_0, flow_1, flow_2, flow_3, flow_4, flow_5 and 3 more\n" in text


def test_paths_are_never_broken_however_long() -> None:
    path = "/".join(["a very_long_directory"] * 8) + "/module.py"
    text = shown(Report(findings=(finding(path=path.replace(" ", "_")),)))
    assert text.startswith(path.replace(" ", "_") + ":4:19")


@pytest.mark.parametrize("width", range(20, 60))
def test_a_rule_s_code_and_name_stand_on_one_line(width: int) -> None:
    assert " CC201 clock" in shown(Report(findings=(finding(),)), width=width)


def test_a_comment_that_stands_in_no_function_has_no_witness_to_show() -> None:
    nameless = finding(function="", witness=(Frame("", "app/trial.py", 4, 1),))
    text = shown(Report(findings=(nameless,)))
    assert text.count("app/trial.py") == 1


def test_control_characters_in_sources_never_reach_the_terminal() -> None:
    report = Report(
        findings=(finding(message="a\x1b[2Jb", function="f\u202e"),),
        errors=(InputError("\x07.py", 1, 1, "bad\nreason"),),
    )
    text = shown(report)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "a\\x1b[2Jb" in text


@pytest.mark.parametrize(
    ("source", "column", "end", "expected"),
    [
        ("    x = now()", 9, 14, ("x = now()", "    ^^^^^")),
        ("\tx\t= now()", 6, 11, ("x   = now()", "      ^^^^^")),
        ('f("日本", now())', 9, 14, ('f("日本", now())', "          ^^^^^")),
        ("f('e\u0301', now())", 9, 14, ("f('e\u0301', now())", "       ^^^^^")),
        ("x = f(", 5, None, ("x = f(", "    ^^")),
        ("x", 40, 50, ("x", " ^")),
        ("x = 1", 3, 3, ("x = 1", "  ^")),
        ("x = 1", 0, 0, ("x = 1", "^")),
        ("if x:", 1, 3, ("if x:", "^^")),
    ],
)
def test_the_caret_stands_under_the_characters(
    source: str, column: int, end: int | None, expected: tuple[str, str]
) -> None:
    drawn = excerpt(source, column, end, width=72, encoding="utf-8", cell_len=cell_len)
    assert drawn is not None
    assert (drawn.source, drawn.underline) == expected


@pytest.mark.parametrize("column", [1, 7, 300, 600, 995])
def test_a_long_line_is_cut_around_the_caret(column: int) -> None:
    source = "".join(f"{number:<10}" for number in range(100)) + "end"
    drawn = excerpt(source, column, column + 3, width=40, encoding="utf-8", cell_len=cell_len)
    assert drawn is not None
    assert len(drawn.source) <= 40
    start = drawn.underline.index("^")
    assert drawn.source[start : start + 3] == source[column - 1 : column + 2]


def test_an_empty_line_has_no_excerpt() -> None:
    assert excerpt("   \n", 1, 2, width=40, encoding="utf-8") is None
