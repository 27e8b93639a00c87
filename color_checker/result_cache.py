"""Checks files, or takes the whole result of an earlier run when nothing that it depends on has changed.

A result depends on the checked files and how they are named, the configuration and the options, this
program itself with its catalogs and profiles, Python's version, and the modules of installed packages
that were looked for. All but the last make the key; the last are only known after a run, so they are
kept with the result and compared when it is found. On a hit nothing is parsed or linked, and the modules
that would do it are not even imported.

Files whose content has changed may still say the same (see `unchanged`): then the newest result for the
same files, configuration and options holds, too.
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
from color_checker.inputs import FACTS_VERSION, Inputs, Look, read_and_hash, read_inputs
from color_checker.sources import Sources, discover
from color_checker.stamps import Stamps
from color_checker.store import Store, Values

if TYPE_CHECKING:
    from color_checker.checking import Analysis
    from color_checker.memory import Memory

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


def discover_paths(
    paths: Sequence[Path | str], config: Config, visit: Callable[[str], None] = lambda folder: None
) -> Sources:
    """The files below `paths`. `visit` is told each directory in which they are looked for."""
    return discover([Path(path) for path in paths], config, Path(config.root or os.getcwd()), visit)


def check_sources(
    sources: Sources, config: Config, *, engines: Collection[str] = (), strict: bool | None = None,
    cache: bool = True, advance: Advance = lambda count: None, mark: Mark = lambda phase: None,
    started: float | None = None,
) -> Report:  # fmt: skip
    """`check` for files that have been found. `mark` is told each phase when it has ended."""
    started = time.perf_counter() if started is None else started
    strict = config.strict if strict is None else strict
    with Store.open(config.resolve(config.cache_dir) if cache else None, FACTS_VERSION) as store:
        if cache:
            stamps = Stamps(store, sources)
            inputs = read_inputs(sources, advance, stamps.look)
            mark("read")
            result, _ = check_with_cache(
                inputs, config, store, stamps.look, engines=engines, strict=strict, advance=advance, mark=mark
            )
            report = result.report
            stamps.save()
        else:
            inputs = read_inputs(sources, advance)
            mark("read")
            report, _ = check_anew(
                inputs, config, store, engines=engines, strict=strict, advance=advance, mark=mark
            )
    return timed(report, started)


def timed(report: Report, started: float) -> Report:
    """The report with the time that has passed since then."""
    summary = msgspec.structs.replace(report.summary, seconds=time.perf_counter() - started)
    return msgspec.structs.replace(report, summary=summary)


def untimed(report: Report) -> Report:
    """The report without a time: the same for the same input."""
    summary = msgspec.structs.replace(report.summary, seconds=None)
    return msgspec.structs.replace(report, summary=summary)


def check_with_cache(
    inputs: Inputs, config: Config, store: Values, look: Look, *, engines: Collection[str], strict: bool,
    memory: Memory | None = None, advance: Advance = lambda count: None,
    mark: Mark = lambda phase: None,
) -> tuple[Result, Analysis | None]:  # fmt: skip
    """Check files that have been read; without an analysis if an earlier result holds."""
    circumstances = circumstances_key(inputs, config, engines, strict, look)
    key = result_key(inputs, circumstances)
    result = holding(inputs, config, store, look, circumstances)
    mark("look up")
    if result is not None:
        advance(len(inputs.sources.files))
        return result, None
    report, analysis = check_anew(
        inputs, config, store, engines=engines, strict=strict, memory=memory, advance=advance, mark=mark
    )
    result = result_of(inputs, report, analysis)
    if analysis.project.hashes == inputs.hashes:  # else a file has changed during the run
        _keep(store, key, circumstances, result)
    return result, analysis


def check_anew(
    inputs: Inputs, config: Config, store: Values, *, engines: Collection[str], strict: bool,
    memory: Memory | None = None, advance: Advance = lambda count: None,
    mark: Mark = lambda phase: None,
) -> tuple[Report, Analysis]:  # fmt: skip
    """Link and check files that have been read."""
    from color_checker.checking import check_inputs  # not needed as long as a result holds

    return check_inputs(
        inputs, config, store, memory=memory, engines=engines, strict=strict, advance=advance, mark=mark
    )


# -- what a result depends on ---------------------------------------------------------------------


def result_key(inputs: Inputs, circumstances: bytes) -> bytes:
    """The hash of everything that is known before a run."""
    return hashlib.blake2b(b"".join((circumstances, *inputs.hashes.values())), digest_size=16).digest()


def circumstances_key(
    inputs: Inputs, config: Config, engines: Collection[str], strict: bool, look: Look = read_and_hash
) -> bytes:
    """The hash of everything that is known before a run but what the checked files hold."""
    digest = hashlib.blake2b(digest_size=16)
    options = (sys.version_info[:3], os.getcwd(), sorted(engines), strict)
    for part in (
        fingerprint(look),
        repr(options).encode(errors="surrogatepass"),
        repr(config).encode(errors="surrogatepass"),
        repr([file_hash(str(config.resolve(path)), look) for path in config.engine_files]).encode(),
        repr(_places(inputs)).encode(errors="surrogatepass"),
    ):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def _places(inputs: Inputs) -> tuple[object, ...]:
    """What files there are, under which names, and which of them were read: the rest are the hashes."""
    files = [(file.path, file.shown, file.module, file.package, file.root) for file in inputs.sources.files]
    errors = [(error.path, error.line, error.column, error.reason) for error in inputs.errors]
    sources = inputs.sources
    return (files, list(inputs.hashes), errors, sources.roots, sources.links, sources.projects)


def fingerprint(look: Look = read_and_hash) -> bytes:
    """The hash of this program: its code, catalogs and profiles."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(program_files()):
        digest.update(path[len(_PACKAGE) :].encode())
        digest.update(file_hash(path, look))
    return digest.digest()


