"""Runs pylint with the plugin, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pylint.lint import Run
from pylint.message import Message
from pylint.reporters import CollectingReporter

import color_checker

ROOT = Path(color_checker.__file__).parents[1]
ONLY_OURS = ("--load-plugins=pylint_plugin", "--disable=all", "--enable=color")


def write(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def messages(*arguments: str, only_ours: bool = True) -> list[Message]:
    """What pylint reports, in this process."""
    reporter = CollectingReporter()
    Run([*(ONLY_OURS if only_ours else ONLY_OURS[:1]), *arguments], reporter=reporter, exit=False)
    return list(reporter.messages)


def places(*arguments: str, only_ours: bool = True) -> list[tuple[str, int, str]]:
    """Path, line and symbol of each message."""
    return sorted((m.path, m.line, m.symbol) for m in messages(*arguments, only_ours=only_ours))


def run(
    *arguments: str, text: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Pylint as users start it."""
    return subprocess.run(
        [sys.executable, "-m", "pylint", *ONLY_OURS, *arguments],
        capture_output=True, text=True, input=text, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
    )  # fmt: skip


def exit_code(*arguments: str) -> tuple[int, str]:
    """The code that pylint ends with, in this process, and what it says on standard error."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as end:
        Run([*ONLY_OURS, *arguments], reporter=CollectingReporter())
    assert isinstance(end.value.code, int)
    return end.value.code, errors.getvalue()
