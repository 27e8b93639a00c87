"""The modules that a file depends on because it calls what they define by a name.

mypy knows nothing of such a dependency: it might check the file before it has looked at the other one, and
would not check it again when the other one changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from mypy.build import PRI_LOW
from mypy.find_sources import InvalidSourceList, SourceFinder
from mypy.fscache import FileSystemCache
from mypy.nodes import CallExpr, DictExpr, Expression, MemberExpr, MypyFile, NameExpr, RefExpr, StrExpr
from mypy.options import Options

from color_checker.engines import Passing, Profile
from mypy_plugin.arguments.handed import argument
from mypy_plugin.arguments.registered import Definition, registered_in
from mypy_plugin.imports import imported_modules
from mypy_plugin.names import Names
from mypy_plugin.project import Project
from mypy_plugin.walk import walk


class Dependencies:
    """Finds them when a file has been parsed."""

    def __init__(self, names: Names, project: Project, options: Options) -> None:
        self._names = names
        self._project = project
        self._finder = SourceFinder(FileSystemCache(), options)

    def of(self, file: MypyFile) -> list[tuple[int, str, int]]:
        """As mypy wants to have them from `get_additional_deps`."""
        definitions = [one for call in self._calls(file) for one in self._definitions(file, *call)]
        here = self._module(os.path.abspath(file.path)) if definitions else None
        if here is None or here[0] != file.fullname:
            return []
        # Only what mypy will find under the very name that it has for it already.
        found = (self._module(definition.path) for definition in definitions)
        modules = dict.fromkeys(there[0] for there in found if there is not None and there[1] == here[1])
        modules.pop(file.fullname, None)
        return [(PRI_LOW, module, -1) for module in modules]

    def _calls(self, file: MypyFile) -> Iterator[tuple[CallExpr, Profile, Passing]]:
        """The calls that may give a name in place of a function, by what they are called."""
        methods = _methods(self._names, file)
        if not methods:
            return
        for node, _ in walk(file):
            if isinstance(node, CallExpr) and isinstance(node.callee, MemberExpr | NameExpr):
                for profile, passing in methods.get(node.callee.name, ()):
                    yield node, profile, passing

    def _definitions(
        self, file: MypyFile, call: CallExpr, profile: Profile, passing: Passing
    ) -> tuple[Definition, ...]:
        target = argument(call, passing.target)
        if target is None:
            return ()
        names = _names_in(target, passing)
        if not names and not isinstance(target, RefExpr):
            return ()
        registered, path = registered_in(self._project), os.path.abspath(file.path)
        if not names:
            known = registered.call(path, call.line, call.column + 1)
            names = known.names if known is not None else ()
        found = [one for name in names for one in registered.named(profile.name, passing.to, name, path)]
        return tuple(found)

    def _module(self, path: str) -> tuple[str, str] | None:
        """The name that mypy gives to a file of its own accord, and the directory that this counts from."""
        try:
            return self._finder.crawl_up(path)
        except InvalidSourceList:
            return None


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
