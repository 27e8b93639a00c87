"""What mypy's types show that the analyzer alone does not: findings behind expressions it cannot resolve.

The analyzer asks what the expressions are that it does not know and that matter (`Resolver.unknowns`). When
mypy has checked a module, it is asked about those in it, and the analyzer goes on from there; what it asks
next is asked at once, too. A finding that follows may stand in another file: in the workflow that calls the
helper which mypy is checking. mypy checks what a module imports before the module itself, so it is known by
the time that module is reported.

How cold, incremental and daemon runs come to the same. mypy's answers are kept in the analyzer's cache, for
each file and the hash of its content, and given anew whenever mypy checks the file, whose types depend on
other files, too. Every run starts from all answers that are kept, also for files that mypy takes from its own
cache and does not check again. What mypy keeps of a module (`report_config_data`) changes with the findings
in it, and never holds as long as a question about it has not been put. So a module is checked again if its
answers got lost, and if something learned in another file leads to new questions or findings in a module that
mypy had checked before (a helper that is called through a registry and imports the workflow): in the next
run. After that nothing changes any more, because what is learned is a fixpoint of the answers. If mypy says
something else of a place than it did, all is learned anew, by an analysis that has learned nothing yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config
from color_checker.findings import Finding, Report
from color_checker.inputs import FACTS_VERSION
from color_checker.places import Known, Spot, Types
from color_checker.result_cache import untimed
from color_checker.sources import content_hash
from color_checker.store import Store

if TYPE_CHECKING:
    from color_checker.checking import Analysis
    from color_checker.resolving import Resolver

#: To be changed whenever what is kept changes its meaning.
_FORMAT = "4"

#: Seconds between two times that something is kept.
_PAUSE = 0.3

#: The places that were asked for, and what mypy knows of them: nothing, if it does not.
_Pairs = tuple[tuple[Spot, tuple[Known, ...]], ...]


class _Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What follows from a report and all answers: the findings, and the questions about each file."""

    findings: tuple[Finding, ...]
    asked: dict[str, tuple[Spot, ...]]


_encoder = msgspec.msgpack.Encoder()
_answers = msgspec.msgpack.Decoder(_Pairs)
_outcome = msgspec.msgpack.Decoder(_Outcome)


