"""Links the functions outside of workflow code that change what replayed code reads.

Only files that have to do with workflows are linked as a whole. A setting that a workflow reads may be
changed in any file that imports it, so these are searched for functions that look as if they did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
    Op,
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

#: path of a file that was searched → names that its functions might change.
Searched = dict[str, set[str]]


def link_changers(linker: Linker, project: Project) -> Searched:
    """Link and activate them; those that module-level code calls have done their work at import."""
    wanted = _names_read(linker)
    words = last_words(project, wanted)
    candidates = [
        (source, facts, names)
        for source in project.files
        if not is_test(source.shown)
        and (names := _names_in_reach(project, source, wanted, words))
        and (facts := project.facts(source)) is not None
    ]
    at_import = {name for _, facts, _ in candidates for name in _called_at_import(facts)}
    found: set[tuple[str, int]] = set()
    for source, facts, names in candidates:
        indexes = [index for index in _changing(facts, names) if not _is_called(facts, index, at_import)]
        if indexes and linker.module(source) is not None:
            found |= {(source.path, outer) for index in indexes for outer in _with_outer(facts, index)}
    linker.solve()
    while linker.activate_all(lambda func: func.key in found):
        linker.solve()
    return {source.path: names for source, _, names in candidates}


def changes_nothing(facts: ModuleFacts, names: set[str]) -> bool:
    """Whether no function of a file looks as if it changed something with one of the names."""
    return next(_changing(facts, names), None) is None


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


def _changing(facts: ModuleFacts, names: set[str]) -> Iterator[int]:
    """The functions of a file that change something with one of the names."""
    for index, function in enumerate(facts.functions):
        if function.kind in ("function", "lambda") and changes_any(decode_body(function.raw), names):
            yield index


def changes_any(body: Body, names: set[str]) -> bool:
    """Whether a function looks as if it changed something with one of the names."""
    sources = {op.dst: op for op in body.ops if isinstance(op, Load | Attr | Item | Iterate | Merge)}

    def is_wanted(slot: int, depth: int = 0) -> bool:
        op = sources.get(slot)
        if op is None or depth > _DEEPEST:
            return False
        if isinstance(op, Merge):
            return any(is_wanted(source, depth + 1) for source in op.sources)
        if isinstance(op, Load | Attr) and op.name in names:
            return True
        return not isinstance(op, Load) and is_wanted(op.obj, depth + 1)

    def changes(op: Op) -> bool:
        match op:
            case StoreGlobal(level=0):
                return op.name in names
            case StoreAttr():
                return is_wanted(op.obj) or (
                    op.name in names and isinstance(sources.get(op.obj), Load | Attr)
                )
            case StoreItem():
                return is_wanted(op.obj)
            case Operate():
                return op.method.startswith("__i") and is_wanted(op.left)
            case Call():
                method = sources.get(op.func)
                return isinstance(method, Attr) and method.name in MUTATOR_NAMES and is_wanted(method.obj)
        return False

    return any(changes(op) for op in body.ops)


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
