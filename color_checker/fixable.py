"""Which findings `color-checker fix` fixes without being asked twice, told without making the fixes.

The fixes work on concrete syntax trees, which take long to build, and need a package that may be missing.
Here the same questions are put to what the program knows and, only for files with such findings, to `ast`.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from color_checker.errors import SourceError
from color_checker.facts import Build, Call, Iterate, Op
from color_checker.findings import Color, Effect, Finding
from color_checker.program import Place, shown_name
from color_checker.sources import read_source
from color_checker.values import Box, Const, ExtInst, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.causes import Cause
    from color_checker.checking import Analysis
    from color_checker.engines import Profile
    from color_checker.engines.rewriting import Rewrite
    from color_checker.program import Program

_NAME = re.compile(r"<([\w.:]+)>")
_HOLE = re.compile(r"\$(\w+)")

#: Filled in by what is written at the call, whatever that is.
_ALWAYS = frozenset({"call", "function", "name", "word", "arguments"})

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def with_fixable(
    findings: Iterable[Finding], analysis: Analysis, texts: Mapping[str, bytes]
) -> tuple[Finding, ...]:
    """The findings, each saying whether there is a safe fix. `texts`: path → content, where that is known."""
    look = _Look(analysis, texts)
    return tuple(
        msgspec.structs.replace(finding, fix=True) if look.is_fixable(finding) else finding
        for finding in findings
    )


# -- what the fixes ask, too ----------------------------------------------------------------------


def is_workflow(program: Program, node: Activation, engine: str) -> bool:
    """Whether the node is workflow code of the engine itself, not only reached by it."""
    code = program.code.get(node)
    return code is not None and code.color is Color.WORKFLOW and code.engine == engine


def is_read_only(program: Program, profile: Profile, node: Activation) -> bool:
    """Whether a function, or the one it is in, may only read, such as the handler of a query."""
    code = program.code.get(node)
    owner = code.owner if code is not None else node
    coloring = program.linker.colors.of(owner)
    ends = tuple(name for name in profile.read_only if name.startswith("."))
    return (coloring is not None and coloring.by in profile.read_only) or any(
        name.endswith(ends) for name in owner.facts.decorators if ends
    )


def is_in_coroutine(program: Program, node: Activation) -> bool:
    """Whether a coroutine function of a workflow leads to the function, which is none itself perhaps."""
    nodes = list(program.replayed_nodes)
    found, pending = {node}, [node]
    while pending:
        inner = pending.pop()
        if inner.facts.is_async:
            return True
        for outer in nodes:
            if outer not in found and any(inner in targets for targets in outer.targets.values()):
                found.add(outer)
                pending.append(outer)
    return False


def context_of(program: Program, profile: Profile, node: Activation) -> str | None:
    """The name by which the node's code knows what the engine gave to the workflow."""
    classes = {name for source in profile.colors for name in source.parameters if name}
    hidden: set[str] = set()
    scope: Activation | None = node
    while scope is not None:
        for slot, param in enumerate(scope.facts.params):
            if param.name not in hidden and any(
                isinstance(value, ExtInst) and any(n in classes for n in profile.inherited(value.dotted))
                for value in program.values(scope, slot)
            ):
                return param.name
        hidden |= set(scope.body.cells) | {param.name for param in scope.facts.params}
        scope = scope.env
    return None


def is_generator(program: Program, node: Activation) -> bool:
    """Whether the engine runs the function itself as a generator."""
    coloring = program.linker.colors.of(node)
    return coloring is not None and coloring.source is not None and coloring.source.generator


def lost_call(program: Program, finding: Finding) -> tuple[Activation, int] | None:
    """The function and the place of the call at which the witness ends, and whose result nobody takes."""
    end = finding.witness[-1]
    for node in program.replayed_nodes:
        if node.module.path != end.path or node.module.library:
            continue
        unused = frozenset(node.body.unused)
        for _, op in program.ops(node):
            if isinstance(op, Call) and op.dst in unused:
                place = program.place(node, op.at)
                if (place.line, place.column) == (end.line, end.column):
                    return node, op.at
    return None


def element_kinds(values: Iterable[Value]) -> set[str]:
    """The types of what is in containers, "?" for what is not known to be of a built-in one."""
    found: set[str] = set()
    for value in values:
        if not isinstance(value, Box):
            return {"?"}
        elements = [element for var in (value.elements, *value.keyed.values()) for element in var.values]
        found |= {_kind(element) for element in elements} or {"?"}
    return found or {"?"}


