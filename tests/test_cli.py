"""The command line: options, formats, exit codes, baselines, and errors that are one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

import color_checker
from color_checker.cli import main
from color_checker.cli.exit_codes import exit_code
from color_checker.cli.messages import complain
from color_checker.findings import Color, Finding, InputError, Report

WORKFLOW = """\
import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        print("started")
        return time.time()
"""
CLEAN = WORKFLOW.replace('print("started")', "pass").replace("time.time()", "1.0")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(WORKFLOW)
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "Traceback" not in result.output
    return result


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "color_checker", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(color_checker.__file__).parents[1])}


def names(result: Result) -> list[str]:
    return [finding["name"] for finding in msgspec.json.decode(result.stdout)["findings"]]


def configure(project: Path, table: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.color-checker]\n{table}\n")


# -- exit codes -----------------------------------------------------------------------------------


def test_findings_end_with_1_and_none_with_0(project: Path) -> None:
    assert run("check", ".").exit_code == 1
    (project / "app.py").write_text(CLEAN)
    assert run("check", ".").exit_code == 0


def test_the_working_directory_is_checked_by_default(project: Path) -> None:
    assert names(run("check", "--format", "json")) == ["console", "clock"]


@pytest.mark.parametrize(("severity", "code"), [("error", 1), ("warning", 1), ("note", 0)])
def test_warnings_fail_and_notes_do_not(severity: str, code: int, project: Path) -> None:
    configure(project, f'severity = {{ clock = "{severity}", console = "{severity}" }}')
    result = run("check", "--format", "json")
    assert len(names(result)) == 2
    assert result.exit_code == code


def test_a_file_that_cannot_be_read_ends_with_2_whatever_was_found() -> None:
    finding = Finding(
        "CC201", "clock", "error", "a.py", 1, 1, 1, 2, "m", "a.f", Color.WORKFLOW, "temporal", None, ()
    )
    error = InputError("b.py", 1, 1, "is no Python")
    assert exit_code(Report(findings=(finding,), errors=(error,))) == 2
    assert exit_code(Report(errors=(error,))) == 2
    assert exit_code(Report(findings=(finding,))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--format", "xml"], "'xml' is not one of"),
        (["check", "--no-such-option"], "No such option"),
        (["nothing"], "No such command"),
        (["check", "--engine", "temporel"], 'there is no engine "temporel"; did you mean "temporal"?'),
        (["check", "--select", "clok"], 'there is no rule "clok"; did you mean "clock"?'),
        (["check", "--ignore", "CC999"], 'there is no rule "CC999"'),
        (["check", "--config", "missing.toml"], "missing.toml"),
        (["check", "--baseline", "missing.json"], "missing.json: there is no such baseline"),
        (["check", "--write-baseline", "."], "takes a file; name the paths to check before the option"),
        (["check", "--baseline", "app.py"], "takes a file; name the paths to check before the option"),
        (["check", "--output", "no/such/directory"], "cannot be written"),
        (["explain", "clok"], 'did you mean "clock"?'),
        (["why", "app.Trail.run"], 'did you mean "app.Trial.run"?'),
        (["graph", "--output", "."], "cannot be written"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], message: str, project: Path) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert len([line for line in result.stderr.splitlines() if message in line]) == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("strict = 1", "strict: expected true or false"),
        ("selekt = []", 'there is no such key; did you mean "select"?'),
        ("ignore = ['clok']", 'there is no rule "clok"'),
        ("engines = ['temporel']", 'there is no engine "temporel"'),
        ("engine-files = ['mine.toml']", "mine.toml: cannot be read"),
        ("baseline = 'known.json'", "known.json: there is no such baseline"),
        ("= 1", "is not valid TOML"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_code_2(table: str, message: str, project: Path) -> None:
    configure(project, table)
    result = run("check")
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("color-checker: ")


def test_a_bug_of_our_own_is_not_taken_for_findings(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr("color_checker.result_cache.check_sources", broken)
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 2
    assert "this is a bug in color-checker" in result.stderr


def test_exit_codes_of_the_real_process(project: Path) -> None:
    for arguments, code in (
        (["check"], 1),
        (["check", "missing"], 2),
        (["check", "--selekt"], 2),
        (["--version"], 0),
    ):
        done = subprocess.run(command(*arguments), capture_output=True, env=environment(), check=False)
        assert done.returncode == code


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_reader_that_goes_away_is_met_with_silence(project: Path) -> None:
    (project / "app.py").write_text(WORKFLOW + "        time.time()\n" * 3000)
    for form in ("text", "json", "sarif", "github"):
        process = subprocess.Popen(
            command("check", "--format", form),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() == 141


@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
def test_an_interrupt_ends_with_130_and_without_a_traceback(project: Path) -> None:
    text = "".join(f"def f{number}(a, b):\n    return [a.b(c) for c in b]\n" for number in range(20_000))
    for number in range(6):
        (project / f"big{number}.py").write_text(text)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, and inherited so, after a shell's `&`
    process = subprocess.Popen(
        command("check"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        start_new_session=True,
    )  # fmt: skip
    while not (project / ".color_checker_cache").exists():
        time.sleep(0.02)  # from then on it works
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors
    assert process.returncode == 130


# -- options of check -----------------------------------------------------------------------------


def test_a_selected_rule_that_needs_types_is_said_not_to_be_checked(project: Path) -> None:
    said = "Not checked here: step-arguments needs types, which only the mypy plugin has."
    assert said in run("check", "--select", "step-arguments").stdout
    assert "not-serializable and step-arguments need types" in run("check", "--select", "CC401,CC402").stdout
    assert "Not checked here" not in run("check", "--select", "clock").stdout
    assert "Not checked here" not in run("check").stdout
    assert "Not checked here" not in run("check", "-f", "json", "--select", "step-arguments").stdout


def test_rules_are_selected_by_name_or_code(project: Path) -> None:
    assert names(run("check", "-f", "json", "--select", "clock")) == ["clock"]
    assert names(run("check", "-f", "json", "--select", "cc201,console")) == ["console", "clock"]
    assert names(run("check", "-f", "json", "--select", "clock", "--select", "CC212")) == ["console", "clock"]
    assert names(run("check", "-f", "json", "--ignore", "CC201")) == ["console"]


def test_the_command_line_goes_before_the_configuration(project: Path) -> None:
    configure(project, 'select = ["random"]\nignore = ["console"]')
    assert names(run("check", "-f", "json")) == []
    assert names(run("check", "-f", "json", "--select", "clock,console")) == ["clock"]


def test_another_configuration_can_be_named(project: Path) -> None:
    (project / "strict.toml").write_text('ignore = ["clock"]\n')
    assert names(run("check", "-f", "json", "--config", "strict.toml")) == ["console"]


def test_strict_reports_unresolved_calls(project: Path) -> None:
    (project / "app.py").write_text(
        CLEAN.replace("        pass\n", "        import nowhere\n\n        nowhere.go()\n")
    )
    assert names(run("check", "-f", "json")) == []
    assert names(run("check", "-f", "json", "--strict")) == ["gap"]


def test_only_the_engines_named_are_looked_for(project: Path) -> None:
    assert names(run("check", "-f", "json", "--engine", "dbos")) == []
    assert names(run("check", "-f", "json", "--engine", "dbos", "--engine", "temporal")) == [
        "console",
        "clock",
    ]


def test_no_cache_leaves_nothing_behind(project: Path) -> None:
    run("check", "--no-cache")
    assert [path.name for path in project.iterdir()] == ["app.py"]
    run("check")
    assert (project / ".color_checker_cache").is_dir()


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_each_format_goes_to_standard_output_or_a_file(form: str, project: Path) -> None:
    printed = run("check", "--format", form, "--color", "never")
    written = run("check", "--format", form, "--output", "out")
    assert written.stdout == ""
    assert written.exit_code == printed.exit_code == 1
    content = (project / "out").read_text(encoding="utf-8")
    assert "clock" in content
    if form in ("json", "sarif"):  # the others say how long it took
        assert content == printed.stdout


def test_input_errors_are_on_stderr_in_the_formats_for_tools(project: Path) -> None:
    (project / "bad.py").write_text("def (\n")
    for form in ("json", "sarif"):
        result = run("check", "--format", form)
        assert result.exit_code == 2
        assert result.stderr.startswith("color-checker: bad.py:1:5: syntax error")


def test_colors_can_be_forced_and_forbidden(project: Path) -> None:
    assert "\x1b[" in run("check", "--color", "always").stdout
    assert "\x1b[" not in run("check", "--color", "never").stdout
    assert "\x1b[" not in run("check").stdout  # no terminal


def test_quiet_says_nothing_when_there_is_nothing_to_say(project: Path) -> None:
    assert "clock" in run("check", "--quiet").stdout
    (project / "app.py").write_text(CLEAN)
    assert run("check", "--quiet").output == ""
    assert "No problem found" in run("check").stdout


def test_timings_are_on_stderr_and_in_json(project: Path) -> None:
    result = run("check", "--format", "json", "--timings")
    assert msgspec.json.decode(result.stdout)["summary"]["seconds"] > 0
    phases = [line.rpartition("  ")[0].strip() for line in result.stderr.splitlines()]
    for phase in ("find files", "read", "extract", "link", "rules", "total"):
        assert any(line.startswith(phase) for line in phases)
    again = run("check", "--format", "json")
    assert msgspec.json.decode(again.stdout)["summary"]["seconds"] is None


def test_the_lines_shown_are_as_the_parser_counts_them(project: Path) -> None:
    (project / "app.py").write_bytes(b"# \x0c \x1c \xe2\x80\xa8\r\n" + WORKFLOW.replace("\n", "\r").encode())
    assert "return time.time()" in run("check", "--select", "clock").stdout


# -- baselines ------------------------------------------------------------------------------------


def test_a_baseline_hides_what_was_known_and_shows_what_is_new(project: Path) -> None:
    written = run("check", "--write-baseline")
    assert written.exit_code == 0
    assert "Wrote 2 findings to color-checker-baseline.json." in written.stderr
    known = run("check", "--baseline", "--format", "json")
    assert known.exit_code == 0
    assert names(known) == []
    assert "2 known findings not shown (baseline color-checker-baseline.json)." in known.stderr
    (project / "app.py").write_text("# moved down\n" + WORKFLOW + "\n    async def more(self): pass\n")
    assert run("check", "--baseline").exit_code == 0
    (project / "app.py").write_text(WORKFLOW.replace("time.time()", "time.time() + time.monotonic()"))
    assert "clock" in names(run("check", "--baseline", "--format", "json"))


def test_without_the_option_the_configured_baseline_counts(project: Path) -> None:
    configure(project, 'baseline = "known.json"')
    assert "to known.json." in run("check", "--write-baseline").stderr
    assert (project / "known.json").exists()
    assert run("check").exit_code == 0
    assert run("check", "--no-baseline").exit_code == 1
    (project / "sub").mkdir()
    os.chdir(project / "sub")
    assert run("check", "..").exit_code == 0


def test_a_baseline_without_a_configured_one_must_be_asked_for(project: Path) -> None:
    run("check", "--write-baseline")
    assert run("check").exit_code == 1


def test_stale_entries_are_reported(project: Path) -> None:
    run("check", "--write-baseline", "known.json")
    (project / "app.py").write_text(CLEAN)
    result = run("check", "--baseline", "known.json")
    assert result.exit_code == 0
    assert "2 entries are stale in the baseline known.json: write it again." in result.stderr


def test_entries_of_rules_that_are_not_selected_are_not_called_stale(project: Path) -> None:
    run("check", "--write-baseline", "known.json")
    assert "stale" not in run("check", "--baseline", "known.json", "--select", "identity").stderr


def test_entries_are_not_called_stale_while_a_file_cannot_be_parsed(project: Path) -> None:
    run("check", "--write-baseline", "known.json")
    (project / "app.py").write_text("def (\n")
    result = run("check", "--baseline", "known.json")
    assert result.exit_code == 2
    assert "stale" not in result.stderr
    assert "Code for a newer Python is to be checked with that Python." in " ".join(result.stdout.split())


def test_writing_a_baseline_fails_if_a_file_could_not_be_read(project: Path) -> None:
    (project / "bad.py").write_text("def (\n")
    result = run("check", "--write-baseline")
    assert result.exit_code == 2
    assert "bad.py:1:5" in result.stderr
    assert "Wrote 2 findings to color-checker-baseline.json, without those of 1 file." in result.stderr


# -- the other commands ---------------------------------------------------------------------------


def test_explain_lists_all_rules(project: Path) -> None:
    result = run("explain")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines == sorted(lines)
    assert any(line.startswith("CC201  clock ") for line in lines)


@pytest.mark.parametrize("name", ["clock", "CC201", "cc201"])
def test_explain_shows_one_rule_as_markdown(name: str, project: Path) -> None:
    text = run("explain", name).stdout
    assert text.startswith("# CC201 clock\n\n")
    for heading in ("## What it does", "## Why is this bad", "## Use instead", "## Example"):
        assert heading in text
    assert "# expect" not in text


def test_explain_renders_markdown_in_color(project: Path) -> None:
    assert "\x1b[" in run("explain", "clock", "--color", "always").stdout


def test_explain_all_explains_each(project: Path) -> None:
    text = run("explain", "--all").stdout
    assert text.count("## What it does") == len(run("explain").stdout.splitlines())


@pytest.mark.parametrize("form", ["dot", "mermaid", "html"])
def test_a_graph_is_drawn_in_each_format(form: str, project: Path) -> None:
    result = run("graph", "--format", form, "--output", "graph")
    assert (result.exit_code, result.stdout) == (0, "")
    content = (project / "graph").read_text(encoding="utf-8")
    assert "Trial.run" in content
    assert "time.time" in content
    assert run("graph", "--format", form).stdout == content


def test_graph_and_why_say_which_files_they_lack(project: Path) -> None:
    (project / "bad.py").write_text("def (\n")
    for arguments in (["graph"], ["why", "app.Trial.run"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("color-checker: bad.py:1:5: syntax error")
        assert "Trial.run" in result.stdout


def test_help_has_examples_for_each_command() -> None:
    for name in ("check", "why", "explain", "graph"):
        assert f"color-checker {name}" in run(name, "--help").stdout
    overview = run("--help").stdout
    assert isinstance(main, click.Group)
    context = click.Context(main)
    for name in main.list_commands(context):
        assert name in overview
        sub = main.get_command(context, name)
        assert sub is not None
        assert all(
            option.help for option in sub.params if isinstance(option, click.Option) and option.name != "form"
        )


def test_the_version_is_the_installed_one() -> None:
    assert run("--version").stdout.startswith("color-checker ")


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["check", "--help"], ["check", "-f", "json"]]
)
def test_what_needs_no_rich_or_networkx_does_not_import_them(arguments: list[str], project: Path) -> None:
    script = (
        "import sys; from color_checker.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment()
    )
    assert "color_checker.cli" in done.stderr
    assert not {"rich", "networkx"} & set(done.stderr.split())


# -- run from elsewhere ---------------------------------------------------------------------------


@pytest.fixture
def elsewhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another directory than that of a project with a configuration."""
    configure(project, 'ignore = ["console"]')
    away = project / "away"
    away.mkdir()
    project.joinpath("app").mkdir()
    for name in ("app.py", "pyproject.toml"):
        project.joinpath(name).rename(project / "app" / name)
    monkeypatch.chdir(away)
    return project / "app"


