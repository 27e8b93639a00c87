"""Fixed workflows still run and give what they gave before, under runtime_min, which needs no server."""

from __future__ import annotations

import shutil
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


EXAMPLE = """
    import asyncio
    import sys

    import runtime_min.testing
    from runtime_min.history import History

    from pro_trial import steps, workflow
    from pro_trial.models import Trial

    SENT = []


    async def main() -> None:
        trial = Trial("ada", "ada@example.org", length_seconds=60)
        async with runtime_min.testing.environment() as env:
            for step in (steps.grant_permission, steps.revoke_permission, steps.send_mail):
                env.replace(step, lambda given, *more: SENT.append(str(given)))
            env.replace(workflow.network_step, lambda *given: 7)
            handle = await env.start(workflow.pro_trial.options(id="one"), trial)
            result = await handle.result()
            history = History.of(env.backend, env.run_of("one"))
        assert len(SENT) >= 8, SENT
        sys.stdout.write(f"{result.user} {result.status} {len(result.coupon)}\\n")
        again = await asyncio.to_thread(runtime_min.testing.replay, history, [workflow.pro_trial])
        sys.stdout.write(f"{again == result}\\n")


    asyncio.run(main())
"""


def test_the_fixed_example_of_runtime_min_runs_and_replays(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(root))
    shutil.copytree(root / "examples/pro_trial/runtime_min/broken/pro_trial", tmp_path / "pro_trial")
    fix(tmp_path, unsafe=True)
    # What is left on purpose: it writes to a list of the module.
    file = tmp_path / "pro_trial" / "workflow.py"
    file.write_text(file.read_text().replace("    mails.append(key)", "    # mails.append(key)"))
    write(tmp_path, {"app.py": EXAMPLE})
    assert _output(tmp_path) == "True"
