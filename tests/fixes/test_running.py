"""Fixed workflows still run and give what they gave before, under runtime_min, which needs no server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixes.trying import fix, offered, write

HELPER = """
    import os
    from pathlib import Path

    def load(path):
        return Path(path).read_text()

    class Box:
        def size(self, path):
            return os.path.getsize(path)
"""

APP = """
    import asyncio
    import sys
    import time

    from runtime_min import Runtime, start, workflow

    from helper import Box, load


    @workflow
    async def run(path: str) -> str:
        before = time.time()
        time.sleep(0.01)
        text = load(path)
        box = Box()
        total = 0
        for part in (path, path):
            total += box.size(part)
        print("read", total)
        with open(path) as file:
            first = file.readline()
        waited = time.time() - before >= 0.01
        return f"{text.strip()} {total} {first.strip()} {waited} {load(path).strip()}"


    async def main() -> None:
        async with Runtime("runs.sqlite"):
            handle = await start(run, "data.txt")
            sys.stdout.write(await handle.result())


    asyncio.run(main())
"""


def _output(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_fixed_workflow_gives_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"helper.py": HELPER, "app.py": APP, "data.txt": "hello\n"})
    outcome = fix(tmp_path, unsafe=True)
    assert not outcome.left
    assert offered(tmp_path) == []
    assert _output(tmp_path) == "hello 12 hello True hello"
    text = (tmp_path / "app.py").read_text()
    assert "@step\ndef size_step(" in text
