"""Finds the Python files to check, under the module names by which they import each other.

Identity of a module. A file is `(root, module)`: `root` is the directory from which it is imported,
`module` its dotted name there. The pair is unique; the name alone is not. A file's root is

1. the nearest *declared* root above it: `source-roots` of the configuration, else what the build
   system's tables in `pyproject.toml` say, and `src/` if there is one;
2. else, inside a package with `__init__.py`, the directory above the outermost such package;
3. else (scripts, packages without `__init__.py`) the project's root, or the directory that was given
   if that lies elsewhere; a directory that is no identifier (`my-app`) starts names anew.

A directory below (or elsewhere, if a path there was given) that holds a `pyproject.toml` is a project of its
own, with roots of its own, from wherever it is checked.

So two scripts `examples/a/workflows.py` and `examples/b/workflows.py` are `examples.a.workflows` and
`examples.b.workflows` whatever was given on the command line. Both may say `from steps import x` and
each finds its own `steps.py`: see `ModuleIndex`.

Only `.py` files are looked for: stubs (`.pyi`) have no bodies, notebooks are not read. A file that is
given by its own name is always taken, unless it is a notebook.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import hashlib
import io
import itertools
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from color_checker.config import Config, source_roots_of
from color_checker.errors import SourceError
from color_checker.findings import Finding, InputError
from color_checker.gitignore import Patterns

#: Bigger files are generated data, and an `ast` takes about a hundred times their size.
MAX_BYTES = 20 * 1024 * 1024

#: Directories that are not entered unless `exclude` says `!name`. Names ending in `.egg-info` are another.
DEFAULT_EXCLUDES = frozenset({
    ".color_checker_cache", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox",
    ".pixi", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", "__pycache__",
    "__pypackages__", "build", "dist", "node_modules", "site-packages", "venv",
})  # fmt: skip


_PROJECT = "pyproject.toml"

Placed = TypeVar("Placed", Finding, InputError)


class SourceFile(msgspec.Struct, frozen=True, gc=False):
    """One file that is checked, or read because a checked one imports it.

    Attributes:
        path: absolute.
        shown: as written in reports: relative to the working directory, with "/".
        module: dotted name under `root`; for `__init__.py` the package's.
        package: whether it is an `__init__.py`.
        root: the directory from which it is imported, absolute.
    """

    path: str
    shown: str
    module: str
    package: bool
    root: str


class Sources(msgspec.Struct, frozen=True):
    """What `discover` found; files and errors are sorted by the path shown.

    Attributes:
        roots: the declared roots and the project's, in the order in which they are searched.
        links: symbolic link → the file or directory, found by another path, that it stands for.
        projects: directory of another project → the roots that its files look in, its own among them.
    """

    files: tuple[SourceFile, ...] = ()
    errors: tuple[InputError, ...] = ()
    roots: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    projects: tuple[tuple[str, tuple[str, ...]], ...] = ()


def discover(
    paths: Sequence[Path], config: Config, root: Path, visit: Callable[[str], None] = lambda folder: None
) -> Sources:
    """The files below `paths`. Nothing is raised for what cannot be read: it is in `errors`.

    Args:
        root: the project's root, to which `exclude` and declared roots are relative.
        visit: told each directory in which files are looked for.
    """
    discovery = _Discovery(config, os.path.abspath(root))
    sources = discovery.run([os.path.abspath(path) for path in paths])
    for folder in discovery.walked.values():
        visit(folder)
    return sources


def shown_path(path: str) -> str:
    """An absolute path as reports write it: relative to the working directory, "/", always encodable."""
    with contextlib.suppress(ValueError):  # raised on Windows for another drive
        path = os.path.relpath(path)
    return _encodable(path.replace(os.sep, "/"))


def by_path(items: Iterable[Placed]) -> dict[str, tuple[Placed, ...]]:
    """Absolute path → what stands in that file; paths are as reports write them."""
    found: dict[str, list[Placed]] = {}
    absolute: dict[str, str] = {}
    for item in items:
        if item.path not in absolute:
            absolute[item.path] = os.path.abspath(item.path)
        found.setdefault(absolute[item.path], []).append(item)
    return {path: tuple(same) for path, same in found.items()}


def _encodable(path: str) -> str:
    """Names that are not valid UTF-8 come with lone surrogates, which no report can hold."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Folder(msgspec.Struct):
    """A directory on its way through the walk."""

    path: str
    real: str
    shown: str
    ignores: tuple[tuple[str, Patterns], ...]


