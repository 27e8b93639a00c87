"""Finds where the things of a file stand after an edit that changed nothing that was looked at.

Facts are compared with all positions left out. What differs may only be the bodies of functions that the
analysis never looked at. Then each old place has a new one, and as long as both come in the same order,
whoever compares lines or places comes to the same result: findings stay what they were, somewhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, get_args

import msgspec

from color_checker.facts import (
    Body,
    ClassFacts,
    FunctionFacts,
    Handler,
    ImportFact,
    Loop,
    ModuleFacts,
    Op,
    Param,
    Region,
    decode_body,
    encode_module,
)
from color_checker.findings import Finding, Frame
from color_checker.suppressions import Ignore, Pragmas, Problem

Span = tuple[int, int, int, int]

#: What `msgspec` makes of the facts when it does not know their types: lists in lists, to be changed.
_Tree = list[Any]


class Relocation(msgspec.Struct, frozen=True):
    """Old place → new place, in one file.

    Attributes:
        spans: of everything that findings point at.
        starts: the same without the ends.
        rewritten: indexes of functions with another body.
    """

    spans: dict[Span, Span]
    starts: dict[tuple[int, int], tuple[int, int]]
    rewritten: tuple[int, ...]

    def moved(self, finding: Finding, path: str) -> Finding | None:
        """The finding, if the file is the one shown as `path`; None if it points at something unknown."""
        frames = tuple(self._moved_frame(frame, path) for frame in finding.witness)
        if not all(frames):
            return None
        span: Span | None = (finding.line, finding.column, finding.end_line, finding.end_column)
        if finding.path == path:
            span = self.spans.get(span) if span is not None else None
        if span is None:
            return None
        line, column, end_line, end_column = span
        return msgspec.structs.replace(
            finding, line=line, column=column, end_line=end_line, end_column=end_column,
            witness=tuple(frame for frame in frames if frame is not None),
        )  # fmt: skip

    def _moved_frame(self, frame: Frame, path: str) -> Frame | None:
        if frame.path != path:
            return frame
        start = self.starts.get((frame.line, frame.column))
        return msgspec.structs.replace(frame, line=start[0], column=start[1]) if start is not None else None


def relocation(
    before: ModuleFacts, after: ModuleFacts, is_looked_at: Callable[[int], bool]
) -> Relocation | None:
    """Where everything is now; None if the file says something else, or says it in another order.

    Args:
        is_looked_at: whether the body of the function of that index matters.
    """
    old, new = _Positions(before), _Positions(after)
    if len(before.functions) != len(after.functions) or old.module() != new.module():
        return None
    rewritten = []
    for index in range(len(before.functions)):
        if old.function(index) != new.function(index):
            return None
        if old.body(index) == new.body(index):
            old.take_body()
            new.take_body()
        elif is_looked_at(index) or before.functions[index].kind == "class":
            return None
        else:
            rewritten.append(index)
    spans = _mapped(old.spans, new.spans)
    lines = _mapped(old.lines, new.lines) if len(old.lines) == len(new.lines) else None
    if spans is None or lines is None:
        return None
    starts: dict[tuple[int, int], tuple[int, int]] = {}
    for span, other in spans.items():
        if starts.setdefault(span[:2], other[:2]) != other[:2]:
            return None
    return Relocation(spans, starts, tuple(rewritten))


def _mapped(old: list[Any], new: list[Any]) -> dict[Any, Any] | None:
    """Old → new if they are in the same order; None if not."""
    mapping: dict[Any, Any] = {}
    for one, other in zip(old, new, strict=True):
        if mapping.setdefault(one, other) != other:
            return None
    ordered = [mapping[one] for one in sorted(mapping)]
    return mapping if all(one < other for one, other in pairwise(ordered)) else None


def _at(struct: Any, field: str) -> int:
    """Where a field stands in the list that a structure is encoded as."""
    config = struct.__struct_config__
    return int(struct.__struct_fields__.index(field)) + (config.tag is not None)


#: tag of an operation → where its place stands.
_AT_OF_OP = {op.__struct_config__.tag: _at(op, "at") for op in get_args(Op) if "at" in op.__struct_fields__}


class _Positions:
    """The facts of one file, taken apart into what they say and where that stands."""

    def __init__(self, facts: ModuleFacts) -> None:
        self._tree: _Tree = msgspec.msgpack.decode(encode_module(facts))
        self._facts = facts
        self._bodies: list[_Tree] = []
        self._body_spans: list[Span] = []
        self._body_lines: list[int] = []
        self.spans: list[Span] = []
        self.lines: list[int] = []

    def module(self) -> _Tree:
        """All but the functions, without positions."""
        tree = self._tree
        tree[_at(ModuleFacts, "lines")] = 0
        tree[_at(ModuleFacts, "spans")] = 0
        for cls in tree[_at(ModuleFacts, "classes")]:
            self._take(cls, ClassFacts, "at", self.spans, self.lines)
            self._take(cls, ClassFacts, "line", self.spans, self.lines)
        for fact in tree[_at(ModuleFacts, "imports")]:
            self._take(fact, ImportFact, "at", self.spans, self.lines)
            self._take(fact, ImportFact, "line", self.spans, self.lines)
        self._pragmas(tree[_at(ModuleFacts, "pragmas")])
        return [part for index, part in enumerate(tree) if index != _at(ModuleFacts, "functions")]

    def function(self, index: int) -> _Tree:
        """A function without its body and without positions."""
        function = self._tree[_at(ModuleFacts, "functions")][index]
        # The module itself always stands on line 1, whatever else does.
        lines = self.lines if index or self._says_something_of_line_1() else []
        for field in ("at", "first_line", "line"):
            self._take(function, FunctionFacts, field, self.spans if index else [], lines)
        self._take(function, FunctionFacts, "end_line", self.spans, self.lines)
        for param in function[_at(FunctionFacts, "params")]:
            self._take(param, Param, "at", self.spans, self.lines)
        self._bodies.append(function[_at(FunctionFacts, "raw")])
        function[_at(FunctionFacts, "raw")] = None
        return list(function)

    def _says_something_of_line_1(self) -> bool:
        """Whether what is said of whole lines may be said of the first one."""
        pragmas, body = self._facts.pragmas, decode_body(self._facts.functions[0].raw)
        told = [ignore.target for ignore in pragmas.ignores] + [line for line, _ in pragmas.colors]
        told += [region.line for region in body.regions] + [handler.try_line for handler in body.handlers]
        return 1 in told

    def body(self, index: int) -> _Tree:
        """The body of a function without positions, which `take_body` takes."""
        body = self._bodies[index]
        spans: list[Span] = []
        lines: list[int] = []
        for op in body[_at(Body, "ops")]:
            at = _AT_OF_OP.get(op[0])
            if at is not None:
                spans.append(self._facts.span(op[at]))
                op[at] = 0
        for region in body[_at(Body, "regions")]:
            self._take(region, Region, "line", spans, lines)
            self._take(region, Region, "end_line", spans, lines)
        for handler in body[_at(Body, "handlers")]:
            for field in ("at", "try_line", "try_end_line", "end_line"):
                self._take(handler, Handler, field, spans, lines)
        for loop in body[_at(Body, "loops")]:
            self._take(loop, Loop, "at", spans, lines)
        self._body_spans, self._body_lines = spans, lines
        return body

    def take_body(self) -> None:
        """The positions in the last body count."""
        self.spans += self._body_spans
        self.lines += self._body_lines
        self.lines += [line for span in self._body_spans for line in (span[0], span[2])]

    def _take(self, tree: _Tree, struct: type, field: str, spans: list[Span], lines: list[int]) -> None:
        """Move a position out of the tree."""
        index = _at(struct, field)
        if field == "at":
            span = self._facts.span(tree[index])
            spans.append(span)
            lines += (span[0], span[2])
        else:
            lines.append(tree[index])
        tree[index] = 0

    def _pragmas(self, tree: _Tree) -> None:
        """Comments: what counts is between which lines of code they stand, and which they mean."""
        for ignore in tree[_at(Pragmas, "ignores")]:
            line, column, end, target = (ignore[_at(Ignore, name)] for name in
                                         ("line", "column", "end_column", "target"))  # fmt: skip
            self.spans.append((line, column, line, end))
            self.lines += (line, target)
            for name in ("line", "column", "end_column", "target"):
                ignore[_at(Ignore, name)] = 0
        for color in tree[_at(Pragmas, "colors")]:
            self.lines.append(color[0])
            color[0] = 0
        for problem in tree[_at(Pragmas, "problems")]:
            self.lines.append(problem[_at(Problem, "line")])
            problem[_at(Problem, "line")] = 0


def moved(
    findings: Iterable[Finding], relocations: Iterable[tuple[str, Relocation]]
) -> tuple[Finding, ...] | None:
    """Findings at their new places, in order; None if one of them points at something unknown."""
    result = list(findings)
    for path, where in relocations:
        if not where.spans or all(one == other for one, other in where.spans.items()):
            continue
        for index, finding in enumerate(result):
            if finding.path == path or any(frame.path == path for frame in finding.witness):
                new = where.moved(finding, path)
                if new is None:
                    return None
                result[index] = new
    return tuple(sorted(result, key=lambda finding: finding.sort_key))
