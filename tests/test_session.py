"""A session says at any moment what a check from scratch says."""

from __future__ import annotations

import gc
import itertools
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

import color_checker
from color_checker.findings import Report
from color_checker.report import json_report
from color_checker.session import Session
from color_checker.stamps import TICK

PROGRAMS = Path(__file__).parents[1] / "examples" / "pro_trial"

#: More with `EXAMPLES=1000 pytest tests/test_session.py`.
EDITS = int(os.environ.get("EXAMPLES", "12"))

WORKFLOW = """\
import time

import helper
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        helper.help()
        return time.time()
"""


def encoded(report: Report) -> bytes:
    summary = msgspec.structs.replace(report.summary, seconds=None)
    return json_report.encode(msgspec.structs.replace(report, summary=summary))


def fresh() -> bytes:
    return encoded(color_checker.check(["."], cache=False))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flow.py").write_text(WORKFLOW)
    (tmp_path / "helper.py").write_text("def help(): pass\n")
    (tmp_path / "pyproject.toml").write_text("[tool.color-checker]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return tmp_path


def names(report: Report) -> set[tuple[str, str]]:
    return {(finding.path, finding.name) for finding in report.findings}


# -- overlays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", [True, False])
def test_an_overlay_is_checked_in_place_of_the_file_until_it_is_dropped(project: Path, cache: bool) -> None:
    session = Session(["."], cache=cache)
    assert names(session.check()) == {("flow.py", "clock")}
    session.overlay("helper.py", "def help(): print()\n")
    assert names(session.check()) == {("flow.py", "clock"), ("flow.py", "console")}
    session.overlay(str(project / "flow.py"), WORKFLOW.replace("time.time()", "1.0"))
    assert names(session.check()) == {("flow.py", "console")}
    session.overlay("helper.py", None)
    session.overlay("flow.py", None)
    assert encoded(session.check()) == fresh()


def test_an_overlay_says_what_the_saved_file_would_say(project: Path) -> None:
    text = "# coding: latin-1\n" + WORKFLOW.replace("Trial", "Prüfung")
    session = Session(["."])
    session.check()
    session.overlay("flow.py", text)
    overlaid = encoded(session.check())
    (project / "flow.py").write_text(text, encoding="latin-1")
    assert overlaid == fresh()


def test_an_overlay_for_a_file_that_is_not_checked_changes_nothing(project: Path) -> None:
    session = Session(["."])
    session.overlay("nowhere.py", WORKFLOW)
    assert encoded(session.check()) == fresh()


# -- what needs no new analysis --------------------------------------------------------------------

SPARE = {
    "a comment": ("helper.py", "# first\n\ndef help(): pass\n# and\ndef other():\n    return 1\n"),
    "a local name": ("flow.py", WORKFLOW.replace("helper.help()", "result = helper.help()")),
    "a body that nobody calls": ("helper.py", "def help(): pass\ndef other():\n    return print(1)\n"),
    "a file that no workflow imports": ("apart.py", "import os\n\n\ndef apart():\n    return os.environ\n"),
    "a syntax error in such a file": ("apart.py", "import os\n\ndef (\n"),
    "another syntax error": ("apart.py", "import os\n\n\n\nclass (\n"),
}


@pytest.mark.parametrize(("path", "text"), SPARE.values(), ids=SPARE)
def test_an_edit_in_what_nobody_looks_at_needs_no_new_analysis(project: Path, path: str, text: str) -> None:
    (project / "helper.py").write_text("def help(): pass\ndef other():\n    return 1\n")
    (project / "flow.py").write_text(WORKFLOW.replace("helper.help()", "value = helper.help()"))
    (project / "apart.py").write_text("import os\n\ndef apart(): pass\n")
    session = Session(["."], cache=False)
    session.check()
    linker = session.analysis.program.linker
    (project / path).write_text(text)
    assert encoded(session.check()) == fresh()
    assert session.analysis.program.linker is linker


def test_findings_move_with_their_code(project: Path) -> None:
    session = Session(["."], cache=False)
    before = session.check().findings[0]
    linker = session.analysis.program.linker
    session.overlay("flow.py", "# a comment\n\n" + WORKFLOW)
    after = session.check().findings[0]
    assert session.analysis.program.linker is linker
    assert (after.line, after.witness[-1].line) == (before.line + 2, before.witness[-1].line + 2)
    node = next(node for node in session.analysis.program.replayed_nodes if node.facts.name == "run")
    assert session.analysis.program.place(node, node.facts.at).line == 12


@pytest.mark.parametrize("body", ["return Trial", "helper.SETTINGS.clear()"])
def test_a_body_that_gets_to_matter_is_analyzed(project: Path, body: str) -> None:
    (project / "helper.py").write_text("SETTINGS = []\ndef help(): return SETTINGS[0]\n")
    text = WORKFLOW + "\n\ndef apart():\n    BODY\n"
    session = Session(["."], cache=False)
    session.overlay("flow.py", text.replace("BODY", "pass"))
    session.check()
    linker = session.analysis.program.linker
    session.overlay("flow.py", text.replace("BODY", body))
    session.check()
    assert session.analysis.program.linker is not linker
    (project / "flow.py").write_text(text.replace("BODY", body))
    assert encoded(session.report) == fresh()


def test_a_session_that_goes_on_does_not_grow(project: Path) -> None:
    session = Session(["."], cache=False)
    for number in range(60):
        session.overlay("flow.py", f"{WORKFLOW}\nprint({number})\n")
        session.check()
        session.tidy()
        if number == 19:
            gc.unfreeze()
            gc.collect()
            before = len(gc.get_objects())
    gc.unfreeze()
    gc.collect()
    assert len(gc.get_objects()) < before * 1.02
    assert session._memory is not None
    assert len(session._memory.modules) <= 2


# -- what a check gives ----------------------------------------------------------------------------


def test_a_warm_session_answers_from_the_cache_and_analyzes_when_asked(project: Path) -> None:
    before = color_checker.check(["."])
    session = Session(["."])
    assert encoded(session.check()) == encoded(before)
    assert {node.facts.name for node in session.analysis.program.replayed_nodes} >= {"run", "help"}
    assert session.analysis is session.analysis


def test_changed_are_the_files_with_other_findings(project: Path) -> None:
    session = Session(["."])
    session.check()
    assert session.changed == {"flow.py"}
    session.check()
    assert session.changed == frozenset()
    session.overlay("helper.py", "def help(:\n")
    session.check()
    assert session.changed == {"helper.py", "flow.py"}


def test_the_configuration_is_looked_at_again(project: Path) -> None:
    session = Session(["."])
    session.check()
    (project / "pyproject.toml").write_text("[tool.color-checker]\nignore = ['clock']\n")
    assert not session.check().findings
    assert encoded(session.report) == fresh()


# -- random edits ----------------------------------------------------------------------------------

_moments = itertools.count(1)

Lines = list[str]


def _insert_call(lines: Lines, at: int) -> None:
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines.insert(at, f"{indent}print('changed')\n")


def _insert_function(lines: Lines, at: int) -> None:
    starts = [index for index, line in enumerate(lines) if line[:1] not in " \t\n#)]}"] or [0]
    start = min(starts, key=lambda index: abs(index - at))
    lines[start:start] = ["def added(x=1):\n", "    import time\n", "    return time.time()\n", "\n"]


def _insert_lambda(lines: Lines, at: int) -> None:
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines.insert(at, f"{indent}added = lambda x: x\n")


def _remove_lines(lines: Lines, at: int) -> None:
    del lines[at : at + 3]


def _rename(lines: Lines, at: int) -> None:
    words = [word for word in lines[at].replace("(", " ").split() if word.isidentifier() and len(word) > 3]
    for word in words[:1]:
        lines[:] = [line.replace(word, f"{word}_") for line in lines]


def _blank_line(lines: Lines, at: int) -> None:
    lines.insert(at, "\n")


def _comment(lines: Lines, at: int) -> None:
    lines[at] = lines[at].rstrip("\n") + "  # changed\n"


def _ignore(lines: Lines, at: int) -> None:
    lines[at] = lines[at].rstrip("\n") + "  # color: ignore[clock]\n"


def _repeat(lines: Lines, at: int) -> None:
    lines.insert(at, lines[at])


def _swap_letter(lines: Lines, at: int) -> None:
    lines[at] = lines[at].replace("e", "f", 1)


def _break_syntax(lines: Lines, at: int) -> None:
    lines.insert(at, "def (:\n")


def _import_neighbor(lines: Lines, at: int) -> None:
    lines.insert(0, "import helper, clock, workflow, activities\n")


EDIT: tuple[Callable[[Lines, int], None], ...] = (
    _insert_call, _insert_function, _insert_lambda, _remove_lines, _rename, _blank_line, _comment, _ignore,
    _repeat, _swap_letter, _break_syntax, _import_neighbor,
)  # fmt: skip


def write(path: Path, text: str) -> None:
    """With a time of its own, so that nothing depends on the file system's clock."""
    path.write_text(text)
    moment = path.stat().st_mtime_ns + next(_moments)
    os.utime(path, ns=(moment, moment))


def edits(folder: Path, chance: random.Random, number: int) -> Iterator[str]:
    """Make edits, one after another; gives the name of each. Half of them are taken back right away."""
    for _ in range(number):
        files = sorted(folder.rglob("*.py"))
        path = chance.choice(files)
        before = path.read_text()
        what = chance.randrange(20)
        if what == 0:
            path.unlink()
            yield f"remove {path.name}"
        elif what == 1:
            write(path.with_name(f"new_{len(files)}.py"), before)
            yield f"copy {path.name}"
        elif what == 2:
            path.rename(path.with_name(f"renamed_{path.name}"))
            yield f"move {path.name}"
        else:
            lines = before.splitlines(keepends=True) or ["\n"]
            change = chance.choice(EDIT)
            change(lines, chance.randrange(len(lines)))
            write(path, "".join(lines))
            yield f"{change.__name__} in {path.name}"
            if chance.random() < 0.5 or change is _break_syntax:
                write(path, before)
                yield "and back"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("cache", [True, False])
def test_any_edits_give_what_a_check_from_scratch_gives(
    seed: int, cache: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "programs"
    shutil.copytree(PROGRAMS, copy, ignore=shutil.ignore_patterns("__pycache__", ".color_checker_cache"))
    (copy / "pyproject.toml").write_text("[tool.color-checker]\n")
    monkeypatch.chdir(copy)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    now = time.time_ns
    monkeypatch.setattr("color_checker.stamps.time.time_ns", lambda: now() + 3600 * TICK)
    session = Session(["."], cache=cache)
    session.check()
    done = []
    for name in edits(copy, random.Random(seed), EDITS):
        done.append(name)
        assert encoded(session.check()) == fresh(), done


def test_a_report_is_recalled_only_if_it_holds_and_nothing_is_analyzed_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text("[tool.color-checker]\n")
    Path("app.py").write_text(
        "import time\n\n\ndef flow() -> float:  # color: pure\n    return time.time()\n"
    )
    session = Session(["."])
    assert session.recall() is None
    assert set(session.files) == {str(tmp_path / "app.py")}
    report = session.check()
    assert len(report.findings) == 1
    for again in (session, Session(["."])):
        recalled = again.recall()
        assert recalled is not None
        assert recalled.findings == report.findings
    Path("app.py").write_text(
        "import time\n\n\ndef other() -> float:  # color: pure\n    return time.time()\n"
    )
    assert Session(["."]).recall() is None
    assert session.recall() is None
    assert session.check().findings[0].function == "app.other"
