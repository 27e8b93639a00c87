"""The effects that replayed code reaches: what is one cause, and where it is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from color_checker.activation import Activation
from color_checker.coloring import Reach, Step
from color_checker.findings import Effect
from color_checker.guards import CallsOutside
from color_checker.sites import EffectSite

if TYPE_CHECKING:
    from color_checker.program import Place, Program

#: How often another way to a cause is looked for when the shortest is suppressed.
_MOST_DETOURS = 20

#: What the source of an installed package is looked through for, the most telling first. The rest it
#: does for its own housekeeping: that it reads a setting, logs or keeps weak references is no news.
_TELLING = (
    Effect.NETWORK, Effect.PROCESS, Effect.FILESYSTEM, Effect.THREAD, Effect.BLOCKING, Effect.SCHEDULING,
    Effect.CLOCK, Effect.RANDOM, Effect.IDENTITY,
)  # fmt: skip

_Rank = tuple[int, int, "Place", str]


class Cause(msgspec.Struct, frozen=True):
    """An effect that replayed code reaches.

    Attributes:
        node: the function in whose body it is.
        chain: the calls that lead there from colored code; empty if it is colored code itself.
        workflows: the names of all workflows that reach it.
    """

    node: Activation
    site: EffectSite
    engine: str
    chain: tuple[Step, ...]
    workflows: tuple[str, ...]

    @property
    def anchor(self) -> Activation:
        """The colored function in which the finding is reported."""
        return self.chain[0].caller if self.chain else self.node

    @property
    def position(self) -> int:
        """The operation of the anchor at which it is reported."""
        return self.chain[0].position if self.chain else self.site.position


def find_causes(program: Program) -> list[Cause]:
    """Every effect that replayed code reaches and may not have, in order of its finding.

    An effect in the source is one cause, however many workflows reach it, and is reported where the
    shortest chain begins. One call in colored code that leads to several of the same rule is one
    finding, and one into an installed package is one finding whatever the package does.
    """
    best: dict[tuple[object, ...], Cause] = {}
    for engine, reach in program.reaches.items():
        for node in reach.nodes():
            for site in program.effects(node):
                if _is_telling(node, site) and not program.is_allowed(node, site, engine):
                    cause = _reported(program, node, site, engine, reach)
                    if cause is not None:
                        key = (node.module.key, site.at, site.dotted, site.effect)
                        _keep_better(program, best, key, cause)
    merged: dict[tuple[object, ...], Cause] = {}
    for cause in best.values():
        _keep_better(program, merged, _finding_key(program, cause), cause)
    return sorted(merged.values(), key=lambda cause: (_place(program, cause), cause.site.dotted))


def _is_telling(node: Activation, site: EffectSite) -> bool:
    return not node.module.library or site.effect in _TELLING


def _finding_key(program: Program, cause: Cause) -> tuple[object, ...]:
    """What makes two causes one finding."""
    if not cause.chain:
        return (cause.node.module.key, cause.site.at, cause.site.dotted, cause.site.effect)
    place = _place(program, cause)
    return (place, "" if cause.node.module.library else cause.site.effect)


def _keep_better(
    program: Program, best: dict[tuple[object, ...], Cause], key: tuple[object, ...], cause: Cause
) -> None:
    known = best.get(key)
    if known is None or _rank(program, cause) < _rank(program, known):
        best[key] = cause


def _rank(program: Program, cause: Cause) -> _Rank:
    telling = _TELLING.index(cause.site.effect) if cause.node.module.library else 0
    return (telling, len(cause.chain), _place(program, cause), cause.engine)


def _place(program: Program, cause: Cause) -> Place:
    return program.place_of(cause.anchor, cause.position)


def _reported(
    program: Program, node: Activation, site: EffectSite, engine: str, reach: Reach
) -> Cause | None:
    """The cause at its nearest anchor that is not suppressed; None if all are."""
    name = site.effect.value
    covers = program.suppressions.covers
    if covers(node.module.path, program.place(node, site.at).line, name):
        return None
    without: set[tuple[Activation, int]] = set()
    while node in reach and len(without) <= _MOST_DETOURS:
        cause = Cause(node, site, engine, tuple(reach.chain(node)), program.workflows_of(node))
        place = _place(program, cause)
        if not covers(place.path, place.line, name):
            return cause
        if not cause.chain:
            return None
        without.add((cause.anchor, cause.position))
        reach = Reach(program.linker, reach.sources, CallsOutside(program.guards, without))
    return None