def program_files() -> Iterator[str]:
    """The files of which this program consists."""
    return _files_below(_PACKAGE)


def _files_below(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from () if entry.name == "__pycache__" else _files_below(entry.path)
            elif entry.name.endswith((".py", ".toml")):
                yield entry.path


def file_hash(path: str, look: Look = read_and_hash) -> bytes:
    """The hash of a file's content; of none if it cannot be read."""
    try:
        return look(path)[0]
    except SourceError:
        return b""


# -- what is stored -------------------------------------------------------------------------------


class Result(msgspec.Struct, frozen=True, array_like=True):
    """A report with what it was made from beside the key.

    Attributes:
        consulted: installed module that was looked for → its path, "" if it was not found.
        libraries: path of an installed module that was read → hash of its content.
        files: path of a checked file → hash of its content.
        asked: paths of the checked files of which more than the head was looked at.
    """

    report: Report
    consulted: dict[str, str]
    libraries: dict[str, bytes]
    files: dict[str, bytes]
    asked: frozenset[str]


_encoder = msgspec.msgpack.Encoder()


def result_of(inputs: Inputs, report: Report, analysis: Analysis) -> Result:
    """The report with what it depends on."""
    project = analysis.project
    return Result(report, project.consulted, project.library_files, inputs.hashes, project.asked)


def _keep(store: Values, key: bytes, circumstances: bytes, result: Result) -> None:
    try:
        data = _encoder.encode(msgspec.structs.replace(result, report=untimed(result.report)))
    except UnicodeEncodeError:
        return  # a lone surrogate, from the name of a file: such results are rare enough to be made anew
    store.put_result(key, data)
    store.put([(circumstances, key)])


def holding(inputs: Inputs, config: Config, store: Values, look: Look, circumstances: bytes) -> Result | None:
    """An earlier result that holds. `circumstances`: their key."""
    key = result_key(inputs, circumstances)
    result = _load(store, key)
    if result is not None:
        return result if has_same_libraries(result, config, look) else None
    newest = store.get([circumstances]).get(circumstances)
    result = _load(store, newest) if newest is not None else None
    if result is None or not has_same_libraries(result, config, look):
        return None
    from color_checker.unchanged import growth

    grown = growth(store, inputs, result.files, result.asked)
    if grown is None:
        return None
    summary = result.report.summary
    summary = msgspec.structs.replace(
        summary, lines=summary.lines + grown.lines, functions=summary.functions + grown.functions
    )
    report = msgspec.structs.replace(result.report, summary=summary)
    result = msgspec.structs.replace(result, report=report, files=inputs.hashes)
    _keep(store, key, circumstances, result)
    return result


def _load(store: Values, key: bytes) -> Result | None:
    data = store.get_result(key)
    try:
        return msgspec.msgpack.decode(data, type=Result) if data is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def has_same_libraries(result: Result, config: Config, look: Look) -> bool:
    """Whether what was taken from installed packages is as it was."""
    if any(file_hash(path, look) != known for path, known in result.libraries.items()):
        return False
    return _finds_the_same(result.consulted, config)


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
