"""Rule names are error codes of mypy, with all that mypy's options and comments can do to a code."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy.errorcodes import error_codes

from color_checker.rules import all_rules
from mypy_plugin.codes import CODES
from tests.mypy_plugin.runner import check, configure, run_mypy, write

FLOW = """\
import time
from random import random

from runtime_min import workflow


@workflow
async def flow() -> float:
    started = time.time()  # E: clock
    return started + random()  # E: random
"""


def without(name: str, program: str = FLOW) -> str:
    """The program without the marker for a rule."""
    return program.replace(f"  # E: {name}", "")


def test_each_rule_is_an_error_code_in_the_category_color() -> None:
    assert {rule.name for rule in all_rules()} == set(CODES)
    assert {code.category for code in CODES.values()} == {"color"}
    for name, code in CODES.items():
        assert error_codes[name] is code
        assert code.description


def test_no_rule_takes_the_name_of_a_code_of_mypys_own() -> None:
    assert {code.code for code in error_codes.values() if code.category != "color"}.isdisjoint(CODES)


def test_ignoring_a_code_on_its_line_leaves_the_others(tmp_path: Path) -> None:
    program = FLOW.replace("# E: clock", "# type: ignore[clock]")
    check(tmp_path, program, mypy="warn_unused_ignores = true")


def test_ignoring_everything_on_a_line_ignores_color_too(tmp_path: Path) -> None:
    check(tmp_path, FLOW.replace("# E: clock", "# type: ignore"))


@pytest.mark.parametrize("line", [0, 1, 2])
def test_an_ignore_counts_on_each_line_of_a_call(tmp_path: Path, line: int) -> None:
    lines = ["    return datetime.datetime.now(", "        datetime.timezone.utc", "    )"]
    lines[line] += "  # type: ignore[clock]"
    head = (
        "import datetime\n\nfrom runtime_min import workflow\n\n\n"
        "@workflow\nasync def flow() -> datetime.datetime:\n"
    )
    check(tmp_path, head + "\n".join(lines) + "\n", mypy="warn_unused_ignores = true")


def test_an_unused_ignore_of_ours_is_reported_as_any_other(tmp_path: Path) -> None:
    program = "x = 1  # type: ignore[clock]  # M: unused-ignore\n"
    check(tmp_path, program, mypy="warn_unused_ignores = true")


def test_an_ignore_with_the_wrong_code_does_not_silence(tmp_path: Path) -> None:
    program = FLOW.replace("# E: clock", "# type: ignore[network]  # E: clock  # M: unused-ignore")
    check(tmp_path, program, mypy="warn_unused_ignores = true")


def test_a_used_ignore_stays_used_when_the_result_comes_from_the_cache(tmp_path: Path) -> None:
    program = FLOW.replace("# E: clock", "# type: ignore[clock]")
    check(tmp_path, program, mypy="warn_unused_ignores = true")
    assert [error.code for error in run_mypy(tmp_path, ".").errors] == ["random"]


def test_a_code_can_be_disabled_on_the_command_line(tmp_path: Path) -> None:
    check(tmp_path, without("clock"), args=["--disable-error-code", "clock", "."])


def test_a_code_can_be_disabled_in_the_configuration(tmp_path: Path) -> None:
    check(tmp_path, without("clock"), mypy='disable_error_code = ["clock"]')


def test_a_code_can_be_disabled_for_one_module(tmp_path: Path) -> None:
    overrides = '[[tool.mypy.overrides]]\nmodule = "other"\ndisable_error_code = ["clock"]'
    check(tmp_path, {"app.py": FLOW, "other.py": without("clock")}, toml=overrides)


def test_a_code_can_be_disabled_within_a_file(tmp_path: Path) -> None:
    inline = '# mypy: disable-error-code="clock"\n' + without("clock")
    check(tmp_path, {"app.py": FLOW, "other.py": inline})


def test_a_code_that_is_disabled_can_be_enabled_for_one_module(tmp_path: Path) -> None:
    overrides = '[[tool.mypy.overrides]]\nmodule = "other"\nenable_error_code = ["clock"]'
    check(
        tmp_path, {"app.py": without("clock"), "other.py": FLOW}, mypy='disable_error_code = ["clock"]',
        toml=overrides,
    )  # fmt: skip


@pytest.mark.parametrize("option", ["--disable-error-code", "--enable-error-code"])
def test_mypy_still_refuses_a_code_that_nobody_has(tmp_path: Path, option: str) -> None:
    write(tmp_path, FLOW)
    configure(tmp_path)
    result = run_mypy(tmp_path, option, "clok", ".")
    assert result.exit_code == 2
    assert "Invalid error code(s): clok" in result.stdout + result.stderr


def test_a_comment_of_color_checker_silences_mypy_too(tmp_path: Path) -> None:
    check(tmp_path, FLOW.replace("# E: clock", "# color: ignore[clock]"))


def test_an_unused_comment_of_color_checker_is_reported(tmp_path: Path) -> None:
    check(tmp_path, "x = 1  # color: ignore[clock]  # E: unused-suppression\n")


@pytest.mark.parametrize(
    "configuration",
    ['ignore = ["clock"]', 'select = ["random"]', 'per-path-ignores = { "app.py" = ["clock"] }'],
)
def test_the_configuration_of_color_checker_turns_rules_off(tmp_path: Path, configuration: str) -> None:
    check(tmp_path, without("clock"), color=configuration)


def test_an_error_may_be_made_a_note(tmp_path: Path) -> None:
    program = FLOW.replace("# E: clock", "# N: `time.time` reads the clock")
    check(tmp_path, program, color='severity = { clock = "note" }')


def test_notes_alone_do_not_make_mypy_fail(tmp_path: Path) -> None:
    program = FLOW.replace("# E: clock", "# N: `time.time` reads").replace(
        "# E: random", "# N: `random.random`"
    )
    result = check(tmp_path, program, color='severity = { clock = "note", random = "note" }')
    assert result.exit_code == 0


def test_a_warning_is_an_error_to_mypy_which_has_no_warnings(tmp_path: Path) -> None:
    check(tmp_path, FLOW, color='severity = { clock = "warning" }')


def test_strict_makes_gaps_errors(tmp_path: Path) -> None:
    program = """\
from collections.abc import Callable


def flow(action: Callable[[], int]) -> int:  # color: pure
    return action()  # E: gap
"""
    check(tmp_path, program, color="strict = true")


def test_gaps_are_silent_without_strict(tmp_path: Path) -> None:
    program = """\
from collections.abc import Callable


def flow(action: Callable[[], int]) -> int:  # color: pure
    return action()
"""
    check(tmp_path, program)


def test_excluded_files_get_no_findings(tmp_path: Path) -> None:
    program = {"app.py": FLOW, "legacy/old.py": without("clock", without("random"))}
    check(tmp_path, program, color='exclude = ["legacy"]')


@pytest.mark.parametrize(
    "comment", ["# type: ignore", "#!/bin/python\n\n# type: ignore # generated", "# mypy: ignore-errors"]
)
def test_a_comment_that_ignores_a_whole_file_ignores_its_color(tmp_path: Path, comment: str) -> None:
    check(tmp_path, comment + "\n" + without("random", without("clock")))


def test_an_ignore_after_the_first_statement_does_not_count_for_the_file(tmp_path: Path) -> None:
    check(tmp_path, '"""Sells."""\n# type: ignore  # M: unused-ignore\n' + FLOW)