class _Discovery:
    """The state of one walk."""

    def __init__(self, config: Config, root: str) -> None:
        self.root = root
        self.exclude = Patterns(config.exclude) if config.exclude else None
        self.roots = _declared_roots(config, root)
        self.layout = _Layout(root, self.roots)
        self.files: dict[str, tuple[str, str]] = {}  # real path → path, shown
        self.walked: dict[str, str] = {}  # real path → path
        self.links: list[tuple[_Folder, os.DirEntry[str]]] = []
        self.other_names: list[tuple[str, str]] = []
        self.errors: list[InputError] = []

    def run(self, paths: list[str]) -> Sources:
        folders = [path for path in paths if os.path.isdir(path)]
        for path in paths:
            if not _is_below(path, self.root) and not self.layout.is_in_project(path):
                self.layout.bases.add(path if path in folders else os.path.dirname(path))
            if path not in folders:
                self._take_given(path)
        for path in sorted(folders):
            self._walk(_Folder(path, os.path.realpath(path), shown_path(path), self._ignores_above(path)))
        self._follow_links()
        return self._result()

    def _result(self) -> Sources:
        found = sorted(self.files.values(), key=lambda item: item[1])
        roots = tuple(dict.fromkeys((*self.roots, self.root)))
        files = tuple(self.layout.name(found))
        links, projects = tuple(sorted(self.other_names)), tuple(sorted(self.layout.projects.items()))
        return Sources(files, tuple(sorted(set(self.errors))), roots, links, projects)

    def _take_given(self, path: str) -> None:
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            self._error(path, _reason(error))
            return
        if path.endswith(".ipynb"):
            self._error(path, "is a notebook; notebooks are not checked")
        elif not stat.S_ISREG(mode):
            self._error(path, "is not a regular file")
        else:
            self.files.setdefault(os.path.realpath(path), (path, shown_path(path)))

    def _walk(self, folder: _Folder) -> None:
        pending = [folder]
        while pending:
            folder = pending.pop()
            if folder.real not in self.walked:
                self.walked[folder.real] = folder.path
                pending += self._read(folder)

    def _read(self, folder: _Folder) -> list[_Folder]:
        """Take the files of a directory; give the directories to enter next."""
        try:
            with os.scandir(folder.path) as scan:
                entries = list(scan)
        except OSError as error:
            self._error(folder.path, _reason(error))
            return []
        names = {entry.name for entry in entries}
        self.layout.has_init[folder.path] = "__init__.py" in names
        self.layout.has_project[folder.path] = _PROJECT in names
        if ".gitignore" in names:
            folder.ignores = (*folder.ignores, (folder.path, _read_patterns(folder.path)))
        prefix = "" if folder.shown == "." else folder.shown + "/"
        subfolders = []
        for entry in entries:
            name = entry.name
            if entry.is_symlink():
                self.links.append((folder, entry))
            elif name.endswith(".py") and entry.is_file(follow_symlinks=False):
                if not self._ignored(folder, name, False):
                    real = os.path.join(folder.real, name)
                    self.files.setdefault(real, (entry.path, _encodable(prefix + name)))
            elif entry.is_dir(follow_symlinks=False) and not self._ignored(folder, name, True):
                subfolders.append(self._below(folder, entry, os.path.join(folder.real, name)))
        return subfolders

    def _below(self, folder: _Folder, entry: os.DirEntry[str], real: str) -> _Folder:
        shown = entry.name if folder.shown == "." else f"{folder.shown}/{entry.name}"
        return _Folder(entry.path, real, _encodable(shown), folder.ignores)

    def _follow_links(self) -> None:
        """Links come last, so that a file is known by its own path where both were met."""
        while self.links:
            links, self.links = sorted(self.links, key=lambda link: link[1].path), []
            for folder, entry in links:
                self._follow(folder, entry)

    def _follow(self, folder: _Folder, entry: os.DirEntry[str]) -> None:
        is_python = entry.name.endswith(".py")
        try:
            mode = os.stat(entry.path).st_mode
        except OSError as error:
            # Editors leave dangling links (`.#name.py`) as locks. A link in a circle is always an error.
            broken = is_python and not entry.name.startswith(".#")
            if (broken or not isinstance(error, FileNotFoundError)) and not self._ignored(
                folder, entry.name, is_directory=not is_python
            ):
                self._error(entry.path, _reason(error))
            return
        is_directory = stat.S_ISDIR(mode)
        if not (is_directory or (is_python and stat.S_ISREG(mode))) or self._ignored(
            folder, entry.name, is_directory
        ):
            return
        real = os.path.realpath(entry.path)
        if real in self.walked:
            self.other_names.append((entry.path, self.walked[real]))
        elif real in self.files:
            self.other_names.append((entry.path, self.files[real][0]))
        elif is_directory:
            self._walk(self._below(folder, entry, real))
        else:
            self.files[real] = (entry.path, shown_path(entry.path))

    def _ignored(self, folder: _Folder, name: str, is_directory: bool) -> bool:
        """`exclude` has the first word, then the defaults, then the `.gitignore` files, nearest first."""
        by_default = is_directory and (name in DEFAULT_EXCLUDES or name.endswith(".egg-info"))
        if not (self.exclude or folder.ignores):
            return by_default
        path = os.path.join(folder.path, name)
        if self.exclude is not None:
            verdict = self.exclude.verdict(_below(path, self.root), name, is_directory)
            if verdict is not None:
                return verdict
        if by_default:
            return True
        for directory, patterns in reversed(folder.ignores):
            verdict = patterns.verdict(_below(path, directory), name, is_directory)
            if verdict is not None:
                return verdict
        return False

    def _ignores_above(self, path: str) -> tuple[tuple[str, Patterns], ...]:
        """The `.gitignore` files between the repository's top and a given directory."""
        above = []
        for directory in _up(path):
            if directory != path and os.path.isfile(os.path.join(directory, ".gitignore")):
                above.append((directory, _read_patterns(directory)))
            if os.path.exists(os.path.join(directory, ".git")):
                return tuple(reversed(above))
        return ()

    def _error(self, path: str, reason: str) -> None:
        self.errors.append(InputError(shown_path(path), 1, 1, reason))


