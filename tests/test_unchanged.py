"""After any edit, a run with a cache says what one without says; edits that say nothing new cost nothing."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import color_checker
from color_checker import checking
from color_checker.report import json_report
from color_checker.stamps import TICK

PROGRAMS = Path(__file__).parents[1] / "examples" / "pro_trial"

#: More with `EXAMPLES=1000 pytest tests/test_unchanged.py`.
EDITS = int(os.environ.get("EXAMPLES", "25"))

Lines = list[str]

_moments = itertools.count(1)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples, in the working directory."""
    copy = tmp_path / "programs"
    shutil.copytree(PROGRAMS, copy, ignore=shutil.ignore_patterns("__pycache__", ".color_checker_cache"))
    (copy / "pyproject.toml").write_text("[tool.color-checker]\n")
    monkeypatch.chdir(copy)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    # Files written just now pass for old ones, which are not read again: `edit` gives each a new time.
    now = time.time_ns
    monkeypatch.setattr("color_checker.stamps.time.time_ns", lambda: now() + 3600 * TICK)
    return copy


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each analysis that was made anew."""
    made: list[str] = []
    original = checking.check_inputs

    def counted(*args: object, **options: object) -> object:
        made.append("run")
        return original(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "check_inputs", counted)
    return made


def check(*, cache: bool) -> bytes:
    return json_report.encode(color_checker.check(["."], cache=cache))


# -- random edits ----------------------------------------------------------------------------------


def add_comment(lines: Lines, at: int) -> None:
    lines[at] = lines[at].rstrip("\n") + "  # changed\n"


def add_comment_below(lines: Lines, at: int) -> None:
    lines.append("# changed\n")


def add_ignore(lines: Lines, at: int) -> None:
    lines[at] = lines[at].rstrip("\n") + "  # color: ignore[clock]\n"


def insert_line(lines: Lines, at: int) -> None:
    lines.insert(at, "\n")


def remove_line(lines: Lines, at: int) -> None:
    del lines[at]


def repeat_line(lines: Lines, at: int) -> None:
    lines.insert(at, lines[at])


def take_line_from_elsewhere(lines: Lines, at: int) -> None:
    lines[at] = lines[at // 2]


def change_a_letter(lines: Lines, at: int) -> None:
    lines[at] = lines[at].replace("e", "f", 1)


def change_space_at_the_end(lines: Lines, at: int) -> None:
    lines[at] = lines[at].rstrip("\n") + " \n"


def add_code(lines: Lines, at: int) -> None:
    lines += ["\n", "\n", "def added() -> float:\n", "    import time\n", "    return time.time()\n"]


EDIT: tuple[Callable[[Lines, int], None], ...] = (
    add_comment, add_comment_below, add_ignore, insert_line, remove_line, repeat_line,
    take_line_from_elsewhere, change_a_letter, change_space_at_the_end, add_code,
)  # fmt: skip


def edit(path: Path, chance: random.Random, change: Callable[[Lines, int], None]) -> None:
    lines = path.read_text().splitlines(keepends=True)
    if lines:
        change(lines, chance.randrange(len(lines)))
    path.write_text("".join(lines))
    moment = path.stat().st_mtime_ns + next(_moments)
    os.utime(path, ns=(moment, moment))


def test_any_edit_gives_what_a_run_without_cache_gives(program: Path, runs: list[str]) -> None:
    chance = random.Random(20)
    files = sorted(program.rglob("*.py"))
    check(cache=True)
    runs.clear()
    edits = 0
    for number in range(EDITS):
        for path in chance.sample(files, chance.choice((1, 1, 1, 2))):
            edit(path, chance, EDIT[number % len(EDIT)])
        edits += 1
        assert check(cache=True) == check(cache=False), number
    assert edits < len(runs) < 2 * edits  # some were answered from the cache, and not all


# -- what makes no difference ----------------------------------------------------------------------


@pytest.mark.parametrize("change", [add_comment_below, change_space_at_the_end, add_comment])
def test_a_change_that_says_nothing_new_needs_no_analysis(
    change: Callable[[Lines, int], None], program: Path, runs: list[str]
) -> None:
    check(cache=True)
    edit(program / "temporal" / "broken" / "pro_trial" / "workflow.py", random.Random(0), change)
    reports = [check(cache=True), check(cache=True)]
    assert len(runs) == 1
    assert reports == [check(cache=False)] * 2


def test_code_in_a_file_that_no_workflow_imports_needs_no_analysis(program: Path, runs: list[str]) -> None:
    other = program / "other.py"
    other.write_text("def other():\n    return 1\n")
    check(cache=True)
    other.write_text("def other():\n    print()\n    return 2\n\n\ndef another():\n    return 3\n")
    assert check(cache=True) == check(cache=False)
    assert len(runs) == 2


def test_code_in_a_file_that_a_workflow_imports_is_analyzed(program: Path, runs: list[str]) -> None:
    steps = program / "temporal" / "broken" / "pro_trial" / "clock.py"
    before = check(cache=True)
    steps.write_text(steps.read_text().replace("now", "utcnow"))
    assert check(cache=True) == check(cache=False) != before
    assert len(runs) == 3


def test_what_libraries_hold_counts_for_a_change_that_says_nothing_new(
    program: Path, tmp_path: Path, runs: list[str]
) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    flow = program / "flow.py"
    flow.write_text(
        "import late\nfrom temporalio import workflow\n\n\n@workflow.defn\nclass Flow:\n"
        "    @workflow.run\n    async def run(self):\n        late.now()\n"
    )
    before = check(cache=True)
    flow.write_text(flow.read_text() + "# changed\n")
    (site / "late.py").write_text("import time\n\n\ndef now():\n    time.time()\n")
    assert check(cache=True) == check(cache=False) != before
    assert len(runs) == 3
