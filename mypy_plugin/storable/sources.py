"""What stands in the source of a class and shows in no type: decorators, and how its fields are written.

mypy keeps neither in its cache, and what is reported must not depend on what it takes from there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

from mypy.nodes import TypeInfo

from mypy_plugin.visit import text_of

#: Decorators of classes that do not change how objects are stored.
_HARMLESS = frozenset({"dataclass", "final", "total_ordering", "runtime_checkable", "deprecated"})


class Sources:
    """Looks into the files of the project's modules."""

    def __init__(self, path_of: Callable[[str], str]) -> None:
        """`path_of` gives the path of a module's file, "" for one that is not the project's."""
        self._path_of = path_of
        self._texts: dict[str, str] = {}

    def is_own(self, module: str) -> bool:
        """Whether a module is one of the project's."""
        return bool(self._path_of(module))

    def is_decorated(self, info: TypeInfo) -> bool:
        """Whether a class, or one that it derives from, has a decorator that may be about storing."""
        for base in info.mro:
            node = self._class(base)
            for decorator in node.decorator_list if node is not None else ():
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if _last_name(called) not in _HARMLESS:
                    return True
        return False

    def is_special(self, info: TypeInfo, field: str) -> bool:
        """Whether a field of a model may be written in another way than its type says.

        It is excluded, or annotated with more than a type: directly, or by a name for such an annotation.
        """
        owner = info.get_containing_type_info(field)
        node = self._class(owner) if owner is not None else None
        if owner is None or node is None:
            return True
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and _last_name(statement.target) == field:
                return _is_excluded(statement.value) or any(
                    _last_name(part) == "Annotated" or _is_assigned(part, self._text(owner.module_name))
                    for part in ast.walk(statement.annotation)
                )
        return False

    def _class(self, info: TypeInfo) -> ast.ClassDef | None:
        text = self._text(info.module_name)
        return _classes(text).get(info.fullname.removeprefix(f"{info.module_name}.")) if text else None

    def _text(self, module: str) -> str:
        """What a module of the project holds; nothing for others."""
        if module not in self._texts:
            path = self._path_of(module)
            self._texts[module] = text_of(path) if path else ""
        return self._texts[module]


def _is_excluded(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and any(one.arg in ("exclude", None) for one in value.keywords)


def _last_name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_assigned(part: ast.AST, text: str) -> bool:
    """Whether a name is assigned in the module, as names for annotations are (`Money = Annotated[...]`)."""
    return isinstance(part, ast.Name) and any(
        isinstance(target, ast.Name) and target.id == part.id
        for statement in _parsed(text).body
        for target in _targets(statement)
    )


def _targets(statement: ast.stmt) -> list[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target):
            return [target]
    return []


@lru_cache(maxsize=64)
def _classes(text: str) -> dict[str, ast.ClassDef]:
    """The classes of a file, given by what it holds, by their names in it."""
    found: dict[str, ast.ClassDef] = {}
    pending: list[tuple[str, ast.stmt]] = [("", statement) for statement in _parsed(text).body]
    while pending:
        prefix, statement = pending.pop()
        if isinstance(statement, ast.ClassDef):
            found[prefix + statement.name] = statement
            pending += [(f"{prefix}{statement.name}.", inner) for inner in statement.body]
    return found


@lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.parse("")
