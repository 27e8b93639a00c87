"""Links the functions outside of workflow code that change what replayed code reads.

Only files that have to do with workflows are linked as a whole. A setting that a workflow reads may be
changed in any file that imports it, so these are searched for functions that look as if they did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from color_checker.facts import (
    Attr,
    Body,
    Call,
    Import,
    Item,
    Iterate,
    Load,
    MakeClass,
    MakeFunction,
    Merge,
    ModuleFacts,
    Operate,
    StoreAttr,
    StoreGlobal,
    StoreItem,
    decode_body,
)
from color_checker.importers import last_words
from color_checker.later import is_test
from color_checker.mutations import MUTATOR_NAMES
from color_checker.project import Project
from color_checker.sources import SourceFile, absolute_name

if TYPE_CHECKING:
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: path of a module → names of its variables.
_Names = dict[str, set[str]]

#: An operation that hands on an object.
_Source = Load | Attr | Item | Iterate | Merge

#: path of a file that was searched → names that its functions might change.
Searched = dict[str, set[str]]


def link_changers(linker: Linker, project: Project) -> Searched:
    """Link and activate them; those that module-level code calls have done their work at import."""
    wanted = _names_read(linker)
    words = last_words(project, wanted)
    candidates = [
        (source, facts, names, project.derived(source, facts, changes_of))
        for source in project.files
        if not is_test(source.shown)
        and (names := _names_in_reach(project, source, wanted, words))
        and (facts := project.facts(source)) is not None
    ]
    at_import = {name for *_, changes in candidates for name in changes.called_at_import}
    found: set[tuple[str, int]] = set()
    for source, facts, names, changes in candidates:
        indexes = [index for index in _changing(changes, names) if not _is_called(facts, index, at_import)]
        if indexes and linker.module(source) is not None:
            found |= {(source.path, outer) for index in indexes for outer in _with_outer(facts, index)}
    linker.solve()
    while linker.activate_all(lambda func: func.key in found):
        linker.solve()
    return {source.path: names for source, _, names, _ in candidates}


class FileChanges(msgspec.Struct, frozen=True):
    """What a file changes and calls, as far as names tell; a function of its facts alone.

    Attributes:
        functions: with the names that each may change something with, those without any left out.
        called_at_import: the names of what decorators and module-level code call.
    """

    functions: tuple[tuple[int, frozenset[str]], ...]
    called_at_import: frozenset[str]


def changes_of(facts: ModuleFacts) -> FileChanges:
    """Find out; takes as long as decoding all bodies of the file."""
    functions = []
    for index, function in enumerate(facts.functions):
        if function.kind in ("function", "lambda"):
            names = changed_names(decode_body(function.raw))
            if names:
                functions.append((index, names))
    return FileChanges(tuple(functions), frozenset(_called_at_import(facts)))


def changes_nothing(facts: ModuleFacts, names: set[str]) -> bool:
    """Whether no function of a file looks as if it changed something with one of the names."""
    return not _changing(changes_of(facts), names)


def calls_the_same_at_import(before: ModuleFacts, after: ModuleFacts) -> bool:
    """Whether a file's decorators and module-level code call what they called, as far as names tell."""
    return set(_called_at_import(before)) == set(_called_at_import(after))


def _names_read(linker: Linker) -> _Names:
    """The names of data in modules that code reached from a workflow uses."""
    used: set[str] = set()
    for node in linker.activations.values():
        if node.deep and not node.module.library:
            for op in node.body.ops:
                if isinstance(op, Load | Attr):
                    used.add(op.name)
    wanted: _Names = {}
    for module in linker.modules.values():
        if not module.library:
            names = {name for name in _data(module) if name in used}
            if names:
                wanted[module.key] = names
    return wanted


def _data(module: ModuleInfo) -> Iterator[str]:
    """The names in a module that are neither imports nor definitions."""
    assert module.activation is not None
    body = module.activation.body
    definitions = {op.dst for op in body.ops if isinstance(op, Import | MakeFunction)}
    for name, slots in body.cells.items():
        if not definitions.issuperset(slots):
            yield name


