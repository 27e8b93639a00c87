"""Neovim as a real client: skipped where there is none. `NVIM_UNDER_TEST` names another than that found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.test_actions import DIRECT

NVIM = os.environ.get("NVIM_UNDER_TEST") or shutil.which("nvim") or ""
SCRIPT = Path(__file__).with_name("neovim.lua")


@pytest.mark.skipif(not NVIM, reason="needs Neovim (apt-get install neovim)")
def test_neovim_shows_a_diagnostic_and_applies_a_code_action(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[tool.color-checker]\n")
    (folder / "flow.py").write_text(DIRECT)
    result = tmp_path / "result.json"
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    told = {
        "CC_COMMAND": json.dumps([sys.executable, "-m", "color_checker", "lsp"]),
        "CC_FOLDER": str(folder),
        "CC_RESULT": str(result),
    }
    done = subprocess.run(
        [NVIM, "--headless", "--clean", "-c", f"luafile {SCRIPT}"],
        cwd=folder, env={**os.environ, **home, **told}, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.is_file(), done.stderr.decode()
    seen = json.loads(result.read_text())
    assert "error" not in seen, seen
    [shown] = seen["diagnostics"]
    column = len('        x = "😀"; y = '.encode())  # Neovim counts bytes
    assert (shown["line"], shown["column"], shown["source"]) == (8, column, "color-checker")
    assert shown["message"].startswith("`random.random` draws a random value.")
    assert "Suppress random on this line" in seen["titles"]
    assert seen["text"][-1] == '        x = "😀"; y = workflow.random().random()'
    if tuple(map(int, seen["version"].split("."))) >= (0, 9):
        assert seen["token"] == "workflow"  # on the name `run`
