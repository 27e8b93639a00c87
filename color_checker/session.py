"""A project that is checked again and again within one process, while it changes.

Every check gives what a check from scratch would give. What does not have to be done again is kept: the
hashes of files that the file system says are as they were, the facts of what the files hold, and the
analysis as long as nothing that it looked at has changed (see `carry`).
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config, load_config
from color_checker.findings import Report
from color_checker.garbage import uncollected
from color_checker.inputs import FACTS_VERSION, Inputs, read_inputs
from color_checker.interruption import Interrupted, interruptible, may_end_here
from color_checker.result_cache import (
    Result,
    check_anew,
    check_with_cache,
    circumstances_key,
    discover_paths,
    has_same_libraries,
    holding,
    result_of,
    timed,
)
from color_checker.sources import content_hash, encode
from color_checker.stamps import Stamps
from color_checker.store import Store

if TYPE_CHECKING:
    from color_checker.checking import Analysis
    from color_checker.glance import Glance, Glances
    from color_checker.link import Linker
    from color_checker.memory import Memory
    from color_checker.sources import Sources


#: What is left of so many analyses that were taken apart is worth a search, which takes a second or two.
_COLLECT_AFTER = 100

#: Of programs with more activations than this, no two are in memory at the same time. One takes about 30 KB
#: for each of them.
_LARGE = 8_000


class _State(msgspec.Struct, frozen=True):
    """What the last check has left.

    Attributes:
        circumstances: the key of all that the result depends on, apart from what the files hold.
        analysis: None if the result comes from the disk.
    """

    config: Config
    circumstances: bytes
    inputs: Inputs
    result: Result
    analysis: Analysis | None


class Session:
    """One project while it changes.

    Not for use by several threads at once, but for one thing: while a check is under way, others may ask the
    analysis of the last one (`known`) as long as they hold `guard`.
    """

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
        self._overlays: dict[str, tuple[bytes, bytes]] = {}
        self._memory: Memory | None = None
        self._stamps: Stamps | None = None
        self._state: _State | None = None
        self._files: Mapping[str, bytes] = {}
        self._report: Report | None = None
        self._glances: Glances | None = None
        #: Programs of no further use, to be taken apart.
        self._waste: list[Linker] = []
        self._taking_apart: Iterator[None] = iter(())
        self._tidied = 0
        self._changed: frozenset[str] = frozenset()
        #: Held while the last analysis is changed or taken apart.
        self.guard = RLock()

    def overlay(self, path: str, text: str | None) -> None:
        """Take `text` for what the checked file at `path` holds, until None drops it."""
        path = os.path.abspath(path)
        if text is None:
            self._overlays.pop(path, None)
        else:
            data = encode(text)
            self._overlays[path] = content_hash(data), data

    @property
    def report(self) -> Report:
        """That of the last check; checks if there was none."""
        return self._report if self._report is not None else self.check()

    @property
    def analysis(self) -> Analysis:
        """What the last report was made from; checks if there was no check."""
        if self._state is None:
            self.check()
        assert self._state is not None
        if self._state.analysis is None:
            from color_checker.checking import analyze_inputs  # the report is there already: no rule runs

            config, inputs = self._state.config, self._state.inputs
            with self._open(config) as store:
                analysis = analyze_inputs(inputs, config, store, memory=self._facts(), engines=self._engines)
            if analysis.project.hashes == inputs.hashes:  # else a file has changed since the check
                self._state = msgspec.structs.replace(self._state, analysis=analysis)
                self._glances = self._glances_at(self._state)
            return analysis
        return self._state.analysis

    @property
    def known(self) -> Analysis | None:
        """The analysis, if it is there without further work."""
        return self._state.analysis if self._state is not None else None

    @property
    def basis(self) -> tuple[Sources, Result] | None:
        """The files that the last check took, and its result with all that it depends on; None before."""
        return (self._state.inputs.sources, self._state.result) if self._state is not None else None

    @property
    def files(self) -> Mapping[str, bytes]:
        """The absolute paths of the files that the last check took, with hashes of what they hold."""
        return self._files

    @property
    def changed(self) -> frozenset[str]:
        """The paths, as reports show them, of files with other findings, gaps or errors than before."""
        return self._changed

    def tidy(self) -> None:
        """Free the memory that checks have left behind; worth a call when nobody waits for an answer."""
        self._take_apart()
        if self._tidied >= _COLLECT_AFTER:
            self._tidied = 0
            gc.unfreeze()
            gc.collect()

    def _take_apart(self) -> None:
        """Let go of earlier analyses, also of those given up. May be interrupted, and goes on then."""
        while True:
            for _ in self._taking_apart:
                may_end_here()
            if not self._waste:
                return
            from color_checker.dissolve import dissolving

            self._taking_apart = dissolving(self._waste.pop())
            self._tidied += 1

    def _retire(self) -> None:
        """The last analysis is of no use any more. To take it apart can wait."""
        with self.guard:
            if self._state is not None and self._state.analysis is not None:
                self._waste.append(self._state.analysis.program.linker)
            self._state = None

    def _make_room(self) -> None:
        """A new analysis is to be made. The last one can still be asked, unless that is too much memory."""
        self._take_apart()
        if self.known is not None and len(self.known.program.linker.activations) > _LARGE:
            with self.guard:
                self._retire()
                self._take_apart()

    def close(self) -> None:
        """Let go of everything. The collector would not find it: see `_next`."""
        self._retire()
        with interruptible():
            self.tidy()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()

    def check(self) -> Report:
        """Look at the files again, and report what is found in them now."""
        report = self._check(anew=True)
        assert report is not None
        return report

    def recall(self) -> Report | None:
        """`check`, if an earlier result holds; else None, and nothing but `files` is known."""
        return self._check(anew=False)

    @uncollected()
    def _check(self, *, anew: bool) -> Report | None:
        started = time.perf_counter()
        config = self._config if self._config is not None else load_config(Path.cwd())
        with self._open(config) as store:
            sources = discover_paths(self._paths, config)
            stamps = Stamps(store, sources, self._stamps)
            inputs = read_inputs(sources, look=stamps.look, overlays=self._overlays)
            self._files = inputs.hashes
            try:
                state = self._next(inputs, config, store, stamps, anew=anew)
            except Interrupted as interrupted:
                if interrupted.left is not None:
                    self._waste.append(interrupted.left)
                gc.freeze()  # as in `_next`
                raise
            stamps.save()
        self._stamps, self._state = stamps, state
        if state is None:
            return None
        if state.analysis is not None:
            self._facts().keep({*inputs.hashes.values(), *state.result.libraries.values()})
            self._glances = self._glances_at(state)
        self._changed = _differing(self._report or Report(), state.result.report)
        self._report = timed(state.result.report, started)
        return self._report

    def glance(self, path: str) -> Glance | None:
        """What one file's own workflows show, with the texts of `overlay`; None if nothing is known of it.

        Takes milliseconds, and is no verdict: see `glance.py`.
        """
        if self._glances is None:
            return None
        with self.guard, self._open(self._glances.config) as store:
            return self._glances.look(os.path.abspath(path), self._overlays, store)

    def _next(
        self, inputs: Inputs, config: Config, store: Store, stamps: Stamps, *, anew: bool
    ) -> _State | None:
        strict = self._is_strict(config)
        circumstances = circumstances_key(inputs, config, self._engines, strict, stamps.look)
        texts = {path: text for path, text in inputs.texts.items() if path in inputs.unsaved}
        left = msgspec.structs.replace(inputs, texts=texts)
        with self.guard, interruptible():
            kept = self._kept(inputs, config, circumstances, store, stamps)
        if kept is not None:
            return _State(config, circumstances, left, *kept)
        self._make_room()
        if not anew:
            self._retire()
            earlier = holding(inputs, config, store, stamps.look, circumstances)
            return _State(config, circumstances, left, earlier, None) if earlier is not None else None
        if self._cache and not inputs.unsaved:
            result, analysis = check_with_cache(
                inputs, config, store, stamps.look, engines=self._engines, strict=strict, memory=self._facts()
            )
        else:
            report, analysis = check_anew(
                inputs, config, store, engines=self._engines, strict=strict, memory=self._facts()
            )
            result = result_of(inputs, report, analysis)
        self._retire()
        gc.freeze()  # else the collector looks through a million objects as soon as it is on again
        return _State(config, circumstances, left, result, analysis)

    def _kept(
        self, inputs: Inputs, config: Config, circumstances: bytes, store: Store, stamps: Stamps
    ) -> tuple[Result, Analysis | None] | None:
        """The last result, if it holds, as it stands now."""
        state = self._state
        if state is None or state.circumstances != circumstances:
            return None
        if not has_same_libraries(state.result, config, stamps.look):
            return None
        if state.analysis is None:
            return (state.result, None) if state.result.files == inputs.hashes else None
        from color_checker.carry import carried

        state.analysis.project.use(store)
        kept = carried(state.analysis, state.result.report, inputs, self._is_strict(config))
        if kept is None:
            return None
        analysis, report = kept
        return msgspec.structs.replace(state.result, report=report, files=inputs.hashes), analysis

    def _glances_at(self, state: _State) -> Glances:
        from color_checker.glance import Glances  # there is an analysis: all that it needs is loaded

        assert state.analysis is not None
        strict = self._is_strict(state.config)
        return Glances(state.analysis, state.result.report, engines=self._engines, strict=strict)

    def _is_strict(self, config: Config) -> bool:
        return config.strict if self._strict is None else self._strict

    def _open(self, config: Config) -> Store:
        return Store.open(config.resolve(config.cache_dir) if self._cache else None, FACTS_VERSION)

    def _facts(self) -> Memory:
        if self._memory is None:
            from color_checker.memory import Memory  # not needed as long as a stored result holds

            self._memory = Memory()
        return self._memory


def _differing(before: Report, after: Report) -> frozenset[str]:
    """The paths of what is in one of the reports only."""
    parts = ((before.findings, after.findings), (before.gaps, after.gaps), (before.errors, after.errors))
    return frozenset(one.path for old, new in parts if old is not new for one in {*old} ^ {*new})
