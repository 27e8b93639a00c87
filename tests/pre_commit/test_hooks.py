"""The hooks, run by the real pre-commit and prek on a repository that is made here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helped_workflow import CLEAN, CLOCK, FLOW
from tests.pre_commit.tools import DIRECT, MANIFEST, ROOT, git, run, tool, yaml_blocks

yaml = pytest.importorskip("yaml")

RUNNERS = pytest.mark.parametrize("runner", ["pre-commit", "prek"])


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit-home"))
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek-home"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("flow.py").write_text(FLOW)
    Path("helper.py").write_text(CLEAN)
    Path("other.py").write_text(DIRECT.replace("time.time()", "print()"))
    Path("plain.py").write_text("x = 1\n")
    Path("pyproject.toml").write_text("[tool.color-checker]\n")
    Path(".gitignore").write_text(".color_checker_cache/\n.venv/\n")
    git("init", "-q", "-b", "main")


def manifest() -> list[dict[str, Any]]:
    hooks: list[dict[str, Any]] = yaml.safe_load(MANIFEST.read_text())
    return hooks


def use_commands(*hooks: str) -> None:
    """Configure our hooks, with the commands of this environment in place of one made for them."""
    commands = [hook for hook in manifest() if hook["id"] in hooks]
    for hook in commands:
        hook["language"] = "system"
        hook["entry"] = hook["entry"].replace("color-checker", f"{sys.executable} -m color_checker", 1)
        for key in ("additional_dependencies", "minimum_pre_commit_version"):
            hook.pop(key, None)
    config = {"repos": [{"repo": "local", "hooks": commands}]}
    Path(".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git("add", "-A")
    git("commit", "-q", "-m", "Start", "--no-verify")


def commit(runner: str, path: str, text: str) -> subprocess.CompletedProcess[str]:
    """What the hooks say to a commit of one changed file."""
    Path(path).write_text(text)
    git("add", path)
    return run(tool(runner), "run")


@RUNNERS
def test_a_commit_hears_of_what_it_has_to_do_with(runner: str) -> None:
    use_commands("color-checker")
    done = commit(runner, "plain.py", "x = 2\n")
    assert done.returncode == 0, done.stdout
    done = commit(runner, "helper.py", CLOCK)
    assert done.returncode == 1
    assert "flow.py:10:16  CC201 clock" in done.stdout
    assert "other.py" not in done.stdout
    assert "1 finding elsewhere not shown." in done.stdout


@RUNNERS
def test_all_files_show_everything(runner: str) -> None:
    use_commands("color-checker")
    done = run(tool(runner), "run", "--all-files")
    assert done.returncode == 1
    assert "other.py:10:16  CC212 console" in done.stdout
    assert "flow.py" not in done.stdout


@RUNNERS
def test_a_change_of_the_configuration_shows_everything(runner: str) -> None:
    use_commands("color-checker")
    done = commit(runner, "pyproject.toml", "[tool.color-checker]\nstrict = true\n")
    assert "other.py:10:16  CC212 console" in done.stdout


@RUNNERS
def test_a_commit_of_other_files_runs_nothing(runner: str) -> None:
    use_commands("color-checker", "color-checker-fix")
    done = commit(runner, "notes.txt", "hello\n")
    assert done.returncode == 0
    assert done.stdout.count("Skipped") == 2


@RUNNERS
def test_a_configuration_that_is_wrong_fails_with_its_line(runner: str) -> None:
    use_commands("color-checker")
    done = commit(runner, "pyproject.toml", "[tool.color-checker]\nstirct = true\n")
    assert done.returncode == 1
    assert "stirct: there is no such key" in done.stdout


@RUNNERS
def test_fixes_are_applied_and_stop_the_commit_once(runner: str) -> None:
    Path("other.py").write_text(CLEAN)
    use_commands("color-checker-fix")
    done = commit(runner, "flow.py", DIRECT)
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    assert "return workflow.time()" in Path("flow.py").read_text()
    git("add", "flow.py")
    assert run(tool(runner), "run").returncode == 0


@RUNNERS
def test_only_the_files_of_the_commit_are_fixed(runner: str) -> None:
    Path("other.py").write_text(DIRECT)
    use_commands("color-checker-fix")
    done = commit(runner, "plain.py", "x = 2\n")
    assert done.returncode == 0, done.stdout
    done = commit(runner, "flow.py", DIRECT)
    assert done.returncode == 1
    assert "return workflow.time()" in Path("flow.py").read_text()
    assert Path("other.py").read_text() == DIRECT


@RUNNERS
def test_a_fix_knows_the_whole_project(runner: str) -> None:
    use_commands("color-checker-fix")
    done = commit(runner, "helper.py", CLOCK)
    assert done.returncode == 1
    assert "flow.py:10:16: left clock" in done.stdout
    assert "files were modified" not in done.stdout


@RUNNERS
@pytest.mark.parametrize("where", ["configuration", "option"])
def test_what_the_baseline_knows_is_neither_fixed_nor_told(runner: str, where: str) -> None:
    Path("other.py").write_text(DIRECT)
    if where == "configuration":
        Path("pyproject.toml").write_text('[tool.color-checker]\nbaseline = "known.json"\n')
    check = (sys.executable, "-m", "color_checker", "check", "--write-baseline", "known.json")
    assert run(*check).returncode == 0
    use_commands("color-checker-fix")
    if where == "option":
        file = Path(".pre-commit-config.yaml")
        config = yaml.safe_load(file.read_text())
        config["repos"][0]["hooks"][0]["args"] = ["--baseline=known.json"]
        file.write_text(yaml.safe_dump(config))
        git("add", "-A")
    done = commit(runner, "other.py", DIRECT + "\n")
    assert done.returncode == 0, done.stdout
    done = commit(
        runner, "other.py", DIRECT.replace("return time.time()", "print('x')\n        return time.time()")
    )
    assert done.returncode == 1
    assert "workflow.logger.info('x')\n        return time.time()" in Path("other.py").read_text()


@RUNNERS
def test_the_installed_hook_runs_when_git_commits(runner: str) -> None:
    use_commands("color-checker")
    assert run(tool(runner), "install").returncode == 0
    Path("helper.py").write_text(CLOCK)
    git("add", "helper.py")
    command = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-m", "Read the clock")
    done = run(*command)
    assert done.returncode == 1
    assert "CC201 clock" in done.stdout
    Path("helper.py").write_text(CLEAN + "\n\nX = 1\n")
    git("add", "helper.py")
    assert run(*command).returncode == 0


#: A package that only the project's own environment has.
ACME = f".venv/lib/python3.{sys.version_info[1]}/site-packages/acme.py"


@RUNNERS
def test_packages_are_those_of_the_project_not_of_the_hook(
    runner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_commands("color-checker")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)  # as the hook's own environment is activated
    Path(ACME).parent.mkdir(parents=True)
    Path(ACME).write_text(CLOCK)
    done = commit(runner, "flow.py", FLOW.replace("helper", "acme"))
    assert "flow.py:10:16  CC201 clock" in done.stdout


# -- as users have it: in an environment that is made from the repository ---------------------------


def _published(folder: Path) -> str:
    """A repository with the package and its hooks; gives its commit."""
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", MANIFEST.name):
        shutil.copy(ROOT / name, folder)
    for package in ("color_checker", "mypy_plugin", "pylint_plugin", "runtime_min", "runtime_min_pytest"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    here = os.getcwd()
    os.chdir(folder)
    try:
        git("init", "-q", "-b", "main")
        git("add", "-A")
        git("commit", "-q", "-m", "Publish")
        return git("rev-parse", "HEAD")
    finally:
        os.chdir(here)


@pytest.mark.slow
@RUNNERS
def test_the_hooks_work_in_an_environment_that_is_made_for_them(
    runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(runner)
    monkeypatch.delenv("PYTHONPATH")
    revision = _published(tmp_path / "published")
    hooks = [{"id": "color-checker"}, {"id": "color-checker-fix"}]
    repository = {"repo": str(tmp_path / "published"), "rev": revision, "hooks": hooks}
    Path(".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repository]}))
    Path("other.py").write_text(CLEAN)
    git("add", "-A")
    git("commit", "-q", "-m", "Start", "--no-verify")

    done = commit(runner, "flow.py", DIRECT)

    assert done.returncode == 1
    assert "flow.py:10:16  CC201 clock" in done.stdout
    assert "return workflow.time()" in Path("flow.py").read_text()
    git("add", "flow.py")
    done = run(tool(runner), "run")
    assert done.returncode == 0, done.stdout

    Path(ACME).parent.mkdir(parents=True)
    Path(ACME).write_text(CLOCK)
    done = commit(runner, "third.py", FLOW.replace("helper", "acme"))
    assert "third.py:10:16  CC201 clock" in done.stdout


# -- what is written -----------------------------------------------------------------------------------


def test_pre_commit_takes_the_manifest() -> None:
    done = run(tool("pre-commit"), "validate-manifest", str(MANIFEST))
    assert done.returncode == 0, done.stdout


def test_pre_commit_takes_the_configurations_in_the_docs(tmp_path: Path) -> None:
    ids = {hook["id"] for hook in manifest()}
    pages = [ROOT / "docs" / "pre-commit.md"]
    configurations = [block for page in pages for block in yaml_blocks(page) if block.startswith("repos:")]
    assert configurations
    for number, text in enumerate(configurations):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text)
        done = run(tool("pre-commit"), "validate-config", str(file))
        assert done.returncode == 0, done.stdout
        for repository in yaml.safe_load(text)["repos"]:
            if "color-checker" in repository["repo"]:
                assert {hook["id"] for hook in repository["hooks"]} <= ids
