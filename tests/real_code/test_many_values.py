"""Calls on what may be very many things."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_MANY = 60

_FLOW = """\
from temporalio import workflow


{classes}


def limit(settings):
    return settings.get("limit")


@workflow.defn
class Order:
    @workflow.run
    async def run(self, name: str) -> int:
        return limit(settings_of(name))


def settings_of(name: str):
{branches}
    return {{"limit": 0}}
"""


def gaps(folder: Path, monkeypatch: pytest.MonkeyPatch, made: str, classes: str = "") -> int:
    """How many calls are not resolved if `made` (with `{n}`) makes each of many settings."""
    branches = "\n".join(
        f"    if name == 'order {n}':\n        return {made.format(n=n)}" for n in range(_MANY)
    )
    (folder / "flows.py").write_text(_FLOW.format(branches=branches, classes=classes), encoding="utf-8")
    monkeypatch.chdir(folder)
    return color_checker.check([folder], cache=False).summary.gaps


def test_many_dictionaries_have_the_same_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gaps(tmp_path, monkeypatch, "{{'limit': {n}}}") == 0


@pytest.mark.parametrize("other", ["json.loads(name)", "None"])
def test_many_dictionaries_beside_plain_data_or_none_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    made = "{{'limit': {n}}} if name else " + other
    assert gaps(tmp_path, monkeypatch, made, classes="import json") == 0


def test_many_dictionaries_have_no_other_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = "def size(settings):\n    return settings.size()"
    made = "size({{'limit': {n}}} if name else None) or {{'limit': {n}}}"
    assert gaps(tmp_path, monkeypatch, made, classes) == 1


def test_many_objects_may_have_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = "\n\n".join(
        f"class Settings{n}:\n    def get(self, name: str) -> int:\n        return {n}" for n in range(_MANY)
    )
    assert gaps(tmp_path, monkeypatch, "Settings{n}()", classes) == 1
