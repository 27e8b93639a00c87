"""`check --whole-project`: what has to do with the files that are named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from color_checker.cli import main

FLOW = """\
from temporalio import workflow

import helper


@workflow.defn
class {}:
    @workflow.run
    async def run(self) -> float:
        return helper.now()
"""
HELPER = "import time\n\n\ndef now() -> float:\n    return time.time()\n"
OTHER = FLOW.format("Other").replace("helper.now()", "print()").replace("import helper\n", "")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("src").mkdir()
    Path("src/first.py").write_text(FLOW.format("First"))
    Path("src/second.py").write_text(FLOW.format("Second"))
    Path("src/helper.py").write_text(HELPER)
    Path("src/other.py").write_text(OTHER)
    Path("src/plain.py").write_text("x = 1\n")
    Path("pyproject.toml").write_text("[tool.color-checker]\n")


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--whole-project", *arguments], catch_exceptions=False)


def found(*arguments: str) -> list[tuple[str, str]]:
    result = check("--format", "json", *arguments)
    return [(one["path"], one["name"]) for one in msgspec.json.decode(result.stdout)["findings"]]


CLOCK, CONSOLE = ("src/first.py", "clock"), ("src/other.py", "console")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["src/first.py"], [CLOCK]),
        (["src/helper.py"], [CLOCK]),  # the cause is there
        (["src/second.py"], [CLOCK]),  # calls the helper, too
        (["src/other.py"], [CONSOLE]),
        (["src/plain.py"], []),
        (["src/plain.py", "src/other.py"], [CONSOLE]),
        (["src"], [CLOCK, CONSOLE]),
        (["."], [CLOCK, CONSOLE]),
        (["pyproject.toml"], [CLOCK, CONSOLE]),  # may have to do with everything
        ([], []),
    ],
)
def test_what_has_to_do_with_the_files_is_shown(paths: list[str], expected: list[tuple[str, str]]) -> None:
    assert found(*paths) == expected


def test_the_exit_code_is_that_of_what_is_shown_and_the_rest_is_counted() -> None:
    result = check("src/plain.py")
    assert result.exit_code == 0
    assert "2 findings elsewhere not shown." in result.stderr
    assert check("src/other.py").exit_code == 1
    assert "1 finding elsewhere not shown." in check("src/other.py").stderr


def test_a_file_that_cannot_be_parsed_stops_only_who_has_changed_it() -> None:
    Path("src/broken.py").write_text("def f(:\n")
    assert check("src/plain.py").exit_code == 0
    assert check("src/broken.py").exit_code == 2


def test_files_that_are_excluded_are_not_checked() -> None:
    Path("pyproject.toml").write_text('[tool.color-checker]\nexclude = ["src/other.py"]\n')
    assert found("src/other.py") == []


def test_the_configured_paths_are_the_project() -> None:
    Path("pyproject.toml").write_text('[tool.color-checker]\npaths = ["src/second.py", "src/helper.py"]\n')
    assert found("src/helper.py") == [("src/second.py", "clock")]


def test_gaps_count_under_strict() -> None:
    Path("src/helper.py").write_text("def now(x):\n    return x.y()\n")
    assert found("--strict", "src/helper.py") == [("src/first.py", "gap")]


def test_what_is_in_the_baseline_is_not_shown() -> None:
    CliRunner().invoke(main, ["check", "--write-baseline"], catch_exceptions=False)
    assert found("--baseline", "--", "src/helper.py") == []
    Path("src/helper.py").write_text(HELPER.replace("time.time()", "open('x')"))
    assert found("--baseline", "--", "src/helper.py") == [("src/first.py", "filesystem")]


@pytest.mark.parametrize("arguments", [["--write-baseline"], ["nowhere.py"]])
def test_what_makes_no_sense_is_refused_in_one_line(arguments: list[str]) -> None:
    result = check(*arguments)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
