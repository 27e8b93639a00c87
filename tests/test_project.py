"""A project's files: heads of all, facts of those that are asked for, each from the store if it has them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import color_checker.project
from color_checker.config import Config
from color_checker.facts import encode_head
from color_checker.inputs import FACTS_VERSION, read_inputs
from color_checker.project import Encoded, Failed, Project, extract_file
from color_checker.sources import discover
from color_checker.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.py").write_text("import base\nclass Model(base.Record, Generic[T]): pass\n")
    (tmp_path / "base.py").write_text("class Record:\n    def save(self): return lambda: 1\n")
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = Store.open(folder / "cache", FACTS_VERSION)
    yield store
    store.close()


def load(folder: Path, store: Store) -> Project:
    config = Config(root=str(folder))
    sources = discover([folder], config, folder)
    project = Project(sources, store, None, lambda name: False)
    project.load(project.take(read_inputs(sources)))
    return project


def forbid_extraction(monkeypatch: pytest.MonkeyPatch) -> None:
    def extract_anything(data: bytes) -> Encoded | Failed:
        raise AssertionError(f"extracts {data!r}")

    monkeypatch.setattr(color_checker.project, "extract_file", extract_anything)


def heads(project: Project) -> dict[str, tuple[int, int, tuple[str, ...], tuple[str, ...]]]:
    return {
        source.module: (head.lines, head.functions, head.bases, tuple(fact.module for fact in head.imports))
        for source in project.files
        if (head := project.head(source)) is not None
    }


EXPECTED = {"base": (2, 2, (), ()), "models": (2, 0, ("Record", "Generic"), ("base",))}


def test_heads_say_what_is_asked_of_every_file(folder: Path, store: Store) -> None:
    assert heads(load(folder, store)) == EXPECTED


def test_the_next_run_takes_heads_and_facts_from_the_store(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(folder, store)
    forbid_extraction(monkeypatch)
    second = load(folder, store)
    assert heads(second) == EXPECTED
    for source in second.files:
        assert second.facts(source) == first.facts(source)


def test_a_run_that_asks_for_no_facts_decodes_none(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(folder, store)

    def decode_anything(data: bytes) -> None:
        raise AssertionError("decodes facts")

    monkeypatch.setattr(color_checker.project, "decode_module", decode_anything)
    project = load(folder, store)
    assert [source.module for source in project.subclasses("Record")] == ["models"]


def test_facts_that_the_store_dropped_are_extracted_again(folder: Path, store: Store) -> None:
    first = load(folder, store)
    values = {source.path: first.facts(source) for source in first.files}
    kept = [
        (color_checker.project.head_key(first.hashes[path]), encode_head(facts.head))
        for path, facts in values.items()
        if facts is not None
    ]
    half = Store.open(folder / "other-cache", FACTS_VERSION)
    half.put(kept)
    second = load(folder, half)
    assert {source.path: second.facts(source) for source in second.files} == values
    half.close()


def test_a_file_that_does_not_parse_is_one_error_and_has_neither(folder: Path, store: Store) -> None:
    (folder / "broken.py").write_text("def :\n")
    for _ in range(2):
        project = load(folder, store)
        source = next(source for source in project.files if source.module == "broken")
        assert project.head(source) is None
        assert project.facts(source) is None
        assert [(error.path.rpartition("/")[2], error.line) for error in project.errors] == [("broken.py", 1)]


def test_bytes_are_either_encoded_or_the_reason_why_not() -> None:
    assert isinstance(extract_file(b"x = 1\n"), Encoded)
    assert extract_file(b"x = (\n") == Failed(
        f"syntax error: '(' was never closed (read as Python {sys.version_info[0]}.{sys.version_info[1]})",
        1,
        5,
    )