def _below(path: str, directory: str) -> str:
    """The path relative to a directory, with "/"; what lies elsewhere keeps its whole path."""
    relative = path[len(directory) :] if _is_below(path, directory) else path
    relative = relative.lstrip(os.sep)
    return relative if os.sep == "/" else relative.replace(os.sep, "/")


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(
        directory if directory.endswith(os.sep) else directory + os.sep
    )


def _read_patterns(directory: str) -> Patterns:
    try:
        with open(
            os.path.join(directory, ".gitignore"), encoding="utf-8-sig", errors="surrogateescape"
        ) as file:
            return Patterns(file)
    except OSError:
        return Patterns(())


def _reason(error: OSError) -> str:
    return "cannot be read: " + (error.strerror or type(error).__name__).lower()


def _up(path: str) -> Iterator[str]:
    """A directory, and those above it."""
    while True:
        yield path
        parent = os.path.dirname(path)
        if parent == path:
            return
        path = parent


def _declared_roots(config: Config, root: str) -> tuple[str, ...]:
    """Absolute, in the user's order. The project's root itself is left to the rules for undeclared files."""
    return _existing_roots(config.source_roots or (*config.package_roots, "src"), root)


def _existing_roots(candidates: Iterable[str], root: str) -> tuple[str, ...]:
    found = dict.fromkeys(os.path.normpath(os.path.join(root, candidate)) for candidate in candidates)
    return tuple(path for path in found if path != root and os.path.isdir(path) and not _has_init(path))


def _has_init(directory: str) -> bool:
    return os.path.isfile(os.path.join(directory, "__init__.py"))


