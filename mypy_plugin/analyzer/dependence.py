"""What an earlier result depends on in the file system: so it shows without the analyzer whether it holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from color_checker.config import Config, load_config, source_roots_of
from color_checker.errors import ConfigError
from color_checker.inputs import FACTS_VERSION
from color_checker.installed import Installed
from color_checker.result_cache import discover_paths, program_files
from color_checker.session import Session
from color_checker.sources import DEFAULT_EXCLUDES, Sources
from color_checker.store import file_of
from mypy_plugin.prints import Places

_PLUGIN = Path(__file__).parent.parent

#: In a folder: what is read, and what counts by being there.
_READ = ("pyproject.toml", ".gitignore")
_SEEN = (".git", "__init__.py")


def places(session: Session, config: Config) -> Places | None:
    """What the last result depends on; None if that cannot be said, or is not as it was then."""
    if session.basis is None:
        return None
    known, result = session.basis
    folders: list[str] = []
    sources = discover_paths(config.default_paths(), config, folders.append)
    if sources != known or sources.errors or result.files.keys() != {file.path for file in sources.files}:
        return None
    try:
        if load_config(Path.cwd()) != config:
            return None
    except ConfigError:
        return None
    files = [*_read(config, sources, folders), *result.libraries, *_program(), *_store(config)]
    kinds = list(_seen(config, sources))
    listings = _folders_of_program()
    if result.consulted:
        installed = Installed(config, config.root or os.getcwd())
        if not all(_path(installed, name) == path for name, path in result.consulted.items()):
            return None
        basis = installed.basis()
        files += basis.guides
        kinds += basis.folders
        listings += basis.listings
    return Places(_once(files), _once(kinds), _once(listings), sorted(folders), _passed(config))


def _once(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(paths))


def _path(installed: Installed, module: str) -> str:
    source = installed.find(module)
    return source.path if source is not None else ""


def _passed(config: Config) -> list[str]:
    """The names of folders that are never entered, whatever is put there."""
    return [] if config.exclude else sorted(DEFAULT_EXCLUDES)


def _read(config: Config, sources: Sources, folders: list[str]) -> Iterator[str]:
    """What is read of the project and of what is around it."""
    yield from (file.path for file in sources.files)
    yield from (str(config.resolve(path)) for path in config.engine_files)
    if config.baseline:
        yield str(config.resolve(config.baseline))
    for folder in _above(config):
        yield from (os.path.join(folder, name) for name in _READ)
    for folder in folders:
        # That there is a new one is seen in the folder.
        yield from (path for name in _READ if os.path.exists(path := os.path.join(folder, name)))


def _seen(config: Config, sources: Sources) -> Iterator[str]:
    """What has to be there, or must not be there."""
    for folder in _above(config):
        yield from (os.path.join(folder, name) for name in _SEEN)
    named = (*config.source_roots, *config.package_roots, "src", *config.paths, *config.python_path)
    roots = [str(config.resolve(path)) for path in named]
    for project, _ in sources.projects:
        roots += (os.path.join(project, path) for path in source_roots_of(Path(project, "pyproject.toml")))
    for root in roots:
        yield root
        yield os.path.join(root, "__init__.py")


def _above(config: Config) -> list[str]:
    """The folders in which the run starts, those with the project, and all above them."""
    starts = (os.getcwd(), config.root, *map(os.path.abspath, config.default_paths()))
    return _once(str(folder) for start in starts if start for folder in (Path(start), *Path(start).parents))


def _program() -> Iterator[str]:
    yield from program_files()
    yield from map(str, _PLUGIN.rglob("*.py"))


def _folders_of_program() -> list[str]:
    return sorted({os.path.dirname(path) for path in _program()})


def _store(config: Config) -> Iterator[str]:
    """What mypy has said of the files is in the store. What is new there is in its log at first."""
    file = str(file_of(config.resolve(config.cache_dir), FACTS_VERSION))
    yield from (file, f"{file}-wal", f"{file}-journal")
