"""Which converter the clients and workers of a project choose, for the functions of one of its files.

A choice counts for a file if some file imports both, directly or not: a worker imports the workflows it runs
and makes the client, or imports what makes it. Choices are looked for in the text of all files; they are
calls such as `Client.connect(..., data_converter=...)`, and entries of a configuration.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from color_checker.importers import imported
from color_checker.texts import source_text

if TYPE_CHECKING:
    from color_checker.engines import Profile
    from color_checker.project import Project

#: Stands for a converter of which nothing is known.
UNKNOWN = ""
#: Stands for the converter that the engine uses if no other is chosen.
_DEFAULT = "<default>"
#: Those of which it cannot be told which one is used where no client is to be seen.
_ALTERNATIVES = {"temporal": ("temporal", "temporal-pydantic")}
_DEEPEST = 6


class Choices:
    """What one project chooses."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[str, dict[str, tuple[str, ...]]] = {}

    def converters(self, path: str, profile: Profile, default: str) -> tuple[str, ...]:
        """The names of the converters that functions in a file may meet; UNKNOWN is one of them."""
        wanted = _Wanted(profile)
        if not wanted.keywords:
            return (default,)
        choices = self.prepare(profile)
        if choices:
            near = self._imports.together_with(path)
            found = dict.fromkeys(name for file, names in choices.items() if file in near for name in names)
            if found:
                return tuple(dict.fromkeys(default if name == _DEFAULT else name for name in found))
        return _ALTERNATIVES.get(default, (default,))

    def prepare(self, profile: Profile) -> dict[str, tuple[str, ...]]:
        """Look for what is chosen of an engine's converters: path → their names."""
        if profile.name not in self._found:
            paths = [source.path for source in self._project.files]
            found = self._found[profile.name] = _choices(paths, _Wanted(profile))
            if found:
                _ = self._imports
        return self._found[profile.name]

    @cached_property
    def _imports(self) -> _Graph:
        return _Graph(self._project)


class _Wanted:
    """What a choice looks like in the source."""

    def __init__(self, profile: Profile) -> None:
        functions = profile.argument_converters.keys() | profile.result_converters.keys()
        calls = {name: keys for name, keys in profile.converter_choices.items() if name not in functions}
        #: The last parts of what is called → the keywords by which it chooses.
        self.calls: dict[str, frozenset[str]] = {}
        for dotted, keys in calls.items():
            words = frozenset(key for key in keys if isinstance(key, str))
            owner, _, last = dotted.rpartition(".")
            name = f"{owner.rpartition('.')[2]}.{last}" if last[:1].islower() else last
            self.calls[name] = words
        self.keywords = frozenset(word for words in self.calls.values() for word in words)
        #: The last part of a name → the converter it stands for; None if it changes nothing.
        self.known: dict[str, str | None] = {"None": None}
        for dotted, converter in profile.known_choices.items():
            parts = dotted.split(".")
            self.known[parts[-1] if parts[-1] != "default" else ".".join(parts[-2:])] = converter or None

    def keywords_of(self, callee: str) -> frozenset[str] | None:
        """The keywords by which a call chooses; None if it chooses nothing."""
        parts = callee.split(".")
        for name in (parts[-1], ".".join(parts[-2:])):
            if name in self.calls:
                return self.calls[name]
        return None


def _choices(paths: Iterable[str], wanted: _Wanted) -> dict[str, tuple[str, ...]]:
    """Path → the converters that are chosen in the file."""
    words = [*wanted.keywords, *(name.rpartition(".")[2] for name in wanted.calls)]
    found: dict[str, tuple[str, ...]] = {}
    for path in paths if wanted.keywords else ():
        text = source_text(path)
        if any(word in text for word in words):
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError):
                continue
            names = tuple(dict.fromkeys(_File(tree, wanted).choices()))
            if names:
                found[path] = names
    return found


