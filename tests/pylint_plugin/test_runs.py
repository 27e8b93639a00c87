"""Runs of real pylint with the plugin: files, processes, options, formats and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from color_checker import checking
from tests.helped_workflow import CLOCK, FLOW
from tests.pylint_plugin import runs
from tests.pylint_plugin.runs import ONLY_OURS, exit_code, messages, places, write

FOUND = [("flow.py", 10, "clock")]

#: What is called is only known to astroid.
INFERRED = CLOCK.replace("time.time()", 'getattr(time, "mono" + "tonic")()')

#: Nobody knows all that is called here.
GAP = CLOCK.replace("time.time()", "time.time() + getattr(time, str(now))()")

#: A plugin of pylint's that writes down each analysis, in whatever process it is made.
COUNTING = """\
import os
import time

from color_checker import checking

analyze = checking.analyze_inputs


def counted(*arguments, **keywords):
    with open("analyses", "a") as file:
        file.write(f"{os.getpid()}\\n")
    return analyze(*arguments, **keywords)


def register(linter):
    if checking.analyze_inputs is analyze:
        checking.analyze_inputs = counted
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write({"flow.py": FLOW, "helper.py": CLOCK, "pyproject.toml": "[tool.color-checker]\n"})


# -- files -------------------------------------------------------------------------------------------


def test_a_file_on_its_own_is_checked_with_the_whole_project_as_context() -> None:
    assert places("flow.py") == FOUND
    assert places("helper.py") == []
    assert places("helper.py", "flow.py") == FOUND


def test_a_message_is_placed_on_the_node_with_its_end_and_says_the_way() -> None:
    (message,) = messages("flow.py")
    assert (message.line, message.column, message.end_line, message.end_column) == (10, 15, 10, 27)
    assert (message.msg_id, message.category, message.obj) == ("E7201", "error", "Trial.run")
    assert message.msg.endswith("(flow.Trial.run -> helper.now -> time.time)")


def test_a_second_run_in_the_same_process_sees_what_has_changed() -> None:
    assert places("flow.py") == FOUND
    write({"helper.py": CLOCK.replace("time.time()", "1.0")})
    assert places("flow.py") == []
    write({"pyproject.toml": '[tool.color-checker]\nignore = ["random"]\n', "helper.py": CLOCK})
    assert places("flow.py") == FOUND
    write({"pyproject.toml": '[tool.color-checker]\nignore = ["clock"]\n'})
    assert places("flow.py") == []


def test_a_file_outside_of_the_project_is_checked_with_it() -> None:
    write({"src/helper.py": CLOCK, "apart.py": FLOW})
    write({"pyproject.toml": '[tool.color-checker]\npaths = ["src"]\n'})
    assert places("apart.py") == [("apart.py", 10, "clock")]
    assert places("src/helper.py") == []


def test_for_all_files_outside_of_the_project_it_is_analyzed_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    analyses: list[int] = []
    analyze = checking.analyze_inputs

    def counted(*arguments: Any, **keywords: Any) -> Any:
        analyses.append(1)
        return analyze(*arguments, **keywords)

    monkeypatch.setattr(checking, "analyze_inputs", counted)
    alone = FLOW.replace("helper.now()", "time.time()").replace("import helper", "import time")
    write({"src/helper.py": CLOCK, **{f"apart/f{number}.py": alone for number in range(5)}})
    write({"pyproject.toml": '[tool.color-checker]\npaths = ["src"]\n'})
    assert places("--recursive=y", "src", "apart") == [(f"apart/f{n}.py", 10, "clock") for n in range(5)]
    assert len(analyses) == 2


def test_for_a_file_of_another_project_only_that_one_is_analyzed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots: list[str] = []
    analyze = checking.analyze_inputs

    def noted(inputs: Any, *arguments: Any, **keywords: Any) -> Any:
        roots.append(os.path.relpath(inputs.sources.files[0].path, tmp_path))
        return analyze(inputs, *arguments, **keywords)

    monkeypatch.setattr(checking, "analyze_inputs", noted)
    write({f"far/{name}": Path(name).read_text() for name in ("flow.py", "helper.py", "pyproject.toml")})
    write({"near/flow.py": FLOW, "near/pyproject.toml": ""})
    monkeypatch.chdir("near")
    found = [m.symbol for m in messages("../far/flow.py")]
    assert (found, roots) == (["clock"], ["far/flow.py"])


def test_an_excluded_file_that_pylint_is_told_to_check_is_checked() -> None:
    write({"pyproject.toml": '[tool.color-checker]\nexclude = ["flow.py"]\n'})
    assert places("flow.py") == FOUND


