"""What was told to mypy stands for its next run, without the analyzer, as long as nothing has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from color_checker import stamps
from color_checker.inputs import FACTS_VERSION
from color_checker.store import Store
from mypy_plugin import project, standing
from mypy_plugin.failures import Failures
from mypy_plugin.standing import Standing
from tests.mypy_plugin.runner import MYPY, Result, configure, environment, run_mypy, write

pytestmark = pytest.mark.skipif(
    MYPY < (2, 0), reason="keeps no modules with errors in its cache, so asks about them every time"
)

PURE = "def moment() -> float:\n    return 1.0\n"
CLOCK = "import time\n\n\ndef moment() -> float:\n    return time.time()\n"
LIBRARY = Path(".venv/lib/python3.11/site-packages")

FILES = {
    "app/__init__.py": "",
    "app/far.py": PURE,
    "app/flows.py": """\
import library

from app.far import moment


def flow() -> float:  # color: pure
    return moment() + library.stamp()


def other() -> float:  # color: pure
    import random
    return random.random()
""",
    f"{LIBRARY}/library.py": "def stamp():\n    return 1.0\n",
    "engines/own.toml": 'name = "own"\npackages = ["own_engine"]\ndocs = "https://example.org"\n',
    "elsewhere/.keep": "",
}
TICKING = "import time\n\n\ndef stamp():\n    return time.time()\n"


class Runs:
    """A project that is checked again and again, and how often the analyzer was asked about it."""

    def __init__(self, directory: Path, asked: list[object]) -> None:
        self.directory = directory
        self._asked = asked

    def run(self, *files: str, cache: str = ".mypy_cache") -> Result:
        """Run mypy with its cache."""
        return run_mypy(self.directory, *(files or ("app",)), cache=cache)

    def asked(self, *files: str) -> bool:
        """Whether mypy's next run asks the analyzer."""
        before = len(self._asked)
        self.run(*files)
        return len(self._asked) > before

    def settle(self, *files: str) -> None:
        """Run until everything stands: the first run makes the result, the second remembers libraries."""
        assert not all(self.asked(*files) for _ in range(6))

    def cold(self) -> Result:
        """What a run gives that knows nothing of others."""
        fresh = self.directory.parent / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(
            self.directory, fresh, symlinks=True, ignore=shutil.ignore_patterns(".mypy_cache", ".color*")
        )
        return run_mypy(fresh, "app", cache=".mypy_cache")


