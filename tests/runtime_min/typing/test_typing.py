"""All type checkers show the same types of the public API, and reject the same calls, without any plugin."""

from __future__ import annotations

import ast
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

import runtime_min
from tests.runtime_min.typing.checkers import CASES, CHECKERS, NotHereError, Said, expected, plain


@pytest.fixture(scope="module", params=sorted(CHECKERS))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Said]]:
    """A checker's name, and what it says about the cases."""
    directory = tmp_path_factory.mktemp(request.param)
    for path in CASES.glob("*.py"):
        shutil.copy(path, directory)
    try:
        return request.param, CHECKERS[request.param](directory)
    except NotHereError as error:
        pytest.skip(str(error))


def test_a_type_checker_shows_the_types_that_the_cases_name(found: tuple[str, list[Said]]) -> None:
    checker, everything = found
    shown = {(one.file, one.line): plain(one.text) for one in everything if one.kind == "is"}
    wanted = {(one.file, one.line): one.text for one in expected(checker) if one.kind == "is"}
    assert shown == wanted


def test_a_type_checker_rejects_what_the_cases_mark_and_nothing_else(found: tuple[str, list[Said]]) -> None:
    checker, everything = found
    messages: dict[tuple[str, int], str] = defaultdict(str)
    for one in everything:
        if one.kind == "error":
            messages[one.file, one.line] += one.text + "\n"
    wanted = {(one.file, one.line): one.text for one in expected(checker) if one.kind == "error"}
    unexpected = {place: text for place, text in messages.items() if place not in wanted}
    different = {
        place: (text, messages.get(place))
        for place, text in wanted.items()
        if text not in messages.get(place, "") or place not in messages
    }
    assert (unexpected, different) == ({}, {})


def test_the_cases_use_every_public_name() -> None:
    used = {
        node.id
        for path in CASES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
    }
    assert set(runtime_min.__all__) <= used


def test_every_comment_that_looks_like_a_mark_is_one() -> None:
    for path in CASES.glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "# is" in line or "# error" in line:
                assert any(one.file == path.name for one in expected("mypy")), line
    assert sum(1 for _ in expected("mypy")) > 150


def test_a_checker_that_is_not_told_of_a_mark_is_not_held_to_it(tmp_path: Path) -> None:
    assert len(list(expected("ty"))) < len(list(expected("mypy")))
