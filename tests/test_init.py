"""`init` appends a table that fits the project, and never touches one that is there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from color_checker.cli import main
from color_checker.config import load_config


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src" / "app").mkdir(parents=True)
    (tmp_path / "src" / "app" / "flow.py").write_text("from temporalio import workflow\n")
    (tmp_path / "src" / "app" / "other.py").write_text("import dbos\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments], catch_exceptions=False)


def test_a_file_is_made_if_there_is_none(project: Path) -> None:
    result = run()
    assert result.exit_code == 0
    text = (project / "pyproject.toml").read_text()
    assert text.startswith("[tool.color-checker]\n")
    assert load_config(project).source_roots == ("src",)
    assert "dbos, temporal" in text


@pytest.mark.parametrize(
    "before", ["[project]\nname = 'x' # kept\n", "[project]\nname = 'x' # kept", "\n\n[a]\r\nb = 1\r\n"]
)
def test_what_is_in_the_file_stays_as_it_is(before: str, project: Path) -> None:
    (project / "pyproject.toml").write_bytes(before.encode())
    assert run().exit_code == 0
    after = (project / "pyproject.toml").read_bytes().decode()
    assert after.startswith(before)
    assert "color-checker" in tomllib.loads(after)["tool"]
    assert ("\r\n" in before) == ("\r\n" in after)
    assert after.replace("\r\n", "").count("\r") == 0


def test_a_table_that_is_there_is_left_alone(project: Path) -> None:
    assert run().exit_code == 0
    before = (project / "pyproject.toml").read_bytes()
    again = run()
    assert again.exit_code == 2
    assert (
        again.stderr
        == "color-checker: pyproject.toml: already has [tool.color-checker]; nothing was changed\n"
    )
    assert (project / "pyproject.toml").read_bytes() == before


@pytest.mark.parametrize(
    "text", ["tool = {}\n", "[tool]\ncolor-checker = {}\n", "[tool.color-checker.severity]\n"]
)
def test_a_file_in_which_the_table_has_no_place_is_left_alone(text: str, project: Path) -> None:
    (project / "pyproject.toml").write_text(text)
    assert run().exit_code == 2
    assert (project / "pyproject.toml").read_text() == text


@pytest.mark.parametrize("content", [b"[", b"\xff", b"x = 1\nx = 2\n"])
def test_a_file_that_is_no_toml_is_left_alone(content: bytes, project: Path) -> None:
    (project / "pyproject.toml").write_bytes(content)
    result = run()
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert (project / "pyproject.toml").read_bytes() == content


def test_a_dry_run_only_shows_it(project: Path) -> None:
    result = run("--dry-run")
    assert result.exit_code == 0
    assert "[tool.color-checker]" in result.stdout
    assert sorted(path.name for path in project.iterdir()) == ["src"]


def test_pre_commit_and_ci_are_suggested(project: Path) -> None:
    text = run().stdout
    assert "entry: color-checker check --whole-project\n" in text
    hook = text[text.index("repos:\n") :].partition("\n\n")[0]
    assert hook in (Path(__file__).parents[1] / "docs" / "pre-commit.md").read_text()
    assert "color-checker check src --format github\n" in text


def test_the_configuration_of_a_directory_above_is_not_ours(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.color-checker]\nstrict = true\n")
    inner = project / "src" / "app"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(inner)
        assert run().exit_code == 0
    assert (inner / "pyproject.toml").exists()


def test_what_was_written_works(project: Path) -> None:
    run()
    assert CliRunner().invoke(main, ["check", "src"]).exit_code == 0
