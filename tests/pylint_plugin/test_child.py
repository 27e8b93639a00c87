"""A child process that analyzes the project changes when findings are known, and nothing about them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from astroid import nodes
from pylint.lint import PyLinter

from color_checker import ahead, checking, worthwhile
from color_checker.places import Spot
from pylint_plugin import resolution
from pylint_plugin.analyzed import Ahead, Questions
from tests.children import always_started
from tests.helped_workflow import CLOCK, FLOW
from tests.pylint_plugin import runs
from tests.pylint_plugin.runs import ONLY_OURS, exit_code, messages, places, write

FOUND = [("flow.py", 10, "clock")]

#: What is called is known to nobody, or to astroid, which sees it in two steps: the second one is a method of
#: what the first one is.
FILES = {
    "flow.py": FLOW,
    "helper.py": """\
import pathlib

import unknown


def now():
    unknown.go()
    return getattr(pathlib, "Pa" + "th")("x").read_text()
""",
    "second.py": FLOW.replace("helper", "other"),
    "other.py": CLOCK,
}

#: Takes a while to read, and is quickly parsed.
LARGE = f'TEXT = """{"x" * 80}\n{("x" * 80 + chr(10)) * 6_000}"""\n'

_CHILD = "pylint_plugin.remote._CHILD"


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ahead.Child]:
    """A project for which a child is of use, whatever its size; the children that have been started."""
    monkeypatch.chdir(tmp_path)
    write({**FILES, "pyproject.toml": "[tool.color-checker]\nstrict = true\n"})
    return always_started(monkeypatch)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is said without a child."""
    with monkeypatch.context() as patched:
        patched.setattr(ahead, "is_of_use", lambda: False)
        said = everything()
    assert {symbol for _, _, symbol in places("--recursive=y", ".")} == {"clock", "filesystem", "gap"}
    forget_results()
    return said


def everything(*arguments: str) -> list[str]:
    """Each message with all that it says, in the order in which they come."""
    return [str(message) for message in messages(*(arguments or ("--recursive=y", ".")))]


def forget_results() -> None:
    for path in Path(".color_checker_cache").iterdir():
        path.unlink()


@pytest.fixture
def not_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In this process there is no analysis."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    with monkeypatch.context() as patched:
        patched.setattr(checking, "analyze_inputs", fail)
        yield


def is_over(child: ahead.Child) -> bool:
    return child._process.wait(10) is not None


# -- what is the same ------------------------------------------------------------------------------


def test_a_child_changes_no_message(plain: list[str], started: list[ahead.Child], not_here: None) -> None:
    assert not started
    assert everything() == plain
    assert len(started) == 1
    assert everything() == plain
    assert len(started) == 1  # what is known holds


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be taken away here")
def test_a_child_changes_nothing_of_what_pylint_writes_and_how_it_ends() -> None:
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        pytest.skip("one processor is not enough for a child")
    write({"large.py": LARGE})
    with_child, without = _ends(set(processors)), _ends({processors[0]})
    assert with_child.stdout == without.stdout
    assert "(filesystem)" in without.stdout
    assert (with_child.returncode, with_child.stderr) == (without.returncode, "")


def _ends(processors: set[int]) -> subprocess.CompletedProcess[str]:
    """How a first run of pylint ends on these processors; that a child is left behind would be said, too."""
    shutil.rmtree(".color_checker_cache", ignore_errors=True)
    program = (
        f"import os, sys; os.sched_setaffinity(0, {processors!r})\n"
        "from pylint import run_pylint; run_pylint(sys.argv[1:])"
    )
    arguments = (*ONLY_OURS, "--persistent=no", "--recursive=y", ".")
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program, *arguments],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(runs.ROOT)},
    )  # fmt: skip


def test_pylints_own_process_asks_astroid_if_the_child_does_not(
    plain: list[str], started: list[ahead.Child], not_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_CHILD, f"{__name__}:Cautious")
    assert everything() == plain
    assert len(started) == 1


