"""Finds the source of installed third-party modules, without importing anything.

The directories searched, in order: `python-path` of the configuration, then the site-packages of one
environment: `$VIRTUAL_ENV`, else `.venv` or `venv` in the project's root, else the interpreter that is
running. Directories named in `.pth` files, and the tables that setuptools writes for editable installs,
are followed; code in `.pth` files is not run.
"""

from __future__ import annotations

import ast
import glob
import os
import re
import site
from collections.abc import Iterator

import msgspec

from color_checker.config import Config
from color_checker.sources import SourceFile, is_stdlib, shown_path

__all__ = ["Installed", "is_stdlib"]

_EXTENSIONS = (".so", ".pyd")

#: Where the libraries of a virtual environment are.
_LIBRARIES = ("lib", "lib64", "Lib")


class _Place(msgspec.Struct, frozen=True):
    """What a dotted name is on disk.

    Attributes:
        source: its file; "" for a C extension or a namespace package.
        root: the search directory.
        folders: where its submodules lie; several for a namespace package, none for a plain module.
    """

    source: str
    root: str
    folders: tuple[str, ...]


class Basis(msgspec.Struct, frozen=True):
    """What was looked at to find modules.

    Attributes:
        guides: files that say where else modules lie.
        folders: where modules lie if there is such a folder.
        listings: folders of which it counts what is in them.
    """

    guides: tuple[str, ...]
    folders: tuple[str, ...]
    listings: tuple[str, ...]


class Installed:
    """Installed modules by dotted name. Directories are listed once and remembered."""

    def __init__(self, config: Config, root: str, *, environ: dict[str, str] | None = None) -> None:
        """`root` is the project's; `environ` stands in for `os.environ` in tests."""
        environment = dict(os.environ) if environ is None else environ
        self._root, self._environment = root, environment
        self._listings: dict[str, frozenset[str]] = {}
        self._found: dict[str, _Place | None] = {}
        extra = [os.path.join(root, path) for path in config.python_path]
        sites = _site_directories(root, environment)
        self.directories: tuple[str, ...] = tuple(dict.fromkeys(self._with_pth(extra + sites)))
        self._editable = dict(self._editable_packages())

    def find(self, module: str) -> SourceFile | None:
        """The source of a module; None if it is not installed, has no source or is a namespace package."""
        place = self._place(module)
        if place is None or not place.source:
            return None
        package = os.path.basename(place.source) == "__init__.py"
        return SourceFile(place.source, _shown(place.source), module, package, place.root)

    def has(self, module: str) -> bool:
        """Whether a module is installed, be it Python, a C extension or a namespace package."""
        return self._place(module) is not None

    def submodules(self, module: str) -> tuple[str, ...]:
        """The names, sorted and not dotted, of the modules and packages directly below a package."""
        place = self._place(module)
        names: set[str] = set()
        for folder in place.folders if place else ():
            for entry in self._list(folder):
                stem, dot, _ = entry.partition(".")
                is_module = entry.endswith((".py", *_EXTENSIONS)) if dot else entry != "__pycache__"
                if is_module and stem.isidentifier() and (dot or self._list(os.path.join(folder, entry))):
                    names.add(stem)
        return tuple(sorted(names - {"__init__"}))

    def basis(self) -> Basis:
        """What all answers so far depend on."""
        named = [
            (os.path.join(directory, name), name)
            for directory in self.directories
            for name in self._list(directory)
        ]
        guides = sorted(path for path, name in named if name.endswith(".pth") or _is_finder(name))
        folders = {
            path for guide in guides if guide.endswith(".pth") for path in _pth_paths(*os.path.split(guide))
        }
        listings = set(self._listings)
        for environment in _environments(self._root, self._environment):
            listings.update(os.path.join(environment, name) for name in _LIBRARIES)
            folders.update(_possible_sites(environment))
        folders.update(_own_sites())
        return Basis(tuple(guides), tuple(sorted(folders)), tuple(sorted(listings)))

    def _place(self, module: str) -> _Place | None:
        if module not in self._found:
            self._found[module] = self._search(module)
        return self._found[module]

    def _search(self, module: str) -> _Place | None:
        parent, _, name = module.rpartition(".")
        if not name.isidentifier() or module.startswith("."):
            return None
        above = self._place(parent) if parent else None
        if above is not None:
            found = self._look(name, [(folder, above.root) for folder in above.folders])
        else:
            places = () if parent else self.directories
            found = self._look(name, [(directory, directory) for directory in places])
        if found is None and module in self._editable:
            folder, base = os.path.split(self._editable[module].removesuffix(".py"))
            found = self._look(base, [(folder, folder)])
        return found

    def _look(self, name: str, places: list[tuple[str, str]]) -> _Place | None:
        """Look in each folder for a package, a module, an extension; directories without code come last."""
        namespace: list[tuple[str, str]] = []
        for folder, root in places:
            entries = self._list(folder)
            directory = os.path.join(folder, name)
            if name in entries:
                inside = self._list(directory)
                if "__init__.py" in inside:
                    return _Place(os.path.join(directory, "__init__.py"), root, (directory,))
                if inside:
                    namespace.append((directory, root))
            if f"{name}.py" in entries:
                return _Place(os.path.join(folder, f"{name}.py"), root, ())
            if any(entry.startswith(f"{name}.") and entry.endswith(_EXTENSIONS) for entry in entries):
                return _Place("", root, ())
        if namespace:
            return _Place("", namespace[0][1], tuple(directory for directory, _ in namespace))
        return None

    def _list(self, directory: str) -> frozenset[str]:
        listing = self._listings.get(directory)
        if listing is None:
            try:
                listing = frozenset(os.listdir(directory))
            except OSError:  # no directory, or none of ours
                listing = frozenset()
            self._listings[directory] = listing
        return listing

    def _with_pth(self, directories: list[str]) -> Iterator[str]:
        """The directories, each followed by those that its `.pth` files add."""
        for directory in directories:
            yield directory
            for name in sorted(self._list(directory)):
                if name.endswith(".pth"):
                    yield from _pth_directories(directory, name)

    def _editable_packages(self) -> Iterator[tuple[str, str]]:
        """Module name → path, from the finders that setuptools writes for editable installs."""
        for directory in self.directories:
            for name in sorted(self._list(directory)):
                if _is_finder(name):
                    yield from _finder_mapping(os.path.join(directory, name)).items()


