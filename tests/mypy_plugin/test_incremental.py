"""Warm runs give what cold runs give, and check again what has changed and no more."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.mypy_plugin.runner import MYPY, Result, configure, run_command, run_mypy, write

PURE = "import time\n\n\ndef moment() -> float:\n    return float(bool(time))\n"
CLOCK = "import time\n\n\ndef moment() -> float:\n    return time.time()\n"

CHAIN = {
    "app/__init__.py": "",
    "app/far.py": PURE,
    "app/middle.py": "from app.far import moment\n\n\ndef price() -> float:\n    return moment()\n",
    "app/near.py": "from app.middle import price\n\n\ndef quote() -> float:\n    return price()\n",
    "app/flows.py": """\
from app.near import quote


def flow() -> float:  # color: pure
    return quote()
""",
    "app/other.py": """\
import random


def other() -> float:  # color: pure
    return random.random()
""",
}
FOUND = frozenset({("app/flows.py", 5, "clock"), ("app/other.py", 5, "random")})
ALWAYS = frozenset({("app/other.py", 5, "random")})

_STALE = re.compile(r"^LOG:  Writing (app[.\w]*) ", re.MULTILINE)


class Project:
    """A project that is checked again and again with mypy's cache next to it."""

    def __init__(self, directory: Path, program: Mapping[str, str] = CHAIN, mypy: str = "") -> None:
        self.directory = directory
        write(directory, program)
        configure(directory, mypy=mypy)

    def run(self, *args: str) -> Result:
        """Check all, with the cache."""
        return run_mypy(self.directory, *args, ".", cache=".mypy_cache")

    def cold(self, *args: str) -> Result:
        """Check all, with another cache that is empty."""
        shutil.rmtree(self.directory / ".cold", ignore_errors=True)
        return run_mypy(self.directory, *args, ".", cache=".cold")

    def write(self, **sources: str) -> None:
        """Change modules of `app` by name."""
        write(self.directory, {f"app/{name}.py": source for name, source in sources.items()})

    def checked(self, *args: str) -> set[str]:
        """The modules that the next run checks."""
        return set(_STALE.findall(self.run("--verbose", *args).stderr))


