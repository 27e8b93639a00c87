"""The files of one run: their text, their facts from the store or freshly extracted, and who imports whom."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple, TypeVar

from color_checker.errors import SourceError
from color_checker.extract import ExtractError, extract
from color_checker.facts import (
    Body,
    Head,
    ModuleFacts,
    decode_head,
    decode_module,
    encode_head,
    encode_module,
)
from color_checker.findings import InputError
from color_checker.inputs import FACTS_VERSION, Inputs, read_inputs
from color_checker.installed import Installed
from color_checker.interruption import may_end_here
from color_checker.memory import Memory
from color_checker.processors import available
from color_checker.sources import ModuleIndex, SourceFile, Sources, content_hash, decode, read_source
from color_checker.store import Values

#: Fewer bytes than this to extract are done sooner here than in other processes.
_WORTH_PROCESSES = 600_000
_MOST_PROCESSES = 8


class Encoded(NamedTuple):
    """What is known of one file, as the store keeps it: two values."""

    head: bytes
    facts: bytes


class Failed(NamedTuple):
    """Why nothing is known of a file."""

    reason: str
    line: int
    column: int


Extracted = Encoded | Failed

T = TypeVar("T")


def extract_file(data: bytes) -> Extracted:
    """The facts of a file's bytes, or why there are none."""
    try:
        facts = extract(decode(data))
    except (SourceError, ExtractError) as error:
        return Failed(error.reason, error.line, error.column)
    return Encoded(encode_head(facts.head), encode_module(facts))


def extract_files(datas: Sequence[bytes]) -> list[Extracted]:
    """`extract_file` for a batch, in a worker process."""
    return [extract_file(data) for data in datas]


def _set_up_worker() -> None:
    # Ctrl-C goes to the whole group of processes; this one's parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # syntax trees have no cycles


