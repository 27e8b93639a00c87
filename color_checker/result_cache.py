"""Checks files, or takes the whole result of an earlier run when nothing that it depends on has changed.

A result depends on the checked files and how they are named, the configuration and the options, this
program itself with its catalogs and profiles, Python's version, and the modules of installed packages
that were looked for. All but the last make the key; the last are only known after a run, so they are
kept with the result and compared when it is found. On a hit nothing is parsed or linked, and the modules
that would do it are not even imported.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config, load_config
from color_checker.errors import SourceError
from color_checker.findings import Report
from color_checker.inputs import FACTS_VERSION, Inputs, read_inputs
from color_checker.sources import Sources, content_hash, discover, read_source
from color_checker.store import Store

if TYPE_CHECKING:
    from color_checker.project import Project

Advance = Callable[[int], None]
Mark = Callable[[str], None]

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def check(
    paths: Sequence[Path | str], *, config: Config | None = None, engines: Collection[str] = (),
    strict: bool | None = None, cache: bool = True, advance: Advance = lambda count: None,
) -> Report:  # fmt: skip
    """Check the Python files below `paths`.

    Args:
        config: by default what `[tool.color-checker]` says, found from the working directory.
        engines: names of engines to check for; by default the configured ones, else those imported.
        strict: report unresolved calls as errors; by default as configured.
        cache: keep facts and results on disk between runs.
        advance: called with the number of files that have got a step further (two steps each).

    Raises:
        ColorCheckerError: the configuration is wrong, or an engine or rule is unknown.
    """
    started = time.perf_counter()
    if config is None:
        config = load_config(Path.cwd())
    sources = discover_paths(paths, config)
    return check_sources(
        sources, config, engines=engines, strict=strict, cache=cache, advance=advance, started=started
    )


def discover_paths(paths: Sequence[Path | str], config: Config) -> Sources:
    """The files below `paths`."""
    return discover([Path(path) for path in paths], config, Path(config.root or os.getcwd()))


def check_sources(
    sources: Sources, config: Config, *, engines: Collection[str] = (), strict: bool | None = None,
    cache: bool = True, advance: Advance = lambda count: None, mark: Mark = lambda phase: None,
    started: float | None = None,
) -> Report:  # fmt: skip
    """`check` for files that have been found. `mark` is told each phase when it has ended."""
    started = time.perf_counter() if started is None else started
    inputs = read_inputs(sources, advance)
    mark("read")
    store = Store.open(config.resolve(config.cache_dir) if cache else None, FACTS_VERSION)
    try:
        report = _known(inputs, config, store, engines, strict, cache, advance, mark)
    finally:
        store.close()
    summary = msgspec.structs.replace(report.summary, seconds=time.perf_counter() - started)
    return msgspec.structs.replace(report, summary=summary)


def _known(
    inputs: Inputs, config: Config, store: Store, engines: Collection[str], strict: bool | None,
    cache: bool, advance: Advance, mark: Mark,
) -> Report:  # fmt: skip
    """The report from the store, or a new one."""
    key = b""
    if cache:
        strict = config.strict if strict is None else strict
        key = result_key(inputs, config, engines, strict)
        report = _load(store.get_result(key), config)
        mark("look up")
        if report is not None:
            advance(len(inputs.sources.files))
            return report
    from color_checker.checking import check_inputs

    report, project = check_inputs(
        inputs, config, store, engines=engines, strict=strict, advance=advance, mark=mark
    )
    if cache:
        _store_result(store, key, report, project)
    return report


# -- what a result depends on ---------------------------------------------------------------------


def result_key(inputs: Inputs, config: Config, engines: Collection[str], strict: bool) -> bytes:
    """The hash of everything that is known before a run."""
    digest = hashlib.blake2b(digest_size=16)
    options = (sys.version_info[:3], os.getcwd(), sorted(engines), strict)
    for part in (
        fingerprint(),
        repr(options).encode(errors="surrogatepass"),
        repr(config).encode(errors="surrogatepass"),
        repr([file_hash(config.resolve(path)) for path in config.engine_files]).encode(),
        repr(_places(inputs)).encode(errors="surrogatepass"),
        b"".join(inputs.hashes.values()),
    ):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def _places(inputs: Inputs) -> tuple[object, ...]:
    """What files there are, under which names, and which of them were read: the rest are the hashes."""
    files = [(file.path, file.shown, file.module, file.package, file.root) for file in inputs.sources.files]
    errors = [(error.path, error.line, error.column, error.reason) for error in inputs.errors]
    return (files, list(inputs.hashes), errors, inputs.sources.roots, inputs.sources.links)


def fingerprint() -> bytes:
    """The hash of this program: its code, catalogs and profiles. Reading them takes about 3 ms."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(_program_files(_PACKAGE)):
        digest.update(path[len(_PACKAGE) :].encode())
        digest.update(file_hash(path))
    return digest.digest()


def _program_files(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from () if entry.name == "__pycache__" else _program_files(entry.path)
            elif entry.name.endswith((".py", ".toml")):
                yield entry.path


def file_hash(path: str | Path) -> bytes:
    """The hash of a file's content; of none if it cannot be read."""
    try:
        return content_hash(read_source(str(path)))
    except SourceError:
        return b""


# -- what is stored -------------------------------------------------------------------------------


class _Result(msgspec.Struct, frozen=True, array_like=True):
    """A report with what it was made from beside the key.

    Attributes:
        consulted: installed module that was looked for → its path, "" if it was not found.
        libraries: path of an installed module that was read → hash of its content.
    """

    report: Report
    consulted: dict[str, str]
    libraries: dict[str, bytes]


_encoder = msgspec.msgpack.Encoder()


def _store_result(store: Store, key: bytes, report: Report, project: Project) -> None:
    summary = msgspec.structs.replace(report.summary, seconds=None)
    result = _Result(
        msgspec.structs.replace(report, summary=summary), project.consulted, project.library_files
    )
    try:
        store.put_result(key, _encoder.encode(result))
    except UnicodeEncodeError:
        return  # a lone surrogate, from the name of a file: such results are rare enough to be made anew


def _load(data: bytes | None, config: Config) -> Report | None:
    """The stored report, if everything it was made from is as it was."""
    if data is None:
        return None
    try:
        result = msgspec.msgpack.decode(data, type=_Result)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if any(file_hash(path) != known for path, known in result.libraries.items()):
        return None
    return result.report if _finds_the_same(result.consulted, config) else None


def _finds_the_same(consulted: dict[str, str], config: Config) -> bool:
    """Whether the installed modules are still where they were, and the missing ones still missing."""
    if not consulted:
        return True
    from color_checker.installed import Installed

    installed = Installed(config, config.root or os.getcwd())
    for name, path in consulted.items():
        source = installed.find(name)
        if (source.path if source is not None else "") != path:
            return False
    return True