def prepare(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that is old enough."""
    monkeypatch.setattr(standing, "TICK", 0)
    monkeypatch.setattr(stamps, "TICK", 0)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    write(directory, FILES)
    configure(directory, mypy="ignore_missing_imports = true", color='engine-files = ["engines/own.toml"]')


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A project of which everything stands."""
    asked: list[object] = []

    class Seen(project.Project):
        def __init__(self, *args: object, **options: object) -> None:
            asked.append(self)
            super().__init__(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(project, "Project", Seen)
    prepare(tmp_path / "project", monkeypatch)
    prepared = Runs(tmp_path / "project", asked)
    prepared.settle()
    return prepared


def settings(text: str) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        path = directory / "pyproject.toml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return change


def written(name: str, text: str) -> Callable[[Path], None]:
    return lambda directory: write(directory, {name: text})


def replaced_in_place(directory: Path) -> None:
    """With the times and the size that it had, as `cp -p` and `tar` give them."""
    path = directory / "app/far.py"
    status = path.stat()
    text = PURE.replace("1.0", "2.0")
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def folder_in_place(directory: Path) -> None:
    path = directory / "app/__init__.py"
    path.unlink()
    path.mkdir()


CHANGES: dict[str, Callable[[Path], None]] = {
    "a helper": written("app/far.py", CLOCK),
    "a helper that keeps its times": replaced_in_place,
    "a new file": written("app/new.py", "X = 1\n"),
    "a new folder": written("app/inner/__init__.py", ""),
    "a new folder of scripts": written("tools/script.py", "X = 1\n"),
    "a file less": lambda directory: (directory / "app/far.py").unlink(),
    "a folder that was a file": folder_in_place,
    "the configuration": settings('ignore = ["random"]\n'),
    "an engine profile": written("engines/own.toml", FILES["engines/own.toml"] + "# more\n"),
    "a .gitignore": written(".gitignore", "far.py\n"),
    "a .gitignore further in": written("app/.gitignore", "far.py\n"),
    "a project of its own": written("app/pyproject.toml", '[project]\nname = "x"\n'),
    "a link": lambda directory: (directory / "app/link").symlink_to(directory / "elsewhere"),
    "a library": written(f"{LIBRARY}/library.py", TICKING),
    "a library less": lambda directory: (directory / LIBRARY / "library.py").unlink(),
    "a package in place of a library": written(f"{LIBRARY}/library/__init__.py", TICKING),
    "a library elsewhere": written(f"{LIBRARY}/more.pth", "/tmp\n"),
    "no environment": lambda directory: shutil.rmtree(directory / ".venv"),
    "the store": lambda directory: store_of(directory).put([(b"key", b"value")]),
    "no store": lambda directory: shutil.rmtree(directory / ".color_checker_cache"),
}  # fmt: skip


def store_of(directory: Path) -> Store:
    return Store.open(directory / ".color_checker_cache", FACTS_VERSION)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of which everything stands, without mypy."""
    prepare(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    for _ in range(6):
        project.Project(Failures(), with_child=False).keep_standing(".")
        if stands():
            return tmp_path
    pytest.fail("nothing is kept")


def stands() -> bool:
    return Standing.recall(".") is not None


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_does_not_stand_after_a_change(kept: Path, change: Callable[[Path], None]) -> None:
    change(kept)
    assert not stands()


def test_a_change_shows_and_vanishes(runs: Runs) -> None:
    write(runs.directory, {f"{LIBRARY}/library.py": TICKING, "app/far.py": CLOCK})
    assert {(path, code) for path, _, code in runs.run().places} == {
        ("app/flows.py", "clock"), ("app/flows.py", "random")
    }  # fmt: skip
    write(runs.directory, {name: FILES[name] for name in (f"{LIBRARY}/library.py", "app/far.py")})
    assert {code for _, _, code in runs.run().places} == {"random"}


def test_it_stands_again_after_a_change(runs: Runs) -> None:
    write(runs.directory, {"app/far.py": CLOCK})
    runs.settle()
    assert runs.run().stdout == runs.cold().stdout


@pytest.mark.parametrize("name", ["notes.txt", "app/data.json", "app/__pycache__/far.cpython-311.pyc"])
def test_it_stands_whatever_else_is_written(kept: Path, name: str) -> None:
    write(kept, {name: "anything"})
    assert stands()


def test_it_does_not_stand_in_another_environment(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(kept / "another"))
    assert not stands()


@pytest.mark.usefixtures("kept")
def test_it_does_not_stand_for_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "sys", SimpleNamespace(version="3.99"))
    assert not stands()


@pytest.mark.usefixtures("kept")
def test_it_does_not_stand_on_another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "time", SimpleNamespace(time=lambda: 0.0))
    assert not stands()


def test_it_does_not_stand_in_another_directory(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kept / "app")
    assert Standing.recall("..") is None


@pytest.mark.parametrize("content", [b"", b"x", b"\n", None, "{}", "[]", "null", '{"circumstances": 1}'])
def test_what_is_damaged_does_not_stand(kept: Path, content: bytes | str | None) -> None:
    file = kept / "color_checker.json"
    if content is None:
        content = file.read_bytes().replace(b'"digests"', b'"digestz"')
    elif isinstance(content, str):
        content = standing._checksum(content.encode()) + b"\n" + content.encode()
    file.write_bytes(content)
    assert not stands()
    project.Project(Failures(), with_child=False).keep_standing(".")
    assert stands()


def test_what_is_too_young_is_not_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "TICK", 10**12)
    write(kept, {"app/far.py": CLOCK})
    for _ in range(4):
        project.Project(Failures(), with_child=False).keep_standing(".")
    assert not stands()


def test_what_changes_while_it_is_kept_is_not_kept(kept: Path) -> None:
    (kept / "color_checker.json").unlink()
    looked = project.Project(Failures(), with_child=False)
    write(kept, {"tools/new.py": ""})
    looked.keep_standing(".")
    assert not stands()


def test_files_can_be_checked_that_were_not(runs: Runs) -> None:
    write(
        runs.directory,
        {"app/late.py": "import time\n\n\ndef late() -> float:  # color: pure\n    return time.time()\n"},
    )
    runs.settle("app/far.py")
    assert ("app/late.py", 5, "clock") in runs.run().places
    assert runs.run().stdout == runs.cold().stdout


def test_mypys_cache_may_be_lost_beside_it(runs: Runs) -> None:
    result = runs.run()
    for folder in (runs.directory / ".mypy_cache").glob("3.*"):
        shutil.rmtree(folder)
    assert runs.run().stdout == result.stdout


def test_questions_that_mypy_has_not_answered_are_asked(runs: Runs) -> None:
    flow = """\
from app.clocks import Clock


def flow(clocks: dict[str, Clock]) -> float:  # color: pure
    return clocks["x"].now()
"""
    clocks = "import time\n\n\nclass Clock:\n    def now(self) -> float:\n        return time.time()\n"
    write(runs.directory, {"app/typed.py": flow, "app/clocks.py": clocks})
    runs.settle("app/far.py")
    assert ("app/typed.py", 5, "clock") in runs.run().places


def test_runs_at_the_same_time_keep_what_stands(runs: Runs) -> None:
    write(runs.directory, {"app/far.py": CLOCK})
    expected = runs.run().stdout
    file = runs.directory / ".mypy_cache/color_checker.json"
    file.unlink()
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--no-error-summary",
        "--no-pretty",
        "--show-column-numbers",
        "app",
    ]
    started = [
        subprocess.Popen(command, cwd=runs.directory, env=environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert {process.communicate()[0] for process in started} == {expected}
    assert not list(file.parent.glob("color_checker.json.*"))
    runs.settle()
