"""Turns the source text of one file into its facts, on the standard library's `ast`."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from color_checker.annotations import dotted_name, type_expr
from color_checker.facts import (
    INSTANTIATE,
    KEYWORD_ONLY,
    KWARG,
    NOTHING,
    POSITIONAL,
    POSITIONAL_ONLY,
    VARARG,
    Attr,
    Await,
    Build,
    BuildDict,
    Call,
    ClassFacts,
    Collect,
    Const,
    Enter,
    Field,
    Format,
    FunctionFacts,
    Handler,
    Import,
    ImportFact,
    Item,
    Iterate,
    Loop,
    MakeClass,
    MakeFunction,
    Merge,
    ModuleFacts,
    Operate,
    Param,
    Raise,
    Region,
    Return,
    StoreAttr,
    StoreGlobal,
    StoreItem,
    TypeExpr,
    Update,
    Yield,
)
from color_checker.scopes import Env, Scope
from color_checker.suppressions import scan

#: Python's own parser gives up at about 6,000 nested levels; the visitor needs a few frames for each.
_RECURSION_LIMIT = 30_000

#: Longer strings are never a name that somebody could look up.
_LONGEST_KEPT_STRING = 200

#: Each update of a display is a display of its own; a long table filled line by line stays one.
_MOST_UPDATES = 6

_ORDER_FREE = frozenset({"sorted", "set", "frozenset", "sum", "any", "all", "min", "max", "len", "bool"})

#: Functions of `itertools` whose iterators may never end.
_ENDLESS = frozenset({"count", "cycle", "repeat"})

_BINARY = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.MatMult: "__matmul__",
    ast.Div: "__truediv__", ast.Mod: "__mod__", ast.Pow: "__pow__", ast.LShift: "__lshift__",
    ast.RShift: "__rshift__", ast.BitOr: "__or__", ast.BitXor: "__xor__", ast.BitAnd: "__and__",
    ast.FloorDiv: "__floordiv__",
}  # fmt: skip
_COMPARE = {
    ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__",
    ast.GtE: "__ge__", ast.In: "__contains__", ast.NotIn: "__contains__",
}  # fmt: skip
_UNARY = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__", ast.Not: "__bool__"}

#: Tests that may ask an engine where the code runs.
_GUARDS = (ast.Call, ast.Attribute, ast.Name, ast.UnaryOp)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class ExtractError(Exception):
    """The text is not Python that this interpreter can parse."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


def extract(source: str) -> ModuleFacts:
    """The facts of one file.

    Raises:
        ExtractError: the text does not parse, or nests deeper than can be followed.
    """
    tree = _parse(source)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    try:
        return _Extractor(source).module(tree)
    except RecursionError:
        raise ExtractError("the code is nested too deeply to analyze", 1, 1) from None
    finally:
        sys.setrecursionlimit(limit)


