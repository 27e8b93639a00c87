"""What the plugin puts into the modules that mypy checks: the function in which color is checked, and marks.

mypy calls no hook when it has checked a module. So each module gets a function that calls itself: mypy asks
the plugin about that call, and the plugin puts the function off until all others of the module have been
checked. What is reported meanwhile belongs to that function; when the daemon is to report the findings of a
module anew, it has to check nothing but that one function again.

The function is no part of a module's interface, and so not in mypy's cache. A module that mypy reads again
only since one that it imports has changed is given the function later than others: `get_additional_deps`,
which is asked when a file has been parsed, is left out for those, and for all in mypy's parallel workers.

A mark is a name. When a file has changed, and with it the findings of *other* modules, a new mark in the
changed file makes the daemon see a change on which their functions depend.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mypy.checker import TypeChecker
from mypy.nodes import (
    GDEF,
    AssignmentStmt,
    Block,
    CallExpr,
    ExpressionStmt,
    FakeInfo,
    FuncDef,
    IntExpr,
    MypyFile,
    NameExpr,
    Node,
    SymbolTableNode,
    TypeInfo,
    Var,
)
from mypy.types import CallableType, Instance, NoneType, UnboundType

#: Users do not write names like this, and `import *` does not see them.
CHECK = "__color_check__"
_MARK = "__color_mark_{}"


def inject_check(file: MypyFile) -> None:
    """Put the check function at the start of a parsed module, where nothing makes it unreachable.

    Once: the daemon may come to a tree again before it has analyzed it.
    """
    if any(isinstance(node, FuncDef) and node.name == CHECK for node in file.defs[:1]):
        return
    nothing = UnboundType("None")
    fallback = Instance(FakeInfo("mypy sets it when it analyzes the signature"), [])
    function, _ = _check_function(CallableType([], [], [], nothing, fallback))
    function.unanalyzed_type = function.type
    file.defs.insert(0, function)
    _name(file, function)


def inject_analyzed_check(file: MypyFile, modules: Mapping[str, MypyFile]) -> FuncDef:
    """Give the check function to a module that mypy has analyzed already."""
    info = modules["builtins"].names["function"].node
    assert isinstance(info, TypeInfo)
    function, callee = _check_function(CallableType([], [], [], NoneType(), Instance(info, []), CHECK))
    function._fullname = callee.fullname = check_name(file.fullname)
    callee.node, callee.kind = function, GDEF
    _name(file, function)
    return function


def has_check(file: MypyFile) -> bool:
    """Whether the module has its check function."""
    return CHECK in file.names


def remove_check(file: MypyFile) -> None:
    """Take the check function, which has done its work, out of what mypy's reports count."""
    file.defs[:] = [node for node in file.defs if not (isinstance(node, FuncDef) and node.name == CHECK)]


def inject_marks(file: MypyFile, marks: Iterable[int], dependents: Iterable[str]) -> None:
    """Put names into a changed file. The check functions of the `dependents` depend on the last of them."""
    name = ""
    for mark in marks:
        name = _MARK.format(mark)
        target = NameExpr(name)
        statement = AssignmentStmt([target], IntExpr(mark))
        _place(statement, target, statement.rvalue)
        file.defs.append(statement)
    if name:
        _depend(file, name, dependents)


def inject_analyzed_mark(
    file: MypyFile, mark: int, dependents: Iterable[str], modules: Mapping[str, MypyFile]
) -> None:
    """The same for one mark, while mypy is checking the changed file."""
    info = modules["builtins"].names["int"].node
    assert isinstance(info, TypeInfo)
    name = _MARK.format(mark)
    variable = Var(name, Instance(info, []))
    variable._fullname = f"{file.fullname}.{name}"
    file.names[name] = SymbolTableNode(GDEF, variable, no_serialize=True)
    _depend(file, name, dependents)


def depend_on_types(api: TypeChecker) -> None:
    """Let the daemon run a module's check function again when a type changes that the module depends on."""
    from mypy.server.deps import get_dependencies  # only the daemon needs it

    file = api.tree
    # The types of all expressions; the checker's public way to them asks for one at a time.
    types = api._type_maps[0]
    for trigger in get_dependencies(file, types, api.options.python_version, api.options):
        file.plugin_deps.setdefault(trigger, set()).add(check_name(file.fullname))


def check_name(module: str) -> str:
    """The full name of a module's check function."""
    return f"{module}.{CHECK}"


def _check_function(signature: CallableType) -> tuple[FuncDef, NameExpr]:
    """The function, and the name by which it calls itself."""
    callee = NameExpr(CHECK)
    call = CallExpr(callee, [], [], [])
    statement = ExpressionStmt(call)
    body = Block([statement])
    function = FuncDef(CHECK, [], body, signature)
    _place(function, body, statement, call, callee)
    return function, callee


def _depend(file: MypyFile, name: str, dependents: Iterable[str]) -> None:
    targets = {check_name(module) for module in dependents}
    file.plugin_deps.setdefault(f"<{file.fullname}.{name}>", set()).update(targets)


def _name(file: MypyFile, function: FuncDef) -> None:
    file.names[CHECK] = SymbolTableNode(GDEF, function, no_serialize=True)


def _place(*nodes: Node) -> None:
    for node in nodes:
        node.set_line(1, 0, 1, 0)