def _kind(element: Value) -> str:
    if isinstance(element, Const):
        return element.kind
    is_builtin = isinstance(element, ExtInst) and element.dotted.startswith("builtins.")
    return element.dotted.removeprefix("builtins.") if is_builtin and isinstance(element, ExtInst) else "?"


def is_sortable(kinds: Collection[str]) -> bool:
    """Whether all elements are known to be texts, or to be numbers, so that comparing them cannot fail."""
    return set(kinds) in ({"str"}, {"int"})


def iterated(op: Op) -> list[int]:
    """The slots of what an operation goes through."""
    match op:
        case Iterate() | Build():
            return [getattr(op, "obj", -1), *getattr(op, "stars", ())]
        case Call():
            return [*op.args, *op.stars]
    return []


# -- findings -------------------------------------------------------------------------------------


class _Look:
    """One pass over the findings of a report."""

    def __init__(self, analysis: Analysis, texts: Mapping[str, bytes]) -> None:
        self.program = analysis.program
        self.texts = texts
        self.paths = {source.shown: source.path for source in analysis.project.files}
        self._sources: dict[str, _Source | None] = {}
        self._causes: dict[tuple[object, ...], Cause] | None = None

    def is_fixable(self, finding: Finding) -> bool:
        """Whether there is a safe fix."""
        match finding.name:
            case "effectful-import":
                return self._can_be_passed_through(finding)
            case "not-awaited":
                return self._can_be_awaited(finding)
        if finding.effect is None:
            return False
        cause = self._cause(finding)
        profile = self.program.profile(finding.engine)
        if cause is None or profile is None:
            return False
        if finding.effect is Effect.UNORDERED and self._can_be_sorted(cause):
            return True
        return self._can_be_replaced(cause, profile)

    def _cause(self, finding: Finding) -> Cause | None:
        if self._causes is None:
            self._causes = {}
            for cause in self.program.causes:
                if is_workflow(self.program, cause.node, cause.engine) and not cause.node.module.library:
                    self._causes.setdefault(self._key(cause), cause)
        span = (finding.line, finding.column, finding.end_line, finding.end_column)
        found = self._causes.get((finding.path, span, finding.effect, finding.witness[-1:]))
        return found if found is not None and found.engine == finding.engine else None

    def _key(self, cause: Cause) -> tuple[object, ...]:
        program, site = self.program, cause.site
        place = program.place_of(cause.anchor, cause.position)
        end = program.witness((), cause.node, site.at, shown_name(site.dotted))[-1:]
        return place.path, place.span, site.effect, end

    def _source(self, shown: str) -> _Source | None:
        if shown not in self._sources:
            self._sources[shown] = self._parsed(self.paths.get(shown, ""))
        return self._sources[shown]

    def _parsed(self, path: str) -> _Source | None:
        try:
            data = self.texts[path] if path in self.texts else read_source(path)
            return _Source(data)
        except (OSError, SourceError, SyntaxError, ValueError, RecursionError):
            return None

    # -- replacements ---------------------------------------------------------------------------

    def _can_be_replaced(self, cause: Cause, profile: Profile) -> bool:
        dotted = cause.site.dotted.removeprefix("builtins.")
        rewrites = [rewrite for rewrite in profile.rewrites if dotted in rewrite.of]
        if not any(rewrite.safe for rewrite in rewrites):
            return False
        place = self.program.place(cause.node, cause.site.at)
        source = self._source(place.path)
        call = source.at(place, ast.Call) if source is not None else None
        if source is None or not isinstance(call, ast.Call) or not _names(source, call.func, dotted):
            return False
        fitting = (r for r in rewrites if self._fits(r, cause, profile, source, call))
        first = next(fitting, None)
        return first is not None and first.safe

    def _fits(
        self, rewrite: Rewrite, cause: Cause, profile: Profile, source: _Source, call: ast.Call
    ) -> bool:
        node = cause.node
        holes = _holes(rewrite.call, call, source)
        if holes is None or (rewrite.changes and is_read_only(self.program, profile, cause.anchor)):
            return False
        if not _can_stand(rewrite, source, call):
            return False
        if rewrite.inside == "sync" and is_in_coroutine(self.program, node):
            return False
        wanted = set(_HOLE.findall(rewrite.write)) - _ALWAYS - holes
        if "logged" in wanted and not _can_be_logged(call):
            return False
        if "context" in wanted and context_of(self.program, profile, node) is None:
            return False
        return wanted <= {"logged", "context"} and all(
            source.can_name(name, call) for name in _NAME.findall(rewrite.write)
        )

    def _can_be_sorted(self, cause: Cause) -> bool:
        op = cause.node.body.ops[cause.site.position]
        values = [value for slot in iterated(op) for value in self.program.values(cause.node, slot)]
        if not is_sortable(element_kinds(values)):
            return False
        place = self.program.place(cause.node, cause.site.at)
        source = self._source(place.path)
        found = source.at(place, ast.expr) if source is not None else None
        if (
            source is None
            or found is None
            or "sorted" in source.bound
            or not source.is_global(found, "sorted")
        ):
            return False
        match op:
            case Iterate():
                return True
            case Call():
                return isinstance(found, ast.Call) and _has_one_iterable(found)
            case Build() if isinstance(found, ast.List | ast.Tuple):
                return sum(isinstance(element, ast.Starred) for element in found.elts) == 1
        return False

    # -- others ---------------------------------------------------------------------------------

    def _can_be_awaited(self, finding: Finding) -> bool:
        found = lost_call(self.program, finding)
        if found is None:
            return False
        node, at = found
        place = self.program.place(node, at)
        source = self._source(place.path)
        call = source.at(place, ast.Call) if source is not None else None
        if source is None or call is None or not isinstance(source.parent(call), ast.Expr):
            return False
        return source.may_await(call) or (source.may_yield(call) and is_generator(self.program, node))

    def _can_be_passed_through(self, finding: Finding) -> bool:
        source = self._source(finding.path)
        if source is None:
            return False
        line = next((node for node in source.tree.body if node.lineno == finding.line), None)
        if not isinstance(line, ast.Import | ast.ImportFrom) or line.lineno != line.end_lineno:
            return False
        if any(node is not line and node.lineno == line.lineno for node in source.tree.body):
            return False
        for profile in self.program.profiles.values():
            if profile.imports_block and any(profile.owns(name) for name in source.names.values()):
                module = _NAME.findall(profile.imports_block)[0]
                written = source.named(module, source.tree)
                return written is not None and any(
                    written.partition(".")[0] in _bound([node]) for node in source.tree.body
                )
        return False


