"""Finds and runs the tools that read our hooks and our action."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
ACTION = ROOT / "action.yml"

DIRECT = """\
import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        return time.time()
"""


def tool(name: str) -> str:
    """The path of a command, in this environment or on the PATH; the test is skipped without it."""
    found = shutil.which(name, path=os.path.dirname(sys.executable)) or shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def run(
    *command: str, environment: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a command here; what it says on both streams is in `stdout`."""
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip


def git(*arguments: str) -> str:
    """Run git here."""
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false")
    done = run("git", *identity, *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


def yaml_blocks(page: Path) -> Iterator[str]:
    """The YAML in a page of the docs."""
    yield from re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
