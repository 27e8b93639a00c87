"""What is installed is complete, and the analyzer stands alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = [
    path.parent
    for path in sorted(ROOT.glob("*/__init__.py"))
    if path.parent.name not in {"tests", "examples"}
]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_data_file_of_a_package_is_installed_with_it(package: Path) -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    data = [path for path in package.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}]
    left_out = [path for path in data if not any(fnmatch(path.name, pattern) for pattern in patterns)]
    assert data
    assert not left_out


def test_every_package_of_the_checkout_is_one_that_is_installed() -> None:
    included = PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert [path.name for path in PACKAGES if not any(fnmatch(path.name, name) for name in included)] == []


def test_the_command_imports_no_other_front_end_and_no_engine() -> None:
    script = (
        "import importlib, pkgutil, sys, color_checker.cli\n"
        "for module in pkgutil.iter_modules(color_checker.cli.__path__, 'color_checker.cli.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    others = {"astroid", "dbos", "libcst", "mypy", "mypy_plugin", "pygls", "pylint", "pylint_plugin"}
    others |= {"restate", "runtime_min", "temporalio"}
    assert not others & set(completed.stdout.split())
