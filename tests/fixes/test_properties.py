"""What holds of every fix: tried on the examples and on the mutation benchmark's programs."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from color_checker.config import Config
from color_checker.findings import Finding
from color_checker.fixes import apply, fixes_for
from color_checker.fixing import fix_files, write_changes
from color_checker.session import Session
from tests.mutation.benchmark import all_mutants, built_in_hosts
from tests.mutation.mutants import Mutant, write

BROKEN = ["dbos", "runtime_min", "temporal"]
MUTANTS = [mutant for mutant in all_mutants(built_in_hosts()) if mutant.effect.rule]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _texts(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in sorted(folder.rglob("*.py"))}


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def _keys(findings: tuple[Finding, ...]) -> Counter[tuple[str, str]]:
    return Counter((finding.path, finding.name) for finding in findings)


def _was_there(finding: Finding, texts: dict[str, str]) -> bool:
    """Whether a name is unknown only since the project has a step of its own: the code is what it was."""
    path = str(Path(finding.path).absolute())
    line = Path(path).read_text().splitlines()[finding.line - 1]
    return finding.name == "unknown-name" and line in texts[path].splitlines()


def _check_all(folder: Path, *, unsafe: bool) -> None:
    """Fix everything, and look at what holds of the result."""
    config = Config(root=str(folder))
    before = Session([folder], config=config, cache=False).check()
    texts = _texts(folder)
    outcome = fix_files([folder], config=config, unsafe=unsafe, cache=False)
    assert not write_changes(outcome.changes)
    after = Session([folder], config=config, cache=False).check()
    assert not after.errors
    new = tuple(finding for finding in after.findings if not _was_there(finding, texts))
    assert not _keys(new) - _keys(before.findings)
    assert len(after.findings) == len(outcome.left)
    for path, text in _texts(folder).items():
        compile(text, path, "exec")
        assert not _comments(texts[path]) - _comments(text)
    assert unsafe or all(item.safe for item in outcome.fixed)
    assert not fix_files([folder], config=config, unsafe=unsafe, cache=False).changes


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("engine", BROKEN)
def test_the_broken_examples_get_better_and_stay_what_they_are(
    root: Path, folder: Path, engine: str, unsafe: bool
) -> None:
    shutil.copytree(root / "examples/pro_trial" / engine / "broken", folder / "app")
    _check_all(folder, unsafe=unsafe)


@pytest.mark.parametrize("engine", BROKEN)
def test_the_good_examples_are_left_alone(root: Path, folder: Path, engine: str) -> None:
    shutil.copytree(root / "examples/pro_trial" / engine / "good", folder / "app")
    assert not fix_files([folder], config=Config(root=str(folder)), unsafe=True, cache=False).changes


@settings(max_examples=12)
@given(st.sampled_from(MUTANTS), st.booleans())
def test_any_effect_reached_in_any_way_is_fixed_well_or_left_alone(mutant: Mutant, unsafe: bool) -> None:
    with _folder() as folder:
        write(mutant._replace(package="m"), folder)
        _check_all(folder, unsafe=unsafe)


@settings(max_examples=8)
@given(st.sampled_from(MUTANTS))
def test_every_single_fix_gives_files_that_can_be_parsed_and_only_changes_what_it_says(
    mutant: Mutant,
) -> None:
    with _folder() as folder:
        write(mutant._replace(package="m"), folder)
        session = Session([folder], config=Config(root=str(folder)), cache=False)
        texts = _texts(folder)
        for finding in session.check().findings:
            for fix in fixes_for(finding, session.analysis, texts.__getitem__):
                assert fix.rule == finding.name
                for path, text in apply(fix.edits, texts.__getitem__).items():
                    compile(text, path, "exec")
                    assert text != texts[path]


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that is the working directory meanwhile; hypothesis uses one fixture for all its runs."""
    with tempfile.TemporaryDirectory(prefix="fixes") as name, contextlib.chdir(name):
        yield Path(name)
