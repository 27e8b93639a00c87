"""A child process works ahead, gives answers, and never outlives the need for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from color_checker import ahead, processors
from color_checker.ahead import Child, GoneError


class Counter:
    """What the child has in these tests."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int) -> int:
        """The sum so far."""
        print("in the way of the answer")
        self.count += number
        return self.count

    def directory(self) -> str:
        """Where the child works."""
        return os.getcwd()

    def fail(self) -> None:
        """Not possible."""
        raise ValueError

    def die(self) -> None:
        """At once."""
        os._exit(3)

    def process(self) -> int:
        """The number of the child's process."""
        return os.getpid()

    def processors(self) -> int:
        """How many the child uses."""
        return processors.available()


def broken() -> Counter:
    raise RuntimeError("no counter")


class Silent:
    """Takes every question, and answers none."""

    def add(self, number: int) -> int:
        """Not before somebody ends it."""
        threading.Event().wait()
        return number


def slow() -> Counter:
    time.sleep(60)
    return Counter()


SILENT = f"{__name__}:Silent"
COUNTER = f"{__name__}:Counter"


def test_answers_come_in_order_and_what_is_told_counts() -> None:
    child = Child(COUNTER)
    assert child.ask("add", 2) == 2
    child.tell("add", 10)
    assert child.ask("add", 1) == 13
    child.close()


def test_a_child_works_in_the_same_directory_and_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    monkeypatch.chdir(tmp_path)
    child = Child(COUNTER)
    assert child.ask("directory") == str(tmp_path)
    child.ask("add", 1)
    child.close()
    assert capfd.readouterr() == ("", "")


def test_a_module_of_the_project_is_not_taken_for_one_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "pickle.py").write_text("raise SystemExit(1)\n")
    monkeypatch.chdir(tmp_path)
    assert Child(COUNTER).ask("add", 1) == 1


@pytest.mark.parametrize("method", ["fail", "die", "missing"])
def test_a_child_that_fails_is_gone_for_good(method: str) -> None:
    child = Child(COUNTER)
    assert child.ask("add", 2) == 2
    for _ in range(2):
        with pytest.raises(GoneError):
            child.ask(method)
    with pytest.raises(GoneError):
        child.tell("add", 1)


def test_a_child_leaves_a_processor_to_its_parent() -> None:
    child = Child(f"{__name__}:Counter")
    assert child.ask("processors") == max(1, processors.available() - 1)
    child.close()


@pytest.mark.parametrize("factory", [f"{__name__}:broken", f"{__name__}:missing", "no.such.module:f"])
def test_a_child_that_never_comes_to_be_is_gone(factory: str) -> None:
    with pytest.raises(GoneError):
        Child(factory).ask("add", 1)


def test_a_child_ends_in_the_middle_of_its_work() -> None:
    child = Child(f"{__name__}:slow")
    time.sleep(0.5)
    started = time.perf_counter()
    child.close()
    assert time.perf_counter() - started < 30


@pytest.mark.skipif(sys.platform == "win32", reason="asks for a process by its number")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    program = (
        "import sys; sys.path = sys.argv[1:]\n"
        "from color_checker.ahead import Child\n"
        f"child = Child({COUNTER!r}); print(child.ask('process'), flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    number = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 30
    while _lives(number) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _lives(number)


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    # A process that nobody waits for stays as a zombie where no init collects it.
    state = Path(f"/proc/{number}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_child_that_gives_no_answer_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "LIMIT", 0.2)
    child = Child(SILENT)
    with pytest.raises(GoneError):
        child.ask("add", 1)
    with pytest.raises(GoneError):
        child.tell("add", 1)
