"""What the analyzer says of the project, found once for all files that pylint checks."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.baseline import baseline_of, without_known
from color_checker.config import validate_names
from color_checker.engines import engines_by_package
from color_checker.findings import Finding
from color_checker.rules import all_rules
from color_checker.sources import by_path, encode
from color_checker.surroundings import project_around
from color_checker.worthwhile import is_more, is_worth_a_child
from pylint_plugin.analyzed import Analyzed, Checked, files_with
from pylint_plugin.astroid_state import astroid_state
from pylint_plugin.resolution import findings_of, search_path
from pylint_plugin.settings import Settings, configuration

if TYPE_CHECKING:
    from astroid import nodes

    from pylint_plugin.remote import Remote

#: Less code than this, in bytes, is parsed by pylint before a child process could say anything.
_WORTH_PARSING = 100_000


class Found(msgspec.Struct, frozen=True):
    """What is found in the whole project: all that the processes of `--jobs` have to know.

    Attributes:
        files: the absolute paths of the files that were looked at.
        by_path: absolute path → what is found there.
    """

    settings: Settings
    files: frozenset[str]
    by_path: dict[str, tuple[Finding, ...]]


class Project:
    """The whole project, of which pylint may be given only some files.

    If no earlier result holds, a child process may analyze it while pylint parses; what is found is waited
    for when it is first asked for. If the child fails, the same is done here.
    """

    def __init__(self, settings: Settings, found: Found | None = None) -> None:
        """Raises ColorCheckerError if the configuration is wrong. `found`: what is known already."""
        self._settings = settings
        self._config = configuration(settings)
        self._baseline = baseline_of(self._config)
        self._analyzed = Analyzed(settings, self._config)
        self._remote: Remote | None = None
        #: What has been analyzed here, or is known from an earlier run.
        self._checked: Checked | None = None
        self._files: Collection[str] = found.files if found is not None else ()
        self._by_path = found.by_path if found is not None else None
        self._unsaved: dict[str, nodes.Module] = {}

    # -- where the work is done -----------------------------------------------------------------

    def recall(self) -> None:
        """Take an earlier result, if it holds. Raises ColorCheckerError, also if a name is wrong."""
        self._checked = self._analyzed.recall()
        self._files = self._analyzed.files
        if self._checked is not None:
            return
        if self._config.engine_files or self._settings.engines:
            self._check()  # which finds what may be wrong with them
        else:
            engines = set(engines_by_package().values())
            validate_names(self._config, [rule.name for rule in all_rules()], engines)

    def look_ahead(self, given: Iterable[str], *, is_alone: bool) -> None:
        """Have a child analyze the project while pylint parses what it is given, or analyze it here.

        `is_alone`: pylint infers nothing for messages of its own. Then the child asks its astroid; else, it
        is asked here, where that is paid for. Raises ColorCheckerError as `recall` does.
        """
        if self._by_path is not None or self._checked is not None or self._remote is not None:
            return
        if not (_takes_time(given) and is_worth_a_child(self._files) and self._start(is_alone)):
            self._check()

    def _start(self, is_alone: bool) -> bool:
        from color_checker.ahead import GoneError  # seldom needed, as the next one
        from pylint_plugin.remote import Remote

        try:
            self._remote = Remote(self._settings, astroid_state() if is_alone else None)
        except (OSError, GoneError):
            return False
        return True

    def _check(self) -> None:
        self.close()
        self._by_path = None
        self._checked = self._analyzed.check()
        self._files = self._checked.files

    def close(self) -> None:
        """End the child, if there is one."""
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    # -- what is asked --------------------------------------------------------------------------

    def found(self, source_roots: Sequence[str]) -> Found:
        """What is found in all files, for other processes.

        `source_roots`: pylint's. The directories that it would look for modules in are not known yet.
        """
        if self._by_path is None:
            if self._checked is None:
                self._check()
            assert self._checked is not None
            with search_path(files_with(self._checked.report.gaps), source_roots):
                self._by_path = self._look()
        return Found(self._settings, frozenset(self._files), self._by_path)

    def findings(
        self, module: nodes.Module, unsaved: str | None, parsed: Callable[[], Iterable[str]] = tuple
    ) -> Sequence[Finding]:
        """What is found in a module that pylint is at.

        `unsaved`: the text that an editor has of it; `parsed`: gives the absolute paths of the files that
        pylint has parsed to look at them.
        """
        path = os.path.abspath(module.file)
        if unsaved is not None and not _is_saved(path, unsaved):
            self._unsaved[path] = module
            self._analyzed.overlay(path, unsaved)
            self._check()
        if path not in self._files and os.path.isfile(path):
            # Not in the project's paths, or excluded there; but pylint was told to look at it. So it may be
            # with others, for each of which the project would be analyzed again.
            self._analyzed.add([path, *(other for other in parsed() if other not in self._files)])
            self._check()
        if self._by_path is None:
            self._by_path = {}  # if it fails, pylint says so at this file, and goes on with the others
            self._by_path = self._look()
        return self._by_path.get(path, ())

    def _look(self) -> dict[str, tuple[Finding, ...]]:
        return by_path(without_known(self._looked_for(), self._baseline))

    def _looked_for(self) -> tuple[Finding, ...]:
        if self._remote is not None:
            from color_checker.ahead import GoneError

            with suppress(GoneError):
                return self._ask(self._remote)
        if self._checked is None:
            self._check()
        assert self._checked is not None
        return findings_of(self._config, self._checked, self._analyzed, self._unsaved)

    def _ask(self, remote: Remote) -> tuple[Finding, ...]:
        checked = remote.checked()
        findings = remote.inferred()
        if findings is None:
            findings = findings_of(self._config, checked, remote, self._unsaved)
        self._files = checked.files
        self.close()
        return findings


def _takes_time(given: Iterable[str]) -> bool:
    """Whether pylint has to parse much; it finds out itself what is in a directory or package."""
    given = list(given)
    return not all(map(os.path.isfile, given)) or is_more(given, _WORTH_PARSING)


def _is_saved(path: str, text: str) -> bool:
    try:
        return Path(path).read_bytes() == encode(text)
    except OSError:
        return False


_projects: dict[Settings, Project] = {}

#: Folder → where the project of the files in it is.
_directories: dict[str, str] = {}


def directory_of(file: str) -> str:
    """Where the project of a file is: where pylint runs, if there is a project and the file is in it."""
    folder = os.path.dirname(os.path.abspath(file))
    if folder not in _directories:
        _directories[folder] = _project_of(Path(folder))
    return _directories[folder]


def _project_of(folder: Path) -> str:
    here = Path.cwd()
    if folder.is_relative_to(here) and is_project(here):
        return str(here)
    return str(project_around(folder) or (here if is_project(here) else folder))


def is_project(folder: Path) -> bool:
    """Whether a folder is, or lies in, anything but a file system."""
    return project_around(folder) is not None


def start(settings: Settings) -> Project:
    """Look at the project at the start of a run. Raises ColorCheckerError as `Project.recall` does.

    The project is no attribute of a checker: pylint would send it to every process of `--jobs`.
    """
    forget()
    begun = _projects[settings] = Project(settings)
    begun.recall()
    return begun


def look_ahead(given: Collection[str], *, is_alone: bool) -> None:
    """Pylint begins to parse what it is given. Raises ColorCheckerError as `Project.look_ahead` does."""
    for settings, begun in _projects.items():
        if any(_may_lead_to(settings.directory, path) for path in given):
            begun.look_ahead(given, is_alone=is_alone)


def _may_lead_to(directory: str, given: str) -> bool:
    """Whether pylint may find files of a project there: a folder or a module's name may lead to any."""
    return not os.path.isfile(given) or directory_of(given) == directory


def take(found: Found) -> None:
    """Go on with what another process has found."""
    forget()
    _projects[found.settings] = Project(found.settings, found)


def forget() -> None:
    """A new run begins, which will see what has changed."""
    end()
    _projects.clear()
    _directories.clear()


def end() -> None:
    """Nothing is asked any more in this run."""
    for begun in _projects.values():
        begun.close()


def project(settings: Settings) -> Project:
    """The project of this run."""
    if settings not in _projects:
        begun = Project(settings)
        begun.recall()
        _projects[settings] = begun
    return _projects[settings]
