"""The arguments of a call, and how they reach the parameters of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from color_checker.facts import KEYWORD_ONLY, KWARG, POSITIONAL, POSITIONAL_ONLY, VARARG
from color_checker.solver import Var
from color_checker.values import DATA, Box, Const, Gen, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker


class Args:
    """Arguments by position and keyword, and what is unpacked with `*` and `**`."""

    __slots__ = ("double_stars", "is_method", "keywords", "positional", "stars")

    def __init__(
        self, positional: tuple[Var, ...] = (), keywords: dict[str, Var] | None = None,
        stars: tuple[Var, ...] = (), double_stars: tuple[Var, ...] = (), *, is_method: bool = False,
    ) -> None:  # fmt: skip
        self.positional = positional
        self.keywords = keywords or {}
        self.stars = stars
        self.double_stars = double_stars
        self.is_method = is_method

    def get(self, key: int | str) -> Var | None:
        """The argument at a position or with a keyword."""
        if isinstance(key, str):
            return self.keywords.get(key)
        return self.positional[key] if key < len(self.positional) else None

    def pick(self, keys: tuple[int | str, ...]) -> list[Var]:
        """The arguments at those positions and keywords that are given."""
        return [var for key in keys if (var := self.get(key)) is not None]

    def without_first(self) -> Args:
        """The arguments after the first positional one."""
        return Args(self.positional[1:], self.keywords, self.stars, self.double_stars)

    def after(self, first: Args) -> Args:
        """`first`'s arguments, then these: what `functools.partial` does."""
        return Args(
            first.positional + self.positional, first.keywords | self.keywords,
            first.stars + self.stars, first.double_stars + self.double_stars,
        )  # fmt: skip

    def prepend(self, value: Value, linker: Linker) -> Args:
        """These arguments behind `value`."""
        var = Var()
        linker.solver.add(var, value)
        return Args((var, *self.positional), self.keywords, self.stars, self.double_stars)

    def everything(self) -> list[Var]:
        """Every argument given by itself."""
        return [*self.positional, *self.keywords.values()]


class Binder:
    """Binds the arguments of one call to the parameters of one activation."""

    def __init__(self, linker: Linker, target: Activation, receiver: Value | None) -> None:
        self.linker = linker
        self.target = target
        self.offset = 0
        self.positional: list[int] = []
        self.named: dict[str, int] = {}
        self.rest: Box | None = None
        self.keyword_rest: Box | None = None
        for slot, param in enumerate(target.facts.params):
            if param.kind in (POSITIONAL_ONLY, POSITIONAL):
                self.positional.append(slot)
            if param.kind in (POSITIONAL, KEYWORD_ONLY):
                self.named[param.name] = slot
            if param.kind == VARARG:
                self.rest = linker.containers.box(target, ("args",), "tuple")
            elif param.kind == KWARG:
                self.keyword_rest = linker.containers.box(target, ("kwargs",), "dict")
        if receiver is not None:
            self.offset = 1
            if self.positional:
                linker.solver.add(target.var(self.positional[0]), receiver)
            elif self.rest is not None:
                linker.solver.add(linker.containers.slot(self.rest, 0), receiver)

    def bind(self, args: Args) -> None:
        """Let everything flow to where Python would put it."""
        for index, var in enumerate(args.positional):
            self._at_position(index + self.offset, var)
        for name, var in args.keywords.items():
            self._keyword(name, var)
        first = len(args.positional) + self.offset
        for star in args.stars:
            self.linker.solver.watch(star, lambda value: self._star(first, value))
        for star in args.double_stars:
            self.linker.solver.watch(star, self._double_star)

    def _at_position(self, index: int, var: Var) -> None:
        solver = self.linker.solver
        if index < len(self.positional):
            solver.flow(var, self.target.var(self.positional[index]))
        elif self.rest is not None:
            rest = index - len(self.positional)
            solver.flow(var, self.linker.containers.slot(self.rest, rest))

    def _from_position(self, index: int, var: Var) -> None:
        """`var` may land at `index` or anywhere behind it."""
        solver = self.linker.solver
        for slot in self.positional[index:]:
            solver.flow(var, self.target.var(slot))
        if self.rest is not None:
            solver.flow(var, self.rest.elements)

    def _keyword(self, name: str, var: Var) -> None:
        slot = self.named.get(name)
        if slot is not None:
            self.linker.solver.flow(var, self.target.var(slot))
        elif self.keyword_rest is not None:
            box = self.keyword_rest
            self.linker.solver.flow(var, self.linker.containers.slot(box, name))
            self.linker.solver.add(box.dict_keys, self.linker.constant("str", name))

    def _star(self, first: int, value: Value) -> None:
        if isinstance(value, Box) and value.kind != "dict":
            self._from_position(first, value.elements)

            def new_key(key: str | int, var: Var) -> None:
                if isinstance(key, int):
                    self._at_position(first + key, var)

            value.listeners.append(new_key)
            for key, var in list(value.keyed.items()):
                new_key(key, var)
        elif isinstance(value, Gen):
            self._from_position(first, value.elements)
        elif value is DATA:
            self._anything(self.positional[first:], self.rest)

    def _double_star(self, value: Value) -> None:
        solver = self.linker.solver
        if isinstance(value, Box):

            def new_key(key: str | int, var: Var) -> None:
                if isinstance(key, str):
                    self._keyword(key, var)

            value.listeners.append(new_key)
            for key, var in list(value.keyed.items()):
                new_key(key, var)
            for slot in list(self.named.values())[self.offset :]:
                solver.flow(value.elements, self.target.var(slot))
            if self.keyword_rest is not None:
                solver.flow(value.elements, self.keyword_rest.elements)
                solver.flow(value.dict_keys, self.keyword_rest.dict_keys)
        elif value is DATA:
            self._anything(list(self.named.values())[self.offset :], self.keyword_rest)

    def _anything(self, slots: list[int], rest: Box | None) -> None:
        solver = self.linker.solver
        for slot in slots:
            solver.add(self.target.var(slot), DATA)
        if rest is not None:
            solver.add(rest.elements, DATA)


def constant_string(var: Var | None) -> str:
    """The one string constant that `var` is known to be, else ""."""
    if var is None:
        return ""
    texts = [value.value for value in var.values if isinstance(value, Const) and isinstance(value.value, str)]
    return texts[0] if len(texts) == 1 else ""