def _holes(pattern: str, call: ast.Call, source: _Source) -> set[str] | None:
    """The names that the pattern gives to the call's arguments; None if it means other calls."""
    names = [name for name in pattern.strip("()").replace(" ", "").split(",") if name]
    given: list[tuple[str | None, ast.expr]] = [
        *((None, arg) for arg in call.args),
        *((keyword.arg or "**", keyword.value) for keyword in call.keywords),
    ]
    given.sort(key=lambda item: (item[1].lineno, item[1].col_offset))
    if names in (["*"], ["+"]):
        return set() if given or names == ["*"] else None
    if len(names) != len(given):
        return None
    found: set[str] = set()
    for name, (keyword, value) in zip(names, given, strict=True):
        if isinstance(value, ast.Starred) or keyword == "**":
            return None
        if "." in name:
            if source.resolve(value) != name:
                return None
            continue
        if keyword is not None and keyword != name:
            return None
        if isinstance(value, ast.Constant) and value.value is None:
            return None
        found.add(name)
    return found


def _can_be_logged(call: ast.Call) -> bool:
    return not call.keywords and not any(isinstance(arg, ast.Starred) for arg in call.args)


def _has_one_iterable(call: ast.Call) -> bool:
    starred = sum(isinstance(arg, ast.Starred) for arg in call.args)
    return (len(call.args) == 1 and not call.keywords and not starred) or starred == 1


def _can_stand(rewrite: Rewrite, source: _Source, call: ast.Call) -> bool:
    """Whether the expression can stand where the call stands."""
    text = _NAME.sub("x", rewrite.write).lstrip("( ")
    if (text.startswith("await ") or "await " in text) and not source.may_await(call):
        return False
    if text.startswith("yield ") and not source.may_yield(call):
        return False
    parent = source.parent(call)
    if isinstance(parent, ast.AsyncFor) or (isinstance(parent, ast.comprehension) and parent.is_async):
        return False
    if text.startswith("if ") and not (isinstance(parent, ast.Expr) and source.stands_alone(parent)):
        return False
    if source.breaks_string(call, rewrite.write):
        return False
    function = source.function(call)
    is_async = isinstance(function, ast.AsyncFunctionDef)
    return not rewrite.inside or (rewrite.inside == "async") == is_async


def _names(source: _Source, func: ast.expr, dotted: str) -> bool:
    """Whether the called expression is plainly that function or, of some object, that method."""
    if source.resolve(func) in (dotted, f"builtins.{dotted}"):
        return True
    owner = dotted.rpartition(".")[0]
    is_method = owner.rpartition(".")[2][:1].isupper()
    return is_method and isinstance(func, ast.Attribute) and func.attr == dotted.rpartition(".")[2]


