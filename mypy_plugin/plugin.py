"""The table of hooks that mypy asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import cast

from mypy.build import PRI_MED
from mypy.checker import TypeChecker
from mypy.nodes import FuncDef, MypyFile
from mypy.options import Options
from mypy.plugin import FunctionContext, Plugin, ReportConfigContext
from mypy.types import Type

from color_checker.errors import ColorCheckerError
from mypy_plugin import codes
from mypy_plugin.injection import CHECK, LAST_PASS, inject_check, inject_marks
from mypy_plugin.module_check import check_module
from mypy_plugin.names import Names
from mypy_plugin.project import Project

#: Where the types of colored functions are defined.
TYPES = "mypy_plugin.colors"


class ColorPlugin(Plugin):
    """Gives colored functions their types, and reports color where a module has been checked."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert codes.CODES
        try:
            self._project = Project()
            config = self._project.config
            self._names = Names([config.resolve(path) for path in config.engine_files], config.engines)
        except ColorCheckerError as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(2) from None
        self._daemon = options.fine_grained_incremental
        self._modules_at: dict[str, str] = {}
        self._marks: dict[str, list[int]] = {}

    # -- files --------------------------------------------------------------------------------------

    def report_config_data(self, ctx: ReportConfigContext) -> str | None:
        """What a module's result depends on besides types: the findings in it."""
        path = os.path.abspath(ctx.path)
        return self._project.digest(path) or None

    def get_additional_deps(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """Called when a file has been parsed: prepares its check."""
        path = os.path.abspath(file.path)
        changed = self._project.look_again(path) if self._daemon else frozenset()
        if not self._project.holds(path) or file.is_stub:
            return []
        self._modules_at[path] = file.fullname
        inject_check(file)
        if self._daemon:
            self._mark(file, path, changed)
        return [(PRI_MED, TYPES, -1)] if self._uses_engine(file) else []

    def _uses_engine(self, file: MypyFile) -> bool:
        return True

    def _mark(self, file: MypyFile, path: str, changed: frozenset[str]) -> None:
        """Let the check functions of other modules, whose findings this change has changed, run again."""
        others = [self._modules_at[other] for other in sorted(changed - {path}) if other in self._modules_at]
        marks = self._marks.setdefault(path, [])
        if others:
            marks.append(len(marks))
        inject_marks(file, marks, others)

    # -- types and calls ------------------------------------------------------------------------------

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """The check of a module."""
        if fullname.endswith(CHECK):
            return self._check_module
        return None

    def _check_module(self, ctx: FunctionContext) -> Type:
        api = cast(TypeChecker, ctx.api)
        function = api.scope.top_level_function()
        if api.pass_num < LAST_PASS and isinstance(function, FuncDef):
            api.defer_node(function, None)
        else:
            check_module(api, self._names, self._project)
        return ctx.default_return_type
