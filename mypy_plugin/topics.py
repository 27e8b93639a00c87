"""All that is done about color while mypy checks modules: the table of topics.

It is loaded when there is something to check. A run in which everything comes from mypy's cache needs none.
"""

from __future__ import annotations

import os

from mypy.build import PRI_MED
from mypy.checker import TypeChecker
from mypy.nodes import MypyFile
from mypy.options import Options
from mypy.plugin import FunctionContext, MethodContext

from mypy_plugin import coloring, reveal
from mypy_plugin.arguments.dependencies import Dependencies
from mypy_plugin.arguments.results import Results
from mypy_plugin.failures import Failures
from mypy_plugin.hooks import Hooks, Topic
from mypy_plugin.imports import TYPES, imported_modules
from mypy_plugin.module_check import check_module
from mypy_plugin.names import Names
from mypy_plugin.project import Project

#: What has a say about the type of a call, by the full name of what is called.
FUNCTIONS: tuple[Topic[FunctionContext], ...] = (coloring.function_hook, reveal.function_hook)
METHODS: tuple[Topic[MethodContext], ...] = (coloring.method_hook,)


class Topics:
    """The topics, for one project."""

    def __init__(
        self, names: Names, project: Project, options: Options, failures: Failures, *, has_colors: bool
    ) -> None:
        """`has_colors`: whether mypy finds the types of colored functions."""
        self._names = names
        self._project = project
        self._has_colors = has_colors
        self._dependencies = Dependencies(names, project, options)
        results = Results(project)
        self.functions: Hooks[FunctionContext] = Hooks(names, (*FUNCTIONS, results), failures)
        self.methods: Hooks[MethodContext] = Hooks(names, (*METHODS, results), failures)

    def dependencies(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """The modules that have to be checked before a file that has just been parsed, as mypy wants them."""
        found = self._dependencies.of(file)
        if self._has_colors:
            coloring.note_decorators(file)
            # Both: what reveals a color is put into the file.
            if reveal.show_colors(file) | self._names.imports_engine(imported_modules(file)):
                found.append((PRI_MED, TYPES, -1))
        return found

    def check(self, api: TypeChecker) -> frozenset[str]:
        """`check_module` for the module that mypy is checking."""
        if self._has_colors:
            reveal.show_colors_late(api)
        if not self._dependencies.is_whole(api.tree):
            self._project.distrust(os.path.abspath(api.path))
        return check_module(api, self._names, self._project)
