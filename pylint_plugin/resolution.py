"""What astroid's inference shows where the analyzer alone does not know what is called.

The gaps of the whole project are looked at, whichever file pylint is at: a finding that follows from a call
in one file may stand in another one. Files without gaps are left alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from astroid import MANAGER, modutils, nodes
from pylint.lint import augmented_sys_path, discover_package_path

from color_checker.checking import Analysis
from color_checker.findings import Finding, Report
from color_checker.places import Known, Spot
from color_checker.resolving import Resolver
from color_checker.sources import SourceFile
from pylint_plugin.inference import inferred

#: What becomes known may lead to more gaps; but each round looks at whole files.
_MOST_ROUNDS = 5

#: Files in which more expressions are unknown than this are not written by hand.
_MOST_SPOTS = 2000


def resolved(
    report: Report, analysis: Analysis, open_modules: Mapping[str, nodes.Module]
) -> tuple[Finding, ...]:
    """The findings of the report, with all that follows from what astroid knows.

    `analysis` is of no use any more without that. `open_modules`: those that are not as on disk.
    """
    resolver = Resolver(analysis, report.findings, report.gaps)
    sources = {source.path: source for source in analysis.project.files}
    types: dict[str, dict[Spot, tuple[Known, ...]]] = {}
    asked: dict[str, set[Spot]] = {}
    for _ in range(_MOST_ROUNDS):
        news = False
        for path in _with_gaps(resolver.gaps):
            spots = [spot for spot in resolver.unknowns(path) if spot not in asked.setdefault(path, set())]
            if path not in sources or not spots or len(asked[path]) + len(spots) > _MOST_SPOTS:
                continue
            asked[path].update(spots)
            module = open_modules.get(path) or _module(sources[path])
            known = inferred(module, spots) if module is not None else {}
            types.setdefault(path, {}).update(known)
            news = news or bool(known)
        if not news:
            break
        resolver.learn_all(types)
    return resolver.findings


@contextmanager
def search_path(report: Report, source_roots: Sequence[str]) -> Iterator[None]:
    """Inside, astroid looks for modules where it would if pylint were at the files with gaps.

    What it learns there is forgotten, since pylint may be given other files.
    """
    directories = [discover_package_path(path, source_roots) for path in _with_gaps(report.gaps)]
    with augmented_sys_path(list(dict.fromkeys(directories))):
        yield
    if report.gaps:
        MANAGER.clear_cache()


def _with_gaps(gaps: Iterable[Finding]) -> list[str]:
    """The files in which calls are not resolved, which are not always those in which that is reported."""
    return sorted({os.path.abspath(frame.path) for gap in gaps for frame in gap.witness[-1:]})


def _module(source: SourceFile) -> nodes.Module | None:
    """The module, which pylint has mostly parsed already; None if it cannot be."""
    try:
        name = ".".join(modutils.modpath_from_file(source.path))
    except ImportError:
        name = source.module
    try:
        return MANAGER.ast_from_file(source.path, name, source=True)
    except Exception:  # noqa: BLE001 - astroid fails on odd code in many ways; pylint reports the file's own
        return None
