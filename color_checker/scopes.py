"""Builds the body of one scope: numbered slots, and which of them a name means at each point.

Names that a scope binds itself become slots at once. What a name means where branches and loops meet
is a `Merge` of slots; a name that turns out to be bound later in the scope (Python decides that for
the whole function) is mended when the scope ends.
"""

from __future__ import annotations

import ast

import msgspec

from color_checker.facts import (
    NOTHING,
    Body,
    Handler,
    Load,
    Loop,
    Merge,
    Op,
    Region,
    TypeExpr,
    encode_body,
)

Env = dict[str, int]


class Scope:
    """The mutable state of one scope while its statements are visited."""

    def __init__(self, kind: str, name: str, qualname: str, index: int, parent: Scope | None) -> None:
        self.kind = kind
        self.name = name
        self.qualname = qualname
        self.index = index
        self.parent = parent
        self.env: Env = {}
        self.dead = False
        self.ops: list[Op] = []
        self.slots = 0
        self.definitions: dict[str, list[int]] = {}
        self.hidden: dict[str, list[int]] = {}
        self.log: list[tuple[str, int]] = []
        self.pending: list[int] = []
        self.levels: dict[str, int] = {}
        self.declared: dict[str, TypeExpr] = {}
        self.annotated: list[tuple[int, TypeExpr]] = []
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.captured: set[str] = set()
        self.read: set[int] = set()
        self.assigned: set[int] = set()
        self.unused: list[int] = []
        self.constants: dict[tuple[str, str | int | None], int] = {}
        #: Slots of displays made here, and how often each was updated.
        self.displays: dict[int, int] = {}
        self.regions: list[Region] = []
        self.orderless: list[int] = []
        #: Names and attributes that hold one element here, as a test has shown.
        self.singles: frozenset[str] = frozenset()
        #: Comprehensions of which nobody sees in which order they are made.
        self.any_order: set[ast.expr] = set()
        self.handlers: list[Handler] = []
        self.loops: list[Loop] = []
        self.breaks: list[list[Env]] = []
        self.continues: list[list[Env]] = []
        self.param_slots: dict[int, str] = {}
        self.higher_order = False
        self.stores_self: dict[str, None] = {}
        self.yields = False
        self.raises = 0
        self.lambdas = 0

    def new(self) -> int:
        """A fresh slot."""
        slot = self.slots
        self.slots += 1
        return slot

    def merge(self, slots: list[int]) -> int:
        """One slot for several; no new one when they are all the same."""
        unique = list(dict.fromkeys(slot for slot in slots if slot != NOTHING))
        if not unique:
            return NOTHING
        self.read.update(unique)
        if len(unique) == 1:
            return unique[0]
        dst = self.new()
        self.ops.append(Merge(dst, tuple(unique)))
        return dst

    def bind(self, name: str, slot: int) -> None:
        """`name` means `slot` from here on."""
        if slot == NOTHING:
            slot = self.new()
        self.env[name] = slot
        self.definitions.setdefault(name, []).append(slot)
        self.log.append((name, slot))
        declared = self.declared.get(name)
        if declared is not None:
            self.annotated.append((slot, declared))

    def lookup(self, name: str, at: int) -> int:
        """The slot of `name` here; a `Load` when no statement before has bound it."""
        slot = self.env.get(name)
        if slot is not None:
            self.read.add(slot)
            return slot
        dst = self.new()
        self.pending.append(len(self.ops))
        self.ops.append(Load(dst, name, 0, at))
        return dst

    def join(self, *environments: Env | None) -> None:
        """Go on where control flow meets; None stands for a branch that never gets here."""
        alive = [env for env in environments if env is not None]
        if not alive:
            self.dead = True
            return
        self.dead = False
        first = alive[0]
        if len(alive) == 1:
            self.env = first
            return
        merged: Env = {}
        for env in alive:
            for name in env:
                if name not in merged:
                    merged[name] = self._join_name(name, alive)
        self.env = merged

    def _join_name(self, name: str, environments: list[Env]) -> int:
        slot = environments[0].get(name, NOTHING)
        for env in environments:
            if env.get(name, NOTHING) != slot:
                return self.merge([env.get(name, NOTHING) for env in environments])
        return slot

    def leave(self) -> Env | None:
        """The state at the end of a branch, or None if control never arrives there."""
        return None if self.dead else self.env

    def start(self, env: Env) -> None:
        """Begin a branch in the state `env`, which is left untouched."""
        self.env = dict(env)
        self.dead = False

    def defined_since(self, mark: int, base: Env) -> Env:
        """The state in an exception handler: any assignment since `mark` may or may not have run."""
        env = dict(base)
        changed: dict[str, list[int]] = {}
        for name, slot in self.log[mark:]:
            changed.setdefault(name, []).append(slot)
        for name, slots in changed.items():
            env[name] = self.merge([base.get(name, NOTHING), *slots])
        return env

    def binds(self, name: str) -> bool:
        """Whether `name` is a local of this scope that functions in it can capture."""
        if name in self.globals:
            return False
        return name in self.definitions or name in self.hidden

    def settle(self) -> None:
        """Decide what the names mean that no earlier statement had bound."""
        own = {} if self.kind == "class" else self.definitions
        others = self.globals | self.nonlocals
        for position in self.pending:
            load = self.ops[position]
            assert isinstance(load, Load)
            slots = own.get(load.name)
            if slots and load.name not in others:
                self.read.update(slots)
                self.ops[position] = Merge(load.dst, tuple(slots))
            else:
                level = self.level_of(load.name)
                if level:
                    self.ops[position] = Load(load.dst, load.name, level, load.at)

    def level_of(self, name: str) -> int:
        """How many function scopes out `name` is bound; 0 means the module or the builtins."""
        known = self.levels.get(name)
        if known is None:
            known = self.levels[name] = self._find_level(name)
        return known

    def _find_level(self, name: str) -> int:
        if name in self.globals:
            return 0
        level = 0
        scope = self.parent
        while scope is not None and scope.kind != "module":
            if scope.kind != "class":
                level += 1
                if scope.binds(name):
                    scope.captured.add(name)
                    scope.note_capture(name)
                    return level
                if name in scope.globals:
                    return 0
            scope = scope.parent
        return 0

    def note_capture(self, name: str) -> None:
        """A function inside uses `name`: if it is a parameter, callers must be told apart."""
        if name in self.param_slots.values():
            self.higher_order = True

    def hand_on(self, slot: int) -> None:
        """`slot` goes to another function or back to the caller."""
        if slot in self.param_slots:
            self.higher_order = True

    def finish(self) -> msgspec.Raw:
        """The encoded body; everything inside the scope has been visited."""
        visible = self.captured if self.kind in ("function", "lambda") else self.definitions
        cells = {
            name: tuple(dict.fromkeys(self.definitions.get(name, []) + self.hidden.get(name, [])))
            for name in sorted(visible)
        }
        seen_elsewhere = {slot for slots in cells.values() for slot in slots}
        forgotten = sorted(self.assigned - self.read - seen_elsewhere)
        return encode_body(
            Body(
                slots=self.slots,
                ops=tuple(self.ops),
                cells=cells,
                annotated=tuple(self.annotated),
                regions=tuple(self.regions),
                handlers=tuple(self.handlers),
                loops=tuple(self.loops),
                unused=tuple(self.unused + forgotten),
                orderless=tuple(self.orderless),
            )
        )