def test_syntax_errors_are_for_pylint_to_report() -> None:
    write({"broken.py": "def f(:\n"})
    assert places("broken.py", "flow.py") == [("broken.py", 1, "syntax-error"), *FOUND]


def test_a_file_with_an_odd_encoding_and_line_ends_is_placed_right() -> None:
    text = "# coding: latin-1\r\n" + FLOW.replace("helper.now()", "'\xe9\xe9', helper.now()").replace(
        "\n", "\r\n"
    )
    Path("flow.py").write_bytes(text.encode("latin-1"))
    (message,) = messages("flow.py")
    assert (message.line, message.column) == (11, 21)


def test_the_text_on_standard_input_counts_in_place_of_the_file() -> None:
    clean = FLOW.replace("helper.now()", "1.0")
    done = runs.run("--from-stdin", "flow.py", "--output-format=json2", text=clean)
    assert json.loads(done.stdout)["messages"] == []
    write({"flow.py": clean})
    done = runs.run("--from-stdin", "flow.py", "--output-format=json2", text=FLOW)
    assert [found["line"] for found in json.loads(done.stdout)["messages"]] == [10]


def test_the_text_on_standard_input_counts_for_an_excluded_file() -> None:
    write({"pyproject.toml": '[tool.color-checker]\nexclude = ["flow.py"]\n'})
    clean = FLOW.replace("helper.now()", "1.0")
    done = runs.run("--from-stdin", "flow.py", "--output-format=json2", text=clean)
    assert json.loads(done.stdout)["messages"] == []


def test_the_text_on_standard_input_is_analyzed_only_if_it_is_another_one() -> None:
    write({"counting.py": COUNTING})
    arguments = ("--load-plugins=counting,pylint_plugin", "--from-stdin", "flow.py")
    environment = {"PYTHONPATH": os.pathsep.join((str(runs.ROOT), "."))}
    for text, expected in ((FLOW, 1), (FLOW, 1), (FLOW.replace("helper.now()", "1.0"), 2)):
        done = runs.run(*arguments, text=text, environment=environment)
        assert ("(clock)" in done.stdout) == (text == FLOW)
        assert len(Path("analyses").read_text().splitlines()) == expected


def test_what_was_inferred_from_unsaved_text_is_the_unsaved_text() -> None:
    write({"flow.py": FLOW.replace("helper.now()", "1.0")})
    text = FLOW.replace("import helper", "import time").replace("helper", "getattr(time, 'ti' + 'me')")
    text = text.replace(").now()", ")()")
    done = runs.run("--from-stdin", "flow.py", "--output-format=json2", text=text)
    assert [found["symbol"] for found in json.loads(done.stdout)["messages"]] == ["clock"]


def test_from_another_directory_the_project_is_the_one_around_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {"apart/pyproject.toml": '[tool.color-checker]\nignore = ["random"]\n', "apart/other.py": "x = (\n"}
    )
    monkeypatch.chdir(tmp_path / "apart")  # a project of its own, of which nothing is said
    (message,) = messages(str(tmp_path / "flow.py"))
    assert (Path(message.abspath), message.symbol) == (tmp_path / "flow.py", "clock")
    write({str(tmp_path / "pyproject.toml"): '[tool.color-checker]\nignore = ["clock"]\n'})
    assert messages(str(tmp_path / "flow.py")) == []


