"""The modules that a file depends on because it calls what they define by a name.

mypy knows nothing of such a dependency: it might check the file before it has looked at the other one, and
would not check it again when the other one changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mypy.build import PRI_LOW
from mypy.find_sources import InvalidSourceList, SourceFinder
from mypy.fscache import FileSystemCache
from mypy.nodes import (
    CallExpr,
    DictExpr,
    Expression,
    FuncItem,
    MemberExpr,
    MypyFile,
    NameExpr,
    RefExpr,
    StrExpr,
)
from mypy.options import Options

from color_checker.engines import Passing, Profile
from mypy_plugin.analyzer.registered import Definition
from mypy_plugin.arguments.constants import Constants
from mypy_plugin.arguments.handed import argument
from mypy_plugin.imports import imported_modules
from mypy_plugin.names import Names
from mypy_plugin.project import Project
from mypy_plugin.walk import walk


class Dependencies:
    """Finds them when a file has been parsed.

    That comes early in mypy's run, when the analyzer may still be at work in a child process. A name that is
    written out is worth the wait, and so is a variable that may hold one. Nearly all others are functions.
    For those, and for parameters, for which callers would have to give always the same name, the file goes on
    without waiting; when it is checked, `is_whole` tells whether that was right.
    """

    def __init__(self, names: Names, project: Project, options: Options) -> None:
        self._names = names
        self._project = project
        self._finder = SourceFinder(FileSystemCache(), options)
        self._constants = Constants(project)
        #: The file's modules as far as they were known → those that did without some.
        self._unsure: dict[str, list[str]] = {}

    def of(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """As mypy wants to have them from `get_additional_deps`."""
        calls = list(self._calls(file))
        if self._project.is_at_work:
            now = [call for call in calls if self._is_worth_the_wait(call, file)]
        else:
            now = calls
        modules = self._modules(file, now)
        if len(now) < len(calls):
            self._unsure[file.path] = modules
        return [(PRI_LOW, module, -1) for module in modules]

    def is_whole(self, file: MypyFile) -> bool:
        """Whether mypy was given all of them."""
        given = self._unsure.pop(file.path, None)
        return given is None or set(given).issuperset(self._modules(file, self._calls(file)))

    def _is_worth_the_wait(self, call: _Call, file: MypyFile) -> bool:
        if call.names:
            return True
        if isinstance(call.target, NameExpr) and _is_parameter(call.target.name, call.around):
            return False
        return self._constants.may_be(call.target, file)

    def _modules(self, file: MypyFile, calls: Iterable[_Call]) -> list[str]:
        path = os.path.abspath(file.path)
        definitions = [one for call in calls for one in self._definitions(path, call)]
        here = self._module(path) if definitions else None
        if here is None or here[0] != file.fullname:
            return []
        # Only what mypy will find under the very name that it has for it already.
        found = (self._module(definition.path) for definition in definitions)
        modules = dict.fromkeys(there[0] for there in found if there is not None and there[1] == here[1])
        modules.pop(file.fullname, None)
        return list(modules)

    def _calls(self, file: MypyFile) -> Iterator[_Call]:
        """The calls that may give a name in place of a function, by what they are called."""
        methods = _methods(self._names, file)
        if not methods:
            return
        for node, around in walk(file, (CallExpr,)):
            if isinstance(node, CallExpr) and isinstance(node.callee, MemberExpr | NameExpr):
                for profile, passing in methods.get(node.callee.name, ()):
                    target = argument(node, passing.target)
                    names = _names_in(target, passing) if target is not None else ()
                    if target is not None and (names or isinstance(target, RefExpr)):
                        yield _Call(node, profile, passing, target, names, around)

    def _definitions(self, path: str, call: _Call) -> Iterator[Definition]:
        registered, names = self._project.registered, call.names
        if not names:
            known = registered.call(path, call.node.line, call.node.column + 1)
            names = known.names if known is not None else ()
        for name in names:
            yield from registered.named(call.profile.name, call.passing.to, name, path)

    def _module(self, path: str) -> tuple[str, str] | None:
        """The name that mypy gives to a file of its own accord, and the directory that this counts from."""
        try:
            return self._finder.crawl_up(path)
        except InvalidSourceList:
            return None


class _Call(NamedTuple):
    """A call that may start something; `names`: those that are written out."""

    node: CallExpr
    profile: Profile
    passing: Passing
    target: Expression
    names: tuple[str, ...]
    around: tuple[FuncItem, ...]


def _is_parameter(name: str, around: tuple[FuncItem, ...]) -> bool:
    return any(name == one.variable.name for function in around for one in function.arguments)


def _methods(names: Names, file: MypyFile) -> dict[str, list[tuple[Profile, Passing]]]:
    """What starts something in the engines that the file imports: last part of the name → how."""
    profiles = {found[0].name: found[0] for name in imported_modules(file) if (found := names.engine(name))}
    methods: dict[str, list[tuple[Profile, Passing]]] = {}
    for profile in profiles.values():
        for dotted, passings in profile.passes.items():
            methods.setdefault(dotted.rpartition(".")[2], []).extend((profile, one) for one in passings)
    return methods


def _names_in(target: Expression, passing: Passing) -> tuple[str, ...]:
    if isinstance(target, StrExpr):
        return (target.value,)
    if isinstance(target, DictExpr):
        return tuple(
            value.value
            for key, value in target.items
            if isinstance(key, StrExpr) and key.value == passing.name_key and isinstance(value, StrExpr)
        )
    return ()