def _parse(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # An invalid escape in somebody else's string is not our user's concern here.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        reason = f"syntax error: {error.msg}"
        raise ExtractError(reason, error.lineno or 1, max(error.offset or 1, 1)) from None
    except (RecursionError, MemoryError):
        raise ExtractError("the code is nested too deeply to parse", 1, 1) from None
    except ValueError as error:
        raise ExtractError(str(error), 1, 1) from None


class _Extractor:
    """Visits a module once, scope by scope: a function's body is visited after the scope around it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.has_nonlocal = "nonlocal" in source
        self.lines = None if source.isascii() else [line.encode() for line in source.split("\n")]
        self.spans: list[int] = []
        self.functions: list[FunctionFacts | None] = []
        self.classes: list[ClassFacts | None] = []
        self.imports: list[ImportFact] = []
        self.stars: list[tuple[str, int]] = []
        self.exports: list[str] | None = None
        self.class_of_scope: dict[int, int] = {}
        self.later: list[Callable[[], None]] = []
        self.scope: Scope
        self.expressions: dict[type[ast.expr], Callable[..., int]] = {
            ast.Name: self._name, ast.Constant: self._constant, ast.Attribute: self._attribute,
            ast.Call: self._call, ast.Subscript: self._subscript, ast.BinOp: self._binary,
            ast.BoolOp: self._bool, ast.UnaryOp: self._unary, ast.Compare: self._compare,
            ast.IfExp: self._if_expression, ast.Lambda: self._lambda, ast.List: self._display,
            ast.Tuple: self._display, ast.Set: self._display, ast.Dict: self._dict,
            ast.ListComp: self._comprehension, ast.SetComp: self._comprehension,
            ast.DictComp: self._comprehension, ast.GeneratorExp: self._comprehension,
            ast.JoinedStr: self._joined, ast.FormattedValue: self._formatted, ast.Await: self._await,
            ast.Yield: self._yield, ast.YieldFrom: self._yield, ast.NamedExpr: self._walrus,
            ast.Starred: self._starred, ast.Slice: self._slice,
        }  # fmt: skip
        self.statements: dict[type[ast.stmt], Callable[..., None]] = {
            ast.Expr: self._expression_statement, ast.Assign: self._assign, ast.AnnAssign: self._ann_assign,
            ast.AugAssign: self._aug_assign, ast.Return: self._return, ast.If: self._if,
            ast.For: self._for, ast.AsyncFor: self._for, ast.While: self._while, ast.With: self._with,
            ast.AsyncWith: self._with, ast.Try: self._try, ast.TryStar: self._try,
            ast.FunctionDef: self._function, ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class, ast.Import: self._import, ast.ImportFrom: self._import_from,
            ast.Raise: self._raise, ast.Delete: self._delete, ast.Assert: self._assert,
            ast.Global: self._global, ast.Nonlocal: self._nonlocal, ast.Match: self._match,
            ast.Break: self._break, ast.Continue: self._continue, ast.Pass: self._pass,
        }  # fmt: skip
        if sys.version_info >= (3, 12):
            self.statements[ast.TypeAlias] = self._pass
        if sys.version_info >= (3, 14):
            self.expressions[ast.TemplateStr] = self._joined
            self.expressions[ast.Interpolation] = self._formatted

    # -- the module -----------------------------------------------------------------------------

    def module(self, tree: ast.Module) -> ModuleFacts:
        """Visit everything."""
        scope = Scope("module", "", "", 0, None)
        self.functions.append(None)
        self._run(scope, lambda: self._block(tree.body))
        last = self.source.count("\n") + 1
        facts = FunctionFacts(
            name="", qualname="", kind="module", parent=NOTHING, owner=NOTHING, is_async=False,
            is_generator=False, params=(), returns=None, decorators=(), higher_order=False,
            stores_self=(), abstract=False, first_line=1, line=1, end_line=last, at=self._place(1, 0, 1, 0),
            raw=scope.finish(),
        )  # fmt: skip
        self.functions[0] = facts
        return ModuleFacts(
            lines=self.source.count("\n") + (not self.source.endswith("\n") and bool(self.source)),
            functions=tuple(function for function in self.functions if function is not None),
            classes=tuple(cls for cls in self.classes if cls is not None),
            spans=tuple(self.spans),
            stars=tuple(self.stars),
            exports=None if self.exports is None else tuple(self.exports),
            imports=tuple(self.imports),
            pragmas=scan(self.source),
        )

    def _run(self, scope: Scope, visit: Callable[[], None]) -> None:
        """Visit one scope, then the scopes inside it, which need to know all names it binds."""
        outer = getattr(self, "scope", None)
        outer_later, self.later = self.later, []
        self.scope = scope
        visit()
        scope.settle()
        inner, self.later = self.later, []
        for work in inner:
            work()
        self.later = outer_later
        if outer is not None:
            self.scope = outer

    def _place(self, line: int, column: int, end_line: int, end_column: int) -> int:
        index = len(self.spans) // 4
        if self.lines is not None:
            column = self._characters(line, column)
            end_column = self._characters(end_line, end_column)
        self.spans += (line, column + 1, end_line, end_column + 1)
        return index

    def _at(self, node: ast.expr | ast.stmt | ast.ExceptHandler | ast.arg) -> int:
        return self._place(
            node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        )

    def _characters(self, line: int, offset: int) -> int:
        assert self.lines is not None
        if line > len(self.lines):
            return offset
        return len(self.lines[line - 1][:offset].decode("utf-8", "replace"))

    def _emit(self, op: object) -> None:
        self.scope.ops.append(op)  # type: ignore[arg-type]

    # -- statements -----------------------------------------------------------------------------

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        table = self.statements
        for index, statement in enumerate(statements):
            table[type(statement)](statement)
            if isinstance(statement, ast.If) and not statement.orelse and index + 1 < len(statements):
                self._region_after(statement, statements[index + 1 :])

    def _pass(self, node: ast.stmt) -> None:
        pass

    def _expression_statement(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        slot = self._expr(node.value)
        if isinstance(node.value, ast.Call):
            self.scope.unused.append(slot)

    def _assign(self, node: ast.Assign) -> None:
        value = self._expr(node.value)
        for target in node.targets:
            self._store(target, value, node.value)
        if self.scope.kind == "module" and isinstance(node.targets[0], ast.Name):
            self._note_exports(node.targets[0].id, node.value)

    def _note_exports(self, name: str, value: ast.expr) -> None:
        if name == "__all__" and isinstance(value, ast.List | ast.Tuple):
            names = (item.value for item in value.elts if isinstance(item, ast.Constant))
            self.exports = [*(self.exports or []), *(name for name in names if isinstance(name, str))]

    def _store(self, target: ast.expr, value: int, source: ast.expr | None = None) -> None:
        """Assign `value` to a target of any form."""
        if isinstance(target, ast.Name):
            self._store_name(target, value, source)
        elif isinstance(target, ast.Attribute):
            obj = self._expr(target.value)
            self._emit(StoreAttr(obj, target.attr, value, self._at(target)))
            self._note_self_store(obj, target.attr)
        elif isinstance(target, ast.Subscript):
            obj = self._expr(target.value)
            key = self._expr(target.slice)
            self._emit(StoreItem(obj, key, value, self._at(target)))
            if isinstance(target.value, ast.Name) and isinstance(target.slice, ast.Constant):
                self._update(target.value.id, obj, key, value)
        elif isinstance(target, ast.Starred):
            rest = self.scope.new()
            self._emit(Build(rest, "list", (), (value,), self._at(target)))
            self._store(target.value, rest)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value)

    def _update(self, name: str, obj: int, key: int, value: int) -> None:
        """After `d["key"] = value`, a display that this scope made and named `d` holds the new value only."""
        updates = self.scope.displays.get(obj)
        if updates is None or updates >= _MOST_UPDATES or not self.scope.definitions.get(name):
            return
        dst = self.scope.new()
        self._emit(Update(dst, obj, key, value))
        self.scope.displays[dst] = updates + 1
        self.scope.bind(name, dst)

    def _store_name(self, target: ast.Name, value: int, source: ast.expr | None) -> None:
        scope = self.scope
        name = target.id
        if name in scope.globals or name in scope.nonlocals:
            level = scope.level_of(name) if name in scope.nonlocals else 0
            self._emit(StoreGlobal(name, level, value, self._at(target)))
            scope.env.pop(name, None)
            return
        if isinstance(source, ast.Call):
            scope.assigned.add(value)
        if self.has_nonlocal and scope.kind == "function":
            # An inner function may rebind the name: its slot must not be shared with another one's.
            copy = scope.new()
            self._emit_merge(copy, value)
            scope.read.add(value)
            value = copy
        scope.bind(name, value)

    def _note_self_store(self, obj: int, attr: str) -> None:
        scope = self.scope
        if scope.param_slots and obj == next(iter(scope.param_slots)):
            scope.stores_self[attr] = None

    def _unpack(self, target: ast.Tuple | ast.List, value: int) -> None:
        starred = False
        for index, element in enumerate(target.elts):
            if isinstance(element, ast.Starred):
                starred = True
                self._store(element, value)
                continue
            dst = self.scope.new()
            key = NOTHING if starred else self._const("int", index)
            self._emit(Item(dst, value, key, self._at(element)))
            self._store(element, dst)

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        annotation = type_expr(node.annotation)
        scope = self.scope
        if isinstance(node.target, ast.Name):
            name = node.target.id
            scope.declared[name] = annotation
            if node.value is not None:
                self._store(node.target, self._expr(node.value), node.value)
            elif scope.kind != "function":
                slot = scope.new()
                scope.bind(name, slot)
        elif isinstance(node.target, ast.Attribute):
            slot = self._expr(node.value) if node.value is not None else scope.new()
            holder = scope.merge([slot])
            typed = scope.new()
            self._emit_merge(typed, holder)
            scope.annotated.append((typed, annotation))
            self._store(node.target, typed)
        elif node.value is not None:
            self._store(node.target, self._expr(node.value))

    def _emit_merge(self, dst: int, source: int) -> None:
        self._emit(Merge(dst, (source,)))

    def _aug_assign(self, node: ast.AugAssign) -> None:
        left = self._expr(_as_load(node.target))
        right = self._expr(node.value)
        dst = self.scope.new()
        at = self._at(node)
        self._emit(Operate(dst, "__i" + _BINARY[type(node.op)][2:], left, right, at))
        self._store(node.target, dst)

    def _return(self, node: ast.Return) -> None:
        value = self._expr(node.value) if node.value is not None else self._const("None", None)
        self.scope.hand_on(value)
        self._emit(Return(value))
        self.scope.dead = True

    def _raise(self, node: ast.Raise) -> None:
        value = self._expr(node.exc) if node.exc is not None else NOTHING
        if node.cause is not None:
            self._expr(node.cause)
        self._emit(Raise(value, self._at(node)))
        self.scope.raises += 1
        self.scope.dead = True

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                self._emit(StoreAttr(self._expr(target.value), target.attr, NOTHING, self._at(target)))
            elif isinstance(target, ast.Subscript):
                obj = self._expr(target.value)
                self._emit(StoreItem(obj, self._expr(target.slice), NOTHING, self._at(target)))

    def _assert(self, node: ast.Assert) -> None:
        self._test(node.test)
        if node.msg is not None:
            self._expr(node.msg)

    def _global(self, node: ast.Global) -> None:
        self.scope.globals.update(node.names)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)

    def _break(self, node: ast.Break) -> None:
        if self.scope.breaks and not self.scope.dead:
            self.scope.breaks[-1].append(self.scope.env)
        self.scope.dead = True

    def _continue(self, node: ast.Continue) -> None:
        if self.scope.continues and not self.scope.dead:
            self.scope.continues[-1].append(self.scope.env)
        self.scope.dead = True

    # -- branches and loops ---------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        scope = self.scope
        ends: list[Env | None] = []
        branch: ast.If | None = node
        alternative: Sequence[ast.stmt] = ()
        # An `elif` chain may have a thousand branches: a loop, not recursion.
        while branch is not None:
            test = self._test(branch.test)
            base, was_dead = scope.env, scope.dead
            self._regions_of_if(branch, test)
            scope.env = dict(base)
            self._block(branch.body)
            ends.append(scope.leave())
            scope.env, scope.dead = dict(base), was_dead
            alternative = branch.orelse
            branch = alternative[0] if len(alternative) == 1 and isinstance(alternative[0], ast.If) else None
        self._block(alternative)
        ends.append(scope.leave())
        before = scope.env
        scope.join(*ends)
        if scope.dead:
            scope.env = before

    def _regions_of_if(self, node: ast.If, test: int) -> None:
        regions = self.scope.regions
        body = (node.body[0].lineno, _end(node.body))
        condition = node.test
        name = dotted_name(condition)
        if name in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            regions.append(Region("type-checking", NOTHING, *body))
        elif _is_main_test(condition):
            regions.append(Region("main", NOTHING, *body))
        elif isinstance(condition, _GUARDS):
            negated = isinstance(condition, ast.UnaryOp)
            slot = self._guard_slot(test) if negated else test
            regions.append(Region("if", slot, *body, negated))
            if node.orelse:
                regions.append(Region("if", slot, node.orelse[0].lineno, _end(node.orelse), not negated))

    def _region_after(self, node: ast.If, rest: Sequence[ast.stmt]) -> None:
        """What follows a branch that leaves runs only if its test is false."""
        if not isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
            return
        body = (node.body[0].lineno, _end(node.body))
        for region in reversed(self.scope.regions):
            if region.kind == "if" and (region.line, region.end_line) == body:
                after = Region("if", region.slot, rest[0].lineno, _end(rest), not region.negated)
                self.scope.regions.append(after)
                return

    def _guard_slot(self, test: int) -> int:
        """The operand's slot behind `not operand`."""
        for op in reversed(self.scope.ops):
            if isinstance(op, Operate) and op.dst == test:
                return op.left
        return test

    def _loop_head(self, body: Sequence[ast.stmt]) -> dict[str, int]:
        """A `Merge` for every name that the loop rebinds; `_loop_end` completes it."""
        scope = self.scope
        heads: dict[str, int] = {}
        for name in _rebound(body):
            before = scope.env.get(name)
            if before is not None:
                heads[name] = scope.new()
                scope.read.add(before)
                self._emit_merge(heads[name], before)
                scope.env[name] = heads[name]
        return heads

    def _loop_end(self, heads: dict[str, int], ends: Iterable[Env | None]) -> None:
        for name, head in heads.items():
            slots = {env.get(name, NOTHING) for env in ends if env is not None} - {head, NOTHING}
            if slots:
                self.scope.read.update(slots)
                self._emit(Merge(head, tuple(sorted(slots))))

    def _loop(self, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], heads: dict[str, int]) -> bool:
        """Visit the body of a loop whose head is visited. Whether a `break` leaves it."""
        scope = self.scope
        entry = dict(scope.env)
        was_dead = scope.dead
        scope.breaks.append([])
        scope.continues.append([])
        self._block(body)
        ends = [scope.leave(), *scope.continues.pop()]
        self._loop_end(heads, ends)
        breaks = scope.breaks.pop()
        scope.dead = was_dead
        scope.join(entry, *ends)
        self._block(orelse)
        scope.join(None if scope.dead else scope.env, *breaks, entry)
        return bool(breaks)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        scope = self.scope
        iterable = self._expr(node.iter)
        element = scope.new()
        self._emit(Iterate(element, iterable, isinstance(node, ast.AsyncFor), True, self._at(node.iter)))
        heads = self._loop_head([*node.body, ast.Assign(targets=[node.target], value=ast.Constant(None))])
        first = len(scope.ops)
        self._store(node.target, element)
        broken = self._loop(node.body, node.orelse, heads)
        if isinstance(node.iter, ast.Call) and dotted_name(node.iter.func).rpartition(".")[2] in _ENDLESS:
            leaves = broken or _leaves(node.body)
            scope.loops.append(Loop(first, len(scope.ops), leaves, self._at(node), iterable))

    def _while(self, node: ast.While) -> None:
        scope = self.scope
        heads = self._loop_head(node.body)
        first = len(scope.ops)
        self._test(node.test)
        broken = self._loop(node.body, node.orelse, heads)
        if isinstance(node.test, ast.Constant) and node.test.value:
            leaves = broken or _leaves(node.body)
            scope.loops.append(Loop(first, len(scope.ops), leaves, self._at(node)))
            if not broken:
                scope.dead = True

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        is_async = isinstance(node, ast.AsyncWith)
        for item in node.items:
            manager = self._expr(item.context_expr)
            dst = self.scope.new()
            self._emit(Enter(dst, manager, is_async, self._at(item.context_expr)))
            self.scope.regions.append(Region("with", manager, node.body[0].lineno, _end(node.body)))
            if item.optional_vars is not None:
                self._store(item.optional_vars, dst)
        self._block(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        scope = self.scope
        base = dict(scope.env)
        mark = len(scope.log)
        self._block(node.body)
        body_end = scope.leave()
        handler_env = scope.defined_since(mark, base)
        ends: list[Env | None] = []
        if body_end is not None or node.orelse:
            scope.env, scope.dead = dict(body_end or handler_env), body_end is None
            self._block(node.orelse)
            ends.append(scope.leave())
        earlier: list[int] = []
        for handler in node.handlers:
            scope.start(handler_env)
            earlier += self._handler(handler, node, tuple(earlier))
            ends.append(scope.leave())
        before = scope.env
        scope.join(*ends)
        was_dead = scope.dead
        if was_dead:
            scope.env = dict(scope.defined_since(mark, base)) if node.finalbody else before
            scope.dead = False
        self._block(node.finalbody)
        self._returns_in_finally(node)
        scope.dead = scope.dead or was_dead

    def _returns_in_finally(self, node: ast.Try | ast.TryStar) -> None:
        for statement in _own_statements(node.finalbody):
            if isinstance(statement, ast.Return):
                self.scope.handlers.append(
                    Handler(
                        types=(), bare=False, raises=False, try_line=node.body[0].lineno,
                        try_end_line=node.finalbody[0].lineno - 1, earlier=(), at=self._at(statement),
                        leaves=True, end_line=_end(node.finalbody), in_finally=True,
                    )
                )  # fmt: skip

    def _handler(self, node: ast.ExceptHandler, outer: ast.Try | ast.TryStar, earlier: tuple[int, ...]) -> list[int]:
        scope = self.scope
        types: list[int] = []
        if node.type is not None:
            exprs = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            types = [self._expr(expr) for expr in exprs]
        if node.name:
            caught = scope.new()
            for kind in types:
                self._emit(Operate(caught, INSTANTIATE, kind, NOTHING, self._at(node)))
            scope.bind(node.name, caught)
        raises = scope.raises
        self._block(node.body)
        scope.handlers.append(
            Handler(
                types=tuple(types), bare=node.type is None, raises=scope.raises > raises,
                try_line=outer.body[0].lineno, try_end_line=_end(outer.body), earlier=earlier,
                at=self._at(node), leaves=any(
                    isinstance(statement, ast.Return | ast.Break) for statement in _own_statements(node.body)
                ), in_loop=bool(scope.breaks), end_line=_end(node.body),
            )
        )  # fmt: skip
        return types

    def _match(self, node: ast.Match) -> None:
        scope = self.scope
        subject = self._expr(node.subject)
        base, was_dead = dict(scope.env), scope.dead
        ends: list[Env | None] = [None if was_dead else base]
        for case in node.cases:
            scope.env, scope.dead = dict(base), was_dead
            self._pattern(case.pattern, subject)
            if case.guard is not None:
                self._expr(case.guard)
            self._block(case.body)
            ends.append(scope.leave())
        scope.env = base
        scope.join(*ends)

    def _pattern(self, pattern: ast.pattern, subject: int) -> None:
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if inner is not None:
                    self._pattern(inner, subject)
                if name is not None:
                    self.scope.bind(name, subject)
            case ast.MatchValue(value=value):
                right = self._expr(value)
                self._emit(Operate(self.scope.new(), "__eq__", subject, right, self._at(value)))
            case ast.MatchOr(patterns=patterns):
                for alternative in patterns:
                    self._pattern(alternative, subject)
            case ast.MatchSequence(patterns=patterns):
                for index, element in enumerate(patterns):
                    self._pattern(element, self._pattern_item(subject, self._const("int", index), element))
            case ast.MatchStar(name=name):
                if name is not None:
                    self.scope.bind(name, subject)
            case ast.MatchMapping(keys=keys, patterns=patterns, rest=rest):
                for key, element in zip(keys, patterns, strict=True):
                    self._pattern(element, self._pattern_item(subject, self._expr(key), element))
                if rest is not None:
                    self.scope.bind(rest, subject)
            case ast.MatchClass():
                self._match_class(pattern, subject)

    def _pattern_item(self, subject: int, key: int, node: ast.pattern) -> int:
        dst = self.scope.new()
        place = self._place(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        self._emit(Item(dst, subject, key, place))
        return dst

    def _match_class(self, pattern: ast.MatchClass, subject: int) -> None:
        self._expr(pattern.cls)
        for element in pattern.patterns:
            self._pattern(element, self.scope.new())
        for name, element in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            dst = self.scope.new()
            place = self._place(element.lineno, element.col_offset, element.end_lineno, element.end_col_offset)
            self._emit(Attr(dst, subject, name, place))
            self._pattern(element, dst)

    # -- imports --------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            dst = self.scope.new()
            at = self._at(node)
            self._note_import(alias.name, 0, (), node, at)
            bound = alias.name if alias.asname else alias.name.partition(".")[0]
            self._emit(Import(dst, bound, "", 0, at))
            if not alias.asname and bound != alias.name:
                # `import a.b` binds `a` but loads `a.b` too.
                self._emit(Import(self.scope.new(), alias.name, "", 0, at))
            self._bind_import(alias.asname or bound, dst, node)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        at = self._at(node)
        self._note_import(module, node.level, tuple(alias.name for alias in node.names), node, at)
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((module, node.level))
                continue
            dst = self.scope.new()
            self._emit(Import(dst, module, alias.name, node.level, at))
            self._bind_import(alias.asname or alias.name, dst, node)

    def _bind_import(self, name: str, slot: int, node: ast.stmt) -> None:
        self._store_name(ast.Name(name, ast.Store(), lineno=node.lineno, col_offset=node.col_offset), slot, None)

    def _note_import(self, module: str, level: int, names: tuple[str, ...], node: ast.stmt, at: int) -> None:
        typing_only = any(
            region.kind == "type-checking" and region.line <= node.lineno <= region.end_line
            for region in self.scope.regions
        )
        self.imports.append(ImportFact(module, level, names, node.lineno, at, typing_only))

    # -- functions and classes ------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [(decorator, self._expr(decorator)) for decorator in node.decorator_list]
        slot = self._make_function(node, node.name)
        for decorator, function in reversed(decorators):
            dst = self.scope.new()
            self._emit(Call(dst, function, (slot,), (), (), (), self._at(decorator)))
            slot = dst
        at = ast.Name(node.name, ast.Store(), lineno=node.lineno, col_offset=node.col_offset)
        self._store_name(at, slot, None)

    def _lambda(self, node: ast.Lambda) -> int:
        self.scope.lambdas += 1
        return self._make_function(node, f"<lambda{self.scope.lambdas}>")

    def _make_function(self, node: FunctionNode, name: str) -> int:
        index = len(self.functions)
        self.functions.append(None)
        arguments = node.args
        defaults = [self._expr(default) for default in arguments.defaults]
        defaults += [
            NOTHING if default is None else self._expr(default) for default in arguments.kw_defaults
        ]
        dst = self.scope.new()
        self._emit(MakeFunction(dst, index, tuple(defaults)))
        outer = self.scope
        self.later.append(lambda: self._visit_function(node, name, index, outer))
        return dst

    def _visit_function(self, node: FunctionNode, name: str, index: int, outer: Scope) -> None:
        kind = "lambda" if isinstance(node, ast.Lambda) else "function"
        qualname = f"{outer.qualname}.{name}" if outer.qualname else name
        scope = Scope(kind, name, qualname, index, outer)
        params: list[Param] = []

        def visit() -> None:
            params.extend(self._params(node.args))
            if isinstance(node, ast.Lambda):
                value = self._expr(node.body)
                scope.hand_on(value)
                self._emit(Return(value))
            else:
                self._block(node.body)

        self._run(scope, visit)
        decorators: tuple[str, ...] = ()
        returns: TypeExpr | None = None
        abstract = False
        if not isinstance(node, ast.Lambda):
            decorators = tuple(dotted_name(decorator) for decorator in node.decorator_list)
            returns = type_expr(node.returns) if node.returns is not None else None
            abstract = _is_abstract(node, decorators)
        end_line = node.end_lineno or node.lineno
        self.functions[index] = FunctionFacts(
            name=name, qualname=qualname, kind=kind, parent=outer.index,
            owner=self._owner(outer), is_async=isinstance(node, ast.AsyncFunctionDef),
            is_generator=scope.yields, params=tuple(params), returns=returns, decorators=decorators,
            higher_order=scope.higher_order, stores_self=tuple(scope.stores_self), abstract=abstract,
            first_line=_first_line(node), line=node.lineno, end_line=end_line, at=self._name_place(node, name), raw=scope.finish(),
        )  # fmt: skip

    def _owner(self, scope: Scope) -> int:
        if scope.kind != "class":
            return NOTHING
        return self.class_of_scope[scope.index]

    def _name_place(self, node: FunctionNode | ast.ClassDef, name: str) -> int:
        """The place of the name in a `def` or `class` line, which is where a reader looks."""
        if isinstance(node, ast.Lambda):
            return self._at(node)
        keyword = {ast.FunctionDef: 4, ast.AsyncFunctionDef: 10, ast.ClassDef: 6}[type(node)]
        column = node.col_offset + keyword
        return self._place(node.lineno, column, node.lineno, column + len(name.encode()))

    def _params(self, arguments: ast.arguments) -> list[Param]:
        positional = [*arguments.posonlyargs, *arguments.args]
        first_default = len(positional) - len(arguments.defaults)
        params = []
        for index, arg in enumerate(positional):
            kind = POSITIONAL_ONLY if index < len(arguments.posonlyargs) else POSITIONAL
            default = index - first_default if index >= first_default else NOTHING
            params.append(self._param(arg, kind, default, arguments.defaults[default] if default >= 0 else None))
        if arguments.vararg is not None:
            params.append(self._param(arguments.vararg, VARARG, NOTHING, None))
        offset = len(arguments.defaults)
        for index, (arg, value) in enumerate(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)):
            default = NOTHING if value is None else offset + index
            params.append(self._param(arg, KEYWORD_ONLY, default, value))
        if arguments.kwarg is not None:
            params.append(self._param(arguments.kwarg, KWARG, NOTHING, None))
        return params

    def _param(self, arg: ast.arg, kind: int, default: int, value: ast.expr | None) -> Param:
        """Declare a parameter; parameters are the first slots of their function, in order."""
        slot = self.scope.new()
        self.scope.bind(arg.arg, slot)
        self.scope.param_slots[slot] = arg.arg
        annotation = type_expr(arg.annotation) if arg.annotation is not None else None
        return Param(arg.arg, kind, annotation, default, _is_mutable(value), self._at(arg))

    def _class(self, node: ast.ClassDef) -> None:
        scope = self.scope
        decorators = [(decorator, self._expr(decorator)) for decorator in node.decorator_list]
        bases = tuple(self._expr(base) for base in node.bases)
        metaclass = NOTHING
        for keyword in node.keywords:
            slot = self._expr(keyword.value)
            if keyword.arg == "metaclass":
                metaclass = slot
        index = len(self.classes)
        self.classes.append(None)
        body = len(self.functions)
        self.functions.append(None)
        slot = scope.new()
        self._emit(MakeClass(slot, index, bases, metaclass))
        self.later.append(lambda: self._visit_class(node, index, body, scope))
        for decorator, function in reversed(decorators):
            dst = scope.new()
            self._emit(Call(dst, function, (slot,), (), (), (), self._at(decorator)))
            slot = dst
        at = ast.Name(node.name, ast.Store(), lineno=node.lineno, col_offset=node.col_offset)
        self._store_name(at, slot, None)

    def _visit_class(self, node: ast.ClassDef, index: int, body: int, outer: Scope) -> None:
        qualname = f"{outer.qualname}.{node.name}" if outer.qualname else node.name
        scope = Scope("class", node.name, qualname, body, outer)
        self.class_of_scope[body] = index
        first = len(self.functions)
        self._run(scope, lambda: self._block(node.body))
        at = self._name_place(node, node.name)
        end_line = node.end_lineno or node.lineno
        self.functions[body] = FunctionFacts(
            name=node.name, qualname=qualname, kind="class", parent=outer.index, owner=NOTHING,
            is_async=False, is_generator=False, params=(), returns=None, decorators=(),
            higher_order=False, stores_self=(), abstract=False, first_line=_first_line(node),
            line=node.lineno, end_line=end_line, at=at, raw=scope.finish(),
        )  # fmt: skip
        self.classes[index] = ClassFacts(
            name=node.name, qualname=qualname, scope=body,
            bases=tuple(dotted_name(base) for base in node.bases),
            decorators=tuple(dotted_name(decorator) for decorator in node.decorator_list),
            fields=_fields(node), methods=self._methods(first, index), line=node.lineno, at=at,
        )  # fmt: skip

    def _methods(self, first: int, owner: int) -> dict[str, tuple[int, ...]]:
        methods: dict[str, tuple[int, ...]] = {}
        for position in range(first, len(self.functions)):
            function = self.functions[position]
            if function is not None and function.owner == owner and function.kind == "function":
                methods[function.name] = (*methods.get(function.name, ()), position)
        return methods

    # -- expressions ----------------------------------------------------------------------------

    def _expr(self, node: ast.expr) -> int:
        return self.expressions[type(node)](node)

    def _test(self, node: ast.expr) -> int:
        """An expression whose truth is asked for: an object may have a method that answers."""
        slot = self._expr(node)
        if isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.Subscript | ast.Await):
            self._emit(Operate(self.scope.new(), "__bool__", slot, NOTHING, self._at(node)))
        return slot

    def _name(self, node: ast.Name) -> int:
        slot = self.scope.env.get(node.id)
        if slot is not None:
            self.scope.read.add(slot)
            return slot
        return self.scope.lookup(node.id, self._at(node))

    def _constant(self, node: ast.Constant) -> int:
        value = node.value
        kind = type(value).__name__
        if kind == "str":
            return self._const("str", value if len(value) <= _LONGEST_KEPT_STRING else None)  # type: ignore[arg-type]
        if kind == "int":
            return self._const("int", value if abs(value) < 1 << 31 else None)  # type: ignore[arg-type]
        return self._const("None" if value is None else kind, None)

    def _const(self, kind: str, value: str | int | None) -> int:
        key = (kind, value)
        slot = self.scope.constants.get(key)
        if slot is None:
            slot = self.scope.constants[key] = self.scope.new()
            if isinstance(value, str) and not value.isprintable():
                # Lone surrogates cannot be encoded, and nobody names a function like this.
                value = None
            self._emit(Const(slot, kind, value))
        return slot

    def _attribute(self, node: ast.Attribute) -> int:
        obj = self._expr(node.value)
        dst = self.scope.new()
        if obj in self.scope.param_slots and obj != next(iter(self.scope.param_slots)):
            self.scope.hand_on(obj)
        self._emit(Attr(dst, obj, node.attr, self._at(node)))
        return dst

    def _call(self, node: ast.Call) -> int:
        scope = self.scope
        function = self._expr(node.func)
        scope.hand_on(function)
        ordered = not (isinstance(node.func, ast.Name) and node.func.id in _ORDER_FREE)
        args: list[int] = []
        stars: list[int] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                stars.append(self._expr(arg.value))
                scope.hand_on(stars[-1])
            else:
                args.append(self._expr(arg) if ordered else self._unordered_argument(arg))
                scope.hand_on(args[-1])
        keywords: list[tuple[str, int]] = []
        double_stars: list[int] = []
        for keyword in node.keywords:
            slot = self._expr(keyword.value)
            scope.hand_on(slot)
            if keyword.arg is None:
                double_stars.append(slot)
            else:
                keywords.append((keyword.arg, slot))
        dst = scope.new()
        self._emit(
            Call(dst, function, tuple(args), tuple(keywords), tuple(stars), tuple(double_stars), self._at(node))
        )
        return dst

    def _unordered_argument(self, node: ast.expr) -> int:
        """An argument of `sorted`, `sum` …: the order in which it is made cannot be seen."""
        if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):
            return self._comprehension(node, ordered=False)
        return self._expr(node)

    def _subscript(self, node: ast.Subscript) -> int:
        obj = self._expr(node.value)
        key = self._expr(node.slice)
        dst = self.scope.new()
        self._emit(Item(dst, obj, key, self._at(node)))
        return dst

    def _slice(self, node: ast.Slice) -> int:
        text = _constant_slice(node)
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self._expr(part)
        return self._const("slice", text)

    def _binary(self, node: ast.BinOp) -> int:
        # `a + b + c + …` nests to the left, thousands of levels deep in generated code.
        chain: list[ast.BinOp] = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        left = self._expr(chain[-1].left)
        for part in reversed(chain):
            right = self._expr(part.right)
            dst = self.scope.new()
            self._emit(Operate(dst, _BINARY[type(part.op)], left, right, self._at(part)))
            left = dst
        return left

    def _bool(self, node: ast.BoolOp) -> int:
        return self.scope.merge([self._test(value) for value in node.values])

    def _unary(self, node: ast.UnaryOp) -> int:
        operand = self._expr(node.operand)
        dst = self.scope.new()
        self._emit(Operate(dst, _UNARY[type(node.op)], operand, NOTHING, self._at(node)))
        return dst

    def _compare(self, node: ast.Compare) -> int:
        slots = [self._expr(node.left), *(self._expr(operand) for operand in node.comparators)]
        results = []
        for operator, (left, right) in zip(node.ops, pairwise(slots), strict=True):
            method = _COMPARE.get(type(operator))
            if method is None:
                continue
            if method == "__contains__":
                left, right = right, left
            results.append(self.scope.new())
            self._emit(Operate(results[-1], method, left, right, self._at(node)))
        return results[-1] if results else self._const("bool", None)

    def _if_expression(self, node: ast.IfExp) -> int:
        test = self._test(node.test)
        ops = self.scope.ops
        start = len(ops)
        body = self._expr(node.body)
        middle = len(ops)
        alternative = self._expr(node.orelse)
        if isinstance(node.test, _GUARDS):
            negated = isinstance(node.test, ast.UnaryOp)
            slot = self._guard_slot(test) if negated else test
            lines = (node.lineno, node.end_lineno or node.lineno)
            self.scope.regions += [
                Region("either", slot, *lines, negated, start, middle),
                Region("either", slot, *lines, not negated, middle, len(ops)),
            ]
        return self.scope.merge([body, alternative])

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> int:
        items = []
        stars = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                stars.append(self._expr(element.value))
            else:
                items.append(self._expr(element))
        dst = self.scope.new()
        kind = type(node).__name__.lower()
        self._emit(Build(dst, kind, tuple(items), tuple(stars), self._at(node)))
        self.scope.displays[dst] = 0
        return dst

    def _dict(self, node: ast.Dict) -> int:
        pairs = []
        stars = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                stars.append(self._expr(value))
            else:
                pairs.append((self._expr(key), self._expr(value)))
        dst = self.scope.new()
        self._emit(BuildDict(dst, tuple(pairs), tuple(stars), self._at(node)))
        self.scope.displays[dst] = 0
        return dst

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, *, ordered: bool = True
    ) -> int:
        scope = self.scope
        outer = dict(scope.env)
        ordered = ordered and not isinstance(node, ast.SetComp)
        for generator in node.generators:
            iterable = self._expr(generator.iter)
            element = scope.new()
            at = self._at(generator.iter)
            self._emit(Iterate(element, iterable, bool(generator.is_async), ordered, at))
            self._bind_hidden(generator.target, element)
            for condition in generator.ifs:
                self._test(condition)
        key = NOTHING
        if isinstance(node, ast.DictComp):
            key = self._expr(node.key)
            value = self._expr(node.value)
        else:
            value = self._expr(node.elt)
        dst = scope.new()
        self._emit(Collect(dst, _COLLECTIONS[type(node)], key, value))
        inner = scope.env
        scope.env = outer
        for name in outer:
            # Only `:=` changes names outside a comprehension.
            if inner.get(name) != outer[name] and inner.get(name) not in scope.hidden.get(name, ()):
                outer[name] = inner.get(name, outer[name])
        return dst

    def _bind_hidden(self, target: ast.expr, value: int) -> None:
        """Bind a comprehension's variable, which no statement of the scope sees."""
        if isinstance(target, ast.Name):
            self.scope.env[target.id] = value
            self.scope.hidden.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            for index, element in enumerate(target.elts):
                dst = self.scope.new()
                self._emit(Item(dst, value, self._const("int", index), self._at(element)))
                self._bind_hidden(element, dst)
        elif isinstance(target, ast.Starred):
            self._bind_hidden(target.value, value)
        else:
            self._store(target, value)

    def _joined(self, node: ast.JoinedStr) -> int:
        parts = tuple(self._expr(value) for value in node.values if not isinstance(value, ast.Constant))
        dst = self.scope.new()
        self._emit(Format(dst, parts, self._at(node)))
        return dst

    def _formatted(self, node: ast.FormattedValue) -> int:
        value = self._expr(node.value)
        if node.format_spec is not None:
            self._expr(node.format_spec)
        return value

    def _await(self, node: ast.Await) -> int:
        obj = self._expr(node.value)
        dst = self.scope.new()
        self._emit(Await(dst, obj, self._at(node)))
        return dst

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> int:
        scope = self.scope
        scope.yields = scope.yields or scope.kind == "function"
        value = self._expr(node.value) if node.value is not None else self._const("None", None)
        scope.hand_on(value)
        dst = scope.new()
        self._emit(Yield(dst, value, isinstance(node, ast.YieldFrom), self._at(node)))
        return dst

    def _walrus(self, node: ast.NamedExpr) -> int:
        value = self._expr(node.value)
        self._store(node.target, value, node.value)
        return value

    def _starred(self, node: ast.Starred) -> int:
        return self._expr(node.value)