# -- files ----------------------------------------------------------------------------------------


class _Source:
    """One file as an abstract syntax tree in which nodes are found by their place."""

    def __init__(self, data: bytes) -> None:
        """Raises SyntaxError or ValueError."""
        self.tree = ast.parse(data)
        self.lines = data.splitlines()
        self.bound = _bound(self.tree.body)
        self.names = dict(_imported(self.tree.body))
        self._parents: dict[ast.AST, ast.AST] = {}
        self._by_start: dict[tuple[int, int], list[ast.expr]] = {}
        #: What stands in the body of something; how many statements of one body begin in a line.
        self._in_body: set[ast.AST] = set()
        self._in_line: Counter[tuple[ast.AST, int]] = Counter()
        self._names_in: dict[ast.AST, set[str]] = {}
        #: Where the module's statements begin; those of which the inside is known.
        self._begins = [_first_line(statement) for statement in self.tree.body]
        self._known: set[ast.stmt] = set()
        self._take(self.tree)

    def _look_into(self, line: int) -> None:
        """Get to know the statements in a line, with what is around them: most others have no findings."""
        for index in range(bisect_right(self._begins, line) - 1, -1, -1):
            statement = self.tree.body[index]
            if (statement.end_lineno or 0) < line:
                break
            if statement not in self._known:
                self._known.add(statement)
                for node in ast.walk(statement):
                    self._take(node)

    def _take(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self._parents[child] = node
        if isinstance(node, ast.expr):
            self._by_start.setdefault((node.lineno, node.col_offset), []).append(node)
        body = getattr(node, "body", [])
        if isinstance(body, list):
            self._in_body.update(body)
            self._in_line.update((node, statement.lineno) for statement in body)
        else:
            # A lambda's or a conditional expression's is one expression.
            self._in_body.add(body)

    def at(self, place: Place, kind: type[ast.expr]) -> ast.expr | None:
        """The expression of the kind at the place."""
        self._look_into(place.line)
        start = self._bytes(place.line, place.column)
        end = place.end_line, self._bytes(place.end_line, place.end_column)
        for node in self._by_start.get((place.line, start), ()):
            if isinstance(node, kind) and (node.end_lineno, node.end_col_offset) == end:
                return node
        return None

    def _bytes(self, line: int, column: int) -> int:
        """`ast` counts bytes, from 0."""
        if line > len(self.lines):
            return -1
        text = self.lines[line - 1]
        return column - 1 if text.isascii() else len(text.decode(errors="replace")[: column - 1].encode())

    def parent(self, node: ast.AST) -> ast.AST:
        """The node around; of the module itself the module."""
        return self._parents.get(node, self.tree)

    def around(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """The nodes around, from the inside, each with the one below it."""
        while node is not self.tree:
            below, node = node, self.parent(node)
            yield below, node

    def function(self, node: ast.AST) -> ast.AST | None:
        """The function whose body the node runs in."""
        for below, outer in self.around(node):
            if isinstance(outer, _FUNCTIONS) and below in self._in_body:
                return outer
        return None

    def stands_alone(self, statement: ast.stmt) -> bool:
        """Whether there is nothing else on the line before a statement, nor behind it."""
        line = self.lines[statement.lineno - 1]
        shares = self._in_line[self.parent(statement), statement.lineno] > (statement in self._in_body)
        return not line[: statement.col_offset].strip() and not shares

    def breaks_string(self, node: ast.AST, text: str) -> bool:
        """Whether the text would end the f-string that the node is in, before Python 3.12."""
        for _, outer in self.around(node):
            if isinstance(outer, ast.JoinedStr):
                start = self.lines[outer.lineno - 1][outer.col_offset :].lstrip(b"fFrR")
                if start[:1].decode() in text:
                    return True
        return False

    def is_global(self, node: ast.AST, name: str) -> bool:
        """Whether `name`, read at the node, is the module's."""
        direct = True  # a class body hides its names from functions inside
        for below, outer in self.around(node):
            if isinstance(outer, _FUNCTIONS) and below in self._in_body:
                if name in self._bound_in(outer):
                    return False
                direct = False
            elif isinstance(outer, ast.ClassDef) and below in self._in_body and direct:
                if name in self._bound_in(outer):
                    return False
            elif isinstance(outer, _COMPREHENSIONS) and any(
                name in _stored(loop.target) for loop in outer.generators
            ):
                return False
        return True

    def _bound_in(self, scope: ast.AST) -> set[str]:
        """The names that a function or class has for itself: found once, whatever is asked about it."""
        if scope not in self._names_in:
            self._names_in[scope] = _bound(scope.body) if isinstance(scope, ast.ClassDef) else _locals(scope)
        return self._names_in[scope]

    def resolve(self, node: ast.expr) -> str:
        """The dotted name that a name or attribute of an import means; "" if it is something else."""
        written = _dotted(node)
        head, _, rest = written.partition(".")
        target = self.names.get(head, head if head not in self.bound else "")
        if not target or not self.is_global(node, head):
            return ""
        return f"{target}.{rest}" if rest else target

    def can_name(self, name: str, at: ast.AST) -> bool:
        """Whether code at a node can write a module, or `module:name`."""
        return self.named(name, at) is not None

    def named(self, name: str, at: ast.AST) -> str | None:
        """How code at a node writes a module, or `module:name`; None if all names for it are taken."""
        module, _, attribute = name.partition(":")
        name = name.replace(":", ".")
        for bound_name, target in self.names.items():
            is_it = name == target or name.startswith(f"{target}.")
            if is_it and self.is_global(at, bound_name) and not self._is_bound_otherwise(bound_name):
                return bound_name + name[len(target) :]
        package, _, last = name.rpartition(".")
        if last not in self.bound and self.is_global(at, last):
            return last
        top = module.partition(".")[0]
        is_free = self.names.get(top) == top or (top not in self.bound and self.is_global(at, top))
        return name if (attribute or package) and is_free else None

    def _is_bound_otherwise(self, name: str) -> bool:
        if self.tree not in self._names_in:
            kept = ast.If | ast.Try | ast.With | ast.Import | ast.ImportFrom
            others = [node for node in self.tree.body if not isinstance(node, kept)]
            self._names_in[self.tree] = _bound(others)
        return name in self._names_in[self.tree]

    def may_await(self, node: ast.AST) -> bool:
        """Whether an `await` can stand in the place of the node, in a coroutine function."""
        function = self.function(node)
        return isinstance(function, ast.AsyncFunctionDef) and not self._is_cut_off(
            node, function, (ast.GeneratorExp,)
        )

    def may_yield(self, node: ast.AST) -> bool:
        """Whether a `yield` can stand in the place of the node, in a function that is no coroutine."""
        function = self.function(node)
        return isinstance(function, ast.FunctionDef) and not self._is_cut_off(node, function, _COMPREHENSIONS)

    def _is_cut_off(self, node: ast.AST, function: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
        inner: ast.AST | None = None
        for below, outer in self.around(node):
            if outer is function:
                return False
            if isinstance(outer, ast.ClassDef) and below in self._in_body:
                return True
            # The first iterable is evaluated outside.
            if isinstance(outer, kinds):
                first = next(n for n in ast.iter_child_nodes(outer) if isinstance(n, ast.comprehension))
                if below is not first or inner is not first.iter:
                    return True
            inner = below
        return True


def _first_line(statement: ast.stmt) -> int:
    return min((node.lineno for node in getattr(statement, "decorator_list", ())), default=statement.lineno)


def _locals(function: ast.AST) -> set[str]:
    assert isinstance(function, _FUNCTIONS)
    body = function.body if isinstance(function.body, list) else [ast.Expr(function.body)]
    names = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)} | _bound(body)
    for node in _own(body):
        if isinstance(node, ast.Global | ast.Nonlocal):
            names -= set(node.names)
    return names


def _bound(body: Iterable[ast.AST]) -> set[str]:
    """The names that running the statements binds in the scope that they stand in."""
    names: set[str] = set()
    for node in _own(body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(node.id)
            case ast.alias():
                names.add((node.asname or node.name).partition(".")[0])
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                names.add(name)
            case ast.MatchMapping(rest=str(name)):
                names.add(name)
    return names


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes that run in the scope of the statements, without those of functions and classes inside."""
    pending = list(body)
    while pending:
        node = pending.pop()
        yield node
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                pending += getattr(node, "decorator_list", [])
                args = getattr(node, "args", None)
                pending += [*getattr(node, "bases", []), *([args] if args is not None else [])]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pending += [n for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
            case _:
                pending += ast.iter_child_nodes(node)


def _stored(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _imported(body: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """The names that imports have bound when functions of the module run, with what they mean."""
    for node in body:
        match node:
            case ast.Import():
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (top, top)
            case ast.ImportFrom():
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    yield alias.asname or alias.name, f"{module}.{alias.name}"
            case ast.If() if _dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING":
                yield from _imported(node.orelse)
            case ast.stmt() | ast.ExceptHandler() | ast.match_case():
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    yield from _imported(ast.iter_child_nodes(node))


def _dotted(node: ast.AST) -> str:
    """`a.b.c` for names and attributes of names, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = _dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""
