"""What mypy's types show that the analyzer alone does not: findings behind expressions it cannot resolve.

In the pass over a module, the types of its expressions are read (`typed_places.py`) and given to the analyzer
(`color_checker/resolving.py`), which goes on from there. A finding that follows may stand in another file: in
the workflow that calls the helper which mypy is checking. mypy checks what a module imports before the module
itself, so it is known by the time that module is reported.

How cold, incremental and daemon runs come to the same. What mypy said of a file is kept in the analyzer's
cache directory, under the path and the hash of the file's content, and kept anew whenever mypy has checked
the file, whose types depend on other files, too. Every run starts from all that is kept, also for files that
mypy takes from its own cache and does not check again. Findings are part of what mypy keeps of a module
(`report_config_data`), and so is what is kept of its types. Thus a module is checked again if nothing is kept
of it, because the two caches do not come from the same run; and also if something learned in one file
changes the findings in a module that mypy had checked already (a helper that is called through a registry and
imports the workflow): in the next run. After that nothing changes any more, because what is learned is a
fixpoint of what is kept. If mypy says something else of a place than what was learned there, all is learned
anew, by an analysis that has learned nothing yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config
from color_checker.findings import Finding, Report
from color_checker.inputs import FACTS_VERSION
from color_checker.resolving import Known, Resolver, Spot, Types
from color_checker.sources import content_hash
from color_checker.store import Store

if TYPE_CHECKING:
    from color_checker.checking import Analysis

#: To be changed whenever what is kept changes its meaning.
_FORMAT = "1"


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What mypy said of a file: each value once, and the places with the numbers of their values."""

    values: tuple[Known, ...]
    places: tuple[tuple[Spot, tuple[int, ...]], ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Kept)
_findings_decoder = msgspec.msgpack.Decoder(tuple[Finding, ...])


class Resolution:
    """The findings of a project with all that mypy has said of its files."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._report = Report()
        self._analyze: Callable[[], Analysis] | None = None
        self._analyze_anew: Callable[[], Analysis] | None = None
        self._hashes: Mapping[str, bytes] = {}
        #: path → what is kept of it, encoded.
        self._kept: dict[str, bytes] = {}
        self._resolver: Resolver | None = None
        self._findings: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings in all files."""
        return self._findings

    @property
    def is_wanted(self) -> bool:
        """Whether there is any workflow code of which something could be learned."""
        return self._report.summary.calls > 0

    def digest(self, path: str) -> bytes:
        """Changes with what is kept of a file: one of which nothing is kept has to be checked again."""
        return content_hash(self._kept[path]) if self.is_wanted and path in self._kept else b""

    def start(
        self, report: Report, hashes: Mapping[str, bytes], analyze: Callable[[], Analysis],
        analyze_anew: Callable[[], Analysis],
    ) -> None:  # fmt: skip
        """Begin with the analyzer's report, and with what mypy said of the files as they are now.

        Args:
            hashes: absolute path → hash of the content, of all the project's files.
            analyze: gives the analysis behind the report, to which is added what is learned.
            analyze_anew: the same, made anew.
        """
        changed = [path for path, digest in hashes.items() if self._hashes.get(path) != digest]
        for path in self._kept.keys() - hashes.keys():
            del self._kept[path]
        self._report, self._hashes = report, hashes
        self._analyze, self._analyze_anew = analyze, analyze_anew
        self._findings = report.findings
        if not self.is_wanted:
            return
        self._load(changed)
        known = self._stored_findings()
        if known is not None:
            self._resolver, self._findings = None, known
        elif any(self._kept.values()):
            self._resume()

    def learn(self, path: str, types: Types) -> None:
        """Take what mypy says of a file now."""
        if not self.is_wanted or path not in self._hashes:
            return
        kept = _encode(types)
        if self._kept.get(path) == kept:
            return
        self._kept[path] = kept
        with self._store() as store:
            store.put([(self._key(path), kept)])
        if self._resolver is not None and self._resolver.contradicts(path, types):
            assert self._analyze_anew is not None
            self._resolver, self._analyze = None, self._analyze_anew
        if self._resolver is None:
            self._resume()
        else:
            self._resolver.learn(path, types)
            self._findings = self._resolver.findings

    def finish(self) -> None:
        """Keep the findings, so that a run in which nothing has changed has nothing to do."""
        if self.is_wanted and self._resolver is not None:
            with self._store() as store:
                store.put([(self._result_key(), _encoder.encode(self._findings))])

    def _resume(self) -> None:
        """Learn all that is kept."""
        assert self._analyze is not None
        analysis = self._analyze()
        if self._resolver is None or not self._resolver.continues(analysis, self._report):
            self._resolver = Resolver(analysis, self._report.findings, self._report.gaps)
        self._resolver.learn_all({path: _decode(kept) for path, kept in self._kept.items()})
        self._findings = self._resolver.findings

    # -- what is kept ---------------------------------------------------------------------------

    def _load(self, paths: Iterable[str]) -> None:
        keys = {path: self._key(path) for path in paths}
        with self._store() as store:
            stored = store.get(list(keys.values()))
        for path, key in keys.items():
            if key in stored:
                self._kept[path] = stored[key]
            else:
                # Until it has been checked again, a file that has changed is not known.
                self._kept.pop(path, None)

    def _stored_findings(self) -> tuple[Finding, ...] | None:
        key = self._result_key()
        with self._store() as store:
            data = store.get([key]).get(key)
        try:
            return _findings_decoder.decode(data) if data is not None else None
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None

    def _result_key(self) -> bytes:
        """Of what the findings depend on: the report, for all that it was made from, the files, types."""
        report = msgspec.structs.replace(
            self._report, summary=msgspec.structs.replace(self._report.summary, seconds=None)
        )
        parts = [_FORMAT.encode(), FACTS_VERSION.encode(), _encoder.encode(report)]
        for path, digest in sorted(self._hashes.items()):
            parts += [
                path.encode("utf-8", "surrogateescape"),
                digest,
                content_hash(self._kept.get(path, b"")),
            ]
        return content_hash(b"\0".join(parts))

    def _key(self, path: str) -> bytes:
        name = path.encode("utf-8", "surrogateescape")
        return content_hash(b"\0".join((b"types", _FORMAT.encode(), name, self._hashes[path])))

    def _store(self) -> _OpenStore:
        return _OpenStore(self._config)


class _OpenStore:
    """The analyzer's cache, for a moment: several processes use it."""

    def __init__(self, config: Config) -> None:
        self._store = Store.open(config.resolve(config.cache_dir), FACTS_VERSION)

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, *exception: object) -> None:
        self._store.close()


def _encode(types: Types) -> bytes:
    """Empty for nothing; the same bytes for the same types."""
    if not types:
        return b""
    numbers: dict[Known, int] = {}
    places = []
    for spot, known in types.items():
        places.append((spot, tuple(numbers.setdefault(one, len(numbers)) for one in known)))
    return _encoder.encode(_Kept(tuple(numbers), tuple(places)))


def _decode(data: bytes) -> Types:
    """Nothing for what cannot be read: the file is then as one that mypy has not checked yet."""
    try:
        kept = _decoder.decode(data) if data else _Kept((), ())
        return {spot: tuple(kept.values[number] for number in numbers) for spot, numbers in kept.places}
    except (msgspec.DecodeError, msgspec.ValidationError, IndexError):
        return {}
