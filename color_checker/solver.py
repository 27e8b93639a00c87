"""Least solution of inclusion constraints between variables, by difference propagation.

The method is Andersen's (L. O. Andersen, "Program Analysis and Specialization for the C Programming
Language", 1994): a variable holds a set of values, an edge says that one set includes another, and a
watcher adds constraints when a value arrives. Each value passes each edge once. The solution is the
least fixpoint, so it does not depend on the order in which constraints come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from color_checker.values import LOST, Class, Const, Func, Value

if TYPE_CHECKING:
    from color_checker.exclusions import Exclusion

Watcher = Callable[[Value], None]

#: More different constants than this in one variable say nothing about it any more.
_MOST_CONSTANTS = 12

#: So many values in one variable mean that the analysis has lost track of it. It takes up nothing more
#: but functions and classes then, and calls through it count as unresolved.
MOST_VALUES = 32

#: After so much work most variables are mixed up: the analysis loses track of them sooner then. This keeps it
#: from spending nearly all its time on what it knows hardly anything of.
_MUCH_WORK = 2_000_000
_FEWER_VALUES = 16

_UNBOUNDED = frozenset({Func, Class})

#: A program that takes more steps than this to link is not linked to its end. A step is a value that goes
#: through one edge or to one watcher, so this does not depend on the machine.
MOST_WORK = 15_000_000


class Var:
    """A set of values, in order of arrival; the flag says whether a value has been passed on."""

    __slots__ = ("edges", "excluded", "values", "watchers")

    def __init__(self) -> None:
        self.values: dict[Value, bool] = {}
        self.edges: dict[Var, None] | None = None
        self.watchers: list[Watcher] | None = None
        #: What it cannot be.
        self.excluded: Exclusion | None = None


class Solver:
    """The work list."""

    def __init__(self) -> None:
        self._queue: deque[tuple[Var, Value]] = deque()
        self.work = 0
        #: Variables of which the analysis has lost track: they may be more than what they hold.
        self.overflowed: set[Var] = set()
        #: Whether there was too much work: from then on nothing flows but the word that something is missing.
        self.exhausted = False
        self._tasks: deque[Callable[[], None] | tuple[Watcher, list[Value]]] = deque()

    def later(self, task: Callable[[], None]) -> None:
        """Run `task` as part of the propagation: never from within another one, so nothing nests."""
        self._tasks.append(task)

    def add(self, var: Var, value: Value) -> None:
        """`var` may be `value`."""
        values = var.values
        if value in values:
            return
        if var.excluded is not None:
            left = var.excluded.left_of(value)
            if left is None or left in values:
                return
            value = left
        if self.exhausted:
            self._lose(var)
            return
        if len(values) >= _MOST_CONSTANTS and not self._has_room(var, value):
            return
        values[value] = False
        self._queue.append((var, value))

    def flow(self, source: Var, target: Var) -> None:
        """Whatever `source` may be, `target` may be too."""
        if source is target:
            return
        if source.edges is None:
            source.edges = {target: None}
        elif target in source.edges:
            return
        else:
            source.edges[target] = None
        for value, passed in source.values.items():
            if passed and value not in target.values:  # asked here, too, since that saves most calls
                self.add(target, value)

    def watch(self, var: Var, watcher: Watcher) -> None:
        """Call `watcher` once with each value of `var`, those that it has already and those to come."""
        if var.watchers is None:
            var.watchers = [watcher]
        else:
            var.watchers.append(watcher)
        if var.values:
            present = [value for value, passed in var.values.items() if passed]
            if present:
                self._tasks.append((watcher, present))

    def run(self) -> bool:
        """Propagate until nothing changes. Whether anything did."""
        queue, tasks = self._queue, self._tasks
        worked = bool(queue or tasks)
        while queue or tasks:
            while queue:
                var, value = queue.popleft()
                var.values[value] = True
                edges, watchers = var.edges, var.watchers
                self.work += 1 + (len(edges) if edges else 0) + (len(watchers) if watchers else 0)
                if self.work > MOST_WORK and not self.exhausted:
                    self._give_up(var)
                    break
                if edges is not None:
                    for target in edges:
                        values = target.values
                        if value in values:
                            continue
                        if len(values) < _MOST_CONSTANTS and target.excluded is None and not self.exhausted:
                            # `add`, written out for most cases: this is the innermost loop of all.
                            values[value] = False
                            queue.append((target, value))
                        else:
                            self.add(target, value)
                if watchers is not None:
                    if len(watchers) == 1:
                        watchers[0](value)
                    else:
                        for watcher in tuple(watchers):
                            watcher(value)
            if tasks:
                task = tasks.popleft()
                if isinstance(task, tuple):
                    self._tell(*task)
                else:
                    task()
                if self.work > MOST_WORK and not self.exhausted:
                    self._give_up()
        return worked

    def _tell(self, watcher: Watcher, values: list[Value]) -> None:
        self.work += len(values)
        for value in (LOST,) if self.exhausted else values:
            watcher(value)

    def _give_up(self, *current: Var) -> None:
        """Let everything that still has to be passed on be lost."""
        self.exhausted = True
        pending = [var for var, _ in self._queue]
        self._queue.clear()
        for var in (*current, *pending):
            self._lose(var)

    def _lose(self, var: Var) -> None:
        if LOST not in var.values:
            var.values[LOST] = False
            self._queue.append((var, LOST))

    def _has_room(self, var: Var, value: Value) -> bool:
        """Whether a variable that has many values already may take up another one."""
        if type(value) in _UNBOUNDED:
            return True
        if type(value) is Const:
            return list(map(type, var.values)).count(Const) < _MOST_CONSTANTS
        if len(var.values) < (MOST_VALUES if self.work < _MUCH_WORK else _FEWER_VALUES):
            return True
        self.overflowed.add(var)
        return False