class _Layout:
    """Gives files their root and module name; see the module's docstring for the rules."""

    def __init__(self, root: str, declared: tuple[str, ...]) -> None:
        self.root = root
        self.declared = set(declared)
        self.bases = {root}
        self.has_init: dict[str, bool] = {}
        self.has_project: dict[str, bool] = {}
        self.projects: dict[str, tuple[str, ...]] = {}
        self.places: dict[str, tuple[str, str]] = {}

    def name(self, files: list[tuple[str, str]]) -> Iterator[SourceFile]:
        """The files, named. Where several have one name, Python's own choice keeps it."""
        named = []
        for path, shown in files:
            directory, _, base = path.rpartition(os.sep)
            root, prefix = self.place(directory or os.sep)
            stem = base.removesuffix(".py")
            package = base == "__init__.py" and prefix != ""
            module = prefix if package else _join(prefix, stem.replace(".", "-").replace("#", "-"))
            named.append(SourceFile(path, shown, module, package, root))
        claims: dict[tuple[str, str], list[SourceFile]] = {}
        for file in named:
            claims.setdefault((file.root, file.module), []).append(file)
        for file in named:
            same = claims[file.root, file.module]
            position = sorted(same, key=_precedence).index(file) if len(same) > 1 else 0
            yield msgspec.structs.replace(file, module=f"{file.module}#{position + 1}") if position else file

    def place(self, directory: str) -> tuple[str, str]:
        """The root of the files in a directory, and the dotted name of the directory there."""
        if directory not in self.places:
            # From the top down, because a tree can be deeper than Python's stack.
            unknown = [above for above in _up(directory) if above not in self.places]
            for above in reversed(unknown):
                self.places[above] = self._find_place(above)
        return self.places[directory]

    def _find_place(self, directory: str) -> tuple[str, str]:
        parent, name = os.path.split(directory)
        if self._is_project(directory):
            self._take_project(directory)
        if directory in self.declared or parent == directory:
            return directory, ""
        if self._is_package(directory):
            if not self._is_package(parent) and not self._is_declared(parent):
                return parent, name
        elif directory in self.bases or not name.isidentifier() or not self._has_base_above(directory):
            return directory, ""
        root, prefix = self.places[parent]
        return root, _join(prefix, name)

    def is_in_project(self, path: str) -> bool:
        """Whether a file or directory lies in another project than the one that is checked."""
        return any(self._is_project(above) for above in _up(path))

    def _is_project(self, directory: str) -> bool:
        known = self.has_project.get(directory)
        if known is None:
            known = self.has_project[directory] = os.path.isfile(os.path.join(directory, _PROJECT))
        return known and not _is_below(self.root, directory)

    def _take_project(self, directory: str) -> None:
        """Its roots count for its own files; where nothing else is said, their names start there."""
        file = os.path.join(directory, _PROJECT)
        try:
            status = os.stat(file)
        except OSError:
            return
        roots = _existing_roots(_roots_in(file, status.st_mtime_ns, status.st_size), directory)
        self.declared.update(roots)
        self.bases.add(directory)
        self.projects[directory] = tuple(dict.fromkeys((*roots, directory)))

    def _is_package(self, directory: str) -> bool:
        known = self.has_init.get(directory)
        if known is None:
            known = self.has_init[directory] = _has_init(directory)
        return known and os.path.basename(directory).isidentifier()

    def _is_declared(self, directory: str) -> bool:
        return self.places[directory][0] in self.declared

    def _has_base_above(self, directory: str) -> bool:
        return any(above in self.bases for above in _up(os.path.dirname(directory)))


@functools.lru_cache(maxsize=256)
def _roots_in(file: str, written: int, size: int) -> tuple[str, ...]:
    """Where a `pyproject.toml` says that packages lie; read once, as long as it is as it was."""
    return source_roots_of(Path(file))


def _precedence(file: SourceFile) -> tuple[bool, bool, str]:
    return (not file.package, not file.path.endswith(".py"), file.path)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def is_stdlib(module: str) -> bool:
    """Whether the top-level package of a dotted name belongs to Python."""
    return module.partition(".")[0] in sys.stdlib_module_names


