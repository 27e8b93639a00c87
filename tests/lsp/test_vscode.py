"""The VS Code extension, activated in Node without VS Code; skipped where it has not been built (npm ci)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NPM = shutil.which("npm") or ""


@pytest.fixture
def extension(root: Path) -> Path:
    """The extension's folder, with what it is built with."""
    folder = root / "editors" / "vscode"
    if not NPM or not (folder / "node_modules").is_dir():
        pytest.skip("needs npm, and `npm ci` in editors/vscode")
    return folder


def test_the_extension_is_typed_built_and_activated_with_the_real_server(extension: Path) -> None:
    told = {"COLOR_CHECKER": sys.executable, "COLOR_CHECKER_ARGS": json.dumps(["-m", "color_checker"])}
    done = subprocess.run(
        [NPM, "test"], cwd=extension, env={**os.environ, **told}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_extension_has_the_version_of_the_command(extension: Path) -> None:
    import tomllib

    project = tomllib.loads((extension.parent.parent / "pyproject.toml").read_text())["project"]
    for name in ("package.json", "package-lock.json"):
        assert json.loads((extension / name).read_text())["version"] == project["version"]