def _names_in_reach(project: Project, source: SourceFile, wanted: _Names, words: set[str]) -> set[str]:
    """The wanted names in a file and in the modules that it imports; `words` end the names of all modules."""
    names = set(wanted.get(source.path, ()))
    head = project.head(source)
    for fact in head.imports if head is not None else ():
        module = absolute_name(source, fact.level, fact.module) if fact.level else fact.module
        if module is None:
            continue
        for candidate in (module, *(f"{module}.{name}".strip(".") for name in fact.names)):
            last = candidate.rpartition(".")[2]
            target = project.find(candidate, source) if last in words else None
            if target is not None:
                names |= wanted.get(target.path, set())
    return names


def _changing(changes: FileChanges, names: set[str]) -> list[int]:
    """The functions of a file that change something with one of the names."""
    return [index for index, changed in changes.functions if not changed.isdisjoint(names)]


def changes_any(body: Body, names: set[str]) -> bool:
    """Whether a function looks as if it changed something with one of the names."""
    return not changed_names(body).isdisjoint(names)


def changed_names(body: Body) -> frozenset[str]:
    """The names with which a function looks as if it changed something."""
    sources = {op.dst: op for op in body.ops if isinstance(op, Load | Attr | Item | Iterate | Merge)}
    found: set[str] = set()
    for op in body.ops:
        match op:
            case StoreGlobal(level=0):
                found.add(op.name)
            case StoreAttr():
                found |= _names_behind(op.obj, sources)
                if isinstance(sources.get(op.obj), Load | Attr):
                    found.add(op.name)
            case StoreItem():
                found |= _names_behind(op.obj, sources)
            case Operate() if op.method.startswith("__i"):
                found |= _names_behind(op.left, sources)
            case Call():
                method = sources.get(op.func)
                if isinstance(method, Attr) and method.name in MUTATOR_NAMES:
                    found |= _names_behind(method.obj, sources)
    return frozenset(found)


def _names_behind(slot: int, sources: dict[int, _Source]) -> set[str]:
    """The names through which the object in a slot may have come, breadth first and each slot once."""
    found: set[str] = set()
    seen = {slot}
    front = [slot]
    for _ in range(_DEEPEST + 1):
        reached: list[int] = []
        for one in front:
            op = sources.get(one)
            if isinstance(op, Merge):
                reached += op.sources
            elif isinstance(op, Load):
                found.add(op.name)
            elif op is not None:
                if isinstance(op, Attr):
                    found.add(op.name)
                reached.append(op.obj)
        front = [one for one in dict.fromkeys(reached) if one not in seen]
        seen.update(front)
        if not front:
            break
    return found


#: A chain of attributes and branches longer than this is none that people write.
_DEEPEST = 20


def _called_at_import(facts: ModuleFacts) -> Iterator[str]:
    """The names of what decorators and module-level code of a file call."""
    decorators = [name for function in facts.functions for name in function.decorators]
    decorators += [name for cls in facts.classes for name in cls.decorators]
    yield from (name.rpartition(".")[2] for name in decorators)
    for function in facts.functions:
        if function.kind in ("module", "class"):
            body = decode_body(function.raw)
            named = {op.dst: op.name for op in body.ops if isinstance(op, Load | Attr)}
            made = {
                op.dst: facts.functions[op.function].name for op in body.ops if isinstance(op, MakeFunction)
            }
            made |= {
                op.dst: facts.classes[op.class_index].name for op in body.ops if isinstance(op, MakeClass)
            }
            main = [region for region in body.regions if region.kind == "main"]
            for op in body.ops:
                if isinstance(op, Call):
                    line = facts.span(op.at)[0]
                    if not any(region.line <= line <= region.end_line for region in main):
                        yield named.get(op.func) or made.get(op.func, "")


def _is_called(facts: ModuleFacts, index: int, names: set[str]) -> bool:
    return any(facts.functions[outer].name in names for outer in _with_outer(facts, index))


def _with_outer(facts: ModuleFacts, index: int) -> Iterator[int]:
    """A function and those around it."""
    while index > 0:
        if facts.functions[index].kind in ("function", "lambda"):
            yield index
        index = facts.functions[index].parent
