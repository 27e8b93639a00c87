"""Turns the patterns of `match` into tests and bindings."""

from __future__ import annotations

import ast

from color_checker.extraction.visitor import Visitor
from color_checker.facts import Attr, Item, Merge, Operate
from color_checker.scopes import Env


class Patterns(Visitor):
    """Visits `match` statements."""

    def match_statement(self, node: ast.Match) -> None:
        scope = self.scope
        subject = self.expr(node.subject)
        base, was_dead = dict(scope.env), scope.dead
        ends: list[Env | None] = [None if was_dead else base]
        for case in node.cases:
            scope.env, scope.dead = dict(base), was_dead
            self._pattern(case.pattern, subject)
            if case.guard is not None:
                self.expr(case.guard)
            self.block(case.body)
            ends.append(scope.leave())
        scope.env = base
        scope.join(*ends)

    def _pattern(self, pattern: ast.pattern, subject: int) -> None:
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if isinstance(inner, ast.MatchClass):
                    subject = self._match_class(inner, subject)
                elif inner is not None:
                    self._pattern(inner, subject)
                self._bind(name, subject)
            case ast.MatchValue(value=value):
                right = self.expr(value)
                self.emit(Operate(self.scope.new(), "__eq__", subject, right, self.at(value)))
            case ast.MatchOr(patterns=patterns):
                self._alternatives(patterns, subject)
            case ast.MatchSequence(patterns=patterns):
                for index, element in enumerate(patterns):
                    self._pattern(element, self._pattern_item(subject, self.const("int", index), element))
            case ast.MatchStar(name=name):
                self._bind(name, subject)
            case ast.MatchMapping(keys=keys, patterns=patterns, rest=rest):
                for key, element in zip(keys, patterns, strict=True):
                    self._pattern(element, self._pattern_item(subject, self.expr(key), element))
                self._bind(rest, subject)
            case ast.MatchClass():
                self._match_class(pattern, subject)

    def _alternatives(self, patterns: list[ast.pattern], subject: int) -> None:
        """Patterns with `|` between them: the names that all of them bind may have any one's values."""
        scope = self.scope
        base, was_dead = scope.env, scope.dead
        ends: list[Env] = []
        for pattern in patterns:
            scope.env = dict(base)
            self._pattern(pattern, subject)
            ends.append(scope.env)
        scope.join(*ends)
        scope.dead = was_dead

    def _bind(self, name: str | None, subject: int) -> None:
        if name is not None:
            self.scope.bind(name, subject)

    def _pattern_item(self, subject: int, key: int, node: ast.pattern) -> int:
        dst = self.scope.new()
        self.emit(Item(dst, subject, key, self.at(node)))
        return dst

    def _match_class(self, pattern: ast.MatchClass, subject: int) -> int:
        """Visit the pattern; what is left of the subject if it matches."""
        narrowed = self.scope.new()
        self.emit(Merge(narrowed, (subject,), self.expr(pattern.cls)))
        for element in pattern.patterns:
            self._pattern(element, self.scope.new())
        for name, element in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            dst = self.scope.new()
            self.emit(Attr(dst, narrowed, name, self.at(element)))
            self._pattern(element, dst)
        return narrowed
