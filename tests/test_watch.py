"""`check --watch`: a real process that looks at real changes."""

from __future__ import annotations

import contextlib
import os
import pty
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import color_checker
from color_checker.cli import main
from tests.helped_workflow import CLEAN, CLOCK, FLOW

pytest.importorskip("watchfiles")

RANDOM = "import random\n\n\ndef now() -> float:\n    return random.random()\n"

#: Ends what is shown of each check.
END = "watching for changes"

#: This machine may be busy.
PATIENCE = 60.0


class Watch:
    """A running `color-checker check --watch`, of whose output nothing is lost."""

    def __init__(self, *arguments: str, stdout: int = subprocess.PIPE) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(color_checker.__file__).parents[1])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "color_checker", "check", "--watch", *arguments],
            stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        # One for each: which of the two is read first says nothing.
        self._lines: dict[str, queue.Queue[str]] = {"stdout": queue.Queue(), "stderr": queue.Queue()}
        for name in self._lines:
            if getattr(self.process, name) is not None:
                threading.Thread(target=self._read, args=(name,), daemon=True).start()

    def _read(self, name: str) -> None:
        for line in getattr(self.process, name):
            self._lines[name].put(line)

    def until(self, text: str, stream: str = "stdout") -> str:
        """What comes from one stream up to the line with `text`, that line included."""
        seen = ""
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines[stream].get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {text!r} in {seen!r}") from None
            seen += line
            if text in line:
                return seen

    def shown(self) -> str:
        """What the next check shows."""
        return self.until(END)

    def is_silent(self, seconds: float = 1.5) -> bool:
        """Whether nothing comes for that long."""
        time.sleep(seconds)
        return all(lines.empty() for lines in self._lines.values())

    def interrupt(self) -> int:
        """As Ctrl-C does it."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


Start = Callable[..., Watch]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.chdir(tmp_path)
    Path("flow.py").write_text(FLOW)
    Path("helper.py").write_text(CLEAN)
    Path("pyproject.toml").write_text("[tool.color-checker]\n")
    started: list[Watch] = []

    def begin(*arguments: str) -> Watch:
        started.append(Watch(*arguments))
        return started[-1]

    yield begin
    for watch in started:
        watch.process.kill()
        watch.process.wait()


def test_it_checks_at_once_and_after_each_save_and_ends_with_the_last_exit_code(start: Start) -> None:
    watch = start()
    assert "No problem found" in watch.shown()
    Path("helper.py").write_text(CLOCK)
    assert "CC201 clock" in watch.shown()
    Path("helper.py").write_text(RANDOM)
    second = watch.shown()
    assert "CC202 random" in second
    assert "CC201" not in second
    assert watch.interrupt() == 1


def test_it_ends_with_success_when_the_last_check_found_nothing(start: Start) -> None:
    Path("helper.py").write_text(CLOCK)
    watch = start()
    assert "CC201 clock" in watch.shown()
    Path("helper.py").write_text(CLEAN)
    assert "No problem found" in watch.shown()
    assert watch.interrupt() == 0


def test_files_come_and_go_also_with_their_directories(start: Start, tmp_path: Path) -> None:
    watch = start()
    watch.shown()
    Path("more").mkdir()
    Path("more/flow.py").write_text(FLOW.replace("helper.now()", "open('x')").replace("import helper", ""))
    assert "more/flow.py" in watch.shown()
    shutil.rmtree("more")
    assert "No problem found" in watch.shown()
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "flow.py").write_text("import helper\n")
    (outside / "other.py").write_text(FLOW.replace("helper.now()", "input()"))
    outside.rename("moved")
    assert "moved/other.py" in watch.shown()
    Path("helper.py").unlink()
    watch.shown()


def test_a_file_that_an_editor_replaces_is_still_watched(start: Start) -> None:
    watch = start("flow.py", "helper.py")
    watch.shown()
    for text, expected in ((CLOCK, "CC201"), (RANDOM, "CC202"), (CLEAN, "No problem")):
        Path("helper.py~").write_text(text)
        Path("helper.py~").rename("helper.py")
        assert expected in watch.shown()


def test_a_syntax_error_while_typing_is_shown_like_in_any_check(start: Start) -> None:
    watch = start()
    watch.shown()
    Path("helper.py").write_text("def now(:\n")
    watch.until("helper.py:1:", "stderr")
    watch.shown()
    assert watch.interrupt() == 2


def test_the_configuration_is_read_again(start: Start) -> None:
    Path("helper.py").write_text(CLOCK)
    watch = start()
    assert "CC201" in watch.shown()
    Path("pyproject.toml").write_text('[tool.color-checker]\nignore = ["clock"]\n')
    assert "No problem found" in watch.shown()


def test_a_broken_configuration_is_one_line_and_it_goes_on(start: Start) -> None:
    watch = start()
    watch.shown()
    Path("pyproject.toml").write_text("[tool.color-checker]\nstirct = true\n")
    line = watch.until("stirct", "stderr")
    assert line.startswith("color-checker: ")
    assert line.count("\n") == 1
    assert watch.is_silent()
    Path("pyproject.toml").write_text("[tool.color-checker]\nstrict = true\n")
    assert "No problem found" in watch.shown()
    assert watch.interrupt() == 0


def test_it_ends_with_the_code_for_errors_if_the_configuration_is_broken_last(start: Start) -> None:
    watch = start()
    watch.shown()
    Path("pyproject.toml").write_text("[tool.color-checker\n")
    watch.until("pyproject.toml", "stderr")
    assert watch.interrupt() == 2


def test_a_configuration_above_the_watched_directory_counts(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("src").mkdir()
    for name in ("flow.py", "helper.py"):
        Path(name).rename(f"src/{name}")
    Path("src/helper.py").write_text(CLOCK)
    monkeypatch.chdir("src")
    watch = start()
    assert "CC201" in watch.shown()
    Path("../pyproject.toml").write_text('[tool.color-checker]\nignore = ["clock"]\n')
    assert "No problem found" in watch.shown()


def test_when_the_configuration_names_other_paths_those_are_watched(start: Start) -> None:
    for name in ("one", "two"):
        Path(name).mkdir()
        Path(name, "flow.py").write_text(FLOW.replace("import helper\n", ""))
    Path("pyproject.toml").write_text('[tool.color-checker]\npaths = ["one"]\n')
    watch = start()
    watch.shown()
    Path("pyproject.toml").write_text('[tool.color-checker]\npaths = ["two"]\n')
    watch.shown()
    Path("one/flow.py").write_text(FLOW.replace("helper.now()", "input()"))
    assert watch.is_silent()
    Path("two/flow.py").write_text(FLOW.replace("helper.now()", "input()"))
    assert "two/flow.py" in watch.shown()


def test_what_is_no_part_of_the_project_is_not_shown_again(start: Start) -> None:
    watch = start()
    watch.shown()
    Path("notes.txt").write_text("hello")
    Path(".venv").mkdir()
    Path(".venv/installed.py").write_text(CLOCK)
    Path(".color_checker_cache/more").write_text("")
    assert watch.is_silent()


def test_a_change_during_the_first_check_is_not_missed(start: Start) -> None:
    watch = start()
    Path("helper.py").write_text(CLOCK)  # before it watches, and perhaps after it has read the file
    while "CC201" not in watch.shown():
        pass


def test_only_what_concerns_the_named_files_is_shown_of_the_whole_project(start: Start) -> None:
    Path("other.py").write_text(FLOW.replace("helper.now()", "input()"))
    watch = start("--whole-project", "helper.py")
    assert "other.py" not in watch.shown()
    Path("helper.py").write_text(CLOCK)
    shown = watch.shown()
    assert "flow.py" in shown
    assert "other.py" not in shown


def test_the_screen_is_cleared_on_a_terminal_only(start: Start) -> None:
    assert "\x1b[2J" not in start().shown()
    terminal, end = pty.openpty()
    watch = Watch(stdout=end)
    os.close(end)
    try:
        seen = b""
        while END.encode() not in seen:
            seen += os.read(terminal, 4096)
        assert b"\x1b[2J" in seen
    finally:
        watch.process.kill()
        watch.process.wait()
        with contextlib.suppress(OSError):
            os.close(terminal)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "json"), ("--format", "sarif"), ("--format", "github"), ("--output", "x"),
        ("--write-baseline",),
    ],
)  # fmt: skip
def test_what_makes_no_sense_with_it_is_refused_in_one_line(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["check", "--watch", *arguments])
    assert result.exit_code == 2
    assert result.output.startswith("color-checker: --watch ")
    assert result.output.count("\n") == 1


def test_a_broken_configuration_at_the_start_ends_it(start: Start) -> None:
    Path("pyproject.toml").write_text("[tool.color-checker]\nstirct = true\n")
    watch = start()
    assert watch.process.wait(PATIENCE) == 2
    assert "stirct" in watch.until("stirct", "stderr")


def test_without_watchfiles_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.delitem(sys.modules, "color_checker.watching", raising=False)
    monkeypatch.delattr(color_checker, "watching", raising=False)
    result = CliRunner().invoke(main, ["check", "--watch"])
    assert result.exit_code == 2
    assert result.output == "color-checker: --watch needs watchfiles: pip install 'color-checker[watch]'\n"
