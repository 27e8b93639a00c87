"""What reports say of safe fixes is what `color-checker fix` does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

import color_checker
from color_checker.cli import main
from color_checker.config import Config
from color_checker.findings import Finding
from color_checker.fixing import fix_files
from color_checker.rules import all_rules
from tests.fixes.trying import write
from tests.mutation.benchmark import built_in_hosts
from tests.mutation.mutants import Host
from tests.mutation.templates import Effect, read_effects

EFFECTS = read_effects()[0]

#: Ways to have an effect in a workflow's own body, each with its own reasons for or against a fix.
FORMS = ("{}", "mut_x = {}", "[{} for _ in (1,)]", "mut_y = lambda: {}", "list({} for _ in (1,))", "list({})")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _compare(folder: Path) -> int:
    """Compare what is told with what is done; gives how many findings have a fix."""
    config = Config(root=str(folder))
    report = color_checker.check([folder], config=config, cache=False)
    told = Counter(_key(finding) for finding in report.findings if finding.fix)
    outcome = fix_files([folder], config=config, cache=False)
    done = Counter(_key(fixed.finding) for fixed in outcome.fixed)
    assert told == done
    return told.total()


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.name, finding.path, finding.message


def test_in_the_examples_of_the_rules(tmp_path: Path) -> None:
    for rule in all_rules():
        for number, example in enumerate((*rule.bad, *rule.good)):
            folder = f"{rule.name.replace('-', '_')}_{number}"
            write(tmp_path, {f"{folder}/{name}": text for name, text in example.files.items()})
    assert _compare(tmp_path) > 20


@pytest.mark.parametrize("engine", ["dbos", "runtime_min", "temporal"])
def test_in_the_broken_examples(root: Path, tmp_path: Path, engine: str) -> None:
    shutil.copytree(root / "examples/pro_trial" / engine / "broken", tmp_path / "app")
    assert _compare(tmp_path) > 1


@pytest.mark.parametrize("host", built_in_hosts(), ids=lambda host: host.name)
def test_in_workflows_that_have_any_effect_themselves(tmp_path: Path, host: Host) -> None:
    for number, effect in enumerate(EFFECTS):
        form = FORMS[number % len(FORMS)]
        (tmp_path / f"{host.name}_{number}.py").write_text(_with(host, effect, form))
    assert _compare(tmp_path) > 1


def _with(host: Host, effect: Effect, form: str) -> str:
    """The workflow with the effect at its start."""
    lines = host.source.splitlines()
    lines.insert(host.body_line - 1, " " * host.indent + form.format(effect.expression))
    above = [*effect.imports.splitlines(), *effect.setup.splitlines()]
    lines[host.imports_line - 1 : host.imports_line - 1] = above
    return "\n".join(lines) + "\n"


APP = """
    import time
    from temporalio import workflow

    @workflow.defn
    class Trial:
        @workflow.run
        async def run(self) -> object:
            return {}
"""


@pytest.mark.parametrize(
    ("expression", "is_fixable"),
    [
        ("time.time()", True),
        ("[time.time() for _ in range(2)]", True),
        ("time.sleep(1)", True),
        ("list(time.sleep(1) for _ in range(2))", False),
        ("(lambda: time.sleep(1))()", False),
        ("time.monotonic()", False),
        ("open('a')", False),
        ("print('ä', time)", True),
        ("print('a', end='')", False),
        ("(lambda time: time)(1), time.time()", True),
    ],
)
def test_a_report_says_whether_a_finding_has_a_safe_fix(
    tmp_path: Path, expression: str, is_fixable: bool
) -> None:
    write(tmp_path, {"app.py": APP.format(expression)})
    done = CliRunner().invoke(main, ["check", "--format", "json"])
    assert [finding["fix"] for finding in json.loads(done.output)["findings"]] == [is_fixable]
    again = CliRunner().invoke(main, ["check", "--format", "json"])  # from the cache
    assert [finding["fix"] for finding in json.loads(again.output)["findings"]] == [is_fixable]


def test_the_text_says_how_many(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": APP.format("time.time(), open('a')")})
    done = CliRunner().invoke(main, ["check"])
    assert "1 can be fixed with `color-checker fix`." in done.output