_COLLECTIONS = {
    ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict", ast.GeneratorExp: "generator",
}  # fmt: skip


def _first_line(node: FunctionNode | ast.ClassDef) -> int:
    if isinstance(node, ast.Lambda) or not node.decorator_list:
        return node.lineno
    return min(decorator.lineno for decorator in node.decorator_list)


def _end(statements: Sequence[ast.stmt]) -> int:
    last = statements[-1]
    return last.end_lineno or last.lineno


def _as_load(target: ast.expr) -> ast.expr:
    """The expression that reads what an augmented assignment writes (the visitor ignores contexts)."""
    return target


def _constant_slice(node: ast.Slice) -> str | None:
    """"1:3" for such a slice; None if a bound is not a constant from the front."""
    texts = []
    for bound in (node.lower, node.upper):
        match bound:
            case None:
                texts.append("")
            case ast.Constant(value=int(value)):
                texts.append(str(value))
            case _:
                return None
    return ":".join(texts) if node.step is None else None


def _is_main_test(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
    return False


def _is_mutable(default: ast.expr | None) -> bool:
    match default:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="list" | "dict" | "set" | "bytearray" | "defaultdict" | "deque")):
            return True
    return False


def _is_abstract(node: ast.FunctionDef | ast.AsyncFunctionDef, decorators: tuple[str, ...]) -> bool:
    """Nothing but a docstring, `...`, `pass` or `raise NotImplementedError`, or declared abstract."""
    if any(name.rpartition(".")[2] in ("abstractmethod", "overload") for name in decorators):
        return True
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        if len(body) == 1:
            return True
        body = body[1:]
    if len(body) != 1:
        return False
    match body[0]:
        case ast.Raise(exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
        case ast.Expr(value=ast.Constant(value=value)):
            return value is Ellipsis
    return False


def _fields(node: ast.ClassDef) -> tuple[Field, ...]:
    return tuple(
        Field(statement.target.id, type_expr(statement.annotation), statement.value is not None)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    )


def _rebound(statements: Sequence[ast.stmt]) -> dict[str, None]:
    """The names that `statements` bind, without looking into other scopes."""
    names: dict[str, None] = {}
    todo: list[ast.AST] = list(statements)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names[node.id] = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = None
        elif isinstance(node, ast.alias):
            names[node.asname or node.name.partition(".")[0]] = None
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            if node.name:
                names[node.name] = None
            todo.extend(ast.iter_child_nodes(node))
        elif not isinstance(node, ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))
    return names


def _leaves(statements: Sequence[ast.stmt]) -> bool:
    """Whether a `return` or `raise` can end the loop around `statements`."""
    return any(isinstance(node, ast.Return | ast.Raise) for node in _own_statements(statements))


def _own_statements(statements: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """`statements` and all that they contain, without what stands in other scopes."""
    todo: list[ast.AST] = list(statements)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            todo.extend(ast.iter_child_nodes(node))
