"""The benchmark of the runtime still runs; what it measures is read by people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_short_form_of_the_benchmark_runs(root: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "tests.benchmarks.runtime", "--short", "--folder", tmp_path]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (
        "one workflow",
        "1,000 workflows",
        "guard error",
        "list 100: state failed",
        "signal to result",
    ):
        assert name in done.stdout
    assert "Temporal dev server (not measured: the short form installs nothing" in done.stdout
    assert not list(tmp_path.iterdir())