class Resolution:
    """The findings of a project with all that mypy has said of its files."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._report = Report()
        self._analyze: Callable[[], Analysis] | None = None
        self._analyze_anew: Callable[[], Analysis] | None = None
        self._hashes: Mapping[str, bytes] = {}
        #: path → what mypy said of the places in it that were asked for.
        self._answers: dict[str, _Pairs] = {}
        self._resolver: Resolver | None = None
        self._result = _Outcome((), {})
        self._is_new = False
        self._kept_at = -_PAUSE

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings in all files."""
        return self._result.findings

    @property
    def asked(self) -> frozenset[str]:
        """The files that mypy is asked about."""
        return frozenset(self._result.asked)

    @property
    def unanswered(self) -> frozenset[str]:
        """The files with places that matter of which mypy has not said what it can: it has to check them."""
        return frozenset(
            path
            for path, spots in self._result.asked.items()
            if not {spot for spot, _ in self._answers.get(path, ())}.issuperset(spots)
        )

    def recall(
        self, report: Report, hashes: Mapping[str, bytes], analyze: Callable[[], Analysis],
        analyze_anew: Callable[[], Analysis],
    ) -> bool:  # fmt: skip
        """Begin with the analyzer's report, and with what mypy said of the files as they are now.

        Returns whether it is known what follows from that; else `resume` has to find out.

        Args:
            hashes: absolute path → hash of the content, of all the project's files.
            analyze: gives the analysis behind the report, to which is added what is learned.
            analyze_anew: the same, made anew.
        """
        self._report, self._hashes = report, hashes
        self._analyze, self._analyze_anew = analyze, analyze_anew
        self._result, self._is_new = _Outcome(report.findings, {}), False
        if not report.summary.calls:
            return True  # there is no workflow code of which something could be learned
        with self._store() as store:
            self._answers = self._load(store)
            known = self._kept_outcome(store)
        if known is None:
            return False
        self._resolver, self._result = None, known
        return True

    def resume(self) -> None:
        """Learn all that mypy has said, and keep what follows."""
        self._resume()
        self.keep()

    def questions(self, path: str) -> tuple[Spot, ...]:
        """The places in a file of which mypy is to say what they are, also those of which it has."""
        return self._questions(path) if path in self._result.asked else ()

    @property
    def has_learned(self) -> bool:
        """Whether something was added to the analysis."""
        return self._resolver is not None and self._resolver.learned > 0

    def is_news(self, path: str, asked: tuple[Spot, ...], types: Types) -> bool:
        """Whether mypy says something else of a file than it did, as far as is known."""
        return _pairs(asked, types) != self._answers.get(path, ())

    def learn(self, path: str, asked: tuple[Spot, ...], types: Types) -> bool:
        """Take what mypy says now of the places in a file that it was asked about. Whether that is news."""
        pairs = _pairs(asked, types)
        before = self._answers.get(path, ())
        if pairs == before:
            return False
        self._answers[path] = pairs
        with self._store() as store:
            store.put([(self._answers_key(path), _encoder.encode(pairs))])
        self._is_new = True
        if types == _known(before):
            return False
        resolver = self._learning()
        if resolver.contradicts(path, types):
            assert self._analyze_anew is not None
            self._resolver, self._analyze = None, self._analyze_anew
            self._resume()
        else:
            resolver.learn(path, types)
            self._result = _Outcome(resolver.findings, {**self._result.asked, path: self._questions(path)})
        return True

    def keep(self) -> bool:
        """Keep what follows for the next run; called now and then, since no run says when it ends.

        What it comes too early for is worked out again at the start of the next run. Returns whether there
        is nothing left to keep.
        """
        if not self._is_new:
            return True
        if time.monotonic() < self._kept_at + _PAUSE:
            return False
        self._is_new, self._kept_at = False, time.monotonic()
        if self._resolver is not None:
            # Something learned in one file may have led to questions about another.
            self._result = _Outcome(self._result.findings, self._all_questions())
        with self._store() as store:
            store.put([(self._outcome_key(), _encoder.encode(self._result))])
        return True

    def _learning(self) -> Resolver:
        if self._resolver is None:
            self._resume()
        assert self._resolver is not None
        return self._resolver

    def _resume(self) -> None:
        """Learn all that is known."""
        from color_checker.resolving import Resolver

        assert self._analyze is not None
        analysis = self._analyze()
        if self._resolver is None or not self._resolver.continues(analysis, self._report):
            self._resolver = Resolver(analysis, self._report.findings, self._report.gaps)
        self._resolver.learn_all({path: _known(pairs) for path, pairs in self._answers.items()})
        self._result = _Outcome(self._resolver.findings, self._all_questions())
        self._is_new = True

    def _all_questions(self) -> dict[str, tuple[Spot, ...]]:
        paths = sorted(self._learning().all_unknowns().keys() | self._answers.keys())
        return {path: self._questions(path) for path in paths}

    def _questions(self, path: str) -> tuple[Spot, ...]:
        if self._resolver is None:
            return self._result.asked[path]  # nothing has been learned since that was kept
        answered = (spot for spot, _ in self._answers.get(path, ()))
        return tuple(sorted({*answered, *self._learning().unknowns(path)}))

    # -- what is kept ---------------------------------------------------------------------------

    def _load(self, store: Store) -> dict[str, _Pairs]:
        """The answers for files that are as they were then."""
        keys = {path: self._answers_key(path) for path in self._hashes}
        stored = store.get(list(keys.values()))
        kept = {}
        for path, key in keys.items():
            with suppress(KeyError, msgspec.DecodeError, msgspec.ValidationError):
                kept[path] = _answers.decode(stored[key])
        return kept

    def _kept_outcome(self, store: Store) -> _Outcome | None:
        key = self._outcome_key()
        try:
            return _outcome.decode(store.get([key])[key])
        except (KeyError, msgspec.DecodeError, msgspec.ValidationError):
            return None

    def _answers_key(self, path: str) -> bytes:
        name = path.encode("utf-8", "surrogateescape")
        return content_hash(b"\0".join((b"types", _FORMAT.encode(), name, self._hashes[path])))

    def _outcome_key(self) -> bytes:
        """Of what the findings depend on: the report, in place of its sources, the files, the answers."""
        answers = sorted(self._answers.items())
        files = sorted(self._hashes.items())
        return content_hash(_encoder.encode((_FORMAT, FACTS_VERSION, untimed(self._report), answers, files)))

    def _store(self) -> Store:
        """The analyzer's cache, for a moment: several processes use it."""
        return Store.open(self._config.resolve(self._config.cache_dir), FACTS_VERSION)


def _pairs(asked: tuple[Spot, ...], types: Types) -> _Pairs:
    return tuple((spot, types.get(spot, ())) for spot in asked)


def _known(pairs: _Pairs) -> Types:
    return {spot: known for spot, known in pairs if known}
