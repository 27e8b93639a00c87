"""By which expression a file can name something, and the imports that it needs for that."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Set
from functools import cached_property

import libcst as cst
import msgspec

from color_checker.fixes.code import Code, children, dotted, walk
from color_checker.fixes.edits import Edit, order
from color_checker.fixes.scopes import bound, is_global, reads


class Named(msgspec.Struct, frozen=True):
    """An expression for a dotted name, and what has to be inserted for it."""

    text: str
    edits: tuple[Edit, ...] = ()


class _Import(msgspec.Struct, frozen=True):
    """An import statement of the module's own level."""

    line: cst.SimpleStatementLine
    statement: cst.Import | cst.ImportFrom


class Imports:
    """The imports of one file."""

    def __init__(self, code: Code, path: str, first_party: Collection[str] = ()) -> None:
        """`first_party`: the top-level names of the project's modules."""
        self.code = code
        self.path = path
        self.first_party = first_party
        self.names: dict[str, str] = {}
        for statement in _runtime_imports(code.module):
            self.names.update(_bindings(statement))
        self.bound = bound(code.module)

    def resolve(self, node: cst.CSTNode) -> str:
        """The dotted name that a name or attribute of an import means; "" if it is something else."""
        written = dotted(node)
        head, _, rest = written.partition(".")
        target = self.names.get(head, head if head not in self.bound else "")
        if not target or not is_global(self.code, node, head):
            return ""
        return f"{target}.{rest}" if rest else target

    def express(self, name: str, at: cst.CSTNode) -> Named | None:
        """How code at a node can write a module, or `module:name`; None if all names for it are taken."""
        module, _, attribute = name.partition(":")
        name = name.replace(":", ".")
        for bound_name, target in self.names.items():
            if (
                (name == target or name.startswith(f"{target}."))
                and is_global(self.code, at, bound_name)
                and self._is_only_imported(bound_name)
            ):
                return Named(bound_name + name[len(target) :])
        package, _, last = name.rpartition(".")
        if self._is_free(last, at):
            return Named(last, (self._import(package, last),))
        top = module.partition(".")[0]
        if (attribute or package) and (self.names.get(top) == top or self._is_free(top, at)):
            return Named(name, (self._import("", module),))
        return None

    def _is_free(self, name: str, at: cst.CSTNode) -> bool:
        return name not in self.bound and is_global(self.code, at, name)

    def _is_only_imported(self, name: str) -> bool:
        """Whether nothing else of the module's own level binds the name."""
        return name not in self._otherwise_bound

    @cached_property
    def _otherwise_bound(self) -> Set[str]:
        lines = [
            bound(line)
            for line in self.code.module.body
            if not _holds_import(line) and not isinstance(line, cst.If | cst.Try | cst.With)
        ]
        return set().union(*lines)

    # -- adding ---------------------------------------------------------------------------------

    def _import(self, module: str, name: str) -> Edit:
        """The edit that adds the import of a name from a module, or of the module `name`."""
        if not module:
            return self._new_line("", f"import {name}")
        for known in self._top_level():
            statement = known.statement
            if (
                isinstance(statement, cst.ImportFrom)
                and not statement.relative
                and statement.module is not None
                and dotted(statement.module) == module
                and not isinstance(statement.names, cst.ImportStar)
            ):
                return self._merged(statement, name)
        return self._new_line(module, f"from {module} import {name}")

    def _merged(self, statement: cst.ImportFrom, name: str) -> Edit:
        """Another name in `from x import …`, in order if the names are in order."""
        code = self.code
        aliases = list(statement.names) if not isinstance(statement.names, cst.ImportStar) else []
        keys = [order(dotted(alias.name)) for alias in aliases]
        is_sorted = keys == sorted(keys)
        later = next((a for a, key in zip(aliases, keys, strict=True) if key > order(name)), None)
        if later is not None and is_sorted:
            start = code.span(later)[0]
            indentation = code.indentation(start)
            separator = f",{code.newline}{indentation}" if indentation else ", "
            return code.insert(self.path, start, f"{name}{separator}")
        last = aliases[-1]
        start = code.span(last.name)[0]
        end = code.span(last.asname)[1] if last.asname is not None else code.span(last.name)[1]
        indentation = code.indentation(start)
        if not indentation:
            return code.insert(self.path, end, f", {name}")
        if isinstance(last.comma, cst.Comma):
            return code.insert(self.path, code.next_line(end), f"{indentation}{name},{code.newline}")
        return code.insert(self.path, end, f",{code.newline}{indentation}{name}")

    def _new_line(self, module: str, text: str) -> Edit:
        """A statement of its own: in the section it belongs to, in order."""
        code = self.code
        key = (self._section(module or text.split()[1]), bool(module), (module or text.split()[1]).lower())
        before: cst.SimpleStatementLine | None = None
        after: cst.SimpleStatementLine | None = None
        for known in self._top_level():
            if self._key(known.statement) < key:
                before = known.line
            elif after is None:
                after = known.line
        line = text + code.newline
        if before is not None:
            offset = code.next_line(code.span(before)[1])
            text_before = code.text[code.span(before)[0] : offset]
            if not text_before.endswith(("\n", "\r")):
                line = code.newline + text
            elif self._key(_import_in(before))[0] != key[0]:
                line = code.newline + line
            return code.insert(self.path, offset, line)
        if after is not None:
            same = self._key(_import_in(after))[0] == key[0]
            return code.insert(self.path, code.span(after)[0], line if same else line + code.newline)
        return self._first_line(line)

    def _first_line(self, line: str) -> Edit:
        """The first import of a file: below what must stand first."""
        code = self.code
        body = list(code.module.body)
        start = 0
        while start < len(body) and (_is_docstring(body[start], start) or _is_future(body[start])):
            start += 1
        if start:
            offset = code.next_line(code.span(body[start - 1])[1])
            ends = code.text[:offset].endswith(("\n", "\r"))
            return code.insert(self.path, offset, ("" if ends else code.newline) + code.newline + line)
        if not body:
            return code.insert(self.path, len(code.text), line)
        return code.insert(self.path, _head_end(code), line + code.newline * 2)

    def _top_level(self) -> list[_Import]:
        """The import lines above the first statement that is none; all of them if there are none above."""
        found = []
        body = list(self.code.module.body)
        for index, line in enumerate(body):
            if isinstance(line, cst.SimpleStatementLine) and (statement := _import_of(line)) is not None:
                found.append(_Import(line, statement))
            elif (
                found and not _is_docstring(line, index) and not isinstance(line, cst.If | cst.Try | cst.With)
            ):
                break
        return found

    def _section(self, module: str) -> int:
        top = module.partition(".")[0]
        if top == "__future__":
            return 0
        if top in sys.stdlib_module_names:
            return 1
        return 3 if top in self.first_party else 2

    def _key(self, statement: cst.Import | cst.ImportFrom) -> tuple[int, bool, str]:
        if isinstance(statement, cst.Import):
            name = dotted(statement.names[0].name)
            return self._section(name), False, name.lower()
        if statement.relative or statement.module is None:
            return 4, True, ""
        name = dotted(statement.module)
        return self._section(name), True, name.lower()