class ModuleIndex:
    """Finds checked files by the names under which other files import them.

    The search follows paths, as Python's own does, in the order in which an import would succeed:

    1. the importer's root, the roots of the project it lies in, then the declared roots and those of the
       main project;
    2. the importer's own folder (it may be run as a script) and the folders above it up to its root,
       unless they are packages with `__init__.py`;
    3. the roots of all other files;
    4. such packages, for scripts that lie in one.

    A name that is known to come from elsewhere (`foreign`: the standard library, installed packages)
    is only looked for in 1, and never taken for the importer itself: `app/redis.py` that imports redis
    means the package. A directory without `__init__.py` is no file; ask `submodules`.
    """

    def __init__(self, sources: Sources, foreign: Callable[[str], bool] = is_stdlib) -> None:
        """`foreign` is asked with a full dotted name."""
        self._foreign = foreign
        self._by_path = {file.path: file for file in sources.files}
        self._by_path.update(_linked(sources))
        self._roots = sources.roots
        self._projects = dict(sources.projects)
        self._other_roots = tuple(dict.fromkeys(file.root for file in sources.files))
        self._known_roots = frozenset((*self._roots, *self._other_roots))
        self._found: dict[tuple[str, str, str], SourceFile | None] = {}
        #: Where importers look, by their root and folder.
        self._around: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._children: dict[str, set[str]] | None = None

    def find(self, name: str, importer: SourceFile | None = None) -> SourceFile | None:
        """The file that `import name` would run in `importer`, or None if it is no checked file.

        Installed packages do not import the project: for an importer that lies in none of the roots
        of checked files, the answer is None.
        """
        if importer is not None and importer.root not in self._known_roots:
            return None
        root, folder = (importer.root, os.path.dirname(importer.path)) if importer else ("", "")
        key = (name, root, folder)
        if key not in self._found:
            self._found[key] = self._search(name, root, folder)
        found = self._found[key]
        if found is not None and found is importer and not found.package and self._comes_from_elsewhere(name):
            return None
        return found

    def at(self, path: str) -> SourceFile | None:
        """The checked file at an absolute path: an installed package may be the project's own (editable)."""
        return self._by_path.get(path) or self._by_path.get(os.path.realpath(path))

    def submodules(self, name: str, importer: SourceFile | None = None) -> tuple[str, ...]:
        """The names, sorted and not dotted, of the modules and packages directly below a package."""
        relative = name.replace(".", os.sep)
        package = self.find(name, importer)
        if package is not None:
            return self._below(os.path.dirname(package.path)) if package.package else ()
        root, folder = (importer.root, os.path.dirname(importer.path)) if importer else ("", "")
        places = self._places(name, root, folder)
        portions = {os.path.join(place, relative) for place in places if not self._is_package(place)}
        return tuple(sorted({child for portion in portions for child in self._below(portion)}))

    def _search(self, name: str, root: str, folder: str) -> SourceFile | None:
        relative = os.sep + name.replace(".", os.sep)
        inside = f"{relative}{os.sep}__init__.py"
        module = relative + ".py"
        by_path = self._by_path
        for place in self._places(name, root, folder):
            place = place.rstrip(os.sep)
            found = by_path.get(place + inside) or by_path.get(place + module)
            if found is not None:
                return found
        return None

    def _places(self, name: str, root: str, folder: str) -> Iterator[str]:
        if is_stdlib(name):
            # Only next to the importer: Python finds its own modules before those of any other root.
            yield from (root,) if root else ()
            return
        key = (root, folder)
        if key not in self._around:
            self._around[key] = self._sure(root, folder), self._unsure(root, folder)
        sure, unsure = self._around[key]
        yield from sure
        if not self._foreign(name):
            yield from unsure

    def _sure(self, root: str, folder: str) -> tuple[str, ...]:
        """Where an importer in the folder finds modules whatever they are called."""
        own = next((self._projects[above] for above in _up(folder) if above in self._projects), ())
        return tuple(dict.fromkeys((root, *own, *self._roots) if root else self._roots))

    def _unsure(self, root: str, folder: str) -> tuple[str, ...]:
        """Where it finds those that do not come from elsewhere."""
        folders = list(itertools.takewhile(lambda above: above != root, _up(folder))) if folder else []
        packages = {above for above in folders if self._is_package(above)}
        scripts = (above for above in folders if above not in packages)
        return (*scripts, *self._other_roots, *(above for above in folders if above in packages))

    def _is_package(self, folder: str) -> bool:
        return os.path.join(folder, "__init__.py") in self._by_path

    def _comes_from_elsewhere(self, name: str) -> bool:
        return is_stdlib(name) or self._foreign(name)

    def _below(self, directory: str) -> tuple[str, ...]:
        if self._children is None:
            self._children = self._list()
        return tuple(sorted(self._children.get(directory, ())))

    def _list(self) -> dict[str, set[str]]:
        children: dict[str, set[str]] = {}
        for path in self._by_path:
            directory, base = os.path.split(path)
            names = children.setdefault(directory, set())
            if base != "__init__.py" and base.endswith(".py"):
                names.add(base[:-3])
            for above in _up(directory):
                parent, name = os.path.split(above)
                siblings = children.setdefault(parent, set())
                if name in siblings or not name:
                    break
                siblings.add(name)
        return children


