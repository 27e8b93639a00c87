"""The table of hooks that mypy asks for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from typing import TYPE_CHECKING, TypeVar, cast

from mypy.checker import TypeChecker
from mypy.checker_state import checker_state
from mypy.nodes import FuncDef, MypyFile
from mypy.options import Options
from mypy.plugin import FunctionContext, MethodContext, Plugin, ReportConfigContext
from mypy.types import Type

from mypy_plugin import codes, imports
from mypy_plugin.compat import let_report_again
from mypy_plugin.failures import Failures
from mypy_plugin.injection import (
    CHECK,
    check_name,
    depend_on_types,
    has_check,
    inject_analyzed_check,
    inject_analyzed_mark,
    inject_check,
    inject_marks,
    remove_check,
)
from mypy_plugin.standing import Standing
from mypy_plugin.turns import Turn, Turns

if TYPE_CHECKING:
    from mypy_plugin.names import Names
    from mypy_plugin.project import Project
    from mypy_plugin.topics import Topics


Self = TypeVar("Self", bound="ColorPlugin")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Other = TypeVar("Other")


def _if_it_fails(
    other: Other,
) -> Callable[[Callable[[Self, Asked], Answer]], Callable[[Self, Asked], Answer | Other]]:
    """Gives another answer if a method fails: in mypy that would be an "internal error", and the end."""

    def guard(method: Callable[[Self, Asked], Answer]) -> Callable[[Self, Asked], Answer | Other]:
        @wraps(method)
        def guarded(self: Self, asked: Asked) -> Answer | Other:
            try:
                return method(self, asked)
            except Exception as error:  # noqa: BLE001 - mypy has its own work to do, which does not need us
                self.failures.say(error)
                return other

        return guarded

    return guard


class ColorPlugin(Plugin):
    """Gives colored functions their types, and reports color where a module has been checked.

    Each method that mypy calls is guarded: a mistake of ours costs findings, and not mypy's own.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert codes.CODES
        self.failures = Failures(show_traceback=options.show_traceback)
        self._daemon = options.fine_grained_incremental
        #: What mypy may be told as long as it asks for nothing else.
        self._standing = None if self._daemon else Standing.recall(options.cache_dir, options.config_file)
        if self._standing is None:
            self._begin()
        self._has_colors = imports.finds_module(imports.TYPES, options)
        self._modules_at: dict[str, str] = {}
        self._marks: dict[str, list[int]] = {}
        self._api: object = None
        self._turns = Turns(daemon=self._daemon)

    def _begin(self) -> None:
        """Look at the project now: the user is to know what is wrong with the configuration."""
        from color_checker.errors import ColorCheckerError

        try:
            project = self._project
            if project.config.engine_files:
                _ = self._names  # what is wrong in the user's own profiles is to be said now, too
        except ColorCheckerError as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(2) from None
        if not self._daemon:
            self._keep_standing(project)

    @_if_it_fails(None)
    def _keep_standing(self, project: Project) -> None:
        project.keep_standing(self.options.cache_dir)

    @cached_property
    def _project(self) -> Project:
        """Loaded when it is needed: not if nothing has changed."""
        from mypy_plugin.project import Project

        # The daemon keeps the analysis for the next change; and a worker of mypy's is a child itself.
        with_child = not self._daemon and not getattr(self.options, "num_workers", 0)
        project = Project(self.failures, with_child=with_child, config_file=self.options.config_file)
        self._standing = None
        return project

    @cached_property
    def _names(self) -> Names:
        from mypy_plugin.names import Names

        config = self._project.config
        return Names([config.resolve(path) for path in config.engine_files], config.engines)

    @cached_property
    def _topics(self) -> Topics:
        """Loaded when it is needed: not if everything comes from mypy's cache."""
        from mypy_plugin.topics import Topics

        return Topics(self._names, self._project, self.options, self.failures, has_colors=self._has_colors)

    # -- files --------------------------------------------------------------------------------------

    @_if_it_fails(None)
    def report_config_data(self, ctx: ReportConfigContext) -> str | None:
        """What a module's result depends on besides types: its findings, and whether colors have types."""
        path = os.path.abspath(ctx.path)
        if not ctx.is_check:
            # mypy has analyzed the module, and not yet checked its functions (if it checks these apart).
            self._ensure_check(ctx.id, path)
        known = self._standing if self._standing is not None else self._project
        digest = known.digest(path, is_check=ctx.is_check)
        return f"{digest} {self._has_colors}" if digest else None

    def _ensure_check(self, module: str, path: str) -> FuncDef | None:
        """Give a module its check function, if it has none; None if it has one, or is to have none."""
        modules = self._modules or {}
        file = modules.get(module)
        if file is None or file.is_stub or has_check(file) or not self._project.holds(path):
            return None
        return inject_analyzed_check(file, modules)

    def get_additional_deps(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """Called when a file has been parsed: prepares its check."""
        return list(self._prepare(file))

    @_if_it_fails(())
    def _prepare(self, file: MypyFile) -> Sequence[tuple[int, str, int]]:
        path = os.path.abspath(file.path)
        changed = self._project.look_again(path) if self._daemon else frozenset()
        if not self._project.holds(path) or file.is_stub:
            return []
        self._modules_at[path] = file.fullname
        inject_check(file)
        if self._daemon:
            self._mark(file, path, changed)
        return self._topics.dependencies(file)

    def _mark(self, file: MypyFile, path: str, changed: frozenset[str]) -> None:
        """Let the check functions of other modules, whose findings this change has changed, run again."""
        others = self._others(path, changed)
        marks = self._marks.setdefault(path, [])
        if others:
            marks.append(len(marks))
        inject_marks(file, marks, others)

    def _mark_late(self, api: TypeChecker, changed: frozenset[str]) -> None:
        """The same, when only the types in a module have shown that the findings of others change."""
        path = os.path.abspath(api.path)
        others = self._others(path, changed)
        if others:
            marks = self._marks.setdefault(path, [])
            marks.append(len(marks))
            inject_analyzed_mark(api.tree, marks[-1], others, self._modules or {})

    def _others(self, path: str, changed: frozenset[str]) -> list[str]:
        """The other modules among the changed ones, as far as mypy has seen them."""
        return [self._modules_at[other] for other in sorted(changed - {path}) if other in self._modules_at]

    def _arrive(self) -> None:
        """Called whenever mypy may be checking a module in which nothing of ours has been seen so far."""
        api = checker_state.type_checker
        if api is self._api or not isinstance(api, TypeChecker):
            return
        self._api = api
        if api.recurse_into_functions and not has_check(api.tree):
            function = self._ensure_check(api.tree.fullname, os.path.abspath(api.path))
            if function is not None:
                api.defer_node(function, None)

    # -- types and calls ------------------------------------------------------------------------------

    @_if_it_fails(None)
    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """The check of a module, or what a topic makes of a function's result."""
        if fullname.endswith(CHECK):
            return self._check_module
        self._arrive()
        return self._topics.functions(fullname)

    @_if_it_fails(None)
    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """What a topic makes of a method's result."""
        self._arrive()
        return self._topics.methods(fullname)

    def _check_module(self, ctx: FunctionContext) -> Type:
        self._check(cast(TypeChecker, ctx.api))
        return ctx.default_return_type

    @_if_it_fails(None)
    def _check(self, api: TypeChecker) -> None:
        if self._turns.next(api) is Turn.WAIT:
            return
        let_report_again(api.errors)
        # What it may have said for now.
        api.errors.clear_errors_in_targets(api.errors.file, {check_name(api.tree.fullname)})
        changed = self._changed_by(api)
        self._project.keep()
        if self._daemon:
            depend_on_types(api)
            self._mark_late(api, changed)
        else:
            remove_check(api.tree)

    @_if_it_fails(frozenset[str]())
    def _changed_by(self, api: TypeChecker) -> frozenset[str]:
        return self._topics.check(api)
