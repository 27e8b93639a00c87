"""Gitignore patterns mean what they mean to git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from color_checker.config import Config
from color_checker.gitignore import Patterns
from color_checker.sources import discover


@pytest.mark.parametrize(
    ("pattern", "path", "is_directory", "verdict"),
    [
        ("a.py", "deep/a.py", False, True),
        ("/a.py", "deep/a.py", False, None),
        ("/a.py", "a.py", False, True),
        ("gen/", "x/gen", True, True),
        ("gen.py/", "gen.py", False, None),
        ("*.py", "x.py", False, True),
        ("*_pb2.py", "a/b_pb2.py", False, True),
        ("*_pb2.py", "a/b.py", False, None),
        ("a/*.py", "a/b/c.py", False, None),
        ("a/*", "a/b", True, True),
        ("a/**/c.py", "a/x/y/c.py", False, True),
        ("a/**", "a", True, None),
        ("a/**", "a/b/c.py", False, True),
        ("!keep.py", "keep.py", False, False),
        ("# a.py", "a.py", False, None),
        ("\\#a.py", "#a.py", False, True),
        ("!#a.py", "#a.py", False, False),
        ("a.py   ", "a.py", False, True),
        ("[ab].py", "b.py", False, True),
        ("[!a].py", "a.py", False, None),
        ("", "a.py", False, None),
        ("/", "a.py", False, None),
        ("!", "a.py", False, None),
    ],
)
def test_one_pattern(pattern: str, path: str, is_directory: bool, verdict: bool | None) -> None:
    assert Patterns([pattern + "\n"]).verdict(path, os.path.basename(path), is_directory) is verdict


def test_the_last_pattern_that_matches_decides() -> None:
    assert Patterns(["*.py", "!a.py"]).verdict("a.py", "a.py", False) is False
    assert Patterns(["!a.py", "*.py"]).verdict("a.py", "a.py", False) is True


def test_patterns_that_no_name_fits_load_nothing() -> None:
    code = (
        "import sys; from color_checker.gitignore import Patterns;"
        "p = Patterns(['__pycache__/', '*.py[cod]x', '*.so', 'docs/_build/', 'local_settings.py']);"
        "assert p.verdict('a/b.py', 'b.py', False) is None; assert 'pathspec' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


NAMES = ("a", "b", "gen", "a.py", "b.py", "gen.py", "[x].py")
SEGMENT = st.sampled_from(
    [*NAMES, "*", "**", "*.py", "a*", "?.py", "[ab].py", "[!a]*", "\\a.py", "g*n*", "\\[x].py"]
)
PATTERN = st.builds(
    lambda negated, start, segments, end: negated + start + "/".join(segments) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(SEGMENT, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " "]),
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("compares with git")
    top = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    for folder in ("", "a", "a/b", "a/gen", "b", "b/a", "gen", "gen/a/b"):
        (top / folder).mkdir(parents=True, exist_ok=True)
        for name in ("a.py", "b.py", "gen.py", "[x].py"):
            (top / folder / name).touch()
    return top


@settings(max_examples=60, deadline=None)
@given(top=st.lists(PATTERN, max_size=5), nested=st.lists(PATTERN, max_size=3))
def test_the_files_found_are_those_that_git_does_not_ignore(
    repository: Path, top: list[str], nested: list[str]
) -> None:
    (repository / ".gitignore").write_text("\n".join(top) + "\n")
    (repository / "a" / ".gitignore").write_text("\n".join(nested) + "\n")
    command = ["git", "-c", "core.quotepath=false", "ls-files", "-co", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    found = discover([repository], Config(), repository)
    paths = {os.path.relpath(file.path, repository) for file in found.files}
    assert paths == {line for line in listed if line}
