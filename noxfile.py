"""The commands people use daily: `nox -s format lint types test slow check bench docs`.

They run in the environment that nox is started from (`pip install -e ".[dev,engines]"`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "test", "check"]

PACKAGES = [
    name
    for name in ("color_checker", "mypy_plugin", "pylint_plugin", "runtime_min", "runtime_min_pytest")
    if Path(name, "__init__.py").exists()
]

#: Those that need no engine's SDK. `.ci/run` has the same.
OLDEST_MYPY_TESTS = [
    f"tests/mypy_plugin/test_{name}.py"
    for name in ("runner", "codes", "notes", "incremental", "daemon", "modules", "failures")
]


@nox.session
def format(session: nox.Session) -> None:  # noqa: A001 - the command is `nox -s format`
    """Sort imports and format all code."""
    session.run("ruff", "check", "--select", "I", "--fix", ".")
    session.run("ruff", "format", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and formatting, without changing anything."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy in strict mode on our packages."""
    session.run("mypy", "--strict", *PACKAGES)


@nox.session
def test(session: nox.Session) -> None:
    """The test suite; arguments go to pytest: `nox -s test -- -x tests/rules`."""
    session.run("pytest", *(session.posargs or ["-n", "auto"]))


@nox.session(venv_backend="venv")
def oldest(session: nox.Session) -> None:
    """The mypy plugin on the oldest mypy that it works with, in an environment of its own."""
    session.install("-e", ".[dev]", "mypy==1.18.*")
    session.run("pytest", *(session.posargs or ["-n", "auto", "-m", "not slow", *OLDEST_MYPY_TESTS]))


@nox.session
def slow(session: nox.Session) -> None:
    """The slow tests, among them every rule's examples in mypy; arguments go to pytest."""
    session.run("pytest", "-m", "slow", *(session.posargs or ["-n", "auto"]))


@nox.session
def check(session: nox.Session) -> None:
    """color-checker on its own sources."""
    session.run("color-checker", "check", *PACKAGES)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, all or those named: `nox -s bench -- pycg`."""
    scripts = (
        *Path("tests/benchmarks").glob("[a-z]*.py"),
        *Path("tests/benchmarks").glob("[a-z]*/__main__.py"),
    )
    found = {path.stem if path.stem != "__main__" else path.parent.name for path in scripts}
    names = session.posargs or sorted(found)
    for name in names:
        session.run(sys.executable, "-m", f"tests.benchmarks.{name}")


@nox.session
def docs(session: nox.Session) -> None:
    """Write what the commands in README.md and docs/ really print into their output blocks."""
    session.run(sys.executable, "-m", "tests.test_readme", "--write")