def test_a_project_is_checked_with_its_own_configuration_from_elsewhere(elsewhere: Path) -> None:
    assert names(run("check", str(elsewhere), "--format", "json")) == ["clock"]
    assert names(run("check", "../app/app.py", "--format", "json")) == ["clock"]
    assert names(run("check", "--whole-project", "../app/app.py", "--format", "json")) == ["clock"]
    assert names(run("check", "../app", "--format", "json", "--ignore", "clock")) == []
    assert not Path(".color_checker_cache").exists()


def test_the_baseline_and_the_graph_are_those_of_the_project_from_elsewhere(elsewhere: Path) -> None:
    run("check", "../app", "--write-baseline")
    assert elsewhere.joinpath("color-checker-baseline.json").is_file()
    assert run("check", "../app", "--baseline").exit_code == 0
    assert "app.Trial.run" in run("graph", "../app").stdout
    assert run("fix", "../app", "--diff", "--baseline").stdout == ""


def test_of_two_configurations_that_do_not_count_both_are_named(elsewhere: Path) -> None:
    other = elsewhere.parent / "other"
    other.mkdir()
    configure(other, 'ignore = ["clock"]')
    (other / "flows.py").write_text(WORKFLOW)
    result = run("check", "../app", "../other", "--format", "json")
    assert names(result) == ["console", "clock"] * 2
    assert result.stderr.startswith(
        "color-checker: ../app/pyproject.toml, ../other/pyproject.toml: there is one"
    )
    assert "none of them counts" in result.stderr
    chosen = run("check", "../app", "../other", "--format", "json", "--config", "../app/pyproject.toml")
    assert (names(chosen), chosen.stderr) == (["clock"] * 2, "")


def test_in_the_root_directory_paths_in_messages_keep_their_slashes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.getcwd", lambda: os.sep)
    complain("shop/flows.py: is wrong")
    assert capsys.readouterr().err == "color-checker: shop/flows.py: is wrong\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["graph", "none"],
        ["graph", "app.py", "none"],
        ["why", "Trial.run", "app.py", "none"],
        ["fix", "app.py", "none"],
        ["fix", "--whole-project", "none"],
        ["check", "--whole-project", "app.py", "none"],
    ],
    ids=" ".join,
)
def test_that_a_path_does_not_exist_is_said_before_anything_is_searched(
    arguments: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(*args: object) -> None:
        raise AssertionError("files were searched")

    monkeypatch.setattr("color_checker.result_cache.discover", search)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "color-checker: none: does not exist\n"