def test_from_a_directory_without_a_project_only_that_of_the_file_is_read(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(runs.ROOT)}
    before = {path for path in Path("/").iterdir() if path.name == ".color_checker_cache"}
    done = subprocess.run(
        [sys.executable, "-m", "pylint", *ONLY_OURS, str(tmp_path / "flow.py"), "--output-format=json2"],
        cwd="/", capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip
    assert [found["symbol"] for found in json.loads(done.stdout)["messages"]] == ["clock"]
    assert {path for path in Path("/").iterdir() if path.name == ".color_checker_cache"} == before


# -- processes ---------------------------------------------------------------------------------------

_SCRIPT = """\
import multiprocessing
import sys

from pylint import run_pylint

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop(1))
    run_pylint()
"""


def _analyses(method: str, *arguments: str) -> tuple[list[tuple[str, int, str]], int]:
    """What is found, and how many times the project was analyzed, with that way to start processes."""
    Path("analyses").write_text("")
    Path("start.py").write_text(_SCRIPT)
    Path("counting.py").write_text(COUNTING)
    done = subprocess.run(
        [
            sys.executable, "start.py", method, "--load-plugins=counting", *ONLY_OURS, "-j", "2",
            "--output-format=json2", *arguments,
        ],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(runs.ROOT), "."))},
    )  # fmt: skip
    found = json.loads(done.stdout)["messages"]
    assert not done.stderr
    places = sorted((message["path"], message["line"], message["symbol"]) for message in found)
    return places, len(Path("analyses").read_text().splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_the_project_is_analyzed_once_for_all_processes(method: str) -> None:
    write({"second.py": FLOW, "third.py": FLOW, "helper.py": INFERRED})
    files = ("flow.py", "second.py", "third.py", "helper.py")
    found, analyses = _analyses(method, *files)
    assert found == FOUND  # one cause is one finding
    assert analyses == 1
    assert _analyses(method, *files) == (FOUND, 0)  # what is known from the first run holds


@pytest.mark.slow
@pytest.mark.parametrize("helper", [CLOCK, INFERRED])
def test_a_second_run_analyzes_again_what_has_changed(helper: str) -> None:
    write({"helper.py": helper})
    assert _analyses("fork", "flow.py", "helper.py") == (FOUND, 1)
    write({"helper.py": helper + "\n\ndef more():\n    return now()\n"})
    assert _analyses("fork", "flow.py", "helper.py")[0] == FOUND
    write({"helper.py": "def now():\n    return 1.0\n"})
    assert _analyses("fork", "flow.py", "helper.py") == ([], 1)


def test_what_was_inferred_is_inferred_again_when_a_package_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Astroid knows packages that the analyzer is told to leave alone."""
    packages = tmp_path.parent / f"{tmp_path.name}-packages"
    write({
        str(packages / "acme.py"): "import pathlib\n\n\ndef make():\n    return pathlib.Path('x')\n",
        "helper.py": "import acme\n\n\ndef now():\n    return acme.make().read_text()\n",
        "pyproject.toml": "[tool.color-checker]\nfollow-imports = false\n",
    })  # fmt: skip
    environment = {"PYTHONPATH": os.pathsep.join((str(runs.ROOT), str(packages)))}

    def symbols() -> list[str]:
        done = runs.run("flow.py", "--output-format=json2", environment=environment)
        return [message["symbol"] for message in json.loads(done.stdout)["messages"]]

    assert symbols() == ["filesystem"]
    assert symbols() == ["filesystem"]
    write({str(packages / "acme.py"): "def make():\n    return 1\n"})
    assert symbols() == []


def test_a_file_outside_of_the_project_is_checked_in_other_processes_too() -> None:
    write({"pyproject.toml": '[tool.color-checker]\npaths = ["src"]\n', "src/a.py": ""})
    alone = FLOW.replace("helper.now()", "time.time()").replace("import helper", "import time")
    write({"alone.py": alone, "second.py": alone})
    found, _ = _analyses("spawn", "alone.py", "second.py")
    assert found == [("alone.py", 10, "clock"), ("second.py", 10, "clock")]


@pytest.mark.slow
def test_several_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = runs.ROOT / "examples" / "pro_trial" / "temporal"
    monkeypatch.chdir(examples)
    one = runs.run("--recursive=y", ".", "--output-format=json2")
    two = runs.run("--recursive=y", ".", "--output-format=json2", "-j", "2")
    key = lambda found: (found["path"], found["line"], found["column"], found["symbol"])  # noqa: E731
    first, second = (sorted(json.loads(done.stdout)["messages"], key=key) for done in (one, two))
    assert first == second
    assert first
    assert one.returncode == two.returncode


# -- what pylint does --------------------------------------------------------------------------------


def test_formats_scores_and_exit_codes_are_pylints() -> None:
    done = runs.run("flow.py")
    assert done.returncode == 2
    assert "flow.py:10:15: E7201: `time.time` reads the clock." in done.stdout
    assert "(clock)" in done.stdout
    assert "Your code has been rated at 0.00/10" in done.stdout
    assert (
        runs.run("flow.py", "--output-format=parseable")
        .stdout.splitlines()[1]
        .startswith("flow.py:10: [E7201(clock), Trial.run] `time.time` reads the clock.")
    )
    done = runs.run("helper.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert "10.00/10" in done.stdout


def test_json_has_the_places() -> None:
    (found,) = json.loads(runs.run("flow.py", "--output-format=json2").stdout)["messages"]
    place = {"line": 10, "column": 15, "endLine": 10, "endColumn": 27, "path": "flow.py"}
    assert {name: found[name] for name in place} == place
    assert (found["messageId"], found["symbol"], found["type"]) == ("E7201", "clock", "error")


def test_exit_codes_are_those_of_the_categories() -> None:
    assert exit_code("flow.py")[0] == 2
    write({"flow.py": FLOW.replace("helper.now()", "print()")})
    assert exit_code("flow.py")[0] == 4
    assert exit_code("flow.py", "--fail-on=console", "--fail-under=0")[0] == 4
    assert exit_code("flow.py", "--fail-under=0")[0] == 0
    assert exit_code("helper.py")[0] == 0


def test_other_messages_are_what_they_are_without_the_plugin() -> None:
    write(
        {"messy.py": "import os\nimport missing\n\n\ndef F(a, b=[]):\n    return a.x + missing.y + now()\n"}
    )
    arguments = ("flow.py", "helper.py", "messy.py", "--disable=color")
    without = subprocess.run(
        [sys.executable, "-m", "pylint", *arguments[:3], "--output-format=json2"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    expected = json.loads(without.stdout)["messages"]
    assert len(expected) > 5
    found = [m for m in messages(*arguments[:3], only_ours=False) if m.symbol != "clock"]
    assert [(m.path, m.line, m.symbol, m.msg) for m in found] == [
        (m["path"], m["line"], m["symbol"], m["message"]) for m in expected
    ]


def test_a_message_is_explained_by_pylint() -> None:
    done = runs.run("--help-msg=clock,E7902")
    assert ":clock (E7201)" in done.stdout
    assert "Why is this bad" in done.stdout
    assert ":gap (E7902)" in done.stdout


def test_with_our_messages_off_nothing_is_analyzed() -> None:
    write({"pyproject.toml": "[tool.color-checker]\nstirct = true\n"})  # would be complained of
    assert places("flow.py", "--disable=color", "--enable=unreachable") == []


# -- options and configuration -----------------------------------------------------------------------


def test_options_stand_in_for_the_configuration() -> None:
    write({
        "pyproject.toml": '[tool.color-checker]\nignore = ["clock"]\n',
        "other.toml": 'ignore = ["random"]\n',
        "helper.py": GAP,
    })  # fmt: skip
    assert places("flow.py") == []
    assert places("flow.py", "--color-config=other.toml") == FOUND
    assert places("flow.py", "--color-strict=yes") == [("flow.py", 10, "gap")]
    assert places("flow.py", "--color-config=other.toml", "--color-engines=dbos") == []
    write({"pyproject.toml": "[tool.color-checker]\nstrict = true\n"})
    assert places("flow.py") == [("flow.py", 10, "clock"), ("flow.py", 10, "gap")]
    assert places("flow.py", "--color-strict=no") == FOUND


def test_options_are_read_from_pylints_own_configuration() -> None:
    write({
        "pyproject.toml": '[tool.pylint.main]\nload-plugins = ["pylint_plugin"]\n'
        '[tool.pylint.color]\ncolor-strict = "yes"\n',
        "helper.py": GAP,
    })  # fmt: skip
    done = runs.run("flow.py")
    assert "(gap)" in done.stdout


def test_the_baseline_in_the_configuration_hides_what_is_known() -> None:
    write({"pyproject.toml": '[tool.color-checker]\nbaseline = "known.json"\n'})
    subprocess.run(
        [sys.executable, "-m", "color_checker", "check", "--write-baseline"],
        check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(runs.ROOT)},
    )  # fmt: skip
    assert places("flow.py") == []
    write({"helper.py": CLOCK.replace("time.time()", "open('x')")})
    assert places("flow.py") == [("flow.py", 10, "filesystem")]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("stirct = true", "stirct: there is no such key"),
        ('ignore = ["clokc"]', 'there is no rule "clokc"'),
        ('engines = ["temporla"]', 'there is no engine "temporla"'),
        ("strict =", "is not valid TOML"),
        ('baseline = "missing.json"', "missing.json"),
    ],
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_wrong_configuration_is_one_line_and_pylints_code_for_that(
    table: str, reason: str, jobs: str
) -> None:
    write({"other.toml": f"{table}\n"})
    code, said = exit_code("flow.py", "helper.py", "--color-config=other.toml", "-j", jobs)
    assert code == 32
    assert reason in said
    assert said.count("\n") == 1


def test_a_baseline_that_is_missing_is_said_also_if_there_is_nothing_to_find() -> None:
    write({"helper.py": "def now():\n    return 1.0\n", "pyproject.toml": ""})
    write({"other.toml": 'baseline = "missing.json"\n'})
    code, said = exit_code("flow.py", "--color-config=other.toml")
    assert code == 32
    assert "missing.json: there is no such baseline" in said


def test_a_configuration_file_that_is_missing_is_said() -> None:
    code, said = exit_code("flow.py", "--color-config=nowhere.toml")
    assert (code, said.count("\n")) == (32, 1)
    assert "nowhere.toml" in said
