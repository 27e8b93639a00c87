"""Sets whose order nobody sees, and numbers of objects that only tell them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from tests.real_code.checked import surprises

_FLOW = """\
import sys

from temporalio import workflow


@workflow.defn
class Cluster:
    def __init__(self) -> None:
        self.nodes: set[str] = set()
        self.state: dict[str, str] = {{}}

    @workflow.signal
    def join(self, node: str) -> None:
        self.nodes.add(node)

    @workflow.run
    async def run(self, error: BaseException | None) -> object:
{body}
        return 0
"""


def found(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> list[str]:
    """The names of the rules that object to the body of a workflow."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    (folder / "flows.py").write_text(_FLOW.format(body=lines), encoding="utf-8")
    monkeypatch.chdir(folder)
    report = color_checker.check([folder], cache=False)
    assert report.errors == ()
    return [finding.name for finding in report.findings]


@pytest.mark.parametrize(
    "body",
    [
        "names = sorted(list(self.nodes))",
        "names = sorted(tuple(self.nodes), key=lambda name: name)",
        "names = list(self.nodes)\nnames.sort()",
        "names: list[str] = list(self.nodes)\nnames.sort(reverse=True)",
        "names = set(list(self.nodes))",
        "for name in self.nodes:\n    self.state.pop(name, None)",
        "if len(self.nodes) == 1:\n    return next(iter(self.nodes))",
        "if len(self.nodes) != 1:\n    raise ValueError(error)\nreturn next(iter(self.nodes))",
        "for name in self.nodes:\n    del self.state[name]",
    ],
)
def test_an_order_that_nobody_sees_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    assert found(tmp_path, monkeypatch, body) == []


@pytest.mark.parametrize(
    "body",
    [
        "names = list(self.nodes)\nreturn sorted(names), names",
        "names = list(self.nodes)\nself.state.clear()\nnames.sort()",
        "for name in self.nodes:\n    self.state[name] = 'left'",
        "if len(self.nodes) == 1:\n    return 1\nreturn next(iter(self.nodes))",
        "if len(self.nodes) != 1:\n    error = None\nreturn next(iter(self.nodes))",
    ],
)
def test_an_order_that_is_seen_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    assert found(tmp_path, monkeypatch, body) == ["unordered"]


_WALK = """\
seen: set[int] = set()
while error is not None:
    number = id(error)
    if number in seen or id(error) == 0:
        break
    seen.add(number)
    error = error.__cause__
"""


def test_numbers_of_objects_may_tell_which_were_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(tmp_path, monkeypatch, _WALK) == []


@pytest.mark.parametrize("end", ["return number", "self.state['last'] = str(number)", "seen = {number + 1}"])
def test_numbers_of_objects_may_not_go_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    assert found(tmp_path, monkeypatch, f"{_WALK}number = id(self)\n{end}") == ["identity"]


def test_a_line_on_standard_error_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(tmp_path, monkeypatch, "print('down', file=sys.stderr)") == ["console"]
    assert found(tmp_path, monkeypatch, "sys.stderr.write('down')") == ["console"]


@pytest.mark.parametrize(
    ("after", "is_found"),
    [
        ("return sorted(names)", False),
        ("return sorted(names, key=len)", False),
        ("names = sorted(names)\n    return names", False),
        ("names.sort()\n    return names", False),
        ("return list(names)", True),
        ("return names", True),
        ("first = sorted(names)\n    return first + names", True),
        ("return sorted(names, key=lambda name: names.index(name))", True),
    ],
)
def test_a_list_that_is_sorted_next_has_no_order_yet(tmp_path: Path, after: str, is_found: bool) -> None:
    text = f"""\
from temporalio import workflow


def named(found: set[str]) -> list[str]:
    names = [name.strip() for name in found]
    {after}


@workflow.defn
class Names:
    @workflow.run
    async def run(self) -> list[str]:
        return named({{"a", "b"}}){"  # expect: unordered" if is_found else ""}
"""
    assert surprises(tmp_path, names=text) == set()


@pytest.mark.parametrize(
    "body",
    [
        "names = [await greet(name) for name in found]\n    return sorted(names)",
        "return sorted([await greet(name) for name in found])",
        "return sorted([name for name in found if await greet(name)])",
        "return len({await greet(name) for name in found})",
    ],
)
def test_the_order_in_which_steps_run_counts_whatever_becomes_of_their_results(
    tmp_path: Path, body: str
) -> None:
    text = f"""\
from runtime_min import step, workflow


@step
async def greet(name: str) -> str:
    return "hello " + name


@workflow
async def greetings(names: list[str]) -> object:
    found = set(names)
    {body}
"""
    lines = [f"{line}  # expect: unordered" if " in found" in line else line for line in text.splitlines()]
    assert surprises(tmp_path, flow="\n".join(lines) + "\n") == set()
