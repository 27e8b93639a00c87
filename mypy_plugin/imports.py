"""What a module imports, and whether mypy would find a module."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mypy.modulefinder import get_search_dirs
from mypy.nodes import Import, ImportAll, ImportFrom, MypyFile
from mypy.options import Options

#: Where the types of colored functions are defined.
TYPES = "mypy_plugin.colors"


def imported_modules(file: MypyFile) -> Iterator[str]:
    """The absolute names of the modules, or of what is in them, that a file imports anywhere."""
    for statement in file.imports:
        if isinstance(statement, Import):
            yield from (name for name, _ in statement.ids)
        elif isinstance(statement, ImportFrom) and not statement.relative:
            yield from (f"{statement.id}.{name}" for name, _ in statement.names)
        elif isinstance(statement, ImportAll) and not statement.relative:
            yield statement.id


def finds_module(name: str, options: Options) -> bool:
    """Whether the checked project's environment has the module: mypy may be installed apart from it."""
    file = os.path.join(*name.split(".")) + ".py"
    installed, site = get_search_dirs(options.python_executable)
    return any(
        os.path.exists(os.path.join(directory, file))
        for directory in (*options.mypy_path, os.curdir, *installed, *site)
    )
