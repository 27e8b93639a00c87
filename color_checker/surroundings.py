"""Which project files belong to, for tools that are given files and not projects."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from color_checker.config import Config, load_config
from color_checker.sources import State, state_of


def project_around(folder: Path) -> Path | None:
    """The innermost folder, from this one up, with a `pyproject.toml` or a repository, if there is one."""
    for candidate in (folder, *folder.parents):
        if (candidate / "pyproject.toml").is_file() or (candidate / ".git").exists():
            return candidate
    return None


def state_of_configuration(start: Path, *others: str) -> tuple[State | None, ...]:
    """What the file system says of the files that may hold the configuration for a directory, and of others.

    To see whether any of them changes.
    """
    files = [str(directory / "pyproject.toml") for directory in (start, *start.parents)]
    return tuple(map(state_of, (*files, *others)))


class Found(NamedTuple):
    """The configuration for some paths.

    Attributes:
        passed_over: the files with a configuration that some of the paths have, and which does not count,
            because one run has one configuration.
    """

    config: Config
    passed_over: tuple[str, ...] = ()


def configuration_for(paths: Iterable[str], start: Path) -> Found:
    """The configuration of a run in the directory `start` that checks `paths`. Raises ConfigError.

    It is that of `start`. If there is none, or all paths lie outside of its project, it is that of the one
    project in which all paths lie.
    """
    here = load_config(start)
    # In the order given: of several mistakes the first one is said.
    folders = dict.fromkeys(map(_folder, paths))
    outside = [folder for folder in folders if not (here.file and folder.is_relative_to(here.root))]
    if not outside:
        return Found(here)
    theirs = {config.file: config for config in map(load_config, outside)}
    if len(theirs) == 1 and len(outside) == len(folders):
        (config,) = theirs.values()
        if config.file:
            return Found(_from_elsewhere(config))
    return Found(_project(here, folders, start), tuple(sorted(file for file in theirs if file)))


def _folder(path: str) -> Path:
    absolute = Path(os.path.abspath(path))
    return absolute if absolute.is_dir() else absolute.parent


def _project(here: Config, folders: Iterable[Path], start: Path) -> Config:
    """Where nothing is configured, at least where packages lie and facts are kept."""
    if here.file or project_around(start) is not None:
        return here
    roots = {project_around(folder) for folder in folders}
    root = roots.pop()
    return here if roots or root is None else _from_elsewhere(load_config(root))


def _from_elsewhere(config: Config) -> Config:
    """As read in another directory than its own, which is what is checked where no path is named."""
    return msgspec.structs.replace(config, paths=config.paths or (".",))
