"""A project that is checked again and again within one process, while it changes.

Every check gives what a check from scratch would give. What it does not have to do again, it keeps: the
hashes of files that the file system says are as they were, and the facts of what the files hold.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from color_checker.config import Config, load_config
from color_checker.findings import Report
from color_checker.inputs import FACTS_VERSION, Inputs, read_inputs
from color_checker.memory import Memory
from color_checker.result_cache import check_with_cache, discover_paths, timed
from color_checker.sources import content_hash, encode
from color_checker.stamps import Stamps
from color_checker.store import Store

if TYPE_CHECKING:
    from color_checker.checking import Analysis


class Session:
    """One project while it changes. Not for use by several threads at once."""

    def __init__(
        self, paths: Sequence[Path | str], *, config: Config | None = None, engines: Collection[str] = (),
        strict: bool | None = None, cache: bool = True,
    ) -> None:  # fmt: skip
        """As `color_checker.check`; without `config`, each check looks for it anew."""
        self._paths = tuple(paths)
        self._config = config
        self._engines = tuple(engines)
        self._strict = strict
        self._cache = cache
        self._overlays: dict[str, bytes] = {}
        self._memory = Memory()
        self._report: Report | None = None
        self._analysis: Analysis | None = None
        self._inputs: Inputs | None = None
        self._changed: frozenset[str] = frozenset()

    def overlay(self, path: str, text: str | None) -> None:
        """Take `text` for what the checked file at `path` holds, until None drops it."""
        path = os.path.abspath(path)
        if text is None:
            self._overlays.pop(path, None)
        else:
            self._overlays[path] = encode(text)

    @property
    def report(self) -> Report:
        """That of the last check; checks if there was none."""
        return self._report if self._report is not None else self.check()

    @property
    def analysis(self) -> Analysis:
        """What the last report was made from; checks if there was no check."""
        if self._inputs is None:
            self.check()
        if self._analysis is None:
            from color_checker.checking import analyze_inputs

            assert self._inputs is not None
            with self._memory.over(self._open(self._settings())) as store:
                self._analysis = analyze_inputs(self._inputs, self._settings(), store, engines=self._engines)
        return self._analysis

    @property
    def changed(self) -> frozenset[str]:
        """The paths, as reports show them, of files with other findings, gaps or errors than before."""
        return self._changed

    def check(self) -> Report:
        """Look at the files again, and report what is found in them now."""
        started = time.perf_counter()
        config = self._settings()
        strict = config.strict if self._strict is None else self._strict
        with self._memory.over(self._open(config)) as store:
            sources = discover_paths(self._paths, config)
            stamps = Stamps(store, sources)
            inputs = read_inputs(sources, look=lambda path: self._look(path, stamps))
            report, analysis = check_with_cache(
                inputs, config, store, stamps.look, engines=self._engines, strict=strict
            )
            stamps.save()
        self._inputs, self._analysis = inputs, analysis
        self._changed = _differing(self._report or Report(), report)
        self._report = timed(report, started)
        return self._report

    def _settings(self) -> Config:
        return self._config if self._config is not None else load_config(Path.cwd())

    def _open(self, config: Config) -> Store:
        return Store.open(config.resolve(config.cache_dir) if self._cache else None, FACTS_VERSION)

    def _look(self, path: str, stamps: Stamps) -> tuple[bytes, bytes | None]:
        data = self._overlays.get(path)
        return stamps.look(path) if data is None else (content_hash(data), data)


def _differing(before: Report, after: Report) -> frozenset[str]:
    """The paths of what is in one of the reports only."""
    parts = ((before.findings, after.findings), (before.gaps, after.gaps), (before.errors, after.errors))
    return frozenset(one.path for old, new in parts for one in {*old} ^ {*new})