def test_a_helper_three_modules_away_makes_the_error_appear_and_vanish(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.run().places == ALWAYS
    project.write(far=CLOCK)
    assert project.run().places == FOUND
    project.write(far=PURE)
    assert project.run().places == ALWAYS


@pytest.mark.skipif(
    MYPY < (2, 0), reason="keeps no modules with errors in its cache, so checks them every time"
)
def test_only_the_changed_module_and_those_whose_findings_change_are_checked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.run()
    assert project.checked() == set()
    project.write(far=CLOCK)
    assert project.checked() == {"app.far", "app.flows"}
    assert project.checked() == set()
    project.write(far=PURE)
    assert project.checked() == {"app.far", "app.flows"}


def test_a_change_that_changes_no_finding_has_only_its_own_module_checked(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    project.run()
    project.write(near=CHAIN["app/near.py"].replace("price()\n", "price() + 1\n"))
    assert project.checked() == {"app.near"}


def test_the_witness_in_another_module_keeps_its_lines_right(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    project.run()
    project.write(far="# one more line\n" + CLOCK)
    result = project.run()
    assert any("app/far.py:6: app.far.moment reaches time.time" in note.text for note in result.notes)
    assert result.stdout == project.cold().stdout


@pytest.mark.skipif(
    MYPY < (2, 0), reason="keeps no modules with errors in its cache, so checks them every time"
)
def test_a_module_that_is_read_again_for_an_imports_sake_keeps_its_findings(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    assert project.run().places == FOUND
    added = "\n\ndef more(number: int) -> int:\n    return number\n"
    project.write(near=CHAIN["app/near.py"] + added)
    assert project.checked() >= {"app.near", "app.flows"}
    project.write(near=CHAIN["app/near.py"] + added.replace("int", "str"))
    result = project.run()
    assert result.places == FOUND
    assert result.stdout == project.cold().stdout


def test_the_plugin_makes_no_more_modules_change_their_interface(tmp_path: Path) -> None:
    chain = {name: source for name, source in CHAIN.items() if name != "app/flows.py"}
    with_plugin, without = Project(tmp_path / "with", chain), Project(tmp_path / "without", chain)
    (tmp_path / "without/pyproject.toml").write_text("[tool.mypy]\nstrict = true\n", encoding="utf-8")
    for project in (with_plugin, without):
        project.run()
        project.write(far=PURE + "\n\nMORE: int = 1\n")
    assert with_plugin.checked() == without.checked()


@pytest.mark.slow
@pytest.mark.parametrize(
    "args",
    [
        ("--warn-unreachable",),
        ("--cache-fine-grained",),
        ("--no-sqlite-cache",) if MYPY >= (2, 0) else ("--sqlite-cache",),
        ("--no-local-partial-types",) if MYPY >= (2, 0) else ("--local-partial-types",),
        ("--no-incremental",),
        ("--allow-redefinition-new", "--local-partial-types") if MYPY < (2, 0) else ("--allow-redefinition",),
        ("--python-version", "3.12"),
    ],
    ids=" ".join,
)
def test_a_warm_run_prints_the_bytes_of_a_cold_one_with(tmp_path: Path, args: tuple[str, ...]) -> None:
    check_that_warm_is_cold(tmp_path, *args)


def test_a_warm_run_prints_the_bytes_of_a_cold_one(tmp_path: Path) -> None:
    check_that_warm_is_cold(tmp_path)


def check_that_warm_is_cold(directory: Path, *args: str) -> None:
    """Fail if what comes from the cache differs from what is found anew."""
    project = Project(directory)
    first = project.run(*args)
    assert project.run(*args).stdout == first.stdout == project.cold(*args).stdout
    project.write(far=CLOCK)
    second = project.run(*args)
    assert second.places == FOUND
    assert project.run(*args).stdout == second.stdout == project.cold(*args).stdout


def test_a_deleted_file_takes_its_findings_and_those_that_it_caused_with_it(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    project.run()
    (tmp_path / "app/far.py").unlink()
    (tmp_path / "app/other.py").unlink()
    result = project.run()
    assert result.places == frozenset()
    assert {error.path for error in result.errors} == {"app/middle.py"}
    assert result.stdout == project.cold().stdout


def test_a_renamed_file_has_its_findings_under_the_new_name(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.run()
    (tmp_path / "app/other.py").rename(tmp_path / "app/renamed.py")
    result = project.run()
    assert result.places == {("app/renamed.py", 5, "random")}
    assert result.stdout == project.cold().stdout


def test_a_new_file_may_take_the_finding_from_another(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    project.run()
    project.write(earlier=CHAIN["app/flows.py"].replace("def flow", "def earlier"))
    result = project.run()
    assert result.stdout == project.cold().stdout
    assert len(result.places) == 2


def test_a_helper_that_cannot_be_parsed_is_mypys_error_and_no_crash(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    project.run()
    project.write(far="def moment(:\n")
    result = project.run()
    assert result.exit_code == 2
    assert {(error.path, error.code) for error in result.errors} == {("app/far.py", "syntax")}
    project.write(far=CLOCK)
    assert project.run().places == FOUND


def test_a_changed_configuration_of_color_checker_counts_at_once(tmp_path: Path) -> None:
    project = Project(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    assert project.run().places == FOUND
    configuration = tmp_path / "pyproject.toml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text + '\nignore = ["random"]\n', encoding="utf-8")
    assert project.run().places == FOUND - ALWAYS
    configuration.write_text(text, encoding="utf-8")
    assert project.run().places == FOUND


def test_turning_the_plugin_off_and_on_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.run().places == ALWAYS
    configuration = tmp_path / "pyproject.toml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text("[tool.mypy]\nstrict = true\n", encoding="utf-8")
    assert project.run().errors == ()
    configuration.write_text(text, encoding="utf-8")
    assert project.run().places == ALWAYS


@pytest.mark.skipif(MYPY < (2, 0), reason="mypy 1 has no workers")
def test_parallel_workers_print_what_one_process_prints(tmp_path: Path) -> None:
    project = Project(tmp_path)
    args = ("-m", "mypy", "--show-column-numbers", "--num-workers", "2", "--cache-dir", ".workers", ".")
    for source in (PURE, CLOCK, CLOCK + "\n\nMORE = 1\n", PURE):
        project.write(far=source)
        parallel = run_command(tmp_path, *args)
        assert parallel.exit_code == 1, parallel.stdout + parallel.stderr
        assert set(parallel.messages) == set(project.cold().messages)