def _site_directories(root: str, environ: dict[str, str]) -> list[str]:
    for environment in _environments(root, environ):
        found = _site_packages(environment)
        if found:
            return found
    return [directory for directory in _own_sites() if os.path.isdir(directory)]


def _environments(root: str, environ: dict[str, str]) -> list[str]:
    """The directories that may hold the project's virtual environment, the first that does counts."""
    active = [environ["VIRTUAL_ENV"]] if environ.get("VIRTUAL_ENV") else []
    return [*active, *(os.path.join(root, name) for name in (".venv", "venv"))]


def _own_sites() -> list[str]:
    """The site-packages of the interpreter that is running, if they are there."""
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return user + site.getsitepackages()


def _possible_sites(environment: str) -> Iterator[str]:
    """What may become the site-packages of a virtual environment, as long as no other Python is put there."""
    yield os.path.join(environment, "Lib", "site-packages")
    base = glob.escape(environment)
    for library in ("lib", "lib64"):
        for python in glob.glob(os.path.join(base, library, "python3*")):
            yield os.path.join(python, "site-packages")


def _site_packages(environment: str) -> list[str]:
    """The site-packages of a virtual environment, on POSIX and on Windows."""
    base = glob.escape(environment)
    patterns = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")
    found = [path for pattern in patterns for path in sorted(glob.glob(os.path.join(base, pattern)))]
    return list({os.path.realpath(path): path for path in reversed(found)}.values())[::-1]


def _is_finder(name: str) -> bool:
    return name.startswith("__editable__") and name.endswith("_finder.py")


def _pth_directories(directory: str, name: str) -> Iterator[str]:
    return (path for path in _pth_paths(directory, name) if os.path.isdir(path))


def _pth_paths(directory: str, name: str) -> Iterator[str]:
    try:
        with open(os.path.join(directory, name), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read(100_000).splitlines()
    except OSError:
        return
    for line in lines:
        if line.strip() and not line.startswith(("#", "import ", "import\t")) and "\0" not in line:
            yield os.path.normpath(os.path.join(directory, line.rstrip()))


_MAPPING = re.compile(r"^MAPPING\b[^=\n]*= *(\{.*\}) *$", re.MULTILINE)


def _finder_mapping(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            match = _MAPPING.search(file.read(1_000_000))
        mapping = ast.literal_eval(match[1]) if match else {}
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return {
        name: place for name, place in mapping.items() if isinstance(name, str) and isinstance(place, str)
    }


def _shown(path: str) -> str:
    """Relative where that is short, so within the working directory; else absolute."""
    shown = shown_path(path)
    return path.replace(os.sep, "/") if shown.startswith("../") else shown