def _linked(sources: Sources) -> Iterator[tuple[str, SourceFile]]:
    """The files by those of their paths that lead through symbolic links."""
    if not sources.links:
        return
    files = {file.path: file for file in sources.files}
    paths = sorted(files)
    for link, target in sources.links:
        if target in files:
            yield link, files[target]
        start = bisect.bisect_left(paths, target + os.sep)
        end = bisect.bisect_left(paths, target + chr(ord(os.sep) + 1))
        for path in paths[start:end]:
            yield link + path[len(target) :], files[path]


def absolute_name(importer: SourceFile, level: int, module: str) -> str | None:
    """The full name behind `from ..module import x` (level 2); None if it leads above the root."""
    if level == 0:
        return module
    parts = importer.module.split(".")
    keep = len(parts) - level + importer.package
    if keep < 0 or (keep == 0 and not module):
        return None
    return ".".join([*parts[:keep], *([module] if module else [])])


def read_source(path: str) -> bytes:
    """The bytes of a file. Raises SourceError."""
    return read_with_status(path)[0]


#: When a file was last written, its size, and its number in the file system.
State = tuple[int, int, int]


def state_of(path: str | os.PathLike[str]) -> State | None:
    """Another value once the file has been written again; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def read_with_status(path: str) -> tuple[bytes, os.stat_result]:
    """The bytes of a file, and what the file system said of it just before. Raises SourceError."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    )
    try:
        descriptor = os.open(path, flags)  # without O_NONBLOCK, opening a pipe would wait for its writer
        with open(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SourceError("is not a regular file")
            if status.st_size > MAX_BYTES:
                raise SourceError(f"is too big to check ({status.st_size / 1e6:.0f} MB; the limit is 20 MB)")
            return file.read(), status
    except OSError as error:
        raise SourceError(_reason(error)) from None


def decode(data: bytes) -> str:
    """The text of a file, in the encoding that its first lines declare (PEP 263). Raises SourceError.

    The text has no NUL and no lone surrogate, so the parser takes it; line ends are left as they are.
    """
    if b"\0" in data:
        line, column = _place(data, data.index(b"\0"))
        raise SourceError("contains a NUL byte, which Python does not allow", line, column)
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
        if not encoding.startswith("utf-8"):
            text.encode()  # `unicode_escape` and its like can make text that is none
            if "\0" in text:
                raise SourceError("contains a NUL character, which Python does not allow")
        return text
    except UnicodeDecodeError as error:
        line, column = _place(error.object, error.start)
        raise SourceError(
            f"is not valid {encoding.removesuffix('-sig')}: {error.reason}", line, column
        ) from None
    except (UnicodeError, LookupError, ValueError) as error:
        raise SourceError(f"cannot be decoded as {encoding}: {error}") from None


def encode(text: str) -> bytes:
    """The bytes of a file that holds `text`: in the encoding that its first lines declare, if that can be."""
    data = text.encode(errors="surrogatepass")
    try:
        encoding = _encoding(data)
        return data if encoding == "utf-8" else text.encode(encoding)
    except (SourceError, UnicodeError, LookupError):
        return data  # reading it says what is wrong


def _encoding(data: bytes) -> str:
    if b"coding" not in data[: _end_of_second_line(data)] and not data.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    import tokenize  # most files declare nothing

    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        if str(error.msg).startswith("invalid or missing encoding"):
            return "utf-8"  # the first lines are no UTF-8 and declare nothing: let decoding say where
        raise SourceError(f"has a wrong encoding declaration: {error.msg}") from None


def _end_of_second_line(data: bytes) -> int:
    end = data.find(b"\n", data.find(b"\n") + 1)
    return len(data) if end < 0 else end


def _place(data: bytes, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a byte; characters count by their UTF-8 first bytes."""
    before = data[:offset]
    lines = re.split(rb"\r\n|\r|\n", before)
    return len(lines), len(lines[-1].decode("utf-8", "replace")) + 1


def content_hash(data: bytes) -> bytes:
    """16 bytes that stand for the content of a file."""
    return hashlib.blake2b(data, digest_size=16).digest()
