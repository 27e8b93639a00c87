"""The files of one run: their text, their facts from the store or freshly extracted, and who imports whom."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from color_checker.errors import SourceError
from color_checker.extract import ExtractError, extract
from color_checker.facts import ModuleFacts, decode_module, encode_module
from color_checker.findings import InputError
from color_checker.inputs import FACTS_VERSION, Inputs, read_inputs
from color_checker.installed import Installed
from color_checker.sources import ModuleIndex, SourceFile, Sources, content_hash, decode, read_source
from color_checker.store import Store

#: Fewer bytes than this to extract are done sooner here than in other processes.
_WORTH_PROCESSES = 600_000
_MOST_PROCESSES = 8

Extracted = bytes | tuple[str, int, int]


def extract_file(data: bytes) -> Extracted:
    """Encoded facts of a file's bytes, or why there are none: reason, line, column."""
    try:
        return encode_module(extract(decode(data)))
    except SourceError as error:
        return (error.reason, error.line, error.column)
    except ExtractError as error:
        return (error.reason, error.line, error.column)


def extract_files(datas: Sequence[bytes]) -> list[Extracted]:
    """`extract_file` for a batch, in a worker process."""
    return [extract_file(data) for data in datas]


def _ignore_interrupts() -> None:
    """Ctrl-C goes to the whole group of processes; this one's parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Project:
    """What the linker asks for modules."""

    def __init__(
        self, sources: Sources, store: Store, installed: Installed | None, covers: Callable[[str], bool]
    ) -> None:
        """`covers` says of a module's name that its meaning is known without its source."""
        self.files = sources.files
        self.sources = sources
        self.errors: list[InputError] = list(sources.errors)
        self.hashes: dict[str, bytes] = {}
        self.library_files: dict[str, bytes] = {}
        self._by_path = {source.path: source for source in sources.files}
        self._index = ModuleIndex(sources, covers)
        self._store = store
        self._installed = installed
        self._covers = covers
        self._encoded: dict[str, bytes] = {}
        self._facts: dict[str, ModuleFacts | None] = {}
        self._library: dict[str, SourceFile | None] = {}
        self._subclasses: dict[str, tuple[SourceFile, ...]] | None = None

    # -- reading --------------------------------------------------------------------------------

    def read(self, advance: Callable[[int], None] = lambda count: None) -> dict[str, bytes]:
        """Read and hash all files. What cannot be read is an error."""
        return self.take(read_inputs(self.sources, advance))

    def take(self, inputs: Inputs) -> dict[str, bytes]:
        """Use files that have been read already; gives their content for `load`."""
        self.errors = list(inputs.errors)
        self.hashes = dict(inputs.hashes)
        return inputs.texts

    def load(self, texts: dict[str, bytes], advance: Callable[[int], None] = lambda count: None) -> None:
        """Get the facts of all files that were read, from the store where it has them."""
        keys = {path: self._key(self.hashes[path]) for path in texts}
        stored = self._store.get(list(dict.fromkeys(keys.values())))
        missing = [path for path in texts if keys[path] not in stored]
        for path, key in keys.items():
            if key in stored:
                self._encoded[path] = stored[key]
                advance(1)
        fresh: list[tuple[bytes, bytes]] = []
        for path, result in zip(
            missing, self._extract_all([texts[path] for path in missing], advance), strict=True
        ):
            if isinstance(result, tuple):
                self._error(self._by_path[path], *result)
            else:
                self._encoded[path] = result
                fresh.append((keys[path], result))
        self._store.put(fresh)

    def _key(self, digest: bytes) -> bytes:
        return content_hash(digest + FACTS_VERSION.encode())

    def _extract_all(self, datas: list[bytes], advance: Callable[[int], None]) -> Iterable[Extracted]:
        processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
        if processes == 1 or sum(map(len, datas)) < _WORTH_PROCESSES:
            for data in datas:
                yield extract_file(data)
                advance(1)
            return
        batches = _batches(datas, processes * 8)
        # The workers only parse: no thread runs yet that a fork could catch holding a lock.
        context = get_context("fork" if sys.platform == "linux" else None)
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_ignore_interrupts) as pool:
            for batch, results in zip(batches, pool.map(extract_files, batches), strict=True):
                yield from results
                advance(len(batch))

    def _error(self, source: SourceFile, reason: str, line: int, column: int) -> None:
        self.errors.append(InputError(source.shown, line, column, reason))

    # -- what the linker asks -------------------------------------------------------------------

    def find(self, name: str, importer: SourceFile | None) -> SourceFile | None:
        """A module of the project, as `importer` sees it."""
        return self._index.find(name, importer)

    def submodules(self, name: str, importer: SourceFile | None) -> tuple[str, ...]:
        """The modules directly inside a package of the project."""
        return self._index.submodules(name, importer)

    def installed(self, name: str) -> SourceFile | None:
        """A module of an installed package, unless it is known what the package does."""
        if self._installed is None:
            return None
        if name not in self._library:
            self._library[name] = None if self._is_known(name) else self._installed.find(name)
        return self._library[name]

    def _is_known(self, name: str) -> bool:
        return self._covers(name) or name.partition(".")[0] in sys.stdlib_module_names

    @property
    def consulted(self) -> dict[str, str]:
        """The modules that were looked for among the installed ones: name → path, "" if there is none."""
        return {
            name: source.path if source is not None else ""
            for name, source in self._library.items()
            if not self._is_known(name)
        }

    def facts(self, source: SourceFile) -> ModuleFacts | None:
        """The facts of a file."""
        if source.path not in self._facts:
            self._facts[source.path] = self._decode(source)
        return self._facts[source.path]

    def _decode(self, source: SourceFile) -> ModuleFacts | None:
        if source.path not in self._encoded and source.path not in self._by_path:
            self._load_library(source)
        encoded = self._encoded.get(source.path)
        return decode_module(encoded) if encoded is not None else None

    def _load_library(self, source: SourceFile) -> None:
        """One file of an installed package; an unreadable one is nobody's mistake here: a gap."""
        try:
            data = read_source(source.path)
        except SourceError:
            self.library_files[source.path] = b""
            return
        digest = self.library_files[source.path] = content_hash(data)
        key = self._key(digest)
        stored = self._store.get([key]).get(key)
        if stored is None:
            result = extract_file(data)
            if isinstance(result, tuple):
                return
            stored = result
            self._store.put([(key, stored)])
        self._encoded[source.path] = stored

    def subclasses(self, name: str) -> tuple[SourceFile, ...]:
        """The project's files with a class that names `name` among its bases."""
        if self._subclasses is None:
            table: dict[str, dict[str, SourceFile]] = {}
            for source in self.files:
                facts = self.facts(source)
                for cls in facts.classes if facts is not None else ():
                    for base in cls.bases:
                        table.setdefault(base.rpartition(".")[2], {})[source.path] = source
            self._subclasses = {base: tuple(files.values()) for base, files in table.items()}
        return self._subclasses.get(name, ())


def _batches(datas: list[bytes], count: int) -> list[list[bytes]]:
    """Consecutive files in batches of about equal size."""
    target = sum(map(len, datas)) // count + 1
    batches: list[list[bytes]] = [[]]
    size = 0
    for data in datas:
        batches[-1].append(data)
        size += len(data)
        if size >= target:
            batches.append([])
            size = 0
    return [batch for batch in batches if batch]