@pytest.fixture
def asked_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules of which the astroid of this process is asked something."""
    modules: list[str] = []
    inferred = resolution.inferred

    def seen(module: nodes.Module, spots: tuple[Spot, ...]) -> object:
        modules.append(module.name)
        return inferred(module, spots)

    monkeypatch.setattr(resolution, "inferred", seen)
    return modules


def test_a_child_asks_its_own_astroid(asked_here: list[str], started: list[ahead.Child]) -> None:
    assert ("flow.py", 10, "filesystem") in places("--recursive=y", ".")
    assert started
    assert asked_here == []


def test_a_child_finds_the_modules_that_pylint_does(
    asked_here: list[str], started: list[ahead.Child]
) -> None:
    """Pylint looks for them in `source-roots`, which the analyzer does not know of."""
    write({
        "odd/place/acme.py": "import pathlib\n\n\ndef make():\n    return pathlib.Path('x')\n",
        "helper.py": "import acme\n\n\ndef now():\n    return acme.make().read_text()\n",
        "pyproject.toml": '[tool.color-checker]\nexclude = ["odd"]\n[tool.pylint.main]\n'
        'source-roots = ["odd/place"]\nignored-modules = ["unknown"]\n',
    })  # fmt: skip
    write({"large.py": LARGE})
    assert places("flow.py", "helper.py", "large.py") == [("flow.py", 10, "filesystem")]
    assert started
    assert asked_here == []


def test_astroid_is_asked_where_pylint_infers_for_messages_of_its_own(
    asked_here: list[str], plain: list[str], started: list[ahead.Child]
) -> None:
    asked_here.clear()
    found = messages("--recursive=y", ".", "--enable=import-error")
    assert [str(message) for message in found if message.symbol != "import-error"] == plain
    assert len(found) > len(plain)
    assert started
    assert asked_here == ["helper"]


#: Tells astroid of a transformation, which changes nothing.
TELLING = """\
from functools import partial

from astroid import MANAGER, nodes

told = nodes.Global, lambda node: None
MANAGER.register_transform(*told)
undo = partial(MANAGER.unregister_transform, *told)


def register(linter):
    pass
"""


@pytest.mark.parametrize("option", ["--load-plugins=pylint_plugin,telling", "--init-hook=import telling"])
def test_what_another_plugin_tells_astroid_counts(
    asked_here: list[str], started: list[ahead.Child], option: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    write({"telling.py": TELLING})
    assert ("flow.py", 10, "filesystem") in places(option, "--recursive=y", ".")
    sys.modules.pop("telling").undo()
    assert started
    assert asked_here == ["helper"]


def test_the_baseline_hides_what_is_known(started: list[ahead.Child]) -> None:
    write({"pyproject.toml": '[tool.color-checker]\nbaseline = "known.json"\n'})
    subprocess.run(
        [sys.executable, "-m", "color_checker", "check", "--write-baseline", "--no-cache"],
        check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(runs.ROOT)},
    )  # fmt: skip
    assert places("--recursive=y", ".") == [("flow.py", 10, "filesystem")]  # which astroid shows
    assert started


def test_a_file_from_elsewhere_is_checked_with_the_project(started: list[ahead.Child]) -> None:
    write({"pyproject.toml": '[tool.color-checker]\npaths = ["src"]\n', "src/other.py": CLOCK})
    assert ("second.py", 10, "clock") in places("--recursive=y", ".")
    assert len(started) == 1


def test_options_count_for_a_child(started: list[ahead.Child]) -> None:
    write({"other.toml": 'ignore = ["filesystem"]\n'})
    found = places("--recursive=y", ".", "--color-config=other.toml", "--color-strict=yes")
    assert found == [("flow.py", 10, "gap"), ("second.py", 10, "clock")]
    assert started
    assert places("--recursive=y", ".", "--color-engines=dbos") == []


# -- when there is one -----------------------------------------------------------------------------


def test_a_child_works_while_pylint_parses(
    started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    children_at_parsing: list[int] = []
    get_ast = PyLinter.get_ast

    def seen(self: PyLinter, *arguments: str) -> object:
        children_at_parsing.append(len(started))
        return get_ast(self, *arguments)

    monkeypatch.setattr(PyLinter, "get_ast", seen)
    assert places("--recursive=y", ".")
    assert set(children_at_parsing) == {1}


@pytest.mark.parametrize("arguments", [("flow.py",), ("flow.py", "helper.py")])
def test_there_is_no_child_for_a_few_small_files(
    started: list[ahead.Child], arguments: tuple[str, ...]
) -> None:
    assert places(*arguments) == [("flow.py", 10, "filesystem"), ("flow.py", 10, "gap")]
    assert not started


def test_there_is_a_child_for_large_files(started: list[ahead.Child]) -> None:
    write({"large.py": LARGE})
    assert ("flow.py", 10, "filesystem") in places("flow.py", "large.py")
    assert len(started) == 1


def test_there_is_no_child_for_text_on_standard_input(
    started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = FLOW + LARGE
    monkeypatch.setattr("pylint.lint.pylinter._read_stdin", lambda: large)
    assert ("flow.py", 10, "filesystem") in places("--from-stdin", "flow.py")
    assert not started


def test_there_is_no_child_with_several_processes() -> None:
    """They would have to wait for what it finds as soon as they start."""
    childless = "from color_checker import ahead\n\n\ndef register(linter):\n    del ahead.Child\n"
    write({"large.py": LARGE, "childless.py": childless})
    done = runs.run("--load-plugins=childless,pylint_plugin", "--recursive=y", ".", "-j", "2")
    assert (done.returncode, done.stderr) == (2, "")
    assert "(filesystem)" in done.stdout


def test_there_is_no_child_for_a_small_project(
    started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worthwhile, "WORTH_A_CHILD", 10_000)
    assert ("flow.py", 10, "filesystem") in places("--recursive=y", ".")
    assert not started


# -- when it fails ---------------------------------------------------------------------------------


def broken() -> None:
    raise RuntimeError("no analysis")


class Deadly:
    """Dies when it is to work."""

    def check(self, settings: object) -> None:
        """Nothing."""
        os._exit(1)


class Cautious(Ahead):
    """Leaves it to pylint's process to ask astroid."""

    def infer(self, state: object) -> None:
        """Nothing."""


