"""Turns the source text of one file into its facts, on the standard library's `ast`."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Callable

from color_checker.extraction.assignments import Assignments
from color_checker.extraction.branches import Branches
from color_checker.extraction.definitions import Definitions
from color_checker.extraction.expressions import Expressions
from color_checker.extraction.imports import Imports
from color_checker.extraction.loops import Loops
from color_checker.extraction.patterns import Patterns
from color_checker.facts import NOTHING, FunctionFacts, ModuleFacts
from color_checker.suppressions import scan

#: Python's own parser gives up at about 6,000 nested levels; the visitor needs a few frames for each.
_RECURSION_LIMIT = 30_000


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
        # Newer syntax needs a newer interpreter to run the checker: the message has to say which this is.
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        reason = f"syntax error: {error.msg} (read as Python {version})"
        raise ExtractError(reason, error.lineno or 1, max(error.offset or 1, 1)) from None
    except (RecursionError, MemoryError):
        raise ExtractError("the code is nested too deeply to parse", 1, 1) from None
    except ValueError as error:
        raise ExtractError(str(error), 1, 1) from None


class _Extractor(Expressions, Assignments, Branches, Loops, Patterns, Definitions, Imports):
    """Visits a module once, scope by scope: a function's body is visited after the scope around it."""

    def module(self, tree: ast.Module) -> ModuleFacts:
        """Visit everything."""
        self.run(self.scope, lambda: self.block(tree.body))
        self.functions[0] = self._module_scope(tree)
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

    def _module_scope(self, tree: ast.Module) -> FunctionFacts:
        # Not the last line of the file: a comment below all code is to change nothing.
        last = tree.body[-1].end_lineno if tree.body else None
        return FunctionFacts(
            name="", qualname="", kind="module", parent=NOTHING, owner=NOTHING, is_async=False,
            is_generator=False, params=(), returns=None, decorators=(), higher_order=False,
            stores_self=(), abstract=False, first_line=1, line=1, end_line=last or 1,
            at=self.place(1, 0, 1, 0), raw=self.scope.finish(),
        )  # fmt: skip

    def _nothing(self, node: ast.stmt) -> None:
        """It does nothing that anybody could see."""


_E = _Extractor

_EXPRESSIONS: dict[type[ast.expr], Callable[..., int]] = {
    ast.Name: _E.name, ast.Constant: _E.constant, ast.Attribute: _E.attribute, ast.Call: _E.call,
    ast.Subscript: _E.subscript, ast.Slice: _E.slice, ast.Starred: _E.starred,
    ast.BinOp: _E.binary_operation, ast.BoolOp: _E.bool_operation, ast.UnaryOp: _E.unary_operation,
    ast.Compare: _E.compare, ast.IfExp: _E.if_expression, ast.NamedExpr: _E.walrus,
    ast.Lambda: _E.lambda_expression, ast.List: _E.display, ast.Tuple: _E.display, ast.Set: _E.display,
    ast.Dict: _E.dict_display, ast.ListComp: _E.comprehension, ast.SetComp: _E.comprehension,
    ast.DictComp: _E.comprehension, ast.GeneratorExp: _E.comprehension, ast.JoinedStr: _E.joined,
    ast.FormattedValue: _E.formatted, ast.Await: _E.await_expression, ast.Yield: _E.yield_expression,
    ast.YieldFrom: _E.yield_expression,
}  # fmt: skip
_STATEMENTS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Expr: _E.expression_statement, ast.Assign: _E.assign, ast.AnnAssign: _E.ann_assign,
    ast.AugAssign: _E.aug_assign, ast.Delete: _E.delete, ast.Global: _E.global_statement,
    ast.Nonlocal: _E.nonlocal_statement, ast.If: _E.if_statement, ast.Match: _E.match_statement,
    ast.For: _E.for_loop, ast.AsyncFor: _E.for_loop, ast.While: _E.while_loop,
    ast.Break: _E.break_statement, ast.Continue: _E.continue_statement, ast.With: _E.with_statement,
    ast.AsyncWith: _E.with_statement, ast.Try: _E.try_statement, ast.TryStar: _E.try_statement,
    ast.Return: _E.return_statement, ast.Raise: _E.raise_statement, ast.Assert: _E.assert_statement,
    ast.FunctionDef: _E.function_definition, ast.AsyncFunctionDef: _E.function_definition,
    ast.ClassDef: _E.class_definition, ast.Import: _E.import_statement, ast.ImportFrom: _E.from_import,
    ast.Pass: _E._nothing,
}  # fmt: skip
if sys.version_info >= (3, 12):
    _STATEMENTS[ast.TypeAlias] = _E._nothing
if sys.version_info >= (3, 14):
    _EXPRESSIONS[ast.TemplateStr] = _E.joined
    _EXPRESSIONS[ast.Interpolation] = _E.formatted

# By class and not by instance: an extractor that held its own methods would be garbage with a cycle.
_Extractor.expressions = _EXPRESSIONS
_Extractor.statements = _STATEMENTS
