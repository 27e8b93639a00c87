"""The GitHub action: its file, and its steps, run by hand as a runner would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helped_workflow import CLEAN, CLOCK, FLOW
from tests.pre_commit.tools import ACTION, ROOT, run, tool, yaml_blocks

yaml = pytest.importorskip("yaml")

#: How a runner starts `shell: bash`.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    return loaded


def step(name: str) -> dict[str, Any]:
    return next(step for step in action()["runs"]["steps"] if step.get("name") == name)


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flow.py").write_text(FLOW)
    Path("helper.py").write_text(CLEAN)
    Path("pyproject.toml").write_text("[tool.color-checker]\n")


def run_step(
    name: str, inputs: Mapping[str, str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the script of a step; its expressions are those of inputs, and the action's path."""
    defaults = {key: value.get("default", "") for key, value in action()["inputs"].items()}
    values = {f"inputs.{key}": value for key, value in {**defaults, **inputs}.items()}
    values["github.action_path"] = str(ROOT)
    found = step(name)
    given = {key: values[text.removeprefix("${{ ").removesuffix(" }}")] for key, text in found["env"].items()}
    assert "${{" not in found["run"]  # what is put into a script could be run by it
    Path("step.sh").write_text(found["run"])
    return run(*BASH, "step.sh", environment={**given, **environment})


def check(**inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run the step that checks; also what it puts out."""
    command = Path("color checker")
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m color_checker "$@"\n')
    command.chmod(0o755)
    Path("output").write_text("")
    environment = {"COLOR_CHECKER": str(command.resolve()), "GITHUB_OUTPUT": str(Path("output").resolve())}
    done = run_step("Check", {key.replace("_", "-"): value for key, value in inputs.items()}, environment)
    return done, dict(line.split("=", 1) for line in Path("output").read_text().splitlines())


def test_findings_become_annotations_and_fail_the_step() -> None:
    Path("helper.py").write_text(CLOCK)
    done, output = check()
    assert done.returncode == 1
    assert "::error file=flow.py,line=10,col=16,endLine=10,endColumn=28,title=CC201 clock::" in done.stdout
    assert output == {"exit-code": "1"}


def test_without_findings_the_step_succeeds() -> None:
    done, output = check()
    assert (done.returncode, output) == (0, {"exit-code": "0"})


def test_paths_and_options_are_split_at_blanks_and_mean_nothing_else() -> None:
    Path("helper.py").write_text(CLOCK)
    assert check(args="--ignore clock --strict", paths="flow.py helper.py")[0].returncode == 0
    done, _ = check(paths="$(touch made) ; touch made")
    assert done.returncode == 2
    assert not Path("made").exists()


@pytest.mark.parametrize(("helper", "results"), [(CLOCK, 1), (CLEAN, 0)])
def test_a_sarif_file_is_written_too(helper: str, results: int) -> None:
    Path("helper.py").write_text(helper)
    done, _ = check(sarif_file="found.sarif")
    assert done.returncode == (1 if results else 0)
    assert len(json.loads(Path("found.sarif").read_text())["runs"][0]["results"]) == results


def test_no_sarif_file_is_left_if_the_check_failed() -> None:
    Path("pyproject.toml").write_text("[tool.color-checker]\nstirct = true\n")
    done, output = check(sarif_file="found.sarif")
    assert done.returncode == 2
    assert "stirct: there is no such key" in done.stdout
    assert output == {"exit-code": "2"}
    assert not Path("found.sarif").exists()


@pytest.mark.slow
def test_it_installs_into_an_environment_of_its_own() -> None:
    Path("temp").mkdir()
    environment = {
        "RUNNER_TEMP": str(Path("temp").resolve()), "GITHUB_ENV": str(Path("environment").resolve()),
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    done = run_step("Install", {}, environment)
    assert done.returncode == 0, done.stdout
    name, _, command = Path("environment").read_text().strip().partition("=")
    assert name == "COLOR_CHECKER"
    assert "Check files" in run(command, "--help").stdout
    done = run_step("Install", {"version": "0.0.0"}, environment)
    assert "color-checker==0.0.0" in done.stdout  # there is none


# -- what is written ---------------------------------------------------------------------------------


def test_the_action_fits_the_schema() -> None:
    done = run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-actions", str(ACTION))
    assert done.returncode == 0, done.stdout


def test_the_workflows_in_the_docs_fit_the_schema_and_give_inputs_that_exist(tmp_path: Path) -> None:
    workflows = [block for block in yaml_blocks(ROOT / "docs" / "ci.md") if "\njobs:" in block]
    assert workflows
    inputs = action()["inputs"].keys()
    for number, text in enumerate(workflows):
        file = tmp_path / f"{number}.yml"
        file.write_text(text)
        done = run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(file))
        assert done.returncode == 0, done.stdout
        for job in yaml.safe_load(text)["jobs"].values():
            for used in job["steps"]:
                if "/color-checker@" in used.get("uses", ""):
                    assert used.get("with", {}).keys() <= inputs