class _File:
    """One file in which a converter may be chosen."""

    def __init__(self, tree: ast.Module, wanted: _Wanted) -> None:
        self._tree = tree
        self._wanted = wanted
        self._values: dict[str, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._values[target.id].append(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self._values[node.target.id].append(node.value)

    def choices(self) -> Iterator[str]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                yield from self._of_call(node)
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in self._distinctive:
                        yield from self.converters(value)
            elif isinstance(node, ast.Assign):
                yield from self._of_assignment(node)

    @property
    def _distinctive(self) -> frozenset[str]:
        """The keywords that mean the same wherever they stand."""
        return self._wanted.keywords - {"plugins", "codec"}

    def _of_call(self, node: ast.Call) -> Iterator[str]:
        keywords = self._wanted.keywords_of(dotted_name(node.func))
        chosen = False
        for keyword in node.keywords:
            if keyword.arg is None and keywords:
                chosen = True  # **options: what is in them is found where they are made, if at all
            if keyword.arg in (keywords or self._distinctive):
                for name in self.converters(keyword.value):
                    chosen = True
                    yield name
        if keywords is not None and not chosen:
            yield _DEFAULT

    def _of_assignment(self, node: ast.Assign) -> Iterator[str]:
        for target in node.targets:
            key = target.slice if isinstance(target, ast.Subscript) else None
            name = key.value if isinstance(key, ast.Constant) else getattr(target, "attr", None)
            if name in self._distinctive:
                yield from self.converters(node.value)

    def converters(self, value: ast.expr, depth: int = 0) -> Iterator[str]:
        """The converters that an expression may stand for; none if it leaves things as they are."""
        if depth > _DEEPEST:
            yield UNKNOWN
            return
        match value:
            case ast.Constant(value=None):
                return
            case ast.IfExp(body=body, orelse=other):
                yield from self.converters(body, depth + 1)
                yield from self.converters(other, depth + 1)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                for item in items:
                    yield from self.converters(item, depth + 1)
            case ast.Call(func=callee):
                yield from self._made(value, dotted_name(callee), depth)
            case ast.Name(id=name) if name in self._values and name not in self._wanted.known:
                for assigned in self._values[name]:
                    yield from self.converters(assigned, depth + 1)
            case _:
                yield from self._named(dotted_name(value))

    def _made(self, call: ast.Call, callee: str, depth: int) -> Iterator[str]:
        """By a call: another converter with something replaced, a new one, a plugin."""
        keywords = {one.arg: one.value for one in call.keywords}
        last = callee.rpartition(".")[2]
        if last in ("DataConverter", "replace"):
            if "payload_converter_class" in keywords:
                yield from self.converters(keywords["payload_converter_class"], depth + 1)
            elif last == "replace" and call.args:
                yield from self.converters(call.args[0], depth + 1)
            else:
                yield _DEFAULT
        elif last == "JsonCodec" and not call.args and not call.keywords:
            yield _DEFAULT
        else:
            yield from self._named(callee)

    def _named(self, dotted: str) -> Iterator[str]:
        known = self._wanted.known
        for name in (".".join(dotted.split(".")[-2:]), dotted.rpartition(".")[2]):
            if name in known:
                converter = known[name]
                if converter is not None:
                    yield converter
                return
        yield UNKNOWN


def dotted_name(node: ast.expr) -> str:
    """`a.b.c` for such an expression, its end for others, "" for what has no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            owner = dotted_name(value)
            return f"{owner}.{name}" if owner else name
    return ""


class _Graph:
    """Which files import which."""

    def __init__(self, project: Project) -> None:
        self._imports: dict[str, set[str]] = {}
        self._importers: dict[str, set[str]] = defaultdict(set)
        for source in project.files:
            head = project.head(source)
            facts = head.imports if head is not None else ()
            targets = {target for fact in facts for target in imported(project, source, fact)}
            self._imports[source.path] = targets
            for target in targets:
                self._importers[target].add(source.path)

    def together_with(self, path: str) -> set[str]:
        """The files that some file imports which also imports the one at `path`; all in one go or not."""
        users = _reachable((path,), self._importers)
        return _reachable(users, self._imports)


def _reachable(starts: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    found = set(starts)
    pending = list(found)
    while pending:
        for target in edges.get(pending.pop(), ()):
            if target not in found:
                found.add(target)
                pending.append(target)
    return found
