"""What astroid's inference shows where the analyzer alone does not know what is called.

The gaps of the whole project are looked at, whichever file pylint is at: a finding that follows from a call
in one file may stand in another one. Files without gaps are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from astroid import MANAGER, modutils, nodes

from color_checker.config import Config
from color_checker.findings import Finding
from color_checker.places import Known, Spot, Types
from pylint_plugin.analyzed import Checked, Question, Questions
from pylint_plugin.inference import inferred
from pylint_plugin.remembering import Memory

#: What becomes known may lead to more gaps; but each round looks at whole files.
_MOST_ROUNDS = 5

#: Files in which more expressions are unknown than this are not written by hand.
_MOST_SPOTS = 2000


class Learner(Protocol):
    """An analysis, here or in another process, that goes on from what it is told."""

    def questions(self) -> Questions:
        """What is to be known about the files with gaps."""

    def learn(self, types: Mapping[str, Types]) -> Questions:
        """Take all that is known about the files; what is asked then."""

    def findings(self) -> tuple[Finding, ...]:
        """All findings of all files, with what was learned."""


def findings_of(
    config: Config, checked: Checked, learner: Learner, open_modules: Mapping[str, nodes.Module]
) -> tuple[Finding, ...]:
    """What is found, also with what astroid knows; it is not asked if all calls are resolved.

    `open_modules`: those that are not as on disk.
    """
    if not checked.report.gaps:
        return checked.report.findings
    if open_modules:
        return resolved(learner, open_modules)
    memory = Memory(config, checked.report, checked.files)
    findings = memory.recall()
    if findings is None:
        findings = resolved(learner, {})
        memory.keep(findings)
    return findings


def resolved(learner: Learner, open_modules: Mapping[str, nodes.Module]) -> tuple[Finding, ...]:
    """The findings with all that follows from what astroid knows."""
    types: dict[str, dict[Spot, tuple[Known, ...]]] = {}
    asked: dict[str, set[Spot]] = {}
    questions = learner.questions()
    for _ in range(_MOST_ROUNDS):
        news = False
        for path, question in questions.items():
            spots = [spot for spot in question.spots if spot not in asked.setdefault(path, set())]
            if not spots or len(asked[path]) + len(spots) > _MOST_SPOTS:
                continue
            asked[path].update(spots)
            module = open_modules.get(path) or _module(path, question)
            known = inferred(module, spots) if module is not None else {}
            types.setdefault(path, {}).update(known)
            news = news or bool(known)
        if not news:
            break
        questions = learner.learn(types)
    return learner.findings()


@contextmanager
def search_path(paths: Iterable[str], source_roots: Sequence[str]) -> Iterator[None]:
    """Inside, astroid looks for modules where it would if pylint were at these files.

    What it learns there is forgotten, since pylint may be given other files.
    """
    from pylint.lint import augmented_sys_path, discover_package_path  # in other processes there is no pylint

    directories = dict.fromkeys(discover_package_path(path, source_roots) for path in paths)
    with augmented_sys_path(list(directories)):
        yield
    if directories:
        MANAGER.clear_cache()


def _module(path: str, question: Question) -> nodes.Module | None:
    """The module, which pylint has mostly parsed already; None if it cannot be."""
    try:
        name = ".".join(modutils.modpath_from_file(path))
    except ImportError:
        name = question.module
    try:
        return MANAGER.ast_from_file(path, name, source=True)
    except Exception:  # noqa: BLE001 - astroid fails on odd code in many ways; pylint reports the file's own
        return None
