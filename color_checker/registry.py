"""The names under which a project registers its steps and workflows, and whether it may have others."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.engines import Profile
from color_checker.facts import Call
from color_checker.findings import Color
from color_checker.program import Program
from color_checker.values import DATA, Const, ExtInst, Value

_FORMS = ("decorator", "class-decorator", "registration")


class Registry:
    """The names of one engine's steps and workflows in the whole project."""

    def __init__(self, program: Program, profile: Profile) -> None:
        self.program = program
        self.profile = profile
        self._names: dict[Color, set[str]] = {Color.STEP: set(), Color.WORKFLOW: set()}
        self._open: set[Color] = set()
        self._add_colored()
        for node in program.nodes:
            for _, op, dotted in program.external_calls(node):
                if profile.owns(dotted):
                    self._add_call(node, op, dotted)

    def names(self, color: Color) -> frozenset[str]:
        """All names that are known."""
        return frozenset(self._names[color])

    def is_open(self, color: Color) -> bool:
        """Whether there may be other names: a dynamic or computed one, or none is known at all."""
        return color in self._open or not self._names[color]

    def _add_colored(self) -> None:
        colors = self.program.linker.colors
        for func, coloring in colors.functions.items():
            if coloring.engine == self.profile.name and coloring.entry and coloring.color in self._names:
                self._names[coloring.color].add(coloring.name or func.facts.name)
        for info, (profile, source) in colors.workflow_classes.items():
            if profile is self.profile and source.color in self._names:
                self._names[source.color].add(info.facts.name)

    def _add_call(self, node: Activation, op: Call, dotted: str) -> None:
        """A decorator or a registration may give a name of its own."""
        profile = self.profile
        for form in _FORMS:
            for source in profile.sources(dotted, form):
                if source.color in self._names:
                    self._add_given(node, op, source.name_argument, (source.color,))
                    if any(name == "dynamic" for name, _ in op.keywords):
                        self._open.add(source.color)
                if not source.named:
                    self._open.update(self._names)
        renamed = profile.renamed(dotted)
        if renamed is not None:
            self._add_given(node, op, renamed, tuple(self._names))

    def _add_given(
        self, node: Activation, op: Call, argument: tuple[int | str, ...], colors: tuple[Color, ...]
    ) -> None:
        if op.stars or op.double_stars:
            self._open.update(colors)
        for slot in picked(op, argument):
            texts, is_whole = constant_texts(self.program.values(node, slot))
            for color in colors:
                self._names[color].update(texts)
                if not is_whole:
                    self._open.add(color)


def picked(op: Call, argument: tuple[int | str, ...]) -> Iterator[int]:
    """The slots of those arguments of the call, named by position or keyword, that are given."""
    keywords = dict(op.keywords)
    for key in argument:
        if isinstance(key, int) and key < len(op.args):
            yield op.args[key]
        elif isinstance(key, str) and key in keywords:
            yield keywords[key]


def constant_texts(values: tuple[Value, ...]) -> tuple[tuple[str, ...], bool]:
    """The constant strings among the values, and whether no other string can be there."""
    texts = tuple(v.value for v in values if isinstance(v, Const) and isinstance(v.value, str))
    others = [v for v in values if not isinstance(v, Const)]
    return texts, bool(values) and not any(_may_be_text(value) for value in others)


def _may_be_text(value: Value) -> bool:
    return value is DATA or (isinstance(value, ExtInst) and value.dotted == "builtins.str")