class Project:
    """What the linker asks for modules."""

    def __init__(
        self, sources: Sources, store: Values, installed: Installed | None, covers: Callable[[str], bool],
        memory: Memory | None = None,
    ) -> None:  # fmt: skip
        """`covers` says of a module's name that its meaning is known without its source."""
        self.files = sources.files
        self.sources = sources
        self.errors: list[InputError] = list(sources.errors)
        self.hashes: dict[str, bytes] = {}
        self.library_files: dict[str, bytes] = {}
        #: What the heads of files said before `replace` broke them.
        self.lost: dict[str, Head] = {}
        self._by_path = {source.path: source for source in sources.files}
        self._index = ModuleIndex(sources, covers)
        self._store = store
        self._memory = memory if memory is not None else Memory()
        self._unsaved: frozenset[str] = frozenset()
        self._installed = installed
        self._covers = covers
        self._texts: dict[str, bytes] = {}
        self._heads: dict[str, Head] = {}
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
        self._unsaved = inputs.unsaved
        return inputs.texts

    def load(self, texts: dict[str, bytes], advance: Callable[[int], None] = lambda count: None) -> None:
        """Get the heads of all files, from the store where it has them; `texts` are those read already."""
        self._texts = texts
        known = self._memory.heads
        self._heads = {path: known[digest] for path, digest in self.hashes.items() if digest in known}
        advance(len(self._heads))
        keys = {path: head_key(digest) for path, digest in self.hashes.items() if digest not in known}
        stored = self._store.get(list(dict.fromkeys(keys.values())))
        for path, key in keys.items():
            if key in stored:
                self._heads[path] = known[self.hashes[path]] = decode_head(stored[key])
                advance(1)
        self._extract([path for path in keys if path not in self._heads], advance)

    def fetch(self, paths: Iterable[str]) -> None:
        """Get the facts of files that will be asked for, all at once."""
        wanted = [path for path in paths if path in self._heads and not self._is_at_hand(path)]
        keys = {path: facts_key(self.hashes[path]) for path in wanted}
        stored = self._store.get(list(dict.fromkeys(keys.values())))
        self._encoded |= {path: stored[key] for path, key in keys.items() if key in stored}
        # The store drops what was not used for long: facts sooner than the head beside them.
        self._extract([path for path in wanted if path not in self._encoded])

    def source(self, path: str) -> SourceFile:
        """The project's file at an absolute path."""
        return self._by_path[path]

    def facts_of_text(self, path: str, inputs: Inputs) -> ModuleFacts | Failed:
        """The facts of what one of the files holds by now, for `replace`, or why there are none."""
        digest = inputs.hashes[path]
        known = self._memory.modules.get(digest)
        if known is not None:
            return known
        try:
            text = inputs.texts[path] if path in inputs.texts else read_source(path)
        except SourceError as error:
            return Failed(error.reason, error.line, error.column)
        return self.facts_of(digest, text, is_saved=path not in inputs.unsaved)

    def facts_of(self, digest: bytes, text: bytes, *, is_saved: bool) -> ModuleFacts | Failed:
        """The facts of a text with that hash, or why there are none. Only saved ones are stored."""
        known = self._memory.modules.get(digest)
        if known is not None:
            return known
        result = extract_file(text)
        if isinstance(result, Failed):
            return result
        if is_saved:
            self._store.put(rows(digest, result))
        self._memory.heads[digest] = decode_head(result.head)
        known = self._memory.modules[digest] = decode_module(result.facts)
        return known

    def having(self, source: SourceFile, digest: bytes, facts: ModuleFacts) -> Project:
        """The same files, but that one of them holds something else. This one stays as it is."""
        other = copy(self)
        other.hashes = self.hashes | {source.path: digest}
        other._heads = self._heads | {source.path: facts.head}
        other._facts = self._facts | {source.path: facts}
        other._library, other.library_files = dict(self._library), dict(self.library_files)
        other._encoded, other._subclasses = dict(self._encoded), None
        return other

    def replace(self, source: SourceFile, digest: bytes, facts: ModuleFacts | Failed) -> None:
        """A file holds something else now, of which nobody who has asked about it before would be told."""
        path = source.path
        self.hashes[path] = digest
        self._encoded.pop(path, None)
        self.errors = [error for error in self.errors if error.path != source.shown]
        if isinstance(facts, Failed):
            if path in self._heads:
                self.lost[path] = self._heads.pop(path)
            self._facts.pop(path, None)
            self._error(source, *facts)
            return
        self._heads[path] = facts.head
        if path in self._facts:
            self._facts[path] = facts

    def use(self, store: Values) -> None:
        """Take this store from now on."""
        self._store = store

    def _is_at_hand(self, path: str) -> bool:
        return path in self._encoded or self.hashes[path] in self._memory.modules

    def _extract(self, paths: list[str], advance: Callable[[int], None] = lambda count: None) -> None:
        fresh: list[tuple[bytes, bytes]] = []
        texts = {path: text for path in paths if (text := self._text(path)) is not None}
        results = self._extract_all(list(texts.values()), advance)
        for path, result in zip(texts, results, strict=True):
            if isinstance(result, Failed):
                self._error(self._by_path[path], *result)
            else:
                self._heads[path] = self._memory.heads[self.hashes[path]] = decode_head(result.head)
                self._encoded[path] = result.facts
                if path not in self._unsaved:
                    fresh += rows(self.hashes[path], result)
        self._store.put(fresh)

    def _text(self, path: str) -> bytes | None:
        """The content of a file. One that was not read yet may have changed, or gone, by now."""
        if path not in self._texts:
            try:
                text = read_source(path)
            except SourceError as error:
                self.hashes[path] = b""
                self._error(self._by_path[path], error.reason, error.line, error.column)
                return None
            self._texts[path] = text
            self.hashes[path] = content_hash(text)
        return self._texts[path]

    def _extract_all(self, datas: list[bytes], advance: Callable[[int], None]) -> Iterable[Extracted]:
        processes = min(available(), _MOST_PROCESSES)
        if processes == 1 or sum(map(len, datas)) < _WORTH_PROCESSES:
            for data in datas:
                may_end_here()
                yield extract_file(data)
                advance(1)
            return
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        batches = _batches(datas, processes * 8)
        # The workers only parse: no thread runs yet that a fork could catch holding a lock.
        context = get_context("fork" if sys.platform == "linux" else None)
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_set_up_worker) as pool:
            for batch, results in zip(batches, pool.map(extract_files, batches), strict=True):
                yield from results
                advance(len(batch))

    def _error(self, source: SourceFile, reason: str, line: int, column: int) -> None:
        self.errors.append(InputError(source.shown, line, column, reason))

    # -- what the linker asks -------------------------------------------------------------------

    def find(self, name: str, importer: SourceFile | None) -> SourceFile | None:
        """A module of the project, as `importer` sees it."""
        may_end_here()  # linking asks for modules all the time
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

    @property
    def asked(self) -> frozenset[str]:
        """The paths of the project's files whose facts were asked for."""
        return frozenset(path for path in self._facts if path in self._by_path)

    def head(self, source: SourceFile) -> Head | None:
        """What the head of one of the project's files says; None if it could not be read."""
        return self._heads.get(source.path)

    def facts(self, source: SourceFile) -> ModuleFacts | None:
        """The facts of a file."""
        if source.path not in self._facts:
            self._facts[source.path] = self._decode(source)
        return self._facts[source.path]

    def bodies(self, source: SourceFile) -> dict[int, Body]:
        """Where the decoded bodies of a file's functions are kept."""
        return self._memory.bodies(self._digest(source.path))

    def from_bodies(self, source: SourceFile) -> dict[object, Any]:
        """Where what was found out from single bodies of a file is kept."""
        return self._memory.from_bodies(self._digest(source.path))

    def derived(self, source: SourceFile, facts: ModuleFacts, make: Callable[[ModuleFacts], T]) -> T:
        """What `make` gives for the facts of a file; kept as long as they are."""
        return self._memory.derived(self._digest(source.path), facts, make)

    def _digest(self, path: str) -> bytes:
        return self.hashes[path] if path in self._by_path else self.library_files[path]

    def _decode(self, source: SourceFile) -> ModuleFacts | None:
        if source.path in self._by_path:
            self.fetch([source.path])
            if source.path not in self._heads:
                return None
        elif source.path not in self._encoded:
            self._load_library(source)
        digest, known = self._digest(source.path), self._memory.modules
        if digest not in known:
            encoded = self._encoded.pop(source.path, None)
            if encoded is None:
                return None
            known[digest] = decode_module(encoded)
        return known[digest]

    def _load_library(self, source: SourceFile) -> None:
        """One file of an installed package; an unreadable one is nobody's mistake here: a gap."""
        try:
            data = read_source(source.path)
        except SourceError:
            self.library_files[source.path] = b""
            return
        digest = self.library_files[source.path] = content_hash(data)
        if digest in self._memory.modules:
            return
        key = facts_key(digest)
        stored = self._store.get([key]).get(key)
        if stored is None:
            result = extract_file(data)
            if isinstance(result, Failed):
                return
            stored = result.facts
            self._store.put(rows(digest, result))
        self._encoded[source.path] = stored

    def subclasses(self, name: str) -> tuple[SourceFile, ...]:
        """The project's files with a class that names `name` among its bases."""
        if self._subclasses is None:
            table: dict[str, dict[str, SourceFile]] = {}
            for source in self.files:
                head = self.head(source)
                for base in head.bases if head is not None else ():
                    table.setdefault(base, {})[source.path] = source
            self._subclasses = {base: tuple(files.values()) for base, files in table.items()}
        return self._subclasses.get(name, ())


def facts_key(digest: bytes) -> bytes:
    return content_hash(digest + FACTS_VERSION.encode())


def head_key(digest: bytes) -> bytes:
    return content_hash(digest + f"{FACTS_VERSION}-head".encode())


def rows(digest: bytes, encoded: Encoded) -> list[tuple[bytes, bytes]]:
    """What the store is to keep of a file."""
    return [(head_key(digest), encoded.head), (facts_key(digest), encoded.facts)]


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