def _head_end(code: Code) -> int:
    """The offset behind the comments at the top of a file."""
    offset = 0
    while offset < len(code.text):
        end = code.next_line(offset)
        if not code.text[offset:end].startswith("#"):
            break
        offset = end
    return offset


def _runtime_imports(module: cst.Module) -> Iterator[cst.Import | cst.ImportFrom]:
    """The imports that have run when functions of the module do."""
    pending: list[cst.CSTNode] = list(reversed(module.body))
    while pending:
        node = pending.pop()
        if isinstance(node, cst.Import | cst.ImportFrom):
            yield node
        elif isinstance(node, cst.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            if node.orelse is not None:
                pending.append(node.orelse)
        elif not isinstance(node, cst.FunctionDef | cst.ClassDef | cst.BaseExpression):
            pending += reversed(children(node))


def _bindings(statement: cst.Import | cst.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(statement.names, cst.ImportStar):
        return
    module = ""
    if isinstance(statement, cst.ImportFrom):
        if statement.relative or statement.module is None:
            module = "." * len(statement.relative) + (dotted(statement.module) if statement.module else "")
        else:
            module = dotted(statement.module)
    for alias in statement.names:
        name = dotted(alias.name)
        if alias.asname is not None:
            assert isinstance(alias.asname.name, cst.Name)
            bound_name = alias.asname.name.value
        else:
            bound_name = name
        if isinstance(statement, cst.ImportFrom):
            yield bound_name, f"{module}.{name}"
        elif alias.asname is not None:
            yield bound_name, name
        else:
            top = name.partition(".")[0]
            yield top, top


def _import_of(line: cst.SimpleStatementLine) -> cst.Import | cst.ImportFrom | None:
    if len(line.body) == 1 and isinstance(line.body[0], cst.Import | cst.ImportFrom):
        return line.body[0]
    return None


def _import_in(line: cst.SimpleStatementLine) -> cst.Import | cst.ImportFrom:
    found = _import_of(line)
    assert found is not None
    return found


def _holds_import(line: cst.CSTNode) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and any(
        isinstance(part, cst.Import | cst.ImportFrom) for part in line.body
    )


def _is_docstring(line: cst.CSTNode, index: int) -> bool:
    return (
        index == 0
        and isinstance(line, cst.SimpleStatementLine)
        and isinstance(line.body[0], cst.Expr)
        and isinstance(line.body[0].value, cst.SimpleString | cst.ConcatenatedString)
    )


def _is_future(line: cst.CSTNode) -> bool:
    return (
        isinstance(line, cst.SimpleStatementLine)
        and isinstance(line.body[0], cst.ImportFrom)
        and line.body[0].module is not None
        and dotted(line.body[0].module) == "__future__"
    )


# -- imports that nothing needs any more ----------------------------------------------------------


def unneeded(before: Code, after: Code, path: str) -> Iterator[Edit]:
    """Edits of `after` that remove imports which only what is gone needed.

    Only of the standard library, whose modules do nothing when they are imported; not where a comment
    stands beside the import, or where others may import the name from this file.
    """
    if path.endswith("__init__.py"):
        return
    used_before, used_after = reads(before.module), reads(after.module)
    exported = _exported(after)
    for line in after.module.body:
        statement = _import_of(line) if isinstance(line, cst.SimpleStatementLine) else None
        if statement is None or isinstance(statement.names, cst.ImportStar) or _is_future(line):
            continue
        assert isinstance(line, cst.SimpleStatementLine)
        if "#" in after.source(line) + after.source(line.trailing_whitespace) or not _is_stdlib(statement):
            continue
        gone = [
            name
            for name, _ in _bindings(statement)
            if name in used_before and name not in used_after and name not in exported
        ]
        if gone and len(gone) == len(statement.names):
            start, end = after.span(line)[0], after.next_line(after.span(line)[1])
            following = after.text[end : after.next_line(end)]
            above = after.text[:start].splitlines()[-1:]
            if following.isspace() and not "".join(above).strip():  # it was the whole section
                end = after.next_line(end)
            yield after.lines.edit(path, start, end, "")
        elif gone and len(statement.names) > 1:
            yield from _without(after, path, statement, gone)


def _without(
    code: Code, path: str, statement: cst.Import | cst.ImportFrom, gone: Collection[str]
) -> Iterator[Edit]:
    aliases = [] if isinstance(statement.names, cst.ImportStar) else list(statement.names)
    start, end = code.span(aliases[0])[0], code.span(aliases[-1].name)[1]
    if "#" in code.text[start:end]:
        return
    kept = [
        alias
        for alias in aliases
        if (alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name)
            else dotted(alias.name).partition(".")[0]) not in gone
    ]  # fmt: skip
    for before, alias in zip((None, *aliases), aliases, strict=False):
        if alias in kept:
            continue
        if alias is not aliases[-1]:
            following = aliases[aliases.index(alias) + 1]
            yield code.lines.edit(path, code.span(alias)[0], code.span(following)[0], "")
        elif before is not None and before in kept:
            last = alias.asname if alias.asname is not None else alias.name
            first = before.asname if before.asname is not None else before.name
            yield code.lines.edit(path, code.span(first)[1], code.span(last)[1], "")
        else:
            return


def _is_stdlib(statement: cst.Import | cst.ImportFrom) -> bool:
    if isinstance(statement, cst.ImportFrom):
        return (
            not statement.relative
            and statement.module is not None
            and dotted(statement.module).partition(".")[0] in sys.stdlib_module_names
        )
    assert not isinstance(statement.names, cst.ImportStar)
    return all(dotted(a.name).partition(".")[0] in sys.stdlib_module_names for a in statement.names)


def _exported(code: Code) -> set[str]:
    """Names that stand in strings: in `__all__`, in annotations, in `getattr`; not in docstrings."""
    found: set[str] = set()
    for node in walk(code.module):
        if (
            isinstance(node, cst.SimpleString)
            and len(node.value) < 200
            and not isinstance(code.parent(node), cst.Expr)
        ):
            value = node.evaluated_value
            if isinstance(value, str):
                found.update(part for part in _words(value))
    return found


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "_" else " " for char in text).split()