class Forgetful(Cautious):
    """Knows everything, and dies when it is to learn."""

    def learn(self, types: object) -> Questions:
        """Nothing."""
        os._exit(1)


@pytest.mark.parametrize("factory", [broken, Deadly, Forgetful])
def test_a_child_that_fails_costs_no_finding(
    plain: list[str], started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch,
    factory: Callable[[], object], capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(_CHILD, f"{__name__}:{factory.__name__}")
    assert everything() == plain
    assert len(started) == 1
    assert is_over(started[0])
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="has other ways to end a process")
def test_a_child_that_is_killed_costs_no_finding(
    plain: list[str], started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    get_ast = PyLinter.get_ast

    def killing(self: PyLinter, *arguments: str) -> object:
        started[0]._process.kill()
        return get_ast(self, *arguments)

    monkeypatch.setattr(PyLinter, "get_ast", killing)
    assert everything() == plain
    assert started[0]._process.wait() == -signal.SIGKILL


def test_what_cannot_be_started_costs_no_finding(
    plain: list[str], started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    assert everything() == plain
    assert not started


@pytest.mark.parametrize("table", ['ignore = ["clok"]', 'engines = ["tempral"]', "strict = 3", "strict ="])
def test_a_wrong_configuration_is_told_before_there_is_a_child(
    started: list[ahead.Child], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"other.toml": f"{table}\n"})
    arguments = ("--recursive=y", ".", "--color-config=other.toml")
    said = exit_code(*arguments)
    with monkeypatch.context() as patched:
        patched.setattr(ahead, "is_of_use", lambda: False)
        assert exit_code(*arguments) == said
    assert said[0] == 32
    assert said[1].count("\n") == 1
    assert not started


def test_a_project_that_names_its_engines_has_a_child(started: list[ahead.Child]) -> None:
    write({"pyproject.toml": '[tool.color-checker]\nengines = ["temporal"]\n'})
    assert ("second.py", 10, "clock") in places("--recursive=y", ".")
    assert len(started) == 1


def test_an_engine_that_is_missing_is_told_before_there_is_a_child(started: list[ahead.Child]) -> None:
    code, said = exit_code("--recursive=y", ".", "--color-engines=tempral")
    assert (code, said.count("\n")) == (32, 1)
    assert 'there is no engine "tempral"' in said
    assert not started


def test_a_wrong_profile_of_the_users_own_is_told_before_there_is_a_child(
    started: list[ahead.Child],
) -> None:
    table = 'engine-files = ["acme.toml"]\nengines = ["acme"]\n'
    write({"other.toml": table, "acme.toml": 'name = "acme"\npackages = ["acme"]\nwrong = 1\n'})
    code, said = exit_code("--recursive=y", ".", "--color-config=other.toml")
    assert (code, said.count("\n")) == (32, 1)
    assert "acme.toml" in said
    assert not started


# -- how it ends -----------------------------------------------------------------------------------


def test_a_child_ends_when_all_is_known(started: list[ahead.Child]) -> None:
    assert places("--recursive=y", ".")
    assert is_over(started[0])


def test_a_child_of_which_nothing_is_asked_ends_with_the_run(started: list[ahead.Child]) -> None:
    write({"wrong/broken.py": "def\n"})
    assert places("--recursive=y", "wrong") == [("wrong/broken.py", 1, "syntax-error")]
    assert is_over(started[0])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for the child")
def test_an_interrupted_pylint_leaves_no_child() -> None:
    write({f"many/part_{number}.py": "x = [1, 2, 3]\n" * 4_000 for number in range(20)})
    pylint = subprocess.Popen(
        [sys.executable, "-m", "pylint", *ONLY_OURS, "--recursive=y", "."],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(runs.ROOT)},
    )  # fmt: skip
    children = wait_for(lambda: Path(f"/proc/{pylint.pid}/task/{pylint.pid}/children").read_text().split())
    time.sleep(0.3)
    assert pylint.poll() is None
    os.killpg(pylint.pid, signal.SIGINT)  # as a terminal does
    _, errors = pylint.communicate(timeout=60)
    assert (pylint.returncode, errors) == (1, b"")
    wait_for(lambda: [True] if not any(Path("/proc", number).exists() for number in children) else [])


def wait_for(look: Callable[[], list[str] | list[bool]]) -> list[str] | list[bool]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.02)
    raise AssertionError
